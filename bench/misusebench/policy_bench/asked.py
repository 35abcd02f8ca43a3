"""Asks an engine in a process of its own: engines crash each other, and this process must go on.

Questions and answers cross as JSON. For engines that we ship and trust; what comes from outsiders
runs behind `isolated.IsolatedPolicy`.
"""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from misusebench.component import Decision, Request
from misusebench.errors import SuiteError
from misusebench.policies import REGISTRY

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

_TIMEOUT_S: Final = 3_600


@dataclass(frozen=True)
class Variant:
    """An engine and how it is made."""

    label: str
    target: str  # module:Class
    parameters: Mapping[str, Any] = field(default_factory=dict)


class Job(NamedTuple):
    """One policy and what is asked of it."""

    policy: Any  # what `load` gets
    requests: Sequence[Request]
    batch: int = 0  # requests at a time; 0 asks `decide` one by one


class Answered(NamedTuple):
    """What came back from an engine's process."""

    version: str
    tells_reasons: bool
    decisions: list[list[Decision]]  # by job; none where the policy was refused
    refused: list[str]  # by job: why the policy was not taken, "" if it was
    lacking: str = ""  # why the engine could not be asked at all
    applicable: bool = True  # False where it said itself that a policy is none for it


def variant(name: str, **parameters: Any) -> Variant:
    """Return a registered engine, made with parameters.

    Raises
    ------
    SuiteError
        If there is no such engine.
    """
    if name not in REGISTRY:
        raise SuiteError(f"no policy engine {name}; there are {', '.join(REGISTRY)}")
    return Variant(name, REGISTRY[name], parameters)


def ask(engine: Variant, jobs: Sequence[Job]) -> Answered:
    """Return the decisions of an engine, started for this, on each job in turn."""
    asked = {
        "target": engine.target,
        "parameters": dict(engine.parameters),
        "jobs": [
            {"policy": j.policy, "requests": [_listed(r) for r in j.requests], "batch": j.batch}
            for j in jobs
        ],
    }
    command = [sys.executable, "-m", "misusebench.policy_bench.asked"]
    try:
        done = subprocess.run(  # noqa: S603 - this interpreter, this module
            command, input=json.dumps(asked).encode(), capture_output=True, timeout=_TIMEOUT_S,
            check=False,
        )  # fmt: skip
        answer = json.loads(done.stdout) if not done.returncode else {}
    except (subprocess.TimeoutExpired, ValueError) as error:
        return Answered("", True, [], [], f"{type(error).__name__}: {error}"[:300])
    if not answer:
        last = done.stderr.decode(errors="replace").strip().splitlines()[-1:]
        said = f"its process ended with {done.returncode}: {' '.join(last)}"
        return Answered("", True, [], [], said[:300])
    decisions = [
        [Decision(outcome, tuple(reasons), tuple(errors)) for outcome, reasons, errors in one]
        for one in answer["decisions"]
    ]
    return Answered(
        answer["version"], answer["tells_reasons"], decisions, answer["refused"], answer["lacking"],
        answer["applicable"],
    )  # fmt: skip


def _listed(request: Request) -> list[Any]:
    return [
        request.officer_id, dict(request.officer), request.action, request.query_id,
        dict(request.database), dict(request.context), dict(request.action_properties),
    ]  # fmt: skip


# --- the engine's own process ------------------------------------------------------------------


def _answer(asked: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {
        "version": "", "tells_reasons": True, "decisions": [], "refused": [], "lacking": "",
        "applicable": True,
    }  # fmt: skip
    module, _, name = asked["target"].partition(":")
    try:
        engine = getattr(importlib.import_module(module), name)(**asked["parameters"])
    except (ImportError, SuiteError) as error:
        return found | {"lacking": str(error)}
    found["version"] = str(engine.version)
    found["tells_reasons"] = bool(getattr(engine, "tells_reasons", True))
    for job in asked["jobs"]:
        try:
            why, decisions = _job(engine, job)
        except SuiteError as error:
            why, decisions, found["applicable"] = str(error)[:300], [], False
        found["refused"].append(why)
        found["decisions"].append(decisions)
    return found


def _job(engine: Any, job: dict[str, Any]) -> tuple[str, list[list[Any]]]:
    """Return why a policy was refused, or the decisions."""
    try:
        engine.load(job["policy"], None)
    except SuiteError:
        raise
    except Exception as error:  # noqa: BLE001 - whatever its parser raises is the answer
        return f"{type(error).__name__}: {error}"[:300], []
    requests = [Request(*one) for one in job["requests"]]
    size = job["batch"]
    if not size:
        return "", [_plain(d) for request in requests for d in _tried(engine.decide, request)]
    return "", [
        _plain(decision)
        for at in range(0, len(requests), size)
        for decision in _tried(engine.decide_batch, requests[at : at + size])
    ]


def _tried(decide: Any, asked: Any) -> Iterable[Decision]:
    """Return decisions; what an engine raises is a deny of all that it was asked."""
    single = isinstance(asked, Request)
    try:
        answers = [decide(asked)] if single else list(decide(asked))
        if not single and len(answers) != len(asked):
            raise ValueError(f"{len(answers)} decisions on a batch of {len(asked)}")  # noqa: TRY301
    except Exception as error:  # noqa: BLE001 - the contract: an error is a deny, and counted
        refusal = Decision("deny", (), (f"{type(error).__name__}: {error}"[:300],))
        return [refusal] * (1 if single else len(asked))
    return answers


def _plain(decision: Decision) -> list[Any]:
    return [decision.outcome, list(decision.reasons), list(decision.errors)]


def main() -> None:
    """Answer what is asked on stdin; what engines print goes to stderr."""
    sink = os.dup(1)
    os.dup2(2, 1)
    answer = _answer(json.loads(sys.stdin.buffer.read()))
    with os.fdopen(sink, "wb") as stream:
        stream.write(json.dumps(answer).encode())


if __name__ == "__main__":
    main()
