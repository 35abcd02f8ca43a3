"""Kinds that go on for weeks: who, how often, how long, on whom; no horizon moves them."""

from __future__ import annotations

from typing import get_args

import numpy as np
import pytest
from tests.sim.misuse import stage

from misusesim.clock import WEEK_US
from misusesim.dataset.schema import (
    ACTIONS,
    COVERS,
    INTENTS,
    MISUSE_KINDS,
    ROLES,
    TIE_KINDS,
    VIOLATIONS,
)
from misusesim.misuse import KINDS
from misusesim.misuse.practices import PracticeCampaigns
from misusesim.misuse.spells import LEAD, STRETCH, CourseCampaigns, present, weeks_of
from misusesim.misuse.writing import MOST_STEPS
from misusesim.occasions import DEFAULT, NONE, TEMPLATE, TOPIC
from misusesim.scenario.misuse import Misuse
from misusesim.scenario.model import Oddity, Staffing
from misusesim.workload.events import statewide

MODELS = {
    get_args(model.model_fields["kind"].annotation)[0]: model
    for model in get_args(get_args(Misuse)[0])
}
COURSES = [kind for kind, way in KINDS.items() if isinstance(way, CourseCampaigns)]
PRACTICES = [kind for kind, way in KINDS.items() if isinstance(way, PracticeCampaigns)]
NEWS = (Oddity(kind="public_figure_case", per_year=400.0),)
ALL = {
    **{kind: {"officers_per_year": 1.0} for kind in COURSES},
    **{kind: {"agencies_per_year": 60.0} for kind in PRACTICES},
    "celebrity": {"officers_per_event": 0.1},
    "credential_sharing": {"officers_per_year": 1.0},
    "ghost_account": {"leavers_share": 1.0},
}


def entry(kind, **changes):
    """Return what a scenario says of a kind."""
    return MODELS[kind](kind=kind, **{**ALL[kind], **changes})


def world(days=56, accounts=300, kinds=tuple(ALL), **changes):
    """Return a department with every kind in abundance."""
    misuse = tuple(entry(kind) for kind in kinds)
    staffing = Staffing(turnover_per_year=0.6)
    return stage.world(days, misuse, accounts, oddity=NEWS, staffing=staffing, **changes)


@pytest.fixture(scope="module")
def scene():
    """Return eight weeks of a department of 300."""
    return stage.scene(world())


@pytest.fixture(scope="module")
def found(scene):
    """Return the campaigns of each kind."""
    return {m.kind: list(KINDS[m.kind].campaigns(scene, m)) for m in scene.scenario.misuse}


def test_every_kind_but_the_first_three_is_here():
    """Each kind of the schema is tested here or has a test of its own."""
    assert set(ALL) == set(MISUSE_KINDS) - {"permit_checks", "romantic_interest", "retaliation"}


@pytest.mark.parametrize("kind", ALL)
def test_each_kind_has_campaigns(found, kind):
    """In abundance every kind comes about, with steps, officers and its own code."""
    assert found[kind]
    for campaign in found[kind]:
        assert MISUSE_KINDS[campaign.key[0]] == kind
        assert 0 < len(campaign.steps) <= MOST_STEPS
        assert {step.officer for step in campaign.steps} <= set(campaign.officers)
        assert all(1 <= step.queries <= 128 for step in campaign.steps)


@pytest.mark.parametrize("kind", ALL)
def test_keys_are_unique_and_fit(found, kind):
    """No two campaigns of a kind share a serial, and weeks fit their 640 places."""
    keys = [campaign.key for campaign in found[kind]]
    assert len(set(keys)) == len(keys)
    assert all(0 <= week < 640 for _, week, _ in keys)


@pytest.mark.parametrize("kind", COURSES)
def test_who_does_it_has_a_role_for_it(scene, found, kind):
    """The one who begins has a role of the kind and holds an account then."""
    roles, begins = KINDS[kind].way.sittings, weeks_of(scene)
    for campaign in found[kind]:
        who, begin = campaign.officers[0], begins[campaign.key[1]]
        assert ROLES[scene.officers.role[who]] in roles
        assert scene.officers.hired[who] <= begin < scene.officers.left[who]


@pytest.mark.parametrize("kind", [*COURSES, *PRACTICES, "credential_sharing"])
def test_sittings_fall_into_shifts(scene, found, kind):
    """Between the warm-up and the end, sittings are in shifts of who sits there, or just after."""
    shifts = scene.shifts
    for campaign in found[kind]:
        for step in campaign.steps:
            if scene.known_from <= step.time < scene.known_until:
                who = campaign.seat if campaign.seat != NONE else step.officer
                mine = shifts.officer == who
                late = 3 * 3_600_000_000
                assert (
                    (shifts.start[mine] <= step.time) & (step.time < shifts.end[mine] + late)
                ).any()


