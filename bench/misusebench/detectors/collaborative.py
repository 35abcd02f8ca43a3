"""Collaborative filtering: what an officer is to be expected to ask for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from misusebench.detectors.habits import ASKED, Habits, surprise

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pyarrow as pa
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


class Collaborative:
    """How little a query is to be expected of what the officer and others like him asked for.

    Non-negative factors of who asks for what (scikit-learn, extra `ml`): each officer is a mix of
    kinds of work. After Menon, Jiang, Kim, Vaidya and Ohno-Machado, Machine Learning 95, 2014, who
    found collaborative filtering the best on violations found in a hospital.

    Known weakness: factors of few rows follow the commonest work; nothing of the person asked for
    but sex and decade of birth is in it.
    """

    name = "collaborative"
    tiers = ("T0", "T1", "T2", "T3")
    needs = ("agency_id", "officer_id", "time", "subject_birth_year", *ASKED)

    def __init__(self, rank: int = 10, rounds: int = 200, seed: int = 0) -> None:
        self._rank, self._rounds, self._seed = rank, rounds, seed
        self._habits = Habits()
        self._share, self._common = np.zeros((0, 0)), np.zeros(0)

    def fit(self, history: pa.Table, context: Mapping[str, pa.Table]) -> None:
        """Factorise the history."""
        from sklearn.decomposition import NMF  # noqa: PLC0415 - extra `ml`

        self._habits.learn(history, context)
        counts = self._habits.counts
        rank = max(1, min(self._rank, *counts.shape))
        model = NMF(
            rank, init="nndsvda", solver="mu", beta_loss="kullback-leibler",
            max_iter=self._rounds, tol=1e-4, random_state=self._seed,
        )  # fmt: skip
        expected = model.fit_transform(counts) @ model.components_
        self._share = expected / np.maximum(expected.sum(axis=1, keepdims=True), 1e-12)
        self._common = (counts.sum(axis=0) + 1) / (counts.sum() + counts.shape[1])

    def score(self, batch: pa.RecordBatch) -> Floats:
        """Return how little each query is expected, in nats."""
        return surprise(self._share, self._common, self._habits.places(batch), 0.1)
