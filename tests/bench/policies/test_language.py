"""Policies as data: what the language takes and refuses, and what its reference decides."""

from __future__ import annotations

import pytest
from tests.bench.literal import request

from misusebench.errors import SuiteError
from misusebench.policies.eleven_rules import ElevenRules
from misusebench.policies.language import read_policy, shipped
from misusebench.policies.language.cases import clauses, holds, random_requests
from misusebench.policies.language.policyfile import only
from misusebench.policies.language.syntax import Among, Compare, Every, Fact, Negation, atoms
from misusebench.policies.reference import Reference
from misusebench.policies.rulebook import RULES


def _policy(when, more=""):
    text = f'[permit]\nwhen = "officer.active"\n[[rule]]\nid = "R"\nwhen = "{when}"\n{more}'
    return read_policy("own.toml", text)


def _reference(policy=None, **given):
    engine = Reference(**given)
    engine.load(policy and {"name": policy.name, "text": policy.text}, None)
    return engine


def test_the_eleven_rules_as_data_are_the_eleven_rules_as_code():
    """Twenty thousand random requests and both sides of each clause: decision and all reasons."""
    policy = read_policy("eleven_rules")
    asked = random_requests(policy, 20_000) + [one.request for one in clauses(policy)[0]]
    data, code = _reference().decide_batch(asked), ElevenRules().decide_batch(asked)
    assert data == code
    assert len(data) > 20_000
    assert {reason for one in data for reason in one.reasons} == set(RULES) == set(policy.order)
    assert sum(one.outcome == "permit" for one in data) > 4_000


def test_each_clause_turns_its_rule_on_both_sides():
    """The request for a side has that side, and only one side of each clause is lacking: none."""
    policy = read_policy("eleven_rules")
    found, lacking = clauses(policy)
    assert lacking == []
    count = sum(2 for rule in policy.rules for _ in atoms(rule.when))
    assert len(found) == count > 60


def test_what_a_condition_is_made_of():
    """Precedence, membership, negation, a comparison written from the right."""
    one = _policy("18 <= officer.training_days_left and officer.role not in ['it']").rules[1].when
    days, role = Fact("officer.training_days_left", "number"), Fact("officer.role", "text")
    assert one == Every((Compare(">=", days, 18), Negation(Among(role, ("it",)))))


def test_unless_waives_and_a_challenge_is_milder_than_a_deny():
    """A rule that challenges asks back; with one that denies the answer is deny."""
    policy = _policy(
        "context.case_number == ''",
        'effect = "challenge"\nunless = "context.break_glass"\n'
        '[[rule]]\nid = "OFF"\nwhen = "not officer.on_shift"\n',
    )
    engine = _reference(policy)
    assert engine.decide(request()).outcome == "permit"
    asked = engine.decide(request(case_number=""))
    assert (asked.outcome, asked.reasons) == ("challenge", ("R",))
    assert engine.decide(request(case_number="", break_glass=True)).outcome == "permit"
    both = engine.decide(request(case_number="", on_shift=False))
    assert (both.outcome, both.reasons) == ("deny", ("R", "OFF"))


def test_only_some_rules_keeps_the_permit():
    """A policy without a rule asks for fewer facts and still needs what permits."""
    policy = only(read_policy("eleven_rules"), {"CCW"})
    assert policy.order == ("ROLE", "CCW")
    assert set(policy.kinds) == {"officer.role", "database.id", "database.clets", "context.purpose"}


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"active": "yes"}, "fact officer.active must be true or false, got 'yes'"),
        ({"training_days_left": True}, "fact officer.training_days_left must be a whole number"),
        ({"training_days_left": 2**53}, "fact officer.training_days_left is beyond 2^53"),
        ({"shared_with": ["A", 3]}, "fact database.shared_with must be a list of texts"),
        ({"role": None}, "fact officer.role must be a text, got None"),
    ],
)
def test_a_fact_of_another_kind_is_an_error(changes, told):
    """The guard says which fact, what was found and what is allowed; nothing is permitted."""
    found = _reference().decide(request(**changes))
    assert found.outcome == "deny"
    assert found.errors[0].startswith(told)


def test_a_missing_fact_is_an_error_even_where_it_would_not_matter():
    """A warrant of somebody who asks no plate reader."""
    asked = request()
    del asked.context["warrant"]
    assert _reference().decide(asked).errors == ("missing fact context.warrant",)


def test_a_fact_with_a_default_may_lack():
    """Its default stands for it, guarded or not."""
    text = (
        '[facts]\n"database.status" = { default = "open" }\n'
        "[permit]\nwhen = \"database.status == 'open'\"\n"
    )
    for guard in (True, False):
        engine = Reference(guard=guard)
        engine.load({"name": "own", "text": text}, None)
        assert engine.decide(request()).outcome == "permit"
        closed = request()
        closed.database["status"] = "closed"
        assert engine.decide(closed).outcome == "deny"


WRONG = [
    ("officer.rank == 'x'", "no fact officer.rank"),
    ("officer.role == 3", "officer.role is a text and 3 is a whole number"),
    ("officer.active == 'yes'", "officer.active is true or false and 'yes' is a text"),
    ("officer.role < 'x'", "officer.role is a text, which has no order"),
    ("officer.role", "officer.role is a text, so it must be compared"),
    ("officer.role in nobody", "no list nobody"),
    ("officer.role in roles[database.id]", "no table roles"),
    ("officer.training_days_left in [1, 'a']", "the list has 'a'"),
    ("1 < officer.training_days_left < 3", "one comparison at a time"),
    ("officer.role.startswith('x')", "is no fact"),
    ("__import__('os').system('true')", "is no fact"),
    ("officer.role is 'x'", "comparisons are"),
    ("officer.training_days_left == 1.5", "constants are texts and whole numbers"),
    ("officer.role ==", "is no condition"),
    ("glass", "nothing is defined as glass"),
    ("officer.role in []", "the list has nothing"),
]


@pytest.mark.parametrize(("when", "told"), WRONG)
def test_what_is_not_in_the_language_is_refused_with_its_line(when, told):
    """No traceback, nothing is run."""
    with pytest.raises(SuiteError) as caught:
        _policy(when)
    assert str(caught.value).startswith("own.toml:5: ")
    assert told in str(caught.value)


def test_all_faults_of_a_file_are_told_at_once():
    """Each with its line."""
    text = 'bogus = 1\n[permit]\nid = "P"\n[[rule]]\nid = "A"\neffect = "maybe"\nwhen = "x"\n'
    with pytest.raises(SuiteError) as caught:
        read_policy("own.toml", text)
    lines = str(caught.value).splitlines()
    assert [line.split(": ")[0] for line in lines] == ["own.toml:1", "own.toml:2", "own.toml:6"]


def test_every_shipped_policy_reads_and_can_be_seen_on_both_sides():
    """Names are file names; no clause of any is idle."""
    for name in shipped():
        policy = read_policy(name)
        assert policy.name == name
        assert clauses(policy)[1] == []


def test_cases_know_what_holds():
    """The evaluation that makes cases is held against the reference."""
    policy = read_policy("eleven_rules")
    asked = random_requests(policy, 300, seed=5)
    engine = _reference()
    for one in asked:
        facts = {
            name: {"officer.id": one.officer_id, "action.name": one.action}.get(
                name, getattr(one, name.split(".")[0], {}) and _value(one, name)
            )
            for name in policy.kinds
        }
        held = tuple(rule.id for rule in policy.rules if holds(rule.when, facts))
        assert held == engine.decide(one).reasons


def _value(one, name):
    place, short = name.split(".")
    return one.action if place == "action" else getattr(one, place)[short]
