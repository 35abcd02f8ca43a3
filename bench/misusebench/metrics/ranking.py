"""How well scores rank queries, at the native base rate, with equal scores grouped.

Rows whose label is `ignore` are left out. Sampled negatives must be weighted by 1/rate.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from misusebench.metrics.frame import Scored
    from misusebench.metrics.tally import Tally

    Floats = NDArray[np.float64]

MAX_FPR: Final = 1e-3
#: Cells of a segment matrix, and of one block of draws, that may be held at a time.
_CELLS: Final = 30_000_000
_BLOCK: Final = 2_000_000


@dataclass(frozen=True, slots=True)
class Segments:
    """Rows counted by cluster and by segment; a segment ends at a score that holds a positive.

    Three counts a segment suffice for every ranking metric: negatives above its score and below
    the one before, negatives that share its score, positives. One more segment holds what lies
    below the last positive. So a bootstrap draw costs a weighted sum, not a new sort.
    """

    cluster: NDArray[np.int64]  # of distinct (cluster, cell)
    cell: NDArray[np.int64]  # part * size + segment; parts: above, shared, positive
    count: Floats
    clusters: int
    size: int  # segments

    def sums(self, weights: Floats) -> Iterator[tuple[Floats, Floats, Floats]]:
        """Yield (above, shared, positive), draws x segments, for blocks of the draws."""
        cells = 3 * self.size
        step = max(1, _BLOCK // max(1, cells))
        matrix = None
        if self.clusters * cells <= _CELLS:
            matrix = np.zeros((self.clusters, cells))
            matrix[self.cluster, self.cell] = self.count
        for at in range(0, len(weights), step):
            block = weights[at : at + step]
            if matrix is not None:
                total = block @ matrix
            else:
                total = np.stack(
                    [np.bincount(self.cell, row[self.cluster] * self.count, cells) for row in block]
                )
            yield total[:, : self.size], total[:, self.size : -self.size], total[:, -self.size :]


def segments(
    score: Floats,
    positive: NDArray[np.bool_],
    cluster: NDArray[np.integer],
    clusters: int,
    weight: Floats | None = None,
) -> Segments:
    """Return the segment counts of scored rows.

    Parameters
    ----------
    score, positive, cluster
        One entry a row.
    clusters
        Number of clusters.
    weight
        Of each row, 1 by default.
    """
    ends = np.unique(score[positive])[::-1]
    size = len(ends) + 1
    at = np.searchsorted(-ends, -score, "left")
    shared = np.zeros(len(score), np.bool_)
    inside = at < len(ends)
    shared[inside] = ends[at[inside]] == score[inside]
    part = np.where(positive, 2, shared.astype(np.int64))
    both = cluster.astype(np.int64) * (3 * size) + part * size + at
    if weight is None:  # return_inverse sorts indices, which takes eight times as long
        cells, count = np.unique(both, return_counts=True)
    else:
        cells, place = np.unique(both, return_inverse=True)
        count = np.bincount(place, weight, len(cells))
    return Segments(
        cells // (3 * size), cells % (3 * size), count.astype(np.float64), clusters, size
    )


def _precision(sums: tuple[Floats, Floats, Floats]) -> Floats:
    above, shared, positive = sums
    true, false = positive.cumsum(1), (above + shared).cumsum(1)
    total = true + false
    at = np.divide(true, total, out=np.zeros_like(true), where=total > 0)
    with np.errstate(invalid="ignore"):
        return np.asarray((positive * at).sum(1) / true[:, -1], np.float64)


def _vertices(sums: tuple[Floats, Floats, Floats]) -> tuple[Floats, Floats]:
    """Return the ROC's corners: false and true positive rate, draws x 2 segments + 1."""
    above, shared, positive = sums
    draws, size = positive.shape
    false, true = np.zeros((draws, 2 * size + 1)), np.zeros((draws, 2 * size + 1))
    false[:, 1::2], false[:, 2::2] = above, shared
    true[:, 2::2] = positive
    false, true = false.cumsum(1), true.cumsum(1)
    with np.errstate(invalid="ignore"):
        return false / false[:, -1:], true / true[:, -1:]


