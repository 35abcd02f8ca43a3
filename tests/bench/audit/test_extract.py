"""Of a data set too large for the memory some blocks are looked at, whole with all they have."""

from __future__ import annotations

import pyarrow.compute as pc
import pytest

from misusebench.audit import extract as module
from misusebench.audit.extract import check_of_extract, extract
from misusebench.audit.pool import pool
from misusebench.audit.whole import audited_dataset
from misusesim import simulate
from misusesim.dataset.reader import open_dataset
from misusesim.scenario.load import load_scenario
from misusesim.truth import open_truth


@pytest.fixture(scope="module")
def county(tmp_path_factory):
    """Return a month of a county whose agencies are a block each."""
    out = tmp_path_factory.mktemp("extract") / "county"
    return simulate(load_scenario("county", ["days=30", "block_account_weeks=1", "seed=1"]), out)


@pytest.fixture
def small_memory(county, monkeypatch):
    """Let the memory hold a third of it."""
    rows = county.manifest["rows"]["written"]
    monkeypatch.setattr(module, "WHOLE_ROWS", rows - 1)
    monkeypatch.setattr(module, "SOME_ROWS", rows // 3 + 1)


def agencies(table):
    """Return the agencies of a table."""
    return set(table["agency_id"].to_pylist())


def test_a_data_set_that_can_be_read_is_read_as_a_whole(county):
    """Nothing is left out of a small one, and nothing is told of it."""
    assert extract(county) is county
    assert check_of_extract(county) == []


def test_an_extract_holds_whole_agencies(county, small_memory):
    """Every third agency, with each of its rows and all its context and truth."""
    part, log = extract(county), county.log(["agency_id", "query_id"])
    parts = county.part_tables("log", ["agency_id"])
    every = list(dict.fromkeys(name for one in parts for name in one["agency_id"].to_pylist()))
    some = agencies(part.log(["agency_id"]))
    assert len(every) == 6
    assert some == {every[1], every[4]}
    mine = log.filter(pc.is_in(log["agency_id"], value_set=pc.cast(sorted(some), "string")))
    assert part.log(["query_id"])["query_id"].to_pylist() == mine["query_id"].to_pylist()
    assert agencies(part.context("T3")["roster/officers"]) == some
    truth, whole = open_truth(part), open_truth(county).queries
    asked = whole.filter(pc.is_in(whole["query_id"], value_set=mine["query_id"].combine_chunks()))
    assert sorted(truth.queries["query_id"].to_pylist()) == sorted(asked["query_id"].to_pylist())
    assert agencies(truth.campaigns) | agencies(truth.oddities) <= some


def test_another_seed_begins_with_another_block(county, small_memory):
    """Each block is in the extract of some seed."""
    found = set()
    for seed in (0, 1, 2):
        data = open_dataset(county.path)
        data.scenario = county.scenario.model_copy(update={"seed": seed})
        found |= agencies(extract(data).log(["agency_id"]))
    assert found == agencies(county.log(["agency_id"]))


def test_an_audit_of_an_extract_says_so(county, small_memory):
    """Splits, replay and columns pass on the part, and the share that was looked at is told."""
    found = audited_dataset(county.path, level="easy", least=1, again=False)
    checks = {check.name: check for check in found.checks}
    assert 0.2 < (checks["share of rows looked at"].value or 0) < 0.5
    assert "2 of 6 blocks" in checks["share of rows looked at"].detail
    assert [c.name for c in found.failed if c.id in {"Q3", "Q8", "Q15", "Q16"}] == []
    assert found.rows == county.manifest["rows"]["written"]
    together = pool(county.path, [])
    assert together.number == open_truth(extract(county)).campaigns.num_rows
    assert len(together.labelled()) == extract(county).log(["query_id"]).num_rows
