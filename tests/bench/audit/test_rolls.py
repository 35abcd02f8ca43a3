"""Who could have misused the system, as the audit makes it again: the same moments."""

from __future__ import annotations

import numpy as np
from tests.sim.misuse import stage

from misusebench.audit.rolls import Rolls
from misusesim.clock import WEEK_US
from misusesim.misuse.moments import in_shifts, moment

SCENARIO = stage.world(days=28)
SCENE = stage.empty_scene(SCENARIO)
ROLLS = Rolls.of(SCENARIO)


def some_wishes(n=400):
    """Return officers, with wishes and places, over the whole horizon and before it."""
    chance = np.random.default_rng(0)
    officer = chance.integers(0, len(SCENE.officers.role), n)
    wish = SCENE.clock.horizon[0] + (chance.random(n) * 6 * WEEK_US).astype(np.int64) - WEEK_US
    return officer, wish // 1_000_000 * 1_000_000, chance.random(n)


def mine(officer):
    """Return the rows of an officer's shifts, by start."""
    rows = np.flatnonzero(SCENE.shifts.officer == officer)
    return rows[np.argsort(SCENE.shifts.start[rows])]


def test_wishes_come_at_work_in_the_same_second():
    """The vectors of the audit and the simulator's walk through the shifts agree."""
    officer, wish, _ = some_wishes()
    walked = [
        in_shifts(SCENE, mine(o), w) for o, w in zip(officer.tolist(), wish.tolist(), strict=True)
    ]
    drawn = ROLLS.at_work(officer, wish)
    assert np.abs(drawn - np.array(walked)).max() <= 1_000_000
    assert (drawn != wish).mean() > 0.5


def test_wishes_are_acted_on_in_the_same_second():
    """Here too, and who has no shift any more is known to both."""
    officer, wish, place = some_wishes()
    walked = [
        moment(SCENE, mine(o), w, 0.0, p)
        for o, w, p in zip(officer.tolist(), wish.tolist(), place.tolist(), strict=True)
    ]
    drawn = ROLLS.acted(officer, wish, np.zeros(len(wish), np.bool_), place)
    some = np.array([time is not None for time in walked])
    assert some.mean() > 0.5
    assert np.abs(drawn[some] - np.array([t for t in walked if t is not None])).max() <= 1_000_000
