"""Policy metrics, their matrix with detectors and what the report draws, counted on paper."""

from __future__ import annotations

import datetime as dt
import math

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from misusebench.metrics import (
    Decided,
    compute_policy,
    labelled,
    matrix,
    metric,
    policy_curves,
    shifts_per_officer,
    stopped,
)
from misusebench.metrics.decided import CHALLENGE, DENY, PERMIT
from misusebench.metrics.friction import (
    LAWFUL,
    honest_blocked,
    honest_blocked_per_100_shifts,
    lawful_licensing_blocked,
)
from misusebench.metrics.prevention import (
    error_rate,
    fail_open,
    misuse_prevented,
    prevented_macro,
    prevented_min,
    rule_counts,
)

P, D, C = PERMIT, DENY, CHALLENGE
WHY = [
    ((), ()), (("a",), ()), (("a", "b"), ()), (("b", "b"), ("late",)), ((), ("no roster",)),
]  # fmt: skip


def desk(outcome: list[int] | None = None, why: list[int] | None = None) -> Decided:
    """Return ten decisions: four misuse (kinds 0, 0, 0, 2), five honest, one slip.

    Officer 0 does the misuse of kind 0, officer 1 that of kind 2; officers 2 and 3 are honest and
    the slip is officer 3's. Rows 5 and 6 are lawful licensing.
    """
    lawful = labelled(np.zeros(1), np.zeros(1, bool)).oddities.index(LAWFUL)
    rows = labelled(
        np.zeros(10), np.arange(10) < 4, officer=np.array([0, 0, 0, 1, 2, 2, 2, 3, 3, 3]),
        day=np.array([0, 0, 1, 0, 0, 0, 1, 0, 1, 2]), ignore=np.arange(10) == 9,
        campaign=np.array([0, 0, 0, 1, *[-1] * 6]), kind=np.array([0, 0, 0, 2, *[-1] * 6]),
        rung=np.array([0, 0, 0, 3, *[-1] * 6]),
        oddity=np.array([-1, -1, -1, -1, -1, lawful, lawful, -1, -1, -1]),
    )  # fmt: skip
    given_outcome = [D, P, C, D, P, D, P, C, P, D] if outcome is None else outcome
    given_why = [1, 0, 1, 2, 0, 3, 0, 2, 4, 1] if why is None else why
    return Decided(rows, np.array(given_outcome, np.int8), np.array(given_why, np.int32), WHY)


@pytest.mark.parametrize(
    ("fn", "value"),
    [(misuse_prevented, 2 / 4), (prevented_macro, (1 / 3 + 1) / 2), (prevented_min, 1 / 3),
     (honest_blocked, 2 / 5), (lawful_licensing_blocked, 1 / 2), (fail_open, 1 / 2),
     (error_rate, 2 / 10)],
)  # fmt: skip
def test_values_of_the_desk(fn: object, value: float) -> None:
    """Each metric counted by hand from the ten decisions."""
    one = desk()
    assert fn(one, one.ones).tolist() == pytest.approx([value])  # type: ignore[operator]


def test_friction_per_hundred_shifts() -> None:
    """Two hindered honest queries; officer-days with a query are 2 + 1 + 2 + 3 = 8 shifts."""
    one = desk()
    assert one.shift_count.tolist() == [2, 1, 2, 3]
    assert honest_blocked_per_100_shifts(one, one.ones).tolist() == [25.0]


@pytest.mark.parametrize(
    ("weights", "prevented", "blocked"),
    [([1, 1, 1, 1], 1 / 2, 2 / 5), ([2, 0, 1, 1], 1 / 3, 2 / 5), ([0, 4, 0, 0], 1.0, math.nan),
     ([0, 0, 3, 0], math.nan, 1 / 3), ([0, 0, 1, 2], math.nan, 3 / 7)],
)  # fmt: skip
def test_draws_of_the_desk(weights: list[float], prevented: float, blocked: float) -> None:
    """Officers are drawn whole: their rows count as often as they are drawn."""
    one, drawn = desk(), np.array([weights], float)
    assert misuse_prevented(one, drawn).tolist() == pytest.approx([prevented], nan_ok=True)
    assert honest_blocked(one, drawn).tolist() == pytest.approx([blocked], nan_ok=True)


@pytest.mark.parametrize("answer", [P, D, C])
def test_one_answer_to_everything(answer: int) -> None:
    """Denying all prevents all and hinders all; a challenge only hinders."""
    one = desk([answer] * 10)
    told = compute_policy(one)
    assert told["misuse_prevented"].value == float(answer == D)
    assert told["prevented_min"].value == float(answer == D)
    assert told["honest_blocked"].value == float(answer != P)
    assert told["lawful_licensing_blocked"].value == float(answer != P)
    assert told["fail_open"].value == float(answer == P)


@given(st.lists(st.sampled_from([P, D, C]), min_size=10, max_size=10))
@settings(max_examples=8, deadline=None)
def test_denying_more_never_prevents_less(outcome: list[int]) -> None:
    """Turning any answer into a denial raises or keeps what is prevented and what is hindered."""
    before = desk(outcome)
    for row in range(10):
        after = desk([D if i == row else o for i, o in enumerate(outcome)])
        for fn in (misuse_prevented, prevented_macro, prevented_min, honest_blocked):
            assert fn(after, after.ones)[0] >= fn(before, before.ones)[0] - 1e-12


