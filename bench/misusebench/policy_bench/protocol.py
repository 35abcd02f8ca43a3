"""Whether a server keeps the AuthZEN 1.0 protocol, whatever its policy: three levels of checks.

Basic: single evaluations. Batch: several at once. Discovery: its metadata. A level that the server
does not offer is said to be missing; Search is not among what we check.
"""

from __future__ import annotations

import http.client
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from misusebench.authzen_wire import METADATA
from misusebench.policies.authzen import SEVERAL, SINGLE
from misusebench.policies.wire import REQUEST_ID, TYPE, address, strict_json

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

LEVELS: Final = ("Basic", "Batch", "Discovery", "Search")
BODY: Final[dict[str, Any]] = {
    "subject": {"type": "user", "id": "alice"}, "action": {"name": "read"},
    "resource": {"type": "record", "id": "record-1"},
}  # fmt: skip
_NOT_THERE: Final = (404, 405, 501)
#: 400 is demanded; 415 says the same more exactly.
_WRONG_TYPE: Final = (400, 415)
_MOST: Final = 1 << 24


@dataclass(frozen=True, slots=True)
class Checked:
    """One check."""

    level: str
    name: str
    passed: bool
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back; status 0: nothing that is a reply."""

    status: int
    body: Any = None
    request_id: str | None = None
    kind: str = ""

    @property
    def decision(self) -> bool | None:
        """The decision, if the reply is a whole one."""
        good = self.status == http.HTTPStatus.OK and self.kind == TYPE
        return decision(self.body) if good else None

    @property
    def several(self) -> list[bool | None] | None:
        """The decisions of a batch, None if the reply is none."""
        found = self.body.get("evaluations") if isinstance(self.body, dict) else None
        if self.status != http.HTTPStatus.OK or self.kind != TYPE or not isinstance(found, list):
            return None
        return [decision(one) for one in found]


def decision(one: Any) -> bool | None:
    """Return the decision of a well formed object, None of any other.

    Examples
    --------
    >>> decision({"decision": True}), decision({"decision": 1}), decision([])
    (True, None, None)
    """
    if not isinstance(one, dict) or not isinstance(one.get("context", {}), dict):
        return None
    said = one.get("decision")
    return said if isinstance(said, bool) else None


class Server:
    """Sends what a well behaved client would not, each over a connection of its own."""

    def __init__(self, url: str, timeout_s: float = 5.0) -> None:
        self.url = url.rstrip("/")
        self._parts, self._timeout = address(url), timeout_s

    def post(
        self, path: str, body: Any, *, kind: str | None = TYPE, request_id: str | None = None
    ) -> Reply:
        """Send a body: bytes as they are, anything else as JSON."""
        headers = {name: value for name, value in (("Content-Type", kind), (REQUEST_ID, request_id))
                   if value is not None}  # fmt: skip
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self._sent("POST", self._parts.path.rstrip("/") + path, data, headers)

    def metadata(self) -> Reply:
        """Ask for the metadata, whose path stands before that of the server."""
        return self._sent("GET", METADATA + self._parts.path.rstrip("/"), None, {})

    def _sent(self, method: str, path: str, data: bytes | None, headers: dict[str, str]) -> Reply:
        tls = self._parts.scheme == "https"
        kind = http.client.HTTPSConnection if tls else http.client.HTTPConnection
        port = self._parts.port or kind.default_port
        line = kind(self._parts.hostname or "", port, timeout=self._timeout)
        try:
            line.request(method, path, data, headers)
            reply = line.getresponse()
            body = reply.read(_MOST)
        except (OSError, http.client.HTTPException):
            return Reply(0)
        finally:
            line.close()
        try:
            told = strict_json(body)
        except ValueError:
            told = None
        return Reply(reply.status, told, reply.headers.get(REQUEST_ID),
                     reply.headers.get_content_type())  # fmt: skip


def check(url: str, timeout_s: float = 5.0) -> list[Checked]:
    """Return the checks of a server, level by level.

    Raises
    ------
    SuiteError
        If that is no address.
    """
    server = Server(url, timeout_s)
    found = [Checked("Basic", *one) for one in _basic(server)]
    if server.post(SEVERAL, {"evaluations": [BODY]}).status not in _NOT_THERE:
        found += [Checked("Batch", *one) for one in _batch(server)]
    told = server.metadata()
    if told.status not in _NOT_THERE:
        found += [Checked("Discovery", *one) for one in _discovery(server, told)]
    return found


def levels(found: Sequence[Checked]) -> dict[str, str]:
    """Return per level whether a server passes it, fails it, or does not offer it.

    Examples
    --------
    >>> levels([Checked("Basic", "a", True), Checked("Batch", "b", False)])["Batch"]
    'fails 1 of 1'
    """
    told = {}
    for level in LEVELS:
        own = [one.passed for one in found if one.level == level]
        failed = own.count(False)
        told[level] = f"fails {failed} of {len(own)}" if failed else f"passes all {len(own)}"
        if not own:
            told[level] = "not checked" if level == "Search" else "not offered"
    return told


_One = tuple[str, bool, str]


def _basic(server: Server) -> Iterator[_One]:
    first = server.post(SINGLE, BODY)
    yield "decision is true or false", first.decision is not None, f"status {first.status}"
    again = [server.post(SINGLE, BODY).decision for _ in range(3)]
    yield "the same request gets the same decision", _same(again, [first.decision] * 3), f"{again}"
    told = server.post(SINGLE, BODY, request_id="id-4711.a")
    yield "the request's id is echoed", told.request_id == "id-4711.a", f"got {told.request_id}"
    for name, body in _broken():
        status = server.post(SINGLE, body).status
        yield name, status == http.HTTPStatus.BAD_REQUEST, f"status {status}, 400 is due"
    for kind in ("text/plain", "application/x-www-form-urlencoded"):
        status = server.post(SINGLE, BODY, kind=kind).status
        yield f"type {kind} is refused", status in _WRONG_TYPE, f"status {status}, 400 is due"
    for name, body in _larger():
        said = server.post(SINGLE, body).decision
        yield name, said is not None and said is first.decision, f"decision {said}"


def _broken() -> Iterator[tuple[str, Any]]:
    """Yield bodies that must be refused."""
    for part, keys in (("subject", ("type", "id")), ("action", ("name",)),
                       ("resource", ("type", "id"))):  # fmt: skip
        yield f"{part} missing", {name: one for name, one in BODY.items() if name != part}
        yield f"{part} of another type", {**BODY, part: "alice"}
        for key in keys:
            lacking = {name: one for name, one in BODY[part].items() if name != key}
            yield f"{part}.{key} missing", {**BODY, part: lacking}
            yield f"{part}.{key} of another type", {**BODY, part: {**BODY[part], key: 7}}
        yield f"{part}.properties of another type", {
            **BODY, part: {**BODY[part], "properties": ["x"]},
        }  # fmt: skip
    yield "context of another type", {**BODY, "context": "x"}
    yield "malformed JSON", b'{"subject": '
    yield "empty body", b""
    yield "a body that is no object", [BODY]


def _larger() -> Iterator[tuple[str, Any]]:
    """Yield bodies with more than is known, which must change nothing."""
    yield "unknown fields are passed over", {**BODY, "unheard_of": {"a": [1]}}
    subject = {**BODY["subject"], "properties": {"unheard_of": "x"}}
    yield "further properties are passed over", {**BODY, "subject": subject}
    yield "an empty context changes nothing", {**BODY, "context": {}}
    yield "another order of members changes nothing", dict(reversed(BODY.items()))


def _batch(server: Server) -> Iterator[_One]:
    single = server.post(SINGLE, BODY).decision

    def asked(items: Any, **more: Any) -> list[bool | None] | None:
        return server.post(SEVERAL, {"evaluations": items, **more}).several

    other = {**BODY, "resource": {"type": "record", "id": "record-2"}}
    singles = [server.post(SINGLE, one).decision for one in (BODY, other)]
    found = asked([BODY, other, BODY])
    yield "length and order are kept", _same(found, [*singles, singles[0]]), f"{found}"
    for semantic in ("execute_all", "deny_on_first_deny", "permit_on_first_permit"):
        found = asked([BODY, other], options={"evaluations_semantic": semantic})
        yield semantic, _same(found, _cut(singles, semantic)), f"{found}, single {singles}"
    lacking = {name: one for name, one in BODY.items() if name != "action"}
    found = asked([BODY, lacking, BODY])
    good = _same(found, [single, False, single])
    yield "an item that lacks something is false", good, f"{found}"
    found = asked([{}, {"resource": other["resource"]}], **BODY)
    yield "an empty item inherits, an entity replaces", _same(found, singles), f"{found}"
    half = {"id": BODY["resource"]["id"]}
    found = asked([{"resource": half}, {}], **BODY)
    yield "an entity replaces the usual one whole", _same(found, [False, single]), f"{found}"
    yield from _unusual(server, single)


def _same(found: Sequence[bool | None] | None, wanted: Sequence[bool | None]) -> bool:
    """Tell whether decisions are those wanted; two that are none are not the same."""
    return found is not None and None not in wanted and list(found) == list(wanted)


def _cut(singles: Sequence[bool | None], semantic: str) -> list[bool | None]:
    end = {"deny_on_first_deny": False, "permit_on_first_permit": True}.get(semantic)
    if end is None or end not in singles:
        return list(singles)
    return list(singles[: singles.index(end) + 1])


def _unusual(server: Server, single: bool | None) -> Iterator[_One]:
    few: dict[str, dict[str, Any]] = {"no array": {}, "an empty array": {"evaluations": []}}
    for name, more in few.items():
        reply = server.post(SEVERAL, {**BODY, **more})
        good = reply.decision is not None and reply.decision is single
        yield f"{name} is a single request", good, f"status {reply.status}, {reply.decision}"
    wrong: dict[str, dict[str, Any]] = {
        "evaluations of another type": {"evaluations": {"a": 1}},
        "an unknown semantic": {
            "evaluations": [{}], "options": {"evaluations_semantic": "any"},
        },
    }  # fmt: skip
    for name, what in wrong.items():
        status = server.post(SEVERAL, {**BODY, **what}).status
        yield name, status == http.HTTPStatus.BAD_REQUEST, f"status {status}, 400 is due"
    told = server.post(SEVERAL, {"evaluations": [BODY]}, request_id="id-4712")
    yield "a batch's id is echoed", told.request_id == "id-4712", f"got {told.request_id}"


def _discovery(server: Server, told: Reply) -> Iterator[_One]:
    body = told.body if isinstance(told.body, dict) else {}
    yield "metadata are a JSON object", bool(body) and told.kind == TYPE, f"status {told.status}"
    own = body.get("policy_decision_point")
    yield "it names itself by the address asked", own == server.url, f"{own}"
    for name, path in (("access_evaluation_endpoint", SINGLE),
                       ("access_evaluations_endpoint", SEVERAL)):  # fmt: skip
        where = body.get(name)
        if where is None and name == "access_evaluations_endpoint":
            continue
        yield f"{name} is an address of it", where == server.url + path, f"{where}"


def render(found: Sequence[Checked]) -> list[str]:
    """Return levels and failed checks as Markdown."""
    told = levels(found)
    rows = ["| level | |", "|---|---|", *(f"| {level} | {told[level]} |" for level in LEVELS)]
    failed = [one for one in found if not one.passed]
    return [*rows, "", *(f"- {one.level}, {one.name}: {one.detail}" for one in failed)]
