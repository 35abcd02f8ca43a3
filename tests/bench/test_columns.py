"""Columns of record batches as arrays."""

from __future__ import annotations

import datetime as dt
import importlib.resources
import struct
from itertools import pairwise
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pytest

from misusebench.columns import HOUR_US, LocalTime, Words, distinct, micros, numbers


def test_words_keep_their_codes_when_dictionaries_change():
    """The same word has the same code in two batches with different dictionaries."""
    words = Words()
    first = pa.array(["b", "a", None, "b"]).dictionary_encode()
    second = pa.DictionaryArray.from_arrays(pa.array([1, 0], pa.int8()), pa.array(["x", "a"]))
    assert words.codes(first).tolist() == [0, 1, -1, 0]
    assert words.codes(second).tolist() == [1, 2]
    assert words.words() == ["b", "a", "x"]
    assert (words.find("x"), words.find("z"), words.find(None)) == (2, -1, -1)


def test_distinct_names_only_words_that_occur_in_order_of_occurrence():
    """Unused dictionary entries are not seen."""
    column = pa.DictionaryArray.from_arrays(
        pa.array([2, None, 0, 2], pa.int8()), pa.array(["p", "unused", "q"])
    )
    place, words = distinct(pa.chunked_array([column, column]))
    assert words == ["q", "p"]
    assert place.tolist() == [0, -1, 1, 0] * 2


def test_nulls_become_never_or_the_given_number():
    """Null times are never, null numbers what the caller says."""
    times = pa.array([5, None], pa.timestamp("us", tz="UTC"))
    assert micros(times).tolist() == [5, 2**62]
    assert numbers(pa.array([True, None]), -1.0).tolist() == [1.0, -1.0]


def test_local_time_follows_each_agency_through_daylight_saving():
    """Los Angeles is 8 hours behind before and 7 after 2024-03-10 10:00 UTC; Phoenix always 7."""
    agencies = pa.table(
        {"agency_id": ["la", "ph"], "timezone": ["America/Los_Angeles", "America/Phoenix"]}
    )
    local = LocalTime({"directory/agencies": agencies})
    change = int(dt.datetime(2024, 3, 10, 10, tzinfo=dt.UTC).timestamp()) * 1_000_000
    times = np.array([change - 1, change, change])
    behind = (times - local.local(pa.array(["la", "la", "ph"]), times)) // 3_600_000_000
    assert behind.tolist() == [8, 7, 7]


def _changes(told: bytes) -> list[int]:
    """Return when the offset of a zone changes, from the second half of its file."""
    counts = struct.unpack(">6l", told[20:44])
    start = 44 + counts[3] * 5 + counts[4] * 6 + counts[5] + counts[2] * 8 + sum(counts[:2])
    n, kinds = struct.unpack(">6l", told[start + 20 : start + 44])[3:5]
    start += 44
    times = struct.unpack_from(f">{n}q", told, start)
    kind = told[start + 8 * n : start + 9 * n]
    offset = [struct.unpack_from(">l", told, start + 9 * n + 6 * k)[0] for k in range(kinds)]
    return [times[i] for i in range(1, n) if offset[kind[i]] != offset[kind[i - 1]]]


def test_no_zone_changes_its_offset_twice_a_day():
    """A day at whose ends the offset is the same has one offset: local time relies on it."""
    files = importlib.resources.files("tzdata")
    names = (files / "zones").read_text().split()
    files /= "zoneinfo"
    found = [_changes(files.joinpath(*z.split("/")).read_bytes()) for z in names]
    gaps = [b - a for times in found for a, b in pairwise(times)]
    assert len(gaps) > 10_000
    assert min(gaps) > 2 * 86_400


@pytest.mark.parametrize("zone", ["America/Los_Angeles", "Australia/Lord_Howe", "Asia/Kathmandu"])
def test_local_time_of_every_hour_is_that_of_the_zone(zone):
    """A year of hours, through changes of an hour and of half an hour."""
    local = LocalTime({"directory/agencies": pa.table({"agency_id": ["a"], "timezone": [zone]})})
    first = int(dt.datetime(2024, 1, 1, tzinfo=dt.UTC).timestamp()) // 3600
    hours = np.arange(first, first + 366 * 24)
    there = [dt.datetime.fromtimestamp(h * 3600, ZoneInfo(zone)) for h in hours.tolist()]
    offset = [int(time.utcoffset().total_seconds()) * 1_000_000 for time in there]
    times = hours * HOUR_US + 1
    assert (local.local(pa.array(["a"] * len(hours)), times) - times).tolist() == offset
    for start in range(0, len(hours), 100):
        part = times[start : start + 100]
        told = local.local(pa.array(["a"] * len(part)), part) - part
        assert told.tolist() == offset[start : start + 100]
    assert [local.offset("a", hour) for hour in hours.tolist()] == offset


def test_the_last_day_that_can_be_written_has_a_local_time():
    """No offset is asked of the day after, which Python has no name for."""
    last = int(dt.datetime(9999, 12, 31, 10, tzinfo=dt.UTC).timestamp()) * 1_000_000
    agencies = pa.table({"agency_id": ["la"], "timezone": ["America/Los_Angeles"]})
    local = LocalTime({"directory/agencies": agencies}).local(pa.array(["la"]), np.array([last]))
    assert (last - local).tolist() == [8 * HOUR_US]


def test_an_unknown_agency_is_in_utc():
    """Without a directory, local time is UTC."""
    assert LocalTime({}).local(pa.array(["?"]), np.array([123])).tolist() == [123]
