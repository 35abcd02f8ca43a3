"""Our AuthZEN server: what it says, and what it refuses."""

from __future__ import annotations

import http.client
import json
import signal
import socket
import struct
import subprocess
import sys
import time
from urllib.parse import urlsplit

import pytest
from tests.bench.literal import request
from tests.bench.policies.servers import running, served

from misusebench.authzen_server import component, serve
from misusebench.authzen_wire import BadRequestError, request_of
from misusebench.component import Decision
from misusebench.errors import SuiteError
from misusebench.policies.authzen import Authzen


class Fixed:
    """A policy that answers by the request's query id; raises on `raise`."""

    name, version = "fixed", "1"

    def load(self, policy, facts):
        pass

    def decide(self, one):
        if one.query_id == "raise":
            raise RuntimeError("private words")
        outcome, _, reason = one.query_id.partition("-")
        if reason == "error":
            return Decision(outcome, (), ("half an answer",))
        if outcome not in ("permit", "deny", "challenge"):
            return Decision("deny", (), (f"unknown {outcome}",))
        return Decision(outcome, (reason,) if reason else ())

    def decide_batch(self, requests):
        return [self.decide(one) for one in requests]

    def close(self):
        pass


def _body(query="permit", **changes):
    return {
        "subject": {"type": "officer", "id": "o1"}, "action": {"name": "query"},
        "resource": {"type": "query", "id": query}, **changes,
    }  # fmt: skip


def _sent(url, path, body, headers=(), method="POST"):
    """Return status, headers and body, as they came."""
    line = http.client.HTTPConnection(url.removeprefix("http://"), timeout=5)
    text = body if isinstance(body, bytes) else json.dumps(body).encode()
    line.request(method, path, text, {"Content-Type": "application/json", **dict(headers)})
    reply = line.getresponse()
    found = reply.status, dict(reply.headers), reply.read()
    line.close()
    return found


def _several(url, *queries, **changes):
    body = {"evaluations": [_body(query) for query in queries], **changes}
    return json.loads(_sent(url, "/access/v1/evaluations", body)[2])["evaluations"]


def test_decisions_as_they_are_said():
    """A deny is 200; reasons, challenge and errors are in the context; an error is never true."""
    with served(Fixed()) as url:
        status, _, _ = _sent(url, "/access/v1/evaluation", _body("deny-CASE"))
        found = _several(url, "permit", "deny-CASE", "challenge-CASE", "challenge", "odd")
        raised = _several(url, "permit", "raise")
    assert status == 200
    assert found == [
        {"decision": True},
        {"decision": False, "context": {"reason_ids": ["CASE"]}},
        {"decision": False, "context": {"reason_ids": ["CASE"], "challenge": ["CASE"]}},
        {"decision": False, "context": {"challenge": ["justification"]}},
        {"decision": False, "context": {"error": {"status": 400, "message": "unknown odd"}}},
    ]
    error = {"status": 500, "message": "the policy raised RuntimeError"}
    assert raised == [{"decision": False, "context": {"error": error}}] * 2


def test_an_error_is_no_permit_whatever_the_policy_says():
    """A permit that has an error is said as false, with the error."""
    with served(Fixed()) as url:
        found = _several(url, "permit-error", "challenge-error")
    error = {"status": 400, "message": "half an answer"}
    assert found == [{"decision": False, "context": {"error": error}}] * 2


@pytest.mark.parametrize(
    ("semantic", "queries", "decisions"),
    [
        ("execute_all", ("permit", "deny", "permit"), [True, False, True]),
        ("deny_on_first_deny", ("permit", "deny", "permit"), [True, False]),
        ("deny_on_first_deny", ("permit", "permit"), [True, True]),
        ("permit_on_first_permit", ("deny", "challenge", "permit", "deny"), [False, False, True]),
        ("permit_on_first_permit", ("deny", "deny"), [False, False]),
    ],
)
def test_batches_end_where_their_semantic_says(semantic, queries, decisions):
    """The item that ends a batch is the last in it."""
    with served(Fixed()) as url:
        found = _several(url, *queries, options={"evaluations_semantic": semantic})
    assert [one["decision"] for one in found] == decisions


def test_an_entity_of_an_item_replaces_the_usual_one_whole():
    """Nothing of the usual subject is mixed into an item's own: a property of it would permit."""
    seen = []

    class Watching(Fixed):
        def decide(self, one):
            seen.append((one.officer_id, dict(one.officer), dict(one.context)))
            return super().decide(one)

    usual = _body(subject={"type": "officer", "id": "o1", "properties": {"active": True}},
                  context={"purpose": "criminal"})  # fmt: skip
    items = [{}, {"subject": {"type": "officer", "id": "o2"}}, {"context": {}}]
    with served(Watching()) as url:
        _sent(url, "/access/v1/evaluations", {**usual, "evaluations": items})
    whole = ("o1", {"active": True}, {"purpose": "criminal"})
    assert seen == [whole, ("o2", {}, {"purpose": "criminal"}), ("o1", {"active": True}, {})]


def test_an_id_among_the_properties_counts_for_nothing():
    """Who asks is the subject's id: a property called `id` cannot put another in its place."""
    body = _body(
        subject={"type": "officer", "id": "o1", "properties": {"id": "chief", "role": "patrol"}},
        action={"name": "share", "properties": {"name": "query", "soft": True}},
        resource={"type": "query", "id": "q1", "properties": {"id": "alpr"}},
    )
    found = request_of(body)
    assert (found.officer_id, found.officer) == ("o1", {"role": "patrol"})
    assert (found.action, found.action_properties) == ("share", {"soft": True})
    assert (found.query_id, found.database) == ("q1", {"id": "alpr"})