@pytest.mark.parametrize("kind", ALL)
def test_no_horizon_moves_a_campaign(found, kind):
    """The first eight weeks of twelve are the eight weeks: whoever began, whom and when."""
    longer = stage.scene(world(days=84))
    more = {c.key: c for c in KINDS[kind].campaigns(longer, entry(kind))}
    end = longer.clock.week_bounds(5)[0]
    if kind == "ghost_account":  # of no shift, so every step is the same
        end = longer.clock.horizon[1] + 200 * WEEK_US
    some = 0
    for campaign in found[kind]:
        mine = [s for s in campaign.steps if s.time < end]
        if not mine:
            continue
        other = more[campaign.key]
        theirs = [s for s in other.steps if s.time < end]
        assert [(s.officer, s.time, s.queries, s.template, s.subject) for s in mine] == [
            (s.officer, s.time, s.queries, s.template, s.subject) for s in theirs
        ]
        some += 1
    assert some


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["dating_screening", "self_lookup", "scope_excess"])
def test_starts_keep_the_rate_of_the_scenario(kind):
    """Campaigns begun in a year are within 4 standard errors of the rate of all officers."""
    large = stage.empty_scene(stage.world(364, (entry(kind, officers_per_year=0.3),), 2_000))
    rate = large.scenario.misuse[0].officers_per_year
    expected = float(rate * present(large)[LEAD:].sum() * 7 / 365)
    begun = [
        c for c in KINDS[kind].campaigns(large, large.scenario.misuse[0]) if c.key[1] >= LEAD
    ]  # fmt: skip
    assert expected > 300
    assert abs(len(begun) - expected) < 4 * expected**0.5


def test_lengths_are_those_of_the_scenario():
    """Weeks from first to last sitting stay within the longest stretch of the median."""
    kind = "dating_screening"
    scene = stage.empty_scene(stage.world(28, (entry(kind, weeks_median=10.0),), 600))
    lengths = [
        (c.span[1] - c.span[0]) / WEEK_US
        for c in KINDS[kind].campaigns(scene, scene.scenario.misuse[0])
        if c.key[1] >= LEAD
    ]
    assert len(lengths) > 20
    assert max(lengths) < 10 * max(STRETCH) / 10 + 3
    assert 3 < np.median(lengths) < 12


@pytest.mark.parametrize("rung", ["declared", "miscoded", "plausible_case"])
def test_the_rung_wished_for_is_lived(rung):
    """Who does not need a case of his own covers up as the scenario says."""
    misuse = (entry("dating_screening", rungs=stage.only(rung)),)
    scene = stage.scene(stage.world(56, misuse, 300))
    campaigns = list(KINDS["dating_screening"].campaigns(scene, misuse[0]))
    wanted = ("declared", "miscoded", "plausible_case", "own_case").index(rung)
    assert {campaign.rung for campaign in campaigns} == {wanted}


@pytest.mark.parametrize(("kind", "topic"), [
    ("immigration", "immigration"), ("protest", "protest"), ("descriptor", "descriptor"),
    ("health", "health"), ("live_testing", "test"), ("wrong_code", "employment"),
])  # fmt: skip
def test_who_hides_nothing_says_what_it_is_about(kind, topic):
    """On the rung declared the topic of the reason is the kind's own."""
    misuse = (entry(kind, rungs=stage.only("declared")),)
    scene = stage.scene(stage.world(56, misuse, 300))
    campaigns = list(KINDS[kind].campaigns(scene, misuse[0]))
    stories = {s.story.topic for c in campaigns for s in c.steps}
    assert stories == {TOPIC[topic]}


def test_people_who_please_are_young_and_mostly_of_the_other_sex(scene, found):
    """Nine of ten targets are 18 to 35, and four of five of the other sex."""
    people, year = scene.population, scene.scenario.start.year
    pairs = [(c.officers[0], s.subject) for c in found["dating_screening"] for s in c.steps]
    officer, subject = np.array(pairs).T
    age = year - people.birth_year(subject).astype(int)
    other = people.sex(subject) != people.sex(scene.officers.subject[officer])
    assert ((age >= 18) & (age <= 35)).mean() > 0.85
    assert other.mean() > 0.8


def test_oneself_and_relatives(scene, found):
    """Self look-ups are about oneself; favours about somebody one has such a tie with."""
    for campaign in found["self_lookup"]:
        own = scene.officers.subject[campaign.officers[0]]
        assert {step.subject for step in campaign.steps} == {own}
    for campaign in found["favour"]:
        assert TIE_KINDS[campaign.tie] in {"family", "neighbour", "colleague"}
        mine = scene.ties.officer == campaign.officers[0]
        assert {s.subject for s in campaign.steps} <= set(scene.ties.subject[mine].tolist())


