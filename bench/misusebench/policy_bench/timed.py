"""One policy component in a process of its own, timed from inside: transport is in no number.

``python -m misusebench.policy_bench.timed`` is asked over its stdin and answers on its stdout in
frames (`frames.py`): strict JSON, with requests as JSON or Arrow and times as plain integers behind
it. What the component prints goes to stderr. Unlike a component that is judged it is not shut in:
only engines that one would run oneself are timed.
"""

from __future__ import annotations

import gc
import importlib
import inspect
import json
import os
import sys
import threading
import time
from array import array
from typing import TYPE_CHECKING, Any, Final

from misusebench.component import Decision, Request
from misusebench.errors import SuiteError
from misusebench.frames import Payload, read_frame, write_frame

if TYPE_CHECKING:
    from collections.abc import Callable

    Answer = tuple[dict[str, Any], bytes]

_CODE: Final = {"permit": 0, "deny": 1, "challenge": 2}
#: How long decisions are made before and after a reload, to see usual gaps.
_AROUND_S: Final = 0.3
#: Decisions one by one between two looks at the clock.
_BLOCK: Final = 256


class Timed:
    """Holds the component and answers frames."""

    def __init__(self) -> None:
        self._component: Any = None
        self._factory: Callable[[], Any] = object
        self._asked: dict[str, list[Request]] = {}
        self._given: tuple[Any, Any] = (None, None)

    def answer(self, header: dict[str, Any], payload: Payload) -> Answer:
        """Return the answer to one frame; what the component raises is one too."""
        operations: dict[str, Callable[[dict[str, Any], Payload], Answer]] = {
            "hello": self._hello, "start": self._start, "load": self._load, "keep": self._keep,
            "singles": self._singles, "batches": self._batches, "decide": self._decide,
            "table": self._table, "reload": self._reload,
        }  # fmt: skip
        try:
            return operations[header["op"]](header, payload)
        except Exception as error:  # noqa: BLE001 - an engine's fault, told as such
            wrong = isinstance(error, SuiteError)
            told = str(error)[:500] if wrong else f"{type(error).__name__}: {error}"[:500]
            absent = isinstance(error, ImportError) or "not installed" in told
            return {
                "error": told, "absent": absent and header["op"] in ("start", "load"),
                "refused": wrong and not absent and header["op"] == "load",
            }, b""  # fmt: skip

    def _hello(self, _: dict[str, Any], __: Payload) -> Answer:
        return {"now_ns": time.monotonic_ns()}, b""

    def _start(self, header: dict[str, Any], _: Payload) -> Answer:
        sys.path[:0] = header["search"]
        start = time.perf_counter_ns()
        module, _, name = header["target"].partition(":")
        factory = getattr(importlib.import_module(module), name)
        imported = time.perf_counter_ns()
        given = dict(header["parameters"])
        if "memory" in inspect.signature(factory).parameters:
            given.setdefault("memory", False)  # what is remembered is no time of the engine's
        self._factory = lambda: factory(**given)
        made = time.perf_counter_ns()
        self._component = self._factory()
        return {
            "import_ns": imported - start,
            "make_ns": time.perf_counter_ns() - made,
            "version": str(getattr(self._component, "version", "")),
            "single": bool(getattr(self._component, "single", True)),
            "tells_reasons": bool(getattr(self._component, "tells_reasons", True)),
            "has": [
                one for one in ("decide", "decide_table", "encode", "evaluate")
                if callable(getattr(self._component, one, None))
            ],
        }, b""  # fmt: skip

    def _load(self, header: dict[str, Any], _: Payload) -> Answer:
        """Load a policy; facts are the number of entities to hold, or None."""
        self._given = header.get("policy"), header.get("facts")
        start = time.perf_counter_ns()
        self._component.load(*self._given)
        return {"ns": time.perf_counter_ns() - start}, b""

    def _keep(self, header: dict[str, Any], payload: Payload) -> Answer:
        self._asked[header["slot"]] = [Request(**one) for one in json.loads(payload)]
        return {}, b""

    def _singles(self, header: dict[str, Any], _: Payload) -> Answer:
        """Decide one by one; the times, then the outcomes."""
        asked, most = self._asked[header["slot"]], int(header.get("most_ns") or 1 << 62)
        took, outcomes = array("q"), bytearray()
        gc.collect()
        begun = time.perf_counter_ns()
        ended = self._run(asked, begun + most, took, outcomes)
        return {"n": len(took), "loop_ns": ended - begun}, took.tobytes() + bytes(outcomes)

    def _run(self, asked: list[Request], end: int, took: array[int], outcomes: bytearray) -> int:
        """Ask until all are asked, or time is up; this is what the harness costs a decision."""
        decide, clock, note, code = (
            self._component.decide, time.perf_counter_ns, took.append, _CODE,
        )  # fmt: skip
        stop = 0
        for request in asked:
            start = clock()
            try:
                outcome = decide(request).outcome
            except Exception:  # noqa: BLE001 - the contract: an error is a deny
                outcome = "deny"
            stop = clock()
            note(stop - start)
            outcomes.append(code[outcome])
            if stop > end:
                break
        return stop

    def _batches(self, header: dict[str, Any], _: Payload) -> Answer:
        """Decide in batches of a size, or one by one without a look at the clock (size 0)."""
        asked, size = self._asked[header["slot"]], header["size"]
        most, clock = int(header.get("most_ns") or 1 << 62), time.perf_counter_ns
        step = size or _BLOCK
        parts = [asked[at : at + step] for at in range(0, len(asked), step)]
        many = self._component.decide_batch if size else self._one_by_one
        count = 0
        gc.collect()
        start = now = clock()
        for part in parts:
            many(part)
            count, now = count + len(part), clock()
            if now - start > most:
                break
        return {"ns": now - start, "n": count}, b""

    def _one_by_one(self, asked: list[Request]) -> None:
        decide = self._component.decide
        for request in asked:
            decide(request)

    def _decide(self, header: dict[str, Any], _: Payload) -> Answer:
        """Return decisions in full: one by one, in one batch, or in one batch in reverse."""
        asked, way = self._asked[header["slot"]], header["way"]
        if way == "single":
            found = [self._one(request) for request in asked]
        elif way == "batch":
            found = self._many(asked)
        else:
            found = self._many(asked[::-1])[::-1]
        told = [[d.outcome, list(map(str, d.reasons)), list(map(str, d.errors))] for d in found]
        return {}, json.dumps(told, allow_nan=False).encode()

    def _one(self, request: Request) -> Any:
        try:
            return self._component.decide(request)
        except Exception as error:  # noqa: BLE001 - the contract
            return _refusal(error)

    def _many(self, asked: list[Request]) -> list[Any]:
        try:
            return list(self._component.decide_batch(asked))
        except Exception as error:  # noqa: BLE001 - the contract
            return [_refusal(error)] * len(asked)

    def _table(self, _: dict[str, Any], payload: Payload) -> Answer:
        """Decide a whole table of facts; the outcomes' codes come back."""
        import pyarrow as pa  # noqa: PLC0415 - only columnar engines need it

        table = pa.ipc.open_stream(payload).read_all()
        self._component.decide_table(table.slice(0, 1))  # what is imported and made only once
        gc.collect()
        start = time.perf_counter_ns()
        outcome, why, explanations = self._component.decide_table(table)
        told = {"ns": time.perf_counter_ns() - start, "n": table.num_rows}
        bad = [nth for nth, (_, errors) in enumerate(explanations) if errors]
        told["errors"] = sum((why == nth).sum().item() for nth in bad)
        if all(callable(getattr(self._component, one, None)) for one in ("encode", "evaluate")):
            start = time.perf_counter_ns()
            encoded = self._component.encode(table)
            middle = time.perf_counter_ns()
            self._component.evaluate(encoded)
            told |= {"encode_ns": middle - start, "evaluate_ns": time.perf_counter_ns() - middle}
        return told, bytes(outcome.astype("int8"))

    def _reload(self, header: dict[str, Any], _: Payload) -> Answer:
        """Load the policy anew while decisions are made, and change over when it is ready."""
        serving = _Serving(self._component, self._asked[header["slot"]])
        serving.thread.start()
        time.sleep(_AROUND_S)
        start = time.perf_counter_ns()
        fresh = self._factory()
        fresh.load(*self._given)
        serving.component, self._component = fresh, fresh
        end = time.perf_counter_ns()
        time.sleep(_AROUND_S)
        serving.on = False
        serving.thread.join()
        return {"ns": end - start, **serving.gaps(start, end)}, b""


