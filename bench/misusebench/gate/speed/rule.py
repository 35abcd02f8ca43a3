"""When a change is slower: pure functions of measured times, nothing is measured here.

Identical code differs from launch to launch (layout of memory, seed of hashes): in 318 launches the
95th percentile was 5 %, the largest 60 %. More calls in one launch cannot mend that, more launches
do, and as one launch may be far out, only medians and order statistics are used.
"""

from __future__ import annotations

from math import comb
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from misusebench.gate.verdict import INCONCLUSIVE, PASS, REGRESSION

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

#: Measured once, and more has to be known before it may fail.
SUSPECT: Final = "suspect"
#: How sure the upper bound of a median over launches is.
_SURE: Final = 0.95
#: Time outside its timed calls by which head may exceed base, as a share of a call of base: what
#: makes batches and collects garbage is the same for both, and differs by a tenth at most.
_HIDDEN: Final = 0.5


class Stage(NamedTuple):
    """What a number of launches said of one component, one number a launch."""

    change: Floats  # log-ratio of head to base
    control: Floats  # log-ratio of a second copy of base to base
    hidden: Floats = np.zeros(1)  # what head takes longer outside its calls, in calls of base


def launch(base_ns: Sequence[float] | Floats, head_ns: Sequence[float] | Floats) -> float:
    """Return the log-ratio of a launch: the median over its pairs.

    Examples
    --------
    One pair that something else disturbed does not count.

    >>> round(float(np.exp(launch([100, 100, 100], [110, 110, 900]))), 3)
    1.1
    """
    pairs = np.log(np.asarray(head_ns, float)) - np.log(np.asarray(base_ns, float))
    return float(np.median(pairs))


def slower(change: Floats, margin: float) -> bool:
    """Tell whether launches say that head is slower.

    The median over launches lies above the margin, and all launches but one above zero.

    Examples
    --------
    >>> slower(np.log([1.04, 1.05, 1.04, 0.98]), 0.03)
    True
    >>> slower(np.log([1.04, 1.05, 0.99, 0.98]), 0.03)
    False
    """
    ordered = np.sort(change)
    second = ordered[min(1, len(ordered) - 1)]
    return bool(np.median(ordered) > np.log1p(margin) and second > 0)


def noisy(control: Floats, margin: float) -> bool:
    """Tell whether equal code differs by more than half the margin: no verdict can be had.

    Examples
    --------
    >>> noisy(np.log([1.02, 1.02, 1.01]), 0.03), noisy(np.log([1.02, 1.0, 1.01]), 0.03)
    (True, False)
    """
    return bool(abs(np.median(control)) > np.log1p(margin) / 2)


def upper(change: Floats) -> float:
    """Return a bound above the median over launches: an order statistic, sure to 95 %.

    With 8 launches it is the second largest; with fewer than 5 none is so sure, and it is the
    largest.

    Examples
    --------
    >>> upper(np.arange(8.0)), upper(np.arange(16.0)), upper(np.arange(3.0))
    (6.0, 11.0, 2.0)
    """
    count, below = len(change), 0.0
    for place, one in enumerate(np.sort(change)):
        below += comb(count, place) / 2**count  # at most so many launches lie below the median
        if below >= _SURE:
            return float(one)
    return float(np.max(change))


def bounds(stages: Sequence[Stage]) -> tuple[float, float] | None:
    """Return bounds of the median ratio over all launches; None where too few make none so sure.

    Each is an order statistic, sure to 95 % (see :func:`upper`), so both together are an interval
    of 90 %. One launch that is far out does not move them.

    Examples
    --------
    >>> one = Stage(np.log([0.6, 1.06, 1.07, 1.08, 1.09, 1.1, 1.11, 1.5]), np.zeros(8))
    >>> [round(end, 2) for end in bounds([one])], bounds([Stage(np.zeros(3), np.zeros(3))])
    ([1.06, 1.11], None)
    """
    change = np.concatenate([one.change for one in stages])
    if 1 - 0.5 ** len(change) < _SURE:
        return None
    return float(np.exp(-upper(-change))), float(np.exp(upper(change)))


