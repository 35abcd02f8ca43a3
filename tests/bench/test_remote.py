"""Detectors behind HTTP: the same scores as shut in, one connection, and every failure in words."""

from __future__ import annotations

import http.client
import http.server
import json
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import numpy as np
import pytest
from tests.bench.dataset import small_world

from misusebench.__main__ import main
from misusebench.checks import check
from misusebench.component_faults import ComponentFault
from misusebench.confinement import Limits
from misusebench.errors import SuiteError
from misusebench.isolated import IsolatedDetector, start, stream
from misusebench.isolation import Worker
from misusebench.remote import Remote, serve
from misusebench.replay import replay
from misusebench.suite import ComponentSpec, parse_component

HERE = str(Path(__file__).parent)
LOG, CONTEXT, _ = small_world()


@contextmanager
def served(spec):
    """Serve a detector on a free port."""
    with serve(spec) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def bad(name, **parameters):
    """Return a component of the tests."""
    return ComponentSpec("detector", name, f"bad_components:{name}", parameters, None, (HERE,))


@contextmanager
def remote(url, limits=None):
    """Ask a detector behind HTTP."""
    spec = parse_component("detector", url)
    with Remote(spec.url, limits) as worker:
        yield IsolatedDetector(worker, start(worker, spec))


@pytest.mark.slow
def test_scores_and_alerts_are_those_of_a_worker():
    """Rules over HTTP say what rules in a worker say, single rows and alerts included."""
    spec = parse_component("detector", "rules")
    with Worker(module=spec.module) as worker:
        shut_in = replay(IsolatedDetector(worker, start(worker, spec)), LOG, CONTEXT,
                         single_rows=20)  # fmt: skip
    with served(spec) as url, remote(url) as detector:
        elsewhere = replay(detector, LOG, CONTEXT, single_rows=20)
    assert np.array_equal(shut_in.score, elsewhere.score)
    assert shut_in.alerts == elsewhere.alerts


@pytest.mark.slow
def test_a_detector_behind_http_can_be_checked():
    """All checks pass, and the level says that nothing is shut in."""
    with served(bad("Good")) as url:
        found = check(parse_component("detector", url), LOG.slice(0, 700), CONTEXT)
    assert found.passed, found.as_json()
    assert found.isolation == "remote"


def test_who_asks_cannot_choose_what_is_run():
    """The target of a question is the server's own."""
    with served(bad("Good")) as url:
        worker = Remote(url)
        with worker:
            told, _ = worker.ask({"op": "start", "target": "os:system", "parameters": {}})
    assert told["name"] == "good"


def test_who_asks_cannot_choose_parameters():
    """A parameter may name a file: those of a question are passed over."""
    with served(bad("Good", step=2.0)) as url, Remote(url) as worker:
        asked = {"op": "start", "target": "", "parameters": {"step": 5.0, "nothing": 1}}
        worker.ask(asked)
        batch = LOG.slice(0, 1).combine_chunks().to_batches()[0]
        _, data = worker.ask(
            {"op": "score", "now": None, "single": False}, stream(batch), answer_bytes=8
        )
    assert np.frombuffer(data).tolist() == [2.0]


def test_other_content_is_refused():
    """A page in a browser cannot post what the server takes; a body must say its length."""
    with served(bad("Good")) as url:
        port = int(url.rpartition(":")[2])
        for headers, status in (
            ({"Content-Type": "text/plain"}, 415),
            ({"Content-Type": "application/x-misusebench", "Content-Length": "-5"}, 413),
        ):
            line = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            line.putrequest("POST", "/")
            for name, value in headers.items():
                line.putheader(name, value)
            line.endheaders()
            with closing(line):
                assert line.getresponse().status == status


def test_what_it_raises_is_its_fault():
    """A crash behind HTTP is a crash, with its reason."""
    with served(bad("Raises")) as url, remote(url) as detector:  # noqa: SIM117
        with pytest.raises(ComponentFault) as caught:
            replay(detector, LOG.slice(0, 700), CONTEXT)
    assert caught.value.state == "crash"


def test_nobody_there_is_told():
    """A port that nobody listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    spec = parse_component("detector", f"http://127.0.0.1:{port}")
    with pytest.raises(ComponentFault, match=f"127.0.0.1:{port} does not answer"):
        start(Remote(spec.url).__enter__(), spec)


class Odd(http.server.BaseHTTPRequestHandler):
    """Answers as its server's `answer` says."""

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        status, body, wait = self.server.answer
        time.sleep(wait)
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        """Say nothing."""


@pytest.mark.parametrize(
    ("answer", "state", "said"),
    [
        ((200, b"no json\n", 0), "invalid", "its answer is not JSON"),
        ((200, b"[1]\n", 0), "invalid", "its answer is not JSON"),
        ((500, b"", 0), "crash", "status 500"),
        ((200, b'{"fault": "oom", "reason": "too much"}\n', 0), "oom", "too much"),
        ((200, b"{}\nmore than was asked for", 0), "invalid", "answered 23 bytes where 0 were"),
        ((200, b"{}\n", 1.0), "timeout", "no answer within 0.2 s"),
        ((200, b'{"fault": "ok"}\n', 0), "invalid", ""),
        ((200, b"{}\n", 0), "invalid", "what it says of itself lacks 'name'"),
    ],
)
def test_odd_answers_are_told(answer, state, said):
    """Each is a fault of the component, none is a traceback."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Odd) as server:
        server.answer = answer
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        url = f"http://127.0.0.1:{server.server_port}"
        with Remote(url, Limits(start_s=0.2)) as worker, pytest.raises(ComponentFault) as caught:
            start(worker, parse_component("detector", url))
        server.shutdown()
        thread.join()
    assert caught.value.state == state
    assert said in caught.value.reason


def test_addresses_are_parsed():
    """Host, port and path make the name; what is no address is told."""
    spec = parse_component("detector", "http://example.test:8080/my/one")
    assert (spec.name, spec.url) == ("example_test_8080_my_one", "http://example.test:8080/my/one")
    for text, said in (("http://", "name a host"), ("http://a:b", "Port could not")):
        with pytest.raises(SuiteError, match=said):
            parse_component("detector", text)


def test_small_messages_wait_for_no_acknowledgement():
    """Neither side gathers small writes (44 ms each else); `prove transports` has the times."""
    with served(bad("Good")) as url, Remote(url) as worker:
        worker.ask({"op": "start", "target": "", "parameters": {}})
        line = worker._connection.sock
        assert line.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) != 0
    with serve(bad("Good")) as server:
        handler = server.RequestHandlerClass
        assert handler.disable_nagle_algorithm is True
        assert handler.wbufsize == -1


@pytest.mark.slow
def test_the_command_serves_until_it_is_stopped():
    """It says where, as JSON, answers there, and ends with 130 when interrupted."""
    asked = [sys.executable, "-m", "misusebench", "serve", "volume", "--port", "0", "--json", "-q"]
    with subprocess.Popen(asked, stdout=subprocess.PIPE, text=True) as server:
        told, url = "", ""
        while not url:
            told += server.stdout.readline()
            with suppress(ValueError):
                url = json.loads(told)["data"]["url"]
        with remote(url) as detector:
            assert detector.about.name == "volume"
        server.send_signal(signal.SIGINT)
        assert server.wait() == 130


def test_what_cannot_be_served_is_told(capsys):
    """The label oracle, another server, and a port that is taken."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        for asked in (["label_oracle"], ["http://localhost:1"], ["volume", "--port", port]):
            assert main(["serve", *asked, "-q"]) == 2
    assert "cannot be listened on" in " ".join(capsys.readouterr().err.split())
