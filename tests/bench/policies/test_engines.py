"""Adapters: texts of their own, the guard, tables, memory, what is not installed."""

from __future__ import annotations

import dataclasses
import importlib
import json
from importlib.metadata import PackageNotFoundError

import numpy as np
import pyarrow as pa
import pytest
from tests.bench.literal import request
from tests.bench.policies.odd_policy import odd_policy

from misusebench.errors import SuiteError
from misusebench.policies import REGISTRY, engine
from misusebench.policies.cedar import Cedar
from misusebench.policies.columnar import ARROW, patterns_of, words_of
from misusebench.policies.compile import TEXTS, compiled
from misusebench.policies.duckdb_sql import DuckdbSql
from misusebench.policies.language import read_policy
from misusebench.policies.language.cases import random_requests
from misusebench.policies.language.telling import Telling
from misusebench.policies.language.vocabulary import parts_of, value_of
from misusebench.policies.numpy_columns import NumpyColumns
from misusebench.policies.reference import Reference

POLICY = read_policy("eleven_rules")
ENGINES = [name for name in REGISTRY if name in TEXTS]
#: The same in each language: detectives may, unless the account is not active.
OWN = {
    "cedar": '@id("MAY") permit(principal, action == Action::"query", resource)\n'
    '  when { context.officer.role == "detective" };\n'
    '@id("NO") forbid(principal, action, resource) when { !context.officer.active };\n',
    "rego": 'package police\npermit if input.officer.role == "detective"\n'
    'deny contains "NO" if not input.officer.active\n',
    "cel": 'permit MAY: officer.role == "detective"\n// status\ndeny NO: !officer.active\n',
    "jsonlogic": json.dumps({
        "permit": {"MAY": {"==": [{"var": "officer.role"}, "detective"]}},
        "deny": {"NO": {"!": [{"var": "officer.active"}]}},
    }),
    "duckdb_sql": "SELECT \"officer.role\" <> 'detective' AS \"MAY\",\n"
    '  NOT "officer.active" AS "NO" FROM facts\n',
}  # fmt: skip


def made(name, **parameters):
    module, _, attribute = REGISTRY[name].partition(":")
    return getattr(importlib.import_module(module), attribute)(**parameters)


def loaded(name, policy=None, **parameters):
    found = made(name, **parameters)
    found.load(policy, None)
    return found


def facts_table(policy, requests):
    columns = {
        {"officer.id": "officer_id", "query.id": "query_id"}.get(name, name): pa.array(
            [value_of(one, name) for one in requests], ARROW[kind]
        )
        for name, kind in policy.kinds.items()
    }
    return pa.table(columns)


@pytest.mark.parametrize("name", OWN)
def test_texts_in_an_engines_own_language(name):
    """A policy need not be TOML; all reasons are told."""
    found = loaded(name, OWN[name])

    assert found.decide(request(case_assigned=True)).outcome == "permit"
    denied = found.decide(request(active=False, case_assigned=True))
    assert (denied.outcome, denied.reasons) == ("deny", ("NO",))
    neither = found.decide(request(role="patrol", case_assigned=True))
    assert neither.outcome == "deny"
    assert neither.reasons
    found.close()


def test_casbin_takes_its_own_text():
    """A model and policies; the model's effect decides."""
    text = compiled(POLICY, "casbin").replace("r.officer.active == True", "r.officer.active == 1")
    found = loaded("casbin", text)

    assert found.decide(request()).outcome == "permit"
    assert found.decide(request(purpose="")).outcome == "deny"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("cedar", "permit(\n"), ("rego", "package police\nfoo bar\n"), ("cel", "permit X: 1 +\n"),
        ("cel", "deny X: true\n"), ("cel", "what is this\n"), ("jsonlogic", "[]\n"),
        ("jsonlogic", '{"permit": {"A": {"nope": [1]}}, "deny": {}}'), ("casbin", "no model\n"),
        ("duckdb_sql", "SELECT nothing FROM facts\n"), ("reference", "text\n"),
        ("numpy_columns", "text\n"),
    ],
)  # fmt: skip
def test_a_text_that_is_none_is_refused_in_load(name, text):
    """It is parsed once, at load, and what is wrong is an exception there."""
    found = made(name)
    with pytest.raises(Exception, match=r".+"):
        found.load(text, None)


@pytest.mark.parametrize("name", ENGINES)
def test_nothing_but_whole_requests_is_asked(name):
    """A fact that is missing or of another kind denies, and the error names it."""
    found = loaded(name)
    changes = (
        {"active": "yes"}, {"active": 1}, {"lookback_days": "61"}, {"lookback_days": True},
        {"role": None}, {"shared_with": "A"}, {"shared_with": [1]}, {"lookback_days": 2**53},
        {"case_number": 5},
    )  # fmt: skip
    for change in changes:
        decision = found.decide(request(**change))
        assert decision.outcome == "deny", change
        assert next(iter(change)) in decision.errors[0], decision
    less = request()
    rest = {k: v for k, v in less.context.items() if k != "warrant"}
    (decision,) = found.decide_batch([dataclasses.replace(less, context=rest)])
    assert (decision.outcome, decision.errors) == ("deny", ("missing fact context.warrant",))


