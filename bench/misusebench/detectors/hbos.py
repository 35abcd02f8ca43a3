"""Histogram-based outlier score on the shared causal features (extra `pyod`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from misusebench.detectors.tabular import Tabular, some_rows

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Hbos(Tabular):
    """PyOD's histogram-based outlier score with the histograms of the history.

    Goldstein and Dengel, KI 2012. Features count as independent.

    Known weakness: equal-width bins over counts put nearly all rows into the first one, so it
    finds the largest counts, hence the busiest officers, and little else.
    """

    name = "hbos"

    def __init__(
        self, tier: str = "T1", bins: int = 20, sample: int = 200_000, seed: int = 0
    ) -> None:
        from pyod.models.hbos import HBOS  # noqa: PLC0415 - extra `pyod`

        super().__init__(tier)
        self._model = HBOS(n_bins=bins)
        self._sample, self._seed = sample, seed

    def learn(self, value: NDArray[np.float64]) -> None:
        """Count a sample of the history into bins."""
        self._model.fit(some_rows(value, self._sample, self._seed))

    def rate(self, value: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the sum of negative log heights of a row's bins."""
        return np.asarray(self._model.decision_function(value), np.float64)
