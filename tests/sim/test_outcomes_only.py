"""Outcomes without queries: the same as those of a full run, and what may be done with them."""

from __future__ import annotations

import json

import pytest

from misusebench.run import run as judge
from misusebench.suite import load_suite
from misusesim import shards
from misusesim.dataset.inspect import describe, render
from misusesim.dataset.reader import open_dataset
from misusesim.dataset.verify import verify
from misusesim.engine import causal_passes
from misusesim.errors import UsageError
from misusesim.outcomespass import outcomes_passes
from misusesim.scenario.load import load_scenario
from misusesim.tasks import outcome_blocks
from misusesim.truth import open_truth
from misusesim.world.agencies import agencies

#: What a campaign is without incidents and cases.
KNOWN = ("campaign_id", "kind", "agency_id", "officer_ids", "unit", "start", "end", "n_queries",
         "severity")  # fmt: skip
#: Everybody is looked at again and again.
WATCHED = ("oversight.complaint_share=0.5", "oversight.delay_days=7",
           "oversight.audits_per_agency_year=12", "oversight.audit_sample_share=0.05",
           "oversight.analytics_agency_share=1.0", "oversight.accusations_per_officer_year=0.5",
           "oversight.other_sanctions_per_officer_year=0.5")  # fmt: skip


def rows(table, names=None):
    """Return the rows of some columns."""
    return table.select(list(names or table.column_names)).to_pylist()


@pytest.fixture(scope="module")
def both():
    """Return a full pass and one for outcomes only of the same twelve weeks."""
    world = load_scenario("tiny", WATCHED, days=84)
    return causal_passes(world, agencies(world)), outcomes_passes(world, agencies(world))


@pytest.mark.slow
def test_outcomes_are_those_of_a_full_run(both):
    """Campaign by campaign and officer by officer."""
    full, only = both
    assert rows(only.truth["outcomes"]) == rows(full.truth["outcomes"])
    told = {row["outcome"] for row in rows(only.truth["outcomes"])}
    assert len(told) >= 5


@pytest.mark.slow
def test_campaigns_are_those_of_a_full_run_but_for_their_stories(both):
    """Who, when and how often are known; what hides behind a case is not."""
    full, only = (pass_.truth["campaigns"] for pass_ in both)
    assert rows(only, KNOWN) == rows(full, KNOWN)
    assert {(row["cover"], row["tie"], row["false_case"], row["motive"], len(row["subject_keys"]))
            for row in rows(only)} == {(None, None, None, "", 0)}  # fmt: skip


@pytest.mark.slow
def test_officers_and_sides_are_those_of_a_full_run(both):
    """Who has part in what, when, and on which side of the splits."""
    full, only = both
    assert rows(only.truth["officers"]) == rows(full.truth["officers"])
    sides = ("split_time", "split_officer", "split_agency", "split_kind")
    assert rows(only.truth["campaigns"], sides) == rows(full.truth["campaigns"], sides)


@pytest.mark.slow
def test_rungs_are_those_wished_for(both):
    """Where a full run falls back from an own case, it falls to a plausible one."""
    full, only = (pass_.truth["campaigns"]["rung"].to_pylist() for pass_ in both)
    differ = {(wished, got) for wished, got in zip(only, full, strict=True) if wished != got}
    assert differ <= {("own_case", "plausible_case")}


@pytest.mark.slow
def test_sanctions_are_those_of_a_full_run(both):
    """And they are not empty."""
    full, only = (rows(pass_.context["roster/sanctions"]) for pass_ in both)
    assert only == full
    assert only


@pytest.mark.slow
def test_county_has_the_same_outcomes_in_other_blocks():
    """Many agencies in one pass, against each by itself."""
    world = load_scenario("county", WATCHED, days=28)
    every = agencies(world)
    alone = [row for one in every for row in rows(causal_passes(world, [one]).truth["outcomes"])]
    assert len(outcome_blocks(world)) == 1
    assert rows(outcomes_passes(world, every).truth["outcomes"]) == alone


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Return a data set of outcomes only."""
    out = tmp_path_factory.mktemp("only") / "data"
    shards.run(load_scenario("tiny", WATCHED), out, outcomes_only=True)
    return out


def test_what_is_written(folder):
    """Campaigns, officers, outcomes, sanctions and the directory; no log, no queries."""
    found = json.loads((folder / "manifest.json").read_text())
    tables = {f["path"].rpartition("/")[0] for f in found["files"]}
    assert found["outcomes_only"] is True
    assert {one for one in tables if one} == {
        "truth/campaigns", "truth/officers", "truth/outcomes", "context/directory/agencies",
        "context/roster/sanctions",
    }  # fmt: skip
    assert found["rows"] == {"generated": 0, "written": 0, "lost": 0, "duplicates": 0}


def test_verify_finds_it_whole(folder):
    """There is nothing missing in outcomes only."""
    assert verify(folder) == []


def test_inspect_says_what_it_is(folder):
    """Outcomes by kind, and no volume."""
    from rich.console import Console  # noqa: PLC0415 - only this test draws

    console = Console(width=120, record=True)
    console.print(render(describe(folder)))
    text = console.export_text()
    assert "outcomes only" in text
    assert "kind/outcome" in text
    assert "Volume" not in text


def test_truth_can_be_read(folder):
    """Each campaign has its outcomes."""
    truth = open_truth(open_dataset(folder))
    told = {one for one in truth.outcomes["campaign_id"].to_pylist() if one}
    assert told <= set(truth.campaigns["campaign_id"].to_pylist())
    assert told


def test_the_log_is_refused_helpfully(folder):
    """It says what to do instead."""
    with pytest.raises(UsageError, match="holds outcomes only, no log; make the data set without"):
        open_dataset(folder).log()


def test_the_bench_refuses_it(folder, tmp_path):
    """Before anything is run."""
    with pytest.raises(UsageError, match="outcomes only"):
        judge(folder, load_suite("smoke"), tmp_path / "run")


def test_a_folder_is_one_or_the_other(folder):
    """Running again is nothing to do; a full run needs another folder."""
    world = load_scenario("tiny", WATCHED)
    before = (folder / "manifest.json").read_bytes()
    shards.run(world, folder, outcomes_only=True)
    assert (folder / "manifest.json").read_bytes() == before
    with pytest.raises(UsageError, match="holds outcomes only; choose a new or empty folder"):
        shards.run(world, folder)


def test_the_manifest_counts_what_was_reported(folder):
    """By hand from the tables: queries of decided campaigns, and of all."""
    found = json.loads((folder / "manifest.json").read_text())["realised"]["oversight"]
    outcomes = open_truth(open_dataset(folder)).outcomes.to_pylist()
    decided = [row for row in outcomes if row["outcome"] not in {None, "unfounded"}]
    actual = sum(row["n_queries"] for row in outcomes)
    assert sum(found["actual_queries"].values()) == actual
    assert sum(found["reported_queries"].values()) == sum(r["n_queries"] for r in decided)
    assert sum(found["outcomes"].values()) == len(outcomes) == sum(found["found_by"].values())
