"""A scenario made smaller, and the year 2023 as it is set."""

from __future__ import annotations

from collections import Counter

import pytest

from misusesim.errors import ScenarioError
from misusesim.scenario.load import load_scenario
from misusesim.tasks import blocks, outcome_blocks
from misusesim.world.agencies import agencies


def counts(scale):
    """Return the agencies of each group of `clets_2023` at a scale."""
    world = load_scenario("clets_2023", [f"scale={scale}"])
    return Counter(agency.group.name for agency in agencies(world))


def test_a_tenth_has_a_tenth_of_each_group():
    """To the nearest whole number, half to even; of the group that misuse names there is one."""
    assert counts(0.1) == {
        "large sheriff": 1, "large city police": 1, "sheriff": 5, "city police": 20,
        "town police": 12, "highway patrol office": 11, "campus police": 10, "court": 6,
        "probation": 6, "prosecutor": 11, "dispatch centre": 7, "bureau": 31,
    }  # fmt: skip


def test_the_smallest_world_has_the_unit_that_misuses_the_system():
    """One agency is left, the first large sheriff."""
    world = load_scenario("clets_2023", ["scale=0.001"])
    (only,) = agencies(world)
    assert only.group.name == "large sheriff"
    assert only.index == 0


def test_without_misuse_one_agency_is_left():
    """A world has somebody in it."""
    world = load_scenario("no_misuse", ["scale=0.1"])
    assert len(agencies(world)) == 1


def test_whole_is_whole():
    """A scale of one changes nothing."""
    world = load_scenario("clets_2023")
    assert world.groups == world.agency
    assert len(agencies(world)) == 1200


def test_blocks_are_of_the_agencies_that_there_are():
    """No task for an agency that is not made."""
    world = load_scenario("clets_2023", ["scale=0.05"])
    every = [n for block in blocks(world) for n in block]
    assert every == [n for block in outcome_blocks(world) for n in block]
    assert every == list(range(len(agencies(world))))


@pytest.mark.parametrize("scale", ["0", "-0.5", "1.5"])
def test_no_other_scale(scale):
    """Above nothing, at most everything."""
    with pytest.raises(ScenarioError, match="scale"):
        load_scenario("clets_2023", [f"scale={scale}"])


def test_the_year_2023_has_the_published_unit():
    """6,789 declared checks by a sheriff's unit, decided within the year from 2 January."""
    world = load_scenario("clets_2023")
    unit = world.misuse[0]
    assert (world.start.isoformat(), world.days) == ("2023-01-02", 365)
    assert (unit.kind, unit.per_year, unit.decided_within_days) == ("permit_checks", 6789, 365)
    assert [kind.officers_per_year for kind in world.misuse[1:]] == [0.006, 0.004]


def test_the_outcomes_of_2023_are_in_proportion():
    """24 suspended, 6 resigned and 9 dismissed of a hundred; most are retrained."""
    mix = load_scenario("clets_2023").oversight.outcomes
    assert (mix.suspended, mix.resigned, mix.dismissed, mix.charged) == (24, 6, 9, 0)
    assert sum(mix.model_dump().values()) == 100
    assert mix.retrained > mix.suspended


def test_the_published_year_has_the_agencies_of_the_state():
    """Groups of `clets_2023` are those of `state`, one by one, and as unlike."""
    published, state = load_scenario("clets_2023"), load_scenario("state")
    assert published.agency == state.agency
    assert published.workload == state.workload
