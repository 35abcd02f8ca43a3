"""When a change is slower: pure functions of measured times, nothing is measured here.

Identical code differs from launch to launch (layout of memory, seed of hashes): in 318 launches the
95th percentile was 5 %, the largest 60 %. More calls in one launch cannot mend that, more launches
do, and as one launch may be far out, only medians and order statistics are used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from misusebench.gate.verdict import INCONCLUSIVE, PASS, REGRESSION

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

#: Measured once, and more has to be known before it may fail.
SUSPECT: Final = "suspect"


class Stage(NamedTuple):
    """What a number of launches said of one component; log-ratios, one a launch."""

    change: Floats  # head to base
    control: Floats  # base to a second copy of base


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
        return PASS
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
