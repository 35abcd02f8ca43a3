"""Empirical cumulative distributions as outlier scores, made causal."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from misusebench.detectors.tabular import Tabular

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


class Ecod(Tabular):
    """ECOD with the distributions of the history, frozen.

    Li, Zhao, Hu, Botta, Ionescu and Chen, TKDE 2022. Their decision function pools the history and
    the batch, so an old row's score changes when later rows join the batch; here both tails of each
    feature are counted in the history alone: l = -ln((#{q <= x} + 1) / (n + 2)), r likewise with
    >=; the score is the largest of the sum of l, of r, and of the tail on which the history's
    skewness says outliers are.

    Known weakness: features are taken one by one, so an odd combination of usual values is usual;
    sums over many features drown one that is very odd.
    """

    name = "ecod"

    def __init__(self, tier: str = "T1") -> None:
        super().__init__(tier)
        self._sorted: list[Floats] = []
        self._left_skewed = np.zeros(0, np.bool_)

    def learn(self, value: Floats) -> None:
        """Keep the sorted values of each feature, and on which side its long tail is."""
        self._sorted = [np.sort(column) for column in value.T]
        centred = value - value.mean(axis=0) if len(value) else value
        self._left_skewed = (centred**3).sum(axis=0) < 0

    def rate(self, value: Floats) -> Floats:
        """Return the largest sum of negative log tails."""
        left, right, skewed = (np.zeros(len(value)) for _ in range(3))
        for column, own, long_left in zip(value.T, self._sorted, self._left_skewed, strict=True):
            n = len(own)
            below = -np.log((np.searchsorted(own, column, side="right") + 1) / (n + 2))
            above = -np.log((n - np.searchsorted(own, column, side="left") + 1) / (n + 2))
            left += below
            right += above
            skewed += below if long_left else above
        return np.maximum(np.maximum(left, right), skewed)
