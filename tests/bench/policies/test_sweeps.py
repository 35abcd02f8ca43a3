"""Policies and facts that grow: what added rules mean, where engines are cut off, the figure."""

from __future__ import annotations

from pathlib import Path

import pytest
from matplotlib.figure import Figure

from misusebench.policies.language import read_policy
from misusebench.policy_bench.adapter import Candidate
from misusebench.policy_bench.agreeing import mixed, policy_of
from misusebench.policy_bench.agreement import decided
from misusebench.policy_bench.held_facts import POLICY, asked_of, officer_facts
from misusebench.policy_bench.judged import reference
from misusebench.policy_bench.stores import HeldByCedar, HeldInDict, HeldInSqlite, HeldNowhere
from misusebench.policy_bench.sweeps import (
    SweepPlan,
    entity_sweep,
    grown,
    limit,
    of_agencies,
    p99_ms,
    render,
    rule_sweep,
)
from misusebench.report.growth import draw, write_growth

ROOT = str(Path(__file__).parents[3])
PLAN = SweepPlan(requests=400, checked=60, load_s=20, decide_s=20)


def wrong(name):
    return Candidate(name, f"tests.bench.policies.wrong_engines:{name}", {}, (ROOT,))


def test_an_added_rule_fires_for_its_agency_only():
    """What the eleven rules said stays; a rule more denies its agency beyond its own limit."""
    policy = grown("eleven_rules", 120)
    assert len(read_policy("x", policy["text"]).rules) == 131
    asked = of_agencies(mixed(None, 2_000), 120)
    base, more = (decided(policy_of(one), asked) for one in (None, policy))
    fired = set()
    for one, before, after in zip(asked, base, more, strict=True):
        word, _, number = one.officer["agency"].partition("-")
        own = ()
        if word == "agency" and one.context["lookback_days"] > limit(int(number)):
            own = (f"LIMIT_{number}",)
        assert after.reasons == before.reasons + own
        assert after.outcome == ("deny" if after.reasons else "permit")
        fired.update(own)
    assert len(fired) > 60
    permitted = sum(one.outcome == "permit" for one in more)
    assert 600 < permitted < sum(one.outcome == "permit" for one in base)


def test_who_moves_to_another_agency_keeps_what_was_permitted():
    """Case, owner and agreements move along, so no other rule tells the two apart."""
    usual = mixed(None, 600)
    moved = of_agencies(usual, 10)
    engine = reference("eleven_rules")
    assert engine.decide_batch(usual) == engine.decide_batch(moved)
    agencies = [one.officer["agency"] for one in moved[1::2]]
    assert set(agencies) == {f"agency-{n}" for n in range(10)}
    assert moved[::2] == usual[::2]


def test_a_sweep_cuts_off_marks_and_goes_on_with_others():
    """A slow one is cut off where it is too slow and not tried further; a wrong one is INVALID."""
    engines = [Candidate("reference", "misusebench.policies.reference:Reference"), wrong("Slow"),
               wrong("Forgetful")]  # fmt: skip
    plan = SweepPlan(requests=400, checked=400, load_s=1.2, decide_s=20)
    found = rule_sweep(engines, (5, 60, 70), plan)
    slow, forgetful = found["engines"]["Slow"], found["engines"]["Forgetful"]
    assert list(slow) == ["5", "60"]
    assert slow["5"]["cut"] == ""
    assert slow["5"]["load_ms"] > 300
    assert slow["60"]["cut"] == "loading: no answer within 1.2 s"
    assert list(forgetful) == list(found["engines"]["reference"]) == ["5", "60", "70"]
    assert "the reference says deny" in forgetful["5"]["why"]
    assert not forgetful["5"]["valid"]
    page = "\n".join(render(found))
    assert "- `Slow` at 60: cut off, loading: no answer within 1.2 s" in page
    assert "| Slow | " in page
    assert "not tried" in page
    assert "- `Forgetful` at 5: INVALID: " in page
    whole = found["engines"]["reference"]["70"]
    assert whole["valid"]
    assert whole["single_us"]["permit"]["n"] + whole["single_us"]["deny"]["n"] == 400


def test_an_engine_for_tables_is_swept_by_rows():
    """What a row of a table takes, no single decisions."""
    found = rule_sweep([wrong("Columns")], (5, 500), PLAN)
    sizes = found["engines"]["Columns"]
    assert [at["why"] for at in sizes.values()] == ["", ""]
    assert sizes["5"]["table_us_a_row"] > 0
    assert "single_us" not in sizes["5"]
    page = "\n".join(render(found))
    assert "µs a row of one" in page
    assert page.count("| Columns |") == 2