def restless(stages: Sequence[Stage], margin: float) -> bool:
    """Tell whether copies of base differ, by their median or from launch to launch.

    Examples
    --------
    >>> shifted, quiet = np.log(np.full(8, 1.1)), np.zeros(8)
    >>> restless([Stage(quiet, shifted)], 0.03), restless([Stage(shifted, quiet)], 0.03)
    (True, False)
    """
    control = np.concatenate([one.control for one in stages])
    widest = max(upper(control), upper(-control))
    return noisy(control, margin) or bool(widest > np.log1p(2 * margin))


def may_hide(stages: Sequence[Stage], margin: float) -> bool:
    """Tell whether a machine is so noisy that a pass would be worth nothing.

    Copies of base differ (see :func:`restless`), and what launches say of head does not exclude
    that it is slower by twice the margin.

    Examples
    --------
    >>> wild = np.log([0.8, 0.85, 0.9, 0.95, 1.05, 1.1, 1.15, 1.2])
    >>> quiet = np.log([0.98, 0.99, 1.0, 1.0, 1.0, 1.01, 1.02, 1.2])
    >>> may_hide([Stage(wild, wild)], 0.03), may_hide([Stage(wild, quiet)], 0.03)
    (True, False)
    """
    change = np.concatenate([one.change for one in stages])
    return restless(stages, margin) and bool(upper(change) > np.log1p(2 * margin))


def hides(stages: Sequence[Stage]) -> bool:
    """Tell whether head takes longer in every launch, and says that it was not in its calls.

    Examples
    --------
    >>> one = Stage(np.zeros(3), np.zeros(3), np.array([0.9, 0.8, 1.2]))
    >>> hides([one]), hides([one._replace(hidden=np.array([0.9, 0.1, 1.2]))])
    (True, False)
    """
    return all(bool(np.min(one.hidden) > _HIDDEN) for one in stages)


def why_unsure(stages: Sequence[Stage], margin: float) -> str:
    """Return in words why noise leaves a component undecided."""
    if all(slower(one.change, margin) for one in stages):
        return "base differs from itself by more than half the margin"
    return f"that it is slower by {2 * margin:.0%} is not ruled out"


def decide(stages: Sequence[Stage], margin: float) -> str:
    """Return what one or two stages say: pass, suspect, regression or inconclusive.

    A suspect is measured again with fresh launches and fails only if these say the same. Chance
    would have to strike twice, which stands in for a correction for many components.

    Parameters
    ----------
    stages
        The first, and the second of a suspect.
    margin
        Share by which head may be slower.
    """
    if not all(slower(one.change, margin) for one in stages):
        return INCONCLUSIVE if may_hide(stages, margin) or hides(stages) else PASS
    if len(stages) == 1:
        return SUSPECT
    control = np.concatenate([one.control for one in stages])
    return INCONCLUSIVE if noisy(control, margin) else REGRESSION


def ratio(stages: Sequence[Stage]) -> float:
    """Return head's time as a share of base's: the median over all launches."""
    return float(np.exp(np.median(np.concatenate([one.change for one in stages]))))


def control_ratio(stages: Sequence[Stage]) -> float:
    """Return the same of the two copies of base."""
    return float(np.exp(np.median(np.concatenate([one.control for one in stages]))))


def spread(stages: Sequence[Stage]) -> tuple[float, float]:
    """Return the smallest and the largest ratio of a launch."""
    every = np.exp(np.concatenate([one.change for one in stages]))
    return float(every.min()), float(every.max())


def larger(base_kib: Sequence[int], head_kib: Sequence[int], margin: float) -> tuple[float, bool]:
    """Return the ratio of the largest peaks of memory, and whether it is beyond the margin.

    Examples
    --------
    >>> larger([100, 101, 100], [111, 109, 110], 0.10)
    (1.099009900990099, False)
    """
    found = max(head_kib) / max(base_kib)
    return found, found > 1 + margin
