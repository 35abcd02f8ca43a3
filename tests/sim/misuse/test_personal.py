"""Personal kinds: who begins, how often, about whom, when, and what follows."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from tests.sim.misuse import stage

from misusesim.clock import DAY_US, HOUR_US, MINUTE_US
from misusesim.dataset.schema import INCIDENT_KINDS, MISUSE_KINDS, RUNGS, TIE_KINDS, VIOLATIONS
from misusesim.misuse.personal import (
    RetaliationCampaigns,
    RomanticInterestCampaigns,
    typed_share,
)
from misusesim.misuse.writing import LEAD_WEEKS
from misusesim.occasions import DEFAULT, NONE, TEMPLATE, TEMPLATES
from misusesim.scenario.misuse import Retaliation, RomanticInterest
from misusesim.workload import durations

LARGE = stage.world(182, (), accounts=500)
WORLD = stage.world(56, (stage.ROMANTIC, stage.RETALIATION), accounts=120)
ROMANTIC, RETALIATION = MISUSE_KINDS.index("romantic_interest"), MISUSE_KINDS.index("retaliation")


@pytest.fixture(scope="module")
def plan():
    """Return the personal campaigns of eight weeks."""
    return stage.plan(stage.scene(WORLD))


def of_kind(plan, kind):
    """Return the planned campaigns of a kind."""
    return [c for c in plan.planned if c.key[0] == kind]


def romantic(**fields):
    """Return the parameters of romantic interest."""
    return RomanticInterest(kind="romantic_interest", **fields)


def retaliation(**fields):
    """Return the parameters of retaliation."""
    return Retaliation(kind="retaliation", **fields)


@pytest.mark.parametrize(
    ("kind", "entry"),
    [(RomanticInterestCampaigns, romantic), (RetaliationCampaigns, retaliation)],
)
def test_starts_keep_the_rate_of_the_scenario(kind, entry):
    """Campaigns begun per officer and year are within 4 standard errors of 0.5."""
    scene = stage.empty_scene(LARGE)
    officers, expected = scene.officers, 0.0
    for week in range(scene.clock.weeks):
        begin = scene.clock.week_bounds(week)[0]
        expected += 0.5 * 7 / 365 * int(((officers.hired <= begin) & (officers.left > begin)).sum())
    begun = [r for r in kind().recruit(scene, entry(officers_per_year=0.5)) if r.week >= LEAD_WEEKS]
    assert expected > 100
    assert abs(len(begun) - expected) < 4 * expected**0.5


@pytest.mark.slow
def test_campaigns_begin_in_every_week_of_the_lead_and_the_scenario():
    """The weekly hazard is level: no week of 40 + 26 has more than four times the mean."""
    scene = stage.empty_scene(LARGE)
    kind = RomanticInterestCampaigns()
    weeks = [r.week for r in kind.recruit(scene, romantic(officers_per_year=1.0))]
    counts = np.bincount(weeks, minlength=LEAD_WEEKS + 26)
    assert len(counts) == LEAD_WEEKS + 26
    assert (counts > 0).all()
    assert counts.max() < 4 * counts.mean()


def test_nobody_is_recruited_before_he_is_hired_or_after_he_left():
    """A campaign begins while its officer holds an account."""
    scene = stage.empty_scene(LARGE)
    for r in RomanticInterestCampaigns().recruit(scene, romantic(officers_per_year=1.0)):
        begin = scene.clock.week_bounds(r.week - LEAD_WEEKS)[0]
        assert scene.officers.hired[r.officer] <= begin < scene.officers.left[r.officer]


def test_targets_are_tied_to_the_officer_before_it_begins():
    """Every tie of a recruit is in the tie table, of a kind that suits, and old enough."""
    scene = stage.empty_scene(LARGE)
    ties = scene.ties
    for kind, entry in (
        (RomanticInterestCampaigns(), romantic),
        (RetaliationCampaigns(), retaliation),
    ):
        seen = set()
        for r in kind.recruit(scene, entry(officers_per_year=1.0)):
            begin = scene.clock.week_bounds(r.week - LEAD_WEEKS)[0]
            mine = (ties.officer == r.officer) & (ties.subject == r.target) & (ties.kind == r.tie)
            assert (ties.since[mine] <= begin).any()
            seen.add(TIE_KINDS[r.tie])
        assert seen == set(kind.ties)


def test_somebody_met_at_work_is_an_adult_of_an_own_incident():
    """Without a tie the target was the subject of an incident of the two weeks before."""
    scene = stage.scene(WORLD)
    met = [
        r for r in RomanticInterestCampaigns().recruit(scene, romantic(officers_per_year=1.0))
        if r.tie == NONE
    ]  # fmt: skip
    assert met
    for r in met:
        begin = scene.clock.week_bounds(r.week - LEAD_WEEKS)[0]
        incidents = scene.incidents
        mine = (incidents.officer == r.officer) & (incidents.subject == r.target)
        mine &= (incidents.known < begin) & (incidents.known >= begin - 14 * DAY_US)
        assert mine.any()
        assert scene.population.birth_year(np.array([r.target]))[0] <= 2006


def test_queries_per_week_keep_the_mean_of_the_scenario():
    """Over 400 planned campaigns: 1.2 a week, the certain first look aside."""
    kind = RomanticInterestCampaigns()
    generator = np.random.default_rng(3)
    entry = romantic(weeks_median=20.0, queries_per_week=1.2)
    lengths = [kind._wishes(entry, 0, generator) for _ in range(400)]
    weeks = np.array([w[-1][0] // (7 * DAY_US) + 1 for w in lengths])
    sittings = np.array([len(w) for w in lengths])
    per_week = sittings.sum() * (11 / 7) / weeks.sum()
    assert 1.0 < per_week < 1.5


def test_a_campaign_of_a_single_query_is_possible():
    """Short and listless: at least one of 300 plans is one look-up."""
    kind = RomanticInterestCampaigns()
    generator = np.random.default_rng(4)
    entry = romantic(weeks_median=2.0, queries_per_week=0.3)
    assert 1 in {len(kind._wishes(entry, 0, generator)) for _ in range(300)}


def test_median_length_is_the_scenario_s():
    """Half of the stretches are below ten tenths, half above; some are several times as long."""
    kind = RomanticInterestCampaigns()
    generator = np.random.default_rng(5)
    entry = romantic(weeks_median=10.0, queries_per_week=20.0)
    weeks = [kind._wishes(entry, 0, generator)[-1][0] // (7 * DAY_US) + 1 for _ in range(300)]
    assert 8 <= np.median(weeks) <= 12
    assert min(weeks) <= 2
    assert max(weeks) >= 40


def test_rungs_are_mixed_and_own_cases_only_where_there_are_any(plan):
    """All four rungs occur; without files nobody has an own case."""
    assert {RUNGS[c.rung] for c in plan.planned} == set(RUNGS)
    bare = stage.plan(stage.empty_scene(WORLD))
    assert {RUNGS[c.rung] for c in bare.planned} == {"declared", "miscoded", "plausible_case"}


@pytest.mark.parametrize(
    ("rung", "violation"),
    [("declared", "no_need_to_know"), ("miscoded", "purpose"), ("plausible_case", "false_case")],
)
def test_violation_follows_from_the_rung(rung, violation):
    """A wrong purpose, a false case, or simply no need to know."""
    entry = romantic(officers_per_year=1.0, rungs=stage.only(rung))
    plan = stage.plan(stage.empty_scene(stage.world(28, (entry,), accounts=120)))
    assert len(plan.planned) > 5
    assert {VIOLATIONS[v] for v in plan.campaigns.violation} == {violation}
    assert {RUNGS[r] for r in plan.campaigns.rung} == {rung}


def on_shift(scene, officer, time):
    """Return which times lie inside a shift of the officer."""
    shifts = scene.shifts
    return np.array([
        bool(((shifts.officer == o) & (shifts.start <= t) & (t < shifts.end)).any())
        for o, t in zip(officer.tolist(), time.tolist(), strict=True)
    ])  # fmt: skip


def test_four_of_five_romantic_steps_are_on_shift(plan):
    """The others come within three hours after one of the officer's shifts."""
    scene, occasions = stage.scene(WORLD), plan.occasions
    mine = plan.campaigns.kind[occasions.campaign] == ROMANTIC
    some = occasions.take(mine)
    working = on_shift(scene, some.officer, some.start)
    assert len(some) > 100
    assert abs(working.mean() - 0.8) < 4 * (0.16 / len(some)) ** 0.5
    for o, t in zip(some.officer[~working].tolist(), some.start[~working].tolist(), strict=True):
        ends = scene.shifts.end[scene.shifts.officer == o]
        assert ((t - ends >= 0) & (t - ends <= 3 * HOUR_US)).any()


