"""The guard as one function: what it lets through, the guard lets through, word by word."""

from __future__ import annotations

import random
from collections import defaultdict
from dataclasses import replace

import pytest
from tests.bench.literal import request

from misusebench.policies.language import Guard, read_policy
from misusebench.policies.language.cases import random_requests
from misusebench.policies.reference import Reference

#: What may stand in the place of a fact.
ODD = (
    None, "", "x", "a\0", "\ud800", ["\ud800"], "\ud83d\ude00", "\u00e9", 0, 1, True, False, 2**53,
    -(2**53), 1.5, [], ["A"], ["A", 1], ("A",), {},
)  # fmt: skip
OWN = """
[facts]
"database.status" = { default = "open" }
"action.reason" = { default = "none" }
"context.tags" = { default = ["a"] }
"query.batch" = "text"
[permit]
when = "database.status == 'open' and action.reason != 'x' and officer.id != 'thief'"
[[rule]]
id = "TAGS"
when = "officer.role in context.tags or context.lookback_days > 9"
"""
BATCH = '\n[[rule]]\nid = "NEVER"\nwhen = "query.batch == \'1\'"\n'


def _changed(asked, chance):
    """Return a request with up to two facts missing, of another kind, or new."""
    parts = {p: dict(getattr(asked, p)) for p in ("officer", "database", "context")}
    for _ in range(chance.randint(0, 2)):
        place = chance.choice(sorted(parts))
        name = chance.choice([*sorted(parts[place]), "id", "status", "tags"])
        parts[place].pop(name, None)
        if chance.random() < 0.7:
            parts[place][name] = chance.choice(ODD)
    more = {"reason": chance.choice(("x", "y", 3))} if chance.random() < 0.2 else {}
    action = chance.choice(("query", "share", 7)) if chance.random() < 0.2 else asked.action
    return replace(asked, **parts, action_properties=more, action=action)


class _Slow(Guard):
    """A guard that never takes the short way."""

    def __init__(self, policy):
        super().__init__(policy)
        self._quick = lambda _: None


@pytest.mark.parametrize("text", [None, OWN, OWN + BATCH])
def test_the_short_way_says_what_the_guard_says(text):
    """Six thousand requests with facts missing or of another kind: decision, reasons, errors."""
    policy = read_policy("eleven_rules" if text is None else "own.toml", text)
    chance = random.Random(11)
    usual = random_requests(read_policy("eleven_rules"), 6_000)
    asked = [_changed(one, chance) for one in usual]
    quick, slow = Reference(), Reference()
    for engine in (quick, slow):
        engine.load({"name": policy.name, "text": policy.text}, None)
    slow._quick, slow._guard = (lambda _: None), _Slow(policy)
    answers = quick.decide_batch(asked)
    assert answers == [slow.decide(one) for one in asked] == [quick.decide(one) for one in asked]
    guard, other = Guard(policy), _Slow(policy)
    assert [guard.whole(one) for one in asked] == [other.whole(one) for one in asked]
    kinds = {(one.outcome, bool(one.errors)) for one in answers}
    wanted = {("deny", True)} if text and BATCH in text else {
        ("deny", True), ("deny", False), ("permit", False)}  # fmt: skip
    assert kinds == wanted


def test_a_dictionary_that_makes_up_facts_gains_nothing():
    """One that answers False for whatever it lacks is asked like any other."""
    engine = Reference()
    engine.load(None, None)
    assert engine.decide(request()).outcome == "permit"
    for place in ("officer", "database", "context"):
        made_up = defaultdict(bool, getattr(request(), place))
        lost = min(made_up)
        del made_up[lost]
        found = engine.decide(replace(request(), **{place: made_up}))
        assert (found.outcome, found.errors) == ("deny", (f"missing fact {place}.{lost}",))


def test_a_closed_reference_and_another_policy_forget_the_first():
    """Nothing of a policy is kept for the next one."""
    engine = Reference()
    engine.load(None, None)
    assert engine.decide(request(purpose="")).reasons == ("PURPOSE",)
    engine.load({"name": "own", "text": '[permit]\nwhen = "officer.active"\n'}, None)
    assert engine.decide(request(purpose="")).outcome == "permit"
    assert engine.decide(request(active=False)).reasons == ("PERMIT",)
