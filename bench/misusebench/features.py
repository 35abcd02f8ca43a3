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
from misusebench.groups import Grouped, Groups
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
#: Rows transformed at a time: a year's columns, and all that leads to them, are held once only.
BLOCK: Final = 1 << 18
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
        self._officers = Words()
        self._groups = {name: Groups() for name in (
            "officer", "pair", "pair_day", "officer_day",
        )}  # fmt: skip
        self._counts = {name: Counts() for name in (
            "officer", "pair", "pair_day", "pair_days", "queries_today", "subjects_today",
            "subject_officers",
        )}  # fmt: skip
        self._hour, self._pair_time, self._officer_time = Window(HOUR_US), Times(), Times()
        self._rows = 0
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
        found = np.empty((batch.num_rows, len(self.names)))
        for first in range(0, batch.num_rows, BLOCK):
            columns = self._columns(batch.slice(first, BLOCK))
            for place, name in enumerate(self.names):
                value = columns[name]
                found[first : first + BLOCK, place] = (
                    np.log1p(np.maximum(value, 0)) if name in _LOG else value
                )
        return found

    def _columns(self, batch: pa.RecordBatch | pa.Table) -> dict[str, NDArray[np.float64]]:
        """Return the columns of some rows, and remember the rows."""
        officer = self._officers.codes(batch["officer_id"])
        arrival, time = micros(batch["received_at"]), micros(batch["time"])
        local = self._local.local(batch["agency_id"], time)
        subject = as_integers(keys(batch["subject_key"]))
        of_officer = self._groups["officer"].of(officer)
        columns = {
            **_clock(local),
            **self._counted(officer, of_officer, subject, arrival, local // DAY_US),
            **self._rarities(batch, officer, of_officer, local),
            **_said(batch),
        }
        if self.tier >= "T1":
            columns |= self._roster.compare(batch, time)
        if self.tier >= "T3":
            columns["tied"] = self._ties.tied(batch).astype(np.float64)
        return columns

    def _counted(
        self,
        officer: NDArray[np.int64],
        of_officer: Grouped,
        subject: NDArray[np.int64],
        time: NDArray[np.int64],
        day: NDArray[np.int64],
    ) -> dict[str, NDArray[np.float64]]:
        pair = self._groups["pair"].of(combine(officer, subject))
        pair_day = self._groups["pair_day"].of(combine(officer, subject, day))
        today = self._groups["officer_day"].of(combine(officer, day))
        count = {name: one.before for name, one in self._counts.items()}
        new_today = (count["pair_day"](pair_day) == 0).astype(np.int64)
        seen = count["pair"](pair)
        first, _ = self._pair_time.before(pair, time)
        _, last = self._officer_time.before(of_officer, time)
        found = {
            "queries_1h": self._hour.before(officer, time),
            "queries_today": count["queries_today"](today),
            "subjects_today": count["subjects_today"](today, new_today),
            "pair_seen": seen,
            "pair_days": count["pair_days"](pair, new_today),
            "pair_span_days": np.where(seen > 0, time - first, 0) / DAY_US,
            "subject_officers": count["subject_officers"](subject, (seen == 0).astype(np.int64)),
            "idle_minutes": np.where(last > Times.NEVER, time - last, 7 * DAY_US) / 60e6,
        }
        return {name: value.astype(np.float64) for name, value in found.items()}

    def _rarities(
        self,
        batch: pa.RecordBatch | pa.Table,
        officer: NDArray[np.int64],
        of_officer: Grouped,
        local: NDArray[np.int64],
    ) -> dict[str, NDArray[np.float64]]:
        said = {
            "system": stable_codes(batch["system"]),
            "key": stable_codes(batch["message_key"]),
            "purpose": stable_codes(batch["declared_purpose"]),
            "hour": local % DAY_US // HOUR_US,
        }
        own = self._counts["officer"].before(of_officer)
        every = self._rows + np.arange(len(officer))
        self._rows += len(officer)
        return {
            f"{name}_rarity": self._habits[name].surprise(officer, value, own, every)
            for name, value in said.items()
        }


class Habit:
    """How surprising a value is for this officer, from his own earlier rows."""

    PRIOR = 8.0  # pseudo-queries spread over what everybody does: a newcomer surprises nobody

    def __init__(self) -> None:
        self._own, self._all = Counts(), Counts()

    def surprise(
        self,
        officer: NDArray[np.int64],
        value: NDArray[np.int64],
        own_rows: NDArray[np.int64],
        all_rows: NDArray[np.int64],
    ) -> NDArray[np.float64]:
        """Return -ln of the smoothed share of `value` among the officer's earlier rows.

        Parameters
        ----------
        officer, value
            Codes, shape (rows,).
        own_rows, all_rows
            How many rows came before: of the officer, and of all.
        """
        common = (self._all.before(value) + 1.0) / (all_rows + 32.0)
        own = self._own.before(combine(officer, value))
        return -np.log((own + self.PRIOR * common) / (own_rows + self.PRIOR))


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
