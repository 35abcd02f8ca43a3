"""Robust z of an officer's doings against peers of the same role on the same watch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from misusebench.columns import DAY_US, HOUR_US, LocalTime, Words, micros
from misusebench.detectors.shrinkage import shrunk
from misusebench.facts_of_people import Roster
from misusebench.features import Features

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import pyarrow as pa
    from numpy.typing import NDArray

    Ints = NDArray[np.int64]
    Floats = NDArray[np.float64]

#: What an officer is compared in.
COMPARED: Final = (
    "queries_1h", "queries_today", "subjects_today", "pair_days", "pair_span_days", "night",
    "weekend", "system_rarity", "key_rarity", "purpose_rarity", "hour_rarity", "lookback_days",
    "disclosed", "wildcard",
)  # fmt: skip
WATCHES: Final = 3  # day, evening and night, eight hours each
FIRST_WATCH: Final = 6  # local hour; patrol commonly changes about six, two and ten (assumption)
LATE_US: Final = 2 * HOUR_US  # a shift that starts up to so long before a watch belongs to it
LEAST_ROWS: Final = 5  # an officer with fewer in a group says nothing of that group
FLOOR: Final = 0.25  # least spread: features that never vary must not shout at the first change
MAD: Final = 1.4826  # of the normal: standard deviation ÷ median absolute deviation


class PeerZ:
    """Mean of the three largest robust z among an officer's features, among his peers.

    Peers are those of the same role on the same watch: the watch in which the shift began that the
    officer was on, or that of the hour where the roster knows of no shift. Without a roster (T0)
    they are those of the same agency in the same eight hours. Modified z-scores (median, 1.4826
    MAD) after Iglewicz and Hoaglin, How to Detect and Handle Outliers, 1993. Each group's centre
    and spread are shrunk to those of all groups by empirical Bayes (James and Stein, 1961; Efron
    and Morris, JASA 70, 1975), with officers, not rows, as what a group's sample is made of: rows
    of one officer hang together, so a thousand rows of two officers are a sample of two.

    Known weakness: what all of a role do together is normal there; a role of few officers is
    compared with everybody; who works in two roles is strange in both.
    """

    name = "peer_z"
    tiers = ("T0", "T1", "T2", "T3")
    needs = ("agency_id", "officer_id", "time", "received_at", "system", "subject_key")

    def __init__(self, tier: str = "T1") -> None:
        self._features = Features("T0")
        self._columns = [self._features.names.index(name) for name in COMPARED]
        self._with_roster = tier >= "T1"
        self._roster, self._local = Roster(), LocalTime({})
        self._officers, self._peers = Words(), Words()
        self._centre = np.zeros((1, len(COMPARED)))
        self._spread = np.ones((1, len(COMPARED)))

    def fit(self, history: pa.Table, context: Mapping[str, pa.Table]) -> None:
        """Learn what is usual in each group of peers."""
        self._local.learn(context.get("directory/agencies"))
        self._features.start(context)
        for table, rows in context.items():
            self._roster.learn(table, rows)
        value = self._features.transform(history)[:, self._columns]
        group, officer = self._group(history), self._officers.codes(history["officer_id"])
        self._centre, self._spread = usual(value, group, officer, len(self._peers) * WATCHES)

    def observe(self, table: str, rows: pa.Table) -> None:
        """Take over context rows as they become known."""
        self._features.observe(table, rows)
        self._roster.learn(table, rows)

    def score(self, batch: pa.RecordBatch) -> Floats:
        """Return the mean of the three largest z, never below zero."""
        if not batch.num_rows:
            return np.empty(0)
        value = self._features.transform(batch)[:, self._columns]
        group = self._group(batch)
        known = np.where(group < len(self._centre) - 1, group, -1)  # the last is everybody
        z = np.maximum((value - self._centre[known]) / self._spread[known], 0)
        top: Floats = np.sort(z, axis=1)[:, -3:].mean(axis=1)
        return top

    def _group(self, rows: pa.RecordBatch | pa.Table) -> Ints:
        """Return the group of each row, -1 where the roster does not know the officer."""
        time = micros(rows["time"])
        if not self._with_roster:
            peers, since = self._peers.codes(rows["agency_id"]), time
        else:
            officer = self._roster.officers.codes(rows["officer_id"])
            start = self._roster.shift_start_us(officer, time)
            since = np.where(start >= 0, start + LATE_US, time)
            roles = [self._roster.role.get(code) for code in range(len(self._roster.officers))]
            peers = np.array([*map(self._peers.code, roles), -1], np.int64)[officer]
        hour = self._local.local(rows["agency_id"], since) % DAY_US // HOUR_US
        watch = (hour - FIRST_WATCH) % 24 * WATCHES // 24
        return np.where(peers >= 0, peers * WATCHES + watch, -1)


def usual(value: Floats, group: Ints, officer: Ints, groups: int) -> tuple[Floats, Floats]:
    """Return centre and spread of each group, and in a last row those of everybody.

    A group's centre is the mean of its officers' medians. Its spread is the geometric mean of how
    far its officers' rows lie from that centre (1.4826 times the median; at least `FLOOR` and half
    the root mean square, for what is mostly nought). Both are shrunk.
    """
    cells = list(_cells(group, officer))
    of = np.array([g for g, _ in cells], np.int64)
    medians = np.array([np.median(value[rows], axis=0) for _, rows in cells])
    centre = shrunk(medians.reshape(len(cells), value.shape[1]), of, groups)
    apart = np.array([np.log(_spread(value[rows] - centre[g])) for g, rows in cells])
    return centre, np.exp(shrunk(apart.reshape(len(cells), value.shape[1]), of, groups))


def _spread(distance: Floats) -> Floats:
    middle = MAD * np.median(np.abs(distance), axis=0)
    wide = 0.5 * np.sqrt(np.mean(distance**2, axis=0))
    return np.asarray(np.maximum(np.maximum(middle, wide), FLOOR))


def _cells(group: Ints, officer: Ints) -> Iterator[tuple[int, Ints]]:
    """Yield the group and the rows of each officer in each group he has enough rows in."""
    order = np.lexsort((officer, group))
    order = order[group[order] >= 0]
    changed = (np.diff(group[order]) != 0) | (np.diff(officer[order]) != 0)
    for rows in np.split(order, np.flatnonzero(changed) + 1):
        if len(rows) >= LEAST_ROWS:
            yield int(group[rows[0]]), rows
