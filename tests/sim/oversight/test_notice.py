"""What a decision changes, measured on many campaigns made by hand."""

from __future__ import annotations

import numpy as np
import pytest
from tests.sim.misuse import stage

from misusesim.clock import DAY_US, HOUR_US
from misusesim.misuse.rungs import Story
from misusesim.misuse.writing import LEAD_WEEKS, Campaign, Pretext, Step, written
from misusesim.occasions import DEFAULT, NONE, TEMPLATE, TOPIC
from misusesim.oversight import oversight
from misusesim.scenario.misuse import PermitChecks
from misusesim.scenario.overseeing import OutcomeMix, Oversight

OUTCOMES = ("no_action", "retrained", "counselled", "suspended", "resigned", "dismissed", "charged")


def mix(**weights):
    """Return a mix of the outcomes named only."""
    return OutcomeMix(**{**dict.fromkeys(OUTCOMES, 0.0), **weights})


def rules(**settings):
    """Return rules under which nothing is found but what is asked for."""
    quiet = {
        "audits_per_agency_year": 0, "reviews_per_officer_year": 0, "analytics_agency_share": 0,
        "complaint_share": 0, "unit_report_share": 0, "cleared_share": 0, "delay_days": 5,
    }  # fmt: skip
    return Oversight(**{**quiet, **settings})


def campaign(begin, number, *, every=6, officer=None, kind=1, queries=1, stops=False):
    """Return a campaign of fourteen steps, `every` so many days."""
    who, told = number if officer is None else officer, Story(0, DEFAULT, TOPIC["patrol"])
    at = [begin + nth * every * DAY_US + 12 * HOUR_US for nth in range(14)]
    return Campaign(
        key=(kind, LEAD_WEEKS, number), rung=0, tie=NONE, intent=0, violation=0, severity=3,
        motive="by hand", officers=(who,), wished=14, unit=None if kind else "licensing",
        steps=tuple(
            Step(who, time, queries, TEMPLATE["name_check"], TOPIC["patrol"], 1000, told,
                 pretext=Pretext(1, 0, time, 8, typed=False) if stops else None)
            for time in at
        ),
    )  # fmt: skip


def overseen(settings, count, *, days=84, misuse=(), accounts=60, **fields):
    """Return the plan of some campaigns and what oversight makes of it."""
    scene = stage.empty_scene(stage.world(days, misuse, accounts=accounts, oversight=settings))
    begin = scene.clock.horizon[0]
    plan = written(scene, [campaign(begin, n, **fields) for n in range(count)])
    return plan, oversight(scene.scenario, scene.agency, scene.officers, plan, scene.clock)


def us(time):
    """Return microseconds since 1970."""
    return round(time.timestamp() * 1e6)


def went_on(outcome, count=2500):
    """Return which of the campaigns that had steps left went on after this outcome."""
    settings = rules(complaint_share=1, outcomes=mix(**{outcome: 1.0}))
    plan, found = overseen(settings, count, officer=7)
    out = []
    for row, told in enumerate(found.outcomes.to_pylist()):
        planned = plan.occasions.start[plan.occasions.campaign == row]
        if told["outcome"] and planned.max() >= us(told["decided_at"]):
            kept = found.occasions.start[found.occasions.campaign == row]
            out.append(bool(kept.max() >= us(told["decided_at"])))
    return np.array(out)


@pytest.mark.slow
@pytest.mark.parametrize(("outcome", "share"), [("no_action", 0.40), ("counselled", 0.02)])
def test_a_notice_takes_repetition_from_forty_to_two_per_cent(outcome, share):
    """90 of 225 untreated and 4 of 219 after a notice repeated; within 4 standard errors."""
    again = went_on(outcome)
    assert len(again) > 1500
    assert abs(again.mean() - share) < 4 * (share * (1 - share) / len(again)) ** 0.5


def test_who_is_cleared_had_no_notice():
    """A decision that calls misuse unfounded stops nobody who would not stop anyway."""
    settings = rules(complaint_share=1, cleared_share=1, repeat_share=1)
    plan, found = overseen(settings, 30)
    assert {row["outcome"] for row in found.outcomes.to_pylist()} <= {"unfounded", None}
    assert len(found.occasions) == len(plan.occasions)
    assert len(found.suspensions.officer) == len(found.sanctions.officer) == 0


@pytest.mark.parametrize("outcome", ["resigned", "dismissed", "charged"])
def test_who_has_left_does_nothing_in_any_campaign(outcome):
    """No step and no stop of any of his five campaigns is left after the first decision."""
    settings = rules(complaint_share=1, outcomes=mix(**{outcome: 1.0}), repeat_share=1)
    _, found = overseen(settings, 5, officer=3, stops=True)
    first = int(found.suspensions.start.min())
    assert found.occasions.start.max() < first
    assert found.incidents.opened.max() < first


def test_who_is_suspended_does_nothing_for_thirty_days():
    """Another campaign of his pauses, and goes on when he is back."""
    settings = rules(
        complaint_share=1, outcomes=mix(suspended=1.0), repeat_after_notice_share=1.0, delay_days=2
    )
    _, found = overseen(settings, 1, every=3)
    start, end = int(found.suspensions.start[0]), int(found.suspensions.end[0])
    assert end - start == 30 * DAY_US
    away = (found.occasions.start >= start) & (found.occasions.start < end)
    assert not away.any()


