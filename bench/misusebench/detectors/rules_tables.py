"""Rows as the rules in SQL see them: plain times, local time, numbers in place of words to join on.

DuckDB joins whole numbers several times faster than words, and reads a dictionary of words as it
is, so rows keep their dictionaries and get a number beside each word that rules join on.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from misusebench.columns import DAY_US, LocalTime, distinct, micros, own_words
from misusebench.detectors.repeats import Again, Asked, Repeats
from misusebench.detectors.rules_words import small, upper

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

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
#: Columns that are made of others, and of which.
MADE: Final = {"reason_lower": "reason_text", "with_case": "case_number", "utc_day": "time"}
#: Tables that grow are put together when they consist of more parts than this.
MOST_PARTS: Final = 64


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


class Named:
    """The tables and columns that statements name: what none of them names is not made."""

    def __init__(self, statements: Iterable[str]) -> None:
        text = "\n".join(statements).lower()
        counts = re.sub(r"count\(\s*\*\s*\)", "", text)
        self._all = bool(re.search(r"\*|\bcolumns\b|\bnatural\b", counts))
        self._words = set(re.findall(r"\w+", text))
        self._needed = {name for name, number in NUMBERED.items() if number in self._words}
        self._needed |= {name for made, name in MADE.items() if made in self._words}

    def table(self, name: str) -> bool:
        """Return whether a table is named."""
        return name in self._words

    def column(self, name: str) -> bool:
        """Return whether a column may be read: any, if a statement asks for all that there are."""
        return self._all or name in self._words

    def needed(self, name: str) -> bool:
        """Return whether a column may be read, or another be made of it."""
        return self.column(name) or name in self._needed


class _Numbers(dict[str, int]):
    """The number of each word, new ones for new words; words of one spelling share theirs."""

    def __init__(self, spell: Callable[[str], str] = str) -> None:
        self._spell = spell
        self._spelt: dict[str, int] = {}

    def __missing__(self, word: str) -> int:
        self[word] = number = self._spelt.setdefault(self._spell(word), len(self._spelt))
        return number


class Shaper:
    """Makes the tables that rules read; keeps what must stay the same between batches."""

    def __init__(self, named: Named) -> None:
        self.local = LocalTime({})
        self._kept = [name for name in COLUMNS if name in ALWAYS or named.needed(name)]
        self._numbers = {
            "officer_no": _Numbers(), "agency_no": _Numbers(), "surname_no": _Numbers(upper),
        }  # fmt: skip

    def queries(self, rows: pa.Table) -> pa.Table:
        """Return rows of the log with local time, numbers and `row_no`."""
        kept = self.numbered(rows.select([n for n in self._kept if n in rows.column_names]))
        local = self.local.local(rows["agency_id"], micros(rows["time"]))
        kept = kept.append_column("local_time", pa.array(local, pa.timestamp("us")))
        return kept.append_column("row_no", pa.array(np.arange(rows.num_rows, dtype=np.int64)))

    def numbered(self, rows: pa.Table) -> pa.Table:
        """Return rows with plain times, and a number for each word of the columns to join on."""
        columns = dict(zip(rows.column_names, rows.columns, strict=True))
        for name, column in columns.items():
            if pa.types.is_timestamp(column.type):
                columns[name] = column.cast(pa.timestamp("us"))
        for name, number in NUMBERED.items():
            if name in rows.column_names:
                columns[number] = self._codes(self._numbers[number], rows[name])
        return pa.table(columns)

    @staticmethod
    def _codes(numbers: _Numbers, column: pa.ChunkedArray) -> pa.Array:
        array = own_words(column)
        if array is None:
            place, words = distinct(column)
            array = pa.DictionaryArray.from_arrays(pa.array(place, mask=place < 0), words)
        words = array.dictionary.to_pylist()
        codes = np.fromiter(map(numbers.__getitem__, words), np.int32, len(words))
        if array.null_count:
            return pa.array(codes).take(array.indices)
        return pa.array(codes[array.indices.to_numpy()])  # faster where nothing is null


def with_made(rows: pa.Table, named: Named) -> pa.Table:
    """Return rows with the columns that are made of one other column, if they are named."""
    if named.column("with_case"):
        rows = rows.append_column("with_case", rows["case_number"].is_valid())
    if named.column("reason_lower") and "reason_text" in rows.column_names:
        rows = rows.append_column("reason_lower", _small_letters(rows["reason_text"]))
    if named.column("utc_day"):
        blank = rows["time"].is_null().to_numpy() if rows["time"].null_count else None
        day = (micros(rows["time"]) // DAY_US).astype(np.int32)
        rows = rows.append_column("utc_day", pa.array(day, mask=blank))
    return rows


def _small_letters(column: pa.ChunkedArray) -> pa.Array:
    """Return texts in small letters, made once for each word of a dictionary."""
    array = column.combine_chunks()
    if not pa.types.is_dictionary(array.type):
        return small(array)
    return pa.DictionaryArray.from_arrays(array.indices, small(array.dictionary))


def plain(rows: pa.Table) -> pa.Table:
    """Return rows without dictionaries, which would have to be unified from part to part."""
    for place, field in enumerate(rows.schema):
        if pa.types.is_dictionary(field.type):
            rows = rows.set_column(
                place, field.name, rows.column(place).cast(field.type.value_type)
            )
    return rows


def joined(rows: pa.Table, more: pa.Table) -> pa.Table:
    """Return rows with more of them, in few parts however often some are added."""
    both = pa.concat_tables([rows, more], promote_options="default")
    return both.combine_chunks() if both.column(0).num_chunks > MOST_PARTS else both


def with_repeats(rows: pa.Table, repeats: Repeats) -> pa.Table:
    """Return shaped rows with what came before of the same officer and subject; remember them."""
    if rows["officer_no"].null_count or rows["subject_key"].null_count:
        again = Again(np.zeros(len(rows), np.int64), np.zeros(len(rows), bool))
        known = pc.and_(rows["officer_no"].is_valid(), rows["subject_key"].is_valid())
        for column, values in zip(again, repeats.before(_asked(rows.filter(known))), strict=True):
            column[known.to_numpy()] = values
    else:
        again = repeats.before(_asked(rows))
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
