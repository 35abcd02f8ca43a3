"""Ranking metrics against scikit-learn, worked examples, and what must not change them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.metrics import average_precision_score, roc_auc_score

from misusebench.metrics import Tally, labelled, ranking

TABLE = np.array([0.9, 0.8, 0.8, 0.8, 0.5, 0.1])
LABELS = np.array([1, 1, 1, 0, 0, 0], bool)


@st.composite
def tied(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    """Scores of few levels with at least one positive and one negative."""
    n = draw(st.integers(2, 40))
    score = draw(arrays(np.int64, n, elements=st.integers(0, 6))).astype(float)
    positive = draw(arrays(np.bool_, n))
    positive[draw(st.integers(0, n - 1))] = True
    negative = draw(st.integers(0, n - 1).filter(lambda i: not positive[i] or positive.sum() > 1))
    positive[negative] = False
    return score, positive


@pytest.mark.slow
@given(tied())
@settings(max_examples=80, deadline=None)
def test_average_precision_equals_scikit_learn(case: tuple[np.ndarray, np.ndarray]) -> None:
    """Step-wise average precision is scikit-learn's, ties included."""
    score, positive = case
    expected = average_precision_score(positive, score)
    assert ranking.average_precision(score, positive) == pytest.approx(expected, abs=1e-12)


@pytest.mark.slow
@given(tied())
@settings(max_examples=80, deadline=None)
def test_auroc_equals_scikit_learn(case: tuple[np.ndarray, np.ndarray]) -> None:
    """The area under the ROC curve is scikit-learn's, ties included."""
    score, positive = case
    assert ranking.auroc(score, positive) == pytest.approx(
        roc_auc_score(positive, score), abs=1e-12
    )


@pytest.mark.slow
@given(tied(), st.sampled_from([1e-3, 0.05, 0.3, 0.9]))
@settings(max_examples=80, deadline=None)
def test_partial_auroc_equals_scikit_learn(
    case: tuple[np.ndarray, np.ndarray], max_fpr: float
) -> None:
    """The standardised partial area is scikit-learn's with the same largest rate."""
    score, positive = case
    expected = roc_auc_score(positive, score, max_fpr=max_fpr)
    assert ranking.partial_auroc(score, positive, max_fpr=max_fpr) == pytest.approx(
        expected, abs=1e-12
    )


@given(tied(), st.randoms(use_true_random=False))
@settings(max_examples=40, deadline=None)
def test_weights_equal_repetition(case: tuple[np.ndarray, np.ndarray], chance: object) -> None:
    """A row of weight 3 counts as three equal rows."""
    score, positive = case
    weight = np.array([chance.randint(1, 3) for _ in score])  # type: ignore[attr-defined]
    again = np.repeat(np.arange(len(score)), weight)
    for fn in (ranking.average_precision, ranking.auroc, ranking.partial_auroc):
        whole = fn(score[again], positive[again])
        assert fn(score, positive, weight.astype(float)) == pytest.approx(whole, abs=1e-12)


@given(tied(), st.randoms(use_true_random=False))
@settings(max_examples=40, deadline=None)
def test_order_and_scale_do_not_matter(case: tuple[np.ndarray, np.ndarray], chance: object) -> None:
    """Neither row order nor a strictly rising map of the scores changes a ranking metric."""
    score, positive = case
    order = list(range(len(score)))
    chance.shuffle(order)  # type: ignore[attr-defined]
    for fn in (ranking.average_precision, ranking.auroc, ranking.partial_auroc):
        value = fn(score, positive)
        assert fn(score[order], positive[order]) == pytest.approx(value, abs=1e-15)
        assert fn(np.arctan(score) - 7, positive) == pytest.approx(value, abs=1e-15)


def test_worked_example_of_ties() -> None:
    """Scores .9 .8 .8 .8 .5 .1 with two of three tied positive give 0.8333."""
    assert ranking.average_precision(TABLE, LABELS) == pytest.approx(5 / 6, abs=1e-15)


def test_constant_score_is_the_base_rate() -> None:
    """A constant score has the base rate as average precision and one half as AUROC."""
    score, positive = np.zeros(8), np.arange(8) < 2
    assert ranking.average_precision(score, positive) == 0.25
    assert ranking.auroc(score, positive) == 0.5
    assert ranking.partial_auroc(score, positive) == pytest.approx(0.5, abs=1e-15)


def test_perfect_and_reversed_scores() -> None:
    """Perfect scores reach 1; reversed ones have an AUROC of 0."""
    assert ranking.average_precision(LABELS.astype(float), LABELS) == 1.0
    assert ranking.partial_auroc(LABELS.astype(float), LABELS) == 1.0
    assert ranking.auroc(-LABELS.astype(float), LABELS) == 0.0


