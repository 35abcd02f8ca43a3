"""Feedback: outcomes that are delayed, partial and fallible, and nothing else."""

from __future__ import annotations

import datetime as dt
import json

import numpy as np
import pyarrow as pa
import pytest

from misusebench.columns import DAY_US
from misusebench.feedback import (
    Answers,
    Outcome,
    Reviewed,
    Rules,
    due,
    of_audits,
    of_findings,
    of_reviews,
)

START = dt.datetime(2024, 1, 1, 8, tzinfo=dt.UTC)
START_US = 19_723 * DAY_US + 8 * 3_600_000_000
DAY = dt.timedelta(days=1)
EXACT = Rules(
    delay_days={"review": 0, "complaint": 0, "audit": 0}, miss_share=0, false_share=0,
    unresolved_share=0,
)  # fmt: skip
N = 4000
POSITIVE = np.arange(N) % 4 == 0


def queries(label, campaign=None):
    """Return `truth.queries` of queries 1, 2, 3, ... with these labels."""
    return pa.table({
        "query_id": pa.array(range(1, len(label) + 1), pa.uint64()),
        "label": pa.array(label).dictionary_encode(),
        "campaign_id": pa.array(campaign or [None] * len(label), pa.string()),
    })  # fmt: skip


def log(officers, step=DAY):
    """Return a log of queries 1, 2, 3, ... by these officers, one every `step`."""
    times = [START + step * n for n in range(len(officers))]
    return pa.table({
        "query_id": pa.array(range(1, len(officers) + 1), pa.uint64()),
        "officer_id": pa.array(officers).dictionary_encode(),
        "received_at": pa.array(times, pa.timestamp("us", tz="UTC")),
    })  # fmt: skip


def found(*rows):
    """Return `truth.outcomes` of (campaign, officer, found by, day found, outcome, day decided)."""
    times = [[None if d is None else START + d * DAY for d in (r[3], r[5])] for r in rows]
    when = pa.timestamp("us", tz="UTC")
    return pa.table({
        "campaign_id": [r[0] for r in rows],
        "officer_id": pa.array([r[1] for r in rows]).dictionary_encode(),
        "found_by": pa.array([r[2] for r in rows]).dictionary_encode(),
        "found_at": pa.array([t[0] for t in times], when),
        "outcome": pa.array([r[4] for r in rows], pa.string()).dictionary_encode(),
        "decided_at": pa.array([t[1] for t in times], when),
    })  # fmt: skip


FOUR = Answers(queries(["negative", "positive", "ignore", "negative"]))
MANY = Answers(queries(np.where(POSITIVE, "positive", "negative").tolist()))
ALL = [Reviewed(f"o{n}", (n + 1,), START_US + n) for n in range(N)]


def verdicts(outcomes):
    """Return the verdicts as an array."""
    return np.array([one.verdict for one in outcomes])


@pytest.mark.parametrize(
    ("evidence", "verdict"),
    [((1,), "unfounded"), ((2,), "confirmed"), ((1, 2, 4), "confirmed"), ((3,), "unfounded"),
     ((1, 3, 4), "unfounded"), ((99,), "unfounded")],
)  # fmt: skip
def test_a_faultless_review_confirms_what_holds_misuse(evidence, verdict):
    """One misuse query in the evidence is enough; slips and unknown queries are not misuse."""
    (outcome,) = of_reviews(FOUR, [Reviewed("o1", evidence, START_US)], EXACT, 0)
    assert (outcome.verdict, outcome.query_ids, outcome.source) == (verdict, evidence, "review")


def test_without_reviews_there_is_nothing():
    """A query that nobody looked at has no label."""
    assert of_reviews(FOUR, [], EXACT, 0) == []


def test_an_alert_without_evidence_is_refused():
    """There is nothing a reviewer could read."""
    with pytest.raises(ValueError, match="at least one query"):
        of_reviews(FOUR, [Reviewed("o1", (), START_US)], EXACT, 0)


