"""Robust z of an officer's day against peers of the same unit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from misusebench.columns import Words
from misusebench.facts_of_people import Roster
from misusebench.features import Features

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pyarrow as pa
    from numpy.typing import NDArray

#: What an officer is compared in.
COMPARED: Final = (
    "queries_1h", "queries_today", "subjects_today", "pair_days", "pair_span_days", "night",
    "weekend", "system_rarity", "key_rarity", "purpose_rarity", "hour_rarity", "lookback_days",
    "disclosed", "wildcard",
)  # fmt: skip
SHRINK: Final = 200.0  # rows of the whole log that a unit's own median and spread are mixed with
FLOOR: Final = 0.25  # least spread: features that never vary must not shout at the first change


class PeerZ:
    """Mean of the three largest robust z among an officer's features, within the unit.

    Peers are the unit (roster, T1 and up) or, without a roster, the agency. Median and spread
    (1.4826 MAD) are learnt on the history and shrunk to those of the whole log, by rows.

    Known weakness: what a whole unit does together is normal there.
    """

    name = "peer_z"
    tiers = ("T0", "T1", "T2", "T3")
    needs = ("agency_id", "officer_id", "time", "received_at", "system", "subject_key")

    def __init__(self, tier: str = "T1") -> None:
        self._features = Features("T0")
        self._columns = [self._features.names.index(name) for name in COMPARED]
        self._with_roster = tier >= "T1"
        self._roster, self._officers, self._groups = Roster(), Words(), Words()
        self._group_of: dict[int, int] = {}
        self._median = np.zeros((1, len(COMPARED)))
        self._spread = np.ones((1, len(COMPARED)))

    def _group(self, batch: pa.RecordBatch | pa.Table) -> NDArray[np.int64]:
        officer = self._roster.officers.codes(batch["officer_id"])
        if not self._with_roster:
            return self._groups.codes(batch["agency_id"])
        unit = [self._roster.unit.get(code) for code in range(len(self._roster.officers))]
        return np.array([self._groups.code(u) for u in unit], np.int64)[officer]

    def fit(self, history: pa.Table, context: Mapping[str, pa.Table]) -> None:
        """Learn what is usual in each unit."""
        self._features.start(context)
        for table, rows in context.items():
            self._roster.learn(table, rows)
        value = self._features.transform(history)[:, self._columns]
        group = self._group(history)
        centre, spread = _robust(value)
        self._median = np.repeat(centre[None], len(self._groups) + 1, axis=0)
        self._spread = np.repeat(spread[None], len(self._groups) + 1, axis=0)
        for code in np.unique(group[group >= 0]):
            rows_of = value[group == code]
            weight = len(rows_of) / (len(rows_of) + SHRINK)
            own_centre, own_spread = _robust(rows_of)
            self._median[code] = weight * own_centre + (1 - weight) * centre
            self._spread[code] = weight * own_spread + (1 - weight) * spread

    def observe(self, table: str, rows: pa.Table) -> None:
        """Take over context rows as they become known."""
        self._features.observe(table, rows)
        self._roster.learn(table, rows)

    def score(self, batch: pa.RecordBatch) -> NDArray[np.float64]:
        """Return the mean of the three largest z, never below zero."""
        value = self._features.transform(batch)[:, self._columns]
        group = self._group(batch)
        known = np.where((group >= 0) & (group < len(self._median) - 1), group, -1)
        z = np.maximum((value - self._median[known]) / self._spread[known], 0)
        top: NDArray[np.float64] = np.sort(z, axis=1)[:, -3:].mean(axis=1)
        return top


def _robust(value: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    if not len(value):
        return np.zeros(value.shape[1]), np.ones(value.shape[1])
    median = np.median(value, axis=0)
    mad = 1.4826 * np.median(np.abs(value - median), axis=0)
    return median, np.maximum(mad, np.maximum(FLOOR, 0.5 * value.std(axis=0)))
