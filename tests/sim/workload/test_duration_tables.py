"""The tables that durations and numbers of queries are drawn from keep to what was measured."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from misusesim.workload import durations
from misusesim.workload.durations import drawn

LANES = 65_536
#: name, lowest value, highest value, mean worked out from the weights by hand
PLAIN = [
    ("SERVICE_MINUTES", 6, 160, 42.6),
    ("STOP_MINUTES", 4, 40, 11.75),
    ("STOP_QUERIES", 2, 4, 2.98),
    ("DOMESTIC_QUERIES", 5, 10, 6.73),
    ("DISPATCH_QUERIES", 0, 4, 1.03),
    ("BOOKING_QUERIES", 6, 12, 8.31),
    ("SITTING_QUERIES", 1, 20, 5.08),
    ("SEARCH_QUERIES", 1, 4, 1.048),
    ("SITTINGS", 1, 171, 2.642),
    ("COUNTER_QUERIES", 1, 8, 2.58),
    ("JAIL_QUERIES", 1, 6, 2.18),
    ("BACKGROUND_QUERIES", 3, 6, 4.4),
    ("WANTED_QUERIES", 1, 4, 2.1),
]


def at_quantile(table, share):
    """Return the value below which a share of the draws lies."""
    return int(np.sort(table)[int(share * LANES)])


def whole(lane, k):
    """Return 64 bits whose k-th 16 bits are a lane and whose others are zero."""
    return np.array([lane << (48 - 16 * k)], np.uint64)


@pytest.mark.parametrize("name", [*(row[0] for row in PLAIN), "SITTING_GAP_MINUTES"])
def test_a_table_has_an_entry_for_every_lane(name):
    """Every table holds 65,536 whole numbers, so that 16 bits always point at one."""
    table = getattr(durations, name)
    assert table.shape == (LANES,)
    assert table.dtype == np.int32


@pytest.mark.parametrize(("name", "low", "high", "mean"), PLAIN)
def test_ranges_and_means(name, low, high, mean):
    """The smallest and largest value and the mean of a table are those of its weights."""
    table = getattr(durations, name)
    assert (table.min(), table.max()) == (low, high)
    assert table.mean() == pytest.approx(mean, abs=0.006 * mean)


@pytest.mark.parametrize(
    ("share", "value"), [(0.0, 1), (0.58, 1), (0.60, 2), (0.77, 2), (0.79, 3), (0.84, 3)]
)
def test_most_cases_take_few_sittings(share, value):
    """59 % of cases are one sitting, 19 % two and 7 % three."""
    assert at_quantile(durations.SITTINGS, share) == value


@pytest.mark.parametrize(("share", "value"), [(0.90, 5), (0.95, 8), (0.99, 23), (0.9999, 171)])
def test_sittings_have_the_measured_tail(share, value):
    """The 90th, 95th and 99th percentile of sittings per case are near 5, 8 and 23."""
    found = at_quantile(durations.SITTINGS, share)
    assert value <= found <= value * 1.5


@pytest.mark.parametrize(
    ("name", "median"),
    [
        ("SERVICE_MINUTES", 29),
        ("STOP_MINUTES", 10),
        ("SITTING_GAP_MINUTES", 86),
        ("SITTING_QUERIES", 4),
        ("COUNTER_QUERIES", 2),
    ],
)
def test_medians(name, median):
    """Half of the draws lie below the midpoint of the two middle entries."""
    table = np.sort(getattr(durations, name))
    middle = (int(table[LANES // 2 - 1]) + int(table[LANES // 2])) / 2
    assert middle == median


@pytest.mark.parametrize(
    ("nth", "none", "mean"), [(0, 0.84, 0.22), (1, 0.40, 1.20), (2, 0.04, 3.60)]
)
def test_query_minded_officers_ask_more_at_a_call(nth, none, mean):
    """The three kinds of officer ask nothing at 84, 40 and 4 % of their calls."""
    table = durations.CALL_QUERIES[nth]
    assert (table == 0).mean() == pytest.approx(none, abs=1e-4)
    assert table.mean() == pytest.approx(mean, abs=1e-3)


@pytest.mark.parametrize("k", [0, 1, 2])
def test_call_tables_are_ordered(k):
    """At every lane a more query-minded officer asks at least as much as a less minded one."""
    levels = [np.sort(table) for table in durations.CALL_QUERIES]
    assert (levels[max(k - 1, 0)] <= levels[k]).all()


@pytest.mark.parametrize(("value", "share"), [(1, 0.965), (2, 0.025), (3, 0.007), (4, 0.003)])
def test_plate_searches_of_an_occasion(value, share):
    """Nearly all occasions are one plate search, and none has more than four."""
    assert (value == durations.SEARCH_QUERIES).mean() == pytest.approx(share, abs=2 / LANES)


@pytest.mark.parametrize("k", [0, 1, 2, 3])
@pytest.mark.parametrize(("lane", "value"), [(0, 2), (20_970, 2), (20_972, 3), (65_535, 4)])
def test_drawn_reads_one_lane(k, lane, value):
    """A draw reads the k-th 16 bits alone: 32 % of 65,536 lanes are the first value."""
    assert drawn(durations.STOP_QUERIES, whole(lane, k), k).tolist() == [value]


@pytest.mark.parametrize(("k", "other"), [(0, 1), (1, 2), (2, 3), (3, 0)])
def test_drawn_ignores_the_other_lanes(k, other):
    """What stands in another lane does not change the value drawn."""
    bits = whole(65_535, other)
    assert drawn(durations.STOP_QUERIES, bits, k).tolist() == [2]


def test_drawn_uses_the_first_lane_unless_told():
    """Without a lane named the topmost 16 bits are read."""
    assert drawn(durations.JAIL_QUERIES, whole(65_535, 0)).tolist() == [6]
    assert drawn(durations.JAIL_QUERIES, whole(65_535, 1)).tolist() == [1]


def test_drawn_gives_wide_integers():
    """Values come as 64-bit integers, so that minutes times microseconds cannot overflow."""
    out = drawn(durations.SITTING_GAP_MINUTES, whole(65_535, 0))
    assert out.dtype == np.int64
    assert (out * 60_000_000).tolist() == [20_160 * 60_000_000]


def test_drawn_of_nothing():
    """No bits give no values."""
    assert drawn(durations.SITTINGS, np.empty(0, np.uint64)).tolist() == []


@settings(max_examples=40)
@given(st.lists(st.integers(0, 2**64 - 1), min_size=1, max_size=20), st.integers(0, 3))
def test_drawn_never_leaves_the_table(values, k):
    """Any 64 bits give a value that the table's weights name."""
    out = drawn(durations.BOOKING_QUERIES, np.array(values, np.uint64), k)
    assert set(out.tolist()) <= {6, 7, 8, 9, 10, 11, 12}


@settings(max_examples=40)
@given(st.lists(st.integers(0, 65_535), min_size=2, max_size=20))
def test_a_larger_lane_never_gives_a_smaller_value(lanes):
    """Tables are ascending, so draws keep the order of their lanes."""
    bits = np.array(sorted(lanes), np.uint64) << np.uint64(48)
    assert (np.diff(drawn(durations.SITTINGS, bits)) >= 0).all()
