"""Precision, accusations, disparity and concentration, counted on paper."""

from __future__ import annotations

import math
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from misusebench.metrics import Tally, compute, labelled
from misusebench.metrics.burden import (
    accusation_disparity,
    alert_rate,
    cases,
    disparity,
    false_accusations,
    false_accusations_per_100k,
    gini,
    oddities,
    per_thousand_years,
    precision_at_budget,
    recall_at_budget,
    repeat_flag_gini,
    repeat_flag_top_share,
    top_share,
)
from misusebench.metrics.points import ACCUSATION_PRICE, BUDGETS, RATIOS, alert_counts, cost

DAY_US = 86_400_000_000
YEAR = 365.25


def office(budget: int = 1, pause_days: int = 0) -> Tally:
    """Return four officers over five days.

    Officer 0 (agency 0) does misuse on days 1 and 3 with score 7 and honest work on day 0 with
    score 6; officer 1 (agency 0) is honest at 5 each day; officer 2 (agency 1) is honest at 4 on
    days 0 and 4; officer 3 (agency 1) makes a slip at 8 on day 2.
    """
    rows = [  # officer, agency, day, score, misuse, slip
        (0, 0, 0, 6, 0, 0), (0, 0, 1, 7, 1, 0), (0, 0, 3, 7, 1, 0),
        (1, 0, 0, 5, 0, 0), (1, 0, 1, 5, 0, 0), (1, 0, 2, 5, 0, 0), (1, 0, 3, 5, 0, 0),
        (1, 0, 4, 5, 0, 0), (2, 1, 0, 4, 0, 0), (2, 1, 4, 4, 0, 0), (3, 1, 2, 8, 0, 1),
    ]  # fmt: skip
    officer, agency, day, score, misuse, slip = np.array(rows).T
    made = labelled(
        score.astype(float), misuse.astype(bool), officer=officer, agency=agency, day=day,
        ignore=slip.astype(bool), campaign=np.where(misuse, 0, -1),
    )  # fmt: skip
    return Tally(made, budget, pause_days=pause_days)


# read by day, pause 0: budget 1: 0, 0, 3, 0, 1; budget 2: 0 1, 0 1, 3 1, 0 1, 1 2
@pytest.mark.parametrize(
    ("budget", "precision"), [(1, 2 / 4), (2, 2 / 9), (3, 2 / 10), (50, 2 / 10)]
)
def test_precision_leaves_out_the_slip(budget: int, precision: float) -> None:
    """Two hits among the alerts read that are not the slip."""
    tally = office(budget)
    assert precision_at_budget(tally, tally.ones).tolist() == pytest.approx([precision])


@pytest.mark.parametrize(
    ("budget", "false"), [(1, [1, 1, 0, 0]), (2, [1, 5, 1, 0]), (3, [1, 5, 2, 0])]
)
def test_who_is_accused(budget: int, false: list[float]) -> None:
    """Officer 0's first day is before any misuse and so a false accusation; a slip is none."""
    assert office(budget).accused.tolist() == false


def test_innocent_years_end_with_the_first_misuse() -> None:
    """Officer 0 is innocent for one day of five, the others for all five."""
    tally = office()
    assert (tally.innocent_years * YEAR).tolist() == pytest.approx([1, 5, 5, 5])
    assert tally.innocent.tolist() == [False, True, True, True]


@pytest.mark.parametrize(("budget", "count"), [(1, 2), (2, 7), (3, 8)])
def test_accusations_per_thousand_years(budget: int, count: int) -> None:
    """Accusations over 16 innocent officer-days and over 8 honest queries."""
    tally = office(budget)
    found = false_accusations(tally, tally.ones)[0]
    assert found == pytest.approx(count * 1000 * YEAR / 16)
    assert found == pytest.approx(per_thousand_years(count, 16 / YEAR))
    assert false_accusations_per_100k(tally, tally.ones)[0] == pytest.approx(1e5 * count / 8)


