"""The long proof `prove/policy_speed.py`: which targets it holds, and that it runs."""

from __future__ import annotations

import json

import pytest

FINE = {"valid": True, "absent": False, "why": ""}
OTHERS = ("duckdb_sql", "cedar", "rego", "cel", "jsonlogic", "casbin")


def _found():
    columns = {"valid": True, "absent": False, "why": "",
               "per_s": {"table, evaluate": {"ratio": 120.0}}}  # fmt: skip
    return {
        "speed": {
            "overhead": {"per_decision_us": 0.2, "most_us": 2.0},
            "engines": {"numpy_columns": columns, "reference": FINE, **dict.fromkeys(OTHERS, FINE)},
        },
        "stall": {"ratio": 30.0},
        "replayed_s": {"reference": 1.2, "numpy_columns": 6.0},
    }


def test_each_target_that_is_missed_is_told(proof):
    """None when all are met; a sentence for each that is not."""
    told = proof("policy_speed").faults
    assert told(_found()) == []
    slow = _found()
    slow["speed"]["overhead"]["per_decision_us"] = 2.5
    slow["speed"]["engines"]["numpy_columns"]["per_s"]["table, evaluate"]["ratio"] = 49.0
    slow["speed"]["engines"]["other"] = {"valid": False, "absent": False, "why": "r1: permit"}
    slow["speed"]["engines"]["lacking"] = {"valid": False, "absent": True, "why": "no module"}
    slow["stall"]["ratio"] = 9.0
    slow["replayed_s"] = {"reference": 3.0, "numpy_columns": 9.9}
    assert told(slow) == [
        "the harness costs 2.50 µs a decision",
        "the open loop shows 9.0 times the closed one",
        "numpy_columns evaluates 49.0 times as fast as the reference",
        "reference took 3.0 s for 1,000,000 queries",
        "other: r1: permit",
    ]
    few = _found()
    few["speed"]["engines"]["casbin"] = {"valid": False, "absent": True, "why": "no module"}
    assert told(few) == [
        "valid engines: numpy_columns, reference, duckdb_sql, cedar, rego, cel, jsonlogic; asked: 8"
    ]
    lacking = _found()
    del lacking["speed"]["engines"]["reference"]
    lacking["speed"]["engines"]["other"] = FINE
    assert told(lacking)[0].endswith("casbin, other; asked: 8")
    assert told({**_found(), "stall": {"ratio": None}}) == [
        "the open loop shows None times the closed one"
    ]


@pytest.mark.long
@pytest.mark.slow
def test_it_runs_with_a_hundredth_of_all(proved, tmp_path):
    """Every section is printed, the figure is drawn, the numbers are there."""
    picture = tmp_path / "speed.png"
    few = {"PROOF_SHARE": "0.01", "PROOF_ENGINES": "reference numpy_columns jsonlogic"}
    done = proved("policy_speed", **few, PROOF_PICTURE=str(picture))
    assert picture.read_bytes().startswith(b"\x89PNG"), done.stderr
    numbers = json.loads((tmp_path / "numbers.json").read_text())
    assert numbers["speed"]["engines"]["reference"]["valid"]
    assert {"speed", "replayed_s", "stall", "rules", "entities"} <= set(numbers)
    for head in ("## A load that does not wait", "## Rules", "## Officers and cases"):
        assert head in done.stdout