def test_curious_officers_look_once_after_the_news(scene, found):
    """A campaign is about the figure of one event; everybody asks once, within days."""
    events = statewide(scene.scenario)
    famous = dict(zip(events.subject.tolist(), events.begin.tolist(), strict=True))
    many = 0
    for campaign in found["celebrity"]:
        (subject,) = {step.subject for step in campaign.steps}
        who = [step.officer for step in campaign.steps]
        assert len(set(who)) == len(who)
        assert all(
            famous[subject] <= s.time < famous[subject] + 3 * WEEK_US for s in campaign.steps
        )
        many += len(who) > 3
    assert many


def test_a_shared_account_is_at_the_terminal_of_its_user(found):
    """Rows are logged under the holder; who sits there is somebody else of the same role."""
    for campaign in found["credential_sharing"]:
        holder, user = campaign.officers
        assert holder != user == campaign.seat
        assert {step.officer for step in campaign.steps} == {holder}
        assert VIOLATIONS[campaign.violation] == "account"


def test_ghosts_come_after_leaving(scene, found):
    """Every query is made after the holder of the account has left."""
    for campaign in found["ghost_account"]:
        (who,) = campaign.officers
        assert all(step.time > scene.officers.left[who] for step in campaign.steps)


def test_a_practice_is_of_several_members_of_a_unit(scene, found):
    """Members share a role; most practices have more than one of them."""
    for kind in PRACTICES:
        for campaign in found[kind]:
            roles = {ROLES[scene.officers.role[o]] for o in campaign.officers}
            assert roles == {campaign.unit}
            assert INTENTS[campaign.intent] == "institutional"
        assert max(len(c.officers) for c in found[kind]) > 1


def test_bulk_is_bulk_and_sales_are_printed(scene, found):
    """Harvests are 60 to 128 plates at a time; clerks print at times what they sell."""
    assert {s.queries for c in found["bulk_harvest"] for s in c.steps} <= {60, 80, 100, 128}
    clerk = ROLES.index("records_clerk")
    acts = {(scene.officers.role[s.officer] == clerk, s.action)
            for c in found["selling"] for s in c.steps}  # fmt: skip
    assert acts == {(True, DEFAULT), (True, ACTIONS.index("print")), (False, DEFAULT)}


def test_who_sits_at_a_desk_says_what_desks_say(scene, found):
    """Clerks and jailers give no purpose and no topic but that of their desk, unless openly."""
    homes = {"records_clerk": "records", "jail": "custody", "licensing_clerk": "employment"}
    seen = 0
    for kind in ("favour", "selling", "self_lookup"):
        for campaign in found[kind]:
            home = homes.get(ROLES[scene.officers.role[campaign.steps[0].officer]])
            if home is not None:
                assert {s.story.topic for s in campaign.steps} == {TOPIC[home]}
                seen += 1
    assert seen > 5


def test_too_far_back_is_about_ones_own_matters(scene, found):
    """Searches of excessive scope are about a person of an own incident or case before."""
    files = (scene.incidents, scene.cases)
    known = 0
    for campaign in found["scope_excess"]:
        for step in campaign.steps:
            assert step.template == TEMPLATE["alpr_wide"]
            mine = {
                int(s) for f in files
                for s in f.subject[(f.officer == step.officer) & (f.opened <= step.time)]
            }  # fmt: skip
            assert step.subject in (mine or {NONE})
            known += step.subject != NONE
    assert known


def test_a_colleague_runs_it_under_his_own_account():
    """Where a colleague is asked he makes the queries, the other is named, and no case is false."""
    misuse = (entry("favour", asks_colleague=1.0, rungs=stage.only("plausible_case")),)
    scene = stage.scene(stage.world(56, misuse, 300))
    asked = 0
    for campaign in KINDS["favour"].campaigns(scene, misuse[0]):
        if campaign.asks_for == NONE:
            assert len(campaign.officers) == 1
            continue
        asked += 1
        officer, colleague = campaign.officers
        assert campaign.asks_for == officer
        assert {step.officer for step in campaign.steps} == {colleague}
        assert ROLES[scene.officers.role[colleague]] in {"dispatcher", "records_clerk"}
        assert {COVERS[s.story.cover] for s in campaign.steps} == {"colleague_asked"}
        assert VIOLATIONS[campaign.violation] == "no_need_to_know"
    assert asked > 5


def test_strangers_have_no_keys_in_the_truth(scene):
    """Targets drawn with the rows are not listed; those who are known are."""
    plan = stage.plan(scene)
    for row, campaign in zip(plan.truth.to_pylist(), plan.planned, strict=True):
        known = {s.subject for s in campaign.steps} - {NONE}
        assert len(row["subject_keys"]) == 2 * len(known)