@pytest.mark.parametrize(("pause", "owners"), [(0, [0, 0]), (1, [0, 0]), (2, [0, 0]), (3, [0])])
def test_cases_by_pause(pause: int, owners: list[int]) -> None:
    """Misuse on days 1 and 3 is one case only if the pause holds for three days."""
    owner, hits, case = cases(office(pause_days=pause))
    assert owner.tolist() == owners
    assert len(hits) == 2
    assert case.tolist() == list(range(len(owners))) if len(owners) == 2 else [0, 0]


@pytest.mark.parametrize(("pause", "recall"), [(0, 1.0), (3, 1.0), (14, 0.0)])
def test_recall_of_cases_by_pause(pause: int, recall: float) -> None:
    """A pause of 14 days after the accusation on day 0 hides all of officer 0's misuse."""
    tally = office(pause_days=pause)
    assert recall_at_budget(tally, tally.ones).tolist() == [recall]


def test_alerts_by_verdict() -> None:
    """At two a day: two hits, the slip, seven false, nothing else."""
    assert alert_counts(office(2)) == {"hit": 2.0, "slip": 1.0, "false": 7.0, "other": 0.0}


def test_the_price_of_each_budget() -> None:
    """Alerts read + 10 per false accusation + price per misuse query before the first alert."""
    told = cost(office())
    assert told["budgets"] == [0, *BUDGETS]
    assert told["cost"][0] == pytest.approx([2 * r for r in RATIOS]), "nothing read, both leak"
    # one a day: 5 alerts, 2 false; the second misuse query comes after the first alert
    assert told["cost"][1] == pytest.approx([5 + ACCUSATION_PRICE * 2 + r for r in RATIOS])
    assert told["cost"][2] == pytest.approx([10 + ACCUSATION_PRICE * 7 + r for r in RATIOS])
    assert told["cost"][3] == pytest.approx([11 + ACCUSATION_PRICE * 8 + r for r in RATIOS])
    assert told["best"] == pytest.approx([min(2 * r, 25 + r) for r in RATIOS])


def test_no_campaign_has_no_price() -> None:
    """Without campaigns there is nothing to weigh."""
    assert cost(Tally(labelled(np.ones(2), np.zeros(2, bool)))) == {}


def test_small_agencies_are_left_out_of_disparity() -> None:
    """Five days make no officer-year, so there is no disparity and a reason."""
    tally = office()
    assert math.isnan(accusation_disparity(tally, tally.ones)[0])
    told = compute(tally)["accusation_disparity"]
    assert told.value is None
    assert told.reason == "fewer than two agencies of an innocent officer-year"


@pytest.mark.parametrize(
    ("counts", "years", "ratio"),
    [([1, 0], [1, 1], 3.0), ([0, 0], [1, 2], 2.0), ([4, 4, 4], [9, 9, 3], 3.0),
     ([2, 7, 0], [5, 15, 0], 1.0), ([3], [2], math.nan), ([3, 1], [2, 0], math.nan),
     ([0, 0], [0, 0], math.nan)],
)  # fmt: skip
def test_disparity_worked(counts: list[float], years: list[float], ratio: float) -> None:
    """Half is added to each count; groups without time are left out; one group is none."""
    found = disparity(np.array([counts], float), np.array([years], float))
    assert found.tolist() == pytest.approx([ratio], nan_ok=True)


@pytest.mark.parametrize(
    ("counts", "value"),
    [([1, 1, 1], 0), ([0, 0, 3], 2 / 3), ([0, 1], 1 / 2), ([1, 3], 1 / 4), ([0, 1, 2], 4 / 9),
     ([5], 0)],
)  # fmt: skip
def test_gini_worked(counts: list[float], value: float) -> None:
    """Half of the mean difference between two people over the mean."""
    assert gini(np.array(counts, float), np.ones((1, len(counts))))[0] == pytest.approx(value)


