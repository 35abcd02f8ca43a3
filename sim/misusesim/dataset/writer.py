"""Writing: one way onto the disk for every file, so that nothing is ever there in halves.

A file is written under a temporary name in its own folder, synced, renamed, and its folder synced.
Parquet parts carry page checksums; the same table gives the same bytes for equal package versions.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import hashlib
import os
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from misusesim.dataset.encoding import TIMES, options
from misusesim.errors import DatasetError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TEMPORARY: Final = ".tmp"


@dataclass(frozen=True, slots=True)
class Entry:
    """One file of a data set, as the ledger and the manifest describe it."""

    path: str  # inside the data set, with "/"
    bytes: int
    sha256: str
    rows: int | None = None  # None: not a table
    time: tuple[str, str] | None = None  # first and last, log parts only
    received_at: tuple[str, str] | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return the entry for JSON, without what it does not have."""
        return {name: value for name, value in asdict(self).items() if value is not None}


def instant(time_us: int) -> str:
    """Return UTC microseconds as ISO 8601.

    Examples
    --------
    >>> instant(1_500_000)
    '1970-01-01T00:00:01.500000Z'
    """
    moment = dt.datetime(1970, 1, 1) + dt.timedelta(microseconds=time_us)  # noqa: DTZ001 - UTC
    return moment.isoformat(timespec="microseconds") + "Z"


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a temporary path to write to; put it in place of `path` if all goes well.

    Whatever fails, nothing is left under either name that was not there before.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{os.getpid()}{TEMPORARY}")
    try:
        yield part
        _sync(part, os.O_RDWR)
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    _sync(path.parent, os.O_RDONLY)


def _sync(path: Path, flags: int) -> None:
    handle = os.open(path, flags)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write_bytes(root: Path, path: str, data: bytes) -> Entry:
    """Write a small file atomically."""
    with replacing(root / path) as part:
        part.write_bytes(data)
    return Entry(path, len(data), hashlib.sha256(data).hexdigest())


def check_schema(table: pa.Table, schema: pa.Schema, path: str) -> None:
    """Refuse a table that is not exactly of the schema; nothing is ever cast on the way out.

    Raises
    ------
    DatasetError
        If names, order, types or nullability differ, or a required column holds a null.
    """
    faults = []
    if table.schema.names != schema.names:
        faults.append(f"columns are {table.schema.names}, expected {schema.names}")
    else:
        faults = [
            f"{want.name} is {_kind(got)}, expected {_kind(want)}"
            for got, want in zip(table.schema, schema, strict=True)
            if not got.equals(want)
        ]
        faults += [
            f"{want.name} holds {nulls} nulls but is required"
            for want in schema
            if not want.nullable and (nulls := table[want.name].null_count)
        ]
    if faults:
        raise DatasetError(f"{path}: " + "; ".join(faults))


def distinct_words(table: pa.Table) -> pa.Table:
    """Return the table with one dictionary per column, in which no word stands twice.

    pyarrow 26 sizes a dictionary page by the words given but writes each word once: with a word
    given twice, the rest of the page is whatever was in memory, and differs from run to run.
    """
    table = table.unify_dictionaries()
    for place, f in enumerate(table.schema):
        column = table[f.name]
        if pa.types.is_dictionary(f.type) and column.num_chunks:
            once = column.chunk(0).dictionary.dictionary_encode()
            if len(once.dictionary) < len(once):
                table = table.set_column(place, f, _coded_again(column, once))
    return table


def _coded_again(column: pa.ChunkedArray, once: pa.DictionaryArray) -> pa.ChunkedArray:
    """Return a dictionary column with each of its words once, in the order they had."""
    to, words = column.type.index_type, once.dictionary
    return pa.chunked_array([
        pa.DictionaryArray.from_arrays(once.indices.take(chunk.indices).cast(to), words)
        for chunk in column.chunks
    ])  # fmt: skip


def _kind(f: pa.Field) -> str:
    return f"{f.type}" if f.nullable else f"{f.type} not null"


def write_part(root: Path, path: str, table: pa.Table, schema: pa.Schema) -> Entry:
    """Write one Parquet part atomically and return its entry.

    Parameters
    ----------
    root, path
        Folder of the data set, and the part's path inside it.
    table
        Rows in their final order.
    schema
        The exact schema of `table`.

    Raises
    ------
    DatasetError
        If `table` is not exactly of `schema`.
    OSError
        If the disk is full or fails; nothing is left behind.
    """
    check_schema(table, schema, path)
    final = root / path
    with replacing(final) as part:
        pq.write_table(
            distinct_words(table).replace_schema_metadata(schema.metadata),
            part,
            **options(schema),
        )
        size, digest = part.stat().st_size, sha256_of(part)
    spans = _spans(table) if path.startswith("log/") else {}
    return Entry(path, size, digest, table.num_rows, **spans)


def _spans(table: pa.Table) -> dict[str, tuple[str, str]]:
    """Return first and last instant of both times of a log part."""
    spans = {}
    for name in TIMES:
        ends = pc.min_max(table[name].cast(pa.int64())).as_py()
        if ends["min"] is not None:
            spans[name] = (instant(ends["min"]), instant(ends["max"]))
    return spans
