"""Servers of the tests: ours, and some that answer wrongly, slowly or not at all."""

from __future__ import annotations

import json
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from misusebench.authzen_server import component, serve
from misusebench.policies.language import read_policy
from misusebench.policies.language.cases import random_requests


@contextmanager
def running(server):
    """Let a server answer, and give its address."""
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def served(policy=None, **options):
    """Serve a policy, by default the eleven rules."""
    with running(serve(policy or component("reference"), **options)) as url:
        yield url


class _Scripted(BaseHTTPRequestHandler):
    """Answers with what its server's `answer` makes of the path and the body."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.asked.append((self.path, dict(self.headers), json.loads(body)))
        told = self.server.answer(self, self.server.asked[-1][2])
        if told is not None:
            self.reply(*told)

    def reply(self, body, status=200, kind="application/json", headers=()):
        text = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        for name, value in (("Content-Type", kind), ("Content-Length", str(len(text))), *headers):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(text)
        self.wfile.flush()

    def log_message(self, *_):
        """Say nothing."""


class Scripted(ThreadingHTTPServer):
    """Answers as a function says: (body, status, kind, headers), or None if it wrote itself."""

    def __init__(self, answer):
        super().__init__(("127.0.0.1", 0), _Scripted)
        self.answer, self.asked = answer, []

    def handle_error(self, *_):
        """Say nothing: whoever asked has gone."""


@contextmanager
def scripted(answer):
    """Serve answers of a function; give the address and what was asked."""
    server = Scripted(answer if callable(answer) else lambda *_: answer)
    with running(server) as url:
        yield url, server.asked


def dripping(handler, _, every=0.05, count=200):
    """Write a permit, a byte at a time: each read succeeds, the whole never comes."""
    text = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 18\r\n\r\n{"
    for byte in text + b" " * count:
        handler.wfile.write(bytes([byte]))
        handler.wfile.flush()
        time.sleep(every)


def asked(count, seed=1):
    """Return random requests on the eleven rules."""
    return random_requests(read_policy("eleven_rules"), count, seed)
