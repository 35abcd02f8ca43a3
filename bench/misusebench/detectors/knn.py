"""Distance to the k-th neighbour in a sample of the history (extra `ml`)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from misusebench.detectors.tabular import Scale, Tabular, some_rows

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Knn(Tabular):
    """Distance of a row's standardised features to the k-th nearest of a sample of the history.

    Ramaswamy, Rastogi and Shim, SIGMOD 2000; neighbours by scikit-learn.

    Known weakness: the sample is small (every neighbour costs time), so rare but honest work is far
    from everything; all features weigh the same, the useless ones too.
    """

    name = "knn"

    def __init__(
        self, tier: str = "T1", neighbours: int = 10, sample: int = 5_000, seed: int = 0
    ) -> None:
        super().__init__(tier)
        self._neighbours, self._sample, self._seed = neighbours, sample, seed
        self._scale: Any = None
        self._index: Any = None

    def learn(self, value: NDArray[np.float64]) -> None:
        """Index a sample of the history."""
        from sklearn.neighbors import NearestNeighbors  # noqa: PLC0415 - extra `ml`

        self._scale = Scale(value)
        sample = some_rows(value, self._sample, self._seed)
        k = min(self._neighbours, len(sample))
        self._index = NearestNeighbors(n_neighbors=k, algorithm="kd_tree", n_jobs=1)
        self._index.fit(self._scale.of(sample))

    def rate(self, value: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the distance to the k-th neighbour."""
        distance, _ = self._index.kneighbors(self._scale.of(value))
        return np.asarray(distance[:, -1])
