"""Clusters, draws, percentiles, paired p-values and Holm against slow definitions and tables."""

from __future__ import annotations

import math
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from misusebench.interval import DRAWS, clusters, holm, paired, percentile, weights

GROUPS = st.lists(st.lists(st.integers(0, 6), min_size=1, max_size=4), max_size=5)


@pytest.mark.parametrize(
    ("officers", "together", "found"),
    [(0, [], []), (1, [], [0]), (3, [], [0, 1, 2]), (3, [[0, 2]], [0, 1, 0]),
     (4, [[0, 1], [2, 3]], [0, 0, 1, 1]), (4, [[0, 1], [2, 3], [1, 2]], [0, 0, 0, 0]),
     (4, [[3, 1]], [0, 1, 2, 1]), (3, [[1], [1, 1]], [0, 1, 2]), (5, [[4, 3, 2]], [0, 1, 2, 2, 2]),
     (4, [[]], [0, 1, 2, 3])],
)  # fmt: skip
def test_clusters_worked(officers: int, together: list[list[int]], found: list[int]) -> None:
    """Officers of one group share a number; numbers go by the first officer."""
    assert clusters(officers, together).tolist() == found


@given(GROUPS)
@settings(max_examples=20, deadline=None)
def test_clusters_are_the_connected_parts(together: list[list[int]]) -> None:
    """Two officers share a cluster just if a chain of groups joins them."""
    joined = np.eye(7, dtype=bool)
    for group in together:
        for one, other in product(group, group):
            joined[one, other] = True
    for _ in range(3):
        joined = (joined.astype(int) @ joined.astype(int)) > 0
    found = clusters(7, together)
    assert (found[:, None] == found[None, :]).tolist() == joined.tolist()


@given(GROUPS, st.randoms(use_true_random=False))
@settings(max_examples=20, deadline=None)
def test_clusters_do_not_depend_on_the_order_of_groups(
    together: list[list[int]], chance: object
) -> None:
    """Campaigns in another order, and officers in another order within, make the same clusters."""
    other = [chance.sample(group, len(group)) for group in together]  # type: ignore[attr-defined]
    chance.shuffle(other)  # type: ignore[attr-defined]
    assert clusters(7, other).tolist() == clusters(7, together).tolist()


@given(st.integers(1, 30), st.integers(1, 20), st.integers(0, 5))
@settings(max_examples=20, deadline=None)
def test_a_draw_has_as_many_as_there_are(count: int, draws: int, seed: int) -> None:
    """Weights are whole, not negative, and each row sums to the number of clusters."""
    drawn = weights(count, draws, seed)
    assert drawn.shape == (draws, count)
    assert (drawn == np.floor(drawn)).all()
    assert (drawn >= 0).all()
    assert drawn.sum(1).tolist() == [count] * draws


def test_drawn_weights_have_the_moments_of_a_multinomial() -> None:
    """Mean 1 and variance 1 - 1/n, to what 1,000 draws of 20 clusters can tell."""
    drawn = weights(20)
    assert len(drawn) == DRAWS
    assert drawn.mean() == 1.0
    assert drawn.var() == pytest.approx(1 - 1 / 20, abs=0.03)
    assert np.abs(drawn.mean(0) - 1).max() < 0.12


def test_one_cluster_is_always_drawn_once() -> None:
    """With nobody else to draw every weight is 1, so the interval has no width."""
    assert weights(1, 5).tolist() == [[1.0]] * 5


@pytest.mark.parametrize(
    ("drawn", "level", "ends"),
    [([1, 2, 3, 4, 5], 0.5, (2, 4)), ([5, 4, 3, 2, 1], 0.5, (2, 4)), ([7], 0.95, (7, 7)),
     ([1, 2], 0.5, (1.25, 1.75)), ([1, 2, math.nan], 0.5, (1.25, 1.75)),
     ([1, math.nan], 0.95, (1, 1)),
     ([1, math.nan, math.nan], 0.95, None), ([math.nan], 0.95, None), ([], 0.95, None),
     ([1, 2, 3, math.inf], 0.5, (1, 3)), ([1, math.inf, math.inf, math.inf], 0.5, (1, math.inf)),
     ([math.inf, math.inf], 0.95, (math.inf, math.inf)), ([0, 10], 0.0, (5, 5)),
     ([-math.inf, 1, 2, 3], 0.5, (-math.inf, 2))],
)  # fmt: skip
def test_percentiles_worked(
    drawn: list[float], level: float, ends: tuple[float, float] | None
) -> None:
    """It interpolates, but not beside infinite draws; half of the draws may be undefined."""
    found = percentile(np.array(drawn, float), level)
    assert found == (None if ends is None else pytest.approx(ends))


