"""Reading real search logs as plate-reader portals and public-records releases publish them."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pcsv

from misusesim.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray

#: Our column -> the names it goes by; all but the last two are needed.
COLUMNS: Final = {
    "time": ("t_local", "searchDate"),
    "officer": ("user", "userId"),
    "cameras": ("cameras", "networkCount"),
    "reason": ("reason",),
}
NEEDED: Final = ("time", "officer")
LOCAL: Final = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d{1,6})?)?$")


@dataclass(frozen=True, slots=True)
class RealLog:
    """Columns of a real search log, one row per search, in the order of time."""

    name: str
    time_local: NDArray[np.int64]  # microseconds since 1970 by the clock on the wall
    officer: NDArray[np.int64]  # place in `officers`
    officers: tuple[str, ...]
    cameras: pa.Array  # int64, null where not given
    reason: pa.Array  # text, null where there is no such column

    def __len__(self) -> int:
        """Return the number of searches."""
        return len(self.time_local)


def read_portal_csv(path: str | Path) -> RealLog:
    """Read a search-log export with the columns t_local, user, cameras, reason.

    The names of a portal's own download (searchDate, userId, networkCount) do as well, and so does
    what ``misusebench export --format portal-csv`` writes. Other columns are ignored.

    Raises
    ------
    UsageError
        If the file is missing, no such table, or a value is wrong, with file and line.
    """
    file = Path(path)
    if file.is_dir():
        raise UsageError(f"{file} is a folder; give a search log as one CSV file")
    table = _parse(file)
    names = {ours: next((n for n in names if n in table.column_names), None)
             for ours, names in COLUMNS.items()}  # fmt: skip
    if missing := [COLUMNS[ours][0] for ours in NEEDED if names[ours] is None]:
        raise UsageError(
            f"{file}:1: no column {', '.join(missing)}; found {', '.join(table.column_names)}"
        )
    if not table.num_rows:
        raise UsageError(f"{file}:2: no rows below the header")
    return _build(file, {ours: table[n] for ours, n in names.items() if n is not None})


_PIECE: Final = 1 << 20
_PARQUET: Final = b"PAR1"


def _parse(file: Path) -> pa.Table:
    """Return all columns as texts; quoted line breaks are allowed."""
    faults: list[str] = []

    def refuse(row: pcsv.InvalidRow) -> str:
        faults.append(
            f"{file}:{row.number}: {row.actual_columns} values, expected {row.expected_columns}"
        )
        return "skip"

    read = pcsv.ReadOptions(use_threads=False)  # with threads a fault has no line number
    _must_be_text(file)
    try:
        with pcsv.open_csv(file, read, _parsing(lambda _: "skip")) as opened:
            header = opened.schema.names
        as_text = pcsv.ConvertOptions(
            column_types=dict.fromkeys(header, pa.string()), strings_can_be_null=False
        )
        table = pcsv.read_csv(file, read, _parsing(refuse), as_text)
    except (OSError, pa.ArrowException) as error:
        raise UsageError(f"{file}: not a CSV file ({error})") from error
    if faults:
        raise UsageError("\n".join(faults[:20]))
    return table


def _must_be_text(file: Path) -> None:
    """Refuse what is no text: the parser would call back with rows that cannot be decoded."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        with file.open("rb") as opened:
            first = opened.read(_PIECE)
            if first.startswith(_PARQUET):
                raise UsageError(
                    f"{file} is a Parquet file; a search log is a CSV file as portals publish it "
                    "(of a data set: misusebench export DIR --format portal-csv)"
                )
            piece = first
            while piece:
                decoder.decode(piece)
                piece = opened.read(_PIECE)
            decoder.decode(b"", final=True)
    except FileNotFoundError as error:
        raise UsageError(f"{file}: no such file") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{file}: not a CSV file in UTF-8 ({error.reason})") from error
    except OSError as error:
        raise UsageError(f"{file}: cannot be read ({error.strerror})") from error


def _parsing(refuse: Callable[[pcsv.InvalidRow], str]) -> pcsv.ParseOptions:
    return pcsv.ParseOptions(newlines_in_values=True, invalid_row_handler=refuse)


def _build(file: Path, columns: dict[str, pa.ChunkedArray]) -> RealLog:
    time = _times(file, columns["time"])
    order = pc.sort_indices(time)
    coded = columns["officer"].combine_chunks().dictionary_encode()
    rows = len(order)
    cameras = _counts(file, columns["cameras"]) if "cameras" in columns else pa.nulls(rows, _INT)
    reason = columns["reason"].combine_chunks() if "reason" in columns else pa.nulls(rows, _TEXT)
    return RealLog(
        name=file.stem,
        time_local=time.take(order).to_numpy(),
        officer=coded.indices.take(order).cast(_INT).to_numpy(),
        officers=tuple(coded.dictionary.to_pylist()),
        cameras=cameras.take(order),
        reason=reason.take(order),
    )


_INT: Final = pa.int64()
_TEXT: Final = pa.string()


def _times(file: Path, column: pa.ChunkedArray) -> pa.Array:
    """Return local microseconds of ISO texts without a zone."""
    text = column.combine_chunks()
    good = pc.match_substring_regex(text, f"^{LOCAL.pattern}")
    _refuse_first(file, text, good, "a local time such as 2025-06-17T17:02:04")
    try:
        return text.cast(pa.timestamp("us")).cast(_INT)
    except pa.ArrowInvalid as error:
        raise UsageError(f"{file}: {error}") from error


def _counts(file: Path, column: pa.ChunkedArray) -> pa.Array:
    """Return whole numbers, null for an empty text."""
    text = column.combine_chunks()
    good = pc.match_substring_regex(text, r"^\d{0,9}$")
    _refuse_first(file, text, good, "a number of cameras or networks")
    return pc.if_else(pc.equal(text, ""), None, text).cast(_INT)


def _refuse_first(file: Path, text: pa.Array, good: pa.Array, wanted: str) -> None:
    """Name the first row that is not what it should be; the header is line 1."""
    row = pc.index(good, pa.scalar(value=False)).as_py()
    if row >= 0:
        raise UsageError(f"{file}:{row + 2}: {text[row].as_py()!r} is not {wanted}")
