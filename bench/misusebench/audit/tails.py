"""How far out an observed number is among those that chance would give, without approximation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from misusebench.audit.beginnings import Number

    Floats = NDArray[np.float64]

#: Beyond three standard errors of a normal distribution, on either side.
THREE_SIGMA: Final = 0.0027
ROUNDS: Final = 10_000
_CHUNK: Final = 200
#: Draws go on until so many are beyond what is there, or there are so many in all: so a chance of
#: one in hundreds of thousands is told from one in thousands.
_ENOUGH: Final = 20
MOST: Final = 1_000_000


def two_sided(chances: Floats, value: int) -> float:
    """Return twice the smaller tail of a number's distribution at a value, at most 1.

    >>> two_sided(np.array([0.5, 0.5]), 1)
    1.0
    >>> round(two_sided(np.array([0.999, 0.001]), 1), 6)
    0.002
    """
    below = float(chances[: value + 1].sum())
    above = float(chances[value:].sum())
    return min(1.0, 2 * min(below, above))


def distribution(numbers: Sequence[Number], most: int) -> Floats:
    """Return the chance of each number of campaigns from 0 to `most` or beyond."""
    mean = sum(one.mean for one in numbers)
    expected = sum(one.expected for one in numbers)
    size = max(most, int(expected + 12 * expected**0.5 + 30)) + 1
    found = poisson(mean, size)
    for one in numbers:
        for chance in one.chances.tolist():
            moved = found * (1 - chance)
            moved[1:] += found[:-1] * chance
            found = moved
    return found


def poisson(mean: float, size: int) -> Floats:
    """Return the chances of 0 to size - 1 of a Poisson number.

    >>> poisson(2.0, 3).round(4).tolist()
    [0.1353, 0.2707, 0.2707]
    """
    if not mean:
        return np.asarray(np.eye(1, size)[0])
    steps = np.log(mean) - np.log(np.arange(1, size))
    return np.asarray(np.exp(np.append(0.0, np.cumsum(steps)) - mean))


def false_alarms(chances: Floats) -> float:
    """Return how likely a number of this distribution is beyond three standard errors."""
    below, above = np.cumsum(chances), np.cumsum(chances[::-1])[::-1]
    return float(chances[2 * np.minimum(below, above) < THREE_SIGMA].sum())


def summed(draws: Sequence[Floats], rounds: int, seed: Sequence[int]) -> Floats:
    """Return sums over campaigns, each by one of its draws, in so many rounds.

    Parameters
    ----------
    draws
        Tables of shape (campaigns, draws), one per data set.
    rounds, seed
        How often, and of the choice.
    """
    chance, sums = np.random.default_rng(seed), np.zeros(rounds)
    for table in draws:
        for at in range(0, len(table), _CHUNK):
            part = table[at : at + _CHUNK]
            which = chance.integers(0, part.shape[1], (len(part), rounds))
            sums += np.take_along_axis(part, which, axis=1).sum(axis=0)
    return sums


def beyond(draw: Callable[[int], Floats], value: float, first: Floats) -> float:
    """Return twice the share of draws at least as far out as a value, on its side, at most 1.

    Parameters
    ----------
    draw
        Returns more draws, of a seed.
    value
        What is there.
    first
        Draws to begin with.

    Examples
    --------
    >>> round(beyond(lambda seed: np.arange(99.0), 98.0, np.arange(99.0)), 2)
    0.02
    """
    above = below = number = seed = 0
    drawn = first
    while True:
        above += int((drawn >= value - 1e-9).sum())
        below += int((drawn <= value + 1e-9).sum())
        number += len(drawn)
        if min(above, below) >= _ENOUGH or number >= MOST:
            return min(1.0, 2 * (min(above, below) + 1) / (number + 1))
        seed += 1
        drawn = draw(seed)


def misfit(counts: Sequence[Floats], shares: Sequence[Floats], rounds: int, seed: int) -> float:
    """Return the chance of a mix at least as far from its shares, by draws of that many.

    Parameters
    ----------
    counts, shares
        Of each class, one pair per data set.
    rounds, seed
        Of the first draws.
    """
    expected = sum(c.sum() * s for c, s in zip(counts, shares, strict=True))
    weight = np.maximum(expected, 1e-9)
    here = float(((sum(counts) - expected) ** 2 / weight).sum())
    chance, far, number = np.random.default_rng(seed), 0, 0
    while far < _ENOUGH and number < MOST:
        drawn = sum(
            chance.multinomial(int(c.sum()), s, rounds) for c, s in zip(counts, shares, strict=True)
        )
        far += int((((drawn - expected) ** 2 / weight).sum(axis=1) >= here - 1e-9).sum())
        number += rounds
    return (far + 1) / (number + 1)
