"""The distinct values of a probe, in order: ranks, bounds and hits without sorting again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

#: Whole numbers from -1 up to here are counted instead of sorted; most probes are such.
_COUNTED: Final = 1 << 23


class Distinct:
    """The values of a probe as places among its distinct ones.

    Examples
    --------
    >>> of = Distinct(np.array([3.0, 1.0, 3.0, 2.5]))
    >>> of.values.tolist(), of.places.tolist(), of.counts.tolist()
    ([1.0, 2.5, 3.0], [2, 0, 2, 1], [1, 1, 2])
    """

    def __init__(self, values: Floats) -> None:
        counted = len(values) > 0 and values.min() >= -1 and values.max() < _COUNTED
        if counted and bool((values == np.floor(values)).all()):
            raw = values.astype(np.int64) + 1
            there = np.bincount(raw) > 0
            self.values = np.flatnonzero(there).astype(np.float64) - 1
            self.places = (np.cumsum(there) - 1)[raw]
        else:
            self.values, self.places = np.unique(values, return_inverse=True)
        self.counts = self.of(slice(None))

    def of(self, rows: Any) -> Ints:
        """Return how often each value occurs among some rows."""
        return np.bincount(self.places[rows], minlength=len(self.values))

    def ranks(self, parts: Sequence[slice]) -> Floats:
        """Return the rank of each row within its part from 1, ties at their mean."""
        found = np.empty(len(self.places))
        for rows in parts:
            count = self.of(rows)
            found[rows] = (np.cumsum(count) - (count - 1) / 2)[self.places[rows]]
        return found

    def quantiles(self, shares: Sequence[float]) -> list[float]:
        """Return quantiles, each once, between two values where they fall there.

        >>> Distinct(np.arange(5.0)).quantiles((0.5, 0.625))
        [2.0, 2.5]
        """
        upto, at = np.cumsum(self.counts), np.array(shares) * (len(self.places) - 1)
        low, high = (
            self.values[np.searchsorted(upto, place(at).astype(np.int64), side="right")]
            for place in (np.floor, np.ceil)
        )
        cuts = np.unique(low + (high - low) * (at - np.floor(at)))
        return [float(cut) for cut in cuts]

    def commonest(self, number: int) -> list[float]:
        """Return the commonest values, the smaller first of as common ones."""
        some = np.argsort(-self.counts, kind="stable")[:number]
        return [float(value) for value in self.values[some]]
