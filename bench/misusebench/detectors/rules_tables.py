"""Rows as the rules in SQL see them: plain times, local time, numbers in place of words to join on.

DuckDB joins whole numbers several times faster than words, and reads a dictionary of words as it
is, so rows keep their dictionaries and get a number beside each word that rules join on.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa

from misusebench.columns import DAY_US, LocalTime, Words, micros, places
from misusebench.detectors.repeats import Again, Asked, Repeats
from misusebench.detectors.rules_words import upper

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

#: Log columns that a rule may read.
COLUMNS: Final = (
    "query_id", "time", "received_at", "agency_id", "officer_id", "system", "message_key",
    "declared_purpose", "purpose_code", "reason_category", "reason_text", "case_number",
    "subject_kind", "subject_key", "subject_surname", "subject_birth_year", "match", "scope",
    "lookback_hours", "action", "break_glass",
)  # fmt: skip
#: Column of words -> the column of its numbers, the same for the same word in every table.
NUMBERED: Final = {
    "officer_id": "officer_no", "agency_id": "agency_no", "surname": "surname_no",
    "subject_surname": "surname_no",
}  # fmt: skip
#: Columns that are kept whatever the rules read: alerts and repeats need them.
ALWAYS: Final = (
    "query_id", "time", "received_at", "agency_id", "officer_id", "case_number", "subject_key",
)  # fmt: skip
#: Columns of a batch that tell what came before each row.
REPEATS: Final = ("other_days", "earlier_case")


class Box:
    """A table under a name of DuckDB whose rows are exchanged without planning anew."""

    def __init__(self, rows: pa.Table) -> None:
        self.rows = rows

    def __arrow_c_stream__(self, requested_schema: Any = None) -> Any:
        """Hand over the rows of the moment."""
        return self.rows.__arrow_c_stream__(requested_schema)

    def __arrow_c_schema__(self) -> Any:
        """Hand over their columns."""
        return self.rows.schema.__arrow_c_schema__()


def columns_of(statements: Iterable[str]) -> tuple[str, ...]:
    """Return the columns of the log that statements may read: all, unless each is named."""
    text = "\n".join(statements).lower()
    if re.search(r"\*|\bcolumns\b|\bnatural\b", re.sub(r"count\(\s*\*\s*\)", "", text)):
        return COLUMNS
    named = set(re.findall(r"\w+", text))
    named |= {name for name, number in NUMBERED.items() if number in named}
    return tuple(name for name in COLUMNS if name in ALWAYS or name in named)


class Shaper:
    """Makes the tables that rules read; keeps what must stay the same between batches."""

    def __init__(self, columns: Sequence[str] = COLUMNS) -> None:
        self.local = LocalTime({})
        self._columns = columns
        self._words = {name: Words() for name in set(NUMBERED.values())}

    def queries(self, rows: pa.Table) -> pa.Table:
        """Return rows of the log with local time, numbers and `row_no`."""
        kept = self.numbered(rows.select([n for n in self._columns if n in rows.column_names]))
        local = self.local.local(rows["agency_id"], micros(rows["time"]))
        kept = kept.append_column("local_time", pa.array(local, pa.timestamp("us")))
        return kept.append_column("row_no", pa.array(np.arange(rows.num_rows, dtype=np.int64)))

    def numbered(self, rows: pa.Table) -> pa.Table:
        """Return rows with plain times, and a number for each word of the columns to join on."""
        fields = []
        for field in rows.schema:
            kind = pa.timestamp("us") if pa.types.is_timestamp(field.type) else field.type
            fields.append(pa.field(field.name, kind))
        kept = rows.cast(pa.schema(fields))
        for name, number in NUMBERED.items():
            if name in rows.column_names:
                codes = self.codes(number, rows[name]).astype(np.int32)
                kept = kept.append_column(number, pa.array(codes, mask=codes < 0))
        return kept

    def codes(self, number: str, column: pa.ChunkedArray) -> NDArray[np.int64]:
        """Return the numbers of a column's words, -1 for null; of surnames those in capitals."""
        place, words = places(column)
        known = self._words[number]
        if number == "surname_no":
            words = [upper(word) for word in words]
        return np.array([known.code(word) for word in words] + [-1], np.int64)[place]


def with_repeats(rows: pa.Table, repeats: Repeats) -> pa.Table:
    """Return shaped rows with what came before of the same officer and subject; remember them."""
    again = Again(np.zeros(len(rows), np.int64), np.zeros(len(rows), bool))
    known = rows["officer_no"].is_valid().to_numpy() & rows["subject_key"].is_valid().to_numpy()
    found = repeats.before(_asked(rows if known.all() else rows.filter(pa.array(known))))
    for column, values in zip(again, found, strict=True):
        column[known] = values
    for name, column in zip(REPEATS, again, strict=True):
        rows = rows.append_column(name, pa.array(column))
    return rows


def _asked(rows: pa.Table) -> Asked:
    return Asked(
        rows["officer_no"].to_numpy().astype(np.int64),
        rows["subject_key"].cast(pa.uint64()).to_numpy().view(np.int64),
        micros(rows["received_at"]),
        micros(rows["local_time"]) // DAY_US,
        rows["case_number"].is_valid().to_numpy(),
    )
