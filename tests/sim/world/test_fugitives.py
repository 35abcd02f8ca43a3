"""The fugitive unit: who is in it when, and how the roster tells a transfer."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

from misusesim.clock import NEVER, WEEK_US, LocalClock
from misusesim.dataset.schema import ROLES
from misusesim.plan import Suspensions
from misusesim.scenario.model import AgencyGroup, Scenario
from misusesim.world.accountstates import account_states
from misusesim.world.agencies import agencies
from misusesim.world.context import roster_context
from misusesim.world.fugitives import UNIT, Duty, duty, unit_size
from misusesim.world.model import Staff
from misusesim.world.officers import officers, terminals, unit_names


@pytest.fixture(scope="module")
def scenario():
    """Return a year of a large and a small police department."""
    groups = tuple(
        AgencyGroup(name=name, type="police", accounts_median=n, accounts_sigma=0)
        for name, n in (("large", 300), ("small", 30))
    )
    return Scenario(
        name="two", seed=8, start=dt.date(2024, 1, 1), days=365, population=1_000_000, agency=groups
    )


@pytest.fixture(scope="module")
def staff(scenario):
    """Return the people of both."""
    every = agencies(scenario)
    return Staff.of(every, [officers(scenario, agency) for agency in every])


@pytest.fixture(scope="module")
def terms(scenario, staff):
    """Return who is in the unit when."""
    return duty(scenario.seed, LocalClock(scenario), staff, staff.officers)


def test_only_large_agencies_have_a_unit(scenario, staff, terms):
    """One detective in eight; fewer than eight detectives have none, and no unit is named."""
    large, small = agencies(scenario)
    assert (unit_size(7), unit_size(8), unit_size(36)) == (0, 1, 4)
    assert (UNIT in unit_names(large), UNIT in unit_names(small)) == (True, False)
    assert set(staff.place[terms.officer].tolist()) == {0}


def test_only_detectives_who_are_there(staff, terms):
    """Everybody in the unit is a detective, hired before his term, and gone from it on leaving."""
    people = staff.officers
    assert set(people.role[terms.officer].tolist()) == {ROLES.index("detective")}
    assert (people.hired[terms.officer] <= terms.start).all()
    assert (terms.end <= people.left[terms.officer]).all()


def test_terms_follow_each_other(terms):
    """Twelve weeks each, four or five seats, without a gap, and mostly by others each time."""
    starts = np.unique(terms.start)
    assert np.diff(starts).tolist() == pytest.approx([12 * WEEK_US] * (len(starts) - 1), rel=0.001)
    seats = {int((terms.start == one).sum()) for one in starts}
    assert seats == {4}
    assert len(set(terms.officer.tolist())) > 8


def test_holds(terms):
    """From the first moment of a term to just before its end."""
    who, start, end = (int(part[0]) for part in terms)
    asked = np.array([start - 1, start, end - 1])
    told = terms.holds(np.full(3, who), asked).tolist()
    assert told == [False, True, True]
    assert Duty(*(np.array([n]) for n in (3, 10, 20))).holds(
        np.array([3, 3, 4]), np.array([20, 19, 15])
    ).tolist() == [False, True, False]  # fmt: skip


def roster(scenario, staff, suspensions=None):
    every = agencies(scenario)
    places = [terminals(scenario, agency) for agency in every]
    units = [unit_names(agency) for agency in every]
    table = roster_context(scenario, staff, units, places, suspensions)["roster/officers"]
    rows = {}
    for row in table.to_pylist():
        rows.setdefault(row["officer_id"], []).append(row)
    return {who: sorted(own, key=lambda row: row["valid_from"]) for who, own in rows.items()}


def test_the_roster_tells_a_transfer(scenario, staff, terms):
    """The same account has a row in each unit, from the day on which the transfer holds."""
    rows = roster(scenario, staff)
    who = int(terms.officer[0])
    own = rows[staff.officers.officer_id[who]]
    assert [row["unit"] for row in own][:2] == ["detectives", "fugitives"]
    assert own[1]["valid_from"] == own[1]["known_at"]
    assert {row["role"] for row in own} == {"detective"}
    moved = {name for name, own in rows.items() if any(row["unit"] == UNIT for row in own)}
    assert moved == set(staff.officers.officer_id[np.unique(terms.officer)])


def test_nobody_is_transferred_while_suspended(scenario, staff, terms):
    """Whose account is closed is not moved; he comes back to the unit he belongs to then."""
    who, start = int(terms.officer[-1]), int(terms.start[-1])
    away = Suspensions(
        np.array([who], np.int32), np.array([start - WEEK_US]), np.array([start + WEEK_US])
    )
    states = account_states(scenario, staff, away)
    mine = states.officer == who
    order = np.argsort(states.start[mine])
    told = list(zip(states.active[mine][order].tolist(), states.transferred[mine][order].tolist(),
                    strict=True))  # fmt: skip
    assert (False, False) in told
    assert told[told.index((False, False)) + 1] == (True, True)
    assert not ((states.start[mine] == start) & states.active[mine]).any()
    gone = Suspensions(np.array([who], np.int32), np.array([start - WEEK_US]), np.array([NEVER]))
    left = account_states(scenario, staff, gone)
    assert not left.active[(left.officer == who) & (left.start >= start - WEEK_US)].any()
