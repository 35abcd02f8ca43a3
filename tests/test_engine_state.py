"""The long proof `prove/engine_state.py`, on a small world: kills, hash seed, time zone, CPU."""

from __future__ import annotations

import json

import pytest


@pytest.mark.slow
@pytest.mark.long
def test_it_holds_on_a_small_world(proved, tmp_path):
    """Seven ways, five kills that hit, one hash, and no data left behind."""
    done = proved("engine_state", PROOF_RAY="0")
    assert done.returncode == 0, done.stderr
    assert "One data set: True." in done.stdout
    ways = json.loads((tmp_path / "numbers.json").read_text())["ways"]
    assert len(ways) == 7
    assert len({found["files_hash"] for found in ways.values()}) == 1
    kills = ways["killed 5 times, 2 workers"]["kills"]
    assert [kill["hit"] for kill in kills] == [True] * 5
    assert [path.name for path in tmp_path.iterdir()] == ["numbers.json"]


@pytest.mark.long
@pytest.mark.slow
def test_it_fails_if_a_kill_hits_nothing(proved):
    """A run that was finished before it could be killed proves nothing."""
    code = "e.KILLS, e.KILLED_WITHIN = 1, (4, 4)"
    done = proved("engine_state", code, PROOF_RAY="0")
    assert done.returncode == 1
    assert "Kills that hit a run at work: 0;" in done.stdout


def test_it_fails_if_one_hash_differs(proof):
    """One other file is enough, and so is a fault in a data set."""
    engine_state = proof("engine_state")
    way = {"files_hash": "a", "dataset_hash": "b", "faults": []}
    killed = way | {"kills": [{"hit": True}] * 5}
    assert engine_state.holds({"one": way, "two": killed})
    assert not engine_state.holds({"one": way | {"files_hash": "c"}, "two": killed})
    assert not engine_state.holds({"one": way | {"faults": ["lost"]}, "two": killed})
    assert not engine_state.holds({"one": way, "two": way | {"kills": [{"hit": True}] * 4}})
