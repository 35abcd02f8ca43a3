"""What real logs do to rows: skewed clocks, late arrival, loss and double entries.

Every draw belongs to a need (or a terminal and a week), so noise depends on nothing else and falls
on honest and dishonest rows alike.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from misusesim import rng
from misusesim.dice import Dice, exponential, lane

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from misusesim.scenario.model import Noise

_MS: Final = 1000
_HOUR_US: Final = 3_600_000_000
#: Way of a row to the log: 40 to 400 ms (assumption); of a second entry: up to 5 s more.
_WAY_US: Final = (40_000, 400_000)
_WAYS: Final = (_WAY_US[0] + (np.arange(65536) * (_WAY_US[1] - _WAY_US[0]) >> 16)).astype(np.int32)
_WHOLE_WAYS: Final = _WAYS // _MS * _MS
_COPY_US: Final = 5_000_000


def clock_skew(
    noise: Noise, seed: int, agency: int | NDArray[np.uint64], terminal: NDArray[np.int32],
    week: NDArray[np.int64],
) -> NDArray[np.int64]:  # fmt: skip
    """Return how far terminals' clocks are off, microseconds, in whole milliseconds.

    Parameters
    ----------
    noise
        `skew_seconds` is the mean absolute skew; the distribution is triangular.
    seed, agency
        The scenario's seed, the index of the agency or of each row's.
    terminal, week
        Index of the terminal in its agency (below 2**20) and of the week: a clock is set weekly.
    """
    entity = week.astype(np.uint64) << np.uint64(20) | terminal.astype(np.uint64)
    entity |= np.asarray(agency, np.uint64) << np.uint64(40)
    bits = rng.draw(entity, rng.salt(seed, "clock skew"))
    reach = round(noise.skew_seconds * 3_000)
    return ((lane(bits, 0) - lane(bits, 1)) * reach >> 16) * _MS


def arrival(noise: Noise, seed: int, need: NDArray[np.uint64]) -> NDArray[np.int64]:
    """Return how long each row is on its way to the log, microseconds, in whole milliseconds."""
    dice = Dice(seed, need)
    drawn = lane(dice.bits("arrival"), 2)
    way = _WHOLE_WAYS.take(drawn).astype(np.int64)
    late = np.flatnonzero(dice.chance("late", noise.late_share))
    bits = Dice(seed, need[late]).bits("lateness")
    longer = _WAYS[drawn[late]] + exponential(bits, round(noise.late_hours * _HOUR_US))
    way[late] = longer // _MS * _MS
    return way


def lost(noise: Noise, seed: int, need: NDArray[np.uint64]) -> NDArray[np.bool_]:
    """Return which rows never reach the log."""
    return Dice(seed, need).chance("lost", noise.lost_share)


def entered_twice(noise: Noise, seed: int, need: NDArray[np.uint64]) -> NDArray[np.bool_]:
    """Return which rows the log holds twice."""
    return Dice(seed, need).chance("twice", noise.duplicate_share)


def second_entry(seed: int, need: NDArray[np.uint64]) -> NDArray[np.int64]:
    """Return how much later the second entry arrives, microseconds, in whole milliseconds."""
    later = lane(Dice(seed, need).bits("second entry"), 0) * _COPY_US >> 16
    return (later // _MS + 1) * _MS
