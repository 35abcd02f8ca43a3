"""Alerts and reviews: grouping, ties by expectation, the pause, against brute enumeration."""

from __future__ import annotations

from itertools import combinations, permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from misusebench.metrics import alerts as alerting
from misusebench.metrics import labelled
from misusebench.metrics.alerts import Alerts, Verdict, none_taken, officer_days, review

DAY_US = 86_400_000_000


def listed(score: list[float], day: list[int], officer: list[int]) -> Alerts:
    """Return alerts without evidence, sorted as they must be."""
    order = np.lexsort((officer, day))
    return Alerts(
        np.array(officer, np.int32)[order], np.array(day, np.int32)[order],
        np.array(score, float)[order], np.zeros(len(score), np.int8), np.arange(len(score)),
        np.arange(len(score)),
    )  # fmt: skip


def test_an_officer_has_one_alert_a_day_with_the_largest_score() -> None:
    """Five rows of two officers on two days make three alerts."""
    rows = labelled(
        np.array([0.1, 0.9, 0.5, 0.3, 0.2]), np.zeros(5, bool),
        officer=np.array([0, 0, 1, 0, 0]), day=np.array([0, 0, 0, 1, 1]),
    )  # fmt: skip
    found = officer_days(rows)
    assert found.officer.tolist() == [0, 1, 0]
    assert found.day.tolist() == [0, 0, 1]
    assert found.score.tolist() == [0.9, 0.5, 0.3]


def test_evidence_is_the_five_highest_queries() -> None:
    """A misuse query in sixth place is not shown, so the alert is no hit."""
    score = np.array([9.0, 8, 7, 6, 5, 4])
    sixth = officer_days(labelled(score, np.arange(6) == 5, officer=np.zeros(6, int)))
    fifth = officer_days(labelled(score, np.arange(6) == 4, officer=np.zeros(6, int)))
    assert sixth.evidence_row.tolist() == [0, 1, 2, 3, 4]
    assert sixth.verdict.tolist() == [Verdict.OTHER]
    assert fifth.verdict.tolist() == [Verdict.HIT]


def test_equal_scores_in_evidence_go_by_query_id() -> None:
    """Which of six equal queries are evidence depends on their ids alone, not on their order."""
    ids = np.array([5, 3, 1, 0, 2, 4])
    rows = labelled(np.zeros(6), np.zeros(6, bool), officer=np.zeros(6, int), query_id=ids)
    assert ids[officer_days(rows).evidence_row].tolist() == [0, 1, 2, 3, 4]


def test_verdicts() -> None:
    """Hit, slip, false accusation, and an officer flagged for other queries."""
    rows = labelled(
        np.array([1.0, 1.0, 1.0, 1.0, 1.0]), np.array([1, 0, 0, 0, 0], bool),
        ignore=np.array([0, 0, 1, 0, 0], bool), officer=np.array([0, 0, 1, 2, 0]),
        day=np.array([1, 2, 1, 1, 0]),
    )  # fmt: skip
    found = officer_days(rows)
    told = dict(
        zip(
            zip(found.officer.tolist(), found.day.tolist(), strict=True), found.verdict, strict=True
        )
    )
    assert told[0, 1] == Verdict.HIT
    assert told[0, 2] == Verdict.OTHER
    assert told[1, 1] == Verdict.SLIP
    assert told[2, 1] == Verdict.FALSE
    assert told[0, 0] == Verdict.FALSE, "no misuse so far"


@given(st.integers(1, 9), st.integers(0, 9), st.integers(0, 9))
@settings(deadline=None)
def test_none_taken_equals_enumeration(tied: int, places: int, own: int) -> None:
    """The chance of missing all own alerts is the share of equally likely choices."""
    places, own = min(places, tied), min(own, tied)
    choices = list(combinations(range(tied), places))
    missed = sum(not set(choice) & set(range(own)) for choice in choices) / len(choices)
    assert none_taken(tied, places, own) == pytest.approx(missed, abs=1e-12)


@given(st.lists(st.integers(0, 3), min_size=1, max_size=6), st.integers(1, 6))
@settings(deadline=None, max_examples=100)
def test_tie_expectation_equals_enumeration(score: list[int], budget: int) -> None:
    """Each alert's chance at the cut is its share of all orders that keep the ranking."""
    alerts = listed([float(s) for s in score], [0] * len(score), list(range(len(score))))
    read = np.zeros(len(score))
    orders = list(permutations(range(len(score))))
    for order in orders:
        best = sorted(order, key=lambda i: -alerts.score[i])[:budget]
        read[best] += 1
    assert review(alerts, budget).chance == pytest.approx(read / len(orders), abs=1e-12)


