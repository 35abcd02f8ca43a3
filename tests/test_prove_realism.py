"""The long proof `prove/realism.py`, on a small world."""

from __future__ import annotations

import json

import pytest


@pytest.mark.slow
def test_it_runs_and_tells_that_too_little_applies(proved, tmp_path):
    """Two weeks of one town are too little for most statistics: the proof does not hold."""
    done = proved("realism", PROOF_WORLDS="tiny", PROOF_SEEDS="1")
    assert done.returncode == 1, done.stderr
    assert "none fails in more than one seed: False." in done.stdout
    told = json.loads((tmp_path / "numbers.json").read_text())["worlds"]["tiny"][0]
    assert told["self_query"]["verdict"] == "not applicable"


def test_what_it_takes_to_hold(proof):
    """24 that apply, 95 % passes, no statistic that fails twice in one world."""
    realism = proof("realism")
    names = [one.id for one in realism.STATISTICS if one.counted]

    def seed(failing=(), applying=names):
        return {
            name: {"verdict": "fail" if name in failing else "pass", "value": 1.0, "target": ""}
            if name in applying
            else {"verdict": "not applicable", "value": None, "target": ""}
            for name in names
        }

    assert realism.holds({"one": [seed()] * 5})
    assert realism.holds({"one": [seed(names[:1]), *[seed()] * 4]})
    assert not realism.holds({"one": [seed(names[:1])] * 2 + [seed()] * 3})
    assert not realism.holds({"one": [seed(applying=names[:23])] * 5})
    assert not realism.holds({"one": [seed(names[:30]), *[seed()] * 4]})
