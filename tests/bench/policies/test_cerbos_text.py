"""The form of a policy that Cerbos reads; `test_cerbos.py` has what its server makes of it."""

from __future__ import annotations

import json

import pytest

from misusebench.errors import SuiteError
from misusebench.policies.cerbos_text import cerbos_text
from misusebench.policies.language import read_policy
from misusebench.policy_bench import fixture

OWN = """
[facts]
"database.status" = { default = "open" }
"context.tags" = { default = ["a"] }
"action.soft" = { default = false }
[permit]
id = "MAY"
when = "officer.active and database.status == 'open'"
[[rule]]
id = "OFF"
when = "not (officer.role in ['it', 'a\\"b'] or officer.training_days_left >= 3)"
[[rule]]
id = "TAG"
effect = "challenge"
when = "officer.agency in context.tags and query.id != officer.id and action.soft"
"""


def _rules(text):
    found = json.loads(text)["resourcePolicy"]["rules"]
    return {one["name"]: (one["effect"], one["condition"]["match"]["expr"]) for one in found}


def test_conditions_read_the_officer_and_the_resource():
    """Context and action are attributes of the resource; ids are Cerbos's own; defaults stand."""
    rules = _rules(cerbos_text(read_policy("own.toml", OWN), guard=False))
    officer, data = "request.principal.attr", "request.resource.attr"
    status, tags, soft = f"{data}.status", f"{data}.context.tags", f"{data}.action.soft"
    assert rules["MAY"] == (
        "EFFECT_ALLOW",
        f'({officer}.active && (has({status}) ? {status} : "open") == "open")',
    )  # fmt: skip
    assert rules["OFF"] == (
        "EFFECT_DENY",
        f'!(({officer}.role in ["it", "a\\"b"] || {officer}.training_days_left >= 3.0))',
    )
    tagged = f'{officer}.agency in (has({tags}) ? {tags} : ["a"])'
    ids = "request.resource.id != request.principal.id"
    wanted = f"({tagged} && {ids} && (has({soft}) ? {soft} : false))"
    assert rules["TAG"] == ("EFFECT_DENY", wanted)


def test_the_guard_asks_for_each_fact_and_its_kind():
    """In what allows, so that a fact that is missing allows nothing."""
    policy = read_policy("eleven_rules")
    guarded = _rules(cerbos_text(policy))
    bare = _rules(cerbos_text(policy, guard=False))
    for name in policy.kinds:
        assert f".{name.partition('.')[2]}) && type(" in guarded["ROLE"][1]
    assert "has(" not in bare["ROLE"][1]
    assert {k: v for k, v in guarded.items() if k != "ROLE"} == {
        k: v for k, v in bare.items() if k != "ROLE"
    }
    assert list(guarded) == list(policy.order)


def test_the_kind_of_resource_is_the_caller_s():
    """Cerbos looks a policy up by it."""
    found = json.loads(cerbos_text(read_policy(fixture.POLICY), "record"))
    assert found["resourcePolicy"]["resource"] == "record"


@pytest.mark.parametrize("kind", ['"text"', '{ default = "x" }'])
def test_of_the_query_cerbos_has_its_id_only(kind):
    """A policy with another fact of the query is refused with what to do."""
    text = f'[facts]\n"query.batch" = {kind}\n[permit]\nwhen = "query.batch == \'1\'"\n'
    with pytest.raises(SuiteError, match=r"query\.batch: .* its id only"):
        cerbos_text(read_policy("own.toml", text))
