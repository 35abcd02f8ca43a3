"""Columns of record batches as arrays."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pyarrow as pa

from misusebench.columns import LocalTime, Words, distinct, micros, numbers


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


def test_an_unknown_agency_is_in_utc():
    """Without a directory, local time is UTC."""
    assert LocalTime({}).local(pa.array(["?"]), np.array([123])).tolist() == [123]