@given(st.lists(st.floats(-5, 5), min_size=2, max_size=30), st.floats(0.1, 0.9))
@settings(max_examples=20, deadline=None)
def test_a_wider_level_holds_the_narrower(drawn: list[float], level: float) -> None:
    """Ends are ordered, lie within the draws and move outwards with the level."""
    low, high = percentile(np.array(drawn), level) or (1, 0)
    wide = percentile(np.array(drawn), level + 0.05) or (1, 0)
    assert min(drawn) - 1e-9 <= wide[0] <= low + 1e-9
    assert low - 1e-9 <= high <= wide[1] + 1e-9 <= max(drawn) + 2e-9


@pytest.mark.parametrize(
    ("differences", "p"),
    [([1] * 19, 2 / 20), ([-1] * 19, 2 / 20), ([1] * 18 + [-1], 4 / 20), ([0] * 19, 1.0),
     ([1] * 9 + [-1] * 10, 1.0), ([1] * 17 + [0] * 2, 6 / 20), ([1], 1.0),
     ([1] * 39, 2 / 40), ([1] * 19 + [math.nan] * 5, 2 / 20)],
)  # fmt: skip
def test_p_values_worked(differences: list[float], p: float) -> None:
    """2 (1 + the smaller tail) / (draws + 1), zeros in both tails, undefined draws in none."""
    d = np.array(differences, float)
    found = paired(0.5, 0.4, d + 3, np.full(len(d), 3.0))
    assert found is not None
    assert found.p == pytest.approx(p)
    assert found.value == pytest.approx(0.1)


@given(st.lists(st.tuples(st.integers(-3, 3), st.integers(-3, 3)), min_size=1, max_size=20))
@settings(max_examples=20, deadline=None)
def test_turning_a_pair_round_turns_the_sign(rows: list[tuple[int, int]]) -> None:
    """Base against head has the same p and the negated interval."""
    head, base = (np.array(column, float) for column in zip(*rows, strict=True))
    one, other = paired(2.0, 1.0, head, base), paired(1.0, 2.0, base, head)
    assert one is not None
    assert other is not None
    assert other.p == one.p
    assert (other.value, other.low, other.high) == pytest.approx((-one.value, -one.high, -one.low))


@pytest.mark.parametrize(
    ("head", "base"), [(math.nan, 1.0), (1.0, math.nan), (math.inf, 1.0), (1.0, math.inf)]
)
def test_no_difference_to_what_is_no_number(head: float, base: float) -> None:
    """An undefined or infinite value on the whole data has no paired difference."""
    assert paired(head, base, np.ones(50), np.zeros(50)) is None


def test_draws_that_are_both_infinite_have_no_difference() -> None:
    """Infinity minus infinity is undefined; where that is most draws there is no interval."""
    never = np.full(10, math.inf)
    assert paired(1.0, 2.0, never, never) is None


@pytest.mark.parametrize(
    ("p", "corrected"),
    [([], []), ([0.2], [0.2]), ([0.01, 0.01], [0.02, 0.02]), ([0.5, 0.01], [0.5, 0.02]),
     ([0.01, 0.02, 0.03, 0.04], [0.04, 0.06, 0.06, 0.06]), ([0.6, 0.7], [1.0, 1.0]),
     ([0.001, 0.9, 0.02], [0.003, 0.9, 0.04]), ([1.0, 0.0], [1.0, 0.0])],
)  # fmt: skip
def test_holm_worked(p: list[float], corrected: list[float]) -> None:
    """The smallest times n, the next times n - 1, never falling, at most 1; order is kept."""
    names = [f"n{i}" for i in range(len(p))]
    found = holm(dict(zip(names, p, strict=True)))
    assert list(found) == names
    assert list(found.values()) == pytest.approx(corrected)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=6), st.floats(0.01, 0.3))
@settings(max_examples=20, deadline=None)
def test_holm_rejects_what_stepping_down_rejects(p: list[float], level: float) -> None:
    """A corrected p at or below the level is the same as Holm's procedure at that level."""
    found = holm({str(i): one for i, one in enumerate(p)})
    rejected: set[str] = set()
    for place, i in enumerate(sorted(range(len(p)), key=p.__getitem__)):
        if p[i] * (len(p) - place) > level:
            break
        rejected.add(str(i))
    assert {name for name, one in found.items() if one <= level} == rejected
