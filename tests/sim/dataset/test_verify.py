"""Verifying: every changed byte is found and the file named."""

from __future__ import annotations

import json
import re

import pytest

from misusesim.dataset import manifest
from misusesim.dataset import verify as verifier
from misusesim.dataset.sums import write_sums
from misusesim.dataset.verify import Fault, verify
from misusesim.dataset.writer import sha256_of
from misusesim.errors import DatasetError, UsageError


@pytest.fixture(autouse=True, params=[verifier.MOST_IDS, 3, 1])
def most_ids(request, monkeypatch):
    """Compare all query ids at once, or a few at a time: what is found is the same."""
    monkeypatch.setattr(verifier, "MOST_IDS", request.param)


def reseal(root, change):
    """Change the manifest and make all hashes fit, as a careful forger would."""
    path = root / "manifest.json"
    found = json.loads(path.read_text())
    change(found)
    made = manifest.seal(found)
    path.write_bytes(manifest.dumps(made))
    write_sums(root, made)


def fit_hash(root, part):
    """Make the manifest agree with a changed part."""

    def change(found):
        for file in found["files"]:
            if file["path"] == part:
                file["sha256"] = sha256_of(root / part)
                file["bytes"] = (root / part).stat().st_size

    reseal(root, change)


def flip(path, place):
    data = bytearray(path.read_bytes())
    data[place] ^= 0x10
    path.write_bytes(data)


def test_whole_data_set_has_no_faults(handmade):
    """What was written and not touched is whole."""
    assert verify(handmade) == []


