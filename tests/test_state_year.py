"""The long proof `prove/state_year.py`, on a small world."""

from __future__ import annotations

import json

import pytest


@pytest.fixture
def year(proof):
    """Return the proof as a module."""
    return proof("state_year")


@pytest.mark.slow
def test_it_holds_on_a_small_world(proved, tmp_path):
    """The manifest and DuckDB count the same rows, and memory was looked at."""
    done = proved("state_year")
    assert done.returncode == 0, done.stderr
    assert "All rows accounted for, in parts of at most two million: True." in done.stdout
    told = json.loads((tmp_path / "numbers.json").read_text())
    assert told["rows"]["written"] == told["read"]["rows"] > 0
    assert told["faults"] == []
    assert sum(told["bytes"].values()) > 0
    assert max(tenth["largest_mb"] for tenth in told["tenths"]) > 50  # of any Python with numpy


def test_memory_is_told_for_each_tenth_of_the_rows(year):
    """A look belongs to the tenth that its rows fall into; tenths without a look are left out."""
    looks = [(1.0, 0, 5e6, 3e6), (2.0, 9, 9e6, 4e6), (3.0, 55, 8e6, 8e6), (4.0, 100, 2e6, 1e6)]
    assert year.tenths(looks) == [
        {"tenth": 1, "until_s": 2.0, "rows": 9, "all_mb": 9, "largest_mb": 4},
        {"tenth": 6, "until_s": 3.0, "rows": 55, "all_mb": 8, "largest_mb": 8},
        {"tenth": 10, "until_s": 4.0, "rows": 100, "all_mb": 2, "largest_mb": 1},
    ]


def test_the_ledger_is_read_as_it_grows(year):
    """A torn line waits for its rest, a second line of a task adds nothing."""
    ledger = year.Ledger()
    assert ledger.look() == 0
    path = year.OUT / ".work" / "ledger.jsonl"
    path.parent.mkdir(parents=True)

    def line(task, path, rows):
        return json.dumps({"task": task, "files": [{"path": path, "rows": rows}]}) + "\n"

    whole = line("a", "context/x", 7) + line("a-p0", "log/a", 3) + line("a-p0", "log/a", 3)
    torn = line("b-p0", "log/b", 5)
    path.write_text(whole + torn[:9])
    assert ledger.look() == 3
    path.write_text(whole + torn)
    assert ledger.look() == ledger.look() == 8


def test_it_fails_if_rows_are_missing(year):
    """Books that do not balance, a fault, another count, or a part too long."""
    rows = {"generated": 10, "duplicates": 1, "written": 9, "lost": 2}
    told = {"rows": rows, "read": {"rows": 9}, "faults": [], "longest_part": 9}
    assert year.holds(told)
    assert not year.holds(told | {"rows": rows | {"lost": 1}})
    assert not year.holds(told | {"read": {"rows": 8}})
    assert not year.holds(told | {"faults": ["lost"]})
    assert not year.holds(told | {"longest_part": 2_000_001})


def test_too_little_room_is_told_before_anything_is_made(year, monkeypatch):
    """The message says how much is needed and how to have it elsewhere."""
    monkeypatch.setattr(year, "WORLD", ["state"])
    monkeypatch.setattr(year.shutil, "disk_usage", lambda _: type("Room", (), {"free": 10**9}))
    with pytest.raises(SystemExit, match=r"has 1 GB free, about \d\d GB are needed; set TMPDIR"):
        year.check_room()
    monkeypatch.setattr(year.shutil, "disk_usage", lambda _: type("Room", (), {"free": 10**12}))
    year.check_room()
