"""Two rankings of the same components, as of other worlds or rates: how alike, and what flips.

Worlds of low rates hold few misuse queries each, so their rows are pooled: a score counts as its
place among the rows of its own world, and officers are drawn within each world.
"""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from misusebench import interval
from misusebench.interval import holm
from misusebench.metrics import Tally, labelled
from misusebench.metrics.ranking import average_precision, tally_average_precision

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from misusebench.metrics import Scored

    Floats = NDArray[np.float64]

#: Places that are told apart in draws: finely at the top, where average precision is decided.
_PLACES: Final = 400


class Pooled(NamedTuple):
    """Average precision over the rows of some worlds."""

    value: float
    drawn: Floats  # the same under draws of officers, paired between components
    officers: int  # with misuse


class Flip(NamedTuple):
    """Two components that change places between two rankings."""

    ahead: str  # before
    behind: str
    p: float  # the larger of the two, each corrected for all pairs of both rankings


def from_the_top(score: Floats) -> Floats:
    """Return each row's place from the top as a share of the rows, equal scores their mean.

    Examples
    --------
    >>> from_the_top(np.array([0.9, 0.1, 0.1, 0.5])).tolist()
    [0.25, 0.875, 0.875, 0.5]
    """
    ordered = np.sort(-score)
    low, high = (np.searchsorted(ordered, -score, side=s) for s in ("left", "right"))
    return np.asarray((low + high + 1) / (2 * len(score)), np.float64)


def pooled(worlds: Sequence[Scored], draws: int = interval.DRAWS) -> Pooled:
    """Return average precision over the rows of all worlds.

    Draws put places into bins (a few per cent wide, single rows at the very top), which makes
    their spread and not their middle that of the value.

    Parameters
    ----------
    worlds
        One component's scores beside truth, a world each.
    draws
        Of officers, within each world.
    """
    place = np.concatenate([from_the_top(one.score) for one in worlds])
    positive = np.concatenate([one.positive for one in worlds])
    ignore = np.concatenate([one.ignore for one in worlds])
    tallies = [Tally(one, draws=draws, seed=seed) for seed, one in enumerate(worlds)]
    starts = np.cumsum([0, *(tally.clusters for tally in tallies)])
    cluster = np.concatenate([
        start + tally.cluster[one.officer]
        for start, tally, one in zip(starts, tallies, worlds, strict=False)
    ])  # fmt: skip
    edges = np.geomspace(place.min(), 1.0, _PLACES)
    binned = -np.searchsorted(edges, place).astype(np.float64)
    tally = Tally(labelled(binned, positive, officer=cluster, ignore=ignore), draws=draws)
    drawn = np.concatenate([one.weights for one in tallies], axis=1)
    return Pooled(
        average_precision(-place[~ignore], positive[~ignore]),
        tally_average_precision(tally, drawn),
        sum(one.misusing_officers for one in worlds),
    )


def kendall(one: Mapping[str, float], other: Mapping[str, float]) -> float:
    """Return Kendall's tau-b of two rankings of the same components, NaN if one is all ties.

    Examples
    --------
    >>> kendall({"a": 3, "b": 2, "c": 1}, {"a": 3, "b": 1, "c": 2})
    0.3333333333333333
    """
    pairs = list(itertools.combinations(one, 2))
    first = np.sign([one[a] - one[b] for a, b in pairs])
    second = np.sign([other[a] - other[b] for a, b in pairs])
    size = math.sqrt(float(np.abs(first).sum() * np.abs(second).sum()))
    return float((first * second).sum() / size) if size else math.nan


def flips(before: Mapping[str, Pooled], after: Mapping[str, Pooled]) -> list[Flip]:
    """Return the pairs whose order is turned round beyond chance, by p.

    A pair counts if the difference is significant on both sides, with opposite signs: z of the
    paired draws, Holm over all pairs of both rankings.
    """
    names = list(itertools.combinations(before, 2))
    sides = (before, after)
    raw = {
        f"{side} {a} {b}": two_sided(ranking[a], ranking[b])
        for side, ranking in enumerate(sides) for a, b in names
    }  # fmt: skip
    told = holm(raw)
    found = []
    for a, b in names:
        gap = [ranking[a].value - ranking[b].value for ranking in sides]
        p = max(told[f"{side} {a} {b}"] for side in (0, 1))
        if gap[0] * gap[1] < 0 and p < 1 - interval.LEVEL:
            found.append(Flip(*((a, b) if gap[0] > 0 else (b, a)), p))
    return sorted(found, key=lambda flip: flip.p)


def two_sided(one: Pooled, other: Pooled) -> float:
    """Return the p of a difference by its standard error over the paired draws.

    Examples
    --------
    >>> drawn = np.array([0.1, 0.3, 0.2])
    >>> round(two_sided(Pooled(0.2, drawn, 9), Pooled(0.0, drawn * 0, 9)), 4)
    0.0455
    """
    error = float(np.nanstd(one.drawn - other.drawn, ddof=1))
    if not error > 0:
        return float(one.value == other.value)
    return math.erfc(abs(one.value - other.value) / error / math.sqrt(2))
