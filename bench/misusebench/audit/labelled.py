"""A labelled table: read from CSV or Parquet, with its label, its times and who did each row."""

from __future__ import annotations

import difflib
import itertools
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from misusebench.errors import SuiteError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

#: Words that mean "yes" in a label of text; anything else is "no".
_YES: Final = frozenset({"1", "true", "t", "yes", "y", "positive", "misuse", "fraud", "anomaly"})
_SECOND_NS: Final = 1_000_000_000
#: More different numbers than this are no classes (assumption).
_MOST_CLASSES: Final = 20


@dataclass(frozen=True, slots=True)
class Labelled:
    """A table without its label; rows in the order of the file."""

    columns: pa.Table
    label: NDArray[np.bool_]
    entity: NDArray[np.int64] | None  # number of who did each row
    time: NDArray[np.int64] | None  # nanoseconds
    entity_column: str | None = None
    time_column: str | None = None
    day: NDArray[np.int64] | None = None  # local day of each row, else that of `time`
    exempt: NDArray[np.bool_] | None = None  # positives whose days need not be mixed
    by_design: NDArray[np.bool_] | None = None  # positives that a written rule sees by design
    aside: NDArray[np.bool_] | None = None  # rows that count for no rule, neither way
    sizes: tuple[int, ...] = ()  # rows of each table of a pool, one after the other

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.label)

    @property
    def base_rate(self) -> float:
        """Return the share of positive rows."""
        return float(self.label.mean())

    @property
    def parts(self) -> list[slice]:
        """Return the rows of each table of a pool; of no pool all are one part."""
        ends = np.cumsum(self.sizes or (len(self),)).tolist()
        return [slice(start, end) for start, end in itertools.pairwise([0, *ends])]

    def part(self, rows: slice) -> Labelled:
        """Return some rows, one after the other, as a table of its own."""
        cut: dict[str, Any] = {
            name: None if (whole := getattr(self, name)) is None else whole[rows]
            for name in ("label", "entity", "time", "day", "exempt", "by_design")
        }
        columns = self.columns.slice(rows.start, rows.stop - rows.start)
        return replace(self, columns=columns, sizes=(), **cut)

    def unseen(self) -> Labelled:
        """Return the table with only what no written rule sees by design as positive.

        The other rows stay, since without them values would be rarer where they were. They count
        for no rule: as negatives they would hide what all misuse shares.
        """
        seen = self.by_design
        if seen is None or not seen.any() or not (self.label & ~seen).any():
            return self
        aside = self.label & seen
        return replace(self, label=self.label & ~seen, by_design=None, aside=aside)


def pooled(tables: Sequence[Labelled]) -> Labelled:
    """Return several tables in one; their entities are different people.

    What is asked of a row is asked within its own table (`Labelled.parts`), so that no place, time
    or rarity says which table it is from.
    """
    first = tables[0]
    if len(tables) == 1:
        return first
    step = 1 + max(int(t.entity.max()) for t in tables if t.entity is not None)
    moved = [t.entity + n * step for n, t in enumerate(tables) if t.entity is not None]
    together: dict[str, Any] = {
        name: np.concatenate([getattr(t, name) for t in tables])
        for name in ("label", "time", "day", "exempt", "by_design")
        if getattr(first, name) is not None
    }
    return replace(
        first, columns=pa.concat_tables([t.columns for t in tables]),
        entity=np.concatenate(moved), sizes=tuple(len(t) for t in tables), **together,
    )  # fmt: skip


def read_labelled(
    path: Path, label: str, *, time: str | None = None, entity: str | None = None,
    ignore: tuple[str, ...] = (),
) -> Labelled:  # fmt: skip
    """Return a table of a CSV or Parquet file (or a folder of Parquet parts).

    Parameters
    ----------
    path
        The file.
    label
        Column of 0 and 1, of truth values, or of words.
    time, entity
        Columns that say when, and who did it; without them what needs them is not applicable.
    ignore
        Columns that are no part of the public table.

    Raises
    ------
    SuiteError
        If it cannot be read, lacks a column, or has one class only.
    """
    table = read_table(path)
    for name in (label, time, entity, *ignore):
        _must_have(path, table, name)
    truth = labels_of(path, label, table[label])
    public = table.drop_columns([label, *ignore])
    return Labelled(
        columns=public, label=truth,
        entity=None if entity is None else codes_of(table[entity]),
        time=None if time is None else _times(path, time, table[time]),
        entity_column=entity, time_column=time,
    )  # fmt: skip


