"""Packed sort against a sort by columns."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from misusesim.ordering import by_time


@given(
    st.lists(st.tuples(st.integers(0, 12), st.integers(0, 6)), max_size=60),
    st.sampled_from([1, 1000, 1_000_000, 7_000_000]),
    st.integers(-(2**40), 2**40),
    st.sampled_from([0, 3, 40, 60]),
)
def test_equals_lexsort(rows, unit, first, shift):
    """Equal to a stable sort by two columns: short and long ties, any unit and start."""
    time = np.array([t for t, _ in rows], np.int64) * unit + first
    tie = np.array([k for _, k in rows], np.uint64) << np.uint64(shift)
    assert by_time(time, tie).tolist() == np.lexsort((tie, time)).tolist()


@pytest.mark.parametrize("span", [10, 10**6, 10**12, 2**45, 2**62])
@pytest.mark.parametrize("ties", [1, 2, 2**16, 2**63])
def test_equals_lexsort_on_many_rows(span, ties):
    """The same for 20,000 rows, with ties that do not fit the key and times that leave no room."""
    chance = np.random.default_rng(span + ties)
    time = chance.integers(0, span, 20_000)
    tie = chance.integers(0, ties, 20_000, dtype=np.uint64)
    assert np.array_equal(by_time(time, tie), np.lexsort((tie, time)))


def test_low_bits_of_a_tie_decide():
    """Ties that differ in their last bit only, where the key has room for the first ones."""
    time = np.repeat(np.arange(500) * 2**45, 8)
    tie = np.tile(np.uint64(2**63) + np.arange(8, dtype=np.uint64)[::-1], 500)
    assert np.array_equal(by_time(time, tie), np.lexsort((tie, time)))


def test_nothing_to_order():
    """No row and one row are in order."""
    assert by_time(np.empty(0, np.int64), np.empty(0, np.uint64)).tolist() == []
    assert by_time(np.array([5]), np.array([1])).tolist() == [0]
