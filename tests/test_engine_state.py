"""The long proof `prove/engine_state.py`, on a small world: kills, hash seed, time zone, CPU."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PROOF = ROOT / "prove" / "engine_state.py"


def prove(folder, code=""):
    """Run the proof on `tiny` without Ray; `code` changes it before it runs."""
    start = f"import sys; sys.path.insert(0, {str(PROOF.parent)!r}); import engine_state as e"
    return subprocess.run(
        [sys.executable, "-c", f"{start}; {code}; e.main()" if code else f"{start}; e.main()"],
        env={
            **os.environ,
            "PROOF_WORLD": "tiny",
            "PROOF_RAY": "0",
            "PROOF_FOLDER": str(folder),
            "PROOF_NUMBERS": str(folder / "numbers.json"),
        },
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.slow
def test_it_holds_on_a_small_world(tmp_path):
    """Seven ways, five kills that hit, one hash, and no data left behind."""
    done = prove(tmp_path)
    assert done.returncode == 0, done.stderr
    assert "One data set: True." in done.stdout
    ways = json.loads((tmp_path / "numbers.json").read_text())["ways"]
    assert len(ways) == 7
    assert len({found["files_hash"] for found in ways.values()}) == 1
    kills = ways["killed 5 times, 2 workers"]["kills"]
    assert [kill["hit"] for kill in kills] == [True] * 5
    assert [path.name for path in tmp_path.iterdir()] == ["numbers.json"]


@pytest.mark.slow
def test_it_fails_if_a_kill_hits_nothing(tmp_path):
    """A run that was finished before it could be killed proves nothing."""
    done = prove(tmp_path, "e.KILLS, e.KILLED_WITHIN = 1, (4, 4)")
    assert done.returncode == 1
    assert "Kills that hit a run at work: 0;" in done.stdout


def test_it_fails_if_one_hash_differs(tmp_path, monkeypatch):
    """One other file is enough, and so is a fault in a data set."""
    monkeypatch.setenv("PROOF_FOLDER", str(tmp_path))
    monkeypatch.syspath_prepend(str(PROOF.parent))
    import engine_state  # noqa: PLC0415 - it reads the environment

    way = {"files_hash": "a", "dataset_hash": "b", "faults": []}
    killed = way | {"kills": [{"hit": True}] * 5}
    assert engine_state.holds({"one": way, "two": killed})
    assert not engine_state.holds({"one": way | {"files_hash": "c"}, "two": killed})
    assert not engine_state.holds({"one": way | {"faults": ["lost"]}, "two": killed})
    assert not engine_state.holds({"one": way, "two": way | {"kills": [{"hit": True}] * 4}})
