"""What engines do without the fact on which a rule would deny."""

from __future__ import annotations

from misusebench.policies.language import read_policy
from misusebench.policies.language.vocabulary import value_of
from misusebench.policy_bench import agreement, fail_open

POLICY = read_policy("eleven_rules")


def test_probes_lack_one_fact_on_which_one_rule_turns():
    """Ten rules are probed; given its fact, each would be denied for that rule alone."""
    found = fail_open.probes(POLICY, per_fact=5)

    assert {probe.rule for probe in found} == set(POLICY.order[1:])
    permit = {"officer.role", "database.id"}
    for probe in found:
        assert probe.fact not in permit
        lacking = [name for name in POLICY.kinds if value_of(probe.request, name) is None]
        assert lacking == [probe.fact]
    assert ("SHIFT", "officer.on_shift") in {(p.rule, p.fact) for p in found}
    assert ("SHIFT", "officer.active") not in {(p.rule, p.fact) for p in found}


def test_engines_left_alone_open_as_they_are_known_to():
    """Cedar opens on all but for its schema; Rego on half; CEL as its answer is read."""
    rows = {row.engine: row for row in fail_open.measure(POLICY, fail_open.raw(), per_fact=5)}

    assert not any(row.lacking for row in rows.values())
    opens = {
        "cedar without schema", "cel, one expression read by truth", "duckdb_sql",
    }  # fmt: skip
    shut = {
        "cedar with schema", "cel, only True or False count", "casbin", "reference",
    }  # fmt: skip
    assert {name for name, row in rows.items() if row.rate == 1} == opens
    assert {name for name, row in rows.items() if row.rate == 0} == shut
    assert 0.3 < rows["rego"].rate < 0.7
    assert 0.1 < rows["jsonlogic"].rate < 0.5
    assert {"TRAINING", "PURPOSE", "CCW", "JURIS", "OUT_OF_STATE"} <= set(rows["rego"].opens_on)
    assert not {"ACTIVE", "SHIFT"} & set(rows["rego"].opens_on)
    assert {"TRAINING", "PURPOSE", "CCW"} <= set(rows["jsonlogic"].opens_on)


def test_no_shipped_engine_opens():
    """With the guard each probe is a deny with an error that names the fact."""
    for row in fail_open.measure(POLICY, fail_open.guarded(), per_fact=2):
        assert (row.lacking, row.rate, row.opens_on) == ("", 0, [])
        assert row.total["error"] == row.total.total() > 50


def test_the_table_counts():
    """One line an engine, with its rules."""
    rows = fail_open.measure(POLICY, fail_open.raw()[:1], per_fact=1)
    rows.append(fail_open.Openness("x", "1", "not there"))
    lines = fail_open.render(rows)

    assert lines[2].startswith("| cedar without schema | ")
    assert "(100%) | 0 | 0 | all |" in lines[2]
    assert lines[3] == "| x | 1 | not asked: not there | | | | |"
    assert agreement.source(POLICY)["name"] == "eleven_rules"
