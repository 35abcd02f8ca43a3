"""The reference reader of Croissant, mlcroissant, takes our description and reads our tables."""

from __future__ import annotations

import itertools
import json
import logging

import pytest

from misusesim.dataset.card import cards
from misusesim.dataset.reader import open_dataset
from misusesim.scenario.load import load_scenario

mlcroissant = pytest.importorskip("mlcroissant", reason="needs the extra validate")

# the reader's own way with newer rdflib and pandas
pytestmark = [
    pytest.mark.filterwarnings("ignore:ConjunctiveGraph is deprecated:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:The inplace keyword:DeprecationWarning"),
]

CHECKS = [
    {"id": "Q17", "name": "accounting", "value": 0, "bound": "0 rows", "verdict": "pass",
     "detail": "generated - lost + doubled = written"},
    {"id": "Q9", "name": "honest rows", "value": None, "bound": "0 changed",
     "verdict": "not applicable", "detail": "needs --without"},
]  # fmt: skip
AUDIT = {"level": "hard", "again": False, "rows": 4, "positives": 1, "failed": [], "checks": CHECKS}


def read(jsonld):
    """Return a data set as the reader sees it; what it would only log fails too."""
    with pytest.MonkeyPatch.context() as patch:
        said: list[str] = []
        patch.setattr(logging.getLogger("absl"), "handle", lambda r: said.append(r.getMessage()))
        found = mlcroissant.Dataset(jsonld=jsonld)
    assert said == []
    assert found.metadata.issues.report() == ""
    return found


def test_it_finds_no_fault(handmade):
    """The description is valid, of version 1.1, with all RAI fields that it knows and we fill."""
    metadata = read(handmade / "croissant.json").metadata
    assert metadata.name == "misusebench-handmade"
    assert metadata.ctx.is_v1_1()
    assert metadata.data_collection_type == ["Synthetic", "Software Collection"]
    assert metadata.data_limitations[0] == "Misuse rates are settings, not estimates."
    assert metadata.personal_sensitive_information == [
        "None; all names, plates and agencies are invented."
    ]
    assert metadata.machine_annotation_tools == ["MisuseBench"]
    assert "None yet" in metadata.data_annotation_analysis[0]


def test_it_reads_the_log(tiny_dataset):
    """Records of the log are those of the first part, column by column."""
    dataset = open_dataset(tiny_dataset)
    records = list(itertools.islice(read(tiny_dataset / "croissant.json").records("log"), 40))
    own = {row["query_id"]: row for row in dataset.log().to_pylist()}
    for record in records:
        row = own[int(record["log/query_id"])]
        assert record["log/officer_id"].decode() == row["officer_id"]
        assert record["log/time"].to_pydatetime() == row["time"]
        assert bool(record["log/hit"]) is row["hit"]
        assert (record["log/case_number"] or b"").decode() == (row["case_number"] or "")
        assert int(record["log/subject_key"]) == row["subject_key"]


def test_it_reads_truth_and_context(handmade):
    """So are those of the truth and the context, lists included."""
    found = read(handmade / "croissant.json")
    (campaign,) = found.records("truth/campaigns")
    assert campaign["truth/campaigns/kind"] == b"romantic_interest"
    assert campaign["truth/campaigns/officer_ids"] == [b"off-1"]
    officers = [r["context/roster/officers/role"] for r in found.records("context/roster/officers")]
    assert officers == [b"detective", b"patrol"]


def test_it_reads_the_audit(handmade, by_hand):
    """The checks of the audit are records of the description itself."""
    manifest = json.loads((handmade / "manifest.json").read_text())
    text = cards(by_hand.scenario(), manifest, AUDIT)["croissant.json"]
    (handmade / "croissant.json").write_text(text)
    first, second = read(handmade / "croissant.json").records("audit")
    assert first == {
        "audit/id": "Q17", "audit/name": "accounting", "audit/value": 0.0,
        "audit/bound": "0 rows", "audit/verdict": "pass",
        "audit/detail": "generated - lost + doubled = written",
    }  # fmt: skip
    assert second["audit/value"] != second["audit/value"]


def test_a_member_of_the_family_is_described(handmade, by_hand):
    """The name of a member, with capitals and dashes, is one that the format allows."""
    manifest = json.loads((handmade / "manifest.json").read_text())
    text = cards(load_scenario("S-NAT-hard"), manifest, AUDIT)["croissant.json"]
    (handmade / "croissant.json").write_text(text)
    assert read(handmade / "croissant.json").metadata.name == "misusebench-S-NAT-hard"