def test_any_of_is_hypergeometric_and_independent_over_days() -> None:
    """Two of ten tied alerts for three places, on each of two days: 1 - (56/120)^2."""
    score, day = [0.0] * 20, [0] * 10 + [30] * 10
    alerts = listed(score, day, list(range(10)) * 2)
    found = review(alerts, 3)
    assert found.ties is not None
    own = np.array([0, 1, 10, 11])
    assert found.any_of(own, np.zeros(4, int), 1)[0] == pytest.approx(1 - (56 / 120) ** 2)


def test_a_sure_alert_makes_it_certain() -> None:
    """Something with one alert above every tie is found with certainty."""
    alerts = listed([5.0, 1.0, 1.0], [0, 0, 0], [0, 1, 2])
    found = review(alerts, 2)
    assert found.any_of(np.array([0, 1]), np.array([0, 1]), 2).tolist() == [1.0, 0.5]


def test_a_reviewed_officer_pauses_for_fourteen_days() -> None:
    """With one alert a day the other officer is read until day 14."""
    days = list(range(16))
    alerts = listed([9.0] * 16 + [1.0] * 16, days * 2, [0] * 16 + [1] * 16)
    read = np.flatnonzero(review(alerts, 1).chance)
    got = [(int(alerts.day[i]), int(alerts.officer[i])) for i in read]
    assert got == [(0, 0), (1, 1), (14, 0), (15, 1)]


def test_without_a_pause_the_highest_is_read_every_day() -> None:
    """A pause of 0 lists the same officer each day."""
    alerts = listed([9.0, 1.0, 9.0, 1.0], [0, 0, 1, 1], [0, 1, 0, 1])
    assert review(alerts, 1, pause_days=0).chance.tolist() == [1.0, 0.0, 1.0, 0.0]


def test_dependent_ties_are_averaged_over_orders() -> None:
    """Two equal officers on two days, one place, pause: each day's officer is the other's turn."""
    alerts = listed([0.0] * 4, [0, 0, 1, 1], [0, 1, 0, 1])
    found = review(alerts, 1, orders=400)
    assert found.ties is None
    assert found.chance == pytest.approx([0.5] * 4, abs=0.08)
    assert found.chance[0] + found.chance[2] == 1.0, "who was read on day 0 pauses on day 1"


def test_random_orders_equal_the_expectation_where_both_hold() -> None:
    """Averaging orders approaches s / m for a tie of five alerts for two places."""
    alerts = listed([1.0] * 5, [0] * 5, list(range(5)))
    order, alert = alerting._random_orders(alerts, 2, 14, 4_000, 0)
    assert np.bincount(alert, minlength=5) / 4_000 == pytest.approx([0.4] * 5, abs=0.03)
    assert np.bincount(order, minlength=4_000).tolist() == [2] * 4_000


def test_orders_are_seeded() -> None:
    """The same seed reads the same alerts; another seed others."""
    alerts = listed([0.0] * 60, [0] * 30 + [1] * 30, list(range(30)) * 2)
    one, same, other = review(alerts, 3), review(alerts, 3), review(alerts, 3, seed=1)
    assert one.alert.tolist() == same.alert.tolist()
    assert one.alert.tolist() != other.alert.tolist()


def test_reach_never_hides_an_alert() -> None:
    """Leaving out what lies too low gives the same reviews as keeping everything."""
    chance = np.random.default_rng(1)
    officer, day = np.divmod(np.arange(40 * 20), 20)
    alerts = listed(list(np.round(chance.random(800), 1)), list(day), list(officer))
    order, alert = alerting._random_orders(alerts, 1, 3, 50, 0)
    assert np.bincount(order).tolist() == [20] * 50
    again = {(int(o), int(alerts.officer[a])): -9 for o, a in zip(order, alert, strict=True)}
    for o, a in zip(order.tolist(), alert.tolist(), strict=True):
        assert alerts.day[a] - again[o, int(alerts.officer[a])] >= 3
        again[o, int(alerts.officer[a])] = int(alerts.day[a])


def test_budget_must_be_positive() -> None:
    """A budget of 0 is refused."""
    with pytest.raises(ValueError, match="at least 1"):
        review(listed([1.0], [0], [0]), 0)


def test_no_alerts_no_reviews() -> None:
    """An empty log has nothing to read."""
    rows = labelled(np.zeros(0), np.zeros(0, bool))
    found = review(officer_days(rows), 5)
    assert found.chance.tolist() == []
    assert found.orders == 1
