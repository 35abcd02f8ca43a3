"""A detector on the shared features, on columns of numbers instead: any table, no log."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

import numpy as np

from misusebench.errors import SuiteError

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pyarrow as pa
    from numpy.typing import NDArray

#: What works on columns of numbers.
TABULAR = ("random", "constant", "iforest", "ecod", "hbos", "knn", "loda", "loda_stream",
           "half_space_trees")  # fmt: skip


class OnTable:
    """Hands the columns of a table to a detector as its features.

    Parameters
    ----------
    detector
        One of `TABULAR`.
    parameters
        Of the detector.
    """

    tiers = ("T0",)
    needs = ()

    def __init__(self, detector: str, parameters: Mapping[str, Any] | None = None) -> None:
        from misusebench.detectors import REGISTRY  # noqa: PLC0415 - it names this package's users

        if detector not in TABULAR:
            raise SuiteError(f"{detector} is no detector of tables; there are {', '.join(TABULAR)}")
        module, _, cls = REGISTRY[detector].partition(":")
        self._detector = getattr(importlib.import_module(module), cls)(**dict(parameters or {}))
        self._rates = hasattr(self._detector, "rate")
        self.name = detector

    def fit(self, history: pa.Table, context: Mapping[str, pa.Table]) -> None:
        """Learn from the rows of training, without labels."""
        del context
        if self._rates:
            self._detector.learn(_matrix(history))

    def score(self, batch: pa.RecordBatch) -> NDArray[np.float64]:
        """Return one number a row."""
        if not self._rates:
            return np.asarray(self._detector.score(batch), np.float64)
        return np.ascontiguousarray(self._detector.rate(_matrix(batch)), np.float64)


def _matrix(rows: pa.RecordBatch | pa.Table) -> NDArray[np.float64]:
    return np.column_stack([column.to_numpy(zero_copy_only=False) for column in rows.columns])
