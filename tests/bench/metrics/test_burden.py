"""Review burden and false accusations: worked examples, exact ties, invariances."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from misusebench.metrics import Tally, burden, labelled

TABLE = np.array([0.9, 0.8, 0.8, 0.8, 0.5, 0.1])
LABELS = np.array([1, 1, 1, 0, 0, 0], bool)


def at(budget: int, score: np.ndarray = TABLE, positive: np.ndarray = LABELS, **columns: object):
    """Return a tally of a small table."""
    return Tally(labelled(score, positive, **columns), budget, draws=50)  # type: ignore[arg-type]


def test_precision_and_recall_at_three() -> None:
    """1 + 2 · 2/3 = 2.333 expected hits: precision and recall 0.7778."""
    tally = at(3)
    assert burden.precision_at_budget(tally, tally.ones)[0] == pytest.approx(7 / 9)
    assert burden.recall_at_budget(tally, tally.ones)[0] == pytest.approx(7 / 9)


@pytest.mark.parametrize(
    ("budget", "precision", "recall"),
    [(1, 1.0, 1 / 3), (2, 5 / 6, 5 / 9), (4, 0.75, 1.0), (6, 0.5, 1.0), (99, 0.5, 1.0)],
)
def test_precision_and_recall_over_budgets(budget: int, precision: float, recall: float) -> None:
    """A budget beyond the alerts reads all of them and no more."""
    tally = at(budget)
    assert burden.precision_at_budget(tally, tally.ones)[0] == pytest.approx(precision)
    assert burden.recall_at_budget(tally, tally.ones)[0] == pytest.approx(recall)


def test_slips_are_neither_hits_nor_accusations() -> None:
    """Of three alerts read one is misuse, one a slip, one honest: precision one half."""
    tally = at(
        3, np.array([3.0, 2.0, 1.0]), np.array([1, 0, 0], bool), ignore=np.array([0, 1, 0], bool)
    )
    assert burden.precision_at_budget(tally, tally.ones).tolist() == [0.5]
    assert tally.accused.tolist() == [0.0, 0.0, 1.0]


def test_a_case_lasts_as_long_as_the_pause() -> None:
    """Misuse on days 0, 5 and 20 is two cases; reading day 5 finds the first."""
    day = np.array([0, 5, 20])
    tally = at(1, np.array([1.0, 2.0, 3.0]), np.ones(3, bool), officer=np.zeros(3, int), day=day)
    owner, alert, case = burden.cases(tally)
    assert owner.tolist() == [0, 0]
    assert alert.tolist() == [0, 1, 2]
    assert case.tolist() == [0, 0, 1]
    assert burden.recall_at_budget(tally, tally.ones).tolist() == [1.0]


def test_recall_is_undefined_without_misuse() -> None:
    """Nothing to find is not a recall of 0."""
    tally = at(1, np.zeros(3), np.zeros(3, bool))
    assert np.isnan(burden.recall_at_budget(tally, tally.ones)).all()
    assert burden.precision_at_budget(tally, tally.ones).tolist() == [0.0]


def test_false_accusations_per_thousand_officer_years() -> None:
    """400 innocents, 90 days, 3 alerts: 30.4."""
    officer = np.r_[np.arange(400), [0, 1, 2]]
    day = np.r_[np.zeros(400, int), [30, 60, 89]]
    score = np.r_[np.zeros(400), [1.0, 1.0, 1.0]]
    tally = at(1, score, np.zeros(403, bool), officer=officer, day=day)
    assert tally.scored.days == 90
    expected = (3 + 1) * 1_000 / (400 * 90 / 365.25)
    assert burden.false_accusations(tally, tally.ones)[0] == pytest.approx(expected)
    assert burden.per_thousand_years(3, 400 * 90 / 365.25) == pytest.approx(30.4, abs=0.05)


def test_guilty_officers_stop_being_innocent() -> None:
    """An officer's innocent time ends with his first misuse query."""
    day = np.array([0, 10, 20])
    tally = at(1, np.ones(3), np.array([0, 1, 0], bool), officer=np.zeros(3, int), day=day)
    assert tally.innocent_years.tolist() == pytest.approx([10 / 365.25])
    assert tally.innocent.tolist() == [False]
    assert tally.accused.tolist() == [1.0], "day 0; day 20 is no accusation of an innocent"


