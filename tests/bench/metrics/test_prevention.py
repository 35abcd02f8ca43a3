"""What policies prevent and what they cost."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from misusebench.metrics import (
    Decided,
    compute_policy,
    friction,
    labelled,
    matrix,
    policy_curves,
    prevention,
    shifts_per_officer,
    stopped,
)
from misusesim.dataset import schema

HOUR_US = 3_600_000_000


def decided(outcome: list[int], **columns: object) -> Decided:
    """Return decisions on one row per officer; the first half is misuse."""
    n = len(outcome)
    positive = np.arange(n) < n // 2
    rows = labelled(np.zeros(n), positive, **columns)  # type: ignore[arg-type]
    return Decided(rows, np.array(outcome, np.int8), np.zeros(n, np.int32), [((), ())], draws=50)


def test_only_a_denial_prevents() -> None:
    """Of four misuse queries two are denied, one challenged, one permitted."""
    small = decided([1, 1, 2, 0, 0, 0, 0, 0])
    assert prevention.misuse_prevented(small, small.ones).tolist() == [0.5]


def test_a_challenge_is_friction_for_the_honest() -> None:
    """Of four honest queries one is denied and one challenged."""
    small = decided([0, 0, 0, 0, 1, 2, 0, 0])
    assert friction.honest_blocked(small, small.ones).tolist() == [0.5]
    assert friction.honest_blocked_per_100_shifts(small, small.ones).tolist() == [25.0]


def test_shifts_given_count_instead_of_days() -> None:
    """Two honest queries blocked in ten shifts are 20 per 100."""
    small = decided([0, 0, 1, 1])
    small.shifts = np.array([1.0, 2.0, 3.0, 4.0])
    assert friction.honest_blocked_per_100_shifts(small, small.ones).tolist() == [20.0]


def test_slips_count_on_neither_side() -> None:
    """A denied slip is neither misuse prevented nor honest work blocked."""
    small = decided([0, 0, 1, 0], ignore=np.array([0, 0, 1, 0], bool))
    assert prevention.misuse_prevented(small, small.ones).tolist() == [0.0]
    assert friction.honest_blocked(small, small.ones).tolist() == [0.0]


def test_lawful_licensing_is_counted_apart() -> None:
    """One of two lawful licensing queries is denied."""
    small = decided([0, 0, 0, 1, 0, 0], oddity=np.array([-1, -1, -1, 10, 10, -1]))
    assert friction.lawful_licensing_blocked(small, small.ones).tolist() == [0.5]
    none = decided([0, 0])
    assert np.isnan(friction.lawful_licensing_blocked(none, none.ones)).all()


def test_fail_open_is_a_permit_with_an_error() -> None:
    """Of two answers with an error one permits; no errors is undefined, not 0."""
    small = decided([0, 1, 0, 0])
    small.why[:2] = 1
    small.explanations = [((), ()), ((), ("no case",))]
    assert prevention.fail_open(small, small.ones).tolist() == [0.5]
    assert prevention.error_rate(small, small.ones).tolist() == [0.5]
    none = decided([0, 1])
    assert np.isnan(prevention.fail_open(none, none.ones)).all()
    assert compute_policy(none)["fail_open"].reason == "no answer with an error"


def test_macro_and_least_over_kinds() -> None:
    """One kind is denied wholly, the other not at all."""
    small = decided([1, 0, 0, 0], kind=np.array([0, 1, -1, -1]))
    assert prevention.prevented_macro(small, small.ones).tolist() == [0.5]
    assert prevention.prevented_min(small, small.ones).tolist() == [0.0]


def test_by_kind_and_rung() -> None:
    """The declared rung is denied, the miscoded one is not: as for a rule on purposes."""
    small = decided([1, 1, 0, 0, 0, 0, 0, 0], kind=np.array([0, 0, 0, 0, -1, -1, -1, -1]),
                    rung=np.array([0, 0, 1, 1, -1, -1, -1, -1]))  # fmt: skip
    values = compute_policy(small)
    assert values["misuse_prevented/permit_checks"].value == 0.5
    assert values["misuse_prevented/permit_checks/declared"].value == 1.0
    assert values["misuse_prevented/permit_checks/miscoded"].value == 0.0
    rows = policy_curves(small)["kinds"]
    assert rows[1] == {"kind": "permit_checks", "rung": "declared", "n": 2, "prevented": 1.0}


def test_rule_counts_and_their_values() -> None:
    """A reason given twice in one answer counts once; sides are apart."""
    small = prevention.example()
    assert prevention.rule_counts(small) == {
        "case": {"misuse": 0, "honest": 2, "ignore": 0},
        "purpose": {"misuse": 1, "honest": 1, "ignore": 0},
    }
    small.explanations = [((), ()), (("a", "a"), ()), ((), ()), ((), ())]
    assert prevention.rule_counts(small) == {"a": {"misuse": 1, "honest": 0, "ignore": 0}}
    assert compute_policy(small)["rule_count/a/misuse"].value == 1.0


def test_matrix_cells_sum_to_one() -> None:
    """Policy only, detector only, both and neither are all there is."""
    cells = matrix(np.array([1.0, 0.5, 0.0, 0.0]), np.array([1.0, 0.0, 1.0, 0.0]))
    assert cells == {
        "policy_only": 0.25, "detector_only": 0.125, "both": 0.25, "neither": 0.375,
        "campaigns": 4,
    }  # fmt: skip


def test_matrix_without_campaigns_is_undefined() -> None:
    """No campaign, no share."""
    assert matrix(np.zeros(0), np.zeros(0))["both"] is None


def test_stopped_is_the_share_denied_per_campaign() -> None:
    """One of two queries of the first campaign and both of the second are denied."""
    small = decided([1, 0, 1, 1, 0, 0, 0, 0], campaign=np.array([0, 0, 1, 1, -1, -1, -1, -1]))
    assert stopped(small).tolist() == [0.5, 1.0]


def test_intervals_come_from_officers() -> None:
    """Denials that follow the officer have a wide interval; the value lies inside."""
    small = decided([1] * 10 + [0] * 10 + [0] * 20)
    value = compute_policy(small)["misuse_prevented"]
    assert value.value == 0.5
    assert value.low is not None
    assert value.high is not None
    assert value.low < 0.5 < value.high
    assert value.note == "interval unreliable"


def test_shifts_per_officer() -> None:
    """Shifts that begin in the span count, per officer asked for."""
    table = pa.table({
        "officer_id": ["a", "a", "b", "a"],
        "valid_from": pa.array([0, 10 * HOUR_US, 10 * HOUR_US, 99 * HOUR_US], schema.TIME),
    })  # fmt: skip
    found = shifts_per_officer(table, ["b", "a", "c"], HOUR_US, 99 * HOUR_US)
    assert found.tolist() == [1.0, 1.0, 0.0]


@pytest.mark.parametrize("name", ["misuse_prevented", "prevented_min", "prevented_macro"])
def test_no_misuse_has_a_reason(name: str) -> None:
    """On honest data nothing can be prevented, and the value says so."""
    rows = labelled(np.zeros(3), np.zeros(3, bool))
    honest = Decided(rows, np.zeros(3, np.int8), np.zeros(3, np.int32), [((), ())], draws=10)
    value = compute_policy(honest)[name]
    assert (value.value, value.reason) == (None, "no misuse among the scored queries")
