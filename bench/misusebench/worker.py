"""The other side of `isolation.py`: gives up its rights, then runs one component.

Speaks frames on its first stdin and stdout: a JSON header and a payload of raw bytes (an Arrow IPC
stream on the way in, plain numbers on the way out). Nothing that comes through them is ever
unpickled. What the component prints goes to stderr.
"""

from __future__ import annotations

import importlib
import inspect
import json
import os
import pickle
import resource
import sys
import time
import traceback
from typing import TYPE_CHECKING, Any

from misusebench.answered import (
    WrongAnswerError,
    alert_row,
    coded,
    decisions_of,
    refusal,
    scores_of,
)
from misusebench.frames import Payload, read_frame, write_frame
from misusebench.sandbox import Confinement, confine

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import pyarrow as pa

    from misusebench.component import Alert, Decision, Request

#: Folders of the component's own code.
SEARCH: list[str] = []


class Host:
    """Holds the component and answers frames."""

    def __init__(self, empty_kib: int) -> None:
        self._component: Any = None
        self._context: dict[str, pa.Table] = {}
        self._empty_kib = empty_kib

    def answer(self, header: dict[str, Any], payload: Payload) -> tuple[dict[str, Any], bytes]:
        """Return the answer to one frame."""
        operations: dict[str, Callable[..., tuple[dict[str, Any], bytes]]] = {
            "start": self._start, "context": self._keep, "fit": self._fit,
            "observe": self._observe, "score": self._score, "feedback": self._feedback,
            "load": self._load, "decide": self._decide, "close": self._close,
            "copy": self._copy,
        }  # fmt: skip
        return operations[header["op"]](header, payload)

    def _start(self, header: dict[str, Any], _: Payload) -> tuple[dict[str, Any], bytes]:
        sys.path[:0] = header["search"]
        SEARCH[:] = header["search"]
        module, _, name = header["target"].partition(":")
        factory = importlib.import_module(module)
        for part in name.split("."):
            factory = getattr(factory, part)
        given = _with_tier(factory, header["parameters"], header.get("tier"))
        self._component = factory(**given)  # type: ignore[operator]
        return {
            "name": str(getattr(self._component, "name", name)),
            "version": str(getattr(self._component, "version", "")),
            "tiers": _words(self._component, "tiers"),
            "needs": _words(self._component, "needs"),
            "has": [
                method
                for method in ("fit", "observe", "score", "alerts", "feedback", "decide")
                if callable(getattr(self._component, method, None))
            ],
        }, b""

    def _keep(self, header: dict[str, Any], payload: Payload) -> tuple[dict[str, Any], bytes]:
        self._context[header["table"]] = _table(payload)
        return {}, b""

    def _fit(self, _: dict[str, Any], payload: Payload) -> tuple[dict[str, Any], bytes]:
        history, context, self._context = _table(payload), self._context, {}
        start = time.perf_counter_ns()
        self._component.fit(history, context)
        return {"ns": time.perf_counter_ns() - start}, b""

    def _observe(self, header: dict[str, Any], payload: Payload) -> tuple[dict[str, Any], bytes]:
        rows = _table(payload)
        start = time.perf_counter_ns()
        self._component.observe(header["table"], rows)
        return {"ns": time.perf_counter_ns() - start}, b""

    def _feedback(self, header: dict[str, Any], _: Payload) -> tuple[dict[str, Any], bytes]:
        self._component.feedback(header["outcomes"])
        return {}, b""

    def _score(self, header: dict[str, Any], payload: Payload) -> tuple[dict[str, Any], bytes]:
        from misusebench.replay import singles  # noqa: PLC0415 - after confinement

        batch = _batch(payload)
        took, scores = [], []
        for piece in singles(batch) if header["single"] else [batch]:
            start = time.perf_counter_ns()
            answer = self._component.score(piece)
            took.append(time.perf_counter_ns() - start)
            scores.append(scores_of(answer))
        alerts: Sequence[Alert] = ()
        if header.get("now") is not None:
            alerts = self._component.alerts(header["now"])
        rows = [alert_row(alert) for alert in alerts]
        return {"ns": took, "alerts": rows}, b"".join(s.tobytes() for s in scores)

    def _load(self, header: dict[str, Any], _: Payload) -> tuple[dict[str, Any], bytes]:
        start = time.perf_counter_ns()
        self._component.load(header.get("policy"), header.get("facts"))
        return {"ns": time.perf_counter_ns() - start}, b""

    def _decide(self, header: dict[str, Any], payload: Payload) -> tuple[dict[str, Any], bytes]:
        from misusebench.policies.facts import requests  # noqa: PLC0415 - after confinement

        facts = _table(payload)
        if not header["single"] and callable(getattr(self._component, "decide_table", None)):
            return self._decide_table(facts)
        asked = list(requests(facts))
        if header["single"]:
            decisions, took = [], []
            for request in asked:
                start = time.perf_counter_ns()
                decisions.append(self._one(request))
                took.append(time.perf_counter_ns() - start)
            return decisions_of(decisions, took)
        start = time.perf_counter_ns()
        try:
            answers = self._component.decide_batch(asked)
        except Exception as error:  # noqa: BLE001 - the contract: an error is a deny, and counted
            answers = [refusal(error)] * len(asked)
        return decisions_of(answers, [time.perf_counter_ns() - start])

    def _decide_table(self, facts: pa.Table) -> tuple[dict[str, Any], bytes]:
        """Ask a component that takes tables of facts as they are."""
        start = time.perf_counter_ns()
        try:
            answers = self._component.decide_table(facts)
        except Exception as error:  # noqa: BLE001 - as for a batch
            took = [time.perf_counter_ns() - start]
            return decisions_of([refusal(error)] * facts.num_rows, took)
        return coded(answers, time.perf_counter_ns() - start)

    def _one(self, request: Request) -> Decision:
        try:
            return self._component.decide(request)  # type: ignore[no-any-return]
        except Exception as error:  # noqa: BLE001 - as above
            return refusal(error)

    def _copy(self, _: dict[str, Any], __: Payload) -> tuple[dict[str, Any], bytes]:
        """Put a pickled copy in the component's place, if there can be one; here, where it ran."""
        declared = bool(getattr(self._component, "pickles", False))
        try:
            self._component = pickle.loads(pickle.dumps(self._component))  # noqa: S301 - its own
        except Exception as error:  # noqa: BLE001 - whatever stands in the way is the answer
            return {"declared": declared, "why": f"{type(error).__name__}: {error}"[:300]}, b""
        return {"declared": declared, "why": ""}, b""

    def _close(self, _: dict[str, Any], __: Payload) -> tuple[dict[str, Any], bytes]:
        if callable(getattr(self._component, "close", None)):
            self._component.close()
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        peak += resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss  # a command's
        return {"peak_kib": peak, "empty_kib": self._empty_kib}, b""


