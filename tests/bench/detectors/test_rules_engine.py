"""What runs the SQL rules: alerts, tiers, context as it comes, and files that are wrong."""

from __future__ import annotations

import pytest
from tests.bench.literal import at, batch, context, log, table

from misusebench.detectors.rules import COLUMNS, Rules, load_rules
from misusebench.errors import SuiteError

SHIFT = {"valid_from": "2024-03-04 12:00", "valid_to": "2024-03-04 22:00"}


def test_an_empty_batch_has_no_scores():
    """Nothing in, nothing out, nothing raised."""
    rules = Rules(tier="T0")
    empty = log().to_batches() or [batch({}).slice(0, 0)]
    assert rules.score(empty[0]).tolist() == []
    assert rules.alerts(0) == []


def test_alerts_say_who_when_why_and_which_query():
    """The first hit of a rule on an officer's local day is raised, the next day another."""
    rules = Rules(tier="T0")
    rows = [
        {"query_id": 11, "match": "partial", "time": "2024-03-04 10:00"},
        {"query_id": 12, "match": "partial", "time": "2024-03-04 11:00", "subject_key": 2},
        {"query_id": 13, "match": "partial", "time": "2024-03-04 11:00", "officer_id": "o2"},
        {"query_id": 14, "match": "partial", "time": "2024-03-05 10:00", "subject_key": 3},
    ]
    rules.score(batch(*rows))
    raised = rules.alerts(0)
    assert [(a.level, a.key, a.evidence) for a in raised] == [
        ("officer", "o1", (11,)), ("officer", "o2", (13,)), ("officer", "o1", (14,)),
    ]  # fmt: skip
    assert [a.time_us for a in raised] == [
        at("2024-03-04 10:00"), at("2024-03-04 11:00"), at("2024-03-05 10:00"),
    ]  # fmt: skip
    assert {(a.rule, a.score, a.reason) for a in raised} == {
        ("wildcard_name", 0.1, "Partial or wildcard name without a case number")
    }
    rules.score(batch({"query_id": 15, "match": "partial", "time": "2024-03-05 12:00"}))
    assert rules.alerts(0) == []


def test_a_tier_runs_its_rules_and_those_below():
    """T0 has five rules; T1 adds the four that need the roster, T3 adds none."""
    assert [len(Rules(tier=tier)._rules) for tier in ("T0", "T1", "T2", "T3")] == [5, 9, 9, 9]


def test_context_rows_count_once_they_are_observed():
    """A shift told of later spares later rows only."""
    rules = Rules(tier="T1")
    rules.fit(log(), context(officers=[{}]))
    assert rules.score(batch({})) == pytest.approx([0.25])
    rules.observe("roster/shifts", table("roster/shifts", SHIFT))
    assert rules.score(batch({"time": "2024-03-04 18:00"})) == pytest.approx([0.0])


def test_the_shipped_file_is_complete():
    """Every rule is named once, has a reason a reviewer can read and reads known columns."""
    rules = load_rules()
    assert len({rule.id for rule in rules}) == len(rules) == 9
    assert len({rule.reason for rule in rules}) == 9
    assert all(rule.reason[0].isupper() and not rule.reason.endswith(".") for rule in rules)
    assert len(set(COLUMNS)) == len(COLUMNS)


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("SELECT nothing FROM batch", r"rule mine: .*nothing"),
        ("SELECT query_id FROM batch", r"rule mine: .*row_no.*returns the column `row_no`"),
        ("SELECT row_no FROM truth", r"rule mine: .*truth"),
        ("SELEC row_no", r"rule mine: .*syntax error"),
    ],
)
def test_a_rule_that_cannot_run_is_named(tmp_path, sql, said):
    """The message has the rule's id, the database's words and what a rule returns."""
    path = tmp_path / "mine.toml"
    path.write_text(f"[[rule]]\nid='mine'\nreason='r'\nweight=0.5\ntier='T0'\nsql='{sql}'\n")
    with pytest.raises(SuiteError, match=f"(?s){said}"):
        Rules(rules=str(path)).score(batch({}))


def test_a_rules_file_tells_all_its_faults_at_once(tmp_path):
    """Two rules with three faults are three lines, each with file, number and id."""
    path = tmp_path / "mine.toml"
    path.write_text("[[rule]]\nid='a'\nreason='r'\nweight=0\ntier='T0'\nsql='s'\nwhy=1\n"
                    "[[rule]]\nreason='r'\nweight=1\ntier='T0'\nsql='s'\n")  # fmt: skip
    with pytest.raises(SuiteError) as told:
        load_rules(path)
    assert str(told.value).splitlines() == [
        f"{path}: rule 1 (a): unknown key why",
        f"{path}: rule 1 (a): weight must be in (0, 1], got 0",
        f"{path}: rule 2 (without id): id is missing",
    ]


def test_a_missing_rules_file_is_named(tmp_path):
    """The path comes first, then what the system says."""
    with pytest.raises(SuiteError, match=r"none\.toml: .*No such file"):
        load_rules(tmp_path / "none.toml")
