"""What is on file and since when: rows become known, end, and are cut at the end of the scenario.

A sheet holds numbers and knows how to write them out; only the rows that stay are ever written.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from misusesim.clock import NEVER
from misusesim.ordering import by_place, by_time
from misusesim.world.context import table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    I64Array = NDArray[np.int64]
    #: Writes a column out for some rows; a scalar stands in every row.
    Writer = Callable[[I64Array], Any] | str | int


class Tables(Mapping[str, pa.Table]):
    """Tables made when they are asked for and not kept: a big agency's fill much memory together.

    Parameters
    ----------
    makers
        Name of each table and what makes it.
    """

    def __init__(self, makers: Mapping[str, Callable[[], pa.Table]]) -> None:
        self.makers = dict(makers)

    def __getitem__(self, name: str) -> pa.Table:
        """Make a table."""
        return self.makers[name]()

    def __iter__(self) -> Iterator[str]:
        """Go through the names."""
        return iter(self.makers)

    def __len__(self) -> int:
        """Return the number of tables."""
        return len(self.makers)


TIMES: Final = ("valid_from", "valid_to", "known_at")


@dataclass(frozen=True, slots=True)
class Sheet:
    """Rows of a context table before they are written out."""

    shape: pa.Schema
    columns: Mapping[str, Writer]  # all but the three times
    key: NDArray[Any]  # sorts as the table's first column does
    since: I64Array  # UTC microseconds, NEVER where there is none
    until: I64Array
    known: I64Array
    place: NDArray[np.integer] | None = None  # of each row's agency; None: there is only one

    @staticmethod
    def of(rows: pa.Table, place: NDArray[np.integer] | None = None) -> Sheet:
        """Return the sheet of rows that are written already."""
        first = rows.column(0)
        return Sheet(
            shape=rows.schema,
            columns={name: _taken(rows[name]) for name in rows.schema.names if name not in TIMES},
            key=pc.rank(first, tiebreaker="dense").to_numpy(),
            since=_time(rows, "valid_from"),
            until=_time(rows, "valid_to"),
            known=_time(rows, "known_at"),
            place=place,
        )


def _taken(column: pa.ChunkedArray) -> Writer:
    return lambda row: column.take(pa.array(row)).combine_chunks()


def _time(rows: pa.Table, name: str) -> I64Array:
    """Return a column of times as microseconds, NEVER where it is null."""
    times = rows[name].cast(pa.int64())
    return np.asarray(times.fill_null(NEVER) if times.null_count else times, np.int64)


def cut(rows: pa.Table, end: int, place: NDArray[np.integer] | None = None) -> pa.Table:
    """Return the rows known and valid before an end, by agency and as they become known.

    Ends beyond it are not known yet. The order says nothing of who caused a row.

    Parameters
    ----------
    rows
        Whole.
    end
        UTC microseconds.
    place
        Of each row's agency, where there are several.
    """
    return written(Sheet.of(rows, place), end)


def written(sheet: Sheet, end: int) -> pa.Table:
    """Return the rows known and valid before an end; see :func:`cut`."""
    return _ordered(sheet, np.arange(len(sheet.known)), sheet.known, sheet.until, end)


def settled(sheet: Sheet, end: int, *, closing: bool) -> pa.Table:
    """Return the rows as known at first, without an end that was still to come, and cut.

    With `closing`, those whose end came later are there once more, known from their end on.
    """
    row, known, until = np.arange(len(sheet.known)), sheet.known, sheet.until
    open_still = until > known
    first = np.where(open_still, NEVER, until)
    if not closing:
        return _ordered(sheet, row, known, first, end)
    ended = np.flatnonzero(open_still & (until < NEVER))
    return _ordered(
        sheet, np.concatenate([row, ended]), np.concatenate([known, until[ended]]),
        np.concatenate([first, until[ended]]), end,
    )  # fmt: skip


def _ordered(sheet: Sheet, row: I64Array, known: I64Array, until: I64Array, end: int) -> pa.Table:
    """Return some rows with their new times, cut, by (agency, `known_at`, first column)."""
    within = np.flatnonzero((sheet.since[row] < end) & (known < end))
    row, known, until = row[within], known[within], until[within]
    key = sheet.key[row]
    order = by_time(known, key) if sheet.place is None else by_place(sheet.place[row], known, key)
    row, until = row[order], until[order]
    return table(
        sheet.shape,
        len(row),
        **{name: column(row) if callable(column) else column
           for name, column in sheet.columns.items()},
        valid_from=sheet.since[row],
        valid_to=np.where(until >= end, NEVER, until),
        known_at=known[order],
    )  # fmt: skip
