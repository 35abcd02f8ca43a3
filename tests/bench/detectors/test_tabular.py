"""Detectors on the shared features: each against another implementation, or by hand."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.neighbors import NearestNeighbors
from tests.bench.dataset import small_world

from misusebench.detectors.ecod import Ecod
from misusebench.detectors.half_space_trees import HalfSpaceTrees
from misusebench.detectors.hbos import Hbos
from misusebench.detectors.knn import Knn
from misusebench.detectors.loda import Loda, LodaStream
from misusebench.detectors.tabular import Scale, some_rows

ALL = (Ecod, HalfSpaceTrees, Hbos, Knn, Loda, LodaStream)


def drawn(rows=400, columns=5, seed=1):
    """Return rows around the origin."""
    return np.random.default_rng(seed).normal(size=(rows, columns))


@pytest.mark.parametrize("detector", ALL)
def test_a_far_row_scores_above_usual_ones(detector):
    """Ten standard deviations off in every feature is stranger than 95 of 100 usual rows."""
    made = detector()
    made.learn(drawn())
    usual, far = made.rate(drawn(200, seed=2)), made.rate(np.full((1, 5), 10.0))
    assert far[0] >= np.quantile(usual, 0.95)


@pytest.mark.parametrize("detector", ALL)
def test_rows_are_rated_one_by_one_or_together(detector):
    """The same rows in pieces have the same scores."""
    value, whole, apart = drawn(100, seed=3), detector(), detector()
    whole.learn(drawn())
    apart.learn(drawn())
    pieces = [apart.rate(part) for part in np.array_split(value, 7)]
    assert np.array_equal(np.concatenate(pieces), whole.rate(value))


@pytest.mark.parametrize("detector", ALL)
def test_features_that_never_vary_do_no_harm(detector):
    """A constant feature, and one that is new later, give finite scores."""
    value, later = drawn(), drawn(50, seed=4)
    value[:, 2], later[:, 2] = 7.0, 7.0
    made = detector()
    made.learn(value)
    later[0, 2] = 9.0
    assert np.isfinite(made.rate(later)).all()


def test_tails_of_ecod_by_hand():
    """Of 1, 2, 3, 10 a row of 10 has left tail 5/6 and right 2/6; the skew says right."""
    made = Ecod()
    made.learn(np.array([[1.0], [2.0], [3.0], [10.0]]))
    found = made.rate(np.array([[10.0], [0.0], [2.0]]))
    assert found == pytest.approx(-np.log([2 / 6, 1 / 6, 3 / 6]))


def test_ecod_takes_the_side_of_the_long_tail():
    """Two features with tails on different sides add up only in the third sum."""
    history = np.column_stack([[1.0, 2, 3, 10], [9.0, 8, 7, 0]])
    made = Ecod()
    made.learn(history)
    assert made.rate(np.array([[10.0, 0.0]]))[0] == pytest.approx(-2 * np.log(2 / 6))


def test_knn_is_the_distance_to_the_last_neighbour():
    """As scikit-learn's brute force on the standardised rows."""
    history, value = drawn(), drawn(60, seed=5)
    made = Knn(neighbours=4, sample=10_000)
    made.learn(history)
    scale = Scale(history)
    brute = NearestNeighbors(n_neighbors=4, algorithm="brute").fit(scale.of(history))
    distance, _ = brute.kneighbors(scale.of(value))
    assert made.rate(value) == pytest.approx(distance[:, -1])


def test_loda_falls_into_the_bins_of_the_history():
    """One projection of one feature: heights 3 and 1 of 4, with one for what never was."""
    made = Loda(bins=2, cuts=1)
    made.learn(np.array([[0.0], [1.0], [2.0], [10.0]]))
    made._projections = [(np.array([0]), np.array([1.0]))]
    made._edges = np.array([[-2.0, 0.5, np.nextafter(2.0, 3)]])
    made._surprise = -np.log(np.array([[1, 4, 2, 1]]) / 8)
    centre = np.mean([0, 1, 2, 10])
    spread = np.std([0, 1, 2, 10])
    rows = np.array([[0.0], [0.6], [2.0], [5.0], [-3.0]]) * spread + centre
    assert made.rate(rows) == pytest.approx(-np.log(np.array([4, 2, 2, 1, 1]) / 8))


def test_streams_forget_nothing_they_should_know():
    """What comes again and again becomes usual for those that learn as they go."""
    for detector in (HalfSpaceTrees(window=50), LodaStream()):
        detector.learn(drawn())
        odd = np.full((300, 5), 2.5)
        found = detector.rate(odd)
        assert found[-1] < found[0]


def test_a_sample_keeps_the_order_and_the_seed():
    """A tenth of the rows, the same ones each time, in their order."""
    value = np.arange(100.0)[:, None]
    some = some_rows(value, 10, 3)
    assert np.array_equal(some, some_rows(value, 10, 3))
    assert (np.diff(some[:, 0]) > 0).all()
    assert some_rows(value, 100, 3) is value


def test_an_empty_batch_has_no_scores():
    """Zero rows give zero numbers."""
    log, context, _ = small_world()
    made = Ecod()
    made.fit(log.slice(0, 300), context)
    empty = log.slice(0, 1).combine_chunks().to_batches()[0].slice(0, 0)
    assert made.score(empty).shape == (0,)
