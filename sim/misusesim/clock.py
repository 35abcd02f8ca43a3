"""Time in the simulator: integer microseconds, UTC outside, the agencies' local clock inside.

There is no wall clock here; everything follows from the scenario's start and time zone.
"""

from __future__ import annotations

import datetime as dt
from functools import cache
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from misusesim.scenario.model import Scenario

HOUR_US: Final = 3_600_000_000
DAY_US: Final = 24 * HOUR_US
WEEK_US: Final = 7 * DAY_US
MINUTE_US: Final = 60_000_000
#: Later than any time of a scenario; stands for "not yet".
NEVER: Final = 2**62
#: Regular 10 h shifts as (first, last) local minute; past 1,440 is the next day (Eugene's public
#: audit repository; domain note 7.2).
WATCHES: Final = ((390, 990), (450, 1050), (660, 1260), (1020, 1620), (1230, 1830), (1290, 1890))
_EPOCH: Final = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_SECOND: Final = dt.timedelta(seconds=1)
_DAY_SECONDS: Final = 86_400
#: Years tabulated from the year before the start: the longest scenario (3,660 days) and more.
_YEARS: Final = 14
_SATURDAY: Final = 5
#: Year of the first Juneteenth (Pub. L. 117-17).
_JUNETEENTH: Final = 2021


class LocalClock:
    """Converts between UTC and the local time of a scenario, and counts its weeks and days."""

    def __init__(self, scenario: Scenario) -> None:
        self.start_day = (scenario.start - dt.date(1970, 1, 1)).days
        # the same table for any number of days
        self._change_utc, self._shift = _offsets(scenario.timezone, scenario.start.year - 1)
        # from this local time on the later offset holds; a repeated hour is read as its first pass
        self._change_local = self._change_utc + np.maximum(self._shift[1:], self._shift[:-1])
        start = self.start_day * DAY_US
        ends = self.utc(np.array([start, start + scenario.days * DAY_US]))
        self.horizon = (int(ends[0]), int(ends[1]))
        self.weeks = -(-scenario.days // 7)

    def local(self, utc_us: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return local microseconds since 1970 by the clock on the wall."""
        if np.size(utc_us):
            ends = np.searchsorted(self._change_utc, [np.min(utc_us), np.max(utc_us)], side="right")
            if ends[0] == ends[1]:  # a week or two mostly have one offset
                return np.asarray(utc_us + self._shift[ends[0]])
        at = np.searchsorted(self._change_utc, utc_us, side="right")
        return np.asarray(utc_us + self._shift[at])

    def utc(self, local_us: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return UTC microseconds; a skipped hour is read with the offset before it."""
        at = np.searchsorted(self._change_local, local_us, side="right")
        return np.asarray(local_us - self._shift[at])

    def week_bounds(self, week: int) -> tuple[int, int]:
        """Return UTC start and end of a week; 0 is the scenario's first, -1 the warm-up."""
        start = (self.start_day + 7 * week) * DAY_US
        ends = self.utc(np.array([start, start + WEEK_US]))
        return int(ends[0]), int(ends[1])

    def week_of(self, utc_us: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the scenario week of each UTC time (negative in the warm-up)."""
        return self.day_index(utc_us) // 7

    def day_index(self, utc_us: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the local day of each UTC time, 0 is the scenario's first."""
        return self.local(utc_us) // DAY_US - self.start_day

    def day_start(self, day: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the UTC time of local midnight at the beginning of each scenario day."""
        return self.utc((np.asarray(day, np.int64) + self.start_day) * DAY_US)

    def business_day(self, day: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Return whether each scenario day is Monday to Friday and no federal holiday."""
        since_epoch = np.asarray(day, np.int64) + self.start_day
        weekday = (since_epoch + 3) % 7
        years = np.unique(since_epoch.astype("datetime64[D]").astype("datetime64[Y]").astype(int))
        # New Year's Day of the next year may be observed on 31 December of this one
        asked = sorted({1970 + year + more for year in years.tolist() for more in (0, 1)})
        holidays = [d for year in asked for d in federal_holidays(year)]
        off = np.array([(d - dt.date(1970, 1, 1)).days for d in holidays], np.int64)
        return np.asarray((weekday < _SATURDAY) & ~np.isin(since_epoch, off))


@cache
def _offsets(timezone: str, first_year: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return when the UTC offset changes (UTC µs, to the second) and the offsets around it."""
    zone = ZoneInfo(timezone)

    def offset(second: int) -> int:
        found = (_EPOCH + dt.timedelta(seconds=second)).astimezone(zone).utcoffset()
        return round((found or dt.timedelta()) / _SECOND)

    at, end = (
        int((dt.datetime(year, 1, 1, tzinfo=dt.UTC) - _EPOCH) / _SECOND)
        for year in (first_year, first_year + _YEARS)
    )
    changes, offsets = [], [offset(at)]
    for day in range(at, end, _DAY_SECONDS):
        low, high = day, day + _DAY_SECONDS
        if offset(high) == offsets[-1]:
            continue
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (low, middle) if offset(middle) != offsets[-1] else (middle, high)
        changes.append(high)
        offsets.append(offset(high))
    return np.array(changes, np.int64) * 1_000_000, np.array(offsets, np.int64) * 1_000_000


def federal_holidays(year: int) -> list[dt.date]:
    """Return the days on which the US federal holidays are observed (5 U.S.C. 6103).

    A holiday on a Saturday is observed the day before, one on a Sunday the day after, so that New
    Year's Day may be observed in the year before. Inauguration Day is left out: it is a holiday of
    federal offices around Washington only.

    Examples
    --------
    >>> [d.isoformat() for d in federal_holidays(2023)][:3]
    ['2023-01-02', '2023-01-16', '2023-02-20']
    """

    def nth(month: int, weekday: int, n: int) -> dt.date:
        first = dt.date(year, month, 1)
        return first + dt.timedelta(days=(weekday - first.weekday()) % 7 + 7 * (n - 1))

    def observed(day: dt.date) -> dt.date:
        return day + dt.timedelta(days={5: -1, 6: 1}.get(day.weekday(), 0))

    last_of_may = dt.date(year, 5, 31)
    juneteenth = [observed(dt.date(year, 6, 19))] if year >= _JUNETEENTH else []
    return [
        observed(dt.date(year, 1, 1)),
        nth(1, 0, 3),
        nth(2, 0, 3),
        last_of_may - dt.timedelta(days=last_of_may.weekday()),
        *juneteenth,
        observed(dt.date(year, 7, 4)),
        nth(9, 0, 1),
        nth(10, 0, 2),
        observed(dt.date(year, 11, 11)),
        nth(11, 3, 4),
        observed(dt.date(year, 12, 25)),
    ]
