"""What an officer's community does, and how far from it a query is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from misusebench.detectors.habits import ASKED, Habits, surprise

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pyarrow as pa
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


class Community:
    """How unusual a query is among the officers who ask for most of the same things (extra `ml`).

    Communities after CADS (Chen and Malin, CODASPY 2011): officers are projected on the leading
    singular vectors of who asks for what; an officer's community are his nearest neighbours there,
    and a query is rated by how rare it is among them (as by access, SNAD of the same authors).

    Known weakness: whoever misuses by the ways of his community is inside it; officers without
    history are rated by what all do.
    """

    name = "community"
    tiers = ("T0", "T1", "T2", "T3")
    needs = ("agency_id", "officer_id", "time", "subject_birth_year", *ASKED)

    def __init__(self, rank: int = 12, neighbours: int = 20, seed: int = 0) -> None:
        self._rank, self._neighbours, self._seed = rank, neighbours, seed
        self._habits = Habits()
        self._share, self._common = np.zeros((0, 0)), np.zeros(0)

    def fit(self, history: pa.Table, context: Mapping[str, pa.Table]) -> None:
        """Find each officer's community and count what it asks for."""
        from sklearn.decomposition import TruncatedSVD  # noqa: PLC0415 - extra `ml`
        from sklearn.neighbors import NearestNeighbors  # noqa: PLC0415

        self._habits.learn(history, context)
        counts = self._habits.counts
        own = counts.multiply(1 / np.maximum(counts.sum(axis=1), 1)[:, None]).tocsr()
        rank = max(1, min(self._rank, min(counts.shape) - 1))
        spot = TruncatedSVD(rank, random_state=self._seed).fit_transform(own)
        k = min(self._neighbours + 1, len(spot))
        _, near = NearestNeighbors(n_neighbors=k).fit(spot).kneighbors(spot)
        self._share = np.stack([own[row[row != n]].mean(axis=0) for n, row in enumerate(near)])
        self._common = (counts.sum(axis=0) + 1) / (counts.sum() + counts.shape[1])

    def score(self, batch: pa.RecordBatch) -> Floats:
        """Return how rare each query is in its officer's community, in nats."""
        return surprise(self._share, self._common, self._habits.places(batch), 0.1)
