"""Isolation forest on the shared causal features (extra `ml`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from misusebench.features import Features

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pyarrow as pa
    from numpy.typing import NDArray


class IForest:
    """scikit-learn's isolation forest, fitted once on the unlabelled history.

    Liu, Ting and Zhou, ICDM 2008. No contamination is given: only the order of scores counts.

    Known weakness: rare is not wrong. It finds odd hours, odd systems and bursts, which honest
    officers produce far more often than misuse does.
    """

    name = "iforest"
    tiers = ("T0", "T1", "T2", "T3")
    needs = ("agency_id", "officer_id", "time", "received_at", "system", "subject_key")

    def __init__(
        self, tier: str = "T1", trees: int = 100, sample: int = 512, seed: int = 0
    ) -> None:
        from sklearn.ensemble import IsolationForest  # noqa: PLC0415 - extra `ml`

        self._features = Features(tier)
        self._forest = IsolationForest(
            n_estimators=trees, max_samples=sample, random_state=seed, n_jobs=1
        )

    def fit(self, history: pa.Table, context: Mapping[str, pa.Table]) -> None:
        """Grow the trees on the history."""
        self._features.start(context)
        value = self._features.transform(history)
        self._forest.set_params(max_samples=min(len(value), self._forest.max_samples))
        self._forest.fit(value)

    def observe(self, table: str, rows: pa.Table) -> None:
        """Take over context rows as they become known."""
        self._features.observe(table, rows)

    def score(self, batch: pa.RecordBatch) -> NDArray[np.float64]:
        """Return the anomaly score of Liu et al. (0.5 is unremarkable, towards 1 isolated)."""
        scores: NDArray[np.float64] = -self._forest.score_samples(self._features.transform(batch))
        return np.ascontiguousarray(scores)
