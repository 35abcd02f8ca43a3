"""The truth of officers: one row a person, as campaigns and outcomes say."""

from __future__ import annotations

from collections import defaultdict

import pytest

from misusesim.engine import causal_passes
from misusesim.outcomespass import outcomes_passes
from misusesim.scenario.load import load_scenario
from misusesim.world.agencies import agencies

WATCHED = ("oversight.complaint_share=0.9", "oversight.delay_days=1")


@pytest.fixture(scope="module")
def truth():
    """Return the truth of two small agencies for four weeks; a few campaigns are found."""
    world = load_scenario("tiny", WATCHED, days=28)
    return {
        name: table.to_pylist()
        for name, table in outcomes_passes(world, agencies(world)).truth.items()
    }


def test_everybody_is_there_once(truth):
    """36 accounts in two agencies, and those who take the place of leavers; systems are nobody."""
    names = [row["officer_id"] for row in truth["officers"]]
    assert len(names) == len(set(names)) >= 32
    assert "interface" not in {row["role"] for row in truth["officers"]}


def test_campaigns_and_kinds_are_those_of_the_campaigns(truth):
    """Each officer has the campaigns that name him, and their kinds once."""
    of = defaultdict(list)
    for campaign in truth["campaigns"]:
        for officer in campaign["officer_ids"]:
            of[officer].append(campaign)
    assert of
    for row in truth["officers"]:
        mine = of[row["officer_id"]]
        assert sorted(row["campaign_ids"]) == sorted(c["campaign_id"] for c in mine)
        assert row["kinds"] == sorted({c["kind"] for c in mine})
        assert row["misuses"] == bool(mine)


def test_queries_are_those_of_the_outcomes(truth):
    """The sum over his campaigns; who has any has a first and a last time."""
    queries = defaultdict(int)
    for row in truth["outcomes"]:
        queries[row["officer_id"]] += row["n_queries"]
    for row in truth["officers"]:
        assert row["n_queries"] == queries[row["officer_id"]]
        assert (row["first"] is not None) == (row["n_queries"] > 0) == (row["last"] is not None)
        assert row["first"] is None or row["first"] <= row["last"]


def test_found_is_decided_other_than_unfounded(truth):
    """A campaign of his has such an outcome; somebody is found and somebody is not."""
    found = {
        row["campaign_id"] for row in truth["outcomes"]
        if row["outcome"] not in {None, "unfounded"} and row["campaign_id"]
    }  # fmt: skip
    for row in truth["officers"]:
        assert row["found"] == bool(found & set(row["campaign_ids"]))
    assert {row["found"] for row in truth["officers"] if row["misuses"]} == {True, False}


def test_all_officers_of_a_campaign_are_on_its_side(truth):
    """So no campaign is on two sides of the split by officers, nor of that by agencies."""
    side = {row["officer_id"]: row for row in truth["officers"]}
    for campaign in truth["campaigns"]:
        for officer in campaign["officer_ids"]:
            assert side[officer]["split_officer"] == campaign["split_officer"]
            assert side[officer]["split_agency"] == campaign["split_agency"]


def test_neighbours_change_nobody():
    """Each agency alone has the officers, reasons and sides that it has beside the other."""
    world = load_scenario("tiny")
    every = agencies(world)
    together = causal_passes(world, every).truth
    alone = [causal_passes(world, [one]).truth for one in every]
    for name in ("officers", "reasons", "campaigns"):
        rows = [row for one in alone for row in one[name].to_pylist()]
        assert together[name].to_pylist() == rows
