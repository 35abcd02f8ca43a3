"""Statistics of when plate searches come: hours, days of the week, bursts, gaps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from misusesim.realism.measures import distance, runs
from misusesim.realism.profile import DAY_US, HOUR_US, NIGHT, SMALL_HOURS
from misusesim.realism.references import hours
from misusesim.realism.targets import Measured, Near, NotApplicableError, Statistic, Within

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from misusesim.realism.material import Material, Searches

    I64Array = NDArray[np.int64]

#: Searches an agency needs before its bursts are described (as in domain note 7.3).
SEARCHES: Final = 200
#: Days in which they were made there: 24 February to 27 April 2026.
_IN_DAYS: Final = 63


def enough(n: int, least: int, what: str) -> None:
    """Refuse to describe too little."""
    if n < least:
        raise NotApplicableError(f"{n:,} {what}, {least:,} needed")


def per_hour(time: I64Array) -> I64Array:
    """Return how many rows fall into each hour of the day."""
    return np.bincount(time // HOUR_US % 24, minlength=24)


def per_weekday(time: I64Array) -> NDArray[np.float64]:
    """Return mean rows of each day of the week, Monday first, relative to their mean."""
    day = time // DAY_US
    calendar = np.arange(day.min(), day.max() + 1)
    rows, days = (np.bincount((d + 3) % 7, minlength=7) for d in (day, calendar))
    if not days.all():
        raise NotApplicableError("not every day of the week is there")
    each = rows / days
    return np.asarray(each / each.mean())


def distance_to(reference: Sequence[float]) -> Callable[[Material], Measured]:
    """Return what measures the distance of the hours of the day to a reference."""

    def measure(of: Material) -> Measured:
        time = of.searches.time
        enough(len(time), 1_000, "searches")
        return Measured(distance(per_hour(time), reference), len(time))

    return measure


def _in_hours(chosen: tuple[int, ...]) -> Callable[[Material], Measured]:
    def measure(of: Material) -> Measured:
        time = of.searches.time
        enough(len(time), 1_000, "searches")
        return Measured(float(per_hour(time)[list(chosen)].sum() / len(time)), len(time))

    return measure


def _on_days(chosen: tuple[int, ...], *, mean: bool) -> Callable[[Material], Measured]:
    def measure(of: Material) -> Measured:
        time = of.searches.time
        enough(len(time), 1_000, "searches")
        share = per_weekday(time)[list(chosen)]
        return Measured(float(share.mean() if mean else share.sum() / 7), len(time))

    return measure


def least_searches(of: Material) -> int:
    """Return the searches an agency needs before its bursts are compared with published ones.

    As many a day as there; and in a short log no fewer, since a few say nothing of bursts.
    """
    return max(SEARCHES, round(SEARCHES * of.days / _IN_DAYS))


def agencies_of(searches: Searches, least: int) -> list[I64Array]:
    """Return the rows of each agency with enough searches."""
    return [rows for rows in runs(searches.agency) if len(rows) >= least]


def fano(time: I64Array, unit: int) -> tuple[float, float]:
    """Return the Fano factor (variance / mean) and the mean of counts per `unit`."""
    slot = time // unit
    counts = np.bincount(slot - slot.min())
    mean = float(counts.mean())
    return (float(counts.var(ddof=1)) / mean if len(counts) > 1 else 1.0), mean


def gap_variation(time: I64Array) -> float:
    """Return standard deviation / mean of the gaps between rows."""
    gaps = np.diff(np.sort(time)).astype(np.float64)
    return float(gaps.std() / gaps.mean())


def _median_of_agencies(
    one: Callable[[I64Array], float | None], *, bursty: bool = False
) -> Callable[[Material], Measured]:
    """Return the median over ordinary (or over bursty) agencies with enough searches."""

    def measure(of: Material) -> Measured:
        found = [
            value
            for rows in agencies_of(of.searches, least_searches(of))
            if (int(of.searches.agency[rows[0]]) in of.bursty) == bursty
            and (value := one(of.searches.time[rows])) is not None
        ]
        if not found:
            kind = "bursty" if bursty else "ordinary"
            raise NotApplicableError(f"no {kind} agency of the right size")
        return Measured(float(np.median(found)), len(found))

    return measure


def _spread(unit: int) -> Callable[[I64Array], float | None]:
    def one(time: I64Array) -> float | None:
        factor, mean = fano(time, unit)
        return (factor - 1) / mean

    return one


def _fano_at(unit: int, low: float, high: float) -> Callable[[I64Array], float | None]:
    """Return the Fano factor of agencies of a rate, since it grows with the rate."""

    def one(time: I64Array) -> float | None:
        factor, mean = fano(time, unit)
        return factor if low <= mean <= high else None

    return one


_CA = "78 Californian portals, domain note 7.3"
STATISTICS: Final = (
    Statistic("search_hours", "hours of the day, distance to California", "searches",
              distance_to(hours("ca_portal_78_agencies")), Near(0.05), _CA, 14, ".3f"),
    Statistic("search_night", "searches 22:00-05:59", "searches",
              _in_hours(NIGHT), Within(0.135, 0.235),
              "Eugene 15.7 %, California 19.3 %, domain note 7.3", 14, ".1%"),
    Statistic("search_small_hours", "searches 01:00-04:59", "searches", _in_hours(SMALL_HOURS),
              Within(0.05, 0.10), "Eugene 6.2 %, California 8.0 %, domain note 7.3", 14, ".1%"),
    Statistic("search_weekend", "searches on the weekend", "searches", _on_days((5, 6), mean=False),
              Within(0.145, 0.235), "Eugene 17.8 %, California 20.2 %, domain note 7.3", 28, ".1%"),
    Statistic("search_midweek", "Tuesday to Thursday, relative to mean day", "searches",
              _on_days((1, 2, 3), mean=True), Within(1.08, 1.35),
              "California 1.21, Eugene 1.29, domain note 7.3", 28),
    Statistic("search_sunday", "Sunday, relative to mean day", "searches",
              _on_days((6,), mean=True), Within(0.45, 0.80),
              "California 0.68, Eugene 0.56, domain note 7.3", 28),
    Statistic("agency_spread_hour", "(Fano - 1) / mean by hour, median agency", "searches",
              _median_of_agencies(_spread(HOUR_US)), Within(0.70, 2.82), _CA, 28),
    Statistic("agency_spread_day", "(Fano - 1) / mean by day, median agency", "searches",
              _median_of_agencies(_spread(DAY_US)), Within(0.15, 0.56), _CA, 28),
    Statistic("agency_fano_hour", "Fano factor by hour at 0.2-2 an hour, median agency", "searches",
              _median_of_agencies(_fano_at(HOUR_US, 0.2, 2.0)), Within(1.3, 2.4), _CA, 28),
    Statistic("agency_fano_day", "Fano factor by day at 4.8-44 a day, median agency", "searches",
              _median_of_agencies(_fano_at(DAY_US, 4.8, 44)), Within(2.8, 9.0), _CA, 28),
    Statistic("agency_gaps", "sd / mean of gaps, median agency", "searches",
              _median_of_agencies(gap_variation), Within(1.5, 2.05), _CA, 28),
    Statistic("bursty_fano_hour", "Fano factor by hour of bursty agencies, at 2-20 an hour",
              "searches", _median_of_agencies(_fano_at(HOUR_US, 2, 20), bursty=True),
              Within(10, 80), "Okaloosa 40.6, domain note 7.3", 28, ".1f"),
)  # fmt: skip