def test_all_retaliation_is_on_shift(plan):
    """Look-ups and stops need the officer on duty."""
    scene, occasions = stage.scene(WORLD), plan.occasions
    mine = plan.campaigns.kind[occasions.campaign] == RETALIATION
    some = occasions.take(mine)
    assert len(some) > 30
    stops = some.template == TEMPLATE["traffic_stop"]
    assert on_shift(scene, some.officer[~stops], some.start[~stops]).all()
    incidents = plan.incidents
    assert on_shift(scene, incidents.officer, incidents.opened).all()


def test_the_look_up_precedes_the_stop(plan):
    """Each round: a query, then within days a stop of the same person by the same officer."""
    rounds = 0
    for campaign in of_kind(plan, RETALIATION):
        looks = [s for s in campaign.steps if s.pretext is None]
        stops = [s for s in campaign.steps if s.pretext is not None]
        for look, stop in zip(looks, stops, strict=False):
            assert look.time < stop.pretext.time < stop.time
            assert stop.time - stop.pretext.time < 90 * 1_000_000 + 1
            assert (look.officer, look.subject) == (stop.officer, stop.subject)
            rounds += 1
        assert sorted(s.time for s in looks) == [s.time for s in looks]
    assert rounds > 20


def test_some_stops_follow_within_the_hour_and_most_within_a_week(plan):
    """Hours to days lie between look-up and stop."""
    gaps = []
    for campaign in of_kind(plan, RETALIATION):
        times = [(s.pretext is not None, s.begins) for s in campaign.steps]
        gaps += [b[1] - a[1] for a, b in zip(times[::2], times[1::2], strict=False)]
    gaps = np.array(gaps)
    assert (gaps >= MINUTE_US).all()
    assert (gaps < HOUR_US).any()
    assert (gaps < 7 * DAY_US).mean() > 0.8


