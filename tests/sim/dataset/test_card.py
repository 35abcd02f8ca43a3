"""The cards: loadable instructions, and a Croissant file that holds together."""

from __future__ import annotations

import hashlib
import json
import re

import pyarrow as pa
import pytest

from misusesim.dataset import schema
from misusesim.dataset.croissant import data_type


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
        "Motivation", "Composition", "Collection", "Preprocessing", "Uses", "Known limits",
        "Distribution and maintenance",
    ]  # fmt: skip
    assert "| patrol | 1 | 3 | 3.0 | 3.0 |" in text
    assert "| self_query | 1 | 1 |" in text


def test_croissant_has_what_the_format_requires(described):
    """The required properties of Croissant 1.1 are set."""
    assert described["@type"] == "sc:Dataset"
    assert "http://mlcommons.org/croissant/1.1" in described["conformsTo"]
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
