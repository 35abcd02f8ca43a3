"""What a reviewer gets for the hours spent, and who is accused for nothing.

Of alerts at the budget (see `alerts.py`). Intervals weigh the alerts read on the whole data; they
do not draw anew which alerts would have been read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from misusebench.metrics.alerts import Verdict
from misusebench.metrics.tally import ratio

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from misusebench.metrics.tally import Tally

    Floats = NDArray[np.float64]

#: Agencies with fewer innocent officer-years say nothing about disparity (assumption).
LEAST_YEARS: Final = 1.0
#: Added to each agency's false accusations, so that none is a rate too.
_SMOOTH: Final = 0.5
_TOP: Final = 0.01


def precision_at_budget(tally: Tally, weights: Floats) -> Floats:
    """Return the share of alerts read that show misuse; slips count neither way.

    Equal scores at the cut count by expectation.

    Examples
    --------
    Three of six alerts are read; two places for three equal ones, of which two are misuse:
    1 + 2 · 2/3 = 2.333 of 3.

    >>> from misusebench.metrics.frame import labelled
    >>> from misusebench.metrics.tally import Tally
    >>> small = Tally(labelled(np.array([0.9, 0.8, 0.8, 0.8, 0.5, 0.1]),
    ...                        np.array([1, 1, 1, 0, 0, 0], bool)), budget=3)
    >>> precision_at_budget(small, small.ones).round(4).tolist()
    [0.7778]
    """
    alerts, chance = tally.alerts, tally.reviews.chance
    hit, slip = alerts.verdict == Verdict.HIT, alerts.verdict == Verdict.SLIP
    return ratio(
        weights,
        tally.per_cluster(alerts.officer[hit], chance[hit]),
        tally.per_cluster(alerts.officer[~slip], chance[~slip]),
    )


def cases(tally: Tally) -> tuple[NDArray[np.int32], NDArray[np.int64], NDArray[np.int64]]:
    """Return (officer of each case, alerts that show misuse, their cases).

    A case is what one review can be about: an officer's misuse from its first day until the pause
    of the review queue ends; later misuse is the next case.
    """
    scored = tally.scored
    days = np.unique(
        np.stack([scored.officer[scored.positive], scored.day[scored.positive]]), axis=1
    )
    case = np.empty(days.shape[1], np.int64)
    owner: list[int] = []
    until = 0
    for place, (officer, day) in enumerate(days.T.tolist()):
        if not owner or owner[-1] != officer or day >= until:
            owner.append(officer)
            until = day + max(1, tally.pause_days)
        case[place] = len(owner) - 1
    hit = np.flatnonzero(tally.alerts.verdict == Verdict.HIT)
    line = days[0].astype(np.int64) * 2**32 + days[1]
    asked = tally.alerts.officer[hit].astype(np.int64) * 2**32 + tally.alerts.day[hit]
    return np.array(owner, np.int32), hit, case[np.searchsorted(line, asked)]


def recall_at_budget(tally: Tally, weights: Floats) -> Floats:
    """Return the share of officer cases (see :func:`cases`) that a read alert shows.

    Examples
    --------
    As for :func:`precision_at_budget`: 2.333 of 3 cases.

    >>> from misusebench.metrics.frame import labelled
    >>> from misusebench.metrics.tally import Tally
    >>> small = Tally(labelled(np.array([0.9, 0.8, 0.8, 0.8, 0.5, 0.1]),
    ...                        np.array([1, 1, 1, 0, 0, 0], bool)), budget=3)
    >>> recall_at_budget(small, small.ones).round(4).tolist()
    [0.7778]
    """
    owner, alert, case = cases(tally)
    found = tally.reviews.any_of(alert, case, len(owner))
    return ratio(weights, tally.per_cluster(owner, found), tally.per_cluster(owner))


def false_accusations(tally: Tally, weights: Floats) -> Floats:
    """Return alerts read on officers without misuse so far, per 1,000 innocent officer-years.

    Repeats count; slips do not; an officer-year is 365.25 days.

    Examples
    --------
    400 innocents, 90 days, 3 alerts: 98.56 officer-years, 30.4.

    >>> round(per_thousand_years(3, 400 * 90 / 365.25), 1)
    30.4
    """
    years = tally.per_cluster(_all(tally), tally.innocent_years)
    return 1_000 * ratio(weights, tally.per_cluster(_all(tally), tally.accused), years)


def per_thousand_years(accusations: float, years: float) -> float:
    """Return false accusations per 1,000 innocent officer-years."""
    return 1_000 * accusations / years


def _all(tally: Tally) -> NDArray[np.int32]:
    return np.arange(len(tally.scored.officers), dtype=np.int32)


def false_accusations_per_100k(tally: Tally, weights: Floats) -> Floats:
    """Return alerts read on officers without misuse so far, per 100,000 honest queries.

    Examples
    --------
    One alert a day is read: the honest 0.9, not the misuse at 0.1; two honest queries.

    >>> from misusebench.metrics.frame import labelled
    >>> from misusebench.metrics.tally import Tally
    >>> small = Tally(labelled(np.array([0.9, 0.5, 0.1]), np.array([0, 0, 1], bool)), budget=1)
    >>> false_accusations_per_100k(small, small.ones).tolist()
    [50000.0]
    """
    scored = tally.scored
    honest = tally.per_cluster(scored.officer[~scored.positive & ~scored.ignore])
    return 100_000 * ratio(weights, tally.per_cluster(_all(tally), tally.accused), honest)


def disparity(counts: Floats, years: Floats) -> Floats:
    """Return the largest ÷ smallest rate over groups, 0.5 added to each count, per draw.

    Parameters
    ----------
    counts, years
        Draws x groups: false accusations, innocent officer-years. Groups without time are left
        out; NaN if fewer than two are left.

    Examples
    --------
    6 in 50 and 2 in 100 officer-years: raw 6.0, smoothed

    >>> disparity(np.array([[6.0, 2.0]]), np.array([[50.0, 100.0]])).tolist()
    [5.2]
    """
    known = years > 0
    rate = np.divide(counts + _SMOOTH, years, out=np.full(counts.shape, np.nan), where=known)
    most = np.fmax.reduce(rate, axis=1, initial=-np.inf)
    least = np.fmin.reduce(rate, axis=1, initial=np.inf)
    out = np.full(len(counts), np.nan)
    np.divide(most, least, out=out, where=known.sum(1) > 1)
    return out


def accusation_disparity(tally: Tally, weights: Floats) -> Floats:
    """Return :func:`disparity` of false accusations over agencies of at least one officer-year.

    As a ratio of extremes it leans upwards under resampling, so its interval may begin above it.

    Examples
    --------
    >>> disparity(np.array([[1.0, 0.0]]), np.array([[2.0, 2.0]])).tolist()
    [3.0]
    """
    home, size = tally.scored.home, len(tally.scored.agencies)
    years = np.zeros((tally.clusters, size))
    counts = np.zeros((tally.clusters, size))
    np.add.at(years, (tally.cluster, home), tally.innocent_years)
    np.add.at(counts, (tally.cluster, home), tally.accused)
    large = years.sum(0) >= LEAST_YEARS
    return disparity(weights @ counts[:, large], weights @ years[:, large])


def _lorenz(counts: Floats, weights: Floats) -> tuple[Floats, Floats]:
    """Return the cumulated shares of people and of counts, fewest counts first."""
    order = np.argsort(counts, kind="stable")
    people = np.cumsum(weights[:, order], axis=1)
    borne = np.cumsum(weights[:, order] * counts[order], axis=1)
    with np.errstate(invalid="ignore"):
        people, borne = people / people[:, -1:], borne / borne[:, -1:]
    start = np.zeros((len(weights), 1))
    return np.hstack([start, people]), np.hstack([start, borne])


def gini(counts: Floats, weights: Floats) -> Floats:
    """Return the Gini coefficient of counts over people, per draw; NaN if all counts are 0.

    Examples
    --------
    100 officers, counts 1, 1, 4, the rest 0:

    >>> gini(np.r_[[1.0, 1.0, 4.0], np.zeros(97)], np.ones((1, 100))).round(6).tolist()
    [0.98]
    """
    people, borne = _lorenz(counts, weights)
    out: Floats = 1 - (np.diff(people, axis=1) * (borne[:, 1:] + borne[:, :-1])).sum(1)
    return out


def top_share(counts: Floats, weights: Floats, top: float = _TOP) -> Floats:
    """Return the share of all counts that the `top` share of people bears, per draw.

    Examples
    --------
    100 officers, counts 1, 1, 4, the rest 0: one officer bears 4 of 6.

    >>> top_share(np.r_[[1.0, 1.0, 4.0], np.zeros(97)], np.ones((1, 100))).round(3).tolist()
    [0.667]
    """
    people, borne = _lorenz(counts, weights)
    rows = zip(people, borne, strict=True)
    return np.array([1 - np.interp(1 - top, own, share) for own, share in rows])


def _innocents(tally: Tally, weights: Floats) -> tuple[Floats, Floats] | None:
    who = np.flatnonzero(tally.innocent)
    if not tally.accused[who].any():
        return None
    return tally.accused[who], weights[:, tally.cluster[who]]


def repeat_flag_gini(tally: Tally, weights: Floats) -> Floats:
    """Return :func:`gini` of false accusations over innocent officers; NaN if there is none.

    Examples
    --------
    >>> gini(np.array([0.0, 1.0]), np.ones((1, 2))).tolist()
    [0.5]
    """
    found = _innocents(tally, weights)
    return np.full(len(weights), np.nan) if found is None else gini(*found)


def repeat_flag_top_share(tally: Tally, weights: Floats) -> Floats:
    """Return :func:`top_share` of false accusations over innocent officers; NaN if there is none.

    Examples
    --------
    >>> top_share(np.ones(100), np.ones((1, 100))).round(6).tolist()
    [0.01]
    """
    found = _innocents(tally, weights)
    return np.full(len(weights), np.nan) if found is None else top_share(*found)


def oddities(tally: Tally) -> list[str]:
    """Return the oddities that occur among the scored queries."""
    codes = np.unique(tally.scored.oddity)
    return [tally.scored.oddities[k] for k in codes if k >= 0]


def officer_days(tally: Tally, oddity: str) -> int:
    """Return the days of officers that have an oddity: what its alert rate is a share of."""
    scored = tally.scored
    own = scored.oddity == scored.oddities.index(oddity)
    return len(np.unique(np.stack([scored.officer[own], scored.day[own]]), axis=1)[0])


def alert_rate(tally: Tally, weights: Floats, oddity: str) -> Floats:
    """Return the share of officer-days with an oddity whose alert is read and shows it.

    Examples
    --------
    Two officers test the system on one day, one alert is read:

    >>> from misusebench.metrics.frame import labelled
    >>> from misusebench.metrics.tally import Tally
    >>> small = Tally(labelled(np.array([0.9, 0.5]), np.zeros(2, bool), oddity=np.array([1, 1])),
    ...               budget=1)
    >>> alert_rate(small, small.ones, "system_test").tolist()
    [0.5]
    """
    scored = tally.scored
    code = scored.oddities.index(oddity)
    own = scored.oddity == code
    days = np.unique(np.stack([scored.officer[own], scored.day[own]]), axis=1)
    alert, _ = tally.alerts.pairs(np.where(own, 0, -1))
    return ratio(
        weights,
        tally.per_cluster(tally.alerts.officer[alert], tally.reviews.chance[alert]),
        tally.per_cluster(days[0].astype(np.int32)),
    )
