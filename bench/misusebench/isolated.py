"""Detectors and policies in a worker, behind the faces that the bench drives."""

from __future__ import annotations

import math
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, NamedTuple, get_args

import numpy as np
import pyarrow as pa

from misusebench.component import OUTCOMES, Alert, Level
from misusebench.component_faults import ComponentFault, plain
from misusebench.detectors import RULE_READERS
from misusebench.reading import read_text
from misusebench.timing import Timing

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

    from misusebench.hosting import Hosting
    from misusebench.suite import ComponentSpec

#: Order of the codes that a worker sends.
_ALERT_PARTS: Final = 7
_IDS: Final = 1 << 64
_MOST_KEY: Final = 200
_MOST_INT: Final = (1 << 63) - 1
#: What reading a hostile answer can raise: numbers beyond all bounds, parts that are not there.
_UNREADABLE: Final = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)


class About(NamedTuple):
    """What a component says of itself."""

    name: str
    version: str
    tiers: tuple[str, ...]
    needs: tuple[str, ...]
    has: frozenset[str]  # optional methods it has


def stream(rows: pa.Table | pa.RecordBatch) -> memoryview:
    """Return rows as an Arrow IPC stream."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, rows.schema) as writer:
        writer.write(rows)
    return memoryview(sink.getvalue())


def start(
    worker: Hosting, spec: ComponentSpec, parameters: Mapping[str, Any] | None = None,
    tier: str | None = None,
) -> About:  # fmt: skip
    """Make the component in the worker, with the spec's parameters unless others are given.

    One that takes a parameter `tier` is told the tier it is granted, unless it is given another.

    Raises
    ------
    SuiteError
        If a file of rules that it wants cannot be read.
    """
    given = dict(spec.parameters if parameters is None else parameters)
    rules = given.get("rules")
    if spec.target in RULE_READERS and isinstance(rules, str) and "\n" not in rules:
        given["rules"] = read_text(rules)
    if spec.program:
        places = {word: worker.copies[path] for word, path in spec.files}
        program = worker.copies.get(spec.program, spec.program)
        given["command"] = [program, *(places.get(word, word) for word in given["command"][1:])]
    answer, _ = worker.ask({
        "op": "start", "target": spec.target, "search": list(worker.search), "parameters": given,
        "tier": tier,
    })  # fmt: skip
    with _reading(worker, "what it says of itself lacks"):
        return About(
            plain(str(answer["name"])), plain(str(answer["version"])),
            tuple(map(str, answer["tiers"])), tuple(map(str, answer["needs"])),
            frozenset(map(str, answer["has"])),
        )  # fmt: skip


@contextmanager
def _reading(worker: Hosting, what: str) -> Iterator[None]:
    """Turn whatever an unreadable answer raises into its component's fault."""
    try:
        yield
    except _UNREADABLE as error:
        raise ComponentFault("invalid", f"{what} {error}", worker.stderr) from error


class IsolatedDetector:
    """A detector in a worker; whatever it answers is checked here."""

    def __init__(self, worker: Hosting, about: About) -> None:
        self._worker, self.about = worker, about
        self.timing = Timing()

    def fit(self, history: pa.Table, context: Mapping[str, pa.Table]) -> None:
        """Send the context known at the end of the history, then the history."""
        if "fit" not in self.about.has:
            if "observe" in self.about.has:
                for table, rows in context.items():
                    self.observe(table, rows)
            return
        for table, rows in context.items():
            self._worker.ask({"op": "context", "table": table}, stream(rows))
        answer, _ = self._worker.ask({"op": "fit"}, stream(history))
        self.timing.fit_ns = _nanoseconds(self._worker, answer)

    def observe(self, table: str, rows: pa.Table) -> None:
        """Send context rows."""
        if "observe" in self.about.has:
            answer, _ = self._worker.ask({"op": "observe", "table": table}, stream(rows))
            self.timing.observe_ns += _nanoseconds(self._worker, answer)

    def feedback(self, outcomes: list[dict[str, Any]]) -> None:
        """Send audit outcomes."""
        self._worker.ask({"op": "feedback", "outcomes": outcomes})

    def score(
        self, batch: pa.RecordBatch, now_us: int, *, single: bool = False
    ) -> tuple[NDArray[np.float64], list[Alert]]:
        """Return scores and alerts of a batch.

        Raises
        ------
        ComponentFault
            If there are too few or too many scores, one is not finite, or an alert is malformed.
        """
        now = now_us if "alerts" in self.about.has else None
        rows = batch.num_rows
        answer, data = self._worker.ask(
            {"op": "score", "now": now, "single": single},
            stream(batch),
            answer_bytes=8 * rows + (1 << 20),
        )
        if len(data) % 8:
            raise self._wrong(f"score() returned {len(data)} bytes for {rows} rows")
        scores = np.frombuffer(data, np.float64)
        if len(scores) != rows:
            raise self._wrong(f"score() returned {len(scores)} scores for {rows} rows")
        finite = np.isfinite(scores)
        if not finite.all():
            at = int(np.argmin(finite))
            raise self._wrong(
                f"score() returned {int((~finite).sum())} values of {rows} that are not finite, "
                f"the first at row {at}: {scores[at]}"
            )
        _note_times(self._worker, self.timing, answer, 1 if single else rows)
        with _reading(self._worker, "alerts() returned a malformed alert:"):
            return scores, [_alert(parts) for parts in answer["alerts"]]

    def close(self) -> None:
        """Let the component close, and note its memory."""
        _close(self._worker, self.timing)

    def copy(self) -> tuple[bool, str]:
        """Go on with a pickled copy; return whether that was declared, and why it cannot be."""
        answer, _ = self._worker.ask({"op": "copy"})
        with _reading(self._worker, "its answer lacks"):
            return bool(answer["declared"]), plain(str(answer["why"]))

    def _wrong(self, reason: str) -> ComponentFault:
        return ComponentFault("invalid", reason, self._worker.stderr)


