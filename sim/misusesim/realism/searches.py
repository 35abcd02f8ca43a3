"""Statistics of plate searches: when, in what bursts, by whom, on which cases, how wide.

Plate searches are what real logs have been published of, so these are compared like with like.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from misusesim.dataset.schema import SCOPES
from misusesim.realism.measures import distance, exponent, runs
from misusesim.realism.profile import (
    ENOUGH,
    HOUR_US,
    SITTING_US,
    best_windows,
    gini,
    shift_window_share,
)
from misusesim.realism.targets import (
    Inequality,
    Measured,
    Near,
    NotApplicableError,
    Share,
    Statistic,
    Within,
)
from misusesim.realism.times import SEARCHES, agencies_of, enough

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from misusesim.realism.material import Material

    I64Array = NDArray[np.int64]

#: Searching officers an agency needs before their inequality is described, and officers with
#: `ENOUGH` searches before their windows are.
_OFFICERS, _WINDOWED = 100, 20
#: Standard errors times the root of n of Gini and top tenth, for 147 officers of a lognormal with
#: the sigma of 1.2 that has Eugene's Gini (calc, 4,000 samples).
_GINI_NOISE, _TOP_NOISE = 0.50, 0.64
_MINUTE_US: Final = 60_000_000
#: Look-back windows of more than a twentieth of searches, in hours (Okaloosa, domain note 7.4).
_LOOKBACKS: Final = {24: 0.31, 168: 0.12, 12: 0.10, 2: 0.08, 48: 0.08, 720: 0.06, 0: 0.04}


def _median_of_officers(
    one: Callable[[I64Array], float],
) -> Callable[[Material], Measured]:
    """Return the median over agencies of what is made of their officers' numbers of searches."""

    def measure(of: Material) -> Measured:
        found, officers = [], 0
        for rows in agencies_of(of.searches, SEARCHES):
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
    enough(int(sworn.sum()), 100, "officers of street and investigation")
    return Measured(float(some[sworn].mean()), int(sworn.sum()))


def _monthly(quantile: float) -> Callable[[Material], Measured]:
    """Return a quantile of searches per officer and calendar month with any."""

    def measure(of: Material) -> Measured:
        month = of.searches.time.astype("datetime64[us]").astype("datetime64[M]").astype(np.int64)
        inside = (month > month.min()) & (month < month.max())  # whole months
        enough(int(inside.sum()), 1_000, "searches in whole months")
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
    enough(int(ordinary.sum()), 1_000, "searches of ordinary agencies")
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
        enough(int(often.sum()), _WINDOWED, f"officers with {ENOUGH} searches")
        best = best_windows(by_hour[often], length).max(axis=1) / total[often]
        return Measured(float(np.median(best)), int(often.sum()))

    return measure


def _outside(of: Material) -> Measured:
    order = np.argsort(of.searches.time, kind="stable")
    found = shift_window_share(of.searches.officer[order], of.searches.time[order])
    enough(found.officers, _WINDOWED, "officers with 30 searches")
    return Measured(found.share, found.officers)


def _cases(of: Material) -> list[I64Array]:
    """Return the times of each case number, ascending."""
    searches = of.searches
    some = np.flatnonzero(searches.case >= 0)
    time = searches.time[some]
    found = [np.sort(time[rows]) for rows in runs(searches.case[some])]
    enough(len(found), 300, "case numbers")
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
    enough(len(known), 1_000, "searches of known scope")
    return Measured(float((known == SCOPES.index("own")).mean()), len(known))


def _lookbacks(of: Material) -> Measured:
    known = of.searches.lookback[of.searches.lookback >= 0]
    enough(len(known), 1_000, "searches of known look-back")
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
        enough(int(some.sum()), 100, "searching accounts of police departments")
        return Measured(float((of.people.role[some] == name).mean()), int(some.sum()))

    return measure


_CASES = "1,114 case numbers of 78 Californian portals, domain note 7.4"
_EUGENE = "Eugene, domain note 7.4"
STATISTICS: Final = (
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
