"""The officer-cluster bootstrap: clusters, weights, coverage, paired differences, Holm."""

from __future__ import annotations

import doctest

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from misusebench import interval, metrics
from misusebench.metrics import Tally, labelled
from misusebench.metrics.ranking import tally_average_precision


def test_worked_examples() -> None:
    """The examples in the docstrings hold."""
    assert doctest.testmod(interval).failed == 0


def test_officers_of_a_campaign_move_together() -> None:
    """Campaigns that share an officer join; others stay alone."""
    found = interval.clusters(7, [[5, 2], [2, 1], [6, 3]])
    assert found.tolist() == [0, 1, 1, 2, 3, 1, 2]


def test_a_campaign_of_one_joins_nobody() -> None:
    """Campaigns of single officers leave every officer a cluster."""
    assert interval.clusters(3, [[0], [2], []]).tolist() == [0, 1, 2]


def test_weights_are_counts_of_draws() -> None:
    """Each draw picks as many clusters as there are; about 37 % are left out."""
    drawn = interval.weights(200, 500, seed=3)
    assert drawn.shape == (500, 200)
    assert (drawn.sum(axis=1) == 200).all()
    assert (drawn == 0).mean() == pytest.approx(np.exp(-1), abs=0.01)


def test_weights_are_seeded_and_extend() -> None:
    """One seed gives the same draws, and more draws begin with fewer."""
    assert np.array_equal(interval.weights(50, 20, 1), interval.weights(50, 40, 1)[:20])
    assert not np.array_equal(interval.weights(50, 20, 1), interval.weights(50, 20, 2))


def test_nobody_to_draw() -> None:
    """Without officers there are draws of nothing."""
    assert interval.weights(0, 3).shape == (3, 0)


def test_percentile_leaves_out_undefined_draws() -> None:
    """NaN draws do not count; mostly NaN gives no interval."""
    drawn = np.concatenate([np.linspace(0, 1, 101), np.full(50, np.nan)])
    assert interval.percentile(drawn) == pytest.approx((0.025, 0.975))
    assert interval.percentile(np.array([0.5, np.nan, np.nan])) is None
    assert interval.percentile(np.array([])) is None


def test_percentile_keeps_an_open_end() -> None:
    """A quantile that is never reached in many draws has no upper end."""
    low, high = interval.percentile(np.r_[np.arange(90.0), np.full(10, np.inf)]) or (0, 0)
    assert (low, high) == (2.0, np.inf)


def test_paired_difference_and_its_p() -> None:
    """Of 999 draws 9 are not above 0: p = 2 · 10 / 1000."""
    head = np.r_[np.full(990, 0.3), np.full(9, 0.1)]
    found = interval.paired(0.3, 0.2, head, np.full(999, 0.2))
    assert found is not None
    assert found.value == pytest.approx(0.1)
    assert found.p == pytest.approx(0.02)


def test_no_difference_has_p_one() -> None:
    """Equal draws are as far from significant as can be."""
    same = np.linspace(0, 1, 100)
    assert interval.paired(0.5, 0.5, same, same) == (0.0, 0.0, 0.0, 1.0)


def test_undefined_differences_are_none() -> None:
    """No value, no difference; infinite values have none either."""
    drawn = np.zeros(10)
    assert interval.paired(np.nan, 0.1, drawn, drawn) is None
    assert interval.paired(np.inf, 0.1, np.full(10, np.inf), drawn) is None
    assert interval.paired(0.1, 0.1, np.full(10, np.nan), drawn) is None


def test_holm_example() -> None:
    """.01 .04 .03 become .03 .06 .06, in the order given."""
    assert interval.holm({"a": 0.01, "b": 0.04, "c": 0.03}) == {"a": 0.03, "b": 0.06, "c": 0.06}
    assert interval.holm({}) == {}


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
@settings(deadline=None, max_examples=50)
def test_holm_lies_between_raw_and_bonferroni(p: list[float]) -> None:
    """Corrected values are no smaller than raw ones, no larger than Bonferroni's, in order."""
    raw = {str(i): value for i, value in enumerate(p)}
    found = interval.holm(raw)
    for name, value in raw.items():
        assert value <= found[name] <= min(1.0, value * len(p)) + 1e-15 or found[name] <= 1.0
    by_raw = sorted(raw, key=raw.__getitem__)
    assert [found[n] for n in by_raw] == sorted(found.values())


def world(seed: int) -> tuple[Tally, float]:
    """Return 300 officers of ten queries with officer effects, and the interval's true value."""
    chance = np.random.default_rng(seed)
    effect = chance.normal(size=300)
    officer = np.repeat(np.arange(300), 10)
    bad = np.arange(300) < 100
    positive = bad[officer] & (chance.random(3_000) < 0.5)
    score = effect[officer] + chance.normal(size=3_000) + 1.5 * positive
    return Tally(labelled(score, positive, officer=officer), draws=200, seed=seed), 0.0


@pytest.mark.slow
def test_coverage_of_officers_and_not_of_queries() -> None:
    """Over 60 worlds officer draws cover the mean value about as promised, query draws do not."""
    ends, rows, values = [], [], []
    for seed in range(60):
        tally, _ = world(seed)
        values.append(float(tally_average_precision(tally, tally.ones)[0]))
        ends.append(interval.percentile(tally_average_precision(tally, tally.weights)))
        single = Tally(labelled(tally.scored.score, tally.scored.positive), draws=60, seed=seed)
        rows.append(interval.percentile(tally_average_precision(single, single.weights)))
    truth = float(np.mean(values))
    covered = np.mean([low <= truth <= high for low, high in filter(None, ends)])
    by_rows = np.mean([low <= truth <= high for low, high in filter(None, rows)])
    assert covered >= 0.85
    assert by_rows < covered - 0.1


@pytest.mark.parametrize("rows", [1, 7, 50, 1_000])
def test_blocks_are_the_weights_in_parts(rows):
    """However many at a time, the same draws in the same order."""
    whole = interval.weights(9, 50, 3)
    assert np.array_equal(np.concatenate(list(interval.blocks(9, 50, 3, rows))), whole)
    assert np.array_equal(interval.weights(9, 20, 3), whole[:20])


def test_a_bootstrap_in_blocks_is_that_in_one(monkeypatch):
    """Metrics see each block as if it were all."""
    found = {}
    for cells in (8_000_000, 60):
        monkeypatch.setattr(interval, "_CELLS", cells)
        chance = np.random.default_rng(5)
        rows = labelled(
            chance.random(300), chance.random(300) < 0.1, officer=chance.integers(0, 20, 300)
        )
        found[cells] = metrics.bootstrap(Tally(rows, draws=40))
    for name, drawn in found[60].items():
        np.testing.assert_allclose(drawn, found[8_000_000][name], rtol=1e-12, err_msg=name)
