"""Rankings against each other: pooled average precision, Kendall's tau, flips beyond chance."""

from __future__ import annotations

import doctest
import math

import numpy as np
import pytest
from scipy import stats

from misusebench import rankings
from misusebench.metrics import labelled
from misusebench.rankings import Pooled, flips, from_the_top, kendall, pooled
from misusebench.report.sweeps import write_sweep


def test_worked_examples():
    """The examples in the docstrings hold."""
    assert doctest.testmod(rankings).failed == 0


@pytest.mark.parametrize("seed", range(10))
def test_tau_is_that_of_scipy(seed):
    """With ties."""
    chance = np.random.default_rng(seed)
    one, other = (dict(enumerate(chance.integers(0, 6, 9).tolist())) for _ in "ab")
    wanted = stats.kendalltau(list(one.values()), list(other.values())).statistic
    assert kendall(one, other) == pytest.approx(wanted)


def test_tau_of_nothing_but_ties():
    """There is no order to agree with."""
    assert math.isnan(kendall({"a": 1, "b": 1}, {"a": 1, "b": 2}))


def test_places_are_scipys_ranks():
    """From the top, ties share the mean, as a share of the rows."""
    score = np.random.default_rng(1).integers(0, 9, 50) / 3
    assert from_the_top(score) == pytest.approx(stats.rankdata(-score) / 50)


def frames(scale: float = 1.0, seeds=(1, 2)):
    """Return worlds in which the score tells misuse a little; `scale` stretches some of them."""
    found = []
    for seed in seeds:
        chance = np.random.default_rng(seed)
        positive = chance.random(3_000) < 0.02
        score = chance.normal(positive * 1.5, 1.0) * (scale if seed % 2 else 1.0)
        found.append(labelled(score, positive, officer=chance.integers(0, 60, 3_000)))
    return found


def test_a_worlds_own_scale_does_not_matter():
    """Rows are pooled by their places within their world."""
    assert pooled(frames(), 20).value == pooled(frames(100.0), 20).value


def test_one_world_is_its_own_average_precision():
    """And the draws spread about it as those of the exact scores do."""
    from misusebench.metrics import Tally  # noqa: PLC0415
    from misusebench.metrics.ranking import tally_average_precision  # noqa: PLC0415

    (world,) = frames(seeds=(1,))
    tally = Tally(world, draws=300, seed=0)
    found = pooled([world], 300)
    assert found.value == pytest.approx(tally_average_precision(tally, tally.ones)[0])
    exact = tally_average_precision(tally, tally.weights)
    assert found.drawn.std() == pytest.approx(exact.std(), rel=0.1)
    assert np.corrcoef(found.drawn, exact)[0, 1] > 0.98
    assert found.officers == world.misusing_officers


def ranking(**values: float) -> dict[str, Pooled]:
    """Return components with an uncertainty of 0.01 each, paired draws independent."""
    chance = np.random.default_rng(3)
    return {n: Pooled(v, v + chance.normal(0, 0.01, 500), 50) for n, v in values.items()}


def test_a_flip_needs_both_sides():
    """Turned round on both sides beyond chance; within chance on one side is none."""
    before = ranking(a=0.5, b=0.3, c=0.1)
    assert [(f.ahead, f.behind) for f in flips(before, ranking(a=0.3, b=0.5, c=0.1))] == [
        ("a", "b")
    ]
    assert flips(before, ranking(a=0.5, b=0.501, c=0.1)) == []
    assert flips(before, before) == []


def test_flips_of_equal_components_are_none():
    """Without any spread a difference of nothing has p 1."""
    still = {name: Pooled(0.2, np.full(50, 0.2), 9) for name in "ab"}
    assert flips(still, still) == []


def test_the_picture_has_equal_bytes(tmp_path):
    """No date, no version in it."""
    curves = {"random": [1e-4, 1e-3], "rules": [3e-4, 2e-3]}
    ranks = {"random": [2.0, 2.0], "rules": [1.0, 1.0]}
    files = [tmp_path / f"{name}.png" for name in "ab"]
    for file in files:
        write_sweep(file, [1e-4, 1e-3], curves, ranks, ("random",))
    assert files[0].read_bytes() == files[1].read_bytes()
    assert b"Matplotlib v" not in files[0].read_bytes()
