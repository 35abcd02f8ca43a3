"""Conformance: what every component must hold before its numbers mean anything.

Each check runs the component in isolation on a log without truth. A detector that uses later rows,
whose scores hang on batch sizes or on the process, or whose output is malformed fails; so does a
policy that permits on a missing fact or answers a batch otherwise than its parts.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa

from misusebench.columns import micros
from misusebench.confinement import Limits
from misusebench.faults import ComponentFault
from misusebench.hosting import Hosting, hosted
from misusebench.isolated import IsolatedDetector, IsolatedPolicy, start
from misusebench.policies.facts import build_facts
from misusebench.replay import Replayed, replay, split_us
from misusebench.variations import distance, shuffled
from misusebench.veil import Veil
from misusesim import rng

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from numpy.typing import NDArray

    from misusebench.isolated import Decisions
    from misusebench.suite import ComponentSpec

#: Relative difference allowed between two runs of other shape: libraries may add in another order.
TOLERANCE: Final = 1e-9
#: Largest difference of two distributions of scores (Kolmogorov-Smirnov) of one that hashes ids.
ALIKE: Final = 0.1
_CUTS: Final = (0.31, 0.57, 0.83)
_SINGLE: Final = 300
_REQUESTS: Final = 600


@dataclass(frozen=True, slots=True)
class CheckResult:
    """The outcome of one check."""

    name: str
    passed: bool
    detail: str


@dataclass(slots=True)
class Report:
    """The outcome of all checks of one component."""

    component: str
    isolation: str = "none"
    results: list[CheckResult] = field(default_factory=list)

    @property
    def passed(self) -> bool:
        """Whether every check passed."""
        return all(result.passed for result in self.results)

    def as_json(self) -> dict[str, Any]:
        """Return the report as a JSON object."""
        rows = [{"name": r.name, "passed": r.passed, "detail": r.detail} for r in self.results]
        return {
            "schema_version": "1", "component": self.component, "isolation": self.isolation,
            "passed": self.passed, "checks": rows,
        }  # fmt: skip


def check(
    spec: ComponentSpec,
    log: pa.Table,
    context: Mapping[str, pa.Table],
    *,
    limits: Limits | None = None,
    unsafe: bool = False,
    only: Collection[str] | None = None,
) -> Report:
    """Check a component on a log.

    Parameters
    ----------
    spec
        The component.
    log
        In replay order; a few thousand rows of several days will do.
    context
        The tables of the tier it is granted.
    limits, unsafe
        As for a run.
    only
        Names of the checks wanted; all by default. `output` is a condition of the others.

    Raises
    ------
    IsolationError
        If the component cannot be shut in.
    """
    kind = _DetectorChecks if spec.kind == "detector" else _PolicyChecks
    checks = kind(spec, log, context, limits or Limits(), unsafe=unsafe)
    return checks.report(only)


class _Checks:
    """Runs named checks; a component that fails in one still gets the others."""

    def __init__(
        self,
        spec: ComponentSpec,
        log: pa.Table,
        context: Mapping[str, pa.Table],
        limits: Limits,
        *,
        unsafe: bool,
    ) -> None:
        self.spec, self.log, self.context = spec, log, context
        self.limits, self.unsafe = limits, unsafe
        self.level = "none"

    def names(self) -> dict[str, Callable[[], tuple[bool, str]]]:
        """Return the checks by name; the first is a condition of the others."""
        raise NotImplementedError

    def report(self, only: Collection[str] | None) -> Report:
        """Run the checks wanted."""
        found = Report(self.spec.name)
        for name, run in self.names().items():
            if only is not None and name not in ("output", *only):
                continue
            try:
                passed, detail = run()
            except ComponentFault as fault:
                passed, detail = False, str(fault)
            found.results.append(CheckResult(name, passed, detail))
            if not found.results[0].passed:
                break  # nothing else can be said of a component that does not run
        found.isolation = self.level
        return found

    def worker(self) -> Hosting:
        """Return a fresh worker."""
        return hosted(self.spec, self.limits, unsafe=self.unsafe)


class _DetectorChecks(_Checks):
    def names(self) -> dict[str, Callable[[], tuple[bool, str]]]:
        return {
            "output": self._output,
            "replay determinism": self._determinism,
            "chunk invariance": self._chunks,
            "prefix invariance": self._prefix,
            "future replacement": self._future,
            "id permutation": self._ids,
            "feedback isolation": self._feedback,
        }

    def _score(self, log: pa.Table | None = None, **options: Any) -> Replayed:
        with self.worker() as worker:
            detector = IsolatedDetector(worker, start(worker, self.spec))
            self.level = worker.isolation.level
            given = options.pop("context", self.context)
            chosen = self.log if log is None else log
            return replay(detector, chosen, given, end_us=self._end, **options)

    def _output(self) -> tuple[bool, str]:
        missing = [n for n in self._about().needs if n not in self.log.column_names]
        if missing:
            return False, f"needs columns that the log lacks: {', '.join(missing)}"
        self._end = split_us(self.log)
        self._full = self._score()
        n = len(self._full.score)
        known = set(self.log["query_id"].to_pylist())
        strange = [q for a in self._full.alerts for q in a.evidence if q not in known]
        if strange:
            return False, f"an alert gives as evidence a query that does not exist: {strange[0]}"
        if not n:
            return False, "the log has no scored rows"
        return True, f"{n} finite float64 scores, {len(self._full.alerts)} alerts"

    def _about(self) -> Any:
        with self.worker() as worker:
            self.level = worker.isolation.level
            self._has = start(worker, self.spec).has
            if "score" not in self._has:
                raise ComponentFault("invalid", "it has no method score(batch)")
            return start(worker, self.spec)

    def _determinism(self) -> tuple[bool, str]:
        again = self._score()
        same = np.array_equal(self._full.score, again.score) and self._full.alerts == again.alerts
        return same, "two processes, same bits" if same else _difference(self._full, again)

    def _chunks(self) -> tuple[bool, str]:
        rows = min(_SINGLE, len(self._full.score))
        one = self._score(most_rows=rows, single_rows=rows)
        many = self._score(most_rows=rows)
        return _same(many.score, one.score, "one row a batch against many")

    def _cuts(self) -> list[int]:
        first, n = self._full.first, len(self._full.score)
        return sorted({first + int(n * share) for share in _CUTS} - {first})

    def _prefix(self) -> tuple[bool, str]:
        for cut in self._cuts():
            part = self._score(self.log.slice(0, cut))
            ok, detail = _same(
                self._full.score[: len(part.score)], part.score, f"log cut after row {cut}"
            )
            if not ok:
                return ok, f"{detail}: it uses later rows"
        return True, f"log cut at {len(self._cuts())} rows, scores before the cut unchanged"

    def _future(self) -> tuple[bool, str]:
        for cut in self._cuts()[:2]:
            other = self._score(shuffled(self.log, cut))
            upto = cut - self._full.first
            ok, detail = _same(
                self._full.score[:upto], other.score[:upto], f"rows after {cut} shuffled"
            )
            if not ok:
                return ok, f"{detail}: it uses later rows"
        return True, "rows after the cut shuffled, scores before it unchanged"

    def _ids(self) -> tuple[bool, str]:
        veil = Veil(7, "check")
        context = {name: veil.table(rows) for name, rows in self.context.items()}
        other = self._score(veil.table(self.log), context=context)
        ok, detail = _same(self._full.score, other.score, "ids renamed")
        if ok:
            return True, "scores equal under other ids"
        apart = distance(self._full.score, other.score)
        if apart <= ALIKE:
            return True, f"it hashes ids: scores change but spread alike (distance {apart:.3f})"
        return False, f"{detail}; the spread of scores changes too (distance {apart:.3f})"

    def _feedback(self) -> tuple[bool, str]:
        if "feedback" not in self._has:
            return True, "takes no feedback"
        half = len(self._full.score) // 2
        with self.worker() as worker:
            about = start(worker, self.spec)
            told = _Told(IsolatedDetector(worker, about), half, self._canary(half))
            scored = replay(told, self.log, self.context, end_us=self._end)
        upto = told.told_at
        return _same(self._full.score[:upto], scored.score[:upto], "before an outcome is delivered")

    def _canary(self, half: int) -> list[dict[str, Any]]:
        row = self._full.first + half
        officer = self.log["officer_id"][row].as_py()
        return [{
            "query_ids": [int(self._full.query_id[half])], "officer_id": officer,
            "verdict": "confirmed", "source": "review",
            "delivered_at": int(micros(self.log["received_at"])[row]),
        }]  # fmt: skip


class _Told:
    """A target that gives feedback once after so many rows."""

    def __init__(self, inner: IsolatedDetector, after: int, outcomes: list[dict[str, Any]]) -> None:
        self._inner, self._after, self._outcomes = inner, after, outcomes
        self._rows, self.told_at = 0, 0
        self.fit, self.observe, self.feedback = inner.fit, inner.observe, inner.feedback

    def score(self, batch: pa.RecordBatch, now_us: int, *, single: bool = False) -> Any:
        answer = self._inner.score(batch, now_us, single=single)
        self._rows += batch.num_rows
        if not self.told_at and self._rows >= self._after:
            self._inner.feedback(self._outcomes)
            self.told_at = self._rows
        return answer


class _PolicyChecks(_Checks):
    def names(self) -> dict[str, Callable[[], tuple[bool, str]]]:
        return {
            "output": self._output,
            "determinism": self._determinism,
            "batch equals single": self._batch,
            "order": self._order,
            "missing fact": self._missing,
        }

    def _ask(self, *tables: pa.Table, single: bool = False) -> list[Decisions]:
        with self.worker() as worker:
            given = dict(self.spec.parameters)
            text = given.pop("policy", None)
            policy = IsolatedPolicy(worker, start(worker, self.spec, given))
            self.level = worker.isolation.level
            policy.load(text)
            return [policy.decide(table, single=single) for table in tables]

    def _output(self) -> tuple[bool, str]:
        step = max(1, self.log.num_rows // _REQUESTS)
        facts = build_facts(self.log, self.context)
        self._facts = facts.take(pa.array(np.arange(0, facts.num_rows, step)))
        (self._full,) = self._ask(self._facts)
        failed = [e for _, errors in self._full.explanations for e in errors]
        if failed:
            return False, f"errors on whole requests, the first: {failed[0]}"
        counts = np.bincount(self._full.outcome, minlength=3)
        return True, "{} permits, {} denies, {} challenges".format(*counts)

    def _determinism(self) -> tuple[bool, str]:
        return self._alike(self._ask(self._facts)[0], "two processes")

    def _batch(self) -> tuple[bool, str]:
        return self._alike(self._ask(self._facts, single=True)[0], "one by one against a batch")

    def _order(self) -> tuple[bool, str]:
        order = rng.stream(0, "check-order").permutation(self._facts.num_rows)
        (other,) = self._ask(self._facts.take(pa.array(order)))
        back = np.argsort(order)
        return self._alike(
            other._replace(outcome=other.outcome[back], why=other.why[back]), "another order"
        )

    def _alike(self, other: Decisions, what: str) -> tuple[bool, str]:
        mine, theirs = _answers(self._full), _answers(other)
        apart = sum(a != b for a, b in zip(mine, theirs, strict=True))
        return not apart, f"{what}: {apart} of {len(mine)} decisions differ"

    def _missing(self) -> tuple[bool, str]:
        names = [n for n in self._facts.column_names if "." in n and n != "action.name"]
        permitted = self._full.outcome == 0
        tables = [_without(self._facts, name) for name in names]
        open_on = []
        for name, decided in zip(names, self._ask(*tables), strict=True):
            present = self._facts[name].is_valid().to_numpy()
            if (permitted & present & (decided.outcome == 0)).any():
                open_on.append(name)
        if open_on:
            return False, f"permits although a fact is missing: {', '.join(open_on)}"
        return True, f"{len(names)} facts left out in turn, never a permit"


def _without(facts: pa.Table, name: str) -> pa.Table:
    place = facts.column_names.index(name)
    kind = facts.schema.field(name).type
    return facts.set_column(place, pa.field(name, kind), pa.nulls(facts.num_rows, kind))


def _answers(decided: Decisions) -> list[tuple[int, tuple[str, ...]]]:
    reasons = [tuple(r) for r, _ in decided.explanations]
    return [
        (int(outcome), reasons[why])
        for outcome, why in zip(decided.outcome, decided.why, strict=True)
    ]


def _same(wanted: NDArray[np.float64], found: NDArray[np.float64], what: str) -> tuple[bool, str]:
    if len(wanted) != len(found):
        return False, f"{what}: {len(found)} scores instead of {len(wanted)}"
    if not len(wanted):
        return True, f"{what}: nothing to compare"
    gap = np.abs(wanted - found)
    off = gap > TOLERANCE * np.maximum(1.0, np.abs(wanted))
    if not off.any():
        return True, f"{what}: {len(wanted)} scores equal"
    return (
        False,
        f"{what}: {int(off.sum())} of {len(wanted)} scores differ, by up to {gap.max():.3g}",
    )


def _difference(one: Replayed, other: Replayed) -> str:
    ok, detail = _same(one.score, other.score, "two processes")
    return "alerts differ between two processes" if ok else detail