@pytest.mark.parametrize("name", ENGINES)
def test_facts_that_a_policy_does_not_name_change_nothing(name):
    """Whatever else a request carries does not reach the engine."""
    found, one = loaded(name), request(purpose="")
    more = dataclasses.replace(one, context={**one.context, "more": {"x": object()}})

    assert found.decide(more) == found.decide(one)


@pytest.mark.parametrize("name", ["numpy_columns", "duckdb_sql"])
@pytest.mark.parametrize("policy", [POLICY, odd_policy()], ids=["eleven", "odd"])
def test_a_table_is_decided_as_its_rows_are(name, policy):
    """Outcomes, reasons and errors, with nulls for facts that are missing."""
    given = {"name": policy.name, "text": policy.text}
    found, reference = loaded(name, given), loaded("reference", given)
    asked = random_requests(policy, 400)
    table = facts_table(policy, asked)
    for nth, column in enumerate(table.column_names):
        if column in ("officer_id", "query_id", "action.name"):
            continue
        values = [None if row % 23 == nth else v for row, v in enumerate(table[column].to_pylist())]
        table = table.set_column(nth, column, pa.array(values, table.schema.field(column).type))
    outcome, why, explanations = found.decide_table(table)

    rows = table.to_pylist()
    errors = 0
    for nth, (one, row) in enumerate(zip(asked, rows, strict=True)):
        expected = reference.decide(_less(one, [n for n, v in row.items() if v is None]))
        told = explanations[why[nth]]
        assert told == (expected.reasons, expected.errors)
        assert ("permit", "deny", "challenge")[outcome[nth]] == expected.outcome
        errors += bool(expected.errors)
    assert 0 < errors < 400
    assert (outcome.dtype, why.dtype, len(outcome)) == (np.int8, np.int32, 400)


def _less(one, names):
    parts = {
        "officer": dict(one.officer), "database": dict(one.database), "context": dict(one.context),
        "action": dict(one.action_properties),
    }  # fmt: skip
    for name in names:
        place, _, short = name.partition(".")
        del parts[place][short]
    return dataclasses.replace(
        one, officer=parts["officer"], database=parts["database"], context=parts["context"],
        action_properties=parts["action"],
    )  # fmt: skip


@pytest.mark.parametrize("name", ["numpy_columns", "duckdb_sql"])
def test_a_table_of_another_type_or_of_no_rows(name):
    """A column of another type is an error in each row; no rows are no answers."""
    found, table = loaded(name), facts_table(POLICY, random_requests(POLICY, 3))
    wrong = table.set_column(0, table.column_names[0], pa.array([1.5, 2.5, 3.5]))
    outcome, why, explanations = found.decide_table(wrong)

    assert outcome.tolist() == [1, 1, 1]
    assert "must be" in explanations[why[0]][1][0]
    assert len(found.decide_table(table.slice(0, 0))[0]) == 0
    assert found.decide_batch([]) == []


def test_encoding_and_evaluation_are_apart():
    """What `encode` made is evaluated any number of times, over more than one block."""
    found, table = loaded("numpy_columns"), facts_table(POLICY, random_requests(POLICY, 700))
    big = pa.concat_tables([table] * 200)
    encoded = found.encode(big)
    first, again = found.evaluate(encoded), found.evaluate(encoded)

    assert encoded.rows == 140_000
    assert [word.tolist() for word in first] == [word.tolist() for word in again]
    assert (first[0].reshape(200, 700) == first[0][:700]).all()
    codes, patterns = patterns_of(first, POLICY.order)
    decided = loaded("reference").decide_batch(random_requests(POLICY, 700))
    assert [patterns[code] for code in codes[:700]] == [one.reasons for one in decided]


def test_patterns_of_more_rules_than_a_word_holds():
    """Bits of several words come back as names, in order."""
    truth = np.random.default_rng(1).random((70, 50)) < 0.1
    names = [f"R{n}" for n in range(70)]
    codes, patterns = patterns_of(words_of(truth, 50), names)

    for row in range(50):
        assert patterns[codes[row]] == tuple(
            n for n, on in zip(names, truth[:, row], strict=True) if on
        )


