"""The family of data sets: names, and what each part of a name changes."""

from __future__ import annotations

import pytest

from misusesim.errors import ScenarioError
from misusesim.scenario.family import PREVALENCES, RATES, member_of, members
from misusesim.scenario.load import load_scenario


def rates(scenario):
    """Return how often campaigns of each kind begin."""
    return {
        kind.kind: getattr(kind, rate)
        for kind in scenario.misuse
        for rate in RATES
        if hasattr(kind, rate)
    }


def test_there_are_four_sizes_three_prevalences_and_three_levels():
    """36 members, small to large."""
    names = [member.name for member in members()]
    assert len(set(names)) == 36
    assert (names[0], names[-1]) == ("S-NAT-easy", "XL-HI-hard")


@pytest.mark.parametrize("name", ["S-NAT", "XS-NAT-hard", "S-NAT-harder", "s-nat-hard", "county"])
def test_other_names_are_none_of_it(name):
    """Only whole names in capitals and small letters as they are written."""
    assert member_of(name) is None


def test_size_multiplies_agencies_and_people():
    """M has ten times as many agencies and people as S, L a hundred times."""
    small, middle, large = (load_scenario(f"{size}-NAT-medium") for size in "SML")
    counts = [[group.count for group in one.agency] for one in (small, middle, large)]
    assert counts == [[1] * 6, [10] * 6, [100] * 6]
    assert [one.population for one in (small, middle, large)] == [2_000_000, 20_000_000, 40_000_000]
    assert [one.truth for one in (small, middle, large)] == ["full", "full", "sparse"]
    styles = [{group.reason_style for group in one.agency} for one in (small, middle)]
    assert (len(styles[0]), styles[1]) == (5, {"mixed"})  # many agencies: a mix of each one's own


def test_prevalence_multiplies_campaigns_and_nothing_else():
    """Five and twenty times as many of each kind, in the same world."""
    natural = load_scenario("S-NAT-medium")
    for name, times in (("LOW", 5), ("HI", 20)):
        more = load_scenario(f"S-{name}-medium")
        assert PREVALENCES[name].times == times
        assert rates(more) == {k: pytest.approx(r * times) for k, r in rates(natural).items()}
        changed = {"name": natural.name, "title": natural.title, "misuse": natural.misuse}
        assert more.model_copy(update=changed) == natural


def test_level_changes_the_level_alone():
    """Rates and all else are those of medium."""
    medium, hard = load_scenario("S-HI-medium"), load_scenario("S-HI-hard")
    changed = {"name": medium.name, "title": medium.title, "level": "medium"}
    assert hard.level == "hard"
    assert hard.model_copy(update=changed) == medium


def test_the_largest_is_the_state():
    """XL has the agencies of `state` and the misuse of the family."""
    state, member = load_scenario("state"), load_scenario("XL-LOW-easy")
    assert member.agency == state.agency
    assert rates(member) == rates(load_scenario("S-LOW-easy"))


def test_a_near_name_is_suggested():
    """Whoever mistypes a member is told of it."""
    with pytest.raises(ScenarioError, match="did you mean S-HI-hard"):
        load_scenario("S-HI-hardd")
