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


@dataclass(frozen=True, slots=True)
class Profile:
    """Relative intensity by local hour of day and day of week, and how uneven that makes counts."""

    hours: tuple[int, ...]  # 24, in 1/10,000 of a day
    days: tuple[int, ...]  # Monday first, in 1/1,000 of the mean day

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
    times, serials = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
    for place in range(len(setting.agencies)):
        factor = 1.0 if surge is None else float(surge[place])
        for week, mean in zip(setting.weeks, expected, strict=True):
            if not mean[place]:
                continue
            found = arrivals(setting, name, week, float(mean[place]), profile, factor, place)
            times.append(found)
            serials.append((place << SERIAL_BITS) + (week + 1 << WEEK_BITS) + np.arange(len(found)))
    return np.concatenate(times), np.concatenate(serials)


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
    chance = setting.stream(name, week, place)
    hourly, daily = _variances(setting, profile)
    days = _multipliers(chance, daily, _DAYS)
    hours = _multipliers(chance, hourly * surge, _HOURS)
    mean = expected * _shares(profile) * np.repeat(days, 24) * hours
    count = chance.poisson(mean)
    first = (setting.clock.start_day + _DAYS * week) * DAY_US
    begin = np.repeat(first + np.arange(_HOURS) * HOUR_US, count)
    within = chance.integers(0, HOUR_US // SECOND_US, len(begin)) * SECOND_US
    return np.sort(setting.clock.utc(begin + within))


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
    daily = max(0.0, (1 + workload.daily_dispersion) / (1 + by_day) - 1)
    hourly = max(0.0, (1 + workload.dispersion) / ((1 + by_hour) * (1 + daily)) - 1)
    return hourly, max(0.0, daily - hourly / 24)


def _multipliers(chance: np.random.Generator, variance: float, n: int) -> NDArray[np.float64]:
    """Return gamma multipliers of mean 1."""
    if variance <= 0:
        return np.ones(n)
    return chance.gamma(1 / variance, variance, n)
