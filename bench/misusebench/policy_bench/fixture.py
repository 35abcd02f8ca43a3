"""The eight decisions that AuthZEN's certification scenario demands, of an engine or of a server.

Each is asked with and without a context, which must change nothing. The policy for them is data
(`policies/fixtures/authzen.toml`), so any adapter can be asked; a server must have been given its
own form of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa

from misusebench import policies
from misusebench.hosting import hosted
from misusebench.isolated import IsolatedPolicy, start
from misusebench.metrics.decided import PERMIT
from misusebench.policies.authzen import SINGLE
from misusebench.policies.wire import Line, UnansweredError
from misusebench.reading import read_text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from misusebench.confinement import Limits
    from misusebench.suite import ComponentSpec

POLICY: Final = Path(policies.__file__).parent / "fixtures" / "authzen.toml"
#: Sent with half of the requests.
CONTEXT: Final = {"channel": "web"}


@dataclass(frozen=True, slots=True)
class Case:
    """A request, and the decision that it must get."""

    user: str
    action: str
    record: str
    decision: bool
    role: str | None = None  # property of the subject, if it is sent
    status: str | None = None  # of the resource
    soft: bool | None = None  # of the action

    def body(self, *, with_context: bool = False) -> dict[str, Any]:
        """Return the access evaluation."""
        found = {
            "subject": _entity({"type": "user", "id": self.user}, role=self.role),
            "action": _entity({"name": self.action}, soft=self.soft),
            "resource": _entity({"type": "record", "id": self.record}, status=self.status),
        }
        return {**found, "context": dict(CONTEXT)} if with_context else found

    def __str__(self) -> str:
        sent = {"role": self.role, "status": self.status, "soft": self.soft}
        told = ", ".join(f"{name} {value}" for name, value in sent.items() if value is not None)
        return f"{self.user} {self.action} {self.record}" + (f" ({told})" if told else "")


def _entity(one: dict[str, Any], **properties: Any) -> dict[str, Any]:
    sent = {name: value for name, value in properties.items() if value is not None}
    return {**one, "properties": sent} if sent else one


#: AuthZEN certification scenario of 2026: 1-4 by ids alone, 5-8 need properties.
CASES: Final = (
    Case("alice", "read", "record-1", decision=True),
    Case("alice", "write", "record-1", decision=True),
    Case("bob", "read", "record-1", decision=True),
    Case("bob", "write", "record-1", decision=False),
    Case("alice", "write", "record-2", decision=False, status="archived"),
    Case("bob", "write", "record-2", decision=True, role="admin", status="archived"),
    Case("alice", "delete", "record-1", decision=True, soft=True),
    Case("alice", "delete", "record-1", decision=False, soft=False),
)


@dataclass(frozen=True, slots=True)
class Answered:
    """What a case got."""

    case: Case
    with_context: bool
    decision: bool | None  # None: no answer, or none that is true or false
    errors: tuple[str, ...] = ()

    @property
    def right(self) -> bool:
        """Whether it is what the fixture demands, and without an error."""
        return self.decision is self.case.decision and not self.errors


def of_url(url: str, *, timeout_s: float = 2.0, token_env: str = "") -> list[Answered]:
    """Return what a server answers; its policy must be the fixture's.

    Raises
    ------
    SuiteError
        If that is no address.
    """
    line = Line(url, timeout_s, token_env)
    found = [_asked(line, case, with_context=one) for case in CASES for one in (False, True)]
    line.close()
    return found


def _asked(line: Line, case: Case, *, with_context: bool) -> Answered:
    try:
        reply = line.post(SINGLE, case.body(with_context=with_context))
    except UnansweredError as error:
        return Answered(case, with_context, None, (str(error),))
    said = reply.get("decision") if isinstance(reply, dict) else None
    return Answered(case, with_context, said if isinstance(said, bool) else None)


def of_component(
    spec: ComponentSpec, limits: Limits | None = None, *, unsafe: bool = False
) -> list[Answered]:
    """Return what an adapter decides when it is given the fixture's policy, one by one.

    It runs where components run. One that has a policy of its own is refused by its `load`.

    Raises
    ------
    ComponentFault
        If it does not run.
    """
    given = {name: value for name, value in spec.parameters.items() if name != "policy"}
    with hosted(spec, limits, unsafe=unsafe) as worker:
        policy = IsolatedPolicy(worker, start(worker, spec, given))
        policy.load({"name": POLICY.stem, "text": read_text(POLICY)})
        decided = policy.decide(facts(), single=True)
    asked = [(case, one) for case in CASES for one in (False, True)]
    why = [decided.explanations[at] for at in decided.why]
    return [
        Answered(case, one, bool(outcome == PERMIT), tuple(errors))
        for (case, one), outcome, (_, errors) in zip(asked, decided.outcome, why, strict=True)
    ]


def facts() -> pa.Table:
    """Return the requests as facts, two a case; what is not sent is null."""
    text, truth = pa.string(), pa.bool_()
    cases = [case for case in CASES for _ in range(2)]
    return pa.table({
        "query_id": pa.array([case.record for case in cases], text),
        "officer_id": pa.array([case.user for case in cases], text),
        "officer.role": pa.array([case.role for case in cases], text),
        "action.name": pa.array([case.action for case in cases], text),
        "action.soft": pa.array([case.soft for case in cases], truth),
        "database.status": pa.array([case.status for case in cases], text),
        "context.channel": pa.array([None, CONTEXT["channel"]] * len(CASES), text),
    })  # fmt: skip


def render(answers: Iterable[Answered]) -> list[str]:
    """Return the answers as a Markdown table, a line a case."""
    rows = ["| request | demanded | without context | with context |", "|---|---|---|---|"]
    pairs = list(answers)
    for one, other in zip(pairs[::2], pairs[1::2], strict=True):
        rows.append(f"| {one.case} | {one.case.decision} | {_said(one)} | {_said(other)} |")
    right = sum(one.right for one in pairs)
    return [*rows, "", f"{right} of {len(pairs)} as demanded."]


def _said(one: Answered) -> str:
    said = "no answer" if one.decision is None else str(one.decision)
    told = f": {one.errors[0]}" if one.errors else ""
    return said if one.right else f"**{said}**{told}"
