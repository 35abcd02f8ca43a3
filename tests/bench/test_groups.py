"""Keys keep their numbers, however many come and wherever they fall in the table."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from misusebench.groups import Grouped, Groups

#: Zero is what an empty place holds; the others are far apart or differ in the last bit only.
ODD = [0, 1, 2, 2**63, 2**64 - 1, 2**64 - 2]


@given(st.lists(st.lists(st.sampled_from(ODD) | st.integers(0, 2**64 - 1), max_size=40)))
def test_a_key_keeps_the_number_that_it_first_had(batches):
    """As a dictionary would give it, batch for batch, whatever the keys."""
    groups, expected = Groups(), {}
    for batch in batches:
        found = groups.of(np.array(batch, np.uint64))
        for key in sorted(set(batch)):
            expected.setdefault(key, len(expected))
        assert found.slot[found.place].tolist() == [expected[key] for key in batch]
        assert found.size == len(groups) == len(expected)


def test_a_table_grows_and_all_keys_are_found_again():
    """Neighbours, multiples of powers of two and random ones: 600,000 keys in many batches."""
    rng = np.random.default_rng(0)
    keys = np.unique(np.concatenate([
        np.arange(200_000, dtype=np.uint64), np.arange(200_000, dtype=np.uint64) << np.uint64(40),
        rng.integers(0, 2**64 - 1, 200_000, np.uint64),
    ]))  # fmt: skip
    rng.shuffle(keys)
    groups = Groups()
    parts = [groups.of(part) for part in np.array_split(keys, 37)]
    numbers = np.concatenate([part.slot[part.place] for part in parts])
    assert np.array_equal(np.sort(numbers), np.arange(len(keys)))
    again = groups.of(keys)
    assert np.array_equal(again.slot[again.place], numbers)
    assert len(groups) == len(keys)


@pytest.mark.parametrize("kinds", [3, 70_000])
def test_rows_are_ordered_by_key_and_then_as_they_came(kinds):
    """With few keys and with more than 16 bits hold."""
    place = np.random.default_rng(1).permutation(np.arange(200_000) % kinds)
    grouped = Grouped(np.arange(kinds), place, kinds)
    assert np.array_equal(grouped.order, np.lexsort((np.arange(len(place)), place)))
    assert grouped.head.sum() == kinds