class Decisions(NamedTuple):
    """Answers of a policy, one entry a request."""

    outcome: NDArray[np.int8]  # code of OUTCOMES
    why: NDArray[np.int32]  # place in `explanations`
    explanations: list[tuple[list[str], list[str]]]  # (reasons, errors)

    def table(self, query_id: NDArray[np.uint64]) -> pa.Table:
        """Return the decisions as a table: query_id, outcome, reasons, errors."""
        lists = pa.list_(pa.string())
        place = pa.array(self.why, pa.int32())
        return pa.table({
            "query_id": query_id,
            "outcome": pa.array(self.outcome, pa.int8()),
            "reasons": pa.array([r for r, _ in self.explanations], lists).take(place),
            "errors": pa.array([e for _, e in self.explanations], lists).take(place),
        })  # fmt: skip


class IsolatedPolicy:
    """A policy in a worker."""

    def __init__(self, worker: Hosting, about: About) -> None:
        self._worker, self.about = worker, about
        self.timing = Timing()

    def load(self, policy: Any = None, facts: Any = None) -> None:
        """Have the policy parsed, once."""
        answer, _ = self._worker.ask({"op": "load", "policy": policy, "facts": facts})
        self.timing.fit_ns = _nanoseconds(self._worker, answer)

    def decide(self, facts: pa.Table, *, single: bool = False) -> Decisions:
        """Return decisions on rows of a facts table, all at once or one by one.

        Raises
        ------
        ComponentFault
            If there are too few or too many answers, or one is of no known outcome.
        """
        rows = facts.num_rows
        answer, data = self._worker.ask(
            {"op": "decide", "single": single}, stream(facts), answer_bytes=5 * rows + (1 << 20)
        )
        if len(data) != 5 * rows:
            found = len(data) // 5
            raise ComponentFault(
                "invalid", f"{found} decisions for {rows} requests", self._worker.stderr
            )
        _note_times(self._worker, self.timing, answer, 1 if single else rows)
        with _reading(self._worker, "decide() gave malformed reasons:"):
            why = [(_words(reasons), _words(errors)) for reasons, errors in answer["why"]]
        decided = Decisions(
            np.frombuffer(data[:rows], np.int8), np.frombuffer(data[rows:], np.int32), why
        )
        if rows and (decided.why.min() < 0 or decided.why.max() >= len(why)):
            raise ComponentFault("invalid", "a decision without reasons", self._worker.stderr)
        if rows and (decided.outcome.min() < 0 or decided.outcome.max() >= len(OUTCOMES)):
            raise ComponentFault("invalid", "a decision of no kind", self._worker.stderr)
        return decided

    def close(self) -> None:
        """Let the policy close, and note its memory."""
        _close(self._worker, self.timing)


def _close(worker: Hosting, timing: Timing) -> None:
    answer, _ = worker.ask({"op": "close"})
    with _reading(worker, "its last answer lacks its memory:"):
        timing.memory(_whole(answer["peak_kib"]), _whole(answer["empty_kib"]))


def _note_times(worker: Hosting, timing: Timing, answer: dict[str, Any], rows: int) -> None:
    with _reading(worker, "an answer lacks its times:"):
        for took in answer["ns"]:
            timing.add(rows, _whole(took))


def _nanoseconds(worker: Hosting, answer: dict[str, Any]) -> int:
    """Return the time that an answer says it took."""
    with _reading(worker, "an answer lacks its time:"):
        return _whole(answer["ns"])


def _whole(number: Any) -> int:
    """Return a number that 64 bits hold and that is not below nothing."""
    if not 0 <= int(number) <= _MOST_INT:
        raise ValueError(f"{number!r:.40} is out of all bounds")
    return int(number)


def _words(told: Any) -> list[str]:
    words = [str(word) for word in told]
    for word in words:
        word.encode()  # half a surrogate pair is no text that a file can hold
    return words


def _alert(parts: Any) -> Alert:
    if not isinstance(parts, list) or len(parts) != _ALERT_PARTS:
        raise ValueError(f"expected {_ALERT_PARTS} parts, got {parts!r:.80}")
    level, key, time_us, score, evidence, reason, rule = parts
    if level not in get_args(Level):
        raise ValueError(f"level must be one of {', '.join(get_args(Level))}, got {level!r:.40}")
    if not math.isfinite(score):
        raise ValueError(f"its score is {score}")
    ids = tuple(int(q) for q in evidence)
    if any(not 0 <= q < _IDS for q in ids):
        raise ValueError(
            f"evidence must be query ids, got {next(q for q in ids if not 0 <= q < _IDS)}"
        )
    if len(str(key)) > _MOST_KEY:
        raise ValueError(f"its key has {len(str(key)):,} letters, at most {_MOST_KEY} are read")
    if abs(int(time_us)) > _MOST_INT:
        raise ValueError(f"its time is {time_us!r:.40}")
    _words((key, reason, rule))
    return Alert(level, str(key), int(time_us), float(score), ids, str(reason), str(rule))
