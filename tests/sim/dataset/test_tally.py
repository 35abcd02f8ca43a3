"""Counting while the rows are at hand."""

from __future__ import annotations

import dataclasses
from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pytest

from misusesim.dataset import schema
from misusesim.dataset.tally import pairs, pass_tally, per_role, shard_tally, words
from misusesim.world.model import Officers, Shifts


def officers(**changes):
    """Two patrol officers and a detective; the second left before the horizon."""
    columns = {
        "officer_id": np.array(["off-1", "gone", "off-2"], object),
        "role": np.array([0, 0, 1], np.int8),
        "hired": np.array([0, 0, 50]),
        "left": np.array([2**62, 5, 2**62]),
    }
    return SimpleNamespace(**{**columns, **changes})


def plan(**changes):
    """Return a plan with what tallies look at."""
    shifts = SimpleNamespace(officer=np.array([0, 0, 2]), start=np.array([9, 10, 99]))
    return SimpleNamespace(**{"officers": officers(), "shifts": shifts, "truth": {}, **changes})


def test_words_count_over_chunks_with_different_dictionaries():
    """Codes mean different words in different chunks; words are what counts."""
    column = pa.chunked_array(
        [
            pa.array(["a", "b", None], schema.WORD),
            pa.array(["b", "a", "b"], schema.WORD),
        ]
    )
    assert words(column) == {"a": 2, "b": 3}


def test_words_of_nothing():
    """No rows, no words."""
    assert words(pa.chunked_array([], schema.WORD)) == {}


def test_pairs_are_joined():
    """Two columns count as one key; a missing word is an empty one."""
    table = pa.table({"kind": ["a", "a", "b"], "rung": ["x", "x", None]})
    assert pairs(table, "kind", "rung") == {"a/x": 2, "b/": 1}


def test_per_role_sums_weights():
    """Roles are named, those without any left out."""
    assert per_role(np.array([0, 0, 1], np.int8)) == {"patrol": 2, "detective": 1}
    weight = np.array([3, 4, 0])
    assert per_role(np.array([0, 0, 1], np.int8), weight) == {"patrol": 7}


def test_pass_tally_counts_inside_the_horizon():
    """People who left before it and shifts outside it do not count."""
    made = plan()
    assert pass_tally(made.officers, made.shifts, {}, (10, 90)) == {
        "accounts": {"patrol": 1, "detective": 1},
        "shifts": {"patrol": 1},
    }


def test_pass_tally_counts_campaigns_and_oddities(by_hand):
    """Campaigns by kind and rung, oddities by kind."""
    parts = by_hand.parts()
    truth = {
        "campaigns": parts["truth/campaigns/a00000.parquet"],
        "oddities": parts["truth/oddities/a00000.parquet"],
    }
    made = plan()
    tally = pass_tally(made.officers, made.shifts, truth, (10, 90))
    assert tally["campaigns"] == {"romantic_interest/miscoded": 1}
    assert tally["oddities"] == {"self_query": 1}


def test_shard_tally(by_hand):
    """Rows, causes, labels and roles of a shard, by hand."""
    parts = by_hand.parts()
    log = parts["log/a00000-p000.parquet"]
    truth = parts["truth/queries/a00000-p000.parquet"]
    assert shard_tally(plan(), log, truth, lost=1, generated=3) == {
        "rows": {"generated": 3, "written": 2, "lost": 1, "duplicates": 0},
        "causes": {"work": 1, "oddity": 0, "misuse": 1},
        "labels": {"negative": 1, "positive": 1},
        "misuse_queries": {"romantic_interest/miscoded": 1},
        "oddity_queries": {},
        "queries_by_role": {"patrol": 2},
        "misuse_officers": ["off-1"],
    }


def test_duplicates_are_counted_from_the_truth(by_hand):
    """A second entry is one the truth calls a duplicate."""
    parts = by_hand.parts()
    log = parts["log/a00000-p001.parquet"]
    truth = parts["truth/queries/a00000-p001.parquet"]
    tally = shard_tally(plan(), log, truth, lost=0, generated=1)
    assert tally["rows"]["duplicates"] == 1
    assert tally["oddity_queries"] == {"self_query": 1}
    assert tally["queries_by_role"] == {"patrol": 1, "detective": 1}
    assert tally["misuse_officers"] == []


def test_sparse_truth_counts_the_same(by_hand):
    """Leaving plain work out of the truth changes no count."""
    parts = by_hand.parts()
    log = parts["log/a00000-p000.parquet"]
    truth = parts["truth/queries/a00000-p000.parquet"]
    full = shard_tally(plan(), log, truth, lost=0, generated=2)
    assert shard_tally(plan(), log, truth.slice(1), lost=0, generated=2) == full


def test_shard_without_rows():
    """An empty shard has a tally of zeros."""
    empty = schema.LOG.empty_table(), schema.TRUTH_QUERIES.empty_table()
    tally = shard_tally(plan(), *empty, lost=0, generated=0)
    assert tally["rows"] == {"generated": 0, "written": 0, "lost": 0, "duplicates": 0}
    assert tally["queries_by_role"] == {}


def test_plans_have_the_columns_tallies_look_at():
    """The stand-ins above name real columns of a plan."""
    names = {f.name for f in dataclasses.fields(Officers)}
    assert {"officer_id", "role", "hired", "left"} <= names
    assert {"officer", "start"} <= {f.name for f in dataclasses.fields(Shifts)}


@pytest.mark.parametrize("lost", [0, 5])
def test_lost_rows_are_passed_on(by_hand, lost):
    """What never reached the log is counted by who knows it."""
    parts = by_hand.parts()
    log = parts["log/a00000-p000.parquet"]
    truth = parts["truth/queries/a00000-p000.parquet"]
    assert shard_tally(plan(), log, truth, lost, 2 + lost)["rows"]["lost"] == lost