def read_table(path: Path) -> pa.Table:
    """Return a CSV or Parquet file, or a folder of Parquet parts.

    Raises
    ------
    SuiteError
        If it cannot be read.
    """
    try:
        if path.is_dir() or path.suffix == ".parquet":
            return pq.read_table(path)
        return pa_csv.read_csv(path)
    except FileNotFoundError:
        raise SuiteError(
            f"{path}: no such file or folder; a CSV or Parquet file is wanted"
        ) from None
    except (pa.ArrowInvalid, OSError) as error:
        raise SuiteError(f"{path}: neither CSV nor Parquet: {error}") from error


def _must_have(path: Path, table: pa.Table, name: str | None) -> None:
    if name is None or name in table.column_names:
        return
    near = difflib.get_close_matches(name, table.column_names, 1)
    hint = f"; did you mean {near[0]}?" if near else ""
    raise SuiteError(f"{path} has no column {name} (it has {', '.join(table.column_names)}){hint}")


def labels_of(path: Path, name: str, column: pa.ChunkedArray) -> NDArray[np.bool_]:
    """Return which rows are positive by their column of labels.

    Raises
    ------
    SuiteError
        If all are, or none is.
    """
    whole = plain(column)
    if pa.types.is_boolean(whole.type):
        found = pc.fill_null(whole, False)
    elif pa.types.is_integer(whole.type) or pa.types.is_floating(whole.type):
        _must_be_classes(path, name, whole)
        found = pc.fill_null(pc.not_equal(whole, 0), False)
    else:
        words = pc.utf8_lower(whole.cast(pa.string()))
        found = pc.fill_null(pc.is_in(words, pa.array(sorted(_YES))), False)
    truth = np.asarray(found.to_numpy(zero_copy_only=False), np.bool_)
    if not truth.any() or truth.all():
        what = "no positive" if not truth.any() else "no negative"
        raise SuiteError(
            f"{path}: {name} has {what} row in {len(truth):,}; positive is 1, true, or one of "
            f"{', '.join(sorted(_YES))}"
        )
    return truth


def _must_be_classes(path: Path, name: str, column: pa.Array) -> None:
    """Refuse a count or a measure as a label: nearly every row would be positive."""
    different = len(column.drop_null().unique())
    if different > _MOST_CLASSES:
        raise SuiteError(
            f"{path}: {name} has {different:,} different numbers, so it is no label; a label is 0 "
            f"for negative rows and at most {_MOST_CLASSES - 1} other numbers for positive ones"
        )


def plain(column: pa.ChunkedArray) -> pa.Array:
    """Return a column in one piece, without a dictionary."""
    whole = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    if isinstance(whole, pa.ChunkedArray):
        whole = pa.concat_arrays(whole.chunks) if whole.num_chunks else pa.array([], whole.type)
    return whole.dictionary_decode() if pa.types.is_dictionary(whole.type) else whole


def codes_of(column: pa.ChunkedArray) -> NDArray[np.int64]:
    """Return a number of each row's value."""
    indices = pc.dictionary_encode(plain(column), null_encoding="encode").indices
    return np.asarray(indices.to_numpy(zero_copy_only=False), np.int64)


def _times(path: Path, name: str, column: pa.ChunkedArray) -> NDArray[np.int64]:
    """Return nanoseconds; of numbers, seconds are taken for granted."""
    whole = plain(column)
    if pa.types.is_timestamp(whole.type) or pa.types.is_date(whole.type):
        whole = whole.cast(pa.timestamp("ns", tz=getattr(whole.type, "tz", None)), safe=False)
        return np.asarray(whole.cast(pa.int64()).fill_null(0).to_numpy(), np.int64)
    if pa.types.is_integer(whole.type) or pa.types.is_floating(whole.type):
        seconds = whole.cast(pa.float64()).fill_null(0).to_numpy()
        return np.asarray(seconds * _SECOND_NS, np.int64)
    raise SuiteError(f"{path}: {name} is {whole.type}, where times or seconds are wanted")
