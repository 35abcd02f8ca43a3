"""Oversight: who is found out, when, by whom, and what it changes. Campaigns are made by hand."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest
from tests.sim.misuse import stage

from misusesim.clock import DAY_US, HOUR_US, NEVER
from misusesim.dataset import schema
from misusesim.misuse.rungs import Story
from misusesim.misuse.writing import LEAD_WEEKS, Campaign, Pretext, Step, written
from misusesim.occasions import DEFAULT, NONE, TEMPLATE, TOPIC
from misusesim.oversight import oversight
from misusesim.scenario.misuse import PermitChecks
from misusesim.scenario.overseeing import Oversight

pytestmark = pytest.mark.slow

QUIET = {"reviews_per_officer_year": 0, "analytics_agency_share": 0, "cleared_share": 0}


def rules(**settings):
    """Return rules of oversight without reviews, analytics and errors, unless some are asked."""
    return Oversight(**{**QUIET, **settings})


NOBODY = rules(audits_per_agency_year=0, complaint_share=0, unit_report_share=0)


def world(days=84, settings=NOBODY, misuse=()):
    """Return a scenario of a police department with these rules of oversight."""
    return stage.world(days, misuse, accounts=400, oversight=settings)


def campaign(scene, number, *, weeks=6, queries=1, unit=None, stops=False, before=0):
    """Return a campaign of one step a day from day `number % 20` on, an officer each."""
    begin = scene.clock.horizon[0] + (number % 20 - before) * DAY_US + 12 * HOUR_US
    told = Story(0, DEFAULT, TOPIC["patrol"])
    steps = tuple(
        Step(number, begin + day * DAY_US, queries, TEMPLATE["name_check"], TOPIC["patrol"],
             number + 1000, told,
             pretext=Pretext(1, 0, begin + day * DAY_US, 8, typed=False) if stops else None)
        for day in range(weeks * 7)
    )  # fmt: skip
    return Campaign(
        key=(0 if unit else 1, LEAD_WEEKS, number), rung=0, tie=NONE, intent=0, violation=0,
        severity=3, motive="by hand", officers=(number,), steps=steps, wished=len(steps), unit=unit,
    )  # fmt: skip


def overseen(scenario, count=1, **fields):
    """Return the plan of some hand-made campaigns and what oversight makes of it."""
    scene = stage.empty_scene(scenario)
    plan = written(scene, [campaign(scene, n, **fields) for n in range(count)])
    return plan, oversight(scenario, scene.agency, scene.officers, plan, scene.clock)


def outcomes(found):
    """Return the rows of the outcome table."""
    return found.outcomes.to_pylist()


def us(time):
    """Return microseconds since 1970."""
    return round((time - dt.datetime(1970, 1, 1, tzinfo=dt.UTC)) / dt.timedelta(microseconds=1))


COMPLAINED = rules(audits_per_agency_year=0, complaint_share=1, delay_days=5)


@pytest.fixture(scope="module")
def complaints():
    """Return 300 campaigns that somebody always complains about."""
    return overseen(world(settings=COMPLAINED), 300)


def test_without_oversight_nobody_is_found():
    """Every campaign has a row that says never; nothing is changed."""
    plan, found = overseen(world(), 20)
    assert [row["found_by"] for row in outcomes(found)] == ["never"] * 20
    assert all(row["found_at"] is row["outcome"] is row["decided_at"] is None
               for row in outcomes(found))  # fmt: skip
    assert len(found.suspensions.officer) == 0
    assert found.occasions.serial.tolist() == plan.occasions.serial.tolist()


def test_outcomes_have_the_contract_schema(complaints):
    """One row per campaign and officer, in the columns of the contract."""
    plan, found = complaints
    assert found.outcomes.schema.equals(schema.TRUTH_OUTCOMES, check_metadata=True)
    assert found.outcomes["campaign_id"].to_pylist() == plan.campaigns.campaign_id.tolist()
    names = stage.empty_scene(world(settings=COMPLAINED)).officers.officer_id
    assert [row["officer_id"] for row in outcomes(found)] == names[:300].tolist()


def test_certain_complaints_find_everybody_within_a_fortnight_of_a_step(complaints):
    """A complaint comes 1 to 14 days after a look-up of the campaign."""
    plan, found = complaints
    for row, told in enumerate(outcomes(found)):
        times = plan.occasions.start[plan.occasions.campaign == row]
        assert told["found_by"] in {"complaint", "access_request", "peer_report"}
        since = us(told["found_at"]) - times
        assert ((since >= DAY_US) & (since <= 14 * DAY_US)).any()


def test_three_ways_of_reporting_in_their_shares(complaints):
    """70, 15 and 15 % within 4 standard errors."""
    by = [row["found_by"] for row in outcomes(complaints[1])]
    for name, share in (("complaint", 0.7), ("access_request", 0.15), ("peer_report", 0.15)):
        assert abs(by.count(name) / 300 - share) < 4 * (share * (1 - share) / 300) ** 0.5


def test_complaint_share_is_kept():
    """0.15 of 300 campaigns within 4 standard errors."""
    settings = rules(audits_per_agency_year=0, complaint_share=0.15)
    _, found = overseen(world(settings=settings), 300)
    share = np.mean([row["found_by"] != "never" for row in outcomes(found)])
    assert abs(share - 0.15) < 4 * (0.15 * 0.85 / 300) ** 0.5


def test_outcomes_follow_those_of_2016(complaints):
    """Left the job 23 %, counselled 24, nothing 21, other 18, suspended 14, within 4 errors."""
    decided = [row["outcome"] for row in outcomes(complaints[1]) if row["outcome"]]
    n = len(decided)
    left = sum(decided.count(o) for o in ("resigned", "dismissed", "charged"))
    shares = {"counselled": 0.24, "no_action": 0.21, "retrained": 0.18, "suspended": 0.14}
    assert n > 250
    assert abs(left / n - 0.23) < 4 * (0.23 * 0.77 / n) ** 0.5
    for name, share in shares.items():
        assert abs(decided.count(name) / n - share) < 4 * (share * (1 - share) / n) ** 0.5


def test_decisions_take_the_mean_delay(complaints):
    """A day and an exponential of mean 5, cut to whole days, follow the discovery."""
    days = np.array([
        (row["decided_at"] - row["found_at"]).days for row in outcomes(complaints[1])
        if row["outcome"]
    ])  # fmt: skip
    assert days.min() >= 1
    assert abs(days.mean() - 5.5) < 4 * 5 / len(days) ** 0.5


def test_nothing_is_known_of_the_time_after_the_horizon():
    """Found and decided lie inside; what is not yet decided has no outcome."""
    settings = rules(audits_per_agency_year=0, complaint_share=1, delay_days=40)
    scenario = world(28, settings)
    end = stage.empty_scene(scenario).clock.horizon[1]
    rows = outcomes(overseen(scenario, 200)[1])
    assert {row["found_by"] == "never" for row in rows} == {True, False}
    for row in rows:
        assert (row["found_at"] is None) == (row["found_by"] == "never")
        assert (row["outcome"] is None) == (row["decided_at"] is None)
        for time in (row["found_at"], row["decided_at"]):
            assert time is None or us(time) < end
    assert any(row["found_at"] and not row["outcome"] for row in rows)


def test_suspensions_follow_the_outcomes(complaints):
    """Thirty days for a suspension, for ever for who left; nobody else."""
    plan, found = complaints
    spans = dict(zip(found.suspensions.officer.tolist(),
                     zip(found.suspensions.start.tolist(), found.suspensions.end.tolist(),
                         strict=True), strict=True))  # fmt: skip
    for row, told in enumerate(outcomes(found)):
        officer = plan.planned[row].officers[0]
        if told["outcome"] == "suspended":
            start = us(told["decided_at"])
            assert spans.pop(officer) == (start, start + 30 * DAY_US)
        elif told["outcome"] in {"resigned", "dismissed", "charged"}:
            assert spans.pop(officer) == (us(told["decided_at"]), NEVER)
    assert spans == {}


def test_after_a_notice_hardly_anybody_goes_on(complaints):
    """Steps after the decision: 2 % of campaigns, but 40 % where nothing was done."""
    plan, found = complaints
    went_on = {"notice": [], "nothing": []}
    for row, told in enumerate(outcomes(found)):
        planned = plan.occasions.start[plan.occasions.campaign == row]
        if not told["outcome"] or planned.max() < us(told["decided_at"]):
            continue
        kept = found.occasions.start[found.occasions.campaign == row]
        group = "nothing" if told["outcome"] == "no_action" else "notice"
        went_on[group].append(bool((kept >= us(told["decided_at"])).any()))
        assert (np.isin(planned[planned < us(told["decided_at"])], kept)).all()
    assert len(went_on["notice"]) > 50
    assert np.mean(went_on["notice"]) < 0.1
    assert 0.1 < np.mean(went_on["nothing"]) < 0.75


def test_prevented_stops_leave_no_incident():
    """An incident of a step that no longer happens is gone too, and the others are all there."""
    plan, found = overseen(world(settings=COMPLAINED), 60, stops=True)
    assert len(plan.incidents.serial) == len(plan.occasions)
    assert len(found.incidents.serial) == len(found.occasions) < len(plan.occasions)
    assert set(found.incidents.opened.tolist()) == set(found.occasions.start.tolist())


def test_audits_find_in_proportion_to_what_they_read():
    """Reading a fiftieth, an audit a fortnight: heavy campaigns are found, light ones seldom."""
    settings = rules(audits_per_agency_year=24, audit_sample_share=0.02, complaint_share=0,
                        unit_report_share=0)  # fmt: skip
    light = outcomes(overseen(world(settings=settings), 150)[1])
    heavy = outcomes(overseen(world(settings=settings), 150, queries=8)[1])
    rate = [np.mean([row["found_by"] == "audit" for row in rows]) for rows in (light, heavy)]
    assert {row["found_by"] for row in light + heavy} == {"audit", "never"}
    # 42 and 336 queries, caught with 0.02 * 0.7 each
    assert abs(rate[0] - (1 - 0.986**42)) < 0.2
    assert rate[1] > 0.9


def test_auditors_who_miss_everything_find_nothing():
    """With a miss share of one no audit finds anything."""
    settings = rules(audits_per_agency_year=24, audit_sample_share=1.0, audit_miss_share=1.0,
                        complaint_share=0, unit_report_share=0)  # fmt: skip
    assert {row["found_by"] for row in outcomes(overseen(world(settings=settings), 50)[1])} == {
        "never"
    }


def test_all_campaigns_are_audited_on_the_same_days():
    """Auditors come to the agency, not to a campaign."""
    settings = rules(audits_per_agency_year=8, audit_sample_share=1.0, audit_miss_share=0.0,
                        complaint_share=0, unit_report_share=0)  # fmt: skip
    rows = outcomes(overseen(world(settings=settings), 40, queries=2)[1])
    days = {row["found_at"] for row in rows if row["found_at"]}
    assert 1 <= len(days) <= 12


def test_a_longer_horizon_changes_no_earlier_finding():
    """Four weeks give what twelve weeks had found and decided by then, to the suspension."""
    settings = rules(audits_per_agency_year=12, audit_sample_share=0.05, complaint_share=0.6,
                        delay_days=6)  # fmt: skip
    short, long = world(28, settings), world(84, settings)
    end = stage.empty_scene(short).clock.horizon[1]
    (plan, first), (_, whole) = overseen(short, 120), overseen(long, 120)
    later = {row["campaign_id"]: row for row in outcomes(whole)}
    found = 0
    for row in outcomes(first):
        told = later[row["campaign_id"]]
        if row["found_at"] is None:
            assert told["found_at"] is None or us(told["found_at"]) >= end
            continue
        found += 1
        assert (row["found_by"], row["found_at"]) == (told["found_by"], told["found_at"])
        if row["decided_at"]:
            assert (row["outcome"], row["decided_at"]) == (told["outcome"], told["decided_at"])
    assert found > 10
    assert len(plan.truth) == 120
    spans = set(zip(*(c.tolist() for c in (whole.suspensions.officer, whole.suspensions.start)),
                    strict=True))  # fmt: skip
    early = {(officer, start) for officer, start in spans if start < end}
    assert early == set(zip(first.suspensions.officer.tolist(), first.suspensions.start.tolist(),
                            strict=True))  # fmt: skip


def test_a_fate_does_not_depend_on_the_other_campaigns():
    """The first ten campaigns fare the same alone and among a hundred."""
    few = outcomes(overseen(world(settings=COMPLAINED), 10)[1])
    many = outcomes(overseen(world(settings=COMPLAINED), 100)[1])
    assert few == many[:10]


def test_a_complaint_before_the_log_came_to_nothing():
    """Of campaigns that began long before, only look-ups on record are found."""
    plan, found = overseen(world(settings=COMPLAINED), 100, weeks=20, before=100)
    start = stage.empty_scene(world(settings=COMPLAINED)).clock.horizon[0]
    rows = outcomes(found)
    assert len(plan.truth) == 100
    assert {row["found_by"] == "never" for row in rows} == {True, False}
    assert all(us(row["found_at"]) >= start for row in rows if row["found_at"])


REPORTED = rules(audits_per_agency_year=0, complaint_share=0, unit_report_share=1, delay_days=3)


def unit(misuse, days=84):
    """Return what becomes of 60 units' practices, each reported within a year."""
    return overseen(world(days, REPORTED, (misuse,)), 60, unit="licensing", weeks=12)


def permits(**fields):
    """Return the parameters of permit checks."""
    return PermitChecks(kind="permit_checks", agency_group="town", **fields)


def test_units_are_reported_within_the_year_and_retrained():
    """About 84 of 365 days have passed: a fifth is found, all are retrained, nobody suspended."""
    _, found = unit(permits(per_business_day=3))
    rows = [row for row in outcomes(found) if row["found_at"]]
    assert 2 <= len(rows) <= 30
    assert {row["found_by"] for row in rows} <= {"self_report", "peer_report"}
    assert {row["outcome"] for row in rows if row["outcome"]} == {"retrained"}
    assert len(found.suspensions.officer) == 0


def test_a_retrained_unit_stops():
    """After the decision there are fewer checks than planned."""
    plan, found = unit(permits(per_business_day=3))
    assert len(found.occasions) < len(plan.occasions)


def test_an_exact_number_is_reached_whatever_is_decided():
    """A scenario that fixes the year's number gets it, although the unit is retrained."""
    plan, found = unit(permits(per_year=1000))
    assert {row["outcome"] for row in outcomes(found) if row["outcome"]} == {"retrained"}
    assert len(found.occasions) == len(plan.occasions)
