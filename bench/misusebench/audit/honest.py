"""Honest metrics: what a detector is worth at a base rate, by the bench's own arithmetic (Q14)."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from misusebench.audit.verdict import Check
from misusebench.metrics.ranking import average_precision


class _Known(NamedTuple):
    """A case worked out by hand (note on data-set quality, Q14)."""

    base: float
    recall: float
    false_alarms: float  # false positive rate
    precision: float  # to so many digits
    digits: int


_KNOWN: Final = (
    _Known(1e-4, 0.9, 1e-3, 0.083, 3), _Known(1e-4, 0.9, 9e-5, 0.50, 2),
    _Known(1e-5, 0.9, 1e-3, 0.009, 3),
)  # fmt: skip


def precision_at(base: float, recall: float, false_alarms: float) -> float:
    """Return the precision of a yes-or-no detector at a base rate, by weighted average precision.

    Of such a detector average precision is recall x precision + (1 - recall) x base rate.

    Examples
    --------
    >>> round(precision_at(1e-4, 0.9, 1e-3), 3)
    0.083
    """
    score, positive = np.array([1.0, 0.0, 1.0, 0.0]), np.array([True, True, False, False])
    weight = np.array([
        recall * base, (1 - recall) * base, false_alarms * (1 - base),
        (1 - false_alarms) * (1 - base),
    ])  # fmt: skip
    area = average_precision(score, positive, weight)
    return (area - (1 - recall) * base) / recall if recall else 0.0


def checks_of_arithmetic() -> list[Check]:
    """Return whether the bench's metrics, reweighted to a base rate, give what a hand gives."""
    return [_known(one) for one in _KNOWN]


def _known(one: _Known) -> Check:
    found = precision_at(one.base, one.recall, one.false_alarms)
    name = f"precision at base rate {one.base:g}, FPR {one.false_alarms:g}"
    return Check("Q14", name, found, f"{one.precision:.{one.digits}f}",
                 round(found, one.digits) == one.precision,
                 f"true positive rate {one.recall:g}")  # fmt: skip


def told_at_rate(
    rule: str, recall: float, false_alarms: float, base: float, rows_per_day: float | None
) -> Check:
    """Return what a rule is worth at a data set's own rate.

    Parameters
    ----------
    rule
        In words.
    recall, false_alarms
        True and false positive rate.
    base
        The rate.
    rows_per_day
        Queries of an officer on a day with any; None where days or officers are not known.
    """
    value, name = precision_at(base, recall, false_alarms), "best rule at the set's own rate"
    flagged = base * recall + (1 - base) * false_alarms
    told = f"{rule}: precision at base rate {base:.2g}"
    if rows_per_day is not None:
        told += f"; {1_000 * flagged * rows_per_day:.3g} alerts per 1,000 officer-days"
    return Check("Q14", name, value, "told only", None, told)