def _area(sums: tuple[Floats, Floats, Floats], up_to: float) -> Floats:
    """Return the area under the ROC curve below a false positive rate."""
    false, true = _vertices(sums)
    left, right = false[:, :-1], np.minimum(false[:, 1:], up_to)
    step = np.diff(false, axis=1)
    slope = np.divide(np.diff(true, axis=1), step, out=np.zeros_like(step), where=step > 0)
    width = np.maximum(right - left, 0)
    return np.asarray((width * (true[:, :-1] + 0.5 * slope * width)).sum(1), np.float64)


def _standard(area: Floats, up_to: float) -> Floats:
    least = up_to**2 / 2
    return 0.5 * (1 + (area - least) / (up_to - least))


def average_precision(
    score: Floats, positive: NDArray[np.bool_], weight: Floats | None = None
) -> float:
    """Return step-wise average precision: AP = Σ (R_k - R_{k-1}) · P_k over distinct scores.

    NaN if there is no positive.

    Examples
    --------
    At .9 precision is 1 and recall 1/3; at .8, three rows, 3/4 and 1:

    >>> scores = np.array([0.9, 0.8, 0.8, 0.8, 0.5, 0.1])
    >>> labels = np.array([1, 1, 1, 0, 0, 0], bool)
    >>> round(average_precision(scores, labels), 4)
    0.8333

    Negatives sampled one in ten, weighted back to the native base rate:

    >>> scores = np.array([0.9, 0.7, 0.5, 0.2, 0.2, 0.2])
    >>> labels = np.array([1, 0, 1, 0, 0, 0], bool)
    >>> round(average_precision(scores, labels, np.where(labels, 1.0, 10.0)), 4)
    0.5833
    """
    return float(_precision(_alone(score, positive, weight))[0])


def auroc(score: Floats, positive: NDArray[np.bool_], weight: Floats | None = None) -> float:
    """Return the area under the ROC curve: P(positive above negative) + half of P(equal).

    NaN if there is no positive or no negative. Diagnostic only: it says little at low base rates.

    Examples
    --------
    Of 9 pairs the positive is above in 7 and equal in 2, (7 + 2 · 0.5) / 9:

    >>> scores = np.array([0.9, 0.8, 0.8, 0.8, 0.5, 0.1])
    >>> round(auroc(scores, np.array([1, 1, 1, 0, 0, 0], bool)), 4)
    0.8889
    """
    return float(_area(_alone(score, positive, weight), 1.0)[0])


def partial_auroc(
    score: Floats,
    positive: NDArray[np.bool_],
    weight: Floats | None = None,
    *,
    max_fpr: float = MAX_FPR,
) -> float:
    """Return the standardised area under the ROC curve below `max_fpr`; 0.5 is chance.

    ½ · [1 + (A - a²/2) / (a - a²/2)] with area A below rate a. NaN as for :func:`auroc`.

    Examples
    --------
    A positive rate of 0.4 at a false positive rate of 0, then flat, has area 4e-4 below 1e-3:

    >>> scores = np.r_[[3.0, 3.0, 1.0, 1.0, 1.0], np.full(10, 2.0)]
    >>> labels = np.r_[np.ones(5, bool), np.zeros(10, bool)]
    >>> round(partial_auroc(scores, labels), 5)
    0.69985
    """
    area = _area(_alone(score, positive, weight), max_fpr)
    return float(_standard(area, max_fpr)[0])


def _alone(
    score: Floats, positive: NDArray[np.bool_], weight: Floats | None
) -> tuple[Floats, Floats, Floats]:
    positive = np.asarray(positive, np.bool_)
    whole = segments(np.asarray(score, np.float64), positive, np.zeros(len(score), np.int64), 1,
                     weight)  # fmt: skip
    return next(whole.sums(np.ones((1, 1))))


def restricted_auroc(scored: Scored, kind: str, officers: NDArray[np.bool_]) -> float:
    """Return the AUROC of one kind's misuse against the honest queries of some officers.

    Parameters
    ----------
    scored
        Scores beside truth.
    kind
        Of misuse: only its queries are positive.
    officers
        Mask over `scored.officers`: whose honest queries are the negatives.

    Examples
    --------
    A clerk's check at 0.6 against honest rows at 0.7 and 0.2; officer 1 is left out:

    >>> from misusebench.metrics.frame import labelled
    >>> small = labelled(np.array([0.6, 0.7, 0.2, 0.9]), np.array([1, 0, 0, 0], bool),
    ...                  officer=np.array([0, 0, 0, 1]))
    >>> restricted_auroc(small, "permit_checks", np.array([True, False]))
    0.5
    """
    own = scored.positive & (scored.kind == scored.kinds.index(kind))
    honest = ~scored.positive & ~scored.ignore & officers[scored.officer]
    rows = own | honest
    return auroc(scored.score[rows], own[rows])


