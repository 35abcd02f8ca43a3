"""The cards: loadable instructions, and a Croissant file that holds together."""

from __future__ import annotations

import hashlib
import json
import re

import pyarrow as pa
import pytest

from misusesim.dataset import schema
from misusesim.dataset.card import cards, readme
from misusesim.dataset.croissant import data_type

#: An audit of the hand-made data set, as the bench would hand it over.
AUDIT = {
    "level": "hard", "again": True, "rows": 4, "positives": 1, "failed": ["values"],
    "checks": [
        {"id": "Q1", "name": "values", "value": 0.70123456, "bound": "≤ 0.65", "verdict": "fail",
         "detail": "plate = A|B"},
        {"id": "Q17", "name": "accounting", "value": 0, "bound": "0 rows", "verdict": "pass",
         "detail": ""},
        {"id": "Q9", "name": "honest rows", "value": None, "bound": "0 changed",
         "verdict": "not applicable", "detail": "needs --without"},
    ],
}  # fmt: skip


@pytest.fixture
def described(handmade):
    """Return the Croissant description of the hand-made data set."""
    return json.loads((handmade / "croissant.json").read_text())


def test_readme_says_how_to_load_and_what_is_in_it(handmade):
    """Loading, tiers, base rates and licence are there."""
    text = (handmade / "README.md").read_text()
    for said in ("open_dataset(", "**T2**", "| misuse queries | 1 (0.250000 of queries) |",
                 "| romantic_interest | miscoded | 1 | 1 |", "CC0-1.0",
                 "validation from 2024-01-05T12:48:00.000000Z",
                 "test from 2024-01-06T22:24:00.000000Z",
                 "train 60%, valid 20%, test 20%", "immigration, ghost_account"):  # fmt: skip
        assert said in text


def test_readme_code_runs(handmade):
    """The code block of the README works as printed."""
    text = (handmade / "README.md").read_text()
    (code,) = re.findall("```python\n(.*?)```", text, re.DOTALL)
    names: dict = {}
    exec(code.replace('"DATASET"', repr(str(handmade))), names)
    assert names["log"].num_rows == 4
    assert names["truth"].campaigns.num_rows == 1


def test_datasheet_answers_its_questions(handmade):
    """All sections of a datasheet are there, with the measured numbers."""
    text = (handmade / "DATASHEET.md").read_text()
    assert re.findall("^## (.*)", text, re.MULTILINE) == [
        "Motivation", "Composition", "Collection", "Preprocessing", "Measured quality", "Uses",
        "Known limits", "Distribution and maintenance",
    ]  # fmt: skip
    assert "| patrol | 1 | 3 | 3.0 | 3.0 |" in text
    assert "| self_query | 1 | 1 |" in text


@pytest.fixture
def made(handmade):
    """Return the manifest of the hand-made data set."""
    return json.loads((handmade / "manifest.json").read_text())


def test_cards_without_an_audit_say_so(handmade):
    """Who reads a card knows that nothing was measured."""
    for name in ("README.md", "DATASHEET.md", "croissant.json"):
        assert "None yet: `misusebench release` makes" in (handmade / name).read_text()


def test_cards_hold_the_audit(made, by_hand):
    """The datasheet has every check as it came out; the README says whether to use it."""
    told = cards(by_hand.scenario(), made, AUDIT)
    verdict = (
        "FAILED: values. Do not use it to compare components. "
        "3 checks at level hard: 1 pass, 1 fail, 1 not applicable.\n"
        "It was made two times more, by other workers and without misuse.\n"
        "All checks are in `DATASHEET.md`, `audit.json` and `audit.html`."
    )
    assert f"## Audit\n{verdict}\n" in told["README.md"]
    assert f"## Measured quality\n{verdict}\n" in told["DATASHEET.md"]
    assert (
        "| id | check | value | bound | verdict | what it was |\n"
        "|---|---|---|---|---|---|\n"
        "| Q1 | values | 0.7012 | ≤ 0.65 | fail | plate = A\\|B |\n"
        "| Q17 | accounting | 0 | 0 rows | pass |  |\n"
        "| Q9 | honest rows | - | 0 changed | not applicable | needs --without |\n\n"
        "Not measured on this data set: Q2, Q3, Q4, Q5, Q6, Q7, Q8, Q9, Q10, Q11, Q12, Q13, Q14, "
        "Q15, Q16.\n"
    ) in told["DATASHEET.md"]


def test_croissant_holds_the_audit(made, by_hand):
    """The checks are a record set with its records, the audit's files are there to fetch."""
    files = [{"path": "audit.json", "bytes": 3, "sha256": "0" * 64},
             {"path": "audit.html", "bytes": 4, "sha256": "1" * 64}]  # fmt: skip
    told = json.loads(cards(by_hand.scenario(), made, AUDIT, files)["croissant.json"])
    (record,) = (r for r in told["recordSet"] if r["name"] == "audit")
    assert record["data"][0] == {
        "audit/id": "Q1", "audit/name": "values", "audit/value": 0.70123456,
        "audit/bound": "≤ 0.65", "audit/verdict": "fail", "audit/detail": "plate = A|B",
    }  # fmt: skip
    assert [one["audit/value"] for one in record["data"]] == [0.70123456, 0, None]
    objects = {d["@id"]: d for d in told["distribution"]}
    assert objects["audit.json"]["encodingFormat"] == "application/json"
    assert objects["audit.html"]["encodingFormat"] == "text/html"
    assert objects["audit.html"]["sha256"] == "1" * 64
    assert told["rai:dataAnnotationAnalysis"][0].startswith("FAILED: values.")


