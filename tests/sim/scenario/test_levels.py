"""Levels of difficulty: the same campaigns, gone about more or less openly."""

from __future__ import annotations

import pytest

from misusesim.scenario.levels import LEVELS, committed
from misusesim.scenario.misuse import Selling
from misusesim.scenario.prevalence import RungMix

SELLING = Selling(kind="selling", weeks_median=70.0, sittings_per_week=1.5)


def rungs(kind):
    """Return the weights of the rungs."""
    return tuple(kind.rungs.model_dump().values())


@pytest.mark.parametrize(
    ("level", "weights"),
    [
        ("easy", (4.0, 2.0, 1.0, 0.5)),
        ("medium", (1.0, 1.0, 1.0, 1.0)),
        ("hard", (0.1, 0.3, 1.0, 3.0)),
    ],
)
def test_rungs_are_tilted(level, weights):
    """At medium a scenario is taken at its word."""
    assert rungs(committed(SELLING, level)) == weights


def test_nothing_but_the_rungs_changes():
    """Rates, lengths and paces stay at every level: levels share one base rate."""
    kinds = [committed(SELLING, level).model_dump(exclude={"rungs"}) for level in LEVELS]
    assert kinds[0] == kinds[1] == kinds[2] == SELLING.model_dump(exclude={"rungs"})


def test_a_mix_of_one_rung_keeps_it():
    """A tilt moves weight among the rungs there are."""
    declared = RungMix(declared=1, miscoded=0, plausible_case=0, own_case=0)
    kind = SELLING.model_copy(update={"rungs": declared})
    assert rungs(committed(kind, "hard")) == (0.1, 0, 0, 0)


def test_harder_levels_hide_more():
    """Less after the shift, and less declared, from level to level."""
    after = [level.after_work for level in LEVELS.values()]
    declared = [level.tilt["declared"] for level in LEVELS.values()]
    assert after == sorted(after, reverse=True)
    assert declared == sorted(declared, reverse=True)