def chance_band(
    score: Floats,
    positive: NDArray[np.bool_],
    *,
    permutations: int,
    chance: np.random.Generator,
    quantile: float = 0.99,
) -> tuple[float, float]:
    """Return the band of average precision when labels are dealt out at random.

    Parameters
    ----------
    score, positive
        One entry a row.
    permutations
        How often labels are dealt.
    chance
        A seeded generator.
    quantile
        Upper end; the lower is 1 - quantile.
    """
    dealt = [average_precision(score, chance.permutation(positive)) for _ in range(permutations)]
    low, high = np.quantile(dealt, [1 - quantile, quantile])
    return float(low), float(high)


def of_tally(tally: Tally) -> Segments:
    """Return the segments of a tally's rows, without those to be ignored."""
    scored = tally.scored
    rows = ~scored.ignore
    return segments(scored.score[rows], scored.positive[rows], tally.cluster[scored.officer[rows]],
                    tally.clusters)  # fmt: skip


def base_rate(tally: Tally, weights: Floats) -> Floats:
    """Return misuse rows ÷ rows per draw."""
    return np.concatenate([
        np.divide(p.sum(1), (n := a.sum(1) + s.sum(1) + p.sum(1)), where=n > 0,
                  out=np.full(len(n), np.nan))
        for a, s, p in tally.segments.sums(weights)
    ])  # fmt: skip


def tally_average_precision(tally: Tally, weights: Floats) -> Floats:
    """Return average precision of single queries at the native base rate, per draw.

    Step-wise, ties grouped: see :func:`average_precision`.

    Examples
    --------
    >>> from misusebench.metrics.frame import labelled
    >>> from misusebench.metrics.tally import Tally
    >>> small = Tally(labelled(np.array([0.9, 0.8, 0.8, 0.8, 0.5, 0.1]),
    ...                        np.array([1, 1, 1, 0, 0, 0], bool)))
    >>> tally_average_precision(small, small.ones).round(4).tolist()
    [0.8333]
    """
    return np.concatenate([_precision(sums) for sums in tally.segments.sums(weights)])


def tally_lift(tally: Tally, weights: Floats) -> Floats:
    """Return average precision ÷ base rate per draw.

    Examples
    --------
    The six rows of :func:`average_precision`: 0.8333 over a base rate of 0.5.

    >>> from misusebench.metrics.frame import labelled
    >>> from misusebench.metrics.tally import Tally
    >>> small = Tally(labelled(np.array([0.9, 0.8, 0.8, 0.8, 0.5, 0.1]),
    ...                        np.array([1, 1, 1, 0, 0, 0], bool)))
    >>> tally_lift(small, small.ones).round(3).tolist()
    [1.667]
    """
    return tally_average_precision(tally, weights) / base_rate(tally, weights)


def tally_auroc(tally: Tally, weights: Floats) -> Floats:
    """Return the area under the ROC curve per draw; diagnostic only: see :func:`auroc`.

    Examples
    --------
    >>> from misusebench.metrics.frame import labelled
    >>> from misusebench.metrics.tally import Tally
    >>> small = Tally(labelled(np.array([0.9, 0.8, 0.8, 0.8, 0.5, 0.1]),
    ...                        np.array([1, 1, 1, 0, 0, 0], bool)))
    >>> tally_auroc(small, small.ones).round(4).tolist()
    [0.8889]
    """
    return np.concatenate([_area(sums, 1.0) for sums in tally.segments.sums(weights)])


def tally_partial_auroc(tally: Tally, weights: Floats) -> Floats:
    """Return the standardised area below a false positive rate of 0.001, per draw.

    See :func:`partial_auroc`.

    Examples
    --------
    >>> from misusebench.metrics.frame import labelled
    >>> from misusebench.metrics.tally import Tally
    >>> small = Tally(labelled(np.array([2.0, 1.0]), np.array([1, 0], bool)))
    >>> tally_partial_auroc(small, small.ones).tolist()
    [1.0]
    """
    parts = [_area(sums, MAX_FPR) for sums in tally.segments.sums(weights)]
    return _standard(np.concatenate(parts), MAX_FPR)
