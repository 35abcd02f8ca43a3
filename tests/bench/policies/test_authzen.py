"""The AuthZEN adapter: what the server decides, and a deny with an error for all that is odd."""

from __future__ import annotations

import pytest
from tests.bench.literal import request
from tests.bench.policies.servers import (
    asked,
    scripted,
    served,
)

from misusebench.authzen_server import component
from misusebench.errors import SuiteError
from misusebench.policies.authzen import Authzen

PERMIT = {"decision": True}


def _one(answer, **options):
    """Return the decision on one request when a server answers so."""
    with scripted(answer) as (url, _):
        policy = Authzen(url, **options)
        found = policy.decide(request())
        policy.close()
    return found


@pytest.mark.parametrize("batch", [1, 7, 100])
def test_decisions_and_reasons_are_those_of_the_policy_behind_the_server(batch):
    """Three hundred random requests, one by one and in batches: outcome and all reasons."""
    requests = asked(300)
    wanted = component("reference").decide_batch(requests)
    with served() as url:
        policy = Authzen(url, batch=batch)
        policy.load(None, None)
        found = policy.decide_batch(requests)
        policy.close()
    assert [(x.outcome, x.reasons) for x in found] == [(x.outcome, x.reasons) for x in wanted]
    assert {x.outcome for x in found} == {"permit", "deny"}
    assert not any(x.errors for x in found)


def test_what_is_sent():
    """Officer, action, query and context, the query's own id, one connection kept."""
    with scripted((PERMIT,)) as (url, seen):
        policy = Authzen(url)
        assert policy.decide(request()).outcome == "permit"
        line = policy.line._connection.sock.line
        policy.decide(request())
        assert policy.line._connection.sock.line is line
        policy.close()
    path, headers, body = seen[0]
    assert path == "/access/v1/evaluation"
    assert (body["subject"]["type"], body["subject"]["id"]) == ("officer", "o1")
    assert body["resource"]["id"] == "q1"
    assert body["resource"]["properties"]["id"] == "criminal_history"
    assert "context" not in body["resource"]["properties"]
    assert body["context"]["case_number"] == "24-1"
    assert headers["Content-Type"] == "application/json"


def test_the_context_can_be_put_into_the_resource():
    """For servers whose conditions do not see it."""
    with scripted((PERMIT,)) as (url, seen):
        policy = Authzen(url, context_in_resource=True)
        policy.decide(request(action="share"))
        policy.close()
    properties = seen[0][2]["resource"]["properties"]
    assert properties["context"]["purpose"] == "criminal"
    assert properties["action"] == {"name": "share"}
    assert properties["sensitivity"] == 3


def test_a_challenge_says_what_is_asked_for():
    """Our convention: a false decision whose context has `challenge`."""
    context = {"reason_ids": ["CASE"], "challenge": "case_number"}
    found = _one(({"decision": False, "context": context},))
    assert (found.outcome, found.reasons, found.errors) == ("challenge", ("CASE",), ())
    assert found.obligations == {"challenge": "case_number"}


ODD = [
    (({},), "decision must be true or false, got None"),
    (({"decision": "true"},), "decision must be true or false, got 'true'"),
    (({"decision": 1},), "decision must be true or false, got 1"),
    (([PERMIT],), "a decision must be an object"),
    (({**PERMIT, "context": []},), "context must be an object"),
    (({**PERMIT, "context": {"error": {"message": "no roster"}}},), "no roster"),
    (({**PERMIT, "context": {"reason_ids": "CASE"}},), "reason_ids must be a list of texts"),
    (({**PERMIT, "context": {"challenge": "case"}},), "it permits and challenges at once"),
    (({"decision": False, "context": {"challenge": 3}},), "challenge must name what is asked for"),
    ((b'{"decision": true',), "its reply is not JSON"),
    ((b'{"decision": false, "decision": true}',), "its reply is not JSON"),
    ((b'{"decision": true, "x": NaN}',), "its reply is not JSON"),
    ((b"[" * 100_000,), "its reply is not JSON"),
    ((b"",), "its reply is not JSON"),
    ((PERMIT, 201), "status 201"),
    ((PERMIT, 302, "application/json", [("Location", "/elsewhere")]), "status 302"),
    ((PERMIT, 400), "status 400"),
    ((PERMIT, 401), "status 401"),
    ((PERMIT, 500), "status 500"),
    ((PERMIT, 200, "text/html"), "its reply is of type text/html"),
    ((PERMIT, 200, "application/json", [("X-Request-ID", "77")]), "belongs to another request"),
]


@pytest.mark.parametrize(("answer", "said"), ODD)
def test_whatever_is_no_plain_permit_denies_with_an_error(answer, said):
    """Truth is `true` and nothing like it, in a whole reply to this very request."""
    found = _one(answer)
    assert found.outcome == "deny"
    assert said in found.errors[0]


@pytest.mark.parametrize(
    ("evaluations", "said"),
    [
        ([PERMIT], "1 decisions for 2 requests"),
        ([PERMIT] * 3, "3 decisions for 2 requests"),
        (None, "no list of decisions for 2 requests"),
        ({"0": PERMIT, "1": PERMIT}, "no list of decisions for 2 requests"),
    ],
)
def test_a_batch_of_another_length_denies_all(evaluations, said):
    """Nobody knows which decision belongs to which request."""
    with scripted(({"evaluations": evaluations, "decision": True},)) as (url, _):
        policy = Authzen(url, batch=10)
        found = policy.decide_batch([request(), request()])
        policy.close()
    assert [(x.outcome, x.errors) for x in found] == [("deny", (said,))] * 2


def test_one_item_that_failed_denies_alone():
    """The others of its batch keep their decisions."""
    items = [PERMIT, {"decision": False, "context": {"error": {"status": 404}}}, PERMIT]
    with scripted(({"evaluations": items},)) as (url, _):
        policy = Authzen(url, batch=10)
        found = policy.decide_batch([request()] * 3)
        policy.close()
    assert [x.outcome for x in found] == ["permit", "deny", "permit"]
    assert found[1].errors == ("{'status': 404}",)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"url": ""}, "url must be http://HOST:PORT"),
        ({"url": "ftp://x"}, "url must be http://HOST:PORT"),
        ({"url": 3}, "url"),
        ({"url": "http://a:b"}, "Port could not be cast"),
        ({"url": "http://me:pass@host"}, "no name, password"),
        ({"url": "http://host?x=1"}, "no name, password, query"),
        ({"url": "http://host", "batch": 0}, "batch must be from 1 to 10,000, got 0"),
        ({"url": "http://host", "batch": True}, "batch must be from 1"),
        ({"url": "http://host", "timeout_s": 0}, "timeout_s must be above 0"),
        ({"url": "http://host", "timeout_s": "2"}, "timeout_s must be above 0"),
        ({"url": "http://host", "token_env": "NOT_SET_HERE"}, "NOT_SET_HERE is not set"),
    ],
)
def test_wrong_parameters_are_told(given, said):
    """What was found and what is allowed; a password is not repeated."""
    with pytest.raises(SuiteError, match=said) as caught:
        Authzen(**given)
    assert "me:pass" not in str(caught.value)


def test_a_policy_is_not_the_caller_s_to_give():
    """The server has its own."""
    policy = Authzen("http://localhost:1")
    with pytest.raises(SuiteError, match="takes no policy"):
        policy.load({"name": "eleven_rules", "text": None}, None)