@given(st.lists(st.integers(0, 5), min_size=1, max_size=6).filter(any), st.integers(2, 9))
@settings(max_examples=40, deadline=None)
def test_gini_properties(counts: list[int], factor: int) -> None:
    """It has the pair definition, stays when counts are scaled, and lies in 0 to 1 - 1/n."""
    n, each = len(counts), np.array(counts, float)
    found = gini(each, np.ones((1, n)))[0]
    pairs = sum(abs(a - b) for a, b in product(counts, counts))
    assert found == pytest.approx(pairs / (2 * n * sum(counts)))
    assert gini(each * factor, np.ones((1, n)))[0] == pytest.approx(found)
    assert -1e-12 <= found <= 1 - 1 / n + 1e-12


@pytest.mark.parametrize(
    ("counts", "top", "share"),
    [([1, 1, 1, 1], 0.25, 0.25), ([0, 0, 0, 4], 0.25, 1.0), ([0, 0, 0, 4], 0.125, 0.5),
     ([1, 2, 3, 4], 0.5, 0.7), ([4, 3, 2, 1], 0.5, 0.7), ([1, 2, 3, 4], 1.0, 1.0)],
)  # fmt: skip
def test_top_share_worked(counts: list[float], top: float, share: float) -> None:
    """What the most accused bear, a part of a person counting in proportion."""
    found = top_share(np.array(counts, float), np.ones((1, len(counts))), top)
    assert found.tolist() == pytest.approx([share])


def test_repeat_flags_are_of_the_innocent() -> None:
    """At one a day officer 1 alone of three innocents is accused: 2/3, and all of it."""
    tally = office()
    assert repeat_flag_gini(tally, tally.ones).tolist() == pytest.approx([2 / 3])
    share = 1 - (1 - 0.03)  # 1 % of people is 3 % of one of three
    assert repeat_flag_top_share(tally, tally.ones).tolist() == pytest.approx([share])


def test_only_the_guilty_were_flagged() -> None:
    """Officer 0's early alert is no innocent's: with nobody else there is no concentration."""
    rows = labelled(
        np.array([2.0, 2.0, 0.0]), np.array([0, 1, 0], bool), officer=np.array([0, 0, 1]),
        day=np.array([0, 1, 0]),
    )  # fmt: skip
    told = compute(Tally(rows, 1))
    assert told["false_accusations"].value is not None
    assert told["repeat_flag_gini"].value is None
    assert told["repeat_flag_gini"].reason == "nobody was accused wrongly"


@pytest.mark.parametrize(("budget", "rate"), [(1, 0.5), (2, 0.75), (3, 1.0)])
def test_alert_rate_counts_officer_days(budget: int, rate: float) -> None:
    """Four officer-days with an oddity on two days; two rows of one day count once."""
    rows = labelled(
        np.array([9.0, 9, 8, 5, 4, 3]), np.zeros(6, bool), officer=np.array([0, 0, 1, 0, 2, 1]),
        day=np.array([0, 0, 0, 1, 1, 1]), oddity=np.array([2, 2, 2, 2, -1, 2]),
    )  # fmt: skip
    tally = Tally(rows, budget, pause_days=0)
    name = rows.oddities[2]
    assert oddities(tally) == [name]
    assert alert_rate(tally, tally.ones, name).tolist() == [rate]
    assert compute(tally)[f"alert_rate/{name}"].n == 4


def test_an_oddity_below_the_evidence_is_not_shown() -> None:
    """A read alert whose five best rows do not hold the oddity does not count for it."""
    rows = labelled(
        np.array([6.0, 5, 4, 3, 2, 1]), np.zeros(6, bool), officer=np.zeros(6, int),
        oddity=np.array([-1, -1, -1, -1, -1, 0]),
    )  # fmt: skip
    tally = Tally(rows, 1)
    assert alert_rate(tally, tally.ones, rows.oddities[0]).tolist() == [0.0]
