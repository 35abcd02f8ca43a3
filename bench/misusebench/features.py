"""The one causal feature set that all tabular detectors share, per information tier.

A row's features use that row, earlier rows and context known by then; nothing else. Feeding one
row at a time or the whole log gives the same bits.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from misusebench.columns import (
    DAY_US,
    HOUR_US,
    LocalTime,
    Words,
    distinct,
    keys,
    micros,
    numbers,
    stable_codes,
)
from misusebench.facts_of_people import Roster, TieBook
from misusebench.streaming import Counts, Times, Window, as_integers, combine

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pyarrow as pa
    from numpy.typing import NDArray

T0_NAMES: Final = (
    "night", "weekend", "office_hours", "queries_1h", "queries_today", "subjects_today",
    "pair_seen", "pair_days", "pair_span_days", "subject_officers", "idle_minutes",
    "system_rarity", "key_rarity", "purpose_rarity", "reason_blank", "reason_length",
    "case_given", "wildcard", "lookback_days", "hit", "disclosed", "hour_rarity",
)  # fmt: skip
T1_NAMES: Final = ("off_shift_hours", "same_surname", "same_birth_year")
T3_NAMES: Final = ("tied",)
#: Count-like features are compressed, since a trailing count of 400 is not 100 times one of 4.
_LOG: Final = frozenset(
    {"queries_1h", "queries_today", "subjects_today", "pair_seen", "pair_days", "pair_span_days",
     "subject_officers", "idle_minutes", "reason_length", "lookback_days", "off_shift_hours"}
)  # fmt: skip


def names(tier: str) -> tuple[str, ...]:
    """Return the feature names of a tier, in column order."""
    found: tuple[str, ...] = T0_NAMES
    if tier >= "T1":
        found += T1_NAMES
    if tier >= "T3":
        found += T3_NAMES
    return found


class Features:
    """Turns batches of the log into float64 rows of features."""

    def __init__(self, tier: str = "T0") -> None:
        self.tier = tier
        self.names = names(tier)
        self._roster, self._ties = Roster(), TieBook()
        self._local = LocalTime({})
        self._officers, self._subjects_seen = Words(), Counts()
        self._hour, self._today, self._pairs = Window(HOUR_US), Counts(), Counts()
        self._today_new, self._pair_day = Counts(), Counts()
        self._pair_days, self._fan, self._fan_new = Counts(), Counts(), Counts()
        self._pair_time, self._officer_time = Times(), Times()
        self._habits = {name: Habit() for name in ("system", "key", "purpose", "hour")}

    def start(self, context: Mapping[str, pa.Table]) -> None:
        """Take over the context known at the beginning."""
        self._local.learn(context.get("directory/agencies"))
        for table, rows in context.items():
            self.observe(table, rows)

    def observe(self, table: str, rows: pa.Table) -> None:
        """Take over context rows as they become known."""
        if table == "directory/agencies":
            self._local.learn(rows)
        self._roster.learn(table, rows)
        self._ties.learn(table, rows)

    def transform(self, batch: pa.RecordBatch | pa.Table) -> NDArray[np.float64]:
        """Return float64 features, shape (rows, len(names)), and remember the rows."""
        officer = self._officers.codes(batch["officer_id"])
        arrival, time = micros(batch["received_at"]), micros(batch["time"])
        local = self._local.local(batch["agency_id"], time)
        subject = as_integers(keys(batch["subject_key"]))
        columns = {
            **_clock(local),
            **self._counts(officer, subject, arrival, local // DAY_US),
            **self._rarities(batch, officer, local),
            **_said(batch),
        }
        if self.tier >= "T1":
            columns |= self._roster.compare(batch, time)
        if self.tier >= "T3":
            columns["tied"] = self._ties.tied(batch).astype(np.float64)
        return np.column_stack(
            [np.log1p(np.maximum(columns[n], 0)) if n in _LOG else columns[n] for n in self.names]
        )

    def _counts(
        self,
        officer: NDArray[np.int64],
        subject: NDArray[np.int64],
        time: NDArray[np.int64],
        day: NDArray[np.int64],
    ) -> dict[str, NDArray[np.float64]]:
        pair = combine(officer, subject)
        today = combine(officer, day)
        new_today = (self._today_new.before(combine(officer, day, subject)) == 0).astype(np.int64)
        new_pair_day = (self._pair_day.before(combine(officer, subject, day)) == 0).astype(np.int64)
        seen = self._pairs.before(pair)
        first, _ = self._pair_time.before(pair, time)
        _, last = self._officer_time.before(officer, time)
        found = {
            "queries_1h": self._hour.before(officer, time),
            "queries_today": self._today.before(today),
            "subjects_today": self._subjects_seen.before(today, new_today),
            "pair_seen": seen,
            "pair_days": self._pair_days.before(pair, new_pair_day),
            "pair_span_days": np.where(seen > 0, time - first, 0) / DAY_US,
            "subject_officers": self._fan.before(subject, (seen == 0).astype(np.int64)),
            "idle_minutes": np.where(last > Times.NEVER, time - last, 7 * DAY_US) / 60e6,
        }
        return {name: value.astype(np.float64) for name, value in found.items()}

    def _rarities(
        self, batch: pa.RecordBatch | pa.Table, officer: NDArray[np.int64], local: NDArray[np.int64]
    ) -> dict[str, NDArray[np.float64]]:
        said = {
            "system": stable_codes(batch["system"]),
            "key": stable_codes(batch["message_key"]),
            "purpose": stable_codes(batch["declared_purpose"]),
            "hour": local % DAY_US // HOUR_US,
        }
        return {
            f"{name}_rarity": self._habits[name].surprise(officer, value)
            for name, value in said.items()
        }


class Habit:
    """How surprising a value is for this officer, from his own earlier rows."""

    PRIOR = 8.0  # pseudo-queries spread over what everybody does: a newcomer surprises nobody

    def __init__(self) -> None:
        self._own, self._all = Counts(), Counts()
        self._everyone, self._every_value = Counts(), Counts()

    def surprise(self, officer: NDArray[np.int64], value: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return -ln of the smoothed share of `value` among the officer's earlier rows."""
        zero = np.zeros(len(value), np.int64)
        common = (self._every_value.before(value) + 1.0) / (self._everyone.before(zero) + 32.0)
        own = self._own.before(combine(officer, value))
        total = self._all.before(officer)
        return -np.log((own + self.PRIOR * common) / (total + self.PRIOR))


