"""Decisions made elsewhere: joined by the query's id, and every fault of the file told."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from tests.bench.literal import request

from misusebench.errors import SuiteError
from misusebench.policies.decisions import Decisions


def _policy(tmp_path, *lines):
    path = tmp_path / "decisions.jsonl"
    text = (one if isinstance(one, str) else json.dumps(one) for one in lines)
    path.write_text("\n".join(text), encoding="utf-8")
    policy = Decisions(str(path))
    policy.load(None, None)
    return policy


def _asked(query):
    return replace(request(), query_id=query)


def test_each_query_gets_the_decision_of_its_id(tmp_path):
    """Numbers or texts, outcomes or logged replies; what is lacking is an error, hence a deny."""
    largest = 2**64 - 1
    policy = _policy(
        tmp_path,
        {"query_id": 7, "outcome": "permit"},
        {"query_id": "8", "outcome": "deny", "reasons": ["CASE", "JURIS"]},
        "",
        {"query_id": 9, "outcome": "challenge", "reasons": ["CASE"]},
        {"query_id": 10, "outcome": "permit", "errors": ["no roster"]},
        {"query_id": 11, "decision": False, "context": {"reason_ids": ["CCW"]}},
        {"query_id": 12, "decision": "yes"},
        {"query_id": largest, "decision": True},
    )
    queries = ["7", "8", "9", "10", "11", "12", str(largest), "13"]
    found = policy.decide_batch([_asked(one) for one in queries])
    assert [(x.outcome, x.reasons, x.errors) for x in found] == [
        ("permit", (), ()),
        ("deny", ("CASE", "JURIS"), ()),
        ("challenge", ("CASE",), ()),
        ("deny", (), ("no roster",)),
        ("deny", ("CCW",), ()),
        ("deny", (), ("decision must be true or false, got 'yes'",)),
        ("permit", (), ()),
        ("deny", (), ("no decision in the file",)),
    ]
    assert policy.decide(_asked("8")) == found[1]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{", ":2: "),
        ("[1]", ":2: a line must be an object"),
        ('{"query_id": 8, "query_id": 9, "outcome": "deny"}', ":2: 'query_id' is there twice"),
        ({"outcome": "deny"}, ":2: query_id must be the number of a query, got None"),
        ({"query_id": True, "outcome": "deny"}, "got True"),
        ({"query_id": -1, "outcome": "deny"}, "got -1"),
        ({"query_id": "08", "outcome": "deny"}, "got '08'"),
        ({"query_id": 8}, ":2: outcome must be one of permit, deny, challenge, got None"),
        ({"query_id": 8, "outcome": "allow"}, "got 'allow'"),
        ({"query_id": 8, "outcome": "deny", "reasons": "CASE"}, "must be lists of texts"),
        ({"query_id": 8, "outcome": "deny", "reason": []}, ":2: no key 'reason'"),
        ({"query_id": 8, "decision": True, "outcome": "deny"}, ":2: no key 'outcome'"),
        ({"query_id": 7, "outcome": "permit"}, ":2: query 7 is decided in line 1 already"),
    ],
)
def test_a_wrong_line_is_told_with_its_place(tmp_path, line, said):
    """File, line, what was found and what is allowed."""
    with pytest.raises(SuiteError) as caught:
        _policy(tmp_path, {"query_id": 7, "outcome": "deny"}, line)
    assert said in str(caught.value)
    assert str(tmp_path / "decisions.jsonl") in str(caught.value)


@pytest.mark.parametrize("file", ["", "/nonexistent/decisions.jsonl", "/"])
def test_a_file_that_is_not_there(file):
    """Told before anything runs."""
    with pytest.raises(SuiteError, match="decisions: no file"):
        Decisions(file)


def test_it_takes_no_policy(tmp_path):
    """The file is what was decided."""
    policy = _policy(tmp_path, {"query_id": 7, "outcome": "deny"})
    with pytest.raises(SuiteError, match="takes no policy"):
        policy.load("permit all", None)
