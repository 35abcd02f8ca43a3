"""Reading the truth."""

from __future__ import annotations

import json

from misusesim.dataset import schema
from misusesim.dataset.reader import open_dataset
from misusesim.truth import open_truth


def test_every_table_has_its_schema(handmade):
    """All tables come back exactly as the contract says."""
    truth = open_truth(handmade)
    for name, of in schema.TRUTH.items():
        found = getattr(truth, name).schema
        assert found.equals(of), name
        assert found.metadata == {b"schema_version": b"2"}


def test_truth_is_keyed_by_query_id(handmade):
    """Each query of the log has one row saying why it happened."""
    truth = open_truth(handmade).queries
    cause = dict(zip(truth["query_id"].to_pylist(), truth["cause"].to_pylist(), strict=True))
    assert cause == {11: "work", 2**64 - 1: "misuse", 12: "oddity", 13: "work"}
    assert truth["duplicate_of"].to_pylist() == [None, None, None, 12]


def test_it_opens_from_an_open_data_set(handmade):
    """A data set that is open already need not be opened again."""
    truth = open_truth(open_dataset(handmade))
    assert truth.campaigns["campaign_id"].to_pylist() == ["c-1"]
    assert truth.outcomes["found_by"].to_pylist() == ["audit"]
    assert truth.oddities["oddity_id"].to_pylist() == ["o-1"]
    assert truth.reactions["step"].to_pylist() == [1]


def test_it_says_whether_plain_work_is_left_out(handmade):
    """Sparse truth is a property of the data set, read from the manifest."""
    assert open_truth(handmade).sparse is False
    path = handmade / "manifest.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "truth": "sparse"}))
    assert open_truth(handmade).sparse is True
