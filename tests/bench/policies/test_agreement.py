"""Each engine decides as the reference does, and one that does not is found out."""

from __future__ import annotations

import pytest
from tests.bench.policies.odd_policy import odd_policy

from misusebench.policies.language import read_policy
from misusebench.policies.rulebook import DATABASES
from misusebench.policy_bench import agreement
from misusebench.policy_bench.asked import Variant

POLICY = read_policy("eleven_rules")


def bad(name: str) -> Variant:
    return Variant(name, f"tests.bench.policies.bad_engines:{name}")


@pytest.mark.parametrize("name", agreement.COMPILED)
def test_an_engine_agrees(name):
    """Decision and reasons, each clause both ways, batches, order, one more rule."""
    (row,) = agreement.examine(POLICY, agreement.engines([name]), requests=2_000, few=120)

    assert row.conforms, row
    assert row.requests > 2_000
    assert row.version
    assert list(row.batch) == ["1", "2", "50", "100", "1000", "shuffled"]
    assert (row.reasons is None) == (name == "casbin")


@pytest.mark.parametrize("name", agreement.COMPILED)
def test_an_engine_agrees_on_all_of_the_language(name):
    """Challenges, defaults, ids, properties of actions, and texts that engines mistake."""
    policy = odd_policy(challenges=name != "casbin")
    row = agreement.agreement(policy, agreement.cases(policy, 600), agreement.engines([name])[0])

    assert row.conforms, row
    assert row.requests > 600


@pytest.fixture(scope="module")
def many():
    return agreement.cases(POLICY, 24_000, seed=1)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["eleven_rules", *agreement.COMPILED[:-1]])
def test_twenty_thousand_requests(name, many):
    """With the reference, eight engines agree; the rules written as code know twelve databases."""
    known = [one for one in many if name != "eleven_rules" or one.database["id"] in DATABASES]
    row = agreement.agreement(POLICY, known[-20_000:], agreement.engines([name])[0])

    assert row.conforms, row
    assert row.requests == 20_000


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("Forgets", {"reasons"}),
        ("Opens", {"decisions", "reasons"}),
        ("FirstOfBatch", {"batch"}),
        ("FirstRules", {"opened"}),
        ("Raises", {"decisions", "reasons", "errors", "batch"}),
        ("Short", {"decisions", "reasons", "errors", "batch"}),
        ("Grumbles", {"errors", "batch"}),
    ],
)
def test_a_fault_is_found(name, wrong):
    """What is wrong with an engine shows in its own column."""
    (row,) = agreement.examine(POLICY, [bad(name)], requests=600, few=600)

    counts = {
        "decisions": row.decisions, "reasons": row.reasons, "errors": row.errors,
        "batch": sum(row.batch.values()), "opened": row.opened,
    }  # fmt: skip
    found = {key for key, count in counts.items() if count}
    assert found == wrong, counts
    assert not row.conforms


def test_a_process_that_ends_and_a_package_that_lacks_are_told():
    """Neither takes this process along; the row says why."""
    rows = agreement.examine(POLICY, [bad("Dies"), bad("Absent")], requests=5, few=5)

    assert "its process ended with -6" in rows[0].lacking
    assert rows[1].lacking == "needs the package nowhere; install the extra nowhere"
    assert not any(row.conforms for row in rows)
    lines = agreement.render(rows)
    assert len(lines) == 4
    assert "not asked: its process ended" in lines[2]


def test_casbin_refuses_what_it_cannot_say():
    """A challenge needs to know which rule it was."""
    row = agreement.agreement(odd_policy(), [], agreement.engines(["casbin"])[0])

    assert "rule SAME challenges, and casbin names no rules" in row.lacking
    assert row.verdict == "not applicable"
    assert agreement.render([row])[2].startswith("| casbin | ")
    assert "| not applicable: odd: rule SAME" in agreement.render([row])[2]


def test_added_rules_deny():
    """The stricter policies have one rule more, which denies something."""
    asked = agreement.cases(POLICY, 300)
    before = agreement.decided(POLICY, asked)
    for given in agreement.stricter(POLICY):
        policy = read_policy(given["name"], given["text"])
        assert policy.order == (*POLICY.order, "ADDED_")
        after = agreement.decided(policy, asked)
        assert sum("ADDED_" in decision.reasons for decision in after) > 10
        assert not agreement._opened(before, after)


def test_the_table_has_a_line_an_engine():
    """Rows are shown with what differs."""
    row = agreement.Conformance("x", "1", requests=1_200, decisions=3, batch={"1": 2, "2": 1})
    assert agreement.render([row])[2] == "| x | 1 | 1,200 | 3 | 0 | 0 | 3 | 0 |"
