"""When questions arrive: at random, as from many people who do not wait for one another."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from misusesim import rng

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Burst(NamedTuple):
    """A part of a run in which more arrive."""

    start: float  # share of the run
    end: float
    times: float  # as many as else


#: When one shift signs off and the next signs on, for a fifth of the run.
SHIFT_CHANGE: Final = Burst(0.4, 0.6, 4.0)


def arrivals(
    rate: float, seconds: float, seed: int = 0, burst: Burst | None = None
) -> NDArray[np.float64]:
    """Return ascending arrival times of a Poisson process, in seconds from the start.

    Parameters
    ----------
    rate
        Arrivals a second, outside of the burst.
    seconds
        Length of the run.
    seed
        Of the times: equal seeds, equal times.
    burst
        When the rate is higher, if at all.
    """
    at, expected = np.array([0.0, seconds]), np.array([0.0, rate * seconds])
    if burst is not None:
        at = np.array([0.0, burst.start, burst.end, 1.0]) * seconds
        rates = rate * np.array([1.0, burst.times, 1.0])
        expected = np.concatenate([[0.0], np.cumsum(np.diff(at) * rates)])
    most = expected[-1]
    draws = rng.stream(seed, "policy-arrivals").exponential(size=int(most + 8 * most**0.5 + 32))
    unit = np.cumsum(draws)  # a process of rate one, stretched by the rate that is expected
    found: NDArray[np.float64] = np.interp(unit[unit < most], expected, at)
    return found
