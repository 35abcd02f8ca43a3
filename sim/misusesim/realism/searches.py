"""Statistics of plate searches: when, in what bursts, by whom, on which cases, how wide.

Plate searches are what real logs have been published of, so these are compared like with like.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from misusesim.dataset.schema import SCOPES
from misusesim.realism.measures import distance, exponent, runs
from misusesim.realism.profile import (
    DAY_US,
    ENOUGH,
    HOUR_US,
    NIGHT,
    SITTING_US,
    SMALL_HOURS,
    best_windows,
    gini,
    shift_window_share,
)
from misusesim.realism.references import hours
from misusesim.realism.targets import (
    Inequality,
    Measured,
    Near,
    NotApplicableError,
    Share,
    Statistic,
    Within,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from misusesim.realism.material import Material, Searches

    I64Array = NDArray[np.int64]

#: Searches an agency needs before its bursts are described (as in domain note 7.3).
_SEARCHES: Final = 200
#: Searching officers an agency needs before their inequality is described, and officers with
#: `ENOUGH` searches before their windows are.
_OFFICERS, _WINDOWED = 100, 20
#: Standard errors times the root of n of Gini and top tenth, for 147 officers of a lognormal with
#: the sigma of 1.2 that has Eugene's Gini (calc, 4,000 samples).
_GINI_NOISE, _TOP_NOISE = 0.50, 0.64
_MINUTE_US: Final = 60_000_000
#: Look-back windows of more than a twentieth of searches, in hours (Okaloosa, domain note 7.4).
_LOOKBACKS: Final = {24: 0.31, 168: 0.12, 12: 0.10, 2: 0.08, 48: 0.08, 720: 0.06, 0: 0.04}


def _enough(n: int, least: int, what: str) -> None:
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
        _enough(len(time), 1_000, "searches")
        return Measured(distance(per_hour(time), reference), len(time))

    return measure


def _in_hours(chosen: tuple[int, ...]) -> Callable[[Material], Measured]:
    def measure(of: Material) -> Measured:
        time = of.searches.time
        _enough(len(time), 1_000, "searches")
        return Measured(float(per_hour(time)[list(chosen)].sum() / len(time)), len(time))

    return measure


def _on_days(chosen: tuple[int, ...], *, mean: bool) -> Callable[[Material], Measured]:
    def measure(of: Material) -> Measured:
        time = of.searches.time
        _enough(len(time), 1_000, "searches")
        share = per_weekday(time)[list(chosen)]
        return Measured(float(share.mean() if mean else share.sum() / 7), len(time))

    return measure


def _agencies(searches: Searches, least: int) -> list[I64Array]:
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
            for rows in _agencies(of.searches, _SEARCHES)
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


def _median_of_officers(
    one: Callable[[I64Array], float],
) -> Callable[[Material], Measured]:
    """Return the median over agencies of what is made of their officers' numbers of searches."""

    def measure(of: Material) -> Measured:
        found, officers = [], 0
        for rows in _agencies(of.searches, _SEARCHES):
            counts = np.unique(of.searches.officer[rows], return_counts=True)[1]
            if len(counts) >= _OFFICERS:
                found.append(one(np.sort(counts)[::-1]))
                officers += len(counts)
        if not found:
            raise NotApplicableError(f"no agency where {_OFFICERS} officers search")
        return Measured(float(np.median(found)), officers)

    return measure


def _top(share: float) -> Callable[[I64Array], float]:
    return lambda busy: float(busy[: max(1, round(share * len(busy)))].sum() / busy.sum())


def _searching_share(of: Material) -> Measured:
    if of.people is None:
        raise NotApplicableError("who has an account is not known")
    sworn = np.isin(of.people.role, ["patrol", "detective", "supervisor", "analyst"])
    some = np.isin(np.arange(len(sworn)), of.searches.officer)
    _enough(int(sworn.sum()), 100, "officers of street and investigation")
    return Measured(float(some[sworn].mean()), int(sworn.sum()))


def _monthly(quantile: float) -> Callable[[Material], Measured]:
    """Return a quantile of searches per officer and calendar month with any."""

    def measure(of: Material) -> Measured:
        month = of.searches.time.astype("datetime64[us]").astype("datetime64[M]").astype(np.int64)
        inside = (month > month.min()) & (month < month.max())  # whole months
        _enough(int(inside.sum()), 1_000, "searches in whole months")
        key = of.searches.officer[inside] * 4_096 + month[inside]
        counts = np.unique(key, return_counts=True)[1]
        return Measured(float(np.quantile(counts, quantile)), len(counts))

    return measure


