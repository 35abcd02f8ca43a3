"""Account holders, their seats and their successors."""

from __future__ import annotations

import dataclasses
import re

import numpy as np
import pytest

from misusesim.clock import DAY_US, NEVER, LocalClock
from misusesim.dataset.schema import ROLES, TERMINAL_KINDS
from misusesim.world.agencies import agencies
from misusesim.world.officers import officers, terminals, unit_names
from misusesim.world.subjects import AREAS, Population

TEN_YEARS = 3660


def staff(scenario, index=0):
    return officers(scenario, agencies(scenario)[index])


def heads(people, n):
    """Return the number of seats of each role."""
    counts = np.bincount(people.role[:n], minlength=len(ROLES))
    return {role: int(c) for role, c in zip(ROLES, counts, strict=True) if c}


def test_sheriffs_run_a_jail(world):
    """A sheriff of 120 with a permit desk of three has these seats."""
    assert heads(staff(world()), 123) == {
        "patrol": 53, "detective": 12, "supervisor": 12, "dispatcher": 11, "records_clerk": 9,
        "jail": 19, "licensing_clerk": 3, "analyst": 2, "it": 2,
    }  # fmt: skip


def test_police_have_no_jail(world):
    """A police department of 120 has these seats."""
    assert heads(staff(world(), 1), 120) == {
        "patrol": 65, "detective": 14, "supervisor": 15, "dispatcher": 11, "records_clerk": 8,
        "analyst": 5, "it": 2,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("group", "roles"),
    [
        ({"type": "dispatch"}, {"dispatcher", "supervisor", "it"}),
        ({"type": "dispatch", "dispatchers": False}, {"dispatcher", "supervisor", "it"}),
        ({"type": "court"}, {"records_clerk", "supervisor", "it"}),
        ({"type": "bureau"}, {"detective", "supervisor", "records_clerk", "analyst", "it"}),
        ({"type": "police", "dispatchers": False, "street": False},
         {"detective", "supervisor", "records_clerk", "analyst", "it"}),
    ],
)  # fmt: skip
def test_roles_follow_the_type(world, group, roles):
    """Each type has its own roles; a switch of the scenario takes patrol or dispatchers away."""
    assert set(heads(staff(world({"name": "a", **group})), 120)) == roles


@pytest.mark.parametrize("size", [1, 2, 3, 7, 119])
def test_every_account_is_a_seat(world, size):
    """Shares are apportioned to exactly the number of accounts."""
    group = {"name": "a", "type": "police", "accounts_median": size, "accounts_max": size}
    scenario = world(group, staffing={"turnover_per_year": 0.0})
    assert len(staff(scenario)) == size


def test_units_are_those_with_seats(world):
    """Only the fugitive unit has nobody for good, and the permit desk is the unit licensing."""
    for index in (0, 1):
        people = staff(world(), index)
        held = [name for name in people.units if name != "fugitives"]
        assert np.unique(people.unit).tolist() == list(range(len(held)))
    sheriff = staff(world())
    clerks = sheriff.role == ROLES.index("licensing_clerk")
    assert (clerks == (sheriff.unit == sheriff.units.index("licensing"))).all()
    assert unit_names(agencies(world())[1]) == (
        "patrol", "detectives", "command", "dispatch", "records", "analysis", "it", "fugitives",
    )  # fmt: skip


def test_desks_keep_office_hours(world):
    """Detectives, clerks, analysts and IT have no watch; patrol, jail and dispatch have one."""
    people = staff(world())
    by_role = {role: set(people.watch[people.role == n].tolist()) for n, role in enumerate(ROLES)}
    for role in ("detective", "records_clerk", "licensing_clerk", "analyst", "it"):
        assert by_role[role] == {-1}
    for role in ("patrol", "jail", "dispatcher"):
        assert by_role[role] == set(range(6))
    assert by_role["supervisor"] == {-1, 0, 1, 2, 3, 4, 5}


def test_patrol_is_spread_by_weight(world):
    """Of a hundred on patrol 26 are on the late watch and 10 on the second."""
    group = {"name": "a", "type": "police", "accounts_median": 1000}
    scenario = world(group, staffing={"turnover_per_year": 0.0})
    people = staff(scenario)
    patrol = people.watch[people.role == ROLES.index("patrol")]
    assert np.round(np.bincount(patrol) / len(patrol) * 100).tolist() == [17, 10, 17, 26, 15, 15]


