"""Statistics of how unlike agencies are: their nights, their bursts, their volume, their size.

The published figures are quantiles over some dozens of agencies. Room is given for two standard
errors of such a quantile, from the spread that the published quantiles themselves tell.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from misusesim.realism.measures import runs
from misusesim.realism.profile import DAY_US, HOUR_US, NIGHT
from misusesim.realism.targets import Measured, NotApplicableError, Statistic, Within
from misusesim.realism.times import fano, least_searches

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from misusesim.realism.material import Material

    I64Array = NDArray[np.int64]

#: Agencies needed (52 in domain note 7.3).
_AGENCIES: Final = 30
#: Agencies needed before their sizes and volumes are described (175 in domain note 7.1).
_MANY: Final = 100
_SWORN: Final = ("patrol", "detective", "supervisor", "jail")
_SMALL, _LARGE = 10, 100


def _quantile_of_agencies(
    one: Callable[[I64Array], float], quantile: float
) -> Callable[[Material], Measured]:
    """Return a quantile over agencies of what is measured on the times of one's searches."""

    def measure(of: Material) -> Measured:
        time, least = of.searches.time, least_searches(of)
        found = [one(time[rows]) for rows in runs(of.searches.agency) if len(rows) >= least]
        if len(found) < _AGENCIES:
            raise NotApplicableError(f"{len(found)} agencies with {least} searches, "
                                     f"{_AGENCIES} needed")  # fmt: skip
        return Measured(float(np.quantile(found, quantile)), len(found))

    return measure


def _night(time: I64Array) -> float:
    return float(np.isin(time // HOUR_US % 24, NIGHT).mean())


def _spread(unit: int) -> Callable[[I64Array], float]:
    def one(time: I64Array) -> float:
        factor, mean = fano(time, unit)
        return (factor - 1) / mean

    return one


def _volume(quantile: float) -> Callable[[Material], Measured]:
    """Return a quantile of the searches of agencies in thirty days, of those that search."""

    def measure(of: Material) -> Measured:
        counts = np.bincount(of.searches.agency)
        counts = counts[counts > 0]
        if len(counts) < _MANY:
            raise NotApplicableError(f"{len(counts)} agencies search, {_MANY} needed")
        return Measured(float(np.quantile(counts, quantile)) * 30 / of.days, len(counts))

    return measure


def sworn(of: Material) -> I64Array:
    """Return the sworn officers of each police department and sheriff.

    Raises
    ------
    NotApplicableError
        If there are too few such agencies, or roles are not known.
    """
    if of.people is None:
        raise NotApplicableError("roles are not known")
    law = np.isin(np.array(of.types, object), ["police", "sheriff"])
    if law.sum() < _MANY:
        raise NotApplicableError(f"{int(law.sum())} police departments and sheriffs, "
                                 f"{_MANY} needed")  # fmt: skip
    armed = np.isin(of.people.role, _SWORN)
    return np.bincount(of.people.agency[armed], minlength=of.agencies)[law]


def _small(of: Material) -> Measured:
    sizes = sworn(of)
    return Measured(float((sizes < _SMALL).mean()), len(sizes))


def _large(of: Material) -> Measured:
    sizes = sworn(of)
    return Measured(float((sizes >= _LARGE).mean()), len(sizes))


_CA = "52 Californian agencies, two standard errors, domain note 7.3"
_VOLUME = "175 agencies, two standard errors, domain note 7.1"
_BJS = "BJS NCJ 212749, domain note 7.1"
STATISTICS: Final = (
    Statistic("agency_night_p10", "searches 22:00-05:59, 10th percentile of agencies", "searches",
              _quantile_of_agencies(_night, 0.1), Within(0.08, 0.14), _CA, 28, ".1%"),
    Statistic("agency_night_p90", "searches 22:00-05:59, 90th percentile of agencies", "searches",
              _quantile_of_agencies(_night, 0.9), Within(0.253, 0.327), _CA, 28, ".1%"),
    Statistic("agency_spread_hour_p10", "(Fano - 1) / mean by hour, 10th percentile of agencies",
              "searches", _quantile_of_agencies(_spread(HOUR_US), 0.1), Within(0.57, 0.86), _CA,
              28),
    Statistic("agency_spread_hour_p90", "(Fano - 1) / mean by hour, 90th percentile of agencies",
              "searches", _quantile_of_agencies(_spread(HOUR_US), 0.9), Within(2.08, 3.82), _CA,
              28),
    Statistic("agency_spread_day_p10", "(Fano - 1) / mean by day, 10th percentile of agencies",
              "searches", _quantile_of_agencies(_spread(DAY_US), 0.1), Within(0.12, 0.19), _CA, 28),
    Statistic("agency_spread_day_p90", "(Fano - 1) / mean by day, 90th percentile of agencies",
              "searches", _quantile_of_agencies(_spread(DAY_US), 0.9), Within(0.44, 0.71), _CA, 28),
    Statistic("agency_volume_p50", "searches of an agency in 30 days, median", "agencies",
              _volume(0.5), Within(150, 272), _VOLUME, 28, ".0f"),
    Statistic("agency_volume_p90", "searches of an agency in 30 days, 90th percentile", "agencies",
              _volume(0.9), Within(777, 1_747), _VOLUME, 28, ".0f"),
    Statistic("agency_small", "police and sheriffs with fewer than 10 sworn", "agencies", _small,
              Within(0.42, 0.58), "half, " + _BJS, 0, ".1%"),
    Statistic("agency_large", "police and sheriffs with 100 sworn and more", "agencies", _large,
              Within(0.04, 0.10), "6 %, fit 7.5 %, " + _BJS, 0, ".1%"),
)  # fmt: skip
