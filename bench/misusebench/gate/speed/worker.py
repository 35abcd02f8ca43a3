"""The timed process: holds components of one side and times their calls from inside.

Run as a script by its path, in the environment of base or of head, whichever it times. It is the
same file for both, so what measures never differs; of `misusebench` it imports whatever that side
has. A line of JSON on stdin is a question, a line on stdout its answer; what a component prints
goes to stderr. Transport is in no time.

Collection of garbage is off within a timed call, and done before it over what is younger than the
component's preparation: so a call pays for what it allocates, and not for when the collector runs.
"""

from __future__ import annotations

import gc
import importlib
import importlib.util
import inspect
import json
import os
import resource
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Answer = dict[str, Any]
#: Taken before a component is imported, which may put others in their place.
_now_ns, _collect, _switch_on, _switch_off = time.perf_counter_ns, gc.collect, gc.enable, gc.disable
#: Batches that a job for callgrind makes, whether it asks about them or not.
_MADE = 12
_WEEK_US = 7 * 86_400_000_000
#: An odd number: ids of later rounds of the log are those of the first plus a multiple of it.
_STEP = 0x9E3779B97F4A7C15


class Endless:
    """Batches of a table's rows that go on for ever: after the last the first, whole weeks later.

    What a batch costs to make is paid once: later turns have other times and other ids of queries.

    Parameters
    ----------
    rows
        Of the log in order of arrival, or of facts.
    count
        Rows of a batch; where there are fewer, a batch holds several turns.
    """

    def __init__(self, rows: pa.Table, count: int) -> None:
        span = _WEEK_US
        if "received_at" in rows.column_names and len(rows):
            received = rows["received_at"].cast(pa.int64()).to_numpy()
            span = (int(received.max() - received.min()) // _WEEK_US + 1) * _WEEK_US
        self._turns = -(-count // len(rows))
        self._span, self._nth, self._made = span, 0, {}  # type: ignore[var-annotated]
        if self._turns > 1:
            rows = pa.concat_tables([_later(rows, turn, span) for turn in range(self._turns)])
        self._rows, self._count = rows, count
        self._parts = max(1, len(rows) // count)

    def take(self) -> pa.Table:
        """Return the next batch."""
        turn, part = divmod(self._nth, self._parts)
        self._nth += 1
        if part not in self._made:
            own = self._rows.slice(part * self._count, self._count)
            self._made[part] = pa.Table.from_batches([_compact(own)])
        return _later(self._made[part], turn * self._turns, self._span)


def _later(rows: pa.Table, turn: int, span: int) -> pa.Table:
    """Return rows so many turns later: other times, other ids of queries."""
    for place, field in enumerate(rows.schema if turn else ()):
        column = rows.column(place)
        if pa.types.is_timestamp(field.type):
            moved = pc.add(column.cast(pa.int64()), turn * span).cast(field.type)
        elif field.name == "query_id":
            step = np.uint64(turn * _STEP % 2**64)
            moved = pa.array(column.to_numpy().astype(np.uint64) + step, field.type)
        else:
            continue
        rows = rows.set_column(place, field, moved)
    return rows


def _compact(rows: pa.Table) -> pa.RecordBatch:
    """Return rows as one batch whose long dictionaries hold only its words."""
    columns = []
    for column in rows.columns:
        kind = column.type
        if not pa.types.is_dictionary(kind):
            columns.append(column.combine_chunks())
            continue
        plain = column.cast(kind.value_type).combine_chunks()
        if kind.index_type == pa.int8():  # a closed list of words stays as it is
            whole = column.unify_dictionaries().chunks
            columns.append(pa.concat_arrays(whole))
        else:
            columns.append(plain.dictionary_encode().cast(kind))
    arrays = [one.chunk(0) if isinstance(one, pa.ChunkedArray) else one for one in columns]
    return pa.RecordBatch.from_arrays(arrays, schema=rows.schema)


class Timed:
    """One component, ready to be timed.

    Parameters
    ----------
    told
        Its kind, target, parameters, search, tier; for a policy what it loads.
    folder
        Prepared rows: `history`, `rows`, `facts`, and tables below `context` and `later`.
    tiers
        Tier -> folders of context tables.
    """

    _next: Callable[[], Any]  # the next rows, as the component takes them
    _look: Callable[[Any, int], None]  # at an answer: it must be one

    def __init__(self, told: dict[str, Any], folder: Path, tiers: dict[str, list[str]]) -> None:
        sys.path[:0] = [one for one in told["search"] if one not in sys.path]
        module, _, name = told["target"].partition(":")
        factory: Any = importlib.import_module(module)
        for part in name.split("."):
            factory = getattr(factory, part)
        given = dict(told["parameters"])
        if told["kind"] == "policy":
            self._call = self._policy(factory(**given), told, folder)
        else:
            self._call = self._detector(factory, given, told, folder, tiers)
        self.size(256)
        gc.collect()
        gc.freeze()

    def _detector(
        self, factory: Any, given: dict[str, Any], told: dict[str, Any], folder: Path,
        tiers: dict[str, list[str]],
    ) -> Callable[[Any], object]:  # fmt: skip
        """Make and fit a detector; it knows all context before it is timed."""
        own = tuple(getattr(factory, "tiers", ())) or tuple(tiers)
        tier = max((one for one in own if one <= told["tier"]), default=told["tier"])
        if "tier" in inspect.signature(factory).parameters:
            given.setdefault("tier", tier)
        detector = factory(**given)
        tables = _context(folder / "context", tiers[tier])
        if callable(getattr(detector, "fit", None)):
            detector.fit(_read(folder / "history.arrow"), tables)
            tables = {}
        if callable(getattr(detector, "observe", None)):
            for known in (tables, _context(folder / "later", tiers[tier])):
                for name, rows in known.items():
                    detector.observe(name, rows)
        self._given = _read(folder / "rows.arrow")
        self._look = _scores
        self._next = lambda: self._endless.take().to_batches()[0]
        return detector.score  # type: ignore[no-any-return]

    def _policy(self, policy: Any, told: dict[str, Any], folder: Path) -> Callable[[Any], object]:
        """Load a policy; it is asked in batches, as tables where it takes those."""
        policy.load(told.get("policy"), None)
        self._given = _read(folder / "facts.arrow")
        self._look = _decisions
        if callable(getattr(policy, "decide_table", None)):
            self._next = lambda: self._endless.take()  # noqa: PLW0108 - `size` makes another
            return policy.decide_table  # type: ignore[no-any-return]
        from misusebench.policies.facts import requests  # noqa: PLC0415 - of the timed side

        self._next = lambda: list(requests(self._endless.take()))
        return policy.decide_batch  # type: ignore[no-any-return]

    def size(self, rows: int) -> None:
        """Let a call have so many rows."""
        self._endless = Endless(self._given, rows)

    def call(self) -> int:
        """Return the nanoseconds of one call on the next rows."""
        asked = self._next()
        _collect()
        _switch_off()
        try:
            start = _now_ns()
            answer = self._call(asked)
            took = _now_ns() - start
        finally:
            _switch_on()
        self._look(answer, len(asked))
        return took

    def several(self, calls: int) -> None:
        """Make a fixed number of batches, and call with the first of them."""
        asked = [self._next() for _ in range(_MADE)]
        for one in asked[:calls]:
            self._call(one)


def _scores(answer: Any, rows: int) -> None:
    """Refuse what is no answer of `score`: a call that does nothing would be the fastest."""
    kind = getattr(answer, "dtype", None)
    if not isinstance(answer, np.ndarray) or kind != np.float64 or answer.shape != (rows,):
        shape = getattr(answer, "shape", "")
        raise ValueError(
            f"score() must return {rows} numbers of float64, got {kind or type(answer)}{shape}"
        )
    if not np.isfinite(answer).all():
        raise ValueError("score() returned a number that is not finite")


def _decisions(answer: Any, rows: int) -> None:
    """Refuse what does not answer as many requests as were put."""
    found = answer[0] if isinstance(answer, tuple) else answer  # codes, or decisions
    if len(found) != rows:
        raise ValueError(f"{rows} requests were put, and {len(found)} answered")


def _context(folder: Path, wanted: list[str]) -> dict[str, pa.Table]:
    """Return the tables of some folders, named folder/table."""
    return {
        f"{path.parent.name}/{path.stem}": _read(path)
        for name in wanted
        for path in sorted((folder / name).glob("*.arrow"))
    }


def _read(path: Path) -> pa.Table:
    with pa.OSFile(str(path)) as source:
        return pa.ipc.open_file(source).read_all()


class Worker:
    """Answers questions about the components of one side."""

    def __init__(self) -> None:
        self._timed: dict[str, Timed] = {}

    def answer(self, asked: dict[str, Any]) -> Answer:
        """Return the answer to one question; what a component raises is one too."""
        try:
            return {
                "suite": self._suite, "prepare": self._prepare, "size": self._size,
                "call": self._one, "peak": self._peak, "loaded": self._loaded,
            }[asked["op"]](asked)  # fmt: skip
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # noqa: BLE001 - a component's fault, told as such
            ours = type(error).__module__.startswith(("misusebench.", "misusesim."))
            return {"error": (str(error) if ours else f"{type(error).__name__}: {error}")[:500]}

    def _suite(self, asked: dict[str, Any]) -> Answer:
        """Return the components of a suite as this side reads it."""
        from misusebench.policies.source import policy_source  # noqa: PLC0415 - of the timed side
        from misusebench.suite import load_suite  # noqa: PLC0415

        suite = load_suite(asked["source"])
        found = []
        for one in suite.components:
            given = dict(one.parameters)
            policy = policy_source(given.pop("policy", None)) if one.kind == "policy" else None
            found.append({
                "kind": one.kind, "name": one.name, "target": one.target, "parameters": given,
                "tier": one.tier or suite.tier, "search": list(one.search), "policy": policy,
                "policy_name": one.parameters.get("policy") if one.kind == "policy" else None,
                "why_not": _why_not(one), "places": _places(one.module, one.search),
            })  # fmt: skip
        return {"components": found, "seed": suite.seed, "history_share": suite.history_share}

    def _prepare(self, asked: dict[str, Any]) -> Answer:
        """Make one component ready."""
        one = asked["component"]
        self._timed[one["name"]] = Timed(one, Path(asked["folder"]), asked["tiers"])
        return {}

    def _size(self, asked: dict[str, Any]) -> Answer:
        self._timed[asked["name"]].size(asked["rows"])
        return {}

    def _one(self, asked: dict[str, Any]) -> Answer:
        timed = self._timed[asked["name"]]
        return {"ns": [timed.call() for _ in range(asked.get("times", 1))]}

    def _loaded(self, _: dict[str, Any]) -> Answer:
        """Return the files of all that is imported."""
        files = (getattr(one, "__file__", None) for one in [*sys.modules.values()])
        return {"files": sorted({str(one) for one in files if one})}

    def _peak(self, _: dict[str, Any]) -> Answer:
        return {"kib": peak_kib()}


def _places(module: str, search: tuple[str, ...]) -> list[str]:
    """Return where a component's own module or package lies; it is not imported."""
    top, before = module.partition(".")[0], sys.path[:]
    sys.path[:0] = search
    try:
        spec = importlib.util.find_spec(top) if top.isidentifier() else None
    except (ImportError, ValueError):
        spec = None
    finally:
        sys.path[:] = before
    if spec is None:
        return []
    folders = [*(spec.submodule_search_locations or ())]
    own = [spec.origin] if spec.origin and spec.has_location else []
    return [str(Path(one).resolve()) for one in folders or own]


def _why_not(spec: Any) -> str:
    """Return why a component is not timed, "" if it is."""
    if spec.url or getattr(spec, "our_side", False):
        return "it is asked elsewhere, where nothing of it can be timed"
    if spec.program:
        return "it is a command, whose time has that of its pipe in it"
    if not spec.target or spec.target.startswith("("):
        return "the scorer runs it"
    return "it runs after a policy" if spec.after else ""


def peak_kib() -> int:
    """Return the largest resident size of this process.

    The kernel's mark of this address space: `ru_maxrss` begins with that of whoever started it.
    """
    try:
        for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1])
    except OSError:
        pass
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def counted(path: str) -> None:
    """Do the job in a file once, for callgrind: all batches are made, some are asked about."""
    job = json.loads(Path(path).read_text(encoding="utf-8"))
    timed = Timed(job["component"], Path(job["folder"]), job["tiers"])
    timed.size(job["rows"])
    timed.several(job["calls"])


def lines() -> Iterator[dict[str, Any]]:
    """Yield questions until there are none."""
    for line in sys.stdin:
        yield json.loads(line)


def main() -> None:
    """Answer questions, or do one job."""
    if len(sys.argv) > 1:
        counted(sys.argv[1])
        return
    sink = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what a component prints is no answer
    worker = Worker()
    for asked in lines():
        sink.write(json.dumps(worker.answer(asked)) + "\n")
        sink.flush()


if __name__ == "__main__":
    main()
