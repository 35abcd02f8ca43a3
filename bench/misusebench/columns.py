"""Reading the columns of a record batch as numpy arrays, and the local time of an agency.

A batch's dictionaries may change from batch to batch, so codes are translated into codes of the
component's own :class:`Words`, which grow and never change.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

HOUR_US: Final = 3_600_000_000
DAY_US: Final = 24 * HOUR_US


class Words:
    """A growing dictionary of words; code -1 is null."""

    def __init__(self) -> None:
        self._code: dict[str, int] = {}

    def __len__(self) -> int:
        """Return how many words are known."""
        return len(self._code)

    def code(self, word: str | None) -> int:
        """Return the code of a word, a new one if it was never seen."""
        return -1 if word is None else self._code.setdefault(word, len(self._code))

    def find(self, word: str | None) -> int:
        """Return the code of a word, -1 if it was never seen."""
        return -1 if word is None else self._code.get(word, -1)

    def words(self) -> list[str]:
        """Return all words in the order of their codes."""
        return list(self._code)

    def codes(self, column: pa.Array | pa.ChunkedArray) -> NDArray[np.int64]:
        """Return the code of each row; only words that occur in a row are added."""
        place, words = distinct(column)
        own = np.array([self.code(word) for word in words] + [-1], np.int64)
        return own[place]


def distinct(column: pa.Array | pa.ChunkedArray) -> tuple[NDArray[np.int64], list[str]]:
    """Return each row's place among the column's words (-1 for null), and the words.

    Words are in the order in which they first occur, whatever the dictionary's own order.
    """
    if isinstance(column, pa.ChunkedArray):
        column = column.combine_chunks()
    if isinstance(column, pa.ChunkedArray):  # combining dictionaries may still leave chunks
        column = pa.concat_arrays(column.unify_dictionaries().chunks)
    if not pa.types.is_dictionary(column.type):
        column = column.dictionary_encode()
    codes = column.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
    order, place = _ranked(codes, len(column.dictionary))
    return place, column.dictionary.take(pa.array(order)).to_pylist()


def places(column: pa.Array | pa.ChunkedArray) -> tuple[NDArray[np.int64], list[str]]:
    """Return each row's place in a list of words: the column's own, if that is a short one."""
    array = column
    if isinstance(column, pa.ChunkedArray) and column.num_chunks == 1:
        array = column.chunk(0)
    if not isinstance(array, pa.DictionaryArray) or array.dictionary.null_count:
        return distinct(column)
    if len(array.dictionary) > len(array):
        return distinct(column)
    place = array.indices.fill_null(-1).to_numpy(zero_copy_only=False)
    return place.astype(np.int64), array.dictionary.to_pylist()


def _ranked(codes: NDArray[np.int64], n: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the codes below `n` that occur, in order of occurrence, and each row's place there."""
    if n > 4 * len(codes) + 64:  # a dictionary much longer than the rows: sorting them is cheaper
        used, first, place = np.unique(codes, return_index=True, return_inverse=True)
        order = np.argsort(first, kind="stable")
        order = order[used[order] >= 0]
        rank = np.full(len(used), -1)
        rank[order] = np.arange(len(order))
        return used[order], rank[place.reshape(-1)]
    rows = np.arange(len(codes))
    first = np.full(n + 1, len(codes))  # the last place is that of null, -1
    first[codes[::-1]] = rows[::-1]  # of equal codes the last written stays: the first row
    order = codes[np.flatnonzero(first[codes] == rows)]
    order = order[order >= 0]
    rank = np.full(n + 1, -1)
    rank[order] = np.arange(len(order))
    return order, rank[codes]


def _used(codes: NDArray[np.int64], n: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the codes in [0, n) that occur, in rising order, and each row's place there."""
    if n > 4 * len(codes) + 64:
        used, place = np.unique(codes, return_inverse=True)
        return used, place.reshape(-1)
    occurs = np.zeros(n, bool)
    occurs[codes] = True
    used = np.flatnonzero(occurs)
    rank = np.empty(n, np.int64)
    rank[used] = np.arange(len(used))
    return used, rank[codes]


def stable_codes(column: pa.Array | pa.ChunkedArray) -> NDArray[np.int64]:
    """Return a hash of each row's word, the same in every batch (null has one too)."""
    place, words = distinct(column)
    hashed = [int.from_bytes(word.encode()[-7:], "big") for word in words]
    return np.array([*hashed, -1], np.int64)[place]


def micros(column: pa.Array | pa.ChunkedArray) -> NDArray[np.int64]:
    """Return a timestamp column as UTC microseconds; null becomes 2**62 (never)."""
    return column.cast(pa.int64()).fill_null(2**62).to_numpy(zero_copy_only=False)  # type: ignore[no-any-return]


def numbers(column: pa.Array | pa.ChunkedArray, null: float) -> NDArray[np.float64]:
    """Return a numeric or boolean column as floats, `null` where it is null."""
    if pa.types.is_boolean(column.type):
        column = column.cast(pa.int8())
    return column.cast(pa.float64()).fill_null(null).to_numpy(zero_copy_only=False)  # type: ignore[no-any-return]


def keys(column: pa.Array | pa.ChunkedArray) -> NDArray[np.uint64]:
    """Return a column of 64-bit keys."""
    return column.to_numpy(zero_copy_only=False).astype(np.uint64)  # type: ignore[no-any-return]


class LocalTime:
    """Local time of each row from the directory of agencies (goes with every tier)."""

    def __init__(self, context: Mapping[str, pa.Table], default: str = "UTC") -> None:
        self._zone: dict[str, ZoneInfo] = {}
        self._offset: dict[tuple[str, int], int] = {}
        self._default = ZoneInfo(default)
        self.learn(context.get("directory/agencies"))

    def learn(self, agencies: pa.Table | None) -> None:
        """Take over the zones of a directory table."""
        if agencies is None:
            return
        for agency, zone in zip(
            agencies["agency_id"].to_pylist(), agencies["timezone"].to_pylist(), strict=True
        ):
            self._zone[agency] = ZoneInfo(zone)
        self._offset.clear()  # what was said of an agency before its zone was known

    def offset(self, agency: str, hour: int) -> int:
        """Return what local time is ahead of UTC, microseconds, in an hour since the epoch."""
        key = (agency, hour)
        if key not in self._offset:
            zone = self._zone.get(agency, self._default)
            offset = dt.datetime.fromtimestamp(hour * 3600, zone).utcoffset()
            self._offset[key] = round((offset or dt.timedelta()).total_seconds()) * 1_000_000
        return self._offset[key]

    def local(self, agency: pa.Array, utc_us: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return local microseconds (as if UTC) of each row."""
        place, names = places(agency)
        if not len(utc_us):
            return utc_us
        hour = utc_us // HOUR_US
        first = int(hour.min())
        pair = (hour - first) * len(names) + place
        used, ranked = _used(pair, int(pair.max()) + 1)
        shift = [self.offset(names[p % len(names)], first + p // len(names)) for p in used.tolist()]
        return utc_us + np.array(shift, np.int64)[ranked]
