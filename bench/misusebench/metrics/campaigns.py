"""Whether campaigns are caught, how soon, and how much of their harm is prevented.

A campaign is caught when a read alert shows one of its misuse queries as evidence. Its clock runs
from its first misuse query, or from the start of the scored part if it began before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from misusebench.columns import DAY_US
from misusebench.metrics.tally import ratio, totals

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from misusebench.metrics.tally import Tally

    Floats = NDArray[np.float64]

HORIZON_DAYS: Final = 30.0
_BLOCK: Final = 2_000_000
_ROUNDING: Final = 1e-12


def campaign_recall(
    tally: Tally, weights: Floats, kind: str | None = None, rung: str | None = None
) -> Floats:
    """Return the share of campaigns caught at the review budget, per draw.

    Parameters
    ----------
    tally
        Scores, truth and reviews.
    weights
        Draws x clusters.
    kind, rung
        Only campaigns of these.

    Examples
    --------
    Three campaigns of one query each; two alerts a day; scores 0.9, 0.8 (misuse), 0.7 (honest)
    and 0.1 (misuse) on one day and 0.3 (misuse, alone) on the next: the third is missed.

    >>> from misusebench.metrics.frame import labelled
    >>> from misusebench.metrics.tally import Tally
    >>> small = Tally(labelled(
    ...     np.array([0.9, 0.8, 0.7, 0.1, 0.3]), np.array([1, 0, 0, 1, 1], bool),
    ...     day=np.array([0, 0, 0, 0, 1]), campaign=np.array([0, -1, -1, 1, 2])), budget=2)
    >>> campaign_recall(small, small.ones).round(4).tolist()
    [0.6667]
    """
    own = np.ones(len(tally.caught))
    campaigns = tally.scored.campaigns
    if kind is not None:
        own *= campaigns.kind == tally.scored.kinds.index(kind)
    if rung is not None:
        own *= campaigns.rung == tally.scored.rungs.index(rung)
    at, size = tally.campaign_cluster, tally.clusters
    caught = totals(at, own * tally.caught, size)
    return ratio(weights, caught, totals(at, own, size))


def kinds(tally: Tally) -> list[str]:
    """Return the kinds of which there are campaigns."""
    return [tally.scored.kinds[k] for k in np.unique(tally.scored.campaigns.kind)]


def kinds_and_rungs(tally: Tally) -> list[tuple[str, str]]:
    """Return the pairs of kind and rung of which there are campaigns."""
    campaigns = tally.scored.campaigns
    both = sorted({(int(k), int(r)) for k, r in zip(campaigns.kind, campaigns.rung, strict=True)})
    return [(tally.scored.kinds[k], tally.scored.rungs[r]) for k, r in both if r >= 0]


def _by_kind(tally: Tally, weights: Floats) -> Floats:
    rows = [campaign_recall(tally, weights, kind) for kind in kinds(tally)]
    return np.stack(rows) if rows else np.full((1, len(weights)), np.nan)


def recall_macro(tally: Tally, weights: Floats) -> Floats:
    """Return the mean over kinds of :func:`campaign_recall`; a kind not drawn does not count.

    Examples
    --------
    >>> macro(np.array([[0.8], [0.6], [0.1]])).round(3).tolist()
    [0.5]
    """
    return macro(_by_kind(tally, weights))


def macro(recalls: Floats) -> Floats:
    """Return the mean over the first axis without NaN; NaN if there is nothing else."""
    known = (~np.isnan(recalls)).sum(0)
    total = np.asarray(np.nansum(recalls, axis=0), np.float64)
    mean = np.full(total.shape, np.nan)
    np.divide(total, known, out=mean, where=known > 0)
    return mean


def recall_min(tally: Tally, weights: Floats) -> Floats:
    """Return the least :func:`campaign_recall` over kinds: the kind a detector is blind to.

    Examples
    --------
    >>> np.fmin.reduce(np.array([[0.8], [0.6], [0.1]]), axis=0).tolist()
    [0.1]
    """
    return np.asarray(np.fmin.reduce(_by_kind(tally, weights), axis=0), np.float64)


def queries(tally: Tally) -> tuple[Floats, Floats]:
    """Return, per campaign, its scored misuse queries and those expected after its first alert."""
    scored = tally.scored
    size = len(scored.campaigns.kind)
    rows = np.flatnonzero(scored.campaign >= 0)
    campaign, time = scored.campaign[rows].astype(np.int64), scored.time_us[rows]
    origin = int(time.min(initial=0))
    span = int(scored.end_us) - origin + 2 * DAY_US
    line = np.sort(campaign * span + (time - origin))
    who, when, mass = tally.catches
    ends = np.searchsorted(line, (who + 1) * span, "left")
    after = ends - np.searchsorted(line, who * span + (when - origin), "left")
    return (
        totals(campaign, None, size),
        totals(who, mass * after, size),
    )


def harm_weighted_recall(tally: Tally, weights: Floats) -> Floats:
    """Return misuse queries after the first alert ÷ all misuse queries, weighted by severity.

    Examples
    --------
    Campaigns of 10 queries caught after 2, of 4 caught after 3, of 6 missed: (8 + 1 + 0) / 20.

    >>> from misusebench.metrics.frame import labelled
    >>> from misusebench.metrics.tally import Tally
    >>> day = np.r_[[0, 0], np.full(8, 5), [0, 0, 0, 5], np.zeros(6, int)]
    >>> who = np.repeat([0, 1, 2], [10, 4, 6])
    >>> score = np.r_[np.full(10, 0.9), np.full(4, 0.8), np.full(6, 0.1)]
    >>> small = Tally(labelled(score, np.ones(20, bool), day=day, officer=who, campaign=who),
    ...               budget=2)
    >>> harm_weighted_recall(small, small.ones).tolist()
    [0.45]
    """
    total, after = queries(tally)
    severity = tally.scored.campaigns.severity
    at, size = tally.campaign_cluster, tally.clusters
    return ratio(weights, totals(at, severity * after, size), totals(at, severity * total, size))


def leaked_queries(tally: Tally, weights: Floats) -> Floats:
    """Return misuse queries per campaign before its first alert (all of them if missed).

    Examples
    --------
    In the example of :func:`harm_weighted_recall`: (2 + 3 + 6) / 3.

    >>> from misusebench.metrics.frame import labelled
    >>> from misusebench.metrics.tally import Tally
    >>> day = np.r_[[0, 0], np.full(8, 5), [0, 0, 0, 5], np.zeros(6, int)]
    >>> who = np.repeat([0, 1, 2], [10, 4, 6])
    >>> score = np.r_[np.full(10, 0.9), np.full(4, 0.8), np.full(6, 0.1)]
    >>> small = Tally(labelled(score, np.ones(20, bool), day=day, officer=who, campaign=who),
    ...               budget=2)
    >>> leaked_queries(small, small.ones).round(4).tolist()
    [3.6667]
    """
    total, after = queries(tally)
    at, size = tally.campaign_cluster, tally.clusters
    return ratio(weights, totals(at, total - after, size), totals(at, None, size))


def kaplan_meier(
    time: Floats, detected: NDArray[np.bool_], weights: Floats
) -> tuple[Floats, Floats]:
    """Return 0 and the times of detection, and the share still undetected after each, per draw.

    S(t) = Π_{t_i ≤ t} (1 - d_i / n_i); NaN where there is nobody at all.

    Parameters
    ----------
    time
        Of detection, or of the end of observation; days.
    detected
        Or else censored.
    weights
        Draws x entries.

    Examples
    --------
    Days 2, 5, 5 detected, 4 and 10 censored:

    >>> days, left = kaplan_meier(np.array([2.0, 5, 5, 4, 10]),
    ...                           np.array([1, 1, 1, 0, 0], bool), np.ones((1, 5)))
    >>> days.tolist(), left.round(4).tolist()
    ([0.0, 2.0, 5.0], [[1.0, 0.8, 0.2667]])
    """
    order = np.argsort(time, kind="stable")
    time, detected = time[order], detected[order]
    ahead = np.zeros((len(weights), len(time) + 1))
    np.cumsum(weights[:, order], axis=1, out=ahead[:, 1:])
    when, first = np.unique(time[detected], return_index=True)
    risk = ahead[:, -1:] - ahead[:, np.searchsorted(time, when)]
    falls = weights[:, order[detected]]
    died = np.add.reduceat(falls, first, axis=1) if len(when) else risk
    left = np.empty(risk.shape)
    np.divide(risk - died, risk, out=left, where=risk > _ROUNDING)
    left[risk <= _ROUNDING] = 1.0
    left = left.clip(0.0, 1.0).cumprod(1)
    start = np.where(weights.sum(1) > 0, 1.0, np.nan)
    return np.append(0.0, when), np.column_stack([start, left * start[:, None]])


def quantile_of(when: Floats, left: Floats, share: float) -> Floats:
    """Return when `share` of the campaigns are detected, per draw; infinite if never.

    Examples
    --------
    >>> quantile_of(np.array([0.0, 2.0, 5.0]), np.array([[1.0, 0.8, 0.2667]]), 0.5).tolist()
    [5.0]
    >>> quantile_of(np.array([0.0, 2.0, 5.0]), np.array([[1.0, 0.8, 0.2667]]), 0.8).tolist()
    [inf]
    """
    reached = left <= 1 - share + _ROUNDING
    first = np.append(when, np.inf)[np.where(reached.any(1), reached.argmax(1), len(when))]
    return np.where(np.isnan(left[:, 0]), np.nan, first)


def restricted_mean(when: Floats, left: Floats, horizon: float) -> Floats:
    """Return the mean time undetected within `horizon` days: the area under S, per draw.

    Examples
    --------
    2 + 3 · 0.8 + 5 · 0.2667:

    >>> left = np.array([[1.0, 0.8, 4 / 15]])
    >>> restricted_mean(np.array([0.0, 2.0, 5.0]), left, 10.0).round(3).tolist()
    [5.733]
    """
    inside = when < horizon
    area = left[:, inside] @ np.diff(np.append(when[inside], horizon))
    return np.asarray(area, np.float64)


def entries(tally: Tally) -> tuple[NDArray[np.int64], Floats, NDArray[np.bool_], Floats]:
    """Return (campaign, days, detected, share): what happened to each campaign, and how likely.

    Undetected campaigns are censored at the end of the observed time, not at their last query.
    """
    scored = tally.scored
    start = np.maximum(scored.campaigns.first_us, scored.start_us)
    who, when, mass = tally.catches
    missed = 1 - totals(who, mass, len(start))
    left = np.flatnonzero(missed > _ROUNDING)
    campaign = np.concatenate([who, left])
    end = np.concatenate([when, np.full(len(left), scored.end_us)])
    detected = np.arange(len(campaign)) < len(who)
    share = np.concatenate([mass, missed[left]])
    return campaign, (end - start[campaign]) / DAY_US, detected, share


def undetected(tally: Tally, weights: Floats) -> Iterator[tuple[Floats, Floats]]:
    """Yield the Kaplan-Meier curve of the time to detect for blocks of the draws."""
    campaign, days, detected, share = entries(tally)
    at = tally.campaign_cluster[campaign]
    step = max(1, _BLOCK // max(1, len(campaign)))
    for first in range(0, len(weights), step):
        yield kaplan_meier(days, detected, weights[first : first + step, at] * share)


def time_to_detect_median(tally: Tally, weights: Floats) -> Floats:
    """Return the days until half of the campaigns are caught (see :func:`kaplan_meier`).

    Examples
    --------
    >>> quantile_of(np.array([0.0, 2.0, 5.0]), np.array([[1.0, 0.8, 0.2667]]), 0.5).tolist()
    [5.0]
    """
    return np.concatenate([quantile_of(*curve, 0.5) for curve in undetected(tally, weights)])


def time_to_detect_q80(tally: Tally, weights: Floats) -> Floats:
    """Return the days until 80 % of the campaigns are caught; infinite if that never happens.

    Examples
    --------
    >>> quantile_of(np.array([0.0, 2.0, 5.0]), np.array([[1.0, 0.8, 0.2]]), 0.8).tolist()
    [5.0]
    """
    return np.concatenate([quantile_of(*curve, 0.8) for curve in undetected(tally, weights)])


def time_to_detect_rmst(tally: Tally, weights: Floats) -> Floats:
    """Return the mean days undetected within the first 30, NaN if no campaign is seen so long.

    Examples
    --------
    Undetected through day 3, then all caught:

    >>> restricted_mean(np.array([0.0, 3.0]), np.array([[1.0, 0.0]]), 30.0).tolist()
    [3.0]
    """
    _, days, _, _ = entries(tally)
    seen = float(days.max(initial=0.0))
    parts = []
    for when, left in undetected(tally, weights):
        mean = restricted_mean(when, left, HORIZON_DAYS)
        open_ended = left[:, -1] > _ROUNDING
        parts.append(np.where(open_ended & (seen < HORIZON_DAYS), np.nan, mean))
    return np.concatenate(parts)
