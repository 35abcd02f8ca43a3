"""Whether two replays said the same."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from misusebench.component import Alert
    from misusebench.replay import Replayed

#: Relative difference allowed between two runs of other shape: libraries may add in another order.
TOLERANCE: Final = 1e-9


def same_scores(
    wanted: NDArray[np.float64], found: NDArray[np.float64], what: str
) -> tuple[bool, str]:
    """Compare scores within the tolerance."""
    if len(wanted) != len(found):
        return False, f"{what}: {len(found)} scores instead of {len(wanted)}"
    if not len(wanted):
        return True, f"{what}: nothing to compare"
    gap = np.abs(wanted - found)
    off = gap > TOLERANCE * np.maximum(1.0, np.abs(wanted))
    if not off.any():
        return True, f"{what}: {len(wanted)} scores equal"
    return (
        False,
        f"{what}: {int(off.sum())} of {len(wanted)} scores differ, by up to {gap.max():.3g}",
    )


def difference(one: Replayed, other: Replayed) -> str:
    """Return in what two replays differ."""
    ok, detail = same_scores(one.score, other.score, "two processes")
    return "alerts differ between two processes" if ok else detail


def same_alerts(wanted: Sequence[Alert], found: Sequence[Alert], what: str) -> tuple[bool, str]:
    """Compare alerts, in whatever order they came; their scores within the tolerance."""
    for one, other in zip(sorted(wanted), sorted(found), strict=False):
        near = abs(one.score - other.score) <= TOLERANCE * max(1.0, abs(one.score))
        if one._replace(score=0) != other._replace(score=0) or not near:
            return False, f"{what}: another alert, {one.level} {one.key!r} for {one.reason!r:.60}"
    if len(wanted) != len(found):
        return False, f"{what}: {len(found)} alerts instead of {len(wanted)}"
    return True, f"{what}: {len(wanted)} alerts equal"