def test_there_and_back_is_the_same_request():
    """What the adapter sends is what the server's policy gets."""
    one = request(action="share", purpose="court")
    assert request_of(one.authzen()) == one


def test_what_is_missing_is_named():
    """The message says which field, and of what kind it must be."""
    for body, said in (
        ({}, "subject is missing"),
        (_body(action={}), "action.name is missing"),
        (_body(resource={"type": "query", "id": 7}), "resource.id must be a string"),
        (_body(context=None), "context must be an object"),
    ):
        with pytest.raises(BadRequestError, match=said):
            request_of(body)


@pytest.mark.parametrize(
    ("path", "body", "headers", "status"),
    [
        ("/access/v1/search/subject", {}, {}, 404),
        ("/", {}, {}, 404),
        ("/access/v1/evaluation", b"\xff", {}, 400),
        ("/access/v1/evaluation", b'{"subject": 1, "subject": 2}', {}, 400),
        ("/access/v1/evaluations", {"evaluations": [3]}, {}, 400),
        ("/access/v1/evaluations", {"evaluations": [{}], "options": 3}, {}, 400),
        ("/access/v1/evaluation", b"", {"Content-Length": "-5"}, 411),
        ("/access/v1/evaluation", b"", {"Content-Length": "9" * 12}, 413),
        ("/access/v1/evaluation", _body(), {"Content-Type": "application/json; charset=utf-8"},
         200),
    ],
)  # fmt: skip
def test_calls_that_fail_as_a_whole(path, body, headers, status):
    """Each has its status and a sentence, and the request's id."""
    with served(Fixed()) as url:
        found, told, text = _sent(url, path, body, {**headers, "X-Request-ID": "r-1"})
    assert found == status
    assert told["X-Request-ID"] == "r-1"
    assert text


def test_an_id_that_is_no_header_value_is_not_echoed():
    """A folded one could start a header of its own."""
    with served(Fixed()) as url:
        _, told, _ = _sent(url, "/access/v1/evaluation", _body(), {"X-Request-ID": "a\r\n X: y"})
    assert "X-Request-ID" not in told


def test_small_answers_wait_for_no_acknowledgement():
    """Neither gathered nor written in pieces (44 ms each else)."""
    server = serve(Fixed())
    handler = server.RequestHandlerClass
    assert handler.disable_nagle_algorithm is True
    assert handler.wbufsize == -1
    server.server_close()


@pytest.mark.slow
def test_an_interrupt_ends_it_though_a_connection_is_kept():
    """Ctrl-C: no thread holds the process, and its port is free."""
    program = (
        "from misusebench.authzen_server import component, serve\n"
        "server = serve(component('reference'))\n"
        "print(server.server_port, flush=True)\n"
        "with server: server.serve_forever()\n"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL) as child:  # fmt: skip
        port = int(child.stdout.readline())
        policy = Authzen(f"http://127.0.0.1:{port}")
        assert policy.decide(request()).outcome == "permit"
        child.send_signal(signal.SIGINT)
        assert child.wait(5) != 0
        assert policy.decide(request()).outcome == "deny"
        policy.close()
    serve(Fixed(), port=port).server_close()


def test_what_cannot_be_served_is_told():
    """No such policy, one that does not load, a port that is taken."""
    with pytest.raises(SuiteError, match="no policy nothing"):
        component("nothing")
    with pytest.raises(SuiteError, match="no policy nosuch"):
        component("reference", {"name": "nosuch", "text": None})
    with pytest.raises(SuiteError, match="cannot be loaded: TypeError"):
        component("reference", None, {"unheard_of": 1})
    server = serve(Fixed())
    with pytest.raises(SuiteError, match="cannot be listened on"):
        serve(Fixed(), port=server.server_port)
    server.server_close()


class Forgetful(Fixed):
    """Of a batch it decides all but the last."""

    def decide_batch(self, requests):
        return super().decide_batch(requests)[:-1]


def test_a_policy_that_answers_less_denies_all():
    """Whose decisions are lacking, nobody knows."""
    with running(serve(Forgetful())) as url:
        found = _several(url, "permit", "permit")
    assert [one["decision"] for one in found] == [False, False]
    assert found[0]["context"]["error"]["message"] == "the policy gave 1 decisions for 2 requests"


def test_a_client_that_hangs_up_is_nobodys_fault(capfd):
    """A reset before the reply prints nothing; the server goes on."""
    with running(serve(Fixed())) as url:
        for _ in range(3):
            with socket.create_connection(("127.0.0.1", urlsplit(url).port)) as line:
                line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                line.sendall(b"POST /access/v1/evaluation HTTP/1.1\r\n")
        time.sleep(0.1)
        assert _several(url, "permit")[0]["decision"] is True
    assert capfd.readouterr().err == ""


def test_what_goes_wrong_in_the_server_is_told(capfd):
    """Only clients that have gone are passed over."""
    server = serve(Fixed())
    try:
        int("lost")
    except ValueError:
        server.handle_error(None, ("127.0.0.1", 1))
    server.server_close()
    assert "lost" in capfd.readouterr().err
