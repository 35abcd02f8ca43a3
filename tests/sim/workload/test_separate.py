"""Neighbours in one: whatever agencies stand beside it, an agency's honest work is its own."""

from __future__ import annotations

from dataclasses import fields, is_dataclass

import numpy as np
import pytest
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


def test_every_plan_is_the_same_alone_and_among_neighbours(world):
    """Shifts, occasions, incidents, cases, context and truth of each agency."""
    every = agencies(world)
    together = causal_passes(world, every)
    assert len(together) == 6
    for agency, plan in zip(every, together, strict=True):
        alone = causal_pass(world, agency)
        for name in ("officers", "shifts", "occasions", "incidents", "cases", "campaigns"):
            assert same(getattr(alone, name), getattr(plan, name)), (agency.name, name)
        for part in ("context", "truth"):
            one, two = getattr(alone, part), getattr(plan, part)
            assert list(one) == list(two)
            for name in one:
                assert one[name].equals(two[name]), (agency.name, name)


def test_any_neighbours_will_do(world):
    """An agency is the same beside two others and beside three."""
    every = agencies(world)
    few, more = causal_passes(world, every[1:4]), causal_passes(world, every[2:6])
    for a, b in zip(few[1:], more[:2], strict=True):
        assert same(a.occasions, b.occasions)
        assert same(a.incidents, b.incidents)


def test_nobody_works_for_the_neighbours(world):
    """In one, everything an officer does is about things of his own agency."""
    for agency in agencies(world):
        honest = honest_pass(world, agency)
        for column in (honest.incidents.serial, honest.desks.cases.serial,
                       honest.occasions.serial, honest.desks.applications.serial):  # fmt: skip
            assert (column >> SERIAL_BITS == 0).all()
        known = set(honest.incidents.serial.tolist())
        assert set(honest.occasions.incident.tolist()) - {-1} <= known
        assert honest.occasions.officer.max(initial=0) < len(honest.setting.officers)
