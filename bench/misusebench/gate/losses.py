"""How much of a metric was lost, and what that means: one data set, or several seeds together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from misusebench import interval, metrics
from misusebench.gate.verdict import INCONCLUSIVE, PASS, REGRESSION
from misusesim import rng

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from misusebench.gate.margins import Margins

    Floats = NDArray[np.float64]

#: Fewer paired draws than this make no interval.
LEAST_DRAWS: Final = 40
_ROUNDING: Final = 1e-12


@dataclass(frozen=True, slots=True)
class Loss:
    """A metric of base and head, and draws of head minus base (none: no interval)."""

    metric: str
    base: float
    head: float
    margin: float  # largest loss that passes
    drawn: Floats

    @property
    def change(self) -> float:
        """Head minus base."""
        return self.head - self.base

    @property
    def ends(self) -> tuple[float, float] | None:
        """The 95 % interval of the change."""
        return interval.percentile(self.drawn) if len(self.drawn) >= LEAST_DRAWS else None

    @property
    def worse(self) -> float:
        """By how much head is worse; below 0 it is better."""
        return -self.change if metrics.metric(self.metric).direction == "higher" else self.change

    @property
    def least(self) -> float | None:
        """The end of the interval of the loss at which it is smallest; None without an interval."""
        if (ends := self.ends) is None:
            return None
        return -ends[1] if metrics.metric(self.metric).direction == "higher" else ends[0]

    @property
    def non_inferior(self) -> bool | None:
        """Whether the whole interval lies within the margin; None if there is none."""
        if (ends := self.ends) is None:
            return None
        most = -ends[0] if metrics.metric(self.metric).direction == "higher" else ends[1]
        return bool(most <= self.margin + _ROUNDING)

    @property
    def status(self) -> str:
        """Pass, regression or inconclusive.

        A loss within the margin passes. A larger one is a regression if its interval lies beyond
        the margin too or there is none, otherwise inconclusive.
        """
        if self.worse <= self.margin + _ROUNDING:
            return PASS
        if self.least is None:
            return REGRESSION
        return REGRESSION if self.least > self.margin + _ROUNDING else INCONCLUSIVE


def loss(
    name: str, base: Mapping[str, Any], head: Mapping[str, Any], limits: Margins
) -> Loss:  # fmt: skip
    """Return what became of a metric of one component on one data set; both sides define it."""
    before, after = base["metrics"][name]["value"], head["metrics"][name]["value"]
    margin = limits.allowed(name, before)
    one, other = _drawn(base, name), _drawn(head, name)
    drawn = other - one if len(one) == len(other) else np.empty(0)
    return Loss(name, before, after, margin, drawn)


def _drawn(told: Mapping[str, Any], name: str) -> Floats:
    kept = told.get("draws", {}).get(name, [])
    return np.array([np.nan if v is None else v for v in kept], np.float64)


def pooled(found: Sequence[Loss]) -> Loss:
    """Return several seeds of one scenario as one: means of values, margins and draws.

    Worlds of other seeds have no officer in common, so the mean of one draw from each is a draw of
    the mean: a bootstrap over officers, stratified by seed. All worlds draw from one stream, so
    each world's draws are shuffled first, and no officer of one hangs on an officer of another.

    Examples
    --------
    >>> one, other = (Loss("lift", 2.0, head, 0.1, np.zeros(50)) for head in (1.0, 3.0))
    >>> both = pooled([one, other])
    >>> (both.change, both.ends, both.status)
    (0.0, (0.0, 0.0), 'pass')
    """
    count = min(len(one.drawn) for one in found)
    mixed = [
        rng.stream(nth, "pooled-draws").permutation(one.drawn[:count])
        for nth, one in enumerate(found)
    ]
    base, head, margin = np.mean([(one.base, one.head, one.margin) for one in found], axis=0)
    drawn = np.mean(mixed, axis=0)
    return Loss(found[0].metric, float(base), float(head), float(margin), drawn)
