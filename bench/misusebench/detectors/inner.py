"""Detectors inside a detector: made by their registry names, fed as they would be alone."""

from __future__ import annotations

import importlib
import inspect
from typing import TYPE_CHECKING, Any

import numpy as np

from misusebench.errors import SuiteError

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pyarrow as pa
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

_ROWS = 16_384


class Inner:
    """One of the reference detectors, with the rows of the history that it did not learn from."""

    def __init__(
        self, name: str, parameters: Mapping[str, Any] | None = None, tier: str | None = None
    ) -> None:
        from misusebench.detectors import REGISTRY  # noqa: PLC0415 - it names this package's users

        if name not in REGISTRY:
            raise SuiteError(f"no detector {name}; there are {', '.join(sorted(REGISTRY))}")
        module, _, cls = REGISTRY[name].partition(":")
        factory, given = getattr(importlib.import_module(module), cls), dict(parameters or {})
        if tier is not None and "tier" in inspect.signature(factory).parameters:
            given.setdefault("tier", tier)
        self._detector = factory(**given)
        self.name, self.tiers = name, tuple(self._detector.tiers)
        self.needs = tuple(self._detector.needs)

    def fit(self, history: pa.Table, context: Mapping[str, pa.Table], share: float) -> Floats:
        """Let it learn from the first share of the history; return its scores of the rest."""
        cut = int(len(history) * share)
        if callable(getattr(self._detector, "fit", None)):
            self._detector.fit(history.slice(0, cut), context)
        else:
            for table, rows in context.items():
                self.observe(table, rows)
        rest = history.slice(cut).combine_chunks().to_batches(max_chunksize=_ROWS)
        return np.concatenate([np.empty(0), *(self.score(batch) for batch in rest)])

    def observe(self, table: str, rows: pa.Table) -> None:
        """Pass context rows on, if it wants them."""
        if callable(getattr(self._detector, "observe", None)):
            self._detector.observe(table, rows)

    def score(self, batch: pa.RecordBatch) -> Floats:
        """Return its scores."""
        return np.asarray(self._detector.score(batch), np.float64)


def common_tiers(members: list[Inner]) -> tuple[str, ...]:
    """Return the tiers that all can use."""
    return tuple(t for t in ("T0", "T1", "T2", "T3") if all(t in one.tiers for one in members))


def common_needs(members: list[Inner]) -> tuple[str, ...]:
    """Return the columns that any needs."""
    return tuple(dict.fromkeys(name for one in members for name in one.needs))
