"""The fitted posterior against one that is known exactly."""

from __future__ import annotations

import numpy as np
import pytest

from misusebench.metrics.ranking import auroc, average_precision
from misusebench.oracle.posterior import NoMisuseError, Posterior
from misusebench.oracle.siblings import World

pytest.importorskip("sklearn")

ROWS, SHARE, TREES = 5_000, 0.06, 20


def world(seed: int, *, pairs: bool = False) -> tuple[World, np.ndarray]:
    """Return a world in which log odds are x + 2·[category 3] + a constant, and those odds."""
    chance = np.random.default_rng(seed)
    positive = chance.random(ROWS) < SHARE
    x = chance.normal(size=ROWS) + positive  # log ratio x - 1/2
    weights = np.where(positive[:, None], [0.1, 0.1, 0.1, 0.7], [0.3, 0.3, 0.3, 0.1])
    category = (chance.random((ROWS, 1)) > weights.cumsum(axis=1)).sum(axis=1).clip(0, 3)
    odds = x + np.log(np.array([1 / 3, 1 / 3, 1 / 3, 7.0]))[category]
    noise = chance.normal(size=ROWS)
    rows = np.column_stack([x, category, noise]).astype(np.float32)
    pair = np.arange(ROWS) // 5 if pairs else np.arange(ROWS)
    if pairs:  # whole groups of five are misuse together
        positive = np.repeat(chance.random(ROWS // 5) < SHARE, 5)
        rows[:, 0] = chance.normal(size=ROWS) + positive
    return World(rows, {"pair": pair}, positive, np.ones(ROWS)), odds


def fit(worlds: list[World]) -> Posterior:
    """Return a posterior of few trees."""
    return Posterior(worlds, [1], trees=TREES)


def test_it_ranks_as_the_exact_posterior_does() -> None:
    fitted = fit([world(seed)[0] for seed in range(6)])
    for seed in (100, 101, 102):
        one, odds = world(seed)
        found = fitted.of(one.rows, one.keys)
        best = average_precision(odds, one.positive)
        assert 0.88 * best <= average_precision(found, one.positive) <= best * 1.05
        assert auroc(found, one.positive) == pytest.approx(auroc(odds, one.positive), abs=0.01)


def guilty(seed: int, share: float, shares: float) -> World:
    """Return a world of officers with twenty rows, a share of whom misuse in a third of theirs.

    What they type says little of a row; that many rows of one officer look odd says much.
    """
    chance = np.random.default_rng(seed)
    officer = np.repeat(np.arange(ROWS // 20), 20)
    bad = chance.random(ROWS // 20) < share
    positive = bad[officer] & (chance.random(ROWS) < 1 / 3)
    rows = np.column_stack([chance.normal(size=ROWS) + 1.5 * positive, np.zeros(ROWS)])
    weight = np.where(bad, shares, 1.0)[officer]
    return World(rows.astype(np.float32), {"officer": officer}, positive, weight)


def test_commoner_misuse_gives_the_posterior_of_the_scenarios_own_rate() -> None:
    """With honest rows of guilty officers at full weight what officers add up to is worth less."""
    native = [guilty(seed, 0.04, 1.0) for seed in range(200, 206)]
    found = {}
    for name, weighted in (("by officer", True), ("positives only", False)):
        worlds = [guilty(seed, 0.4, 0.1) for seed in range(6)]
        if not weighted:
            worlds = [
                World(w.rows, w.keys, w.positive, np.where(w.positive, 0.1, 1.0)) for w in worlds
            ]
        fitted = fit(worlds)
        found[name] = np.mean([
            average_precision(fitted.of(w.rows, w.keys), w.positive) for w in native
        ])  # fmt: skip
    assert found["by officer"] > found["positives only"]


def test_halves_do_better_on_their_own_worlds() -> None:
    fitted = fit([world(seed)[0] for seed in range(6)])
    exact = np.mean([average_precision(o, w.positive) for w, o in map(world, range(6))])
    assert fitted.fit.held_out < fitted.fit.own
    assert fitted.fit.held_out < exact


def test_what_comes_later_changes_nothing() -> None:
    """Sums run over earlier rows only: the first rows of a world are rated as they were alone."""
    fitted = fit([world(seed, pairs=True)[0] for seed in range(4)])
    one, _ = world(50, pairs=True)
    whole = fitted.of(one.rows, one.keys)
    half = fitted.of(one.rows[:2_000], {name: key[:2_000] for name, key in one.keys.items()})
    np.testing.assert_array_equal(whole[:2_000], half)


def test_campaigns_add_up() -> None:
    """Five rows of a pair say more than the last alone."""
    fitted = fit([world(seed, pairs=True)[0] for seed in range(6)])
    one, _ = world(50, pairs=True)
    found = fitted.of(one.rows, one.keys)
    last = np.arange(4, ROWS, 5)
    alone = average_precision(one.rows[last, 0].astype(float), one.positive[last])
    assert average_precision(found[last], one.positive[last]) > 1.5 * alone


def test_rows_of_weight_zero_are_not_learnt_from() -> None:
    """A slip is neither misuse nor honest work: many at x = 6 do not make x = 6 look honest."""
    found = []
    for weight in (0.0, 1.0):
        worlds = []
        for seed in range(4):
            one, _ = world(seed)
            slip = ~one.positive & (np.arange(ROWS) % 10 == 0)
            rows = one.rows.copy()
            rows[slip, 0] = 6.0
            worlds.append(World(rows, one.keys, one.positive, np.where(slip, weight, 1.0)))
        fitted = fit(worlds)
        asked = np.array([[6.0, 0.0, 0.0], [2.5, 0.0, 0.0]], np.float32)
        high, low = fitted.of(asked, {"pair": np.arange(2)})
        found.append(high - low)
    assert found[0] > -0.5 > found[1]


def test_too_few_worlds_are_refused() -> None:
    one, _ = world(0)
    with pytest.raises(ValueError, match="two worlds or more, got 1"):
        Posterior([one], [1])
    blank = World(one.rows, one.keys, np.zeros(ROWS, bool), np.ones(ROWS))
    with pytest.raises(NoMisuseError, match="no misuse in half"):
        Posterior([one, blank], [1])
