"""How far a detector is from the observable oracle of its tier, in average precision."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from misusebench.metrics.ranking import tally_average_precision, tally_lift

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from misusebench.metrics.tally import Tally

    Floats = NDArray[np.float64]

UNDEFINED: Final = "the oracle is no better than chance here"


@dataclass(frozen=True, slots=True)
class Rates:
    """Average precision and base rate, one entry a draw."""

    precision: Floats
    base: Floats  # what random scores have


@dataclass(frozen=True, slots=True)
class Precision:
    """What regret needs of one component; pairs of components share the draws."""

    ones: Rates
    draws: Rates
    officers: int  # misusing

    @classmethod
    def of(cls, tally: Tally) -> Precision:
        """Return it of a tally."""
        draws = (
            tally.drawn[name] if name in tally.drawn else fn(tally, tally.weights)
            for name, fn in _DRAWN.items()
        )  # fmt: skip
        ones = (fn(tally, tally.ones) for fn in _DRAWN.values())
        return cls(_rates(*ones), _rates(*draws), tally.scored.misusing_officers)


#: Metrics that regret is made of, by the names under which a tally keeps their draws.
_DRAWN: Final = {"average_precision": tally_average_precision, "lift": tally_lift}


def _rates(precision: Floats, lift: Floats) -> Rates:
    base = np.divide(precision, lift, out=np.full(len(lift), np.nan), where=lift > 0)
    return Rates(precision, base)


def regret(own: Rates, oracle: Rates) -> Floats:
    """Share of the way from chance to the observable oracle that is left: (o - m) / (o - chance).

    0 is the oracle's own, 1 is chance; below 0 is above the oracle.

    Examples
    --------
    >>> chance = np.array([0.001])
    >>> found = regret(Rates(np.array([0.35]), chance), Rates(np.array([0.8]), chance))
    >>> found.round(3).tolist()
    [0.563]
    """
    gap = oracle.precision - oracle.base
    left = oracle.precision - own.precision
    return np.asarray(np.divide(left, gap, out=np.full(len(gap), np.nan), where=gap > 0))


def below_oracle(own: Rates, oracle: Rates) -> Floats:
    """Average precision of the observable oracle less the detector's; below 0 is above it.

    Examples
    --------
    >>> chance = np.array([0.001])
    >>> below_oracle(Rates(np.array([0.35]), chance), Rates(np.array([0.8]), chance)).round(2)
    array([0.45])
    """
    return np.asarray(oracle.precision - own.precision)