def test_outcomes_count_the_queries_that_happened():
    """As many as the steps that are left, three each."""
    _, found = overseen(rules(complaint_share=1), 40, queries=3)
    for row, told in enumerate(found.outcomes.to_pylist()):
        assert told["n_queries"] == 3 * int((found.occasions.campaign == row).sum())


def test_outcomes_follow_the_weights_of_the_scenario():
    """Half counselled, half retrained, nobody else, within 4 standard errors of 300."""
    settings = rules(complaint_share=1, outcomes=mix(counselled=2.0, retrained=2.0))
    rows = overseen(settings, 300, officer=1)[1].outcomes["outcome"].to_pylist()
    decided = [one for one in rows if one]
    assert set(decided) == {"counselled", "retrained"}
    assert abs(decided.count("counselled") / len(decided) - 0.5) < 4 * (0.25 / len(decided)) ** 0.5


def test_some_decisions_clear_the_guilty():
    """One in five of 400, within 4 standard errors."""
    settings = rules(complaint_share=1, cleared_share=0.2, outcomes=mix(counselled=1.0))
    rows = overseen(settings, 400, officer=1)[1].outcomes["outcome"].to_pylist()
    decided = [one for one in rows if one]
    share = decided.count("unfounded") / len(decided)
    assert abs(share - 0.2) < 4 * (0.16 / len(decided)) ** 0.5


def test_supervisors_find_in_proportion_to_what_they_read():
    """Weekly, reading everything and missing half: nearly everybody; reading nothing: nobody."""
    often = {"reviews_per_officer_year": 52, "review_miss_share": 0.5}
    for share, least, most in ((1.0, 0.95, 1.0), (0.0, 0.0, 0.0)):
        _, found = overseen(rules(review_sample_share=share, **often), 50)
        by = found.outcomes["found_by"].to_pylist()
        assert set(by) <= {"supervisor_review", "never"}
        assert least <= by.count("supervisor_review") / 50 <= most


@pytest.mark.parametrize(("every", "flagged"), [(6, True), (20, False)])
def test_a_program_flags_three_look_ups_in_a_month(every, flagged):
    """Five steps a month are on the list, one or two never."""
    settings = rules(analytics_agency_share=1, analytics_flag_share=1)
    _, found = overseen(settings, 20, every=every)
    assert set(found.outcomes["found_by"].to_pylist()) == {"analytics" if flagged else "never"}


def test_a_program_misses_its_share():
    """With one chance in four in each of two months 44 % are found, within 4 standard errors."""
    settings = rules(
        analytics_agency_share=1, analytics_flag_share=0.25, outcomes=mix(counselled=1.0)
    )
    _, found = overseen(settings, 400, officer=2)
    share = found.outcomes["found_by"].to_pylist().count("analytics") / 400
    assert abs(share - 0.4375) < 4 * (0.4375 * 0.5625 / 400) ** 0.5


def test_reports_come_in_their_shares():
    """Half access requests, a quarter from peers, the rest complaints, of 400."""
    settings = rules(
        complaint_share=1, access_request_share=0.5, peer_report_share=0.25,
        outcomes=mix(counselled=1.0),
    )  # fmt: skip
    by = overseen(settings, 400, officer=2)[1].outcomes["found_by"].to_pylist()
    found = [one for one in by if one != "never"]
    for name, share in (("access_request", 0.5), ("peer_report", 0.25), ("complaint", 0.25)):
        width = 4 * (share * (1 - share) / len(found)) ** 0.5
        assert abs(found.count(name) / len(found) - share) < width


@pytest.mark.parametrize("days", [84, 365])
def test_a_unit_that_must_be_decided_in_time_is(days):
    """Sixty units, no other report: each decided before the sixtieth day, slow as it may be."""
    permits = PermitChecks(
        kind="permit_checks", agency_group="town", per_year=1000, decided_within_days=60
    )
    settings = rules(delay_days=400)
    plan, found = overseen(settings, 60, days=days, misuse=(permits,), kind=0, officer=1)
    end = stage.empty_scene(stage.world(days, (permits,), oversight=settings)).clock.horizon[0]
    for row in found.outcomes.to_pylist():
        assert row["outcome"] == "retrained"
        assert row["found_by"] in {"self_report", "peer_report"}
        assert us(row["decided_at"]) < end + 60 * DAY_US
    assert len(found.occasions) == len(plan.occasions)


def test_a_longer_horizon_changes_nothing_that_was_found():
    """All ways of finding at once: six weeks give what twelve had found and decided by then."""
    settings = rules(
        audits_per_agency_year=12, audit_sample_share=0.05, reviews_per_officer_year=12,
        review_sample_share=0.2, analytics_agency_share=1, complaint_share=0.3, cleared_share=0.1,
    )  # fmt: skip
    short, long = (overseen(settings, 60, days=days)[1].outcomes for days in (42, 84))
    end = stage.empty_scene(stage.world(42, (), oversight=settings)).clock.horizon[1]
    later = {row["campaign_id"]: row for row in long.to_pylist()}
    ways = set()
    for row in short.to_pylist():
        told = later[row["campaign_id"]]
        if row["found_at"]:
            ways.add(row["found_by"])
            assert (row["found_by"], row["found_at"]) == (told["found_by"], told["found_at"])
        else:
            assert not told["found_at"] or us(told["found_at"]) >= end
        if row["decided_at"]:
            assert (row["outcome"], row["decided_at"]) == (told["outcome"], told["decided_at"])
    assert {"audit", "supervisor_review", "analytics"} <= ways
