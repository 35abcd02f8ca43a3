"""Shifts by the days they touch, so that a query meets a few of them, not those of a month."""

from __future__ import annotations

from typing import Final

import numpy as np
import pyarrow as pa

from misusebench.columns import DAY_US, HOUR_US, micros

#: A shift also counts for the days so long before and after it, for rules that allow a margin.
AROUND_US: Final = 2 * HOUR_US


class ShiftDays:
    """All shifts as known so far; those without officer, beginning or end cover nothing."""

    def __init__(self) -> None:
        self._officer, self._first, self._last = (np.zeros(0, np.int32) for _ in range(3))
        self._begin, self._end = (np.zeros(0, np.int64) for _ in range(2))

    def learn(self, shifts: pa.Table) -> None:
        """Take over shifts, with plain times and numbers of officers."""
        shifts = shifts.select(["officer_no", "valid_from", "valid_to"]).drop_null()
        begin, end = micros(shifts["valid_from"]), micros(shifts["valid_to"])
        days = (begin - AROUND_US) // DAY_US, (end + AROUND_US) // DAY_US
        first, last = (day.astype(np.int32) for day in days)
        new = (shifts["officer_no"].to_numpy(), begin, end, first, last)
        old = (self._officer, self._begin, self._end, self._first, self._last)
        some = first <= last
        self._officer, self._begin, self._end, self._first, self._last = (
            np.concatenate([one, more[some]]) for one, more in zip(old, new, strict=True)
        )

    def between(self, first: int, last: int) -> pa.Table:
        """Return each shift once for each of the days from first to last that it touches."""
        shift = np.flatnonzero((self._first <= last) & (self._last >= first))
        begin = np.maximum(self._first[shift], first)
        days = np.minimum(self._last[shift], last) - begin + 1
        before = np.cumsum(days) - days
        row = np.repeat(shift, days)
        day = np.arange(len(row)) + np.repeat(begin - before, days)
        return pa.table(
            {
                "officer_no": self._officer[row],
                "utc_day": day.astype(np.int32, copy=False),
                "valid_from": pa.array(self._begin[row], pa.timestamp("us")),
                "valid_to": pa.array(self._end[row], pa.timestamp("us")),
            }
        )
