"""One kept connection to a server that decides: bounded in time and size, strict in what it reads.

A server is in the hands of somebody else. Whatever it does, there is an answer that was read whole
within the time, or an error; never an older answer, half an answer or two at once.
"""

from __future__ import annotations

import http.client
import io
import json
import os
import re
import time
from typing import TYPE_CHECKING, Any, Final, NoReturn
from urllib.parse import SplitResult, urlsplit

from misusebench.errors import SuiteError

if TYPE_CHECKING:
    from collections.abc import Mapping

TYPE: Final = "application/json"
#: Whose replies carry the id of their request.
REQUEST_ID: Final = "X-Request-ID"
_MOST_ANSWER: Final = 1 << 26
#: Failures in a row after which not every request is tried any more.
_PATIENCE: Final = 3
#: What a bearer token may be made of (RFC 6750); anything else could end up in a message.
_TOKEN: Final = re.compile(r"[A-Za-z0-9\-._~+/]+=*")


class UnansweredError(Exception):
    """There is no answer that could be used; its message says why. The request is denied."""


class Line:
    """Posts JSON to one server and returns the JSON of its replies.

    Parameters
    ----------
    url
        ``http://HOST:PORT/PATH``, or https; what is asked is put behind it.
    timeout_s
        Seconds within which a reply must be whole.
    token_env
        Name of an environment variable that holds a bearer token. Its value is in no message.

    Raises
    ------
    SuiteError
        If that is no address, no time or no token.
    """

    def __init__(self, url: str, timeout_s: float = 2.0, token_env: str = "") -> None:
        parts = address(url)
        if type(timeout_s) not in (int, float) or not 0 < timeout_s <= 3600:  # noqa: PLR2004
            raise SuiteError(f"timeout_s must be above 0 and at most 3600, got {timeout_s!r:.40}")
        self.until: float | None = None  # monotonic: nothing is asked later
        self.base = parts.path.rstrip("/")
        self._timeout = float(timeout_s)
        self._headers = {"Content-Type": TYPE, "Accept": TYPE}
        if token := token_of(token_env):
            self._headers["Authorization"] = f"Bearer {token}"
        kind = _Kept if parts.scheme == "http" else _KeptTls
        self._connection: Any = kind(parts.hostname or "", parts.port or kind.default_port)
        self._asked = self._failed = self._skip = 0

    def post(self, path: str, body: Mapping[str, Any]) -> Any:
        """Return the JSON of the reply to one request.

        Raises
        ------
        UnansweredError
            If there is none that is whole, in time and well formed.
        """
        try:
            text = json.dumps(body, allow_nan=False, separators=(",", ":")).encode()
        except (TypeError, ValueError, RecursionError) as error:
            raise UnansweredError("the request cannot be said in JSON") from error
        status, headers, data = self._tried(path, text)
        if status != http.HTTPStatus.OK:
            raise UnansweredError(f"status {status}")
        if headers.get_content_type() != TYPE:
            raise UnansweredError(f"its reply is of type {headers.get_content_type():.60}")
        if headers.get(REQUEST_ID, str(self._asked)) != str(self._asked):
            raise UnansweredError("its reply belongs to another request")
        try:
            return strict_json(data)
        except ValueError as error:
            raise UnansweredError("its reply is not JSON") from error

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def _tried(self, path: str, text: bytes) -> tuple[int, http.client.HTTPMessage, bytes]:
        """Ask, unless the server has failed too often; a failure closes the connection.

        After `_PATIENCE` failures in a row as many requests as have failed or been passed over are
        passed over before the next try, so that a server that hangs costs a few time-outs.
        """
        if self._skip:
            self._skip -= 1
            raise UnansweredError("not asked: the server failed again and again")
        try:
            found = self._exchanged(path, text)
        except TimeoutError as error:
            raise self._lost(f"no answer within {self._timeout:g} s") from error
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise self._lost(f"the server does not answer: {type(error).__name__}") from error
        self._failed = 0
        return found

    def _lost(self, why: str) -> UnansweredError:
        self._connection.close()
        self._failed += 1
        self._skip = 1 << (self._failed - _PATIENCE) if self._failed >= _PATIENCE else 0
        return UnansweredError(why)

    def _exchanged(self, path: str, text: bytes) -> tuple[int, http.client.HTTPMessage, bytes]:
        connection = self._connection
        now = time.monotonic()
        if self.until is not None and now >= self.until:
            raise UnansweredError("not asked: the time is over")
        end = now + self._timeout
        connection.until = end if self.until is None else min(end, self.until)
        self._asked += 1
        kept = connection.sock is not None
        try:
            return self._once(path, text)
        except (ConnectionError, http.client.RemoteDisconnected):
            if not kept:
                raise
            connection.close()  # it was closed while nothing was asked: that is no failure
            return self._once(path, text)

    def _once(self, path: str, text: bytes) -> tuple[int, http.client.HTTPMessage, bytes]:
        headers = {**self._headers, REQUEST_ID: str(self._asked)}
        self._connection.request("POST", self.base + path, text, headers)
        reply = self._connection.getresponse()
        data = reply.read(_MOST_ANSWER + 1)
        if len(data) > _MOST_ANSWER or reply.length:
            raise http.client.HTTPException("its reply is too long, or not whole")
        reply.close()  # the connection is free for the next request
        return reply.status, reply.headers, data