NIGHT: Final = (22, 6)  # local hours, as the reference profiles count it
OFFICE: Final = (8, 17)
SATURDAY: Final = 5


def _clock(local: NDArray[np.int64]) -> dict[str, NDArray[np.float64]]:
    hour = local % DAY_US // HOUR_US
    at_desk = (hour >= OFFICE[0]) & (hour < OFFICE[1])
    weekday = (local // DAY_US + 3) % 7  # 1970-01-01 was a Thursday
    return {
        "night": ((hour >= NIGHT[0]) | (hour < NIGHT[1])).astype(np.float64),
        "weekend": (weekday >= SATURDAY).astype(np.float64),
        "office_hours": (at_desk & (weekday < SATURDAY)).astype(np.float64),
    }


def _said(batch: pa.RecordBatch | pa.Table) -> dict[str, NDArray[np.float64]]:
    place, words = distinct(batch["reason_text"])
    length = np.array([*(len(word) for word in words), 0], np.float64)[place]
    match, matches = distinct(batch["match"])
    loose = np.array([*(word != "exact" for word in matches), False])[match]
    action, actions = distinct(batch["action"])
    kept = np.array([*(word == "view" for word in actions), True])[action]
    return {
        "reason_blank": (length == 0).astype(np.float64),
        "reason_length": length,
        "case_given": 1.0 - numbers(batch["case_number"].is_null(), 1.0),
        "wildcard": loose.astype(np.float64),
        "lookback_days": numbers(batch["lookback_hours"], 0.0) / 24,
        "hit": numbers(batch["hit"], 0.0),
        "disclosed": 1.0 - kept.astype(np.float64),
    }
