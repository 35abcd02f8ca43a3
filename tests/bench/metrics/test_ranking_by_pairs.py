"""Ranking metrics against slow definitions: pairs, thresholds, every labelling of a few rows."""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from misusebench.metrics import Tally, labelled, restricted_auroc
from misusebench.metrics.ranking import (
    auroc,
    average_precision,
    base_rate,
    chance_band,
    partial_auroc,
    segments,
    tally_auroc,
    tally_average_precision,
    tally_lift,
)

ROWS = st.lists(
    st.tuples(st.integers(0, 3), st.booleans(), st.integers(1, 3)), min_size=2, max_size=9
).filter(lambda rows: {label for _, label, _ in rows} == {True, False})
Row = tuple[int, bool, int]


def arrays(rows: list[Row]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return scores, labels and weights of rows."""
    score, label, weight = zip(*rows, strict=True)
    return np.array(score, float), np.array(label), np.array(weight, float)


def by_pairs(rows: list[Row]) -> Fraction:
    """Return the AUROC as what it means: the share of pairs in order, equals as half."""
    won = total = Fraction(0)
    for (s, label, w), (t, other, v) in product(rows, rows):
        if label and not other:
            total += w * v
            won += w * v * (Fraction(s > t) + Fraction(s == t) / 2)
    return won / total


def by_thresholds(rows: list[Row]) -> Fraction:
    """Return the average precision over thresholds from the highest score down."""
    total = sum(w for _, label, w in rows if label)
    found, before = Fraction(0), Fraction(0)
    for cut in sorted({s for s, _, _ in rows}, reverse=True):
        true = sum(w for s, label, w in rows if label and s >= cut)
        flagged = sum(w for s, _, w in rows if s >= cut)
        recall = Fraction(true, total)
        found += (recall - before) * Fraction(true, flagged)
        before = recall
    return found


@given(ROWS)
@settings(max_examples=35, deadline=None)
def test_auroc_is_the_share_of_pairs_in_order(rows: list[Row]) -> None:
    """The area equals the weighted share of (positive, negative) pairs, equal ones as half."""
    assert auroc(*arrays(rows)) == pytest.approx(float(by_pairs(rows)))


@given(ROWS)
@settings(max_examples=35, deadline=None)
def test_average_precision_is_the_sum_over_thresholds(rows: list[Row]) -> None:
    """Recall gained at each distinct score times the precision there, summed in fractions."""
    assert average_precision(*arrays(rows)) == pytest.approx(float(by_thresholds(rows)))


@given(ROWS)
@settings(max_examples=25, deadline=None)
def test_turning_scores_round_turns_the_area_round(rows: list[Row]) -> None:
    """With all scores negated the area is 1 minus what it was."""
    score, label, weight = arrays(rows)
    assert auroc(-score, label, weight) == pytest.approx(1 - auroc(score, label, weight))


@given(ROWS)
@settings(max_examples=25, deadline=None)
def test_standardising_the_whole_area_is_no_change_of_order(rows: list[Row]) -> None:
    """Below a rate of 1 the standardised area is the area itself."""
    score, label, weight = arrays(rows)
    assert partial_auroc(score, label, weight, max_fpr=1.0) == pytest.approx(
        auroc(score, label, weight)
    )


def test_mean_average_precision_of_four_rows_over_all_labellings() -> None:
    """Two positives in four distinct scores: the six labellings have these precisions."""
    score = np.array([4.0, 3.0, 2.0, 1.0])
    found = {}
    for label in product([False, True], repeat=4):
        if sum(label) == 2:
            found["".join("+" if x else "-" for x in label)] = average_precision(
                score, np.array(label)
            )
    assert found == pytest.approx({
        "++--": 1.0, "+-+-": (1 + 2 / 3) / 2, "+--+": (1 + 2 / 4) / 2,
        "-++-": (1 / 2 + 2 / 3) / 2, "-+-+": (1 / 2 + 2 / 4) / 2, "--++": (1 / 3 + 2 / 4) / 2,
    })  # fmt: skip


# labels from the highest score down; area by counting pairs
@pytest.mark.parametrize(
    ("labels", "area"),
    [("+-", 1), ("-+", 0), ("+-+-", 3 / 4), ("-++-", 2 / 4), ("+--+", 2 / 4), ("-+-+", 1 / 4),
     ("++-", 1), ("+-+", 1 / 2), ("-+--", 2 / 3)],
)  # fmt: skip
def test_areas_by_counting(labels: str, area: float) -> None:
    """Distinct scores: the area is the share of pairs that are the right way round."""
    label = np.array([c == "+" for c in labels])
    score = -np.arange(len(label), dtype=float)
    assert auroc(score, label) == pytest.approx(area)


@pytest.mark.parametrize(
    ("negatives_above", "area"),
    [(0, 1.0), (1, 1 - 0.5 * 0.1 / 0.095 * 1.0)],
)
def test_the_area_below_a_tenth(negatives_above: int, area: float) -> None:
    """Ten negatives: one above the positive uses up all of a rate of 0.1, so nothing is left."""
    score = np.r_[[0.5], np.full(negatives_above, 1.0), np.zeros(10 - negatives_above)]
    label = np.arange(11) == 0
    assert partial_auroc(score, label, max_fpr=0.1) == pytest.approx(
        area if negatives_above == 0 else 0.5 * (1 - 0.005 / 0.095)
    )


def test_chance_has_half_whatever_the_rate() -> None:
    """One score for all is the diagonal, whose standardised area is 0.5 below any rate."""
    label = np.arange(20) < 4
    for rate in (0.001, 0.01, 0.3, 1.0):
        assert partial_auroc(np.zeros(20), label, max_fpr=rate) == pytest.approx(0.5)


def test_segments_of_a_worked_example() -> None:
    """Five rows, two clusters: what lies above, beside and at each positive score, by cluster."""
    found = segments(
        np.array([5.0, 4.0, 4.0, 2.0, 1.0]), np.array([0, 1, 0, 1, 0], bool),
        np.array([0, 0, 1, 1, 1]), 2,
    )  # fmt: skip
    assert (found.size, found.clusters) == (3, 2)
    above, shared, positive = next(found.sums(np.eye(2)))
    assert above.tolist() == [[1, 0, 0], [0, 0, 1]]
    assert shared.tolist() == [[0, 0, 0], [1, 0, 0]]
    assert positive.tolist() == [[1, 0, 0], [0, 1, 0]]


@given(ROWS, st.lists(st.integers(0, 3), min_size=9, max_size=9))
@settings(max_examples=25, deadline=None)
def test_segment_counts_add_up_to_the_rows(rows: list[Row], where: list[int]) -> None:
    """Nothing is lost: the three parts sum to negatives and positives of each cluster."""
    score, label, _ = arrays(rows)
    cluster = np.array(where[: len(rows)])
    above, shared, positive = next(segments(score, label, cluster, 4).sums(np.eye(4)))
    negatives = np.bincount(cluster[~label], minlength=4)
    assert (above.sum(1) + shared.sum(1)).tolist() == negatives.tolist()
    assert positive.sum(1).tolist() == np.bincount(cluster[label], minlength=4).tolist()


@pytest.mark.parametrize(
    ("weights", "ap", "rate"),
    [([1, 1, 1, 1], 5 / 6, 1 / 2), ([2, 1, 1, 1], (2 / 3) * 1 + (1 / 3) * (3 / 4), 3 / 5),
     ([0, 1, 1, 1], 1 / 2, 1 / 3), ([1, 0, 1, 1], 1.0, 2 / 3), ([1, 1, 0, 1], 1.0, 1 / 3)],
)  # fmt: skip
def test_a_weight_is_how_often_an_officer_is_drawn(
    weights: list[float], ap: float, rate: float
) -> None:
    """Four officers of one row each, + - + - from the top: precision and base rate of a draw."""
    tally = Tally(labelled(np.array([4.0, 3.0, 2.0, 1.0]), np.array([1, 0, 1, 0], bool)))
    drawn = np.array([weights], float)
    assert tally_average_precision(tally, drawn).tolist() == pytest.approx([ap])
    assert base_rate(tally, drawn).tolist() == pytest.approx([rate])
    assert tally_lift(tally, drawn).tolist() == pytest.approx([ap / rate])


def test_a_draw_without_misuse_is_undefined() -> None:
    """Where no misusing officer is drawn there is neither precision nor area."""
    tally = Tally(labelled(np.array([2.0, 1.0, 0.0]), np.array([1, 0, 0], bool)))
    none = np.array([[0.0, 2.0, 1.0]])
    assert math.isnan(tally_average_precision(tally, none)[0])
    assert math.isnan(tally_auroc(tally, none)[0])
    assert base_rate(tally, none).tolist() == [0.0]


def test_the_base_rate_leaves_out_slips() -> None:
    """One misuse row, one honest, two slips: the rate is a half."""
    slips = np.array([0, 0, 1, 1], bool)
    tally = Tally(labelled(np.zeros(4), np.array([1, 0, 0, 0], bool), ignore=slips))
    assert base_rate(tally, tally.ones).tolist() == [0.5]


@pytest.mark.parametrize(("mask", "area"), [([1, 1, 1], 1 / 2), ([1, 0, 1], 1.0), ([0, 1, 0], 0.0)])
def test_restricting_whose_queries_are_the_negatives(mask: list[int], area: float) -> None:
    """Misuse at 3 against honest 5 of officer 1 and honest 1 of officer 2."""
    rows = labelled(
        np.array([3.0, 5.0, 1.0]), np.array([1, 0, 0], bool), officer=np.array([0, 1, 2])
    )
    assert restricted_auroc(rows, rows.kinds[0], np.array(mask, bool)) == area


def test_restricting_to_a_kind_that_did_not_occur() -> None:
    """Without a query of that kind the area is undefined; an unknown kind is an error."""
    rows = labelled(np.array([3.0, 5.0]), np.array([1, 0], bool))
    assert math.isnan(restricted_auroc(rows, rows.kinds[1], np.ones(2, bool)))
    with pytest.raises(ValueError, match="not in tuple"):
        restricted_auroc(rows, "no_such_kind", np.ones(2, bool))


def test_the_chance_band_of_two_rows() -> None:
    """One positive in two rows is at the top (1) or at the bottom (1/2), no more, no less."""
    band = chance_band(
        np.array([2.0, 1.0]), np.array([1, 0], bool), permutations=200,
        chance=np.random.default_rng(3),
    )  # fmt: skip
    assert band == (0.5, 1.0)


def test_the_chance_band_narrows_with_its_quantile() -> None:
    """A band of the middle half lies inside the band of 98 %."""
    score, label = np.arange(30.0), np.arange(30) % 5 == 0
    wide, narrow = (
        chance_band(score, label, permutations=200, chance=np.random.default_rng(1), quantile=q)
        for q in (0.99, 0.75)
    )
    assert wide[0] <= narrow[0] < narrow[1] <= wide[1]