class _Timed(io.RawIOBase):
    """Reads from a connection until a moment, however slowly it comes."""

    def __init__(self, line: Any, connection: _Kept) -> None:
        self._line, self._connection = line, connection
        self._raw = line.makefile("rb", buffering=0)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        self._line.settimeout(self._connection.left())
        return self._raw.readinto(buffer)  # type: ignore[no-any-return]

    def close(self) -> None:
        self._raw.close()
        super().close()


class _Socket:
    """As much of a socket as `http.client` uses, each wait bounded by the same moment."""

    def __init__(self, line: Any, connection: _Kept) -> None:
        self.line, self._connection = line, connection
        self.close = line.close

    def sendall(self, data: Any) -> None:
        self.line.settimeout(self._connection.left())
        self.line.sendall(data)

    def makefile(self, _: str) -> io.BufferedReader:
        return io.BufferedReader(_Timed(self.line, self._connection), 1 << 16)


class _Kept(http.client.HTTPConnection):
    """A connection whose waits end at one moment; small messages are sent at once."""

    until = 0.0

    def left(self) -> float:
        """Return the seconds that are left."""
        left = self.until - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return left

    def connect(self) -> None:
        self.timeout = self.left()
        super().connect()  # switches Nagle's algorithm off
        self.sock: Any = _Socket(self.sock, self)


class _KeptTls(_Kept, http.client.HTTPSConnection):
    """The same over TLS: `super().connect()` of the other class is next in line."""


def address(url: str) -> SplitResult:
    """Return the parts of an address of a server.

    Raises
    ------
    SuiteError
        If it is none, or holds a password: results show it.
    """
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018 - raises if it is none
    except (ValueError, AttributeError, TypeError) as error:
        raise SuiteError(f"url {url!r:.200}: {error}") from error
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise SuiteError(f"url must be http://HOST:PORT or https://HOST, got {url!r:.200}")
    if parts.username is not None or parts.query or parts.fragment:
        raise SuiteError(
            "url must have no name, password, query or fragment: results show it; "
            "give a token by token_env, the name of an environment variable"
        )
    return parts


def token_of(token_env: str) -> str:
    """Return the bearer token that an environment variable holds, "" of none.

    Raises
    ------
    SuiteError
        If it is not set, or what it holds is no token; its value is in no message.
    """
    if not token_env:
        return ""
    token = os.environ.get(token_env, "")
    if not _TOKEN.fullmatch(token):
        found = "is not set" if not token else "holds no bearer token (letters, digits, -._~+/=)"
        raise SuiteError(f"token_env: the environment variable {token_env} {found}")
    return token


def strict_json(data: bytes) -> Any:
    """Return JSON in UTF-8; a name that is there twice, or NaN, raises ValueError.

    Examples
    --------
    >>> strict_json(b'{"decision": false, "decision": true}')
    Traceback (most recent call last):
    ValueError: 'decision' is there twice
    """
    try:
        return json.loads(
            data.decode(), parse_constant=_refuse, object_pairs_hook=_once_each
        )  # fmt: skip
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error


def _refuse(word: str) -> NoReturn:
    raise ValueError(f"{word} is not JSON")


def _once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise ValueError(f"{name!r:.60} is there twice")
        found[name] = value
    return found
