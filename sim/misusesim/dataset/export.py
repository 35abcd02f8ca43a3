"""The log in other shapes: csv, jsonl, sqlite, and the search-log export of a plate-reader portal.

csv, jsonl and sqlite lose nothing: an empty text and a missing value stay apart, and 64-bit keys
are texts where the format has only 53 or 63 bits. Files appear whole or not at all.
"""

from __future__ import annotations

import contextlib
import json
import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pcsv

from misusesim.dataset.portal_rows import portal_rows
from misusesim.dataset.reader import Dataset, open_dataset
from misusesim.dataset.writer import replacing
from misusesim.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

FORMATS: Final = ("csv", "jsonl", "sqlite", "portal-csv")
BATCH: Final = 50_000
#: First characters that make a spreadsheet run a cell as a formula (OWASP, CSV injection).
FORMULA: Final = "^[=+\\-@\t\r]"


def export(path: str | Path, fmt: str, out: str | Path, *, excel_safe: bool = False) -> int:
    """Write the log of a data set into one file and return the number of rows.

    Parameters
    ----------
    path
        The data set.
    fmt
        One of `FORMATS`.
    out
        The file; one that is there already is replaced when the new one is complete.
    excel_safe
        For csv and portal-csv: put an apostrophe before texts that a spreadsheet would run as a
        formula and before ids it would round. Such a file is for people, not for reading back.

    Raises
    ------
    UsageError
        If there is no such format, or `excel_safe` does not go with it.
    DatasetError
        If the data set is unfinished or damaged.
    """
    if fmt not in FORMATS:
        raise UsageError(f"no format {fmt}; there are {', '.join(FORMATS)}")
    if excel_safe and not fmt.endswith("csv"):
        raise UsageError(f"--excel-safe goes with csv and portal-csv, not with {fmt}")
    dataset, file = open_dataset(path), Path(out)
    if file.is_dir():
        raise UsageError(f"{file} is a folder; name a file")
    if file.resolve().is_relative_to(dataset.path.resolve()):
        raise UsageError(f"{file} lies inside the data set; choose another place")
    table = _rows(dataset, fmt)
    if excel_safe:
        table = defuse(table)
    with replacing(file) as part:
        WRITERS[fmt](table, part)
    return int(table.num_rows)


def _rows(dataset: Dataset, fmt: str) -> pa.Table:
    return portal_rows(dataset) if fmt == "portal-csv" else dataset.log()


def plain(table: pa.Table) -> pa.Table:
    """Return the table with dictionaries as texts and times as ISO 8601 UTC."""
    columns = {}
    for f in table.schema:
        column = table[f.name]
        if pa.types.is_dictionary(f.type):
            column = column.cast(pa.string())
        elif pa.types.is_timestamp(f.type):
            column = pc.strftime(column, "%Y-%m-%dT%H:%M:%SZ")
        columns[f.name] = column
    return pa.table(columns)


def defuse(table: pa.Table) -> pa.Table:
    """Return the table with nothing in it that a spreadsheet would run or round."""
    columns = {}
    for name, column in zip(table.column_names, plain(table).columns, strict=True):
        if pa.types.is_uint64(column.type):
            columns[name] = pc.binary_join_element_wise("'", column.cast(pa.string()), "")
        elif pa.types.is_string(column.type):
            risky = pc.match_substring_regex(column, FORMULA)
            quoted = pc.binary_join_element_wise("'", column, "")
            columns[name] = pc.if_else(risky, quoted, column)
        else:
            columns[name] = column
    return pa.table(columns)


def _write_csv(table: pa.Table, part: Path) -> None:
    """Texts are quoted, so that a missing value (nothing) and an empty text ("") stay apart."""
    pcsv.write_csv(plain(table), part, pcsv.WriteOptions(quoting_style="needed"))


def _write_jsonl(table: pa.Table, part: Path) -> None:
    text = _keys_as_text(plain(table))
    with part.open("w", encoding="utf-8", newline="\n") as file:
        for batch in text.to_batches(BATCH):
            rows = (json.dumps(row, ensure_ascii=False) + "\n" for row in batch.to_pylist())
            file.writelines(rows)


def _write_sqlite(table: pa.Table, part: Path) -> None:
    text = _keys_as_text(plain(table))
    kinds = ", ".join(f'"{f.name}" {_sqlite_type(f)}' for f in text.schema)
    marks = ", ".join("?" * text.num_columns)
    with contextlib.closing(sqlite3.connect(part)) as base, base:
        base.execute(f"CREATE TABLE log ({kinds})")
        for batch in text.to_batches(BATCH):
            rows = zip(*(column.to_pylist() for column in batch.columns), strict=True)
            base.executemany(f"INSERT INTO log VALUES ({marks})", rows)  # noqa: S608 - only marks
        base.execute("CREATE UNIQUE INDEX log_query_id ON log (query_id)")


def _sqlite_type(f: pa.Field) -> str:
    kind = "TEXT" if pa.types.is_string(f.type) else "INTEGER"
    return kind if f.nullable else f"{kind} NOT NULL"


def _keys_as_text(table: pa.Table) -> pa.Table:
    """Return the table with unsigned 64-bit keys as decimal texts."""
    columns = {
        f.name: table[f.name].cast(pa.string()) if pa.types.is_uint64(f.type) else table[f.name]
        for f in table.schema
    }
    return pa.table(columns)


WRITERS: Final[dict[str, Callable[[pa.Table, Path], None]]] = {
    "csv": _write_csv,
    "jsonl": _write_jsonl,
    "sqlite": _write_sqlite,
    "portal-csv": _write_csv,
}
