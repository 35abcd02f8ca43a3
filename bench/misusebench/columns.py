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
_DAY_HOURS: Final = 24
#: Beginning of the last day that Python can tell the offset of.
_LAST_HOUR: Final = int(dt.datetime(9999, 12, 31, tzinfo=dt.UTC).timestamp()) // 3600


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


def own_words(column: pa.Array | pa.ChunkedArray) -> pa.DictionaryArray | None:
    """Return a column whose dictionary is a short list of words, as it is; of others none."""
    array = column
    if isinstance(column, pa.ChunkedArray) and column.num_chunks == 1:
        array = column.chunk(0)
    if not isinstance(array, pa.DictionaryArray) or array.dictionary.null_count:
        return None
    return array if len(array.dictionary) <= len(array) else None


def places(column: pa.Array | pa.ChunkedArray) -> tuple[NDArray[np.int64], list[str]]:
    """Return each row's place in a list of words: the column's own, if that is a short one."""
    array = own_words(column)
    if array is None:
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
    times = column.cast(pa.int64())
    if times.null_count:
        times = times.fill_null(2**62)
    return times.to_numpy(zero_copy_only=False)  # type: ignore[no-any-return]


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
        self._ahead: dict[tuple[ZoneInfo, int], int] = {}
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
            self._offset[key] = self._of_zone(self._zone.get(agency, self._default), hour)
        return self._offset[key]

    def _of_zone(self, zone: ZoneInfo, hour: int) -> int:
        """Return the offset of a zone, from both ends of the UTC day if these agree.

        No zone of the database has two changes of offset within a day: a test reads them all.
        """
        day = hour - hour % _DAY_HOURS
        start = self._at(zone, day)
        return start if start == self._at(zone, day + _DAY_HOURS) else self._at(zone, hour)

    def _at(self, zone: ZoneInfo, hour: int) -> int:
        key = (zone, min(hour, _LAST_HOUR))
        if key not in self._ahead:
            offset = dt.datetime.fromtimestamp(key[1] * 3600, zone).utcoffset() or dt.timedelta()
            self._ahead[key] = round(offset.total_seconds()) * 1_000_000
        return self._ahead[key]

    def local(self, agency: pa.Array, utc_us: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return local microseconds (as if UTC) of each row."""
        if not len(utc_us):
            return utc_us
        place, names = places(agency)
        numbers: dict[ZoneInfo, int] = {}  # agencies of one zone are asked about once
        of = [numbers.setdefault(self._zone.get(n, self._default), len(numbers)) for n in names]
        zones = list(numbers)
        if len(zones) == 1 and (only := self._throughout(zones[0], utc_us)) is not None:
            return utc_us + only
        hour = utc_us // HOUR_US
        first = int(hour.min())
        pair = (hour - first) * len(zones) + np.array(of, np.int64)[place]
        used, ranked = _used(pair, int(pair.max()) + 1)
        asked = (divmod(p, len(zones)) for p in used.tolist())
        shift = [self._of_zone(zones[zone], first + hours) for hours, zone in asked]
        return utc_us + np.array(shift, np.int64)[ranked]

    def _throughout(self, zone: ZoneInfo, utc_us: NDArray[np.int64]) -> int | None:
        """Return the offset of a zone if it is the same on all days, of which there are few."""
        days = range(int(utc_us.min()) // DAY_US, int(utc_us.max()) // DAY_US + 2)
        if len(days) > len(utc_us):
            return None
        found = {self._at(zone, day * _DAY_HOURS) for day in days}
        return found.pop() if len(found) == 1 else None
