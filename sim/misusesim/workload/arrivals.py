"""When work arrives: a weekly profile, made uneven by gamma multipliers per day and hour (Cox)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Final

import numpy as np

from misusesim.clock import DAY_US, HOUR_US
from misusesim.plan import SERIAL_BITS
from misusesim.workload.setting import SECOND_US, WEEK_BITS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from misusesim.workload.setting import Setting

    I64Array = NDArray[np.int64]

_HOURS: Final = 168
_DAYS: Final = 7
#: Weeks of agencies put together at a time: enough for numpy, little for the memory.
_AT_A_TIME: Final = 256
#: Local time is less than this away from UTC; a week with it has microseconds of so many bits.
_OFFSETS_US: Final = DAY_US
_WEEK_BITS: Final = 40


@dataclass(frozen=True, slots=True)
class Profile:
    """Relative intensity by local hour of day and day of week, and how uneven that makes counts."""

    hours: tuple[int, ...]  # 24, in 1/10,000 of a day
    days: tuple[int, ...]  # Monday first, in 1/1,000 of the mean day
    #: Hourly and daily (Fano - 1) / mean of counts; None: those of the scenario's `[workload]`.
    dispersion: tuple[float | None, float | None] = (None, None)

    def shares(self) -> NDArray[np.float64]:
        """Return the share of each of the 168 hours of a week."""
        weights = np.outer(self.days, self.hours).reshape(-1)
        return np.asarray(weights / weights.sum())

    def unevenness(self) -> tuple[float, float]:
        """Return squared coefficients of variation of the 168 hours and of the 7 days."""
        share = self.shares() * _HOURS
        day = share.reshape(_DAYS, 24).mean(axis=1)
        return float((share**2).mean() - 1), float((day**2).mean() - 1)


#: 19,753 stops of 899 officers, 2015-2017 (seattle_terry in the reference profiles, domain 7.3).
STREET: Final = Profile(
    hours=(
        425, 490, 543, 501, 300, 331, 266, 290, 288, 300, 377, 402,
        368, 406, 451, 478, 505, 517, 657, 576, 307, 335, 423, 466,
    ),
    days=(948, 977, 1001, 970, 1035, 1034, 1036),
)  # fmt: skip
#: Calls for service: with the stops, 46 of 100, they peak at 18:00-19:00 about three times as high
#: as the trough at 04:00 (2.8 M incidents of Los Angeles, 3.2, domain note 7.2); the shape in
#: between is an assumption. The week leans to Los Angeles': Friday 15.1, Sunday 12.7 %.
CALLS: Final = Profile(
    hours=(
        330, 270, 220, 180, 155, 170, 210, 300, 380, 420, 450, 470,
        490, 500, 520, 550, 575, 605, 640, 640, 590, 530, 480, 415,
    ),
    days=(985, 1000, 1010, 1005, 1050, 1030, 920),
)  # fmt: skip
#: 54,977 plate searches of 78 Californian agencies, 2026 (ca_portal_78_agencies, domain 7.3).
DESK: Final = Profile(
    hours=(
        274, 227, 198, 190, 183, 176, 223, 362, 471, 534, 611, 608,
        594, 618, 672, 665, 605, 520, 426, 402, 381, 381, 359, 320,
    ),
    days=(947, 1186, 1222, 1208, 1024, 734, 679),
)  # fmt: skip
#: Applications and letters come in while offices are open (assumption).
OFFICE: Final = Profile(
    hours=(0, 0, 0, 0, 0, 0, 0, 0, 900, 1300, 1400, 1200, 700, 1100, 1300, 1200, 900, 0, 0, 0, 0,
           0, 0, 0),
    days=(1150, 1250, 1250, 1250, 1100, 0, 0),
)  # fmt: skip


def coming(
    setting: Setting, name: str, expected: Sequence[NDArray[np.number]], profile: Profile,
    surge: NDArray[np.float64] | None = None,
) -> tuple[I64Array, I64Array]:  # fmt: skip
    """Return times and serials of what arrives in all weeks, by agency and time.

    Parameters
    ----------
    setting
        The agencies.
    name
        What arrives.
    expected
        For every week, the warm-up first, the mean number of each agency.
    profile
        Hours and days.
    surge
        Factor on the variance of the hours, per agency.

    Returns
    -------
    time, serial : NDArray[np.int64]
        UTC microseconds; place of the agency, week, and place in the week in bits.
    """
    means = np.stack(expected, axis=1)
    place, week = np.nonzero(means)
    surges = np.ones(len(means)) if surge is None else surge
    times, counts = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
    for first in range(0, len(place), _AT_A_TIME):
        own, when = place[first : first + _AT_A_TIME], week[first : first + _AT_A_TIME] - 1
        drawn = _drawn(setting, name, own, when, means[own, when + 1], surges[own], profile)
        time, count = _times(setting, when, *drawn)
        times.append(time)
        counts.append(count)
    count = np.concatenate(counts)
    serial = (place << SERIAL_BITS) + (week << WEEK_BITS) - np.cumsum(count) + count
    return np.concatenate(times), np.repeat(serial, count) + np.arange(count.sum())


def arrivals(
    setting: Setting, name: str, week: int, expected: float, profile: Profile,
    surge: float = 1.0, place: int = 0,
) -> I64Array:  # fmt: skip
    """Return the times of one week's arrivals, ascending, UTC microseconds in whole seconds.

    The scenario's `dispersion` and `daily_dispersion` are (Fano - 1) / mean of counts per hour and
    day, profile included; what the profile leaves over is spread by the multipliers.

    Parameters
    ----------
    setting
        The agencies; chance is that of (name, agency, week).
    name
        What arrives.
    week
        Week of the scenario, -1 the warm-up.
    expected
        Mean number in the week.
    profile
        Hours and days.
    surge
        Factor on the variance of the hours; above 1 for bursty agencies.
    place
        Which of the agencies.
    """
    own, when = np.array([place]), np.array([week])
    drawn = _drawn(setting, name, own, when, np.array([expected]), np.array([surge]), profile)
    return _times(setting, when, *drawn)[0]


def _drawn(
    setting: Setting, name: str, place: I64Array, week: I64Array, expected: NDArray[np.number],
    surge: NDArray[np.float64], profile: Profile,
) -> tuple[I64Array, I64Array]:  # fmt: skip
    """Return how many arrive in each hour of some weeks, and the second of each in its hour."""
    counts, seconds = [], []
    hourly, daily = _variances(setting, profile)
    chances = setting.streams(name, week, place)
    for chance, mean, factor in zip(chances, expected.tolist(), surge.tolist(), strict=True):
        days = _multipliers(chance, daily, _DAYS)
        hours = _multipliers(chance, hourly * factor, _HOURS)
        count = chance.poisson(mean * _shares(profile) * days.repeat(24) * hours)
        counts.append(count)
        seconds.append(chance.integers(0, HOUR_US // SECOND_US, int(count.sum())))
    return np.stack(counts), np.concatenate(seconds)


def _times(
    setting: Setting, week: I64Array, hourly: I64Array, second: I64Array
) -> tuple[I64Array, I64Array]:
    """Return the times of what arrives in some weeks, ascending in each, and how many it is."""
    count = hourly.sum(axis=1)
    first = (setting.clock.start_day + _DAYS * week) * DAY_US
    hours = (first[:, None] + np.arange(_HOURS) * HOUR_US).reshape(-1)
    time = setting.clock.utc(np.repeat(hours, hourly.reshape(-1)) + second * SECOND_US)
    # one sort for all: which of the weeks, and the time from well before it on
    offset = first - _OFFSETS_US - (np.arange(len(week)) << _WEEK_BITS)
    time -= np.repeat(offset, count)
    time.sort()
    return time + np.repeat(offset, count), count


@cache
def _shares(profile: Profile) -> NDArray[np.float64]:
    return profile.shares()


@cache
def _unevenness(profile: Profile) -> tuple[float, float]:
    return profile.unevenness()


def _variances(setting: Setting, profile: Profile) -> tuple[float, float]:
    """Return variances of the hourly and the daily multiplier."""
    workload = setting.scenario.workload
    by_hour, by_day = _unevenness(profile)
    own_hourly, own_daily = profile.dispersion
    of_days = workload.daily_dispersion if own_daily is None else own_daily
    of_hours = workload.dispersion if own_hourly is None else own_hourly
    daily = max(0.0, (1 + of_days) / (1 + by_day) - 1)
    hourly = max(0.0, (1 + of_hours) / ((1 + by_hour) * (1 + daily)) - 1)
    return hourly, max(0.0, daily - hourly / 24)


def _multipliers(chance: np.random.Generator, variance: float, n: int) -> NDArray[np.float64]:
    """Return gamma multipliers of mean 1."""
    if variance <= 0:
        return np.ones(n)
    return chance.gamma(1 / variance, variance, n)
