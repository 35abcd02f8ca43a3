"""The formulas of statistics, by hand."""

from __future__ import annotations

import doctest

import numpy as np
import pytest

from misusesim.realism import measures
from misusesim.realism.measures import chance_of_so_many, distance, entropy, exponent, runs


def test_the_examples_hold():
    """What the docstrings say is so."""
    assert doctest.testmod(measures) == (0, 6)


@pytest.mark.parametrize(
    ("counts", "reference", "found"),
    [([1, 1], [1, 1], 0.0), ([1, 0], [0, 1], 1.0), ([3, 1], [1, 3], 0.4344)],
)
def test_distance(counts, reference, found):
    """Equal is 0, nothing in common 1; counts and shares mean the same."""
    assert distance(np.array(counts), reference) == pytest.approx(found, abs=1e-4)


def test_exponent_of_the_published_repeats():
    """Once 59 %, twice 19 %, three times 7 %, p95 8, p99 23: the published 1.83."""
    share = {1: 590, 2: 190, 3: 70, 4: 42, 5: 27, 6: 15, 7: 11, 8: 9, 10: 12, 15: 12, 22: 12, 60: 8}
    sizes = np.repeat(list(share), list(share.values()))
    assert exponent(sizes) == pytest.approx(1.83, abs=0.02)


def test_entropy():
    """Half, a quarter, a quarter: one and a half bits."""
    assert entropy(np.array([2, 1, 1])) == 1.5


def test_runs_of_nothing():
    """No rows, no runs."""
    assert list(runs(np.array([], np.int64))) == []


@pytest.mark.parametrize(
    ("count", "mean", "chance"), [(0, 3.0, 1.0), (1, 1.0, 0.6321), (3, 1.0, 0.0803)]
)
def test_chance_of_so_many(count, mean, chance):
    """Tails of the Poisson distribution as tables have them."""
    assert chance_of_so_many(count, mean) == pytest.approx(chance, abs=1e-4)
