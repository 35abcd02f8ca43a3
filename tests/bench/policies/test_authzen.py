"""The AuthZEN adapter: what the server decides, and a deny with an error for all that is odd."""

from __future__ import annotations

import shutil
import ssl
import subprocess
import sys
import time

import pytest
from tests.bench.literal import request
from tests.bench.policies.servers import (
    Scripted,
    asked,
    dripping,
    running,
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


def test_a_reply_that_is_not_whole_is_none():
    """A permit that is shorter than it says, and then an end."""

    def short(handler, _):
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
                            b'Content-Length: 30\r\n\r\n{"decision": true}')  # fmt: skip
        handler.wfile.flush()
        handler.close_connection = True

    assert _one(short).errors[0].startswith("the server does not answer")


@pytest.mark.parametrize("way", ["silent", "dripping"])
def test_a_slow_server_costs_its_time_and_no_more(way):
    """Neither silence nor a byte now and then holds a request longer than its time."""

    def silent(*_):
        time.sleep(0.6)

    with scripted(silent if way == "silent" else dripping) as (url, _):
        policy = Authzen(url, timeout_s=0.15)
        begun = time.monotonic()
        found = policy.decide(request())
        took = time.monotonic() - begun
        policy.close()
    assert (found.outcome, found.errors) == ("deny", ("no answer within 0.15 s",))
    assert took < 0.5


def test_a_late_answer_is_never_taken_for_the_next():
    """The first reply, a permit, comes when the second request waits: it is gone."""
    calls = []

    def late(_, body):
        calls.append(body)
        if len(calls) == 1:
            time.sleep(0.3)
            return (PERMIT,)
        return ({"decision": False},)

    with scripted(late) as (url, _):
        policy = Authzen(url, timeout_s=0.2)
        first, second = policy.decide(request()), policy.decide(request())
        policy.close()
    assert first.errors == ("no answer within 0.2 s",)
    assert (second.outcome, second.errors) == ("deny", ())


def test_a_server_that_hangs_is_not_asked_every_time():
    """A thousand requests cost a dozen time-outs, all are denied with an error, then it is back."""
    hangs = [True]

    def answer(*_):
        if hangs[0]:
            time.sleep(0.05)
        return (PERMIT,)

    with scripted(answer) as (url, seen):
        policy = Authzen(url, timeout_s=0.02)
        found = policy.decide_batch([request()] * 1000)
        assert {x.outcome for x in found} == {"deny"}
        assert all(x.errors for x in found)
        assert len(seen) < 20
        hangs[0] = False
        policy.line._timeout = 2.0
        assert policy.decide_batch([request()] * 2000)[-1].outcome == "permit"
        policy.close()


def test_a_server_that_ends_denies_the_rest():
    """Killed in between: errors, no permit; and a connection it had closed is opened again."""
    requests = [request()] * 3
    with scripted((PERMIT,)) as (url, _):
        policy = Authzen(url)
        assert policy.decide(requests[0]).outcome == "permit"
    policy.close()
    found = policy.decide_batch(requests)
    assert [x.outcome for x in found] == ["deny"] * 3
    assert found[0].errors[0].startswith("the server does not answer")


def test_a_connection_closed_while_nothing_was_asked_is_no_failure():
    """Servers close what is idle; the next request goes over a new connection."""

    def once(handler, _):
        handler.close_connection = True  # without saying so
        return (PERMIT,)

    with scripted(once) as (url, seen):
        policy = Authzen(url)
        found = [policy.decide(request()) for _ in range(3)]
        policy.close()
    assert [(x.outcome, x.errors) for x in found] == [("permit", ())] * 3
    assert len(seen) == 3


def test_nothing_is_asked_when_the_time_is_over():
    """The caller's limit holds for all requests together."""
    with scripted((PERMIT,)) as (url, seen):
        policy = Authzen(url)
        policy.line.until = time.monotonic() - 1
        found = policy.decide(request())
        policy.close()
    assert (found.outcome, found.errors) == ("deny", ("not asked: the time is over",))
    assert seen == []


def test_a_token_comes_from_the_environment_and_is_in_no_message(monkeypatch):
    """Without it the server refuses; a value that is none is refused before it is sent."""
    monkeypatch.setenv("OUR_TOKEN", "abc.def")
    with served(token="abc.def") as url:
        good, none = Authzen(url, token_env="OUR_TOKEN"), Authzen(url)
        assert good.decide(request()).outcome == "permit"
        assert none.decide(request()).errors == ("status 401",)
        good.close()
        none.close()
    monkeypatch.setenv("OUR_TOKEN", "secret\r\nX: y")
    with pytest.raises(SuiteError, match="OUR_TOKEN holds no bearer token") as caught:
        Authzen("http://localhost:1", token_env="OUR_TOKEN")
    assert "secret" not in str(caught.value)


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


def test_tls_is_spoken_and_a_strange_certificate_refused(tmp_path, monkeypatch):
    """Over https with a certificate that is trusted; without trust it denies."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("no openssl to make a certificate")
    key, certificate = tmp_path / "key.pem", tmp_path / "cert.pem"
    asked_for = [openssl, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                 "-nodes", "-days", "2", "-subj", "/CN=localhost",
                 "-addext", "subjectAltName=DNS:localhost",
                 "-keyout", key, "-out", certificate]  # fmt: skip
    subprocess.run(asked_for, check=True, capture_output=True)
    ours = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ours.load_cert_chain(certificate, key)
    server = Scripted(lambda *_: (PERMIT,))
    server.socket = ours.wrap_socket(server.socket, server_side=True)
    with running(server) as url:
        secure = url.replace("http://127.0.0.1", "https://localhost")
        strange = Authzen(secure)
        refused = strange.decide(request())
        strange.close()
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        trusted = Authzen(secure)
        found = [trusted.decide(request()) for _ in range(2)]
        trusted.close()
    assert refused.outcome == "deny"
    assert refused.errors == ("the server does not answer: SSLCertVerificationError",)
    assert [(one.outcome, one.errors) for one in found] == [("permit", ())] * 2
    assert len(server.asked) == 2


def test_a_server_that_is_killed_in_the_middle_of_an_answer():
    """The process ends between two bytes; nothing that came before counts."""
    program = (
        "import socket, os\n"
        "s = socket.create_server(('127.0.0.1', 0)); print(s.getsockname()[1], flush=True)\n"
        "c, _ = s.accept(); c.recv(65536)\n"
        "c.sendall(b'HTTP/1.1 200 OK\\r\\nContent-Type: application/json\\r\\n"
        'Transfer-Encoding: chunked\\r\\n\\r\\n12\\r\\n{"decision": true}\\r\\n\')\n'
        "os._exit(9)\n"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE) as child:
        port = int(child.stdout.readline())
        policy = Authzen(f"http://127.0.0.1:{port}")
        found = policy.decide_batch([request()] * 3)
        policy.close()
    assert [one.outcome for one in found] == ["deny"] * 3
    assert all(one.errors[0].startswith("the server does not answer") for one in found)
