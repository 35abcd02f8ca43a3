"""A policy as an AuthZEN 1.0 server, so that others try their enforcement points against ours.

Plain HTTP, meant for this machine: the standard asks for HTTPS elsewhere, which a proxy in front
can give (`public_url` is then its address).
"""

from __future__ import annotations

import hmac
import http
import importlib
import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Final

from misusebench.authzen_wire import METADATA, BadRequestError, evaluation, evaluations, metadata
from misusebench.errors import SuiteError
from misusebench.policies.authzen import SEVERAL, SINGLE
from misusebench.policies.wire import REQUEST_ID, TYPE, strict_json
from misusebench.suite import parse_component

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from misusebench.component import Policy

_MOST_BODY: Final = 1 << 25
_MOST_ID: Final = 1024
_IDLE_S: Final = 3600.0  # a connection that asks nothing for so long is closed
_ANSWERS: Final[dict[str, Callable[[Any, Mapping[str, Any]], dict[str, Any]]]] = {
    SINGLE: evaluation, SEVERAL: evaluations,
}  # fmt: skip


class RefusedError(Exception):
    """A call fails as a whole."""

    def __init__(self, status: http.HTTPStatus, message: str) -> None:
        super().__init__(message)
        self.status = status


def component(
    name: str, policy: Any = None, parameters: Mapping[str, Any] | None = None
) -> Policy:  # fmt: skip
    """Return a policy component, loaded, in this process.

    Parameters
    ----------
    name
        A registry name or ``module:Class``.
    policy
        What its `load` gets: None, a table with `name` and `text`, or a text of its engine.
    parameters
        For its class.

    Raises
    ------
    SuiteError
        If there is no such component, or it does not take these.
    """
    spec = parse_component("policy", name, parameters)
    sys.path[:0] = [folder for folder in spec.search if folder not in sys.path]
    module, _, path = spec.target.partition(":")
    try:
        made: Any = importlib.import_module(module)
        for part in path.split("."):
            made = getattr(made, part)
        made = made(**spec.parameters)
        made.load(policy, None)
    except SuiteError:
        raise
    except Exception as error:
        raise SuiteError(f"{name} cannot be loaded: {type(error).__name__}: {error}") from error
    return made  # type: ignore[no-any-return]


def serve(
    policy: Policy, host: str = "127.0.0.1", port: int = 0, *, public_url: str = "",
    token: str = "",
) -> ThreadingHTTPServer:  # fmt: skip
    """Return a server that is ready to serve a policy; `serve_forever` until it is interrupted.

    Parameters
    ----------
    policy
        A policy that is loaded. It is asked by one connection at a time.
    host, port
        Where to listen; port 0 takes a free one.
    public_url
        What its metadata call it, if that is not ``http://HOST:PORT``.
    token
        A bearer token that every evaluation must carry, if any.

    Raises
    ------
    SuiteError
        If it cannot listen there.
    """

    class Own(_Handler):
        pass

    try:
        server = _Server((host, port), Own)
    except OSError as error:
        raise SuiteError(f"{host}:{port} cannot be listened on: {error.strerror}") from error
    Own.policy, Own.token, Own.lock = policy, token, threading.Lock()
    Own.url = public_url.rstrip("/") or f"http://{host}:{server.server_port}"
    return server


class _Server(ThreadingHTTPServer):
    """Says nothing of clients that hang up."""

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Print what went wrong, unless the client has gone: that is no fault of the server."""
        if not isinstance(sys.exception(), (ConnectionError, TimeoutError)):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    """Answers evaluations and metadata; whatever fails as a whole fails with a sentence."""

    protocol_version = "HTTP/1.1"  # keeps the connection
    wbufsize = -1  # one write an answer: small ones meet delayed acknowledgements
    disable_nagle_algorithm = True
    timeout = _IDLE_S
    policy: Policy
    lock: threading.Lock
    token = url = ""

    def do_POST(self) -> None:
        """Answer an evaluation, or several."""
        try:
            self._authenticated()
            body = self._body()
            with self.lock:
                found = _ANSWERS[self.path](self.policy, body)
        except BadRequestError as error:
            self._say(http.HTTPStatus.BAD_REQUEST, str(error).encode(), "text/plain")
        except RefusedError as error:
            self._say(error.status, str(error).encode(), "text/plain")
        else:
            self._say(http.HTTPStatus.OK, json.dumps(found).encode(), TYPE)

    def do_GET(self) -> None:
        """Answer what the server offers."""
        if self.path == METADATA:
            self._say(http.HTTPStatus.OK, json.dumps(metadata(self.url)).encode(), TYPE)
        elif self.path in _ANSWERS:
            self._say(http.HTTPStatus.METHOD_NOT_ALLOWED, b"POST is wanted", "text/plain")
        else:
            self._say(http.HTTPStatus.NOT_FOUND, b"nothing is here", "text/plain")

    def _body(self) -> dict[str, Any]:
        """Return the object that was sent; a body that is not read ends the connection."""
        size = self.headers.get("Content-Length", "")
        if not size.isdecimal() or int(size) > _MOST_BODY or "Transfer-Encoding" in self.headers:
            self.close_connection = True
            raise RefusedError(http.HTTPStatus.LENGTH_REQUIRED if not size.isdecimal() else
                               http.HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
                               f"a body of at most {_MOST_BODY} bytes is wanted")  # fmt: skip
        data = self.rfile.read(int(size))
        if self.path not in _ANSWERS:
            raise RefusedError(http.HTTPStatus.NOT_FOUND, "nothing is here")
        if self.headers.get_content_type() != TYPE:  # a page in a browser cannot set it
            raise BadRequestError(f"Content-Type must be {TYPE}")
        try:
            body = strict_json(data)
        except ValueError as error:
            raise BadRequestError(f"the body is not JSON: {error}") from error
        if not isinstance(body, dict):
            raise BadRequestError("the body must be an object")
        return body

    def _authenticated(self) -> None:
        given = self.headers.get("Authorization", "").encode()
        if self.token and not hmac.compare_digest(given, f"Bearer {self.token}".encode()):
            self.close_connection = True
            raise RefusedError(http.HTTPStatus.UNAUTHORIZED, "a bearer token is wanted")

    def _say(self, status: http.HTTPStatus, body: bytes, kind: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        asked = self.headers.get(REQUEST_ID, "")
        if asked and len(asked) <= _MOST_ID and asked.isascii() and asked.isprintable():
            self.send_header(REQUEST_ID, asked)
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()

    def log_message(self, *_: object) -> None:
        """Say nothing: a line a request would be millions."""