def test_ids_are_opaque_and_unique(world):
    """No officer or terminal of any agency shares an id, and ids are not in order."""
    scenario = world()
    ids = np.concatenate([staff(scenario, n).officer_id for n in (0, 1)])
    places = np.concatenate([terminals(scenario, a).terminal_id for a in agencies(scenario)])
    assert all(re.fullmatch(r"o[0-9a-f]{10}", i) for i in ids)
    assert all(re.fullmatch(r"t[0-9a-f]{10}", i) for i in places)
    assert len(set(ids)) == len(ids)
    assert len(set(places)) == len(places)
    assert sorted(ids[:120]) != ids[:120].tolist()


@pytest.mark.slow
def test_nobody_is_two_officers(world):
    """A hundred and fifty agencies in a small state share nobody, successors included."""
    group = {"name": "a", "type": "police", "count": 150, "accounts_median": 80}
    scenario = world(group, population=600_000, days=730)
    subjects = np.concatenate([officers(scenario, a).subject for a in agencies(scenario)])
    assert len(subjects) > 13_000
    assert np.unique(subjects).size == len(subjects)


def test_officers_are_grown_up(world):
    """On the first day all are 23 to 60, and nobody was hired before the age of 21."""
    scenario = world({"name": "a", "type": "police", "accounts_median": 2000},
                     population=1_000_000)  # fmt: skip
    people = staff(scenario)
    age = 2024 - Population(scenario).birth_year(people.subject)
    born = Population(scenario).birth_date(people.subject).astype(np.int64)
    hired = (people.hired // DAY_US - born) / 365.25
    assert ((age < 23) | (age > 60)).mean() < 0.002
    assert (hired[age >= 23] >= 20.99).all()


def test_service_of_the_first_day(world):
    """Those of the first day have served a month to nineteen years, and not all alike."""
    scenario = world()
    served = (LocalClock(scenario).horizon[0] - staff(scenario).hired[:123]) // DAY_US
    assert served.min() >= 30
    assert served.max() <= 7000
    assert np.unique(served).size > 100


@pytest.mark.parametrize("days", [2, 60, 800])
def test_longer_horizon_only_appends(world, days):
    """The officers of a few days are the first rows of those of ten years, in every column."""
    short, long = staff(world(days=days)), staff(world(days=TEN_YEARS))
    assert len(short) < len(long)
    for field in dataclasses.fields(short):
        if field.name != "units":
            column = getattr(long, field.name)[: len(short)]
            assert (getattr(short, field.name) == column).all(), field.name


def test_turnover_is_as_configured(world):
    """About eight in a hundred leave in a year, and each leaver is replaced."""
    scenario = world({"name": "a", "type": "police", "accounts_median": 5000}, days=364,
                     population=2_000_000)  # fmt: skip
    people = staff(scenario)
    end = LocalClock(scenario).horizon[1]
    assert (people.left < end).sum() / 5000 == pytest.approx(0.08, abs=0.01)
    assert (people.hired > LocalClock(scenario).horizon[0]).sum() / 5000 == pytest.approx(
        0.073, abs=0.01
    )


def test_successors_follow_their_leavers(world):
    """A seat is never held by two, and stands empty for one to eight weeks between."""
    people = staff(world(days=TEN_YEARS))
    new = np.arange(123, len(people))
    assert (np.diff(people.hired[new]) >= 0).all()
    assert (people.left > people.hired).all()
    for row in new[:20].tolist():
        gap = (people.hired[row] - people.left) // DAY_US
        before = (gap >= 7) & (gap < 60) & (people.role == people.role[row])
        same = (people.desk_terminal == people.desk_terminal[row]) & (
            people.unit == people.unit[row]
        )
        assert (before & same).any()


def test_nobody_leaves_without_turnover(world):
    """At a turnover of zero the first day's staff stays."""
    people = staff(world(days=TEN_YEARS, staffing={"turnover_per_year": 0.0}))
    assert len(people) == 123
    assert set(people.left.tolist()) == {NEVER}


def test_training_lapses_for_a_few(world):
    """At 5 % a year about 5 % lapse within the year, and nobody before he is there."""
    group = {"name": "a", "type": "police", "accounts_median": 5000}
    scenario = world(group, days=365, staffing={"lapsed_training_share": 0.05},
                     population=2_000_000)  # fmt: skip
    people = staff(scenario)
    lapsed = people.training_until[:5000] < LocalClock(scenario).horizon[1]
    assert lapsed.mean() == pytest.approx(0.0488, abs=0.01)
    assert (people.training_until >= people.hired).all()


def test_good_training_outlasts_every_scenario(world):
    """Without lapses certificates end on many dates beyond ten years, all of them plausible."""
    scenario = world(staffing={"lapsed_training_share": 0.0})
    days = (staff(scenario).training_until - LocalClock(scenario).horizon[0]) // DAY_US
    assert days.min() >= 4000
    assert days.max() < 4730 + 60
    assert np.unique(days).size > 50


def test_activity_is_lognormal_around_one(world):
    """The mean is one, the Gini coefficient that of sigma 1 (0.52), and six digits are kept."""
    group = {"name": "a", "type": "police", "accounts_median": 20_000}
    activity = staff(world(group, population=6_000_000)).activity
    rank = np.sort(activity)
    n = len(rank)
    gini = 2 * (rank * np.arange(1, n + 1)).sum() / (n * rank.sum()) - (n + 1) / n
    assert activity.mean() == pytest.approx(1.0, abs=0.05)
    assert gini == pytest.approx(0.52, abs=0.03)
    assert (activity == np.round(activity, 6)).all()
    assert activity.min() > 0


def test_beats(world):
    """Home beats are areas of the population and spread over all of them."""
    assert np.unique(staff(world()).area).tolist() == list(range(AREAS))


def test_everybody_sits_in_his_unit(world):
    """Desks belong to the unit of whoever sits there; dispatchers sit at consoles."""
    scenario = world()
    people, places = staff(scenario), terminals(scenario, agencies(scenario)[0])
    assert (places.unit[people.desk_terminal] == people.unit).all()
    consoles = places.kind[people.desk_terminal] == TERMINAL_KINDS.index("console")
    assert (consoles == (people.role == ROLES.index("dispatcher"))).all()


def test_two_share_a_car(world):
    """Every patrol seat has a car, each car two seats, and cars come first."""
    scenario = world(staffing={"turnover_per_year": 0.0})
    people, places = staff(scenario), terminals(scenario, agencies(scenario)[0])
    patrol = people.role == ROLES.index("patrol")
    cars = np.flatnonzero(places.kind == TERMINAL_KINDS.index("car"))
    assert cars.tolist() == list(range(27))
    assert np.bincount(people.car_terminal[patrol]).tolist() == [2] * 26 + [1]
    assert (places.kind[people.car_terminal] == TERMINAL_KINDS.index("car")).all()


def test_no_patrol_no_cars(world):
    """Without patrol there is no car, and the desk stands in for it."""
    scenario = world({"name": "a", "type": "dispatch", "street": False})
    people, places = staff(scenario), terminals(scenario, agencies(scenario)[0])
    assert TERMINAL_KINDS.index("car") not in places.kind
    assert (people.car_terminal == people.desk_terminal).all()


@pytest.mark.parametrize("size", [1, 2, 3, 5, 40, 700])
def test_terminals_exist(world, size):
    """Every officer's car and desk are rows of the table, in agencies of any size."""
    group = {"name": "a", "type": "sheriff", "accounts_median": size, "accounts_max": size}
    scenario = world(group)
    people, places = staff(scenario), terminals(scenario, agencies(scenario)[0])
    for column in (people.car_terminal, people.desk_terminal):
        assert column.min() >= 0
        assert column.max() < len(places.kind)


def test_misuse_does_not_enter(world):
    """Who works where is the same with and without misuse."""
    plain = world()
    guilty = plain.model_validate(
        {**plain.model_dump(), "misuse": [{"kind": "retaliation"}, {"kind": "romantic_interest"}]}
    )
    assert len(guilty.misuse) == 2
    for field in dataclasses.fields(staff(plain)):
        if field.name != "units":
            assert (getattr(staff(plain), field.name) == getattr(staff(guilty), field.name)).all()