def sittings(officer: I64Array, time: I64Array) -> I64Array:
    """Return the number of rows of each sitting: a pause of half an hour ends it."""
    order = np.lexsort((time, officer))
    who, when = officer[order], time[order]
    opens = np.ones(len(who), bool)
    opens[1:] = (np.diff(who) != 0) | (np.diff(when) > SITTING_US)
    return np.diff(np.append(np.flatnonzero(opens), len(who)))


def _sitting(of: Material) -> Measured:
    searches = of.searches
    ordinary = ~np.isin(searches.agency, list(of.bursty))
    _enough(int(ordinary.sum()), 1_000, "searches of ordinary agencies")
    sizes = sittings(searches.officer[ordinary], searches.time[ordinary])
    return Measured(float(sizes.mean()), len(sizes))


def _best(length: int) -> Callable[[Material], Measured]:
    def measure(of: Material) -> Measured:
        searches = of.searches
        codes, officer = np.unique(searches.officer, return_inverse=True)
        by_hour = np.zeros((len(codes), 24), np.int64)
        np.add.at(by_hour, (officer, searches.time // HOUR_US % 24), 1)
        total = by_hour.sum(axis=1)
        often = total >= ENOUGH
        _enough(int(often.sum()), _WINDOWED, f"officers with {ENOUGH} searches")
        best = best_windows(by_hour[often], length).max(axis=1) / total[often]
        return Measured(float(np.median(best)), int(often.sum()))

    return measure


def _outside(of: Material) -> Measured:
    order = np.argsort(of.searches.time, kind="stable")
    found = shift_window_share(of.searches.officer[order], of.searches.time[order])
    _enough(found.officers, _WINDOWED, "officers with 30 searches")
    return Measured(found.share, found.officers)


def _cases(of: Material) -> list[I64Array]:
    """Return the times of each case number, ascending."""
    searches = of.searches
    some = np.flatnonzero(searches.case >= 0)
    time = searches.time[some]
    found = [np.sort(time[rows]) for rows in runs(searches.case[some])]
    _enough(len(found), 300, "case numbers")
    return found


def _case_sizes(one: Callable[[I64Array], float]) -> Callable[[Material], Measured]:
    def measure(of: Material) -> Measured:
        sizes = np.array([len(times) for times in _cases(of)])
        return Measured(one(sizes), len(sizes))

    return measure


def _case_span(of: Material) -> Measured:
    spans = [times[-1] - times[0] for times in _cases(of) if len(times) > 1]
    return Measured(float(np.median(spans)) / HOUR_US, len(spans))


def _case_gap(of: Material) -> Measured:
    gaps = np.concatenate([np.diff(times) for times in _cases(of)])
    return Measured(float(np.median(gaps)) / _MINUTE_US, len(gaps))


def _own_scope(of: Material) -> Measured:
    known = of.searches.scope[of.searches.scope >= 0]
    _enough(len(known), 1_000, "searches of known scope")
    return Measured(float((known == SCOPES.index("own")).mean()), len(known))


def _lookbacks(of: Material) -> Measured:
    known = of.searches.lookback[of.searches.lookback >= 0]
    _enough(len(known), 1_000, "searches of known look-back")
    counts = [int((known == value).sum()) for value in _LOOKBACKS]
    rest = len(known) - sum(counts)
    shares = [*_LOOKBACKS.values(), 1 - sum(_LOOKBACKS.values())]
    return Measured(distance(np.array([*counts, rest]), shares), len(known))


def _role(name: str) -> Callable[[Material], Measured]:
    """Return the share of a role among accounts of police departments that search."""

    def measure(of: Material) -> Measured:
        if of.people is None:
            raise NotApplicableError("roles are not known")
        police = np.isin(of.people.agency, np.flatnonzero(np.array(of.types) == "police"))
        some = np.isin(np.arange(len(police)), of.searches.officer) & police
        _enough(int(some.sum()), 100, "searching accounts of police departments")
        return Measured(float((of.people.role[some] == name).mean()), int(some.sum()))

    return measure


_CA = "78 Californian portals, domain note 7.3"
_CASES = "1,114 case numbers of 78 Californian portals, domain note 7.4"
_EUGENE = "Eugene, domain note 7.4"
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
    Statistic("officer_gini", "Gini of searches per officer, median agency", "searches",
              _median_of_officers(gini), Inequality(0.50, 0.62, _GINI_NOISE),
              "Eugene 0.59, domain note 7.4", 56),
    Statistic("officer_top10", "busiest 10 % of officers, median agency", "searches",
              _median_of_officers(_top(0.1)), Inequality(0.36, 0.46, _TOP_NOISE),
              "Eugene 42 %, The Colony 53 %, domain note 7.4", 56, ".1%"),
    Statistic("officer_sigma", "sd of ln searches per officer, median agency", "searches",
              _median_of_officers(lambda busy: float(np.log(busy).std())), Within(1.05, 1.45),
              "Eugene 1.36, domain note 7.4", 56),
    Statistic("officer_top1", "busiest 1 % of officers, median agency", "searches",
              _median_of_officers(lambda busy: float(busy[: -(-len(busy) // 100)].sum()
                                                     / busy.sum())),
              Within(0.06, 0.19),
              "Eugene 12.7 %, The Colony's first of 104 11.9 %, domain note 7.4", 56, ".1%"),
    Statistic("searching_share", "accounts of street and investigation that search at all",
              "searches", _searching_share, Share(0.69, 0.95),
              "Eugene 79 % of all accounts, domain note 7.1", 120, ".1%"),
    Statistic("month_median", "searches per officer and month with any, median", "searches",
              _monthly(0.5), Within(2, 7), "Eugene 4, domain note 7.2", 84, ".1f"),
    Statistic("month_p90", "searches per officer and month with any, p90", "searches",
              _monthly(0.9), Within(12, 28),
              "Eugene 19, domain note 7.2", 84, ".1f"),
    Statistic("sitting_mean", "searches a sitting", "searches", _sitting, Within(1.05, 1.35),
              "Eugene 1.17, domain note 7.4", 14),
    Statistic("best_10h", "median officer's best 10 hours hold", "searches", _best(10),
              Within(0.86, 0.94), "Eugene 90 %, domain note 7.2; R4", 120, ".1%"),
    Statistic("best_12h", "median officer's best 12 hours hold", "searches", _best(12),
              Within(0.92, 0.98), "Eugene 95 %, domain note 7.2", 120, ".1%"),
    Statistic("outside_window", "later searches outside the officer's own window", "searches",
              _outside, Within(0.12, 0.22), "Eugene 17.3 %, domain note 1", 120, ".1%"),
    Statistic("case_once", "case numbers searched once", "searches",
              _case_sizes(lambda n: float((n == 1).mean())), Within(0.53, 0.65), _CASES, 56, ".1%"),
    Statistic("case_mean", "searches per case number", "searches",
              _case_sizes(lambda n: float(n.mean())), Within(2.1, 3.7), _CASES, 56),
    Statistic("case_p95", "searches per case number, 95th percentile", "searches",
              _case_sizes(lambda n: float(np.quantile(n, 0.95))), Within(6, 10), _CASES, 56, ".1f"),
    Statistic("case_exponent", "power law of searches per case number", "searches",
              _case_sizes(exponent), Within(1.7, 2.0), _CASES, 56),
    Statistic("case_span", "median span of a repeated case number, hours", "searches", _case_span,
              Within(2, 12), _CASES, 56, ".1f"),
    Statistic("case_gap", "median gap within a case number, minutes", "searches", _case_gap,
              Within(45, 130), _CASES, 56, ".0f"),
    Statistic("own_scope", "searches of the own agency only", "searches", _own_scope,
              Within(0.15, 0.30), "California 22 %, domain note 7.4", 14, ".1%"),
    Statistic("lookbacks", "look-back windows, distance to Okaloosa", "searches", _lookbacks,
              Near(0.15), "Okaloosa, domain note 7.4", 14, ".3f"),
    Statistic("role_patrol", "patrol among searching police accounts", "searches", _role("patrol"),
              Share(0.52, 0.72), "Eugene 60 %, domain note 7.1", 56, ".1%"),
    Statistic("role_detective", "detectives among searching police accounts", "searches",
              _role("detective"),
              Share(0.08, 0.20), "Eugene 12 %, domain note 7.1", 56, ".1%"),
    Statistic("role_supervisor", "supervisors among searching police accounts", "searches",
              _role("supervisor"),
              Share(0.08, 0.20), "Eugene 14 %, domain note 7.1", 56, ".1%"),
)  # fmt: skip
