"""Components on many worlds: exact tests against scipy and enumeration, and a diagram's bars."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy import stats

from misusebench.report.tiers import tier_table
from misusebench.worlds import alike, by_tier, gains, mean_ranks, pairs, practical, signed_ranks


@pytest.mark.parametrize("seed", range(20))
def test_signed_ranks_are_those_of_scipy(seed):
    """Without ties, for 6 to 25 worlds."""
    chance = np.random.default_rng(seed)
    difference = chance.normal(0.3, 1, 6 + seed)
    exact = stats.wilcoxon(difference, method="exact").pvalue
    assert signed_ranks(difference) == pytest.approx(exact, abs=1e-12)


@pytest.mark.parametrize("seed", range(10))
def test_ties_and_zeros_are_enumerated(seed):
    """All signs of the ranks that are not zero, ties with their mean rank."""
    difference = np.random.default_rng(seed).integers(-2, 3, 9) / 10
    some = difference[difference != 0]
    ranks = stats.rankdata(np.abs(some))
    above = ranks[some > 0].sum()
    sums = [np.dot(ranks, signs) for signs in itertools.product((0, 1), repeat=len(ranks))]
    high = np.mean([total >= above - 1e-9 for total in sums])
    low = np.mean([total <= above + 1e-9 for total in sums])
    assert signed_ranks(difference) == pytest.approx(min(1.0, 2 * min(high, low)), abs=1e-12)


def test_nothing_differs_from_itself():
    """Without any difference the p is 1."""
    assert signed_ranks(np.zeros(5)) == 1.0


def test_five_worlds_can_never_tell():
    """The smallest p of five is 1/16."""
    assert signed_ranks(np.arange(1.0, 6)) == 0.0625


def test_practical_chances_add_up_and_follow_the_region():
    """Differences of 0.02 are better beyond 0.01 and equal within 0.05."""
    difference = np.full(20, 0.02)
    assert practical(difference, 0.01)[2] > 0.95
    assert practical(difference, 0.05)[1] > 0.99
    below, within, above = practical(np.random.default_rng(1).normal(0, 0.02, 30), 0.01)
    assert below + within + above == pytest.approx(1)
    assert practical(-difference, 0.01)[0] == practical(difference, 0.01)[2]


def worlds():
    """Return two good components that are alike, one that is worse, one that is worst."""
    chance = np.random.default_rng(4)
    base = chance.uniform(0.3, 0.6, 24)
    return {
        "good": base + 0.2, "twin": base + 0.2 + chance.normal(0, 0.002, 24), "worse": base,
        "worst": base - 0.2,
    }  # fmt: skip


def test_pairs_are_told_apart_but_for_twins():
    """Holm's p of all pairs below 0.05 but that of the two that are alike."""
    found = {(one.first, one.second): one for one in pairs(worlds())}
    same = found["good", "twin"]
    assert same.p_holm > 0.05
    assert same.equal > 0.99
    rest = [one for name, one in found.items() if name != ("good", "twin")]
    assert len(rest) == 5
    assert all(one.p_holm < 0.001 and one.better > 0.99 for one in rest)
    assert found["good", "worse"].difference == pytest.approx(0.2)


def test_a_family_is_corrected_as_one():
    """A p of 2/64 alone is not significant among three pairs."""
    six = {"a": np.arange(6.0) + 1, "b": np.zeros(6), "c": np.zeros(6)}
    (first, *_) = pairs(six)
    assert first.p == pytest.approx(2 / 64)
    assert first.p_holm == pytest.approx(6 / 64)


def test_bars_join_what_is_alike():
    """Only the twins share a bar."""
    (bar,) = alike(worlds())
    assert sorted(bar) == ["good", "twin"]
    assert list(mean_ranks(worlds()))[2:] == ["worse", "worst"]


def test_a_world_without_a_value_is_refused():
    """What is not a number would count as worse."""
    with pytest.raises(ValueError, match="b has no value on some world"):
        pairs({"a": np.zeros(3), "b": np.array([1.0, np.nan, 2.0])})


def test_other_worlds_are_refused():
    """Lengths must agree."""
    with pytest.raises(ValueError, match="same worlds"):
        pairs({"a": np.zeros(3), "b": np.zeros(4)})


def tiers():
    """Return a detector that gains at T2 only, one that loses there, and one of a single tier."""
    base = np.random.default_rng(9).uniform(0.3, 0.6, 20)
    return {
        "knn": base, "knn-T0": base, "knn-T1": base, "knn-T2": base + 0.1, "rules-T0": base,
        "rules-T2": base - 0.1, "one-T3": base,
    }  # fmt: skip


def test_gains_are_of_each_tier_over_the_one_before():
    """Steps within a detector only, and the family is no larger than that."""
    found = {(one.first, one.second): one for one in gains(tiers())}
    assert set(found) == {("knn-T1", "knn-T0"), ("knn-T2", "knn-T1"), ("rules-T2", "rules-T0")}
    assert found["knn-T1", "knn-T0"].p_holm == 1
    assert found["knn-T2", "knn-T1"].p_holm == pytest.approx(3 * 2 / 2**20)
    assert found["rules-T2", "rules-T0"].difference == pytest.approx(-0.1)


def test_the_table_of_tiers_marks_what_is_beyond_chance():
    """A gain, a loss, a tier that is not there; the detector without tiers is left out."""
    means = {
        base: {tier: float(v.mean()) for tier, v in told.items()}
        for base, told in by_tier(tiers()).items()
    }
    lines = tier_table(means, gains(tiers()))
    assert lines[0] == "| detector | T0 | T1 | T2 | T3 |"
    (knn,) = (line for line in lines if line.startswith("| knn |"))
    (rules,) = (line for line in lines if line.startswith("| rules |"))
    assert (knn.count("↑"), knn.count("↓"), knn.count("| - |")) == (1, 0, 1)
    assert (rules.count("↑"), rules.count("↓")) == (0, 1)
    assert not any("one" in line for line in lines)


def test_bars_from_pairs_that_were_found_before_are_the_same():
    """Passing them on only saves time."""
    assert alike(worlds(), told=pairs(worlds())) == alike(worlds())
