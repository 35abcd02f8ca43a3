"""Coming back to earlier incidents and cases: what can be recalled, and what cannot."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from misusesim.clock import DAY_US, HOUR_US
from misusesim.workload.past import Past, of

TOP = 2**64 - 1


def things(*opened):
    """Return things opened at hours; the row's subject is 100 + row, its serial 900 + row."""
    hours = np.array(opened, np.int64) * HOUR_US
    rows = np.arange(len(opened))
    return SimpleNamespace(opened=hours, subject=100 + rows, serial=900 + rows)


def recalled(past, hour, bits=0, days=1):
    return int(past.recall(np.array([hour * HOUR_US]), np.array([bits], np.uint64), days)[0])


@pytest.mark.parametrize(
    ("hour", "row"),
    [(-1, -1), (0, -1), (1, -1), (2, 0), (20, 0), (24, 0), (25, -1), (100, -1)],
)
def test_the_window_is_from_an_hour_to_the_days_given(hour, row):
    """A thing is recalled more than one hour and at most 24 hours after it was opened."""
    assert recalled(Past(things(0)), hour) == row


@pytest.mark.parametrize(("days", "row"), [(1, -1), (2, -1), (3, 0), (60, 0)])
def test_more_days_reach_further_back(days, row):
    """Seventy hours later a thing is found only if three days or more are asked for."""
    assert recalled(Past(things(0)), 70, days=days) == row


def test_a_low_draw_takes_the_latest():
    """Zero bits recall the most recent thing that is at least an hour old."""
    past = Past(things(1, 2, 3, 10))
    assert recalled(past, 9) == 2
    assert recalled(past, 12) == 3


def test_a_high_draw_takes_the_earliest():
    """Only if both draws are high the oldest of the window comes back."""
    assert recalled(Past(things(1, 2, 3)), 9, bits=TOP) == 0


def test_one_high_draw_is_not_enough():
    """The smaller of two steps back decides, so the recent is likelier than the old."""
    half = 2**63  # one draw is in the middle, the other, shifted by 31 bits, is zero
    assert recalled(Past(things(1, 2, 3)), 9, bits=half) == 2


def test_rows_are_those_of_the_table_given():
    """The row returned counts in the given order, not in that of time."""
    past = Past(things(5, 1, 3))
    assert recalled(past, 9) == 0
    assert recalled(past, 9, bits=TOP) == 1


def test_what_is_opened_at_once_keeps_its_order():
    """Of things opened in one moment the one given last is the latest."""
    past = Past(things(4, 4, 4))
    assert recalled(past, 9) == 2
    assert recalled(past, 9, bits=TOP) == 0


@pytest.mark.parametrize(("row", "subject", "serial"), [(0, 100, 900), (2, 102, 902), (-1, -1, -1)])
def test_subject_and_serial_of_a_row(row, subject, serial):
    """A row gives its person and its serial, no row gives -1."""
    past = Past(things(5, 1, 3))
    assert past.subject(np.array([row])).tolist() == [subject]
    assert past.serial(np.array([row])).tolist() == [serial]


def test_of_an_empty_past_everything_is_nothing():
    """Without any thing the row, its person and its serial are all -1."""
    past = Past(things())
    row = past.recall(np.array([0, 10**15]), np.array([0, TOP], np.uint64), 365)
    assert row.tolist() == [-1, -1]
    assert past.subject(row).tolist() == [-1, -1]
    assert past.serial(row).tolist() == [-1, -1]


def test_recalling_at_no_time():
    """No times recall no rows."""
    nothing = np.empty(0, np.int64)
    assert Past(things(1)).recall(nothing, nothing.astype(np.uint64), 3).tolist() == []


@settings(max_examples=40)
@given(
    st.lists(st.integers(0, 400), max_size=30),
    st.integers(0, 500),
    st.integers(0, TOP),
    st.integers(1, 15),
)
def test_what_is_recalled_is_inside_the_window(opened, hour, bits, days):
    """A recalled row is inside the window, and nothing is recalled only if nothing is there."""
    row = recalled(Past(things(*opened)), hour, bits, days)
    inside = [hour - 24 * days <= at < hour - 1 for at in opened]
    if row < 0:
        assert not any(inside)
    else:
        assert inside[row]


@settings(max_examples=40)
@given(st.lists(st.integers(0, 400), min_size=1, max_size=20), st.integers(0, TOP))
def test_the_order_of_the_table_is_no_matter(opened, bits):
    """Shuffled rows recall a thing of the same time."""
    straight, turned = things(*opened), things(*opened[::-1])
    first, second = (recalled(Past(t), 402, bits, 30) for t in (straight, turned))
    assert straight.opened[first] == turned.opened[second]


@pytest.mark.parametrize(
    ("row", "value"), [(0, 7), (2, 9), (-1, -1)], ids=["first", "last", "no row"]
)
def test_of_reads_one_row(row, value):
    """A column is read at its row, and is -1 where there is none."""
    assert of(np.array([7, 8, 9], np.int16), np.array([row])).tolist() == [value]


def test_of_widens_narrow_columns():
    """A small column comes back as 64 bits."""
    out = of(np.array([5], np.int8), np.array([0, -1]))
    assert out.dtype == np.int64
    assert out.tolist() == [5, -1]


def test_a_day_is_twenty_four_hours():
    """The window of one day ends one microsecond after 24 hours."""
    past = Past(things(0))
    late = np.array([DAY_US, DAY_US + 1])
    assert past.recall(late, np.zeros(2, np.uint64), 1).tolist() == [0, -1]


def test_an_hour_must_have_passed():
    """What was opened exactly an hour ago is too fresh; a microsecond later it is recalled."""
    past = Past(things(0))
    soon = np.array([HOUR_US, HOUR_US + 1])
    assert past.recall(soon, np.zeros(2, np.uint64), 1).tolist() == [-1, 0]
