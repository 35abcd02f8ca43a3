"""Losses of a known size, planted to see whether the gate finds them."""

from __future__ import annotations

import importlib
import time
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from misusebench.metrics.ranking import average_precision

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pyarrow as pa
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

#: Turns of the loop by which a turn is timed, and how often that is done.
_TURNS: Final = 20_000
_TIMES: Final = 7


class Slowed:
    """A detector that works on for a share of the time its call took.

    The work is a loop whose turns are timed when the detector is made; nothing sleeps, so a busy
    machine slows it as it slows the rest.

    Parameters
    ----------
    target
        ``module:Class`` of the detector.
    share
        Of its own time; 0 leaves it as it is.
    parameters
        Of the detector.
    """

    name = "slowed"
    tiers = ("T0", "T1", "T2", "T3")
    needs = ()

    def __init__(
        self, target: str, share: float, parameters: Mapping[str, Any] | None = None
    ) -> None:  # fmt: skip
        module, _, name = target.partition(":")
        self._inner = getattr(importlib.import_module(module), name)(**(parameters or {}))
        self._share = share
        self._turn_ns = min(_took(_TURNS) for _ in range(_TIMES)) / _TURNS

    def __getattr__(self, name: str) -> Any:
        """Return what the detector has: `fit`, `observe` and so on, if it has them."""
        if name == "_inner":
            raise AttributeError(name)
        return getattr(self._inner, name)

    def score(self, batch: pa.RecordBatch) -> Floats:
        """Return the detector's scores, later."""
        start = time.perf_counter_ns()
        found: Floats = self._inner.score(batch)
        took = time.perf_counter_ns() - start
        _work(int(took * self._share / self._turn_ns))
        return found


def _work(turns: int) -> int:
    total = 0
    for turn in range(turns):
        total += turn & 3
    return total


def _took(turns: int) -> int:
    start = time.perf_counter_ns()
    _work(turns)
    return time.perf_counter_ns() - start


def blinded(score: Floats, positive: NDArray[np.bool_], loss: float, seed: int) -> Floats:
    """Return scores blended with noise so that their average precision falls by `loss`.

    Parameters
    ----------
    score
        One a row.
    positive
        Which rows are misuse.
    loss
        Of average precision; at most what there is above half of it is lost.
    seed
        Of the noise.

    Examples
    --------
    >>> chance = np.random.default_rng(0)
    >>> positive = chance.random(5_000) < 0.02
    >>> score = chance.normal(size=5_000) + 3 * positive
    >>> before = average_precision(score, positive)
    >>> round(before - average_precision(blinded(score, positive, 0.03, 1), positive), 3)
    0.03
    """
    order = np.argsort(np.argsort(score, kind="stable"), kind="stable")
    noise = np.random.default_rng(seed).normal(size=len(score)) * len(score)
    wanted = average_precision(score, positive) - loss
    low, high = 0.0, 1.0
    for _ in range(40):
        middle = (low + high) / 2
        if average_precision(order + middle * noise, positive) > wanted:
            low = middle
        else:
            high = middle
    return np.asarray(order + high * noise, np.float64)
