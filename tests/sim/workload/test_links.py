"""Links that oddities add to the files: columns filled, absent ones neutral, parts in order."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from misusesim.workload.links import Links

COLUMNS = ("officer", "subject", "incident", "case", "since", "until", "listed")
KINDS = {
    "officer": np.int32, "subject": np.int64, "incident": np.int64, "case": np.int64,
    "since": np.int64, "until": np.int64, "listed": np.bool_,
}  # fmt: skip


def link(n, **more):
    return Links.build(n, since=10, until=20, **more)


@pytest.mark.parametrize(
    ("name", "value"),
    [("officer", -1), ("subject", -1), ("incident", -1), ("case", -1), ("listed", False)],
)
def test_absent_columns_are_neutral(name, value):
    """A column that is not given says nobody, nothing, or not listed."""
    assert getattr(link(3), name).tolist() == [value] * 3


def test_scalars_are_repeated():
    """A scalar stands in every row."""
    rows = link(2, officer=7, listed=True)
    assert rows.officer.tolist() == [7, 7]
    assert rows.listed.tolist() == [True, True]
    assert (rows.since.tolist(), rows.until.tolist()) == ([10, 10], [20, 20])


def test_arrays_stay_in_order():
    """An array is taken row by row."""
    rows = link(3, subject=np.array([5, 4, 3]))
    assert rows.subject.tolist() == [5, 4, 3]


@pytest.mark.parametrize("name", COLUMNS)
def test_types_of_columns(name):
    """Officers are 32 bits, the hot list a flag, and all else 64 bits."""
    assert getattr(link(1), name).dtype == KINDS[name]


@pytest.mark.parametrize("missing", ["since", "until"])
def test_times_must_be_given(missing):
    """A link without its beginning or its end cannot be made."""
    times = {"since": 1, "until": 2}
    del times[missing]
    with pytest.raises(TypeError, match=missing):
        Links.build(1, **times)


def test_columns_of_another_length_are_refused():
    """An array that is as long as no other column is an error, not a silent repeat."""
    with pytest.raises(ValueError, match="could not be broadcast"):
        link(3, subject=np.array([1, 2]))


@pytest.mark.parametrize("n", [0, 1, 5])
def test_length(n):
    """The length is the number of links."""
    assert len(link(n)) == n


def test_concat_keeps_the_order():
    """Parts follow each other as given."""
    both = Links.concat([link(2, officer=1), link(1, officer=9)])
    assert both.officer.tolist() == [1, 1, 9]
    assert len(both) == 3


def test_concat_of_nothing():
    """No parts make no links, with every column there."""
    none = Links.concat([])
    assert len(none) == 0
    assert {name: getattr(none, name).dtype for name in COLUMNS} == KINDS


@settings(max_examples=40)
@given(st.lists(st.integers(0, 4), max_size=6))
def test_concat_adds_lengths(lengths):
    """As many links come out as went in, each under its own officer."""
    parts = [link(n, officer=i) for i, n in enumerate(lengths)]
    whole = Links.concat(parts)
    assert whole.officer.tolist() == [i for i, n in enumerate(lengths) for _ in range(n)]


def test_links_are_fixed():
    """A link's columns cannot be exchanged afterwards."""
    with pytest.raises(AttributeError):
        link(1).officer = np.zeros(1, np.int32)
