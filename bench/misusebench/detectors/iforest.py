"""Isolation forest on the shared causal features (extra `ml`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from misusebench.detectors.tabular import Tabular

if TYPE_CHECKING:
    from numpy.typing import NDArray


class IForest(Tabular):
    """scikit-learn's isolation forest, fitted once on the unlabelled history.

    Liu, Ting and Zhou, ICDM 2008. No contamination is given: only the order of scores counts. The
    score is theirs: 0.5 is unremarkable, towards 1 isolated.

    Known weakness: rare is not wrong. It finds odd hours, odd systems and bursts, which honest
    officers produce far more often than misuse does.
    """

    name = "iforest"

    def __init__(
        self, tier: str = "T1", trees: int = 100, sample: int = 512, seed: int = 0
    ) -> None:
        from sklearn.ensemble import IsolationForest  # noqa: PLC0415 - extra `ml`

        super().__init__(tier)
        self._forest = IsolationForest(
            n_estimators=trees, max_samples=sample, random_state=seed, n_jobs=1
        )

    def learn(self, value: NDArray[np.float64]) -> None:
        """Grow the trees on the history."""
        self._forest.set_params(max_samples=min(len(value), self._forest.max_samples))
        self._forest.fit(value)

    def rate(self, value: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return how early a row is isolated."""
        return np.asarray(-self._forest.score_samples(value))