@pytest.mark.parametrize("fn", [ranking.average_precision, ranking.auroc, ranking.partial_auroc])
def test_no_positive_is_undefined(fn: object) -> None:
    """Without a positive there is no number, not a zero."""
    assert np.isnan(fn(TABLE, np.zeros(6, bool)))  # type: ignore[operator]


def test_no_negative_is_undefined_for_auroc() -> None:
    """Without a negative there is no rate of false positives."""
    assert np.isnan(ranking.auroc(TABLE, np.ones(6, bool)))


def test_sampled_negatives_need_their_weight() -> None:
    """One in ten negatives kept: 0.8333 unweighted is wrong, weighted by 10 it is 0.5833."""
    score = np.array([0.9, 0.7, 0.5, 0.2, 0.2, 0.2])
    positive = np.array([1, 0, 1, 0, 0, 0], bool)
    assert ranking.average_precision(score, positive) == pytest.approx(0.8333, abs=1e-4)
    weight = np.where(positive, 1.0, 10.0)
    assert ranking.average_precision(score, positive, weight) == pytest.approx(0.5833, abs=1e-4)


def bootstrap_world(rows: int = 400) -> tuple[Tally, np.ndarray]:
    """Twelve officers, half of the rows tied, and five draws of the officers."""
    chance = np.random.default_rng(3)
    score = np.round(chance.normal(size=rows), 1)
    positive = chance.random(rows) < 0.1
    tally = Tally(labelled(score, positive, officer=chance.integers(0, 12, rows)), draws=5)
    return tally, tally.weights


@pytest.mark.parametrize(
    ("fast", "oracle"),
    [
        (ranking.tally_average_precision, average_precision_score),
        (ranking.tally_auroc, roc_auc_score),
    ],
)
def test_draws_equal_weighted_scikit_learn(fast: object, oracle: object) -> None:
    """Every draw of the segment matrices is scikit-learn's value with officers as weights."""
    tally, weights = bootstrap_world()
    scored = tally.scored
    expected = [
        oracle(scored.positive, scored.score, sample_weight=w[scored.officer])  # type: ignore[operator]
        for w in weights
    ]
    assert fast(tally, weights) == pytest.approx(expected, abs=1e-12)  # type: ignore[operator]


def test_draws_without_matrix_are_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the matrix would be too large, sums draw by draw give the same values."""
    tally, weights = bootstrap_world()
    with_matrix = ranking.tally_average_precision(tally, weights)
    monkeypatch.setattr(ranking, "_CELLS", 0)
    monkeypatch.setattr(ranking, "_BLOCK", 1)
    assert ranking.tally_average_precision(tally, weights) == pytest.approx(with_matrix, abs=1e-14)


def test_slips_are_left_out() -> None:
    """Rows to be ignored change nothing, however high they score."""
    slip = np.array([0, 0, 0, 0, 0, 0, 1], bool)
    whole = Tally(labelled(np.append(TABLE, 9.0), np.append(LABELS, False), ignore=slip))
    assert ranking.tally_average_precision(whole, whole.ones)[0] == pytest.approx(5 / 6)


def test_lift_is_precision_over_base_rate() -> None:
    """0.8333 at a base rate of one half is a lift of 1.667."""
    tally = Tally(labelled(TABLE, LABELS))
    assert ranking.tally_lift(tally, tally.ones)[0] == pytest.approx(5 / 3)


def test_restricted_auroc_looks_only_where_told() -> None:
    """Only the kind's misuse and the chosen officers' honest queries are compared."""
    rows = labelled(
        np.array([0.6, 0.9, 0.7, 0.2, 1.0]), np.array([1, 1, 0, 0, 0], bool),
        kind=np.array([0, 1, -1, -1, -1]), officer=np.array([0, 0, 1, 1, 2]),
    )  # fmt: skip
    desk = np.array([False, True, False])
    assert ranking.restricted_auroc(rows, "permit_checks", desk) == 0.5
    assert ranking.restricted_auroc(rows, "romantic_interest", desk) == 1.0
    assert np.isnan(ranking.restricted_auroc(rows, "retaliation", desk))


@pytest.mark.parametrize("levels", [0, 3, 1_000_000])
def test_chance_lies_in_the_permutation_band(levels: int) -> None:
    """Random and constant scores are at chance: inside the band of dealt labels."""
    chance = np.random.default_rng(5)
    score = np.floor(chance.random(5_000) * levels)
    positive = chance.random(5_000) < 0.01
    low, high = ranking.chance_band(
        score, positive, permutations=200, chance=np.random.default_rng(6), quantile=0.999
    )
    assert low - 1e-12 <= ranking.average_precision(score, positive) <= high + 1e-12