@pytest.mark.parametrize("policy", [POLICY, odd_policy()], ids=["eleven", "odd"])
def test_requests_with_one_key_are_decided_alike(policy):
    """The key keeps whatever a policy can tell apart, and little else."""
    reference = Reference()
    reference.load({"name": policy.name, "text": policy.text}, None)
    telling, seen = Telling(policy), {}
    asked = random_requests(policy, 4_000)
    for one in asked:
        parts = parts_of(one)
        for name, value in policy.defaults.items():
            place, _, short = name.partition(".")
            parts[place].setdefault(short, value)
        decision = reference.decide(one)
        assert seen.setdefault(telling.key(parts), decision) == decision
    if policy is POLICY:
        same = {telling.key(parts_of(request(lookback_days=days))) for days in (0, 7, 59)}
        assert len(same) == 1
        assert telling.key(parts_of(request(lookback_days=61))) not in same


def test_cedar_remembers_and_forgets():
    """With and without its memory the answers are the same; it holds so many and no more."""
    asked = random_requests(POLICY, 300) * 2
    plain, remembering = loaded("cedar", memory=False), loaded("cedar")
    calls = []
    ask = Cedar._asked

    def counted(self, bodies):
        calls.append(len(bodies))
        return ask(self, bodies)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Cedar, "_asked", counted)
        assert remembering.decide_batch(asked) == plain.decide_batch(asked)
        assert calls[0] <= 300
        assert calls[1] == 600
        patch.setattr("misusebench.policies.cedar._MOST", 0)
        remembering.decide(asked[0])
    assert len(remembering._memory) == 1


@pytest.mark.parametrize("name", TEXTS)
def test_each_text_names_the_rules(name):
    """A compiled policy is readable: it has the rules' ids and constants."""
    text = compiled(POLICY, name)

    assert all(rule in text for rule in POLICY.order)
    assert "60" in text
    with pytest.raises(SuiteError, match="no engine ceddar; did you mean cedar"):
        compiled(POLICY, "ceddar")


@pytest.mark.parametrize("name", ["cedar", "rego", "cel", "jsonlogic", "casbin"])
def test_a_missing_package_names_the_extra(name, monkeypatch):
    """Whoever lacks a package is told what to install."""

    def absent(package):
        raise PackageNotFoundError(package)

    monkeypatch.setattr(engine, "version", absent)
    with pytest.raises(SuiteError, match=rf"pip install 'misusebench\[{name}\]'"):
        made(name)


def test_duckdb_does_not_tell_names_apart_by_case():
    """Two rules that differ in case only would be one column."""
    text = POLICY.text + '\n[[rule]]\nid = "Ccw"\nwhen = "database.clets"\n'
    with pytest.raises(SuiteError, match="not by case"):
        DuckdbSql().load({"name": "x", "text": text}, None)
    NumpyColumns().load({"name": "x", "text": text}, None)


def test_cel_by_truth_is_only_to_be_shown():
    """It opens on errors, so it cannot be had with the guard."""
    with pytest.raises(ValueError, match="give guard=False"):
        made("cel", truthy=True)


@pytest.mark.parametrize("name", ENGINES)
def test_without_the_fact_that_permits_nothing_permits(name):
    """Default deny holds in every engine, guard or not."""
    one = request()
    rest = {k: v for k, v in one.officer.items() if k != "role"}
    found = loaded(name, guard=False)

    assert found.decide(one).outcome == "permit"
    assert found.decide(dataclasses.replace(one, officer=rest)).outcome == "deny"


def test_a_row_tells_what_is_missing_before_what_is_odd():
    """As the guard of single requests does: each row has one sort of error."""
    asked = random_requests(POLICY, 4)
    table = facts_table(POLICY, asked)
    for name, values in {
        "context.lookback_days": [2**60, 2**60, 5, 5],
        "context.warrant": [None, True, None, True],
        "database.shared_with": [[], [None], ["A"], ["A"]],
    }.items():
        at = table.column_names.index(name)
        table = table.set_column(at, name, pa.array(values, table.schema.field(name).type))
    _, why, explanations = loaded("numpy_columns").decide_table(table)

    assert [explanations[place][1] for place in why] == [
        ("missing fact context.warrant",),
        (
            "fact context.lookback_days is beyond 2^53",
            "fact database.shared_with must be a list of texts",
        ),
        ("missing fact context.warrant",),
        (),
    ]


def test_cel_rules_asked_together_and_each_by_itself():
    """The list of all rules and the single rules say the same; a policy too long has no list."""
    one, many = loaded("cel"), loaded("cel")
    many._together = None
    asked = random_requests(POLICY, 300)
    assert one._together is not None
    assert one.decide_batch(asked) == many.decide_batch(asked)
    long = "".join(
        f"deny R{n}: officer.role == 'r{n}' && context.purpose == 'x'\n" for n in range(999)
    )
    own = loaded("cel", OWN["cel"] + long)
    assert own._together is None
    assert own.decide(request(active=False)).reasons == ("NO",)
    assert own.decide(request(role="r998", purpose="x")).reasons == ("MAY", "R998")