def test_errors_keep_their_shares():
    """20 % missed and 5 % falsely confirmed, within 4 standard errors."""
    rules = Rules(miss_share=0.2, false_share=0.05, unresolved_share=0)
    verdict = verdicts(of_reviews(MANY, ALL, rules, 1))
    missed = (verdict[POSITIVE] == "unfounded").mean()
    false = (verdict[~POSITIVE] == "confirmed").mean()
    assert abs(missed - 0.2) < 4 * (0.2 * 0.8 / POSITIVE.sum()) ** 0.5
    assert abs(false - 0.05) < 4 * (0.05 * 0.95 / (~POSITIVE).sum()) ** 0.5


def test_unresolved_questions_keep_their_share_and_touch_both_sides():
    """30 % stay open, of misuse and of honest work alike."""
    verdict = verdicts(of_reviews(MANY, ALL, Rules(unresolved_share=0.3), 1))
    for side in (POSITIVE, ~POSITIVE):
        share = (verdict[side] == "unresolved").mean()
        assert abs(share - 0.3) < 4 * (0.3 * 0.7 / side.sum()) ** 0.5


def test_delays_keep_their_mean_and_end_with_a_day():
    """Exponential of mean 7 days, rounded up to the end of the UTC day: half a day more."""
    outcomes = of_reviews(MANY, ALL, Rules(), 1)
    delivered = np.array([one.delivered_us for one in outcomes])
    assert (delivered % DAY_US == 0).all()
    days = (delivered - np.array([one.read_us for one in ALL])) / DAY_US
    assert (days >= 0).all()
    assert abs(days.mean() - 7.5) < 4 * 7 / N**0.5


def test_without_delay_outcomes_come_at_the_end_of_the_day():
    """Eight in the morning becomes midnight."""
    (outcome,) = of_reviews(FOUR, [Reviewed("o1", (2,), START_US)], EXACT, 0)
    assert outcome.delivered_us == 19_724 * DAY_US


def test_an_outcome_depends_on_its_queries_and_the_seed_alone():
    """Neither order nor company changes what is told; another seed does."""
    rules = Rules(miss_share=0.5, false_share=0.5)
    together = of_reviews(MANY, ALL[:200], rules, 1)
    backwards = of_reviews(MANY, ALL[:200][::-1], rules, 1)[::-1]
    alone = [of_reviews(MANY, [one], rules, 1)[0] for one in ALL[:200]]
    assert together == backwards == alone
    assert together != of_reviews(MANY, ALL[:200], rules, 2)


def test_the_chance_of_being_read_is_handed_on():
    """A component may weight by its inverse."""
    (outcome,) = of_reviews(FOUR, [Reviewed("o1", (2,), START_US, 0.25)], EXACT, 0)
    assert outcome.chance == 0.25


def test_a_message_is_plain_json():
    """What crosses to a component's process are numbers and words, ids as they are in the log."""
    outcome = Outcome((2**64 - 1, 5), "o1", "confirmed", "review", 19_724 * DAY_US, 0.5)
    message = json.loads(json.dumps(outcome.message()))
    assert message == {
        "query_ids": [18446744073709551615, 5], "officer_id": "o1", "verdict": "confirmed",
        "source": "review", "delivered_at": 1704153600000000, "chance": 0.5,
    }  # fmt: skip


def test_audits_read_their_share_whatever_the_score():
    """Of 4,000 queries a tenth is read, each told alone, with its chance."""
    table = log([f"o{n % 7}" for n in range(N)], dt.timedelta(minutes=5))
    rules = Rules(sample_share=0.1, miss_share=0, false_share=0, unresolved_share=0)
    outcomes = of_audits(MANY, table, rules, 3)
    assert abs(len(outcomes) - 400) < 4 * 360**0.5
    assert {one.source for one in outcomes} == {"audit"}
    assert {one.chance for one in outcomes} == {0.1}
    for one in outcomes:
        (query,) = one.query_ids
        assert one.officer_id == f"o{(query - 1) % 7}"
        assert (one.verdict == "confirmed") == bool(POSITIVE[query - 1])
        assert one.delivered_us >= START_US + (query - 1) * 300_000_000