def test_disparity_is_smoothed() -> None:
    """6 in 50 and 2 in 100 officer-years: 5.2; 0 counts are defined; one group is not."""
    years = np.array([[50.0, 100.0]])
    assert burden.disparity(np.array([[6.0, 2.0]]), years).tolist() == [5.2]
    assert burden.disparity(np.array([[0.0, 0.0]]), years).tolist() == [2.0]
    assert np.isnan(burden.disparity(np.array([[1.0, 0.0]]), np.array([[5.0, 0.0]]))).all()


def test_disparity_leaves_out_small_agencies() -> None:
    """Agencies of less than one officer-year do not make a rate."""
    tally = at(1, np.zeros(4), np.zeros(4, bool), agency=np.array([0, 0, 1, 1]))
    assert np.isnan(burden.accusation_disparity(tally, tally.ones)).all()


def test_disparity_over_agencies() -> None:
    """400 officers a year in two agencies, 3 and 0 accusations: 3.5 over 0.5."""
    officer = np.r_[np.arange(800), [0, 1]]
    day = np.r_[np.full(800, 364), [0, 1]]
    score = np.r_[np.arange(800.0)[::-1] / 1_000, [2.0, 2.0]]
    agency = (officer >= 400).astype(int)
    tally = at(1, score, np.zeros(802, bool), officer=officer, day=day, agency=agency)
    found = burden.accusation_disparity(tally, tally.ones)
    assert found == pytest.approx([3.5 / 0.5])


def test_gini_and_top_share() -> None:
    """Counts 1, 1, 4 among 100: Gini 0.98, the top officer bears 66.7 %."""
    counts, ones = np.r_[[1.0, 1.0, 4.0], np.zeros(97)], np.ones((1, 100))
    assert burden.gini(counts, ones)[0] == pytest.approx(0.98)
    assert burden.top_share(counts, ones)[0] == pytest.approx(2 / 3)


@given(st.lists(st.integers(0, 5), min_size=2, max_size=20).filter(any))
@settings(deadline=None)
def test_gini_equals_mean_difference(counts: list[int]) -> None:
    """The Gini coefficient is half the mean absolute difference over the mean."""
    x = np.array(counts, float)
    expected = np.abs(x[:, None] - x[None, :]).mean() / (2 * x.mean())
    assert burden.gini(x, np.ones((1, len(x))))[0] == pytest.approx(expected, abs=1e-12)


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(1, 3)), min_size=2, max_size=12))
@settings(deadline=None)
def test_gini_weights_equal_repetition(rows: list[tuple[int, int]]) -> None:
    """An officer drawn twice counts as two officers."""
    x, w = np.array([float(c) for c, _ in rows]), np.array([w for _, w in rows])
    if not x.any():
        return
    again = np.repeat(x, w)
    whole = burden.gini(again, np.ones((1, len(again))))
    assert burden.gini(x, w[None, :].astype(float)) == pytest.approx(whole, abs=1e-12)


def test_nobody_accused_is_undefined() -> None:
    """Concentration of nothing has no value."""
    tally = at(1, np.ones(1), np.ones(1, bool))
    assert np.isnan(burden.repeat_flag_gini(tally, tally.ones)).all()
    assert np.isnan(burden.repeat_flag_top_share(tally, tally.ones)).all()


def test_alert_rate_of_an_oddity() -> None:
    """Two of four officer-days with an overtime query are read and show it."""
    score = np.array([9.0, 8.0, 7.0, 6.0, 5.0])
    tally = at(3, score, np.zeros(5, bool), oddity=np.array([6, 6, -1, 6, 6]))
    assert burden.oddities(tally) == ["overtime"]
    assert burden.alert_rate(tally, tally.ones, "overtime").tolist() == [0.5]


def test_false_accusations_per_100k_queries() -> None:
    """One false alert among four honest queries; slips are not honest queries."""
    tally = at(1, np.array([5.0, 1, 1, 1, 1]), np.zeros(5, bool),
               ignore=np.array([0, 0, 0, 0, 1], bool))  # fmt: skip
    assert burden.false_accusations_per_100k(tally, tally.ones).tolist() == [25_000.0]
