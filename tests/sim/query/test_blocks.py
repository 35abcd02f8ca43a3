"""A block of agencies becomes the rows that its agencies become one by one."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from tests.sim.neighbours import block_of

from misusesim import shards, tasks
from misusesim.dataset.reader import open_dataset
from misusesim.dataset.verify import verify
from misusesim.engine import causal_pass
from misusesim.plan import SERIAL_BITS, own_serials
from misusesim.query import expand
from misusesim.scenario.load import load_scenario
from misusesim.tasks import blocks
from misusesim.truth import open_truth
from misusesim.world.agencies import agencies

#: Whole causal passes.
pytestmark = pytest.mark.slow

WORLD = load_scenario("county", days=7)


@pytest.fixture(scope="module")
def plans():
    """Return the plans of all agencies of the county for a week."""
    return [causal_pass(WORLD, agency) for agency in agencies(WORLD)]


@pytest.fixture(scope="module")
def whole(plans):
    """Return the whole county in one shard."""
    return expand(WORLD, block_of(plans), 0)


@pytest.fixture(scope="module")
def single(plans):
    """Return a shard per agency."""
    return [expand(WORLD, plan, 0) for plan in plans]


def _rows(table, by):
    plain = pa.table({name: _plain(table[name]) for name in table.schema.names})
    return plain.sort_by([(name, "ascending") for name in by])


def _plain(column):
    is_word = pa.types.is_dictionary(column.type)
    return column.cast(column.type.value_type) if is_word else column


@pytest.mark.parametrize(
    ("part", "by"),
    [("log", ("time", "query_id")), ("truth", ("query_id",)), ("reactions", ("query_id", "step"))],
)
def test_a_block_is_its_agencies(whole, single, part, by):
    """Every column of every row is the same, whatever block it was made in."""
    together = _rows(getattr(whole, part), by)
    apart = pa.concat_tables([_rows(getattr(one, part), by) for one in single])
    assert together.num_rows == apart.num_rows > 0
    apart = apart.sort_by([(name, "ascending") for name in by])
    assert [n for n in together.schema.names if not together[n].equals(apart[n])] == []


def test_the_counts_add_up(whole, single):
    """Generated, lost, copied and late rows of a block are those of its agencies."""
    for name in ("generated", "lost", "copies", "late"):
        assert getattr(whole, name) == sum(getattr(one, name) for one in single)


def test_a_block_is_in_the_order_of_a_log(whole):
    """By (time, query_id) over all agencies, not agency by agency."""
    time = whole.log["time"].cast(pa.int64()).to_numpy()
    order = np.lexsort((whole.log["query_id"].to_numpy(), time))
    assert (order == np.arange(len(time))).all()
    first = whole.log["agency_id"].to_pylist()[:2000]
    assert len(set(first)) > 2


def test_parts_of_a_block_stand_in_the_order_of_agencies(plans):
    """References point to the same officers, terminals and files as before."""
    block = block_of(plans)
    sizes = [len(plan.officers) for plan in plans]
    assert np.diff(block.first_officer).tolist() == sizes
    assert block.agencies == tuple(plan.agency for plan in plans)
    for place, plan in enumerate(plans):
        mine = block.officer_place[block.occasions.officer] == place
        assert mine.sum() == len(plan.occasions)
        ids = block.officers.officer_id[block.occasions.officer[mine]]
        assert (ids == plan.officers.officer_id[plan.occasions.officer]).all()
        case = block.occasions.case[mine]
        assert (np.where(case < 0, case, own_serials(case)) == plan.occasions.case).all()
        assert set((case[case >= 0] >> SERIAL_BITS).tolist()) <= {place}
        desk = block.officers.desk_terminal[block.officer_place == place]
        there = desk >= 0
        own = plan.terminals.terminal_id[plan.officers.desk_terminal[there]]
        assert (block.terminals.terminal_id[desk[there]] == own).all()


def test_a_block_of_one_is_the_plan(plans, single):
    """Nothing moves where there is nothing before it."""
    assert expand(WORLD, block_of(plans[1:2]), 0).log.equals(single[1].log)


def test_a_later_agency_alone_gives_the_same_rows(plans, single):
    """A row does not depend on the place of its agency in the block."""
    both = expand(WORLD, block_of([plans[4], plans[0]]), 0).log
    mine = both.filter(pa.compute.equal(both["agency_id"], plans[4].agency.agency_id))
    assert _rows(mine, ["query_id"]).equals(_rows(single[4].log, ["query_id"]))


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """Return the county for three days, with a part per agency and in two blocks."""
    found = []
    for least in (1, 600):
        world = load_scenario("county", [f"block_account_weeks={least}"], days=3)
        out = tmp_path_factory.mktemp("blocks") / str(least)
        found.append((shards.run(world, out, workers=2), open_dataset(out)))
    return found


def test_blocks_are_neighbours_until_they_are_large_enough():
    """County: 200, 155, 85, 55, 30 and 45 accounts; the last block takes what is left.

    A year and more has fifty-four weeks with the warm-up.
    """
    sizes = [agency.accounts for agency in agencies(WORLD)]
    assert sizes == [200, 155, 85, 55, 30, 45]
    for least, wanted in (
        (1, [1] * 6), (100, [1, 1, 2, 2]), (300, [2, 4]), (355, [2, 4]), (10_000, [6])
    ):  # fmt: skip
        world = WORLD.model_copy(update={"block_account_weeks": least * 54, "days": 365})
        found = blocks(world)
        assert [len(block) for block in found] == wanted
        assert [a for block in found for a in block] == list(range(6))


def test_a_longer_horizon_makes_smaller_blocks(monkeypatch):
    """What a causal pass holds at a time is accounts by weeks; no block is for one worker alone."""

    def sizes(days):
        world = WORLD.model_copy(update={"block_account_weeks": 600, "days": days})
        return [len(block) for block in blocks(world)]

    assert [sizes(days) for days in (1, 7)] == [[2, 4], [2, 4]]
    assert [sizes(days) for days in (8, 14)] == [[1, 2, 3], [1, 2, 3]]
    assert sizes(28) == [1, 1, 2, 2]
    monkeypatch.setattr(tasks, "ENOUGH_ACCOUNTS", 100)
    assert sizes(1) == [1, 1, 2, 2]


def test_a_data_set_in_blocks_holds_the_same_rows(folders):
    """Log, context and counts are those of a part per agency; there are fewer parts."""
    (apart, one), (together, two) = folders
    assert _rows(two.log(), ("query_id",)).equals(_rows(one.log(), ("query_id",)))
    for name, table in one.context("T3").items():
        by = [n for n in table.schema.names if not pa.types.is_boolean(table.schema.field(n).type)]
        assert _rows(two.context("T3")[name], by).equals(_rows(table, by)), name
    for key in ("rows", "realised", "volume"):
        assert together[key] == apart[key]
    parts = [f["path"] for f in together["files"] if f["path"].startswith("log/")]
    assert parts == ["log/a00000-p000.parquet", "log/a00002-p000.parquet"]


def test_truth_in_blocks_is_the_same(folders):
    """All five tables, row for row."""
    apart, together = (open_truth(dataset) for _, dataset in folders)
    for name in ("queries", "campaigns", "oddities", "outcomes", "reactions"):
        one, two = getattr(apart, name), getattr(together, name)
        by = [n for n in one.schema.names if not pa.types.is_nested(one.schema.field(n).type)]
        assert _rows(two, by).equals(_rows(one, by)), name


def test_blocks_verify(folders):
    """A data set in blocks is whole."""
    assert verify(folders[1][1].path) == []