@given(st.lists(st.sampled_from([P, D, C]), min_size=10, max_size=10))
@settings(max_examples=30, deadline=None)
def test_least_mean_and_whole(outcome: list[int]) -> None:
    """The least kind lies below the mean over kinds; campaigns average to the queries."""
    one = desk(outcome)
    least, mean = prevented_min(one, one.ones)[0], prevented_macro(one, one.ones)[0]
    assert 0 <= least <= mean <= 1
    per_campaign = stopped(one)
    assert (per_campaign @ [3, 1]) / 4 == pytest.approx(misuse_prevented(one, one.ones)[0])


def test_rule_counts_of_the_desk() -> None:
    """A reason given twice in an answer counts once; errors are no reasons."""
    assert rule_counts(desk()) == {
        "a": {"misuse": 3, "honest": 1, "ignore": 1},
        "b": {"misuse": 1, "honest": 2, "ignore": 0},
    }


def test_names_units_and_counts_of_the_policy_metrics() -> None:
    """Members of families, with the units behind each and the rule counts as values."""
    one = desk()
    told = compute_policy(one)
    first, third = one.scored.kinds[0], one.scored.kinds[2]
    rungs = one.scored.rungs
    members = {n for n in told if n.startswith("misuse_prevented/")}
    assert members == {
        f"misuse_prevented/{n}"
        for n in (first, third, f"{first}/{rungs[0]}", f"{third}/{rungs[3]}")
    }
    assert told[f"misuse_prevented/{first}"].value == pytest.approx(1 / 3)
    assert (told["misuse_prevented"].n, told["honest_blocked"].n) == (2, 2)
    count = told["rule_count/a/misuse"]
    assert (count.value, count.low, count.high, count.unit) == (3.0, None, None, "queries")


@pytest.mark.parametrize(
    ("drop", "name", "reason"),
    [(slice(4, 10), "misuse_prevented", "no misuse among the scored queries"),
     (slice(4, 10), "prevented_macro", "no misuse among the scored queries"),
     (slice(0, 4), "honest_blocked", "no honest query"),
     (slice(0, 4), "lawful_licensing_blocked", "no lawful licensing query"),
     (slice(0, 4), "fail_open", "no answer with an error"),
     (slice(0, 0), "error_rate", "no query")],
)  # fmt: skip
def test_reasons_for_what_is_undefined(drop: slice, name: str, reason: str) -> None:
    """Over rows that lack what a metric is about there is a reason and no number."""
    whole = desk()
    s = whole.scored
    rows = labelled(
        s.score[drop], s.positive[drop], officer=s.officer[drop], kind=s.kind[drop],
        rung=s.rung[drop], ignore=s.ignore[drop], oddity=s.oddity[drop],
    )  # fmt: skip
    told = compute_policy(Decided(rows, whole.outcome[drop], whole.why[drop], WHY))[name]
    assert (told.value, told.low, told.high, told.reason) == (None, None, None, reason)


def test_what_the_report_draws_of_a_policy() -> None:
    """Prevented by kind and rung with counts, the rules, and how many officers misuse."""
    one = desk()
    told = policy_curves(one)
    first, third = one.scored.kinds[0], one.scored.kinds[2]
    rows = {(r["kind"], r["rung"]): (r["n"], r["prevented"]) for r in told["kinds"]}
    assert rows[first, None] == (3, pytest.approx(1 / 3))
    assert rows[third, one.scored.rungs[3]] == (1, 1.0)
    assert (told["misusing_officers"], told["interval_reliable"]) == (2, False)
    assert sorted(told["draws"]["values"]) == sorted(
        n for n in compute_policy(one) if metric(n).gates
    )


@pytest.mark.parametrize(
    ("caught", "prevented", "cells"),
    [([1], [1], (0, 0, 1, 0)), ([1], [0], (0, 1, 0, 0)), ([0], [1], (1, 0, 0, 0)),
     ([0], [0], (0, 0, 0, 1)), ([0.5], [0.5], (0.25, 0.25, 0.25, 0.25)),
     ([1, 0], [0.25, 0.25], (0.125, 0.375, 0.125, 0.375))],
)  # fmt: skip
def test_the_matrix(caught: list[float], prevented: list[float], cells: tuple[float, ...]) -> None:
    """Policy only, detector only, both, neither."""
    found = matrix(np.array(caught, float), np.array(prevented, float))
    names = ("policy_only", "detector_only", "both", "neither")
    assert [found[n] for n in names] == pytest.approx(cells)
    assert found["campaigns"] == len(caught)


def test_the_matrix_by_weight() -> None:
    """A campaign of weight 3 counts thrice."""
    found = matrix(np.array([1.0, 0.0]), np.array([0.0, 0.0]), np.array([3.0, 1.0]))
    assert (found["detector_only"], found["neither"]) == (0.75, 0.25)


@pytest.mark.parametrize(("start", "end", "counts"), [(0, 10, [2, 1, 0]), (1, 10, [1, 1, 0]),
                                                      (0, 5, [1, 0, 0]), (0, 6, [2, 0, 0]),
                                                      (20, 30, [0, 0, 0])])  # fmt: skip
def test_shifts_begin_inside_the_span(start: int, end: int, counts: list[int]) -> None:
    """The start counts, the end does not; others' shifts are left out."""
    epoch = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
    begun = [epoch + dt.timedelta(microseconds=u) for u in (0, 5, 9, 3)]
    shifts = pa.table({
        "officer_id": ["x", "x", "y", "other"],
        "valid_from": pa.array(begun, pa.timestamp("us", "UTC")),
    })  # fmt: skip
    assert shifts_per_officer(shifts, ["x", "y", "z"], start, end).tolist() == counts
