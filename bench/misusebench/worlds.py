"""Components on many worlds: who is better than whom, beyond chance and by more than matters.

Within a world officers are resampled (`interval.py`). Here the worlds are the sample: a signed-rank
test for each pair, Holm's correction for the whole family, and the chance that a difference lies
within a region of practical equivalence. Not Nemenyi's test, whose verdict on two components hangs
on the others (Benavoli, Corani and Mangili, JMLR 17, 2016).
"""

from __future__ import annotations

import itertools
from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from misusebench.interval import holm
from misusebench.specs import TIERS
from misusesim import rng

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

#: A difference of average precision below this is none in practice.
ROPE: Final = 0.01
_DRAWS: Final = 20_000


class Pair(NamedTuple):
    """Two components on the same worlds; differences are the first less the second."""

    first: str
    second: str
    difference: float  # median over worlds
    p: float  # two-sided, signed ranks
    p_holm: float
    better: float  # chance that "better by more than the region" is the likeliest of the three
    equal: float  # chance that "within the region" is


def signed_ranks(difference: Floats) -> float:
    """Return the two-sided p of Wilcoxon's signed-rank test, exact, with ties.

    Differences of zero are left out; without any other the p is 1.

    Examples
    --------
    Of six worlds all six are better: 2 of 64 orders of signs are as far out.

    >>> signed_ranks(np.array([0.1, 0.2, 0.3, 0.4, 0.5, 0.6]))
    0.03125
    """
    some = difference[difference != 0]
    if not len(some):
        return 1.0
    size = np.abs(some)
    low, high = (np.searchsorted(np.sort(size), size, side=s) for s in ("left", "right"))
    twice = (low + high + 1).astype(np.int64)  # twice the mean rank, a whole number
    chances = np.ones(1)
    for rank in twice.tolist():
        moved = np.zeros(len(chances) + rank)
        moved[: len(chances)] += chances / 2
        moved[rank:] += chances / 2
        chances = moved
    above = int(twice[some > 0].sum())
    tail = min(float(chances[above:].sum()), float(chances[: above + 1].sum()))
    return min(1.0, 2 * tail)


def practical(difference: Floats, rope: float, seed: int = 0) -> tuple[float, float, float]:
    """Return how often a difference is likeliest below, within and above a region about zero.

    The Bayesian signed-rank test (Benavoli, Corani, Mangili and Zaffalon, ICML 2014): worlds have
    Dirichlet weights, with one more at zero as prior.

    Examples
    --------
    >>> practical(np.full(20, 0.3), 0.01)
    (0.0, 0.0, 1.0)
    >>> practical(np.zeros(20), 0.01)
    (0.0, 1.0, 0.0)
    """
    values = np.append(difference, 0.0)
    mean = (values[:, None] + values[None]) / 2
    weight = _weights(len(values), seed)
    share = np.stack([
        ((weight @ which.astype(np.float64)) * weight).sum(axis=1)
        for which in (mean < -rope, np.abs(mean) <= rope, mean > rope)
    ])  # fmt: skip
    won = np.bincount(share.argmax(axis=0), minlength=3) / _DRAWS
    return float(won[0]), float(won[1]), float(won[2])


@lru_cache(maxsize=2)
def _weights(count: int, seed: int) -> Floats:
    """Return the drawn weights; all pairs on the same worlds share them."""
    return rng.stream(seed, "signed-rank").dirichlet(np.ones(count), _DRAWS)


def pairs(
    values: Mapping[str, Floats], rope: float = ROPE,
    among: Sequence[tuple[str, str]] | None = None,
) -> list[Pair]:  # fmt: skip
    """Return pairs of components, by p.

    Parameters
    ----------
    values
        Component -> a metric by world, higher is better, all of one length.
    rope
        Half the width of the region of practical equivalence.
    among
        The family that is corrected for; all pairs by default.

    Raises
    ------
    ValueError
        If the lengths differ or a value is not a number.
    """
    if len({len(value) for value in values.values()}) > 1:
        raise ValueError("components were not tried on the same worlds")
    if bad := [name for name, value in values.items() if not np.isfinite(value).all()]:
        raise ValueError(f"{bad[0]} has no value on some world; leave that world or it out")
    names = list(itertools.combinations(values, 2)) if among is None else among
    differences = {name: values[name[0]] - values[name[1]] for name in names}
    raw = {name: signed_ranks(difference) for name, difference in differences.items()}
    told = holm(raw)
    found = []
    for name, difference in differences.items():
        _, equal, better = practical(difference, rope)
        found.append(
            Pair(*name, float(np.median(difference)), raw[name], told[name], better, equal)
        )
    return sorted(found, key=lambda one: (one.p, one.first, one.second))


def mean_ranks(values: Mapping[str, Floats]) -> dict[str, float]:
    """Return the mean rank of each component over the worlds, best first; ties share theirs.

    Examples
    --------
    >>> mean_ranks({"a": np.array([1.0, 3.0]), "b": np.array([2.0, 3.0])})
    {'b': 1.25, 'a': 1.75}
    """
    table = -np.stack(list(values.values()))
    ordered = np.sort(table, axis=0)
    ranks = np.empty_like(table)
    for world in range(table.shape[1]):
        low, high = (
            np.searchsorted(ordered[:, world], table[:, world], side=s) for s in ("left", "right")
        )
        ranks[:, world] = (low + high + 1) / 2
    means = dict(zip(values, ranks.mean(axis=1).tolist(), strict=True))
    return dict(sorted(means.items(), key=lambda item: item[1]))


def by_tier(values: Mapping[str, Floats]) -> dict[str, dict[str, Floats]]:
    """Return what detectors that were run at several tiers reach at each (the suite `full`).

    Examples
    --------
    >>> one = np.ones(1)
    >>> list(by_tier({"knn": one, "knn-T0": one, "knn-T2": one, "rules-T0": one})["knn"])
    ['T0', 'T2']
    """
    found: dict[str, dict[str, Floats]] = {}
    for name in sorted(values):
        base, _, tier = name.rpartition("-")
        if base and tier in TIERS:
            found.setdefault(base, {})[tier] = values[name]
    return {base: told for base, told in found.items() if len(told) > 1}


def gains(values: Mapping[str, Floats], rope: float = ROPE) -> list[Pair]:
    """Return each tier of a detector against the one before, all of them one family."""
    steps = [
        (f"{base}-{after}", f"{base}-{before}")
        for base, told in by_tier(values).items()
        for before, after in itertools.pairwise(told)
    ]
    return pairs(values, rope, steps)


def alike(
    values: Mapping[str, Floats], level: float = 0.05, told: Sequence[Pair] | None = None
) -> list[list[str]]:
    """Return runs of components, best first, no two of which differ.

    Only runs of two and more that no other holds; for the bars of a critical-difference diagram.

    Parameters
    ----------
    values
        Component -> a metric by world.
    level
        Of Holm's p from which on two do not differ.
    told
        All pairs, where :func:`pairs` has already found them.
    """
    order = list(mean_ranks(values))
    found = pairs(values) if told is None else told
    differ = {frozenset((one.first, one.second)) for one in found if one.p_holm < level}
    runs: list[list[str]] = []
    for start, name in enumerate(order):
        run = [name]
        for other in order[start + 1 :]:
            if any(frozenset((member, other)) in differ for member in run):
                break
            run.append(other)
        if len(run) > 1 and not any(set(run) <= set(one) for one in runs):
            runs.append(run)
    return runs
