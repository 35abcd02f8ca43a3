"""What runs the SQL rules: alerts, tiers, context as it comes, and files that are wrong."""

from __future__ import annotations

import pyarrow as pa
import pytest
from tests.bench.literal import at, batch, context, log, table

from misusebench.columns import DAY_US, HOUR_US
from misusebench.detectors.rules import COLUMNS, Rules, load_rules
from misusebench.detectors.rules_shifts import ShiftDays
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


def _mine(tmp_path, *statements):
    path = tmp_path / "mine.toml"
    rules = [
        f"[[rule]]\nid='r{number}'\nreason='R'\nweight=0.5\ntier='T0'\nsql=\"\"\"{sql}\"\"\"\n"
        for number, sql in enumerate(statements)
    ]
    path.write_text("".join(rules))
    return Rules(rules=str(path))


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT row_no FROM batch WHERE match = 'partial' -- a remark",
        "SELECT row_no FROM batch WHERE match = 'partial';",
        "SELECT row_no FROM batch WHERE match = 'partial'; -- both",
        "WITH b AS (SELECT * FROM batch) SELECT row_no FROM b WHERE match = 'partial'",
        "FROM batch SELECT row_no::INTEGER AS row_no WHERE match = 'partial' ORDER BY time DESC",
        "SELECT b.row_no FROM batch b JOIN batch c USING (officer_id) WHERE b.match = 'partial'",
    ],
)
def test_rules_of_any_layout_run_side_by_side(tmp_path, sql):
    """Rules are run in one statement if that can be, else one by one; nobody sees which."""
    rules = _mine(tmp_path, sql, "SELECT row_no FROM batch WHERE query_id = 12")
    rows = [{"query_id": 11, "match": "partial"}, {"query_id": 12}]
    assert rules.score(batch(*rows)).tolist() == [0.5, 0.5]
    assert [(a.rule, a.evidence) for a in rules.alerts(0)] == [("r0", (11,)), ("r1", (12,))]
    assert rules.score(batch(*rows)).tolist() == [0.5, 0.5]


def test_a_rule_that_fails_beside_others_is_named(tmp_path):
    """It is the second, which takes a word for a number."""
    rules = _mine(
        tmp_path, "SELECT row_no FROM batch", "SELECT row_no FROM batch WHERE system::INTEGER > 1"
    )
    with pytest.raises(SuiteError, match=r"rule r1: .*DMV"):
        rules.score(batch({"system": "DMV"}))


@pytest.mark.parametrize(
    "where",
    [
        "with_case", "case_number IS NOT NULL", "reason_lower = 'étude 7'",
        "contains(lower(reason_text), 'étude')", "utc_day = 19786",
        "time BETWEEN '2024-03-04' AND '2024-03-04 23:59:59'",
    ],
)  # fmt: skip
def test_made_columns_say_what_those_they_are_made_of_say(tmp_path, where):
    """Case, small letters and day of a row, alone or beside the columns they come from."""
    rows = [
        {"case_number": "24-1", "reason_text": "Étude 7", "time": "2024-03-04 23:59:59"},
        {"case_number": None, "reason_text": None, "time": "2024-03-05 00:00"},
    ]
    rules = _mine(tmp_path, f"SELECT row_no FROM batch WHERE {where}")
    assert rules.score(batch(*rows)).tolist() == [0.5, 0.0]


def test_the_past_is_there_without_a_history(tmp_path):
    """It is empty, and grows with what is scored."""
    rules = _mine(tmp_path, "SELECT b.row_no FROM batch b SEMI JOIN past USING (subject_key)")
    assert [rules.score(batch({})).tolist() for _ in range(2)] == [[0.0], [0.5]]


def test_shifts_are_told_by_each_day_they_touch():
    """Two hours around count; what the batch does not reach, and what has no end, is left out."""
    hour, day, days = HOUR_US, DAY_US, ShiftDays()
    bounds = [(23 * hour, day + 7 * hour), (day + 2 * hour, day + 5 * hour), (5 * day, None)]
    officers = [7, 8, 9]
    begin, end = (pa.array(times, pa.timestamp("us")) for times in zip(*bounds, strict=True))
    shifts = pa.table(
        {"officer_no": pa.array(officers, pa.int32()), "valid_from": begin, "valid_to": end}
    )
    days.learn(shifts.slice(0, 1))
    days.learn(shifts.slice(1))
    told = days.between(0, 9)
    pairs = zip(told["officer_no"].to_pylist(), told["utc_day"].to_pylist(), strict=True)
    assert sorted(pairs) == [(7, 0), (7, 1), (8, 1)]
    assert days.between(1, 1)["officer_no"].to_pylist() == [7, 8]
    assert not len(days.between(2, 9))


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
