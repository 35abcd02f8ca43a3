"""The agencies of a state."""

from __future__ import annotations

import re

import numpy as np
import pytest

from misusesim.world.agencies import agencies, first_seats


def test_order_and_index(world):
    """Agencies come in the order of their groups and know their place."""
    groups = [{"name": "a", "type": "police", "count": 3}, {"name": "b", "type": "dispatch"}]
    found = agencies(world(*groups))
    assert [agency.index for agency in found] == [0, 1, 2, 3]
    assert [agency.group.name for agency in found] == ["a", "a", "a", "b"]


def test_sigma_zero_gives_the_median(world):
    """Without spread every agency has the median number of accounts."""
    assert [agency.accounts for agency in agencies(world())] == [120, 120]


def test_sizes_are_heavy_tailed(world):
    """Median 10 and sigma 1.6 leave half below ten, and 7.5 % of a hundred or more."""
    group = {"name": "a", "type": "police", "count": 2000, "accounts_median": 10.0}
    sizes = np.array([a.accounts for a in agencies(world({**group, "accounts_sigma": 1.6}))])
    assert np.median(sizes) == pytest.approx(10, abs=1)
    assert (sizes >= 100).mean() == pytest.approx(0.075, abs=0.015)
    assert sizes.min() == 3


def test_sizes_are_capped(world):
    """No agency is larger than the largest size, not even by the least size."""
    group = {"name": "a", "type": "police", "count": 50, "accounts_sigma": 3.0}
    assert max(a.accounts for a in agencies(world({**group, "accounts_max": 200}))) == 200
    assert {a.accounts for a in agencies(world({**group, "accounts_max": 1}))} == {1}


def test_ids_say_nothing(world):
    """Ids look like ORIs, differ, and neither rise with the index nor gather by group."""
    group = {"type": "police", "count": 100}
    found = agencies(world({"name": "a", **group}, {"name": "b", **group}))
    numbers = np.array([int(agency.agency_id[2:7]) for agency in found])
    assert all(re.fullmatch(r"CA\d{5}00", agency.agency_id) for agency in found)
    assert len(set(numbers.tolist())) == 200
    assert abs(np.corrcoef(numbers, np.arange(200))[0, 1]) < 0.2


def test_state_is_in_the_id(world):
    """Another state gives another prefix."""
    assert agencies(world(state="WA"))[0].agency_id.startswith("WA")


@pytest.mark.parametrize("kind", ["police", "sheriff", "dispatch", "campus", "bureau"])
def test_names_differ_and_fit_the_type(world, kind):
    """A thousand agencies of one type have a thousand names of one form."""
    group = {"name": "a", "type": kind, "count": 1000}
    names = [agency.name for agency in agencies(world(group))]
    sign = {
        "police": "Police Department", "sheriff": "County Sheriff's Office",
        "dispatch": "Regional Dispatch", "campus": "University Police", "bureau": "State Bureau",
    }[kind]  # fmt: skip
    assert len(set(names)) == 1000
    assert all(sign in name and "{" not in name for name in names)


def test_names_are_invented(world):
    """A county is never named by a bare surname, which might exist."""
    group = {"name": "a", "type": "sheriff", "count": 300}
    assert not {"Glenn", "Jackson", "Johnson"} & {
        agency.name.split(" County")[0] for agency in agencies(world(group))
    }


def test_days_do_not_matter(world):
    """The state is the same for two days as for two years."""
    assert agencies(world(days=2)) == agencies(world(days=700))


def test_list_can_be_changed(world):
    """What a caller does with the list does not come back."""
    agencies(world()).clear()
    assert len(agencies(world())) == 2


def test_first_seats_add_up(world):
    """Seats are accounts and the permit desk on top; the last number is the state's total."""
    assert first_seats(world()) == (0, 123, 243)