def _with_tier(factory: Any, given: dict[str, Any], granted: str | None) -> dict[str, Any]:
    """Return the parameters with the highest tier it can use, if it takes one and has none."""
    try:
        takes = "tier" in inspect.signature(factory).parameters
    except (TypeError, ValueError):
        takes = False
    if granted is None or not takes or "tier" in given:
        return given
    tiers = getattr(factory, "tiers", ())
    usable = [str(one) for one in tiers if str(one) <= granted] if isinstance(tiers, tuple) else []
    return {**given, "tier": max(usable, default=granted)}


def _words(component: Any, name: str) -> list[str]:
    """Return a tuple of words that a component says of itself."""
    told = getattr(component, name, ())
    if isinstance(told, str):
        raise WrongAnswerError(f"{name} must be a tuple such as ({told!r},), got {told!r}")
    return [str(word) for word in told]


def _table(payload: Payload) -> pa.Table:
    import pyarrow as pa  # noqa: PLC0415 - after confinement

    return pa.ipc.open_stream(pa.py_buffer(payload)).read_all()


def _batch(payload: Payload) -> pa.RecordBatch:
    import pyarrow as pa  # noqa: PLC0415 - after confinement

    return pa.ipc.open_stream(pa.py_buffer(payload)).read_next_batch()


def fault(error: BaseException) -> dict[str, Any]:
    """Return what a host answers when a component raised."""
    traceback.print_exc()
    place = _place(error)
    state = "invalid" if isinstance(error, WrongAnswerError) else "crash"
    if isinstance(error, MemoryError):
        state = "oom"
    return {"fault": state, "reason": f"{type(error).__name__}: {error}{place}"[:2000]}


def _place(error: BaseException) -> str:
    """Return where in the component's own code an error arose, "" if not there."""
    folders = tuple(f"{folder}/" for folder in SEARCH)
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if folders and frame.filename.startswith(folders)]
    if not own:
        return ""
    name = next(
        own[-1].filename.removeprefix(folder)
        for folder in folders
        if own[-1].filename.startswith(folder)
    )
    return f" ({name}:{own[-1].lineno})"


def serve(source: int, sink: int, hello: dict[str, Any]) -> None:
    """Say how far this process is shut in, then answer frames until the parent closes its end."""
    import numpy as np  # noqa: F401, PLC0415 - part of the empty process
    import pyarrow as pa  # noqa: F401, PLC0415 - part of the empty process

    write_frame(sink, hello, b"")
    host = Host(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
    while (frame := read_frame(source)) is not None:
        try:
            header, payload = host.answer(*frame)
        except Exception as error:  # noqa: BLE001 - whatever the component raises is its result
            header, payload = fault(error), b""
        write_frame(sink, header, payload)


def main(plan: str) -> None:
    """Confine this process as the JSON plan says, then serve."""
    given = json.loads(plan)
    confinement = Confinement(
        read=tuple(given["read"]), hide=tuple(given["hide"]), work=given["work"],
        uid=given["uid"], methods=tuple(given["methods"]),
    )  # fmt: skip
    confined = confine(confinement)
    source, sink = os.dup(0), os.dup(1)
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.dup2(2, 1)
    hello = confined._asdict() | {"root": os.geteuid() == 0}
    serve(source, sink, hello)


if __name__ == "__main__":
    main(sys.argv[1])
