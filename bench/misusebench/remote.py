"""Detectors behind HTTP: the questions of a worker as requests, for what runs elsewhere.

A request is a POST whose body is a JSON header, a line's end and a payload (an Arrow IPC stream, or
nothing); the answer has the same shape, its payload plain numbers. The operations are those of
`worker.py`. Nothing of such a detector is shut in, and the result says so.
"""

from __future__ import annotations

import http.client
import json
import socket
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Final, Self
from urllib.parse import urlsplit

from misusebench.component_faults import ComponentFault, fault_of
from misusebench.confinement import Isolation, Limits
from misusebench.frames import Payload, unpack
from misusebench.worker import Host, fault

if TYPE_CHECKING:
    from misusebench.suite import ComponentSpec

#: What a result says of the isolation of a detector behind HTTP.
LEVEL: Final = "remote"
_MOST_ANSWER: Final = 1 << 30
_MOST_BODY: Final = 4 << 30
_PIECE: Final = 1 << 20
_IDLE_S: Final = 3600.0  # a connection that asks nothing for so long is closed
_TYPE: Final = "application/x-misusebench"


class Elsewhere(Isolation):
    """How far a detector behind HTTP is shut in: not at all."""

    @property
    def level(self) -> str:
        """Return the level as one word."""
        return LEVEL

    @property
    def not_stopped(self) -> list[str]:
        """Return what is not stopped, in plain words."""
        return [
            "anything: it runs elsewhere, with what it can reach there; its memory is not watched"
        ]


class Remote:
    """Has the face of a worker; a context manager that keeps one connection open.

    Parameters
    ----------
    url
        Where the detector is served: ``http://HOST:PORT/PATH``.
    limits
        Times within which it must answer; memory cannot be watched.

    Raises
    ------
    ComponentFault
        From `ask`, if it does not answer, or not as it should.
    """

    def __init__(self, url: str, limits: Limits | None = None) -> None:
        parts = urlsplit(url)
        self._host, self._port = parts.hostname or "", parts.port or 80
        self._path, self._limits = parts.path or "/", limits or Limits()
        self.search: list[str] = []
        self.copies: dict[str, str] = {}
        self.stderr, self._spent = "", 0.0
        self.isolation: Isolation = Elsewhere((), ("it runs elsewhere",))

    def __enter__(self) -> Self:
        """Connect when first asked."""
        self._connection = http.client.HTTPConnection(self._host, self._port)
        return self

    def __exit__(self, *_: object) -> None:
        """Close the connection."""
        self._connection.close()

    def ask(
        self, header: dict[str, Any], payload: bytes | memoryview = b"", *, answer_bytes: int = 0
    ) -> tuple[dict[str, Any], bytes]:
        """Send one question and return the answer, as :meth:`misusebench.isolation.Worker.ask`."""
        body = json.dumps(header, allow_nan=False).encode() + b"\n" + bytes(payload)
        limit = {"start": self._limits.start_s, "fit": self._limits.fit_s}.get(
            header["op"], self._limits.batch_s
        )
        limit = max(0.001, min(limit, self._limits.total_s - self._spent))
        begun = time.monotonic()
        try:
            answer = self._posted(body, limit)
        except TimeoutError as error:
            raise ComponentFault("timeout", f"no answer within {limit:g} s") from error
        except (OSError, http.client.HTTPException) as error:
            where = f"{self._host}:{self._port}"
            raise ComponentFault("crash", f"{where} does not answer: {error!r:.200}") from error
        self._spent += time.monotonic() - begun
        text, _, data = answer.partition(b"\n")
        try:
            told = unpack(text)
        except ValueError as error:
            raise ComponentFault("invalid", f"its answer is not JSON: {error}") from error
        if "fault" in told:
            raise fault_of(told)
        if len(data) > answer_bytes:
            raise ComponentFault(
                "invalid", f"answered {len(data)} bytes where {answer_bytes} were due"
            )
        return told, data

    def _posted(self, body: bytes, limit: float) -> bytes:
        connection: Any = self._connection
        line = connection.sock
        if line is None:
            connection.timeout = limit
            connection.connect()
            line = connection.sock
            line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        line.settimeout(limit)
        connection.request("POST", self._path, body, {"Content-Type": _TYPE})
        answer = connection.getresponse()
        found, deadline = bytearray(), time.monotonic() + limit
        while piece := answer.read1(_PIECE):
            found += piece
            if time.monotonic() > deadline or len(found) > _MOST_ANSWER:
                raise TimeoutError
        answer.close()  # the connection is free for the next question
        if answer.status != http.HTTPStatus.OK:
            raise http.client.HTTPException(f"status {answer.status} {answer.reason}")
        return bytes(found)


class Served(Host):
    """Answers for one detector; who asks cannot choose another."""

    def __init__(self, spec: ComponentSpec) -> None:
        super().__init__(0)
        self._spec = spec

    def answer(self, header: dict[str, Any], payload: Payload) -> tuple[dict[str, Any], bytes]:
        """Return the answer to one question."""
        if header.get("op") == "start":  # neither what nor how: parameters may name files
            header = {
                "op": "start", "target": self._spec.target,
                "parameters": dict(self._spec.parameters),
                "search": [f for f in self._spec.search if f not in sys.path],
            }  # fmt: skip
        return super().answer(header, payload)


def serve(
    spec: ComponentSpec, host: str = "127.0.0.1", port: int = 0
) -> ThreadingHTTPServer:  # fmt: skip
    """Return a server that is ready to serve a detector, a fresh one to each connection.

    Parameters
    ----------
    spec
        The detector.
    host, port
        Where to listen; port 0 takes a free one.
    """

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"  # keeps the connection
        wbufsize = -1  # one write an answer: small ones meet delayed acknowledgements
        disable_nagle_algorithm = True
        timeout = _IDLE_S

        def setup(self) -> None:
            super().setup()
            self._own = Served(spec)

        def do_POST(self) -> None:
            size = self.headers.get("Content-Length", "")
            if self.headers.get("Content-Type") != _TYPE:  # a page in a browser cannot set it
                self.send_error(http.HTTPStatus.UNSUPPORTED_MEDIA_TYPE, f"{_TYPE} is wanted")
                return
            if not size.isdecimal() or int(size) > _MOST_BODY:
                self.send_error(http.HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
                return
            text, _, payload = self.rfile.read(int(size)).partition(b"\n")
            try:
                header, data = self._own.answer(unpack(text), payload)
            except Exception as error:  # noqa: BLE001 - whatever it raises is its result
                header, data = fault(error), b""
            body = json.dumps(header, allow_nan=False).encode() + b"\n" + data
            self.send_response(http.HTTPStatus.OK)
            self.send_header("Content-Type", _TYPE)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
            self.wfile.flush()

        def log_message(self, *_: object) -> None:
            """Say nothing: a line a request would be millions."""

    return ThreadingHTTPServer((host, port), Handler)
