"""The adapter of OPA's REST interface: what is sent, what a result means."""

from __future__ import annotations

import pytest
from tests.bench.literal import request
from tests.bench.policies.servers import scripted

from misusebench.errors import SuiteError
from misusebench.policies.opa import Opa


def _one(*answer, **options):
    with scripted(answer) as (url, seen):
        policy = Opa(url, path="police/allow", **options)
        policy.load(None, None)
        (found,) = policy.decide_batch([request(action="share")])
        policy.close()
    return found, seen


def test_what_is_sent():
    """The facts by place, as the policies that we compile to Rego name them."""
    found, seen = _one({"result": True})
    assert found.outcome == "permit"
    path, _, body = seen[0]
    assert path == "/v1/data/police/allow"
    told = body["input"]
    assert set(told) == {"officer", "action", "database", "query", "context"}
    assert (told["officer"]["id"], told["officer"]["role"]) == ("o1", "detective")
    assert (told["action"]["name"], told["query"]["id"]) == ("share", "q1")


@pytest.mark.parametrize(
    ("answer", "outcome", "reasons", "errors"),
    [
        ({"result": False}, "deny", (), ()),
        ({"result": {"allow": True}}, "permit", (), ()),
        ({"result": {"allow": False, "reasons": ["CASE", "JURIS"]}}, "deny", ("CASE", "JURIS"), ()),
        ({}, "deny", ("UNDEFINED",), ()),
        ({"decision_id": "x"}, "deny", ("UNDEFINED",), ()),
        ({"result": "true"}, "deny", (), ("result must be true or false, got 'true'",)),
        ({"result": 1}, "deny", (), ("result must be true or false, got 1",)),
        ({"result": None}, "deny", (), ("result must be true or false, got None",)),
        ({"result": {"reasons": []}}, "deny", (), ("result must be true or false, got None",)),
        ({"result": {"allow": True, "reasons": "x"}}, "deny", (),
         ("reasons must be a list of texts",)),
        ([True], "deny", (), ("a reply must be an object, got [True]",)),
        (b"true", "deny", (), ("a reply must be an object, got True",)),
        (b"{", "deny", (), ("its reply is not JSON",)),
    ],
)  # fmt: skip
def test_what_a_result_means(answer, outcome, reasons, errors):
    """True permits; no result is a deny; all else is an error."""
    found, _ = _one(answer)
    assert (found.outcome, found.reasons, found.errors) == (outcome, reasons, errors)


def test_a_server_that_fails_denies():
    """Its status is told."""
    assert _one({"result": True}, 500)[0].errors == ("status 500",)


@pytest.mark.parametrize("path", ["", "/police", "a b", "a?b", "a//b", 3])
def test_a_path_names_a_rule(path):
    """Nothing that could ask for something else."""
    with pytest.raises(SuiteError, match="path must name a rule"):
        Opa("http://localhost:1", path=path)
