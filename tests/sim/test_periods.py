"""Periods: what a shard covers, and that cutting finer loses and changes no row."""

from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.sim import synthetic_plan

from misusesim import periods
from misusesim.periods import days_of, period_days
from misusesim.query import expand
from misusesim.scenario.load import load_scenario
from misusesim.tasks import blocks, tasks
from misusesim.world.agencies import agencies


@given(st.integers(1, 400), st.integers(1, 52), st.integers(1, 50_000), st.integers(1, 10))
def test_periods_cover_every_day_once(days, weeks, accounts, count):
    """One after the other, without gap or overlap, up to the end of the last week begun."""
    world = synthetic_plan.scenario(
        days, shard_weeks=weeks,
        group={"accounts_median": accounts, "accounts_sigma": 0, "accounts_max": 50_000,
               "count": count},
    )  # fmt: skip
    every = agencies(world)
    found = [days_of(world, every, p) for p in periods.periods(world, every)]
    assert [day for one in found for day in one] == list(range(7 * -(-days // 7)))
    assert all(found)
    assert not days_of(world, every, len(found))
    assert period_days(world, every) <= 7 * weeks


@pytest.mark.parametrize(
    ("accounts", "days"), [(10, 28), (3759, 28), (3760, 27), (11_000, 9), (50_000, 2)]
)
def test_big_agencies_have_short_periods(accounts, days):
    """Two million rows at 19 queries for every account and day."""
    group = {"accounts_median": accounts, "accounts_sigma": 0, "accounts_max": 50_000}
    world = synthetic_plan.scenario(28, shard_weeks=4, group=group)
    assert period_days(world, agencies(world)) == days


def test_interface_accounts_count():
    """What systems ask is part of the volume."""
    group = {"interface_accounts": 10, "interface_queries_per_day": 50_000, "accounts_sigma": 0}
    world = synthetic_plan.scenario(28, shard_weeks=4, group=group | {"accounts_median": 10})
    assert period_days(world, agencies(world)) == 3


def test_finer_periods_have_the_same_rows(monkeypatch):
    """A plan cut into days is the plan cut into weeks, row for row."""
    world = synthetic_plan.scenario(14, shard_weeks=2)
    plan = synthetic_plan.plan(world)
    whole = expand(world, plan, 0).log.sort_by("query_id")
    monkeypatch.setattr(periods, "MOST_ROWS", 1)
    every = periods.periods(world, plan.agencies)
    assert len(every) == 14
    parts = [expand(world, plan, p).log for p in every]
    cut = pa.concat_tables(parts).sort_by("query_id")
    assert whole.num_rows > 1000
    assert cut.to_pylist() == whole.to_pylist()


def test_the_state_is_split():
    """Its giants have shards of days, the others of two weeks; every block has its own periods."""
    world = load_scenario("state", days=28)
    every, lengths = agencies(world), {}
    for block in blocks(world):
        lengths[block.start] = period_days(world, every[block.start : block.stop])
    assert lengths[0] < 7
    assert 7 < max(lengths.values()) <= 14
    shards = [task for task in tasks(world) if task.period is not None]
    assert sum(task.agency == 0 for task in shards) == -(-28 // lengths[0])
