"""How one campaign is found and decided: tables of outcomes, the dice, what stops and what not."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from tests.sim.misuse import stage

from misusesim.clock import DAY_US, HOUR_US, NEVER
from misusesim.misuse.rungs import Story
from misusesim.misuse.writing import LEAD_WEEKS, Campaign, Pretext, Step, written
from misusesim.occasions import DEFAULT, NONE, TEMPLATE, TOPIC
from misusesim.oversight import _suspensions, oversight
from misusesim.oversight.discovery import UNIT_REPORTED_BY
from misusesim.oversight.files import File, kept, picked
from misusesim.scenario.misuse import PermitChecks
from misusesim.scenario.overseeing import OutcomeMix, Oversight

QUIET = {"reviews_per_officer_year": 0, "analytics_agency_share": 0, "cleared_share": 0}
NOBODY = Oversight(audits_per_agency_year=0, complaint_share=0, unit_report_share=0, **QUIET)
_OUTCOMES = OutcomeMix().model_dump()
_REPORTED_BY = {"complaint": 70.0, "access_request": 15.0, "peer_report": 15.0}
CERTAIN = NOBODY.model_copy(update={"complaint_share": 1, "unit_report_share": 1, "delay_days": 3})
AUDITED = Oversight(
    audits_per_agency_year=365, audit_sample_share=1, audit_miss_share=0, complaint_share=0,
    unit_report_share=0, **QUIET,
)  # fmt: skip


def campaign(begin, number=0, *, steps=20, unit=None, stops=False):
    """Return a campaign of one step a day."""
    told = Story(0, DEFAULT, TOPIC["patrol"])
    times = [begin + day * DAY_US + 12 * HOUR_US for day in range(steps)]
    return Campaign(
        key=(0 if unit else 1, LEAD_WEEKS, number), rung=0, tie=NONE, intent=0, violation=0,
        severity=3, motive="by hand", officers=(number,), wished=steps, unit=unit,
        steps=tuple(
            Step(number, at, 1, TEMPLATE["name_check"], TOPIC["patrol"], 1000, told,
                 pretext=Pretext(1, 0, at, 8, typed=False) if stops else None)
            for at in times
        ),
    )  # fmt: skip


def judged(settings, *, count=30, misuse=(), start=0, **fields):
    """Return the plan of some campaigns of an officer each, and what oversight made of it."""
    scene = stage.empty_scene(stage.world(56, misuse, oversight=settings))
    begin = scene.clock.horizon[0] + start * DAY_US
    plan = written(scene, [campaign(begin, n, **fields) for n in range(count)])
    return plan, oversight(scene.scenario, scene.agency, scene.officers, plan, scene.clock)


def file(outcome=None, decided=NEVER, *, goes_on=False):
    """Return what is known of the campaign in row 0."""
    return File(0, np.array([], np.int64), unit=False, exact=False, officers=(0,),
                outcome=outcome, decided_at=decided, goes_on=goes_on)  # fmt: skip


@pytest.mark.parametrize(
    ("percent", "outcome"),
    [
        (0.0, "no_action"), (20.99, "no_action"), (21.0, "retrained"), (38.99, "retrained"),
        (39.0, "counselled"), (62.99, "counselled"), (63.0, "suspended"), (76.99, "suspended"),
        (77.0, "resigned"), (86.99, "resigned"), (87.0, "dismissed"), (94.99, "dismissed"),
        (95.0, "charged"), (99.99, "charged"),
    ],
)  # fmt: skip
def test_outcomes_by_their_draw(percent, outcome):
    """The shares of 2016 in order: 21, 18, 24, 14, 10, 8 and 5 in a hundred."""
    assert picked(_OUTCOMES, percent / 100) == outcome


@pytest.mark.parametrize(
    ("names", "percent", "by"),
    [
        (_REPORTED_BY, 69.9, "complaint"), (_REPORTED_BY, 70.0, "access_request"),
        (_REPORTED_BY, 84.9, "access_request"), (_REPORTED_BY, 85.0, "peer_report"),
        (UNIT_REPORTED_BY, 59.9, "self_report"), (UNIT_REPORTED_BY, 60.0, "peer_report"),
        (UNIT_REPORTED_BY, 99.9, "peer_report"),
    ],
)  # fmt: skip
def test_reports_by_their_draw(names, percent, by):
    """Seven in ten reports of a person are complaints, six in ten of a unit come from itself."""
    assert picked(names, percent / 100) == by


@pytest.mark.parametrize("names", [_OUTCOMES, _REPORTED_BY, UNIT_REPORTED_BY])
def test_shares_add_up_to_a_hundred(names):
    """Whatever is drawn below 100 has an answer."""
    assert sum(names.values()) == 100


@pytest.mark.parametrize(
    ("one", "left"),
    [
        (file(), [True, True, True]),
        (file("counselled", 20), [True, False, False]),
        (file("counselled", 20, goes_on=True), [True, True, True]),
        (file("no_action", 31), [True, True, True]),
        (file("dismissed", 10), [False, False, False]),
        (file("charged", 11), [True, False, False]),
    ],
)
def test_what_a_decision_stops(one, left):
    """Steps from the decision on do not happen, unless he goes on."""
    times = np.array([10, 20, 30])
    assert kept(times, np.zeros(3, np.int32), np.zeros(3, np.int32), [one]).tolist() == left


def test_a_decision_stops_nobody_else():
    """Work without a campaign and other campaigns go on."""
    files = [file("dismissed", 5), file()]
    files[1].officers = (1,)
    campaigns = np.array([0, 1, NONE], np.int32)
    assert kept(np.full(3, 9), np.array([0, 1, 1], np.int32), campaigns, files).tolist() == [
        False,
        True,
        True,
    ]


@pytest.mark.parametrize(
    ("outcome", "end"),
    [("suspended", DAY_US + 30 * DAY_US), ("resigned", NEVER), ("dismissed", NEVER),
     ("charged", NEVER)],
)  # fmt: skip
def test_who_may_not_work_and_for_how_long(outcome, end):
    """A suspension is 30 days, leaving is for good."""
    made = _suspensions([file(outcome, DAY_US)])
    assert (made.officer.tolist(), made.start.tolist(), made.end.tolist()) == ([0], [DAY_US], [end])


@pytest.mark.parametrize("outcome", [None, "no_action", "retrained", "counselled"])
def test_who_stays_at_work(outcome):
    """Advice, training and nothing at all keep nobody from work."""
    assert len(_suspensions([file(outcome, DAY_US)]).officer) == 0


def test_nobody_looks_and_nothing_changes():
    """Without audits, complaints and reports all steps and stops remain."""
    plan, found = judged(NOBODY, stops=True)
    assert found.occasions.serial.tolist() == plan.occasions.serial.tolist()
    assert found.incidents.serial.tolist() == plan.incidents.serial.tolist()
    assert set(found.outcomes["found_by"].to_pylist()) == {"never"}


def test_decisions_follow_discoveries_by_whole_days():
    """An investigation takes at least a day and is never decided before it began."""
    _, found = judged(CERTAIN)
    rows = [row for row in found.outcomes.to_pylist() if row["decided_at"]]
    waited = {row["decided_at"] - row["found_at"] for row in rows}
    assert len(rows) > 20
    assert min(waited).days >= 1
    assert all(one.seconds == one.microseconds == 0 for one in waited)


def test_what_is_undecided_has_no_outcome():
    """Outcome and time of the decision are there together; both need a discovery."""
    for settings in (CERTAIN, AUDITED, CERTAIN.model_copy(update={"delay_days": 400})):
        for row in judged(settings)[1].outcomes.to_pylist():
            assert (row["outcome"] is None) == (row["decided_at"] is None)
            assert (row["found_at"] is None) == (row["found_by"] == "never")
            assert row["decided_at"] is None or row["found_at"] is not None


def test_an_audit_that_reads_everything_finds_everything():
    """Daily audits without a miss find each campaign soon after its first query."""
    plan, found = judged(AUDITED)
    assert set(found.outcomes["found_by"].to_pylist()) == {"audit"}
    first = min(plan.occasions.start.tolist())
    for row in found.outcomes.to_pylist():
        assert 0 < row["found_at"].timestamp() * 1e6 - first < 20 * DAY_US


@pytest.mark.parametrize(
    "change", [{"audit_sample_share": 0}, {"audit_miss_share": 1}, {"audits_per_agency_year": 0}]
)
def test_audits_that_cannot_find_find_nothing(change):
    """Reading nothing, missing everything and never looking come to the same."""
    _, found = judged(AUDITED.model_copy(update=change))
    assert set(found.outcomes["found_by"].to_pylist()) == {"never"}


def test_the_first_discovery_counts():
    """With audits and complaints together each campaign is found once, by one of them."""
    both = AUDITED.model_copy(update={"complaint_share": 1})
    _, found = judged(both)
    assert found.outcomes.num_rows == 30
    assert Counter(found.outcomes["found_by"].to_pylist())["never"] == 0


def test_a_unit_is_retrained_with_all_its_officers():
    """A unit's report has the outcome of 2023, and no officer of it is kept from work."""
    report = CERTAIN.model_copy(update={"complaint_share": 0})
    _, found = judged(report, count=12, unit="licensing", steps=40)
    rows = found.outcomes.to_pylist()
    assert {row["found_by"] for row in rows} <= {"self_report", "peer_report", "never"}
    assert {row["outcome"] for row in rows} <= {"retrained", None}
    assert len(found.suspensions.officer) == 0


def test_a_complaint_share_is_nothing_to_a_unit():
    """Units are reported, not complained about."""
    only = CERTAIN.model_copy(update={"unit_report_share": 0})
    _, found = judged(only, count=5, unit="licensing")
    assert set(found.outcomes["found_by"].to_pylist()) == {"never"}


def test_a_unit_with_a_fixed_number_goes_on():
    """Where the scenario fixes the yearly number no decision takes a step away."""
    permits = PermitChecks(kind="permit_checks", agency_group="town", per_year=100)
    soon = AUDITED.model_copy(update={"delay_days": 1})
    for misuse in ((), (permits,)):
        plan, found = judged(soon, count=5, misuse=misuse, unit="licensing")
        assert set(found.outcomes["outcome"].to_pylist()) == {"retrained"}
        assert (len(found.occasions) == len(plan.occasions)) == bool(misuse)


def test_a_plan_without_campaigns_has_no_outcomes():
    """Nothing to find leaves empty tables of the right shape."""
    _, found = judged(CERTAIN, count=0)
    assert found.outcomes.num_rows == len(found.suspensions.officer) == len(found.occasions) == 0
