"""Controls: what any detector has to beat, and the floor of the harness itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from misusebench.columns import DAY_US, LocalTime, Words, micros
from misusebench.streaming import Counts, combine

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pyarrow as pa
    from numpy.typing import NDArray


class Random:
    """Scores are uniform numbers; must be at chance everywhere."""

    name = "random"
    tiers = ("T0", "T1", "T2", "T3")
    needs = ()

    def __init__(self, seed: int = 0) -> None:
        self._rng = np.random.default_rng(seed)

    def score(self, batch: pa.RecordBatch) -> NDArray[np.float64]:
        """Return one uniform number a row."""
        scores: NDArray[np.float64] = self._rng.random(batch.num_rows)
        return scores


class Constant:
    """Every row scores zero; average precision is the base rate, exactly."""

    name = "constant"
    tiers = ("T0", "T1", "T2", "T3")
    needs = ()

    def score(self, batch: pa.RecordBatch) -> NDArray[np.float64]:
        """Return zeros."""
        return np.zeros(batch.num_rows)


class Volume:
    """How many queries the officer has made so far that local day.

    The wrong feature for personal misuse, which is low and slow; kept as the floor that a
    detector with any insight has to beat.
    """

    name = "volume"
    tiers = ("T0", "T1", "T2", "T3")
    needs = ("agency_id", "officer_id", "time")

    def __init__(self) -> None:
        self._officers, self._today, self._local = Words(), Counts(), LocalTime({})

    def fit(self, history: pa.Table, context: Mapping[str, pa.Table]) -> None:
        """Learn the time zones; the count itself needs no history."""
        del history
        self._local.learn(context.get("directory/agencies"))

    def score(self, batch: pa.RecordBatch) -> NDArray[np.float64]:
        """Return the officer's earlier queries of the day."""
        local = self._local.local(batch["agency_id"], micros(batch["time"]))
        officer = self._officers.codes(batch["officer_id"])
        return self._today.before(combine(officer, local // DAY_US)).astype(np.float64)
