"""Intervals: a paired bootstrap whose unit is the officer (see metrics/README.md).

Queries of one officer hang together, so an interval that resamples queries is far too narrow (it
covers the truth 46-49 % of the time at nominal 95 %). Here whole officers are drawn with
replacement, and officers who act together in one campaign move as one cluster. A draw is a row of
weights, how often each cluster was drawn; every metric is a function of such weights, so all
components and all metrics see the same draws, which makes differences paired.
"""

from __future__ import annotations

import math
from collections.abc import Hashable
from typing import TYPE_CHECKING, Final, NamedTuple, TypeVar

import numpy as np

from misusesim import rng

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

_Test = TypeVar("_Test", bound=Hashable)

DRAWS: Final = 1_000
LEVEL: Final = 0.95
#: Fewer misusing officers than this and a nominal 95 % interval covers less than 93 %.
LEAST_OFFICERS: Final = 30
#: Weights held at a time: 64 MB.
_CELLS: Final = 8_000_000
#: Share of draws in which a metric may be undefined before its interval is given up.
_UNDEFINED: Final = 0.5


class Paired(NamedTuple):
    """A difference between two components on the same data."""

    value: float
    low: float
    high: float
    p: float


def clusters(officers: int, together: Iterable[Sequence[int]]) -> NDArray[np.int32]:
    """Return each officer's cluster: officers of one campaign, and of campaigns they share, join.

    Examples
    --------
    >>> clusters(5, [[0, 3], [3, 4]]).tolist()
    [0, 1, 2, 0, 0]
    """
    parent = list(range(officers))

    def root(officer: int) -> int:
        while parent[officer] != officer:
            parent[officer] = officer = parent[parent[officer]]
        return officer

    for group in together:
        for officer in group[1:]:
            one, other = sorted((root(int(group[0])), root(int(officer))))
            parent[other] = one
    roots = np.array([root(officer) for officer in range(officers)], np.int64)
    return np.unique(roots, return_inverse=True)[1].astype(np.int32)


def weights(count: int, draws: int = DRAWS, seed: int = 0) -> NDArray[np.float64]:
    """Return how often each of `count` clusters is drawn, one row a draw; rows sum to `count`.

    Examples
    --------
    >>> drawn = weights(4, draws=2, seed=1)
    >>> drawn.shape, drawn.sum(axis=1).tolist()
    ((2, 4), [4.0, 4.0])
    """
    (drawn,) = blocks(count, draws, seed, rows=max(1, draws))
    return drawn


def blocks(
    count: int, draws: int = DRAWS, seed: int = 0, rows: int | None = None
) -> Iterator[NDArray[np.float64]]:
    """Yield the rows of :func:`weights` some at a time, so that many draws need little memory.

    Examples
    --------
    >>> parts = list(blocks(4, draws=5, seed=1, rows=2))
    >>> [len(part) for part in parts], bool((np.concatenate(parts) == weights(4, 5, 1)).all())
    ([2, 2, 1], True)
    """
    chance = rng.stream(seed, "officer-bootstrap")
    step = rows or max(1, _CELLS // max(count, 1))
    for at in range(0, max(draws, 1), step):
        drawn = np.empty((min(step, draws - at), count))
        for row in drawn:
            row[:] = np.bincount(chance.integers(0, max(count, 1), count), minlength=count)
        yield drawn


def least_draws(family: int, level: float = 1 - LEVEL) -> int:
    """Return how many draws it takes that the smallest p of a family can be below the level.

    The smallest p is 2 / (draws + 1), and Holm's correction multiplies it by the family's size.

    Examples
    --------
    All pairs of ten and of thirty components:

    >>> least_draws(45), least_draws(435)
    (1800, 17400)
    """
    return math.floor(2 * family / level + 1e-9)


def percentile(drawn: NDArray[np.float64], level: float = LEVEL) -> tuple[float, float] | None:
    """Return the percentile interval of a bootstrap, None if mostly undefined.

    Draws in which the metric is undefined (NaN: no misuse was drawn) are left out; infinite ones
    (a quantile that was not reached) count and may make an end infinite.

    Examples
    --------
    >>> low, high = percentile(np.arange(101.0))
    >>> round(float(low), 6), round(float(high), 6)
    (2.5, 97.5)
    """
    known = drawn[~np.isnan(drawn)]
    if not len(known) or len(known) < _UNDEFINED * len(drawn):
        return None
    tail = (1 - level) / 2
    if np.isinf(known).any():
        low, high = np.quantile(known, [tail, 1 - tail], method="inverted_cdf")
    else:
        low, high = np.quantile(known, [tail, 1 - tail])
    return float(low), float(high)


def places(
    drawn: Mapping[str, NDArray[np.float64]], level: float = LEVEL
) -> dict[str, tuple[float, float]]:
    """Return the interval of each component's place over draws, 1 is best.

    Who is tied in a draw may have any of the tied places, so ends are the best and the worst.

    Parameters
    ----------
    drawn
        Component -> a metric under the same draws, higher is better; undefined counts as worst.
    level
        Of the interval.

    Examples
    --------
    >>> told = places({"a": np.array([3.0, 3.0, 1.0]), "b": np.array([2.0, 2.0, 2.0])})
    >>> told["a"], told["b"]
    ((1.0, 2.0), (1.0, 2.0))
    """
    if not drawn:
        return {}
    table = np.nan_to_num(np.stack(list(drawn.values())), nan=-np.inf)
    tail = (1 - level) / 2
    found = {}
    for name, own in zip(drawn, table, strict=True):
        best, worst = 1 + (table > own).sum(0), (table >= own).sum(0)
        low = np.quantile(best, tail, method="inverted_cdf")
        found[name] = float(low), float(np.quantile(worst, 1 - tail, method="inverted_cdf"))
    return found


def paired(
    head: float,
    base: float,
    head_draws: NDArray[np.float64],
    base_draws: NDArray[np.float64],
    level: float = LEVEL,
) -> Paired | None:
    """Return head minus base with its interval and two-sided p, None where undefined.

    p = 2 · min(1 + #{d ≤ 0}, 1 + #{d ≥ 0}) / (draws + 1), at most 1.

    Parameters
    ----------
    head, base
        The two values on the whole data.
    head_draws, base_draws
        The same metric under the same draws (:func:`weights` with one seed).
    level
        Of the interval.

    Examples
    --------
    >>> ones = np.ones(999)
    >>> paired(0.5, 0.4, 0.5 * ones, 0.4 * ones).p
    0.002
    """
    with np.errstate(invalid="ignore"):
        difference = head_draws - base_draws
    found = percentile(difference, level)
    if found is None or not np.isfinite([head, base]).all():
        return None
    known = difference[~np.isnan(difference)]
    tails = 1 + min(int((known <= 0).sum()), int((known >= 0).sum()))
    return Paired(head - base, *found, min(1.0, 2 * tails / (len(known) + 1)))


def holm(p: Mapping[_Test, float]) -> dict[_Test, float]:
    """Return p-values corrected by Holm's step-down method for the whole family.

    Examples
    --------
    >>> holm({"a": 0.01, "b": 0.04, "c": 0.03})
    {'a': 0.03, 'b': 0.06, 'c': 0.06}
    """
    least, corrected = 0.0, dict[_Test, float]()
    for place, name in enumerate(sorted(p, key=p.__getitem__)):
        least = max(least, min(1.0, p[name] * (len(p) - place)))
        corrected[name] = least
    return {name: corrected[name] for name in p}
