"""What all detectors on the shared causal features have in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

import numpy as np

from misusebench.features import Features

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pyarrow as pa
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


class Tabular(ABC):
    """Turns rows into features; a detector says what it learns of them and how it rates them."""

    tiers = ("T0", "T1", "T2", "T3")
    needs = ("agency_id", "officer_id", "time", "received_at", "system", "subject_key")

    def __init__(self, tier: str = "T1") -> None:
        self._features = Features(tier)

    @abstractmethod
    def learn(self, value: Floats) -> None:
        """Learn from the features of the unlabelled history, shape (rows, features)."""

    @abstractmethod
    def rate(self, value: Floats) -> Floats:
        """Return one number a row; it may learn from a row once it has rated it."""

    def fit(self, history: pa.Table, context: Mapping[str, pa.Table]) -> None:
        """Learn from the history."""
        self._features.start(context)
        self.learn(self._features.transform(history))

    def observe(self, table: str, rows: pa.Table) -> None:
        """Take over context rows as they become known."""
        self._features.observe(table, rows)

    def score(self, batch: pa.RecordBatch) -> Floats:
        """Return one number a row."""
        if not batch.num_rows:
            return np.empty(0)
        return np.ascontiguousarray(self.rate(self._features.transform(batch)), np.float64)


def some_rows(value: Floats, most: int, seed: int) -> Floats:
    """Return at most so many rows, drawn without replacement, in their order."""
    if len(value) <= most:
        return value
    drawn = np.random.default_rng(seed).choice(len(value), most, replace=False)
    return np.asarray(value[np.sort(drawn)])


class Scale:
    """Centre and spread of each feature in the history; one that never varies counts nothing."""

    def __init__(self, value: Floats) -> None:
        self._centre = value.mean(axis=0) if len(value) else np.zeros(value.shape[1])
        spread = value.std(axis=0) if len(value) else np.ones(value.shape[1])
        self._spread: Any = np.where(spread > 0, spread, np.inf)

    def of(self, value: Floats) -> Floats:
        """Return the features with mean 0 and standard deviation 1 in the history."""
        return np.asarray((value - self._centre) / self._spread)
