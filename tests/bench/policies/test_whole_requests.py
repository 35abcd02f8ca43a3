"""What reaches an engine: texts that every engine holds, and with own texts too, whole requests."""

from __future__ import annotations

import dataclasses

import pyarrow as pa
import pytest
from tests.bench.literal import request
from tests.bench.policies.test_engines import ENGINES, OWN, POLICY, facts_table, loaded

from misusebench.component import Decision
from misusebench.errors import SuiteError
from misusebench.policies.cedar import Cedar
from misusebench.policies.compile import compiled
from misusebench.policies.language import read_policy
from misusebench.policies.language.cases import random_requests
from misusebench.policies.language.guard import named_in
from misusebench.policies.reference import Reference

#: What CEL cuts, what ends the process of regorus, what is no UTF-8.
UNSAYABLE = ("ccw\0", "\0", "x\ud800", "\udfff")
OWN_ALL = {**OWN, "casbin": compiled(POLICY, "casbin")}


@pytest.mark.parametrize("name", [*ENGINES, "reference"])
@pytest.mark.parametrize("text", UNSAYABLE)
def test_texts_that_some_engine_cannot_hold_are_not_asked(name, text):
    """One request is denied with an error, the others of its batch are not touched."""
    found = loaded(name)
    for change in ({"purpose": text}, {"shared_with": ["A", text]}):
        batch = found.decide_batch([request(), request(**change), request(purpose="")])
        assert [one.outcome for one in batch] == ["permit", "deny", "deny"]
        (told,) = batch[1].errors
        assert told == f"fact {_full(next(iter(change)))} holds NUL or half a surrogate"
        assert (batch[0].errors, batch[2].errors) == ((), ())
    assert found.decide(request(owner_agency="\u00e9\U0001f600")).errors == ()


def _full(short):
    return next(name for name in POLICY.kinds if name.endswith(f".{short}"))


@pytest.mark.parametrize("name", OWN_ALL)
@pytest.mark.parametrize("text", UNSAYABLE)
def test_own_texts_are_never_given_them_either(name, text):
    """Also in facts that the text does not name: the engine gets them all."""
    found = loaded(name, OWN_ALL[name])
    more = request(case_assigned=True)
    batch = [more, request(purpose=text, case_assigned=True)]
    good, bad = found.decide_batch(batch)
    assert good.outcome == "permit"
    assert (bad.outcome, bad.errors) == (
        "deny", ("fact context.purpose holds NUL or half a surrogate",))  # fmt: skip


@pytest.mark.parametrize("name", ["numpy_columns", "duckdb_sql"])
def test_a_table_with_nul(name):
    """A row with NUL in a text or in a list is an error of that row."""
    table = facts_table(POLICY, random_requests(POLICY, 4))
    for fact, values in {
        "context.purpose": ["ccw", "ccw\0", "", "x"],
        "database.shared_with": [[], [], ["A", "\0B"], ["a\0", None]],
    }.items():
        at = table.column_names.index(fact)
        table = table.set_column(at, fact, pa.array(values, table.schema.field(fact).type))
    _, why, explanations = loaded(name).decide_table(table)
    assert [explanations[place][1] for place in why] == [
        (), ("fact context.purpose holds NUL or half a surrogate",),
        ("fact database.shared_with holds NUL or half a surrogate",),
        ("fact database.shared_with must be a list of texts",),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "text",
    [
        "[permit]\nwhen = \"officer.role == 'a\\u0000'\"\n",
        "[permit]\nwhen = \"officer.role == 'a\\\\ud800'\"\n",
        '[lists]\nsome = ["a\\u0000"]\n[permit]\nwhen = "officer.role in some"\n',
        '[tables.t]\n"a\\u0000" = ["x"]\n[permit]\nwhen = "officer.role in t[database.id]"\n',
        '[facts]\n"context.x" = { default = "a\\u0000" }\n[permit]\nwhen = "context.x == \'a\'"\n',
        (
            '[facts]\n"context.x" = { default = ["\\u0000"] }\n'
            '[permit]\nwhen = "officer.role in context.x"\n'
        ),
    ],
)
def test_no_policy_asks_for_them(text):
    """Neither in a constant, a list, a table's line nor a default."""
    with pytest.raises(SuiteError, match=r"own\.toml"):
        read_policy("own.toml", text)
    read_policy("own.toml", text.replace("\\u0000", "b").replace("\\\\ud800", "b"))


@pytest.mark.parametrize("name", OWN_ALL)
def test_an_own_text_is_asked_about_whole_requests_only(name):
    """A fact that it names and that is missing, or of another kind, denies; as TOML does."""
    given = {"schema": False} if name == "cedar" else {}
    found = loaded(name, OWN_ALL[name], **given)
    assert found.decide(request()).outcome == "permit"
    rest = {k: v for k, v in request().officer.items() if k != "active"}
    less = dataclasses.replace(request(), officer=rest)
    for one in (found.decide(less), found.decide_batch([request(), less])[1]):
        assert (one.outcome, one.errors) == ("deny", ("missing fact officer.active",))
    (told,) = found.decide(request(active="yes")).errors
    assert told.startswith("fact officer.active must be true or false")


def test_without_the_guard_cedar_skips_the_rule():
    """What the guard is for: the engine left alone permits."""
    found = loaded("cedar", OWN["cedar"], guard=False, schema=False)
    rest = {k: v for k, v in request().officer.items() if k != "active"}
    assert found.decide(dataclasses.replace(request(), officer=rest)).outcome == "permit"


def test_facts_that_an_own_text_does_not_name_may_be_missing():
    """Only what the text can read is wanted."""
    assert list(named_in('input["officer"]["active"]; o.warrant')) == [
        "officer.active", "context.warrant"]  # fmt: skip
    rest = {k: v for k, v in request().context.items() if k != "warrant"}
    less = dataclasses.replace(request(), context=rest)
    for name in ("rego", "cel", "jsonlogic", "duckdb_sql"):
        assert loaded(name, OWN[name]).decide(less) == Decision("permit")


@pytest.mark.parametrize("text", ["a\\b", "x\\u1234", 'q"', "\u2028", "\x85"])
@pytest.mark.parametrize("name", ENGINES)
def test_constants_mean_what_they_say(name, text):
    """A rule that denies a purpose denies it, whatever marks it has."""
    policy = '[permit]\nwhen = "officer.active"\n[[rule]]\nid = "NO"\n'
    policy += f'when = """context.purpose == {text!r}"""\n'
    found = loaded(name, {"name": "own", "text": policy.replace("\\", "\\\\")})
    assert found.decide(request(purpose=text)).outcome == "deny"
    assert found.decide(request(purpose="b")).outcome == "permit"


def test_unknown_ids_are_no_challenge():
    """An engine that names rules which the policy lacks denies, also where rules challenge."""
    engine = Reference()
    text = '[permit]\nwhen = "officer.active"\n[[rule]]\nid = "X"\neffect = "challenge"\n'
    engine.load({"name": "own", "text": text + 'when = "context.warrant"\n'}, None)
    assert engine._composed(["X"], ()) == Decision("challenge", ("X",))
    assert engine._composed(["other"], ()) == Decision("deny")
    assert Cedar._composed(engine, [], ()) == Decision("permit")