@pytest.mark.slow
def test_any_changed_byte_of_any_part_is_found(handmade):
    """Flips at many places of every Parquet part are each found, by name."""
    for path in sorted(handmade.rglob("*.parquet")):
        whole = path.read_bytes()
        for place in {*range(0, len(whole), max(1, len(whole) // 5)), len(whole) - 1}:
            flip(path, place)
            name = path.relative_to(handmade).as_posix()
            assert [f.path for f in verify(handmade)] == [name], place
            path.write_bytes(whole)


def test_pages_are_checked_even_if_the_hash_was_made_to_fit(handmade):
    """A forged hash does not hide a damaged page."""
    part = "log/a00000-p000.parquet"
    flip(handmade / part, 40)
    fit_hash(handmade, part)
    (fault,) = verify(handmade)
    assert fault.path == part
    assert "damaged" in fault.what


def test_changed_manifest_is_found(handmade):
    """The manifest carries its own hash."""
    path = handmade / "manifest.json"
    path.write_text(path.read_text().replace('"seed": 7', '"seed": 8'))
    (fault,) = verify(handmade)
    assert str(fault) == "manifest.json: was changed: it does not have its own hash"


def test_missing_cut_and_extra_files_are_named(handmade):
    """A missing part, a cut card and a stranger are three faults."""
    (handmade / "log/a00000-p001.parquet").unlink()
    (handmade / "README.md").write_text("short")
    (handmade / "log/notes.txt").write_text("hello")
    faults = {fault.path: fault.what for fault in verify(handmade)}
    assert set(faults) == {"log/a00000-p001.parquet", "README.md", "log/notes.txt"}
    assert faults["log/a00000-p001.parquet"] == "is missing"
    assert faults["log/notes.txt"] == "is not in the manifest"
    assert faults["README.md"] == "was changed: its hash is not SHA256SUMS's"


def test_cards_and_sums_are_held_against_each_other(handmade):
    """A card without a hash, a hash without a card, and a list without a file are faults."""
    sums = handmade / "SHA256SUMS"
    whole = sums.read_text()
    (handmade / "audit.html").write_text("<p>")
    assert verify(handmade) == [Fault("audit.html", "is not in SHA256SUMS")]
    (handmade / "audit.html").unlink()
    sums.write_text("".join(line for line in whole.splitlines(True) if "README.md" not in line))
    assert verify(handmade) == [Fault("README.md", "is not in SHA256SUMS")]
    sums.write_text(whole + "0" * 64 + "  z.txt\n")
    assert verify(handmade) == [
        Fault("SHA256SUMS", "names z.txt, which is no file of a data set"),
    ]
    sums.write_text(re.sub("[0-9a-f]{64}(  log/a00000-p000)", "0" * 64 + r"\1", whole))
    assert verify(handmade) == [
        Fault("SHA256SUMS", "has another hash of log/a00000-p000.parquet than the manifest"),
    ]
    sums.write_text(whole.upper() + "\n")
    assert verify(handmade) == [Fault("SHA256SUMS", "is not a sorted list of hashes and paths")]
    sums.unlink()
    (fault,) = verify(handmade)
    assert fault.path == "SHA256SUMS"
    assert "cannot be read" in fault.what
    sums.write_text(whole)
    (handmade / "README.md").unlink()
    assert verify(handmade) == [Fault("README.md", "is missing")]


def test_an_audit_belongs_to_its_data_set(handmade):
    """The audit of another data set, or something else in its place, is a fault."""
    made = json.loads((handmade / "manifest.json").read_text())
    audit = handmade / "audit.json"
    audit.write_text(json.dumps({"dataset_hash": made["dataset_hash"]}))
    write_sums(handmade, made)
    assert verify(handmade) == []
    audit.write_text('{"dataset_hash": "00112233445566"}')
    write_sums(handmade, made)
    other = Fault("audit.json", "is the audit of another data set (001122334455)")
    assert verify(handmade) == [other]
    audit.write_text("[]")
    write_sums(handmade, made)
    (fault,) = verify(handmade)
    assert fault.what.startswith("is no audit of a data set (TypeError")


def test_part_of_another_table_is_found(handmade):
    """A whole part of the wrong schema is a fault."""
    wrong = handmade / "truth/oddities/a00000.parquet"
    wrong.write_bytes((handmade / "truth/outcomes/a00000.parquet").read_bytes())
    fit_hash(handmade, "truth/oddities/a00000.parquet")
    (fault,) = verify(handmade)
    assert "columns are ['campaign_id'" in fault.what


def test_truth_must_fit_the_log(handmade):
    """Taking a truth part away, manifest and all, leaves queries without truth."""
    part = "truth/queries/a00000-p001.parquet"
    (handmade / part).unlink()
    reseal(handmade, lambda m: m.update(files=[f for f in m["files"] if f["path"] != part]))
    assert verify(handmade) == [Fault("log", "2 queries without a row in truth/queries")]


def test_log_must_fit_the_truth(handmade):
    """Taking a log part away leaves truth rows without a query, and the count wrong."""
    part = "log/a00000-p001.parquet"
    (handmade / part).unlink()
    reseal(handmade, lambda m: m.update(files=[f for f in m["files"] if f["path"] != part]))
    assert verify(handmade) == [
        Fault("log", "has 2 rows, the manifest says 4"),
        Fault("truth/queries", "2 rows without a query in the log"),
    ]


def test_a_query_id_occurs_once(handmade):
    """A part copied under another name makes ids occur twice."""
    old, new = "log/a00000-p001.parquet", "log/a00001-p001.parquet"
    (handmade / new).write_bytes((handmade / old).read_bytes())

    def copy(found):
        (file,) = (f for f in found["files"] if f["path"] == old)
        found["files"].append({**file, "path": new})
        found["rows"]["written"] = 6

    reseal(handmade, copy)
    assert verify(handmade) == [Fault("log", "2 query ids occur more than once")]


def test_row_count_of_the_manifest_is_checked(handmade):
    """A part with other rows than the manifest says is a fault."""

    def change(found):
        next(f for f in found["files"] if f["path"] == "log/a00000-p000.parquet")["rows"] = 3

    reseal(handmade, change)
    assert [f.what for f in verify(handmade)] == ["has 2 rows, the manifest says 3"]


def test_foreign_and_unfinished_folders(tmp_path):
    """A folder that is no data set is refused, an unfinished one is damage."""
    with pytest.raises(UsageError):
        verify(tmp_path)
    (tmp_path / ".work").mkdir()
    with pytest.raises(DatasetError):
        verify(tmp_path)