def test_audits_of_a_part_of_the_log_tell_the_same():
    """The sample is drawn query by query: a longer log only adds outcomes."""
    table = log(["o1"] * N, dt.timedelta(minutes=5))
    rules = Rules(sample_share=0.1)
    whole, part = (of_audits(MANY, t, rules, 3) for t in (table, table.slice(0, 1000)))
    assert whole[: len(part)] == part


def test_no_sample_no_audit():
    """A share of zero reads nothing."""
    assert of_audits(MANY, log(["o1"] * N), Rules(sample_share=0), 3) == []


CAMPAIGN = queries(
    ["positive", "negative", "positive", "positive", "positive"], ["c1", None, "c1", "c2", "c1"]
)
OFFICERS = ["a", "a", "a", "b", "a"]


def findings(*rows, rules=EXACT):
    """Return the outcomes of found campaigns."""
    return of_findings(CAMPAIGN, found(*rows), log(OFFICERS), rules, 0)


def test_a_found_campaign_is_told_with_what_was_on_record():
    """Queries 1 and 3 had arrived before day 3, query 5 had not."""
    (outcome,) = findings(("c1", "a", "complaint", 3, "dismissed", 9))
    assert outcome == Outcome((1, 3), "a", "confirmed", "complaint", 19_733 * DAY_US)


@pytest.mark.parametrize(
    ("by", "source"),
    [("complaint", "complaint"), ("access_request", "complaint"), ("peer_report", "complaint"),
     ("self_report", "complaint"), ("audit", "audit")],
)  # fmt: skip
def test_sources_are_audit_or_complaint(by, source):
    """A component is not told who complained."""
    assert findings(("c1", "a", by, 3, "counselled", 4))[0].source == source


@pytest.mark.parametrize(
    ("outcome", "verdict"),
    [("unfounded", "unfounded"), ("no_action", "confirmed"), ("charged", "confirmed")],
)
def test_verdicts_follow_from_the_decision(outcome, verdict):
    """That nothing followed does not mean that nothing was found."""
    assert findings(("c1", "a", "complaint", 3, outcome, 4))[0].verdict == verdict


def test_a_finding_without_decision_stays_unresolved():
    """It is told after the delay, without a verdict."""
    (outcome,) = findings(("c1", "a", "complaint", 3, None, None))
    assert (outcome.verdict, outcome.delivered_us) == ("unresolved", 19_727 * DAY_US)


def test_what_was_never_found_is_never_told():
    """Undiscovered campaigns leave no trace."""
    assert findings(("c1", "a", "never", None, None, None)) == []


def test_a_finding_before_any_query_on_record_tells_nothing():
    """Queries of another officer or of later days are not told."""
    assert findings(("c2", "b", "complaint", 2, "dismissed", 4)) == []
    assert findings(("c1", "b", "complaint", 5, "dismissed", 6)) == []


def test_findings_come_in_the_order_of_delivery():
    """The earlier decision first."""
    told = findings(
        ("c1", "a", "complaint", 3, "dismissed", 9), ("c2", "b", "audit", 4, "retrained", 5)
    )
    assert [one.officer_id for one in told] == ["b", "a"]


def test_due_hands_over_each_outcome_once():
    """Half-open steps of a day add up to everything, in order."""
    outcomes = of_reviews(MANY, ALL[:300], Rules(), 1)
    days = range(19_720, 19_900)
    handed = [due(outcomes, day * DAY_US, (day + 1) * DAY_US) for day in days]
    flat = [one for day in handed for one in day]
    assert sorted(flat) == sorted(outcomes)
    assert [one.delivered_us for one in flat] == sorted(one.delivered_us for one in flat)
    assert due(outcomes, 0, START_US) == []


@pytest.mark.parametrize(
    "wrong", [{"miss_share": 1.5}, {"false_share": -0.1}, {"delay_days": {"review": 201}},
              {"delay_days": {"audit": -1}}, {"unresolved_share": 2}, {"sample_share": 1.01}],
)  # fmt: skip
def test_rules_out_of_bounds_are_refused(wrong):
    """Shares are of one, delays at most 200 days."""
    with pytest.raises(ValueError, match="must be in 0"):
        Rules(**wrong)
