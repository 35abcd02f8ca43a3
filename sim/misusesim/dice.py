"""Chance of a block of rows: 64 bits per need and purpose, handed out in lanes of 16."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from misusesim import rng

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray


class Dice:
    """Draws of one block of entities; equal entities always throw the same."""

    def __init__(self, seed: int, entity: NDArray[np.uint64]) -> None:
        self._seed = seed
        self.entity = entity

    def bits(self, name: str) -> NDArray[np.uint64]:
        """Return 64 random bits per entity for one purpose."""
        return rng.draw(self.entity, rng.salt(self._seed, name))

    def take(self, at: NDArray[np.int64]) -> Dice:
        """Return the dice of some of the entities."""
        return Dice(self._seed, self.entity[at])

    def chance(self, name: str, share: float | NDArray[np.float64]) -> NDArray[np.bool_]:
        """Return True with probability `share`, to one in 2**53."""
        if isinstance(share, np.ndarray):
            return happens(self.bits(name), share)
        return rng.under(self.entity, rng.salt(self._seed, name), _threshold(share))

    def top(self, name: str) -> NDArray[np.uint16]:
        """Return lane 0 of the bits of one purpose; for purposes that need no other lane."""
        return rng.top(self.entity, rng.salt(self._seed, name))


def lane(bits: NDArray[np.uint64], k: int) -> NDArray[np.int64]:
    """Return the k-th 16 bits from the top of 64 (k from 0 to 3): an integer in [0, 65536)."""
    return raw_lane(bits, k).astype(np.int64)


def raw_lane(bits: NDArray[np.uint64], k: int) -> NDArray[np.uint16]:
    """Return a lane as a view: to compare and to look up, not to reckon with (it overflows)."""
    return np.ascontiguousarray(bits, "<u8").view("<u2")[..., 3 - k :: 4]


def happens(bits: NDArray[np.uint64], share: float | NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return True with probability `share`, to one in 2**53: ``rng.unit(bits) < share``."""
    if isinstance(share, np.ndarray):
        return rng.unit(bits) < share
    return np.asarray(bits < _threshold(share))


def _threshold(share: float) -> int:
    return max(0, math.ceil(share * 2.0**53)) << 11  # exact: the product is a shift of the exponent


def of_65536(share: float) -> int:
    """Return a share as a threshold for a lane."""
    return round(share * 65536)


def table(weights: Mapping[int, int]) -> NDArray[np.int32]:
    """Return 65,536 values in proportion to their integer weights, to be indexed by a lane."""
    values = np.array(list(weights), np.int32)
    return values[rng.guide(list(weights.values()))]


def _exponential_steps() -> NDArray[np.int64]:
    """Return 65,536 exponential quantiles in steps of a 64th, by exact integer decay."""
    left, numerator, denominator = [65536], 63, 64
    while left[-1]:
        left.append(65536 * numerator // denominator)
        numerator, denominator = numerator * 63, denominator * 64
    return np.repeat(np.arange(len(left) - 1, dtype=np.int64), -np.diff(left))


_STEPS = (_exponential_steps() << 8).astype(np.int32)


def exponential(bits: NDArray[np.uint64], mean: NDArray[np.int64] | int) -> NDArray[np.int64]:
    """Return exponential integers of a given mean (below 2**44), exact on every machine.

    The table is an integer decay by 63/64 a step, evened out inside each step; its mean is 63.5
    steps. Lanes 0 and 1 of `bits` are used.
    """
    fine = _STEPS.take(lane(bits, 0)).astype(np.int64)
    fine |= raw_lane(bits, 1) >> 8
    fine = np.asarray(fine * mean)
    fine //= 16256  # 63.5 * 256
    return fine
