"""Statistics of calls and stops: when they come, how unevenly, and who makes the stops."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from misusesim.realism.measures import distance, runs
from misusesim.realism.profile import DAY_US, HOUR_US, NIGHT, gini
from misusesim.realism.references import hours
from misusesim.realism.targets import Measured, Near, NotApplicableError, Statistic, Within
from misusesim.realism.times import fano, gap_variation, per_hour, per_weekday

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from misusesim.realism.material import Incidents, Material

    I64Array = NDArray[np.int64]

#: Stops an agency needs before its bursts are described; officers with stops, their inequality.
_STOPS, _OFFICERS = 500, 25


def _incidents(of: Material) -> Incidents:
    if of.incidents is None:
        raise NotApplicableError("a search log has no calls and stops")
    return of.incidents


def _stop_times(of: Material, least: int = 2_000) -> I64Array:
    incidents = _incidents(of)
    time = incidents.time[incidents.stop]
    if len(time) < least:
        raise NotApplicableError(f"{len(time):,} stops, {least:,} needed")
    return time


def distance_to(reference: Sequence[float]) -> Callable[[Material], Measured]:
    """Return what measures the distance of the hours of the day to a reference."""

    def measure(of: Material) -> Measured:
        time = _stop_times(of)
        return Measured(distance(per_hour(time), reference), len(time))

    return measure


def _night(of: Material) -> Measured:
    time = _stop_times(of)
    return Measured(float(per_hour(time)[list(NIGHT)].sum() / len(time)), len(time))


def _weekend(of: Material) -> Measured:
    time = _stop_times(of)
    return Measured(float(per_weekday(time)[5:].sum() / 7), len(time))


def _flat(of: Material) -> Measured:
    time = _stop_times(of)
    return Measured(float(np.abs(per_weekday(time) - 1).max()), len(time))


def _median_of_agencies(one: Callable[[I64Array], float | None]) -> Callable[[Material], Measured]:
    def measure(of: Material) -> Measured:
        incidents = _incidents(of)
        time, agency = incidents.time[incidents.stop], incidents.agency[incidents.stop]
        parts = [time[rows] for rows in runs(agency) if len(rows) >= _STOPS]
        found = [value for part in parts if (value := one(part)) is not None]
        if not found:
            raise NotApplicableError(f"no agency of the right size with {_STOPS} stops")
        return Measured(float(np.median(found)), len(found))

    return measure


def _spread(unit: int) -> Callable[[I64Array], float | None]:
    def one(time: I64Array) -> float | None:
        factor, mean = fano(time, unit)
        return (factor - 1) / mean

    return one


def _median_of_officers(one: Callable[[I64Array], float]) -> Callable[[Material], Measured]:
    def measure(of: Material) -> Measured:
        incidents = _incidents(of)
        made = incidents.stop & (incidents.officer >= 0)
        officer, found = incidents.officer[made], []
        for rows in runs(incidents.agency[made]):
            counts = np.unique(officer[rows], return_counts=True)[1]
            if len(counts) >= _OFFICERS and len(rows) >= _STOPS:
                found.append(one(np.sort(counts)[::-1]))
        if not found:
            raise NotApplicableError(f"no agency where {_OFFICERS} officers make stops")
        return Measured(float(np.median(found)), len(found))

    return measure


def _self_initiated(of: Material) -> Measured:
    incidents = _incidents(of)
    patrolled = np.isin(incidents.agency, np.unique(incidents.agency[incidents.stop]))
    n = int(patrolled.sum())
    if n < 2_000:  # noqa: PLR2004 - a week of a small town
        raise NotApplicableError(f"{n:,} calls and stops, 2,000 needed")
    return Measured(float(incidents.stop[patrolled].mean()), n)


def _peak(of: Material) -> Measured:
    time = _incidents(of).time
    if len(time) < 2_000:  # noqa: PLR2004
        raise NotApplicableError(f"{len(time):,} calls and stops, 2,000 needed")
    count = per_hour(time)
    return Measured(float(count.max() / max(1, count.min())), len(time))


def _day(weekday: int) -> Callable[[Material], Measured]:
    def measure(of: Material) -> Measured:
        time = _incidents(of).time
        return Measured(float(per_weekday(time)[weekday] / 7), len(time))

    return measure


_SEATTLE = "19,753 stops of Seattle, domain note 7.3"
_LAPD = "2.8 M incidents of Los Angeles, domain note 7.2"
STATISTICS: Final = (
    Statistic("stop_hours", "hours of the day of stops, distance to Seattle", "stops",
              distance_to(hours("seattle_terry")), Near(0.05), _SEATTLE, 14, ".3f"),
    Statistic("stop_night", "stops 22:00-05:59", "stops", _night, Within(0.31, 0.39), _SEATTLE, 14,
              ".1%"),
    Statistic("stop_weekend", "stops on the weekend", "stops",
              _weekend, Within(0.26, 0.33), _SEATTLE, 28,
              ".1%"),
    Statistic("stop_flat_week", "largest deviation of a weekday from the mean day", "stops", _flat,
              Within(0.0, 0.12), "6 % in 2.5 years of Seattle, domain note 12, R3; a year of "
              "over-dispersed days adds a tenth", 180, ".1%"),
    Statistic("stop_spread_hour", "(Fano - 1) / mean by hour, median agency", "stops",
              _median_of_agencies(_spread(HOUR_US)), Within(0.5, 2.8),
              "Seattle 1.02, ordinary agencies 0.70-2.82, domain note 7.3", 28),
    Statistic("stop_spread_day", "(Fano - 1) / mean by day, median agency", "stops",
              _median_of_agencies(_spread(DAY_US)), Within(0.08, 0.56),
              "Seattle 0.17, ordinary agencies 0.15-0.56, domain note 7.3", 28),
    Statistic("stop_gaps", "sd / mean of gaps, median agency", "stops",
              _median_of_agencies(gap_variation), Within(1.35, 2.2),
              "Seattle 1.55, domain note 7.3", 28),
    Statistic("stop_gini", "Gini of stops per officer, median agency", "stops",
              _median_of_officers(gini), Within(0.44, 0.62), "Seattle 0.54, domain note 7.4", 56),
    Statistic("stop_top10", "busiest 10 % of officers, median agency", "stops",
              _median_of_officers(lambda busy: float(busy[: max(1, round(0.1 * len(busy)))].sum()
                                                     / busy.sum())),
              Within(0.30, 0.46), "Seattle 38 %, domain note 7.4", 56, ".1%"),
    Statistic("stop_sigma", "sd of ln stops per officer, median agency", "stops",
              _median_of_officers(lambda busy: float(np.log(busy).std())), Within(0.9, 1.5),
              "Seattle 1.23, domain note 7.4", 56),
    Statistic("self_initiated", "stops among calls and stops", "calls and stops", _self_initiated,
              Within(0.40, 0.52), "46 % self-initiated; " + _LAPD, 14, ".1%"),
    Statistic("street_peak", "busiest ÷ quietest hour of the day", "calls and stops", _peak,
              Within(2.4, 3.5), "3.2; " + _LAPD + "; Seattle's stops 2.5, domain note 12, R3", 28),
    Statistic("street_friday", "calls and stops on Friday", "calls and stops",
              _day(4), Within(0.130, 0.170),
              "15.1 %; " + _LAPD, 28, ".1%"),
    Statistic("street_sunday", "calls and stops on Sunday", "calls and stops",
              _day(6), Within(0.122, 0.153),
              "12.7 %; " + _LAPD + "; Seattle's stops 14.8 %, domain note 7.3", 28, ".1%"),
)  # fmt: skip
