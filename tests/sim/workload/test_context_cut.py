"""What the files say at a time: rows open, ended, and cut at the end of the scenario."""

from __future__ import annotations

import datetime as dt

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from misusesim.workload.records import Sheet, cut, settled

TIME = pa.timestamp("us", tz="UTC")
SHAPE = pa.schema([
    ("key", pa.string()), ("valid_from", TIME), ("valid_to", TIME), ("known_at", TIME),
])  # fmt: skip
END = 100
LATE = 10_000


def rows(*columns):
    """Return rows of (key, valid_from, valid_to, known_at); times in microseconds."""
    return pa.Table.from_pylist(
        [
            {"key": key, "valid_from": since, "valid_to": until, "known_at": known}
            for key, since, until, known in columns
        ],
        schema=SHAPE,
    )


def micros(moment):
    if moment is None:
        return None
    return (moment - dt.datetime(1970, 1, 1, tzinfo=dt.UTC)) // dt.timedelta(microseconds=1)


def plain(table):
    return [
        (row["key"], *(micros(row[n]) for n in ("valid_from", "valid_to", "known_at")))
        for row in table.to_pylist()
    ]


TABLE_OF_CUTS = [
    (("a", 0, 50, 10), ("a", 0, 50, 10)),
    (("a", 0, None, 10), ("a", 0, None, 10)),
    (("a", 0, 99, 10), ("a", 0, 99, 10)),
    (("a", 0, 100, 10), ("a", 0, None, 10)),
    (("a", 0, 500, 10), ("a", 0, None, 10)),
    (("a", 99, 500, 99), ("a", 99, None, 99)),
    (("a", 100, 500, 10), None),
    (("a", 0, 50, 100), None),
    (("a", 0, 50, 101), None),
    (("a", 150, 200, 10), None),
]


@pytest.mark.parametrize(("row", "left"), TABLE_OF_CUTS)
def test_cut_by_hand(row, left):
    """A row stays if it is valid and known before the end; an end from there on is unknown."""
    assert plain(cut(rows(row), END)) == ([] if left is None else [left])


def test_cut_orders_by_knowledge():
    """Rows come as they became known, and of one moment by their first column."""
    table = rows(("b", 0, None, 7), ("c", 0, None, 3), ("a", 0, None, 7))
    assert [row[0] for row in plain(cut(table, END))] == ["c", "a", "b"]


@settings(max_examples=50)
@given(
    st.integers(1, 20).flatmap(
        lambda width: st.lists(st.text("09afZ", min_size=width, max_size=width), max_size=12)
    )
    | st.lists(st.text("ab0", max_size=4), max_size=12)
)
def test_words_of_one_moment_are_in_alphabetical_order(words):
    """Whatever their length: short ones are compared as numbers, long and uneven ones as text."""
    found = plain(cut(rows(*((word, 0, None, 7) for word in words)), END))
    assert [row[0] for row in found] == sorted(words)


def test_cut_keeps_the_schema():
    """The table cut has the columns and types of the one given, rows or not."""
    assert cut(rows(), END).schema == SHAPE
    assert cut(rows(("a", 0, 50, 10)), END).schema == SHAPE


@pytest.mark.parametrize(
    ("until", "known", "told"),
    [(50, 10, None), (11, 10, None), (10, 10, 10), (5, 10, 5), (None, 10, None)],
)
def test_an_open_row_tells_no_coming_end(until, known, told):
    """At first a row says its end only if that had come when the row became known."""
    found = plain(settled(Sheet.of(rows(("a", 0, until, known))), LATE, closing=False))
    assert found == [("a", 0, told, known)]


@pytest.mark.parametrize(
    ("until", "known", "left"),
    [(50, 10, [("a", 0, 50, 50)]), (10, 10, []), (5, 10, []), (None, 10, [])],
)
def test_an_end_that_comes_makes_a_second_row(until, known, left):
    """A row that ends after it was known comes again, known at its end."""
    assert plain(settled(Sheet.of(rows(("a", 0, until, known))), LATE, closing=True))[1:] == left


def test_rows_of_one_moment_and_one_word_keep_their_order():
    """The order is stable: Arrow's own sort is not, and differs by machine."""
    table = rows(*(("a", number, None, 7) for number in (3, 1, 2, 0)), ("b", 0, None, 3))
    assert [row[1] for row in plain(cut(table, END))] == [0, 3, 1, 2, 0]


TIMES = st.tuples(
    st.integers(0, 150), st.one_of(st.none(), st.integers(0, 200)), st.integers(0, 150)
)


@settings(max_examples=25)
@given(st.lists(TIMES, max_size=12))
def test_opening_and_ending_say_an_end_once(times):
    """Over both rows of a job its end is told exactly once, and never before it was known."""
    table = rows(*((f"k{i:02}", *t) for i, t in enumerate(times)))
    both = plain(settled(Sheet.of(table), LATE, closing=True))
    for i, (_, until, _) in enumerate(times):
        told = [row for row in both if row[0] == f"k{i:02}" and row[2] is not None]
        assert [row[2] for row in told] == ([] if until is None else [until])
        assert all(row[3] >= row[2] for row in told)


@settings(max_examples=25)
@given(st.lists(TIMES, max_size=12))
def test_cutting_twice_is_cutting_once(times):
    """A table that is cut already is not changed by the same cut."""
    once = cut(rows(*((f"k{i:02}", *t) for i, t in enumerate(times))), END)
    assert plain(cut(once, END)) == plain(once)


@settings(max_examples=25)
@given(st.lists(TIMES, max_size=12), st.integers(1, 99))
def test_an_earlier_cut_keeps_no_more(times, earlier):
    """What is known before an earlier end is known before a later one too."""
    table = rows(*((f"k{i:02}", *t) for i, t in enumerate(times)))
    early, late = plain(cut(table, earlier)), plain(cut(table, END))
    assert {row[0] for row in early} <= {row[0] for row in late}


@settings(max_examples=25)
@given(st.lists(TIMES, max_size=12))
def test_nothing_beyond_the_end_is_left(times):
    """No time in a table cut is at its end or after it."""
    for row in plain(cut(rows(*(("k", *t) for t in times)), END)):
        assert all(moment is None or moment < END for moment in row[1:])