def test_decisions_are_cut_off_by_the_clock():
    """Some decisions of many, and what they took is told all the same."""
    plan = SweepPlan(requests=4_000, checked=20, load_s=20, decide_s=0.004)
    engine = Candidate("reference", "misusebench.policies.reference:Reference")
    found = rule_sweep([engine], (2_000, 3_000), plan)["engines"]["reference"]
    assert list(found) == ["2000"]
    assert found["2000"]["cut"].endswith("decisions of 4000 in 0.004 s")
    assert 0 < found["2000"]["single_us"]["all"]["n"] < 4_000


@pytest.mark.parametrize("store", [HeldNowhere, HeldInDict, HeldInSqlite, HeldByCedar])
def test_wherever_facts_are_held_the_decision_is_the_same(store):
    """Dictionaries, SQLite, entities of Cedar: all as the reference on whole requests."""
    bare, whole = asked_of(90, 500)
    held = store()
    held.load(POLICY, {"entities": 90})
    wanted = decided(policy_of(POLICY), whole)
    answers = held.decide_batch(bare)
    assert [(d.outcome, d.reasons) for d in answers] == [(d.outcome, d.reasons) for d in wanted]
    assert {reason for one in wanted for reason in one.reasons} == {
        "ROLE", "ACTIVE", "TRAINING", "CASE", "CASE_OPEN"}  # fmt: skip
    assert sum(one.outcome == "permit" for one in wanted) > 100
    assert all(not one.officer for one in bare)


@pytest.mark.parametrize("store", [HeldNowhere, HeldInDict, HeldInSqlite, HeldByCedar])
def test_an_officer_whom_nobody_holds_is_denied(store):
    """Nothing is known of them, so nothing is permitted."""
    bare, _ = asked_of(30, 50)
    held = store()
    held.load(POLICY, {"entities": 1})
    strangers = [one for one in bare if one.officer_id != "officer-0"]
    assert len(strangers) > 30
    assert {one.outcome for one in held.decide_batch(strangers)} == {"deny"}
    assert all(one.errors for one in held.decide_batch(strangers))


def test_the_sweep_over_entities_runs_all_stores():
    """Load time and memory at each size; all agree."""
    found = entity_sweep((50, 2_000), PLAN)
    assert set(found["engines"]) == {"none", "dict", "sqlite", "cedar"}
    for name, sizes in found["engines"].items():
        assert [sizes[n]["why"] for n in ("50", "2000")] == ["", ""], name
        assert sizes["2000"]["load_ms"] > 0
        assert sizes["2000"]["single_us"]["all"]["n"] == 400
    assert officer_facts(20)["active"] is False
    assert "| cedar | " in "\n".join(render(found))


def test_growth_is_drawn_with_the_line_to_measure_by(tmp_path):
    """Logarithmic axes, a line per engine, a cross where one was cut off; same bytes."""
    points = {"a": [(10, 0.01), (1_000, 0.5)], "b": [(10, 0.1)], "none": []}
    axes = Figure().add_subplot()
    draw(axes, {n: p for n, p in points.items() if p}, "added rules", ["b"])
    assert (axes.get_xscale(), axes.get_yscale()) == ("log", "log")
    lines = {line.get_gid(): line for line in axes.lines if line.get_gid()}
    assert set(lines) == {"a", "b"}
    assert lines["a"].get_ydata()[1] == 0.5
    crosses = [line for line in axes.lines if line.get_marker() == "x"]
    assert [tuple(line.get_xdata()) for line in crosses] == [(10,)]
    assert [t.get_text() for t in axes.texts] == ["1 ms"]
    files = [tmp_path / "one.png", tmp_path / "two.png"]
    for file in files:
        write_growth(file, points, cut=["b"])
    assert files[0].read_bytes() == files[1].read_bytes()
    assert files[0].read_bytes().startswith(b"\x89PNG")


def test_only_valid_sizes_with_a_percentile_are_drawn():
    """INVALID ones and those with too few decisions are left out."""

    def at(p99, *, valid=True):
        return {"valid": valid, "single_us": {"all": {"p99": p99}}}

    one = {"10": at(1_000.0), "100": at(None)}
    cut = {"10": {"valid": True, "cut": "loading"}}
    found = {"engines": {"a": one, "b": {"10": at(1.0, valid=False)}, "c": cut}}
    assert p99_ms(found) == {"a": [(10, 1.0)], "b": [], "c": []}
