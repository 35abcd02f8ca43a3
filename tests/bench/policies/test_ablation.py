"""What a rule is worth alone is what the policy without it lets through, asked or not."""

from __future__ import annotations

import numpy as np
import pytest
from tests.bench.literal import context, log

from misusebench.isolated import Decisions
from misusebench.metrics import Decided, labelled
from misusebench.policies.facts import build_facts
from misusebench.policies.language import read_policy
from misusebench.policies.language.cases import holds
from misusebench.policies.reference import Reference
from misusebench.policy_bench.ablation import ablation, coverage, lesser, render, without
from misusebench.policy_bench.displacement import in_process

SHIFT = {"valid_from": "2024-03-04 14:00", "valid_to": "2024-03-04 18:00"}
HISTORY = {"system": "III", "message_key": "QH"}
#: Denied by CCW; by two rules; by case rules, which may challenge; permitted; off shift; permitted.
ROWS = [
    {"declared_purpose": "ccw"},
    {"declared_purpose": None, "time": "2024-03-04 22:00"},
    {**HISTORY, "case_number": "24-9"},
    {**HISTORY, "case_number": "24-1"},
    {"time": "2024-03-04 22:00"},
    {},
]


def _asked(name):
    policy = read_policy(name)
    tables = context(officers=[{}], shifts=[SHIFT], cases=[{}])
    facts = build_facts(log(*ROWS), tables)
    engine = Reference()
    engine.load({"name": name, "text": policy.text}, None)
    return policy, facts, in_process(engine)(facts)


def _engine(policy):
    """Return the reference with a policy that has no text of its own."""
    engine = Reference()
    engine.load({"name": policy.name, "text": policy.text}, None)
    engine._policy = policy
    engine._guard = type(engine._guard)(policy)
    engine._order = policy.order
    engine._compile(policy)
    return engine


@pytest.mark.parametrize("name", ["eleven_rules", "warrant_lookback", "case_challenge"])
def test_reasons_alone_give_what_the_lesser_policy_says(name):
    """Each rule left out in turn: the outcomes from reasons are those of asking again."""
    policy, facts, said = _asked(name)
    assert len(set(said.outcome.tolist())) >= 2
    for rule in policy.order[1:]:
        again = in_process(_engine(lesser(policy, rule)))(facts)
        assert without(said, rule, policy.challenges).tolist() == again.outcome.tolist(), rule


def test_a_query_denied_for_two_reasons_is_nobodys_alone():
    """Row 1 has no purpose and is off shift; rows 0 and 4 are denied for one reason each."""
    policy, _, said = _asked("eleven_rules")
    rows = labelled(np.zeros(6), np.array([1, 1, 1, 0, 0, 0], bool), officer=np.arange(6))
    decided = Decided(rows, said.outcome, said.why, said.explanations)
    worth = {one.rule: one for one in ablation(policy, said, decided)}
    told = {rule: (w.fires, w.misuse_alone, w.honest_alone) for rule, w in worth.items() if w.fires}
    assert told == {
        "SHIFT": (2, 0, 1), "PURPOSE": (1, 0, 0), "CCW": (1, 1, 0), "CASE": (1, 1, 0),
    }  # fmt: skip
    assert worth["CCW"].prevented == pytest.approx(1 / 3)
    assert worth["SHIFT"].friction == pytest.approx(1 / 3)
    assert any(
        line.startswith("| CCW | 1 | 1 | 0 | 1 | 0 | 33.33%") for line in render(worth.values())
    )


def test_an_error_denies_whatever_rule_is_left_out():
    """What is denied for an error stays denied."""
    said = Decisions(np.array([1], np.int8), np.zeros(1, np.int32), [(["A"], ["broken"])])
    assert without(said, "A", frozenset()).tolist() == [1]


def test_coverage_counts_both_sides_as_the_reference_sees_them():
    """Firings are the reference's; a log of six rows lacks sides, and says which."""
    policy, facts, said = _asked("eleven_rules")
    found = {one.rule: one for one in coverage(policy, facts)}
    for rule in policy.order:
        fires = sum(rule in said.explanations[why][0] for why in said.why.tolist())
        assert found[rule].fires == fires, rule
    assert found["ACTIVE"].lacking == ("comparison 1 always holds",)
    assert found["TRAINING"].lacking == ("comparison 1 never holds",)
    assert (found["CCW"].seen, found["CCW"].clauses) == (3, 2)


def test_columns_agree_with_single_requests():
    """Every comparison of every rule, row by row."""
    policy, facts, _ = _asked("warrant_lookback")
    for rule, told in zip(policy.rules, coverage(policy, facts), strict=True):
        single = [holds(rule.when, row) for row in facts.to_pylist()]
        assert told.fires == sum(single), rule.id
