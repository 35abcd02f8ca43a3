"""Lightweight on-line detector of anomalies: histograms of sparse random projections."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from misusebench.detectors.tabular import Scale, Tabular, some_rows

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


class Loda(Tabular):
    """Mean negative log height over histograms of sparse random projections of the history, frozen.

    Pevny, Machine Learning 102, 2016. Our own, since a row at the edge of a bin falls into another
    one with PyOD's when it comes in another batch (matrix products round by shape): here the
    terms of a projection are added one by one.

    Known weakness: a projection mixes features at random, so one telling feature is in a few of
    them only; bins are of equal width.
    """

    name = "loda"

    def __init__(
        self, tier: str = "T1", bins: int = 20, cuts: int = 100, sample: int = 200_000,
        seed: int = 0,
    ) -> None:  # fmt: skip
        super().__init__(tier)
        self._bins, self._cuts, self._sample, self._seed = bins, cuts, sample, seed
        self._scale: Any = None
        self._projections: list[tuple[NDArray[np.int64], Floats]] = []
        self._edges, self._surprise = np.zeros((0, 0)), np.zeros((0, 0))

    def learn(self, value: Floats) -> None:
        """Count a sample of the history into the bins of each projection."""
        self._scale = Scale(value)
        sample = self._scale.of(some_rows(value, self._sample, self._seed))
        chance, width = np.random.default_rng(self._seed), value.shape[1]
        few = max(1, int(width**0.5))
        self._projections = [
            (chance.permutation(width)[:few], chance.normal(size=few)) for _ in range(self._cuts)
        ]
        counted = [np.histogram(_projected(sample, *one), self._bins) for one in self._projections]
        self._edges = np.stack([edges for _, edges in counted])
        self._edges[:, -1] = np.nextafter(self._edges[:, -1], np.inf)  # the last bin has its end
        heights = np.stack([height for height, _ in counted]) + 1.0
        # a bin on each side for what the history never had
        heights = np.pad(heights, ((0, 0), (1, 1)), constant_values=1.0)
        self._surprise = -np.log(heights / heights.sum(axis=1, keepdims=True))

    def rate(self, value: Floats) -> Floats:
        """Return the mean negative log height over the projections."""
        scaled, total = self._scale.of(value), np.zeros(len(value))
        for one, edges, surprise in zip(
            self._projections, self._edges, self._surprise, strict=True
        ):
            total += surprise[np.searchsorted(edges, _projected(scaled, *one), side="right")]
        return total / self._cuts


def _projected(value: Floats, which: NDArray[np.int64], weight: Floats) -> Floats:
    found = np.zeros(len(value))
    for column, times in zip(which.tolist(), weight.tolist(), strict=True):
        found += value[:, column] * times
    return found


class LodaStream(Tabular):
    """PySAD's LODA: rates a row, then counts it (extra `stream`).

    Pevny, Machine Learning 102, 2016, in its streaming form. The last rows of the history are
    counted before the first one is rated.

    Known weakness: as of LODA; besides, whoever repeats a thing often enough makes it usual.
    """

    name = "loda_stream"

    def __init__(
        self, tier: str = "T1", bins: int = 20, cuts: int = 50, warm_up: int = 50_000, seed: int = 0
    ) -> None:
        from pysad.models import LODA  # noqa: PLC0415 - extra `stream`

        super().__init__(tier)
        self._model: Any = LODA(  # type: ignore[no-untyped-call]
            num_bins=bins, num_random_cuts=cuts, random_state=seed
        )
        self._warm_up = warm_up
        self._scale: Any = None

    def learn(self, value: Floats) -> None:
        """Count the last rows of the history."""
        self._scale = Scale(value)
        for row in self._scale.of(value[-self._warm_up :]):
            self._model.fit_partial(row)

    def rate(self, value: Floats) -> Floats:
        """Return the mean negative log density of each row as of the rows before it."""
        return np.array([self._model.fit_score_partial(row) for row in self._scale.of(value)])