def test_a_member_says_what_it_is_good_for(made, by_hand):
    """Promise and outcome stand side by side; another horizon and other settings are told."""
    world = by_hand.scenario().model_copy(update={"name": "S-NAT-hard", "days": 365})
    preset = {
        "size": "S", "prevalence": "NAT", "as_named": True,
        "officers_per_year": {"promised": 0.01, "realised": 0.00342},
        "share_of_queries": {"promised_at_most": 2e-5, "realised": 5.519e-6},
    }  # fmt: skip
    text = readme(world, {**made, "level": "hard", "preset": preset})
    assert "Level hard: people hide well, type what others type and hardly ever stay on" in text
    assert (
        "## What it is good for\n"
        "False alarms and audits, not average precision: it has about ten misuse queries.\n\n"
    ) in text
    assert (
        "Prevalence NAT, misuse as common as reported:\n\n"
        "|  | promised | realised |\n|---|---|---|\n"
        "| officers with misuse in a year | 1.00% | 0.34% |\n"
        "| queries that are misuse | at most about 2e-05 | 5.5e-06 |\n"
    ) in text
    week = world.model_copy(update={"days": 7})
    text = readme(week, {**made, "preset": {**preset, "as_named": False}})
    assert "That is said of a year; this one has 7 days.\n" in text
    assert "Settings were changed: it is NOT the S-NAT-hard of the family.\n" in text


def test_croissant_has_what_the_format_requires(described):
    """The required properties of Croissant 1.1 are set."""
    assert described["@type"] == "sc:Dataset"
    assert "http://mlcommons.org/croissant/1.1" in described["conformsTo"]
    assert "http://mlcommons.org/croissant/RAI/1.0" in described["conformsTo"]
    for name in ("name", "description", "license", "url", "creator", "datePublished", "version"):
        assert described[name]
    for prefix in ("cr", "sc", "dct", "rai"):
        assert described["@context"][prefix].startswith("http")


def test_croissant_hashes_are_those_of_the_files(described, handmade):
    """Each file object can be fetched and checked."""
    objects = [d for d in described["distribution"] if d["@type"] == "cr:FileObject"]
    assert len(objects) == len(list(handmade.rglob("*.parquet"))) + 1
    for found in objects:
        data = (handmade / found["contentUrl"]).read_bytes()
        assert hashlib.sha256(data).hexdigest() == found["sha256"]


def test_croissant_ids_are_unique_and_references_resolve(described):
    """No two nodes share an id, and every source names a file set that is there."""
    sets = {d["@id"] for d in described["distribution"] if d["@type"] == "cr:FileSet"}
    fields = [f for record in described["recordSet"] for f in record["field"]]
    ids = [d["@id"] for d in described["distribution"]]
    ids += [r["@id"] for r in described["recordSet"]] + [f["@id"] for f in fields]
    assert len(ids) == len(set(ids))
    assert {f["source"]["fileSet"]["@id"] for f in fields} == sets
    for record in described["recordSet"]:
        if "key" in record:
            assert record["key"]["@id"] in {f["@id"] for f in record["field"]}


def test_croissant_file_sets_hold_their_parts(described, handmade):
    """The glob of a file set finds the parts of its table."""
    globs = {d["@id"]: d["includes"] for d in described["distribution"] if "includes" in d}
    assert len(list(handmade.glob(globs["log-parts"]))) == 2
    assert len(list(handmade.glob(globs["context/roster/officers-parts"]))) == 1


def test_croissant_describes_every_column(described):
    """The record set of the log has the columns of the log, typed."""
    (log,) = (r for r in described["recordSet"] if r["name"] == "log")
    assert [f["name"] for f in log["field"]] == schema.LOG.names
    kinds = {f["name"]: f["dataType"] for f in log["field"]}
    assert kinds["query_id"] == "cr:UInt64"
    assert kinds["time"] == "sc:DateTime"
    assert kinds["system"] == "sc:Text"
    assert kinds["hit"] == "sc:Boolean"


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        (pa.int8(), "cr:Int8"),
        (pa.list_(pa.uint64()), "cr:UInt64"),
        (pa.date32(), "sc:Date"),
        (schema.LONG_WORD, "sc:Text"),
    ],
)
def test_data_types(kind, said):
    """Every column type of the contract has a Croissant type."""
    assert data_type(kind) == said


def test_cards_are_the_same_for_the_same_data(handmade, tmp_path, by_hand):
    """Two writings of the same data set have equal cards."""
    by_hand.write(tmp_path / "again")
    for name in ("README.md", "DATASHEET.md", "croissant.json"):
        assert (handmade / name).read_bytes() == (tmp_path / "again" / name).read_bytes()
