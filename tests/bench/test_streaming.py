"""What came before a row: equal to looking, for any way of cutting the log."""

from __future__ import annotations

import numpy as np
import pytest

from misusebench.streaming import Counts, Times, Window, as_integers, combine, running

SPAN = 5_000
CUTS = {"whole": 1_200, "odd": 97, "single": 1}


def _log():
    rng = np.random.default_rng(0)
    return rng.integers(0, 40, 1_200), np.sort(rng.integers(0, 300_000, 1_200))


def _cut(size, n=1_200):
    return [slice(at, min(n, at + size)) for at in range(0, n, size)]


def test_running_sums_earlier_rows_of_the_group_only():
    """A row's own value is not in its sum."""
    found = running(np.array([1, 2, 1, 1, 2]), np.array([10, 1, 5, 2, 7]))
    assert found.tolist() == [0, 0, 10, 15, 1]


@pytest.mark.parametrize("size", CUTS.values(), ids=CUTS)
def test_counts_equal_looking_back(size):
    """A count is the number of earlier rows with the same key."""
    key, _ = _log()
    counts = Counts()
    found = np.concatenate([counts.before(key[part]) for part in _cut(size)])
    assert found.tolist() == [int((key[:i] == key[i]).sum()) for i in range(len(key))]


@pytest.mark.parametrize("size", CUTS.values(), ids=CUTS)
def test_times_equal_looking_back(size):
    """First and last are those of the earlier rows, NEVER where there are none."""
    key, time = _log()
    times = Times()
    parts = [times.before(key[part], time[part]) for part in _cut(size)]
    first, last = (np.concatenate(side) for side in zip(*parts, strict=True))
    for row in range(len(key)):
        earlier = np.flatnonzero(key[:row] == key[row])
        expected = (time[earlier[0]], time[earlier[-1]]) if len(earlier) else (Times.NEVER,) * 2
        assert (first[row], last[row]) == expected


@pytest.mark.parametrize("size", CUTS.values(), ids=CUTS)
def test_window_equals_looking_back(size):
    """A trailing window holds earlier rows younger than the span, its far edge left out."""
    key, time = _log()
    window = Window(SPAN)
    found = np.concatenate([window.before(key[part], time[part]) for part in _cut(size)])
    expected = [
        int(((key[:i] == key[i]) & (time[:i] > time[i] - SPAN)).sum()) for i in range(len(key))
    ]
    assert found.tolist() == expected


def test_weights_are_added_instead_of_ones():
    """A weighted count is a sum."""
    counts = Counts()
    key = np.array([3, 3, 3])
    assert counts.before(key, np.array([2, 0, 5])).tolist() == [0, 2, 2]
    assert counts.before(key[:1], np.array([1])).tolist() == [7]


def test_an_empty_window_answers_nothing():
    """No rows, no answers."""
    assert Window(5).before(np.empty(0, np.int64), np.empty(0, np.int64)).tolist() == []


def test_combined_keys_tell_columns_and_order_apart():
    """(1, 2) and (2, 1) are two keys, and so is each of 10,000 pairs."""
    left, right = np.meshgrid(np.arange(100), np.arange(100))
    key = combine(left.ravel(), right.ravel())
    assert len(np.unique(key)) == 10_000
    assert as_integers(np.array([2**64 - 1], np.uint64)).tolist() == [-1]


def test_no_rows_have_nothing_before_them():
    """A batch of none is answered by none, and changes nothing."""
    none = np.empty(0, np.int64)
    counts, times = Counts(), Times()
    assert counts.before(none).tolist() == []
    assert [side.tolist() for side in times.before(none, none)] == [[], []]
    assert counts.before(np.array([3])).tolist() == [0]