def _refusal(error: Exception) -> Decision:
    return Decision("deny", (), (f"{type(error).__name__}: {error}"[:300],))


class _Serving:
    """Decides without a pause in a thread of its own, and notes when each decision was made."""

    def __init__(self, component: Any, asked: list[Request]) -> None:
        self.component, self.on, self.errors = component, True, 0
        self._asked, self._made = asked, array("q")
        self.thread = threading.Thread(target=self._serve, daemon=True)

    def _serve(self) -> None:
        while self.on:
            for request in self._asked:
                if not self.on:
                    break
                try:
                    self.component.decide(request)
                except BaseException:  # noqa: BLE001 - a panic of Rust is no Exception; counted
                    self.errors += 1
                else:
                    self._made.append(time.perf_counter_ns())

    def gaps(self, start: int, end: int) -> dict[str, Any]:
        """Return the longest time between two decisions during the reload, and before it.

        An engine that only the thread may ask in which it was made stands still while it loads.
        """
        if not self._made:
            return {"gap_ns": end - start, "usual_gap_ns": 0, "own_thread": True, "errors": 0}
        within, before = 0, 0
        for one, two in zip(self._made, self._made[1:], strict=False):
            if two >= start and one <= end:
                within = max(within, two - one)
            elif two < start:
                before = max(before, two - one)
        return {
            "gap_ns": within, "usual_gap_ns": before, "own_thread": False, "errors": self.errors,
        }  # fmt: skip


def main() -> None:
    """Answer frames until there are none."""
    source, sink = os.dup(0), os.dup(1)
    os.dup2(2, 1)  # what a component prints is no answer
    timed = Timed()
    while (frame := read_frame(source)) is not None:
        write_frame(sink, *timed.answer(*frame))


if __name__ == "__main__":
    main()
