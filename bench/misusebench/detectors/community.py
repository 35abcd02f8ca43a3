"""What an officer's community does, and how far from it a query is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from misusebench.detectors.habits import ByHabits, NearShares, by_row

if TYPE_CHECKING:
    from misusebench.detectors.habits import Shares


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

    def shares(self, counts: Any) -> Shares:
        """Return what each officer's community asks for."""
        from sklearn.decomposition import TruncatedSVD  # noqa: PLC0415 - extra `ml`
        from sklearn.neighbors import NearestNeighbors  # noqa: PLC0415

        own = by_row(counts)
        rank = min(self._rank, min(own.shape) - 1)
        spot = TruncatedSVD(rank, random_state=self._seed).fit_transform(own)
        k = min(self._neighbours + 1, len(spot))
        # not by brute force: that asks for the process's memory map, which it may not read
        _, near = NearestNeighbors(n_neighbors=k, algorithm="kd_tree").fit(spot).kneighbors(spot)
        others = near != np.arange(len(near))[:, None]
        others[others.all(axis=1), -1] = False  # among many of one spot he may not be his nearest
        return NearShares(own, near[others].reshape(len(near), k - 1))
