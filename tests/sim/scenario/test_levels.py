"""Levels of difficulty: the same campaigns, gone about more or less openly."""

from __future__ import annotations

import pytest

from misusesim.scenario.levels import LEVELS, committed, is_crowded
from misusesim.scenario.misuse import Celebrity, Favour, Retaliation, RomanticInterest, Selling


def rungs(kind):
    """Return the weights of the rungs."""
    return tuple(kind.rungs.model_dump().values())


def test_medium_takes_a_scenario_at_its_word():
    """Nothing changes."""
    kind = Favour(kind="favour", weeks_median=3.0)
    assert committed(kind, "medium") is kind


@pytest.mark.parametrize(
    ("level", "weights", "weeks", "pace"),
    [("easy", (4.0, 2.0, 1.0, 0.5), 35.0, 3.0), ("hard", (0.1, 0.3, 1.0, 3.0), 70.0, 0.9)],
)
def test_a_long_kind_by_level(level, weights, weeks, pace):
    """Rungs are tilted; at easy the same sittings take half the weeks, at hard there are fewer."""
    kind = committed(Selling(kind="selling", weeks_median=70.0, sittings_per_week=1.5), level)
    assert rungs(kind) == weights
    assert (kind.weeks_median, kind.sittings_per_week) == (weeks, pytest.approx(pace))


def test_what_takes_days_is_not_crowded_into_less():
    """A week cut to half a week would be rounded up again: it stays a week."""
    kind = committed(Favour(kind="favour", weeks_median=1.0, sittings_per_week=0.2), "easy")
    assert (kind.weeks_median, kind.sittings_per_week) == (1.0, 0.2)


def test_rounds_and_queries_of_the_first_kinds():
    """Retaliation has fewer rounds at hard, romantic interest fewer queries a week."""
    hard = committed(Retaliation(kind="retaliation", steps_median=3.0, days_between=6.0), "hard")
    assert (hard.steps_median, hard.days_between) == (pytest.approx(1.2), 6.0)
    romance = committed(RomanticInterest(kind="romantic_interest", queries_per_week=1.0), "hard")
    assert romance.queries_per_week == pytest.approx(0.6)


def test_how_many_campaigns_is_never_changed():
    """Rates stay at every level."""
    kind = Favour(kind="favour", officers_per_year=0.02)
    assert {committed(kind, level).officers_per_year for level in LEVELS} == {0.02}


def test_only_sittings_are_crowded():
    """A celebrity is looked at once or twice whatever the level."""
    assert is_crowded(Favour(kind="favour"))
    assert not is_crowded(Celebrity(kind="celebrity"))
