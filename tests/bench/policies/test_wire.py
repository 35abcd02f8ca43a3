"""The connection to a server that decides: slow, late, dead, killed, strange; never a permit."""

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
    dripping,
    running,
    scripted,
    served,
)

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
