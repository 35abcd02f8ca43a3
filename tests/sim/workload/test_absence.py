"""Leave: whole days, spells of the configured lengths, and a table that says when it was known."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from tests.sim.workload.office import scenario_of

from misusesim.clock import DAY_US, HOUR_US, LocalClock
from misusesim.dataset import schema
from misusesim.scenario.model import Staffing
from misusesim.workload.absence import KINDS, Absence
from misusesim.world.agencies import agencies
from misusesim.world.model import Staff
from misusesim.world.officers import officers

LENGTHS = {1, 2, 3, 5, 7, 14}
WEEKS = 26


def absence_of(weeks=range(-1, WEEKS), leave=60.0, seed=5, **group):
    """Return the leave of an office in which people are often away."""
    scenario = scenario_of(
        days=7 * WEEKS, seed=seed, staffing=Staffing(leave_days_per_year=leave), **group
    )
    agency = agencies(scenario)[0]
    people = officers(scenario, agency)
    clock = LocalClock(scenario)
    return Absence(scenario, Staff.of([agency], [people]), clock, weeks), people, clock


@pytest.fixture(scope="module")
def world():
    return absence_of()


@pytest.fixture(scope="module")
def rows(world):
    return world[0].tables()[0]


def days_of(rows, clock):
    """Return the first day and the length in days of each spell."""
    first, end = (rows[n].cast(pa.int64()).to_numpy() for n in ("valid_from", "valid_to"))
    return clock.day_index(first), clock.day_index(end) - clock.day_index(first)


def test_the_table_has_its_schema(rows):
    """Leave is the roster's leave table."""
    assert rows.schema.equals(schema.CONTEXT["roster"]["leave"])
    assert rows.num_rows > 200


def test_lengths_of_spells(rows, world):
    """Spells last 1, 2, 3, 5, 7 or 14 calendar days, and all of these occur."""
    _, length = days_of(rows, world[2])
    assert set(length.tolist()) == LENGTHS


def test_nearly_half_of_the_spells_are_one_day(rows, world):
    """46 % of spells are a single day and 9 % a fortnight."""
    _, length = days_of(rows, world[2])
    assert (length == 1).mean() == pytest.approx(0.46, abs=0.06)
    assert (length == 14).mean() == pytest.approx(0.09, abs=0.04)


def test_leave_is_whole_local_days(rows, world):
    """Spells begin and end at local midnight, over the change of the clocks too."""
    clock = world[2]
    for name in ("valid_from", "valid_to"):
        moment = rows[name].cast(pa.int64()).to_numpy()
        assert not (clock.local(moment) % DAY_US).any()


@pytest.mark.parametrize(
    ("kind", "before"),
    [("sick", -5 * HOUR_US), ("training", 14 * DAY_US), ("vacation", 30 * DAY_US)],
)
def test_when_leave_is_known(rows, kind, before):
    """Sickness is known at five in the morning, training two weeks and vacation 30 days ahead."""
    mine = rows.filter(pc.equal(rows["kind"].cast(pa.string()), kind))
    start, known = (mine[n].cast(pa.int64()).to_numpy() for n in ("valid_from", "known_at"))
    assert set((start - known).tolist()) == {before}


def test_short_leave_is_sickness_and_long_leave_vacation(rows, world):
    """Nobody is sick for more than three days or on vacation for fewer than five."""
    _, length = days_of(rows, world[2])
    kind = np.array(rows["kind"].to_pylist())
    assert length[kind == "sick"].max() == 3
    assert length[kind == "vacation"].min() == 5


def test_a_sixth_of_leave_is_training(rows):
    """One spell in six is training, of any length."""
    kind = np.array(rows["kind"].to_pylist())
    assert (kind == "training").mean() == pytest.approx(1 / 6, abs=0.05)
    assert set(kind.tolist()) == set(KINDS)


def test_leave_comes_in_order(rows):
    """Rows are by beginning."""
    assert (np.diff(rows["valid_from"].cast(pa.int64()).to_numpy()) >= 0).all()


def test_days_agree_with_the_table(rows, world):
    """Who has a spell in the table is away on each of its days."""
    absence, people, clock = world
    place = {name: i for i, name in enumerate(people.officer_id.tolist())}
    first, length = days_of(rows, clock)
    who = np.array([place[name] for name in rows["officer_id"].to_pylist()])
    for officer, day, n in zip(who[:200], first[:200], length[:200], strict=True):
        for d in range(max(day, -7), min(day + n, 7 * WEEKS)):
            assert absence.days(np.array([officer]), d // 7)[0, d % 7]


@pytest.mark.parametrize("week", [-1, 0, 12, WEEKS - 1])
def test_days_have_seven_columns(world, week):
    """A week has seven days for each of the officers asked for."""
    absence, people, _ = world
    assert absence.days(np.arange(len(people)), week).shape == (len(people), 7)
    assert absence.days(np.array([3, 1]), week).shape == (2, 7)


def test_days_follow_the_order_asked(world):
    """Officers come back in the order in which they were asked for."""
    absence = world[0]
    straight, turned = absence.days(np.array([0, 1, 2]), 5), absence.days(np.array([2, 1, 0]), 5)
    assert straight.tolist() == turned[::-1].tolist()


@pytest.mark.parametrize("leave", [10.0, 24.0, 60.0])
def test_days_away_are_the_configured_ones(leave):
    """Days away in a year are the leave of duty days, blown up to calendar days."""
    worlds = [absence_of(leave=leave, seed=seed)[:2] for seed in range(4)]
    away = np.mean([
        absence.days(np.arange(len(people)), w).mean() for absence, people in worlds
        for w in range(WEEKS)
    ])  # fmt: skip
    calendar = leave / 365 * 7 / 4
    assert away == pytest.approx(calendar, rel=0.2)


def test_without_leave_nobody_is_away():
    """No days of leave make an empty table and no absence."""
    absence, people, _ = absence_of(leave=0.0)
    assert absence.tables()[0].num_rows == 0
    assert not absence.days(np.arange(len(people)), 3).any()


def test_more_weeks_change_no_day():
    """Asking for more weeks changes nothing in those asked for before."""
    short, people, _ = absence_of(range(-1, 6))
    long, _, _ = absence_of(range(-1, 12))
    who = np.arange(len(people))
    for week in range(-1, 6):
        assert (short.days(who, week) == long.days(who, week)).all()


def test_a_spell_of_before_reaches_in():
    """A fortnight that began before the first week asked for still counts in it."""
    late, people, _ = absence_of(range(4, 8))
    whole, _, _ = absence_of(range(-1, 8))
    who = np.arange(len(people))
    for week in range(4, 8):
        assert (late.days(who, week) == whole.days(who, week)).all()


def test_another_seed_is_another_leave(world):
    """Leave follows the seed."""
    other, people, _ = absence_of(seed=6)
    who = np.arange(min(len(people), len(world[1])))
    assert (other.days(who, 4) != world[0].days(who, 4)).any()


def test_nobody_is_on_leave_before_hiring_or_after_leaving(rows, world):
    """A spell on file is inside the officer's time at the agency."""
    _, people, _ = world
    place = {name: i for i, name in enumerate(people.officer_id.tolist())}
    who = np.array([place[name] for name in rows["officer_id"].to_pylist()])
    start, end = (rows[n].cast(pa.int64()).to_numpy() for n in ("valid_from", "valid_to"))
    assert (start >= people.hired[who]).all()
    assert (end <= people.left[who]).all()
