"""Collaborative filtering: what an officer is to be expected to ask for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from misusebench.detectors.habits import ByHabits, FactoredShares

if TYPE_CHECKING:
    from misusebench.detectors.habits import Shares


class Collaborative(ByHabits):
    """How little a query is to be expected of what the officer and others like him asked for.

    Non-negative factors of who asks for what (scikit-learn, extra `ml`): each officer is a mix of
    kinds of work. After Menon, Jiang, Kim, Vaidya and Ohno-Machado, Machine Learning 95, 2014, who
    found collaborative filtering the best on violations found in a hospital.

    Known weakness: factors of few rows follow the commonest work; nothing of the person asked for
    but sex and decade of birth is in it.
    """

    name = "collaborative"

    def __init__(self, rank: int = 10, rounds: int = 200, seed: int = 0) -> None:
        super().__init__()
        self._rank, self._rounds, self._seed = rank, rounds, seed

    def shares(self, counts: Any) -> Shares:
        """Return what is to be expected of each officer, by the factors of all."""
        from sklearn.decomposition import NMF  # noqa: PLC0415 - extra `ml`

        rank = max(1, min(self._rank, *counts.shape))
        model = NMF(
            rank, init="nndsvda", solver="mu", beta_loss="kullback-leibler",
            max_iter=self._rounds, tol=1e-4, random_state=self._seed,
        )  # fmt: skip
        return FactoredShares(model.fit_transform(counts), model.components_)
