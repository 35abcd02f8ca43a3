"""The strongest public heuristic: an officer's own ten busiest hours, and what falls outside."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from misusebench.columns import DAY_US, HOUR_US, LocalTime, Words, micros

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pyarrow as pa
    from numpy.typing import NDArray


def best_window(hour_counts: NDArray[np.int64], hours: int = 10) -> int:
    """Return the starting hour of the window of `hours` hours with the most queries.

    The earliest one wins a tie. Windows start on the hour and may pass midnight.

    Examples
    --------
    >>> counts = np.zeros(24, int); counts[[22, 23, 0, 5]] = 1
    >>> best_window(counts)
    20
    """
    wrapped = np.r_[hour_counts, hour_counts[: hours - 1]]
    return int(np.convolve(wrapped, np.ones(hours, np.int64), "valid").argmax())


class ShiftWindow:
    """Hours by which a query misses the officer's best 10-hour window of the history.

    On a real log 17 % of honest queries fall outside (see `tests/data/README.md`): overtime,
    swaps, court. Officers with fewer than `least` queries of history score zero.

    Known weakness: whoever misuses on duty is invisible, and a new shift looks like misuse.
    """

    name = "shift_window"
    tiers = ("T0", "T1", "T2", "T3")
    needs = ("agency_id", "officer_id", "time")

    def __init__(self, hours: int = 10, least: int = 30) -> None:
        self._hours, self._least = hours, least
        self._officers, self._local = Words(), LocalTime({})
        self._start = np.full(0, -1, np.int64)

    def fit(self, history: pa.Table, context: Mapping[str, pa.Table]) -> None:
        """Learn each officer's window."""
        self._local.learn(context.get("directory/agencies"))
        local = self._local.local(history["agency_id"], micros(history["time"]))
        officer = self._officers.codes(history["officer_id"])
        counts = np.zeros((len(self._officers), 24), np.int64)
        np.add.at(counts, (officer, local % DAY_US // HOUR_US), 1)
        self._start = np.array(
            [best_window(row, self._hours) if row.sum() >= self._least else -1 for row in counts],
            np.int64,
        )

    def score(self, batch: pa.RecordBatch) -> NDArray[np.float64]:
        """Return hours outside the window, 0 inside or without a window."""
        local = self._local.local(batch["agency_id"], micros(batch["time"]))
        officer = self._officers.codes(batch["officer_id"])
        known = np.r_[self._start, np.full(len(self._officers) - len(self._start), -1)]
        start = known[officer]
        after = (local % DAY_US - start * HOUR_US) % DAY_US  # since the window opened
        late = after - self._hours * HOUR_US
        outside = np.where(late >= 0, np.minimum(late, DAY_US - after), 0)
        return np.where(start >= 0, outside, 0) / HOUR_US
