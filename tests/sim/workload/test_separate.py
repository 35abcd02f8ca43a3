"""Neighbours in one: whatever agencies stand beside it, an agency's honest work is its own."""

from __future__ import annotations

from dataclasses import fields, is_dataclass

import numpy as np
import pyarrow as pa
import pytest
from tests.sim.neighbours import block_of
from tests.sim.workload.office import every_oddity, scenario_of

from misusesim.engine import causal_pass, causal_passes, honest_pass
from misusesim.plan import SERIAL_BITS
from misusesim.scenario.model import AgencyGroup
from misusesim.world.agencies import agencies

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def world():
    """Agencies that differ in all that work depends on."""
    plain = scenario_of(days=14, oddity=every_oddity())
    small = {"accounts_sigma": 0, "accounts_median": 25}
    groups = (
        *plain.agency,
        AgencyGroup(name="city", type="police", burstiness="bursty", count=2, **small),
        AgencyGroup(name="desk", type="dispatch", street=False, **small),
        AgencyGroup(name="jail", type="sheriff", street=False, licensing_unit=1, **small),
        AgencyGroup(name="court", type="court", street=False, **small),
    )
    return plain.model_copy(update={"agency": groups})


def same(one, two):
    """Return whether two dataclasses of columns hold the same, and how many rows that is."""
    for f in fields(one):
        a, b = getattr(one, f.name), getattr(two, f.name)
        if is_dataclass(a):
            same(a, b)
        elif isinstance(a, np.ndarray):
            assert np.array_equal(a, b), f.name
            assert a.dtype == b.dtype, f.name
    return True


def plain(table):
    """Return a table with words for codes: dictionaries may be in any order."""
    return pa.table({
        name: column.cast(pa.string()) if pa.types.is_dictionary(column.type) else column
        for name, column in zip(table.schema.names, table.columns, strict=True)
    })  # fmt: skip


@pytest.fixture(scope="module")
def alone(world):
    """Each agency's plan, made by itself."""
    return [causal_pass(world, agency) for agency in agencies(world)]


def test_a_block_is_its_agencies_made_alone(world, alone):
    """Officers, terminals, occasions, files, campaigns and suspensions of all of them."""
    block = causal_passes(world, agencies(world)).block
    wanted = block_of(alone)
    assert len(block.agencies) == 6
    for name in ("agencies", "officer_place", "terminal_place"):
        assert np.array_equal(getattr(block, name), getattr(wanted, name)), name
    for name in ("officers", "terminals", "occasions", "incidents", "cases", "campaigns",
                 "suspensions"):  # fmt: skip
        assert same(getattr(wanted, name), getattr(block, name)), name


def test_tables_of_a_block_are_those_of_its_agencies(world, alone):
    """Context and truth, agency by agency."""
    planned = causal_passes(world, agencies(world))
    for tables, part in ((planned.context, "context"), (planned.truth, "truth")):
        assert list(tables) == list(getattr(alone[0], part))
        for name in tables:
            apart = [getattr(plan, part)[name] for plan in alone]
            assert plain(tables[name]).equals(plain(pa.concat_tables(apart))), name
        assert sum(tables[name].num_rows for name in tables) > 100


def test_shifts_of_a_block_are_those_of_its_agencies(world, alone):
    """By start, and rows of all officers of the block."""
    setting = causal_passes(world, agencies(world)).setting
    for place, plan in enumerate(alone):
        mine = setting.place[setting.shifts.officer] == place
        assert np.array_equal(setting.shifts.start[mine], plan.shifts.start)
        own = setting.shifts.officer[mine] - setting.first[place]
        assert np.array_equal(own, plan.shifts.officer)


def test_any_neighbours_will_do(world):
    """An agency is the same beside two others and beside three."""
    every = agencies(world)
    few, more = causal_passes(world, every[1:4]).block, causal_passes(world, every[2:6]).block
    a = few.officer_place[few.occasions.officer] >= 1
    b = more.officer_place[more.occasions.officer] <= 1
    for name in ("source", "serial", "start", "n", "subject"):
        one, two = getattr(few.occasions, name)[a], getattr(more.occasions, name)[b]
        assert np.array_equal(one, two)
    ids = few.officers.officer_id[few.occasions.officer[a]]
    assert (ids == more.officers.officer_id[more.occasions.officer[b]]).all()


def test_nobody_works_for_the_neighbours(world):
    """In one, everything an officer does is about things of his own agency."""
    for agency in agencies(world):
        honest = honest_pass(world, agency)
        for column in (honest.incidents.serial, honest.cases.serial,
                       honest.occasions.serial, honest.applications.serial):  # fmt: skip
            assert (column >> SERIAL_BITS == 0).all()
        known = set(honest.incidents.serial.tolist())
        assert set(honest.occasions.incident.tolist()) - {-1} <= known
        assert honest.occasions.officer.max(initial=0) < len(honest.setting.officers)
