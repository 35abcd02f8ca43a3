"""What is timed of engines, what makes a time count for nothing, and what the harness costs."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from tests.bench.policies.odd_policy import odd_policy

from misusebench.policies.reference import Reference
from misusebench.policy_bench.adapter import Adapter, AdapterFault, Candidate, Singles, candidates
from misusebench.policy_bench.agreeing import mixed
from misusebench.policy_bench.figures import MOST_OVERHEAD_US, render, split_us, spread
from misusebench.policy_bench.speed import Plan, speed

ROOT = str(Path(__file__).parents[3])
#: Two of them are right.
WRONG = (
    "Columns", "Lonely", "Lenient", "Forgetful", "FirstOfBatch", "Raising", "Ending", "Table",
    "EverySecond", "Grumbling", "FillsIn", "FillsInBatches", "FillsInTables", "GrumblingTables",
    "Short",
)  # fmt: skip


def wrong(name, **given):
    return Candidate(name, f"tests.bench.policies.wrong_engines:{name}", given, (ROOT,))


@pytest.fixture(scope="module")
def found():
    plan = Plan(requests=300, rounds=2, launches=1, checked=200, table_rows=300, sizes=(1, 100))
    missing = Candidate("missing", "no_such_package_here:Engine")
    return speed(None, [wrong(name) for name in WRONG] + [missing], plan)


def test_a_wrong_engine_is_timed_and_marked_with_the_reason(found):
    """Another outcome, another reason, a batch unlike single decisions, a table, an end."""
    engines = found["engines"]
    assert engines["reference"]["valid"]
    right = {"null", "reference", "Columns", "Lonely"}
    assert {name for name, one in engines.items() if one["valid"]} == right
    assert "permit (no reason), the reference says deny (WARRANT)" in engines["Lenient"]["why"]
    assert "the reference says deny" in engines["Forgetful"]["why"]
    assert "something went wrong), the reference says" in engines["Grumbling"]["why"]
    assert "errors too many in a table" in engines["GrumblingTables"]["why"]
    assert engines["Short"]["why"].endswith(f"on a batch of {engines['Short']['why'][-3:]}")
    for name, way in (("", "single"), ("Batches", "batch"), ("Tables", "table")):
        why = engines[f"FillsIn{name}"]["why"]
        assert "requests that lack a fact, the first" in why
        assert why.endswith(f"asked {way}")
    assert "decisions differ in a batch" in engines["FirstOfBatch"]["why"]
    assert engines["EverySecond"]["why"] == "a batch in reverse differs from the batch"
    assert "outcomes differ in a table" in engines["Table"]["why"]
    assert engines["Raising"]["why"] == "RuntimeError: its policy is no good"
    assert engines["Ending"]["why"] == "its process ended: enough"
    assert engines["missing"]["absent"]
    assert not engines["Raising"]["absent"]
    for name in ("Lenient", "Forgetful", "FirstOfBatch", "Table"):
        assert engines[name]["per_s"]["single"]["median"] > 0
        assert engines[name]["single_us"]["all"]["n"] == 600
    assert engines["Table"]["per_s"]["table"]["median"] > 0


def test_the_page_says_invalid_and_what_the_harness_costs(found):
    """One line for each that does not count; the cost of the harness in the first paragraph."""
    page = "\n".join(render(found))
    for name in ("Lenient", "FirstOfBatch"):
        assert f"- `{name}`: INVALID, its times do not count" in page
    assert "- `missing`: not installed" in page
    cost = found["overhead"]
    assert f"The harness costs\n{cost['per_decision_us']:.2f} µs a decision" in page
    assert 0 < cost["in_service_time_us"] <= cost["per_decision_us"]
    assert cost["per_decision_us"] < 20 * MOST_OVERHEAD_US  # far off even on a busy machine
    json.dumps(found, allow_nan=False)


def test_a_policy_that_is_none_for_an_engine_is_not_applicable():
    """Casbin cannot say a challenge, and rules that are code take no others: neither is INVALID."""
    policy = odd_policy()
    given = {"name": policy.name, "text": policy.text}
    assert "eleven_rules" not in [one.name for one in candidates(policy=given)]
    plan = Plan(requests=40, rounds=1, launches=1, checked=30, table_rows=10, sizes=(1,))
    found = speed(given, candidates(["casbin", "eleven_rules"]), plan)
    for name, why in (("casbin", "rule SAME challenges"), ("eleven_rules", "takes no other")):
        one = found["engines"][name]
        assert (one["valid"], one["applicable"], one["absent"]) == (False, False, False)
        assert why in one["why"]
    page = "\n".join(render(found))
    assert "- `casbin`: not applicable: odd: rule SAME" in page
    assert "INVALID" not in page


def test_what_is_told_of_a_valid_engine(found):
    """Start in parts that add up, memory, a reload without errors, ratios to itself of one."""
    one = found["engines"]["reference"]
    cold = one["cold_ms"]
    assert cold["total"] == pytest.approx(sum(v for k, v in cold.items() if k != "total"))
    assert min(cold.values()) > 0
    assert one["memory_mib"]["loaded"] > 0
    assert one["reload_ms"]["errors"] == 0
    assert one["reload_ms"]["gap"] > 0
    assert found["engines"]["Columns"]["reload_ms"]["own_thread"] is False
    own = found["engines"]["Lonely"]["reload_ms"]
    assert own["own_thread"]
    assert own["gap"] == own["load"] > 0
    rows = "\n".join(render(found)).splitlines()
    assert [r for r in rows if r.startswith("| Lonely") and r.endswith("| stands still | - |")]
    assert one["per_s"]["single"]["ratio"] == 1
    assert one["per_s"]["batch 100"]["median"] > 0
    assert one["single_us"]["permit"]["n"] + one["single_us"]["deny"]["n"] == 600


def test_an_engine_for_tables_is_timed_in_tables_and_batches(found):
    """Encoding and evaluation apart; in no table of single decisions."""
    one = found["engines"]["Columns"]
    assert set(one["per_s"]) == {
        "batch 1", "batch 100", "table", "table, encode", "table, evaluate"}  # fmt: skip
    assert one["single_us"] == {}
    assert one["per_s"]["table, evaluate"]["median"] > one["per_s"]["table"]["median"]
    rate, base = one["per_s"]["table"], found["engines"]["reference"]["per_s"]["single"]
    assert rate["low"] / base["high"] <= rate["ratio"] <= rate["high"] / base["low"]
    page = "\n".join(render(found))
    whole = page[page.index("Whole tables of facts") :]
    assert "| Columns |" in whole
    assert "| reference |" not in whole


def test_percentiles_are_split_by_outcome():
    """Permits slow, denies fast; no percentile where there are too few samples."""
    ns = np.array([9_000] * 1_500 + [1_000] * 990 + [4_000] * 10 + [7_000], np.int64)
    outcome = np.array([0] * 1_500 + [1] * 1_000 + [2], np.int8)
    halves = [Singles(ns[:2_000], outcome[:2_000], 1), Singles(ns[2_000:], outcome[2_000:], 1)]
    found = split_us(halves)
    assert found["permit"] == {"n": 1_500, "p50": 9.0, "p99": 9.0, "p99.9": None}
    assert found["deny"] == {"n": 1_000, "p50": 1.0, "p99": 4.0, "p99.9": None}
    assert found["challenge"] == {"n": 1, "p50": None, "p99": None, "p99.9": None}
    assert found["all"]["n"] == 2_501


def test_ratios_are_taken_within_rounds():
    """A machine that slows down halfway changes rates and no ratio."""
    found = spread({(0, 0): 50.0, (0, 1): 5.0, (1, 0): 7.0}, {(0, 0): 100.0, (0, 1): 10.0})
    assert found == {"median": 7.0, "low": 5.0, "high": 50.0, "ratio": 0.5}


def test_two_thirds_of_what_is_timed_are_permitted():
    """The same requests for the same seed, and most others are denied for one reason."""
    asked = mixed(None, 400)
    assert asked == mixed(None, 400)
    engine = Reference()
    engine.load(None, None)
    permitted = [r for r in asked if engine.decide(r).outcome == "permit"]
    assert {min(2, r.database["sensitivity"]) for r in permitted} == {0, 1, 2}
    assert len({r.officer["role"] for r in permitted}) > 3
    reasons = [len(one.reasons) for one in engine.decide_batch(asked)]
    assert reasons.count(0) == 264
    assert reasons.count(1) == 108
    assert len({one.query_id for one in asked}) == 400


def test_no_answer_in_time_ends_the_process():
    """Whoever hangs is told so, and nothing waits for it."""
    with Adapter(wrong("Slow"), most_s=20) as adapter:
        assert adapter.ready() > 1
        adapter.start()
        with pytest.raises(AdapterFault, match=r"no answer within 0\.05 s"):
            adapter.load(None, most_s=0.05)
        with pytest.raises(AdapterFault):
            adapter.load(None)


def test_engines_that_ask_elsewhere_need_parameters():
    """All others of the registry are there by default."""
    names = [one.name for one in candidates()]
    assert {"reference", "eleven_rules", "cedar"} <= set(names)
    assert not {"authzen", "opa", "decisions"} & set(names)
    assert candidates(["cedar"], {"cedar": {"memory": True}})[0].parameters == {"memory": True}