def test_caused_incidents_look_like_honest_ones(plan):
    """Kinds, lengths, priorities and numbers of queries occur in honest work too."""
    honest, caused = stage.scene(WORLD).incidents, plan.incidents
    assert set(caused.kind.tolist()) == {INCIDENT_KINDS.index(k) for k in ("traffic_stop", "tow")}
    assert set(caused.kind.tolist()) <= set(honest.kind.tolist())
    minutes = (caused.closed - caused.opened) // MINUTE_US
    assert set(minutes.tolist()) <= set(durations.STOP_MINUTES.tolist())
    assert set(caused.priority.tolist()) == {3}
    assert caused.self_initiated.all()
    assert (caused.opened % 1_000_000 == 0).all()
    stops = plan.occasions.take(plan.occasions.template == TEMPLATE["traffic_stop"])
    assert set(stops.n.tolist()) <= {2, 3, 4}
    assert (stops.says_case == NONE).all()
    assert (stops.says_purpose == DEFAULT).all()


def test_stops_do_not_pile_up_at_the_start_of_shifts(plan):
    """A stop that waits for a shift comes somewhere in it."""
    scene = stage.scene(WORLD)
    assert not np.isin(plan.incidents.opened, scene.shifts.start).any()


def test_only_those_who_make_stops_retaliate(plan):
    """Patrol and supervisors; nobody where there is no patrol."""
    scene = stage.scene(WORLD)
    for campaign in of_kind(plan, RETALIATION):
        assert scene.officers.role[campaign.officers[0]] in {0, 2}
    nobody = replace(scene, officers=replace(scene.officers, role=scene.officers.role * 0 + 3))
    assert not list(RetaliationCampaigns().recruit(nobody, retaliation(officers_per_year=1.0)))


def test_sittings_stay_within_what_a_role_does(plan):
    """Plate readers only for roles that search them; who sits at a desk asks what desks ask."""
    scene = stage.scene(WORLD)
    for campaign in of_kind(plan, ROMANTIC):
        role = int(scene.officers.role[campaign.officers[0]])
        templates = {TEMPLATES[s.template] for s in campaign.steps}
        if role in {3, 4, 5, 6}:
            assert templates <= {"call_dispatch", "records_request", "jail_check"}
        if role not in {0, 1, 2, 7}:
            assert "alpr_search" not in templates


def test_wishes_before_the_record_do_not_pile_up_in_it(plan):
    """A campaign carried in keeps its pace: no officer-day of the first week holds ten steps."""
    start = plan.occasions.start
    first = plan.occasions.take(start < start.min() + 7 * DAY_US)
    day = first.start // DAY_US
    _, count = np.unique(np.stack([first.officer, day]), axis=1, return_counts=True)
    assert count.max() < 10
    carried = [c for c in plan.planned if c.key[1] < LEAD_WEEKS]
    assert carried
    assert min(c.span[0] for c in carried) < stage.scene(WORLD).known_from


def test_partner_of_the_target_is_looked_up_now_and_then(plan):
    """Some campaigns have two subjects, the second the first one's partner, never the officer."""
    scene = stage.scene(WORLD)
    pairs = 0
    for campaign in of_kind(plan, ROMANTIC):
        subjects = {s.subject for s in campaign.steps}
        assert int(scene.officers.subject[campaign.officers[0]]) not in subjects
        if len(subjects) == 2:
            one, other = sorted(subjects)
            assert int(scene.population.partner(np.array([one]))[0]) == other
            pairs += 1
        assert len(subjects) <= 2
    assert pairs > 0


@pytest.mark.parametrize(
    ("rule", "low", "high"),
    [("absent", 0, 0), ("mandatory", 0.985, 0.985), ("optional", 0.4, 0.95)],
)
def test_numbers_of_stops_are_typed_as_often_as_honest_ones(rule, low, high):
    """The agency's habit decides, nowhere where there is no field."""
    world = stage.world(7, (), accounts=20, group={"case_field": rule})
    assert low <= typed_share(stage.empty_scene(world)) <= high
