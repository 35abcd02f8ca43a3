"""What an officer's community does, and how far from it a query is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from misusebench.detectors.habits import ByHabits

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


class Community(ByHabits):
    """How unusual a query is among the officers who ask for most of the same things (extra `ml`).

    Communities after CADS (Chen and Malin, CODASPY 2011): officers are projected on the leading
    singular vectors of who asks for what; an officer's community are his nearest neighbours there,
    and a query is rated by how rare it is among them (as by access, SNAD of the same authors).

    Known weakness: whoever misuses by the ways of his community is inside it; officers without
    history are rated by what all do.
    """

    name = "community"

    def __init__(self, rank: int = 12, neighbours: int = 20, seed: int = 0) -> None:
        super().__init__()
        self._rank, self._neighbours, self._seed = rank, neighbours, seed

    def shares(self, counts: Any) -> Floats:
        """Return what each officer's community asks for."""
        from sklearn.decomposition import TruncatedSVD  # noqa: PLC0415 - extra `ml`
        from sklearn.neighbors import NearestNeighbors  # noqa: PLC0415

        own = counts.multiply(1 / np.maximum(counts.sum(axis=1), 1)[:, None]).tocsr()
        rank = min(self._rank, min(own.shape) - 1)
        spot = TruncatedSVD(rank, random_state=self._seed).fit_transform(own)
        k = min(self._neighbours + 1, len(spot))
        # not by brute force: that asks the process for its memory map, which confinement forbids
        _, near = NearestNeighbors(n_neighbors=k, algorithm="kd_tree").fit(spot).kneighbors(spot)
        return np.stack([own[row[row != n]].mean(axis=0) for n, row in enumerate(near)])
