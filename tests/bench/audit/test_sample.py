"""Of a data set too large for the memory some officers are looked at, whole, and all its blocks."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from misusebench.audit import sample
from misusebench.audit.pool import pool
from misusebench.audit.twins import pairs, pooled
from misusebench.audit.verdict import Check
from misusebench.audit.whole import audited_dataset
from misusebench.errors import SuiteError
from misusesim import simulate
from misusesim.scenario.load import load_scenario
from misusesim.truth import open_truth


@pytest.fixture(scope="module")
def county(tmp_path_factory):
    """Return a month of a county whose agencies are a block each, with sparse truth as L."""
    out = tmp_path_factory.mktemp("sample") / "county"
    asked = ["days=30", "block_account_weeks=1", "seed=1", 'truth="sparse"']
    return simulate(load_scenario("county", asked), out)


@pytest.fixture
def small_memory(county, monkeypatch):
    """Let the memory hold a third of it."""
    rows = county.manifest["rows"]["written"]
    monkeypatch.setattr(sample, "WHOLE_ROWS", rows - 1)
    monkeypatch.setattr(sample, "SOME_ROWS", rows // 3)


def officers(log):
    """Return how many rows each officer has."""
    counted = log["officer_id"].cast("string").combine_chunks().value_counts().to_pylist()
    return {row["values"]: row["counts"] for row in counted}


def test_a_data_set_that_can_be_read_is_read_as_a_whole(county):
    """Nothing is left out of a small one, and nothing is told of it."""
    assert sample.sampled(county) is county
    assert sample.pieces(county) == [county]
    assert sample.check_of_sample(county) == []


def test_a_sample_has_a_share_of_the_officers_with_all_their_rows(county, small_memory):
    """About a third of the officers of every agency; context and truth are whole."""
    some, log = sample.sampled(county), county.log(["officer_id", "query_id", "agency_id"])
    mine = some.log(["officer_id", "query_id", "agency_id"])
    kept, every = officers(mine), officers(log)
    assert all(every[name] == n for name, n in kept.items())
    assert 0.27 < len(kept) / len(every) < 0.4
    assert set(mine["agency_id"].to_pylist()) == set(log["agency_id"].to_pylist())
    picked = log.filter(pc.is_in(log["officer_id"].cast("string"), pa.array(sorted(kept))))
    assert mine["query_id"].to_pylist() == picked["query_id"].to_pylist()
    assert some.log(["query_id"]).column_names == ["query_id"]
    assert some.context("T1")["roster/officers"].equals(county.context("T1")["roster/officers"])


def test_blocks_are_data_sets_that_make_up_the_whole(county, small_memory):
    """Each of six agencies is a piece; together they have all rows, campaigns and reasons."""
    parts = sample.pieces(county)
    assert len(parts) == 6
    assert all(len(set(one.log(["agency_id"])["agency_id"].to_pylist())) == 1 for one in parts)
    for name in ("queries", "campaigns", "reasons", "oddities"):
        rows = [getattr(open_truth(one), name).num_rows for one in parts]
        assert sum(rows) == getattr(open_truth(county), name).num_rows > 0
    assert sum(one.log(["query_id"]).num_rows for one in parts) == sample.rows_of(county)


def test_a_block_that_is_too_large_has_some_officers_only(county, monkeypatch):
    """The largest agency's rows are thinned where even a block does not fit."""
    monkeypatch.setattr(sample, "WHOLE_ROWS", 30_000)
    monkeypatch.setattr(sample, "SOME_ROWS", 20_000)
    parts = sample.pieces(county)
    thinned = [one for one in parts if isinstance(one, sample.Sample)]
    assert 0 < len(thinned) < len(parts)
    for one in thinned:
        assert one.log(["query_id"]).num_rows < 30_000 < sample.rows_of(one)


def test_twins_block_by_block_are_all_misuse(county, small_memory):
    """Misuse that has look-alikes, or none, is the same misuse, whether in pieces or at once."""
    apart = pooled([pairs(one, open_truth(one)) for one in sample.pieces(county)])
    whole = pairs(county, open_truth(county))
    assert apart.misuse.sum() + len(apart.alone) == whole.misuse.sum() + len(whole.alone)


@pytest.mark.long
def test_an_audit_of_a_sample_says_so(county, small_memory):
    """Replay, splits, ids and accounting pass, and the share that was looked at is told."""
    found = audited_dataset(county.path, level="hard", least=1, again=False)
    checks = {check.name: check for check in found.checks}
    assert checks["share of officers looked at"].value == pytest.approx(1 / 3, abs=1e-4)
    assert "in the worst of 6 blocks" in checks["justifications replay"].detail
    assert [c.name for c in found.failed if c.id in {"Q3", "Q8", "Q15", "Q16", "Q17"}] == []
    assert found.rows == county.manifest["rows"]["written"]
    with pytest.raises(SuiteError, match="too many to hold against another table"):
        audited_dataset(county.path, without=county.log(), again=False)


def test_campaigns_of_the_rows_looked_at_are_counted(county, small_memory):
    """Of few in the sample, the message says how many there are in all."""
    together, campaigns = pool(county.path, []), open_truth(county).campaigns
    kept = sum(
        any(map(together.asked[0].keeps, names)) for names in campaigns["officer_ids"].to_pylist()
    )
    assert together.number == kept < campaigns.num_rows
    assert together.few(100).startswith(f"{kept} campaigns of {len(campaigns):,}, in the rows")
    assert len(together.labelled()) == sample.sampled(county).log(["query_id"]).num_rows


def test_data_sets_that_fit_alone_but_not_together_are_sampled(county, monkeypatch):
    """What is read along with others counts."""
    rows = sample.rows_of(county)
    monkeypatch.setattr(sample, "WHOLE_ROWS", rows)
    monkeypatch.setattr(sample, "SOME_ROWS", rows // 2)
    assert sample.sampled(county) is county
    assert isinstance(sample.sampled(county, 2 * rows), sample.Sample)


def test_checks_of_blocks_are_added():
    """Faults are summed, one block with a fault fails all, and what nobody asked is not told."""
    good, bad = Check("Q8", "a", 0, "0", True, "of 3"), Check("Q8", "a", 2, "0", False, "of 5")
    told = Check("Q8", "b", None, "0", None, "why")
    assert sample.merged([[good, told]]) == [good, told]
    one, other = sample.merged([[good, told], [bad, told], [good, told]])
    assert (one.value, one.passed, one.detail) == (2, False, "of 5; in the worst of 3 blocks")
    assert (other.value, other.passed) == (0, None)
