"""Streaming half-space trees on the shared causal features (extra `stream`)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from misusebench.detectors.tabular import Tabular

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


class HalfSpaceTrees(Tabular):
    """River's half-space trees: rates a row, then counts it.

    Tan, Ting and Liu, IJCAI 2011. Ranges of the features are those of the history; the last rows of
    the history are counted before the first one is rated.

    Known weakness: only the last window of rows is remembered, so it forgets within hours what a
    slow campaign does over months; features that are nearly always zero split nothing.
    """

    name = "half_space_trees"

    def __init__(
        self, tier: str = "T1", trees: int = 25, height: int = 8, window: int = 1_000,
        warm_up: int = 20_000, seed: int = 0,
    ) -> None:  # fmt: skip
        super().__init__(tier)
        self._shape = {"n_trees": trees, "height": height, "window_size": window, "seed": seed}
        self._warm_up = warm_up
        self._model: Any = None

    def learn(self, value: Floats) -> None:
        """Take ranges from the history and count its last rows."""
        from river.anomaly import HalfSpaceTrees as River  # noqa: PLC0415 - extra `stream`

        low = value.min(axis=0) if len(value) else np.zeros(value.shape[1])
        high = value.max(axis=0) if len(value) else np.ones(value.shape[1])
        high = np.where(high > low, high, low + 1)
        limits: Any = dict(enumerate(zip(low.tolist(), high.tolist(), strict=True)))
        self._model = River(limits=limits, **self._shape)
        for row in value[-self._warm_up :].tolist():
            self._model.learn_one(dict(enumerate(row)))

    def rate(self, value: Floats) -> Floats:
        """Return river's score of each row as of the rows before it."""
        found = np.empty(len(value))
        for place, row in enumerate(value.tolist()):
            named = dict(enumerate(row))
            found[place] = self._model.score_one(named)
            self._model.learn_one(named)
        return found
