"""Runs components on a data set, each shut in, some at a time; knows nothing of truth."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa

from misusebench.columns import HOUR_US, micros
from misusebench.component import OUTCOMES
from misusebench.component_faults import ComponentFault
from misusebench.errors import IsolationError
from misusebench.hosting import Hosting, hosted
from misusebench.isolated import About, Decisions, IsolatedDetector, IsolatedPolicy, start
from misusebench.isolation import Worker
from misusebench.needs import PRIOR, lacking, unknown
from misusebench.our_side import try_out
from misusebench.policies.source import policy_source
from misusebench.replay import BATCH_ROWS, Replayed, replay, split_us
from misusebench.specs import OBSERVED
from misusebench.suite import TIERS
from misusebench.terminal import Pace
from misusebench.timing import Timing
from misusebench.veil import Veil
from misusesim.dataset import schema

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from misusebench.metrics import Followed
    from misusebench.replay import Readers
    from misusebench.suite import ComponentSpec, Suite
    from misusesim.dataset.reader import Dataset

#: A policy's facts are resolved from the dispatch tables.
POLICY_TIER: Final = "T2"
#: Rows that a policy on our side is asked at a time: each is a round trip, and has a time limit.
ROUND_TRIPS: Final = 4_096
#: Decisions made elsewhere name queries by the ids of the log.
BY_OWN_ID: Final = ("misusebench.policies.decisions:Decisions",)
#: Leak probes of ours that are about the ids as they are published.
UNVEILED: Final = (
    "misusebench.detectors.probes:IdProbe", "misusebench.detectors.probes:OfficerProbe",
)  # fmt: skip


class NotApplicableError(Exception):
    """The data or the tier do not give what a component says it needs; no fault of its."""


@dataclass(slots=True)
class Outcome:
    """What came of one component before it was judged."""

    spec: ComponentSpec
    tier: str
    state: str = "ok"
    reasons: list[str] = field(default_factory=list)
    about: About | None = None
    replayed: Replayed | None = None
    decisions: Decisions | None = None
    followed: Followed | None = None  # what became of what a policy denied
    left_out: NDArray[np.int8] | None = None  # whether that is permitted once a fact is missing
    timing: Timing = field(default_factory=Timing)
    isolation: dict[str, Any] = field(default_factory=dict)
    stderr: str = ""
    told: bool = False  # whether labels reached it
    diagnostics: dict[str, Any] = field(default_factory=dict)  # more that its result says


class Bench:
    """The log, the context and the cut of one data set, shared by all components of a run."""

    def __init__(self, dataset: Dataset, suite: Suite, *, unsafe: bool = False) -> None:
        self.dataset, self.suite, self.unsafe = dataset, suite, unsafe
        self.log, self.veil = dataset.log(), Veil(suite.seed)
        self.shown = self.veil.table(self.log)  # as components see it: with other ids
        self.end_us = split_us(self.log, suite.history_share)
        self.first = int(np.searchsorted(micros(self.log["received_at"]), self.end_us))
        self._tables: dict[str, pa.Table] = {}
        #: Of the roster, with their own ids, once it was read.
        self.shifts: pa.Table | None = None
        self.officers: pa.Table | None = None
        self.facts: pa.Table | None = None
        self.hide: list[Path] = [dataset.path]
        #: What policies said that have ended, for detectors that run after one.
        self.said: dict[str, Decisions] = {}
        #: Makes the reviewers of a component that takes feedback; None where no label reaches any.
        self.reviewers: Callable[[], Readers] | None = None
        self._live: set[Hosting] = set()
        self._stopped = False

    def context(self, tier: str) -> dict[str, pa.Table]:
        """Return the tables of a tier as components see them; each is read once."""
        if not self._tables:
            tables = self.dataset.context(TIERS[-1])
            self.shifts = tables.get("roster/shifts")
            self.officers = tables.get("roster/officers")
            self._tables = {name: self.veil.table(rows) for name, rows in tables.items()}
        folders = schema.TIERS[tier]
        return {n: t for n, t in self._tables.items() if n.partition("/")[0] in folders}

    def prepare_facts(self) -> None:
        """Resolve the facts of the scored requests, for policies."""
        from misusebench.policies.facts import build_facts  # noqa: PLC0415 - only with policies

        self.facts = build_facts(self.shown.slice(self.first), self.context(POLICY_TIER))

    def outcome(self, spec: ComponentSpec) -> Outcome:
        """Run one component; whatever it does wrong is in the outcome."""
        found = Outcome(spec, spec.tier or self.suite.tier)
        if spec.target in ("", OBSERVED):
            return found  # an oracle: the scorer runs it when all have ended
        worker = hosted(spec, self.suite.limits, hide=self.hide, unsafe=self.unsafe)
        try:
            with worker:
                self._live.add(worker)
                if self._stopped:  # while it was started
                    self.stop()
                found.isolation = _isolation(worker)
                (self._detect if spec.kind == "detector" else self._decide)(worker, found)
        except NotApplicableError as error:
            found.state, found.reasons = "not_applicable", [str(error)]
        except ComponentFault as fault:
            found.state, found.reasons, found.stderr = fault.state, [fault.reason], fault.stderr
        finally:
            self._live.discard(worker)
        return found

    def stop(self) -> None:
        """End the processes of components that still run: who waits for them goes on at once."""
        self._stopped = True
        for worker in tuple(self._live):
            if isinstance(worker, Worker):
                worker.stop()

    def _detect(self, worker: Hosting, found: Outcome) -> None:
        spec = found.spec
        about = self._about(worker, spec, found, tier=found.tier)
        found.tier = _tier(about, found.tier)
        log = self._seen(spec)
        if strange := unknown(about.needs, log.column_names):
            raise ComponentFault("invalid", strange, worker.stderr)
        if missing := lacking(about.needs, log.column_names):
            raise NotApplicableError(missing)
        detector = IsolatedDetector(worker, about)
        found.timing = detector.timing
        found.told = self.reviewers is not None and "feedback" in about.has
        found.replayed = replay(
            detector, log, self.context(found.tier), end_us=self.end_us,
            close_us=self.suite.close_hours * HOUR_US,
            single_rows=min(self.suite.single_rows, (self.log.num_rows - self.first) // 2),
            readers=self.reviewers() if self.reviewers is not None and found.told else None,
        )  # fmt: skip
        if spec.target not in UNVEILED:
            found.replayed.alerts = self.veil.alerts(found.replayed.alerts)
        found.replayed.query_id = self.log["query_id"].slice(self.first).to_numpy()
        detector.close()

    def _seen(self, spec: ComponentSpec) -> pa.Table:
        """Return the log as a detector sees it, with the decisions of the policy that ran first.

        No policy ran in the history: there the column is null.
        """
        log = self.log if spec.target in UNVEILED else self.shown
        if not spec.after:
            return log
        if spec.after not in self.said:
            raise NotApplicableError(f"it runs after {spec.after}, which gave no answers")
        codes = np.concatenate([np.full(self.first, -1, np.int8), self.said[spec.after].outcome])
        words = schema.coded(pa.array(codes, pa.int8(), mask=codes < 0), OUTCOMES)
        return log.append_column(PRIOR, words)

    def _facts_for(self, spec: ComponentSpec) -> pa.Table:
        """Return the facts with the ids that a policy may know."""
        assert self.facts is not None
        if spec.target not in BY_OWN_ID:
            return self.facts
        own = self.log["query_id"].slice(self.first)
        place = self.facts.column_names.index("query_id")
        return self.facts.set_column(place, "query_id", own)

    def _decide(self, worker: Hosting, found: Outcome) -> None:
        found.tier = POLICY_TIER
        given = dict(found.spec.parameters)
        source = policy_source(given.pop("policy", None))
        about = self._about(worker, found.spec, found, given)
        policy = IsolatedPolicy(worker, about)
        found.timing = policy.timing
        policy.load(source)
        facts, rows = self._facts_for(found.spec), BATCH_ROWS
        if found.spec.our_side:
            rows = ROUND_TRIPS
        parts = [policy.decide(facts.slice(at, rows)) for at in range(0, facts.num_rows, rows)]
        found.decisions = joined(parts)
        policy.decide(facts.slice(0, self.suite.single_rows), single=True)
        policy.close()
        self.said[found.spec.name] = found.decisions

    def _about(
        self,
        worker: Hosting,
        spec: ComponentSpec,
        found: Outcome,
        parameters: Mapping[str, Any] | None = None,
        tier: str | None = None,
    ) -> About:
        about = start(worker, spec, parameters, tier)
        found.about = about
        wanted = "score" if spec.kind == "detector" else "decide"
        if wanted not in about.has:
            raise ComponentFault("invalid", f"it has no method {wanted}", worker.stderr)
        return about


def _isolation(worker: Hosting) -> dict[str, Any]:
    return {"level": worker.isolation.level, "not_stopped": worker.isolation.not_stopped}


def _tier(about: About, granted: str) -> str:
    """Return the highest tier that a component can use and was granted."""
    usable = [t for t in TIERS if t <= granted and (not about.tiers or t in about.tiers)]
    if not usable:
        raise NotApplicableError(
            f"it can use {', '.join(about.tiers)}, but was granted no more than {granted}"
        )
    return usable[-1]


def joined(parts: Sequence[Decisions]) -> Decisions:
    """Return the decisions of successive batches as one."""
    places: dict[tuple[tuple[str, ...], tuple[str, ...]], int] = {}
    whys = [np.empty(0, np.int32)]
    for part in parts:
        own = [places.setdefault((tuple(r), tuple(e)), len(places)) for r, e in part.explanations]
        whys.append(np.array([*own, 0], np.int32)[part.why])
    return Decisions(
        np.concatenate([np.empty(0, np.int8), *(p.outcome for p in parts)]),
        np.concatenate(whys),
        [(list(r), list(e)) for r, e in places],
    )


def run_all(
    bench: Bench,
    components: Sequence[ComponentSpec],
    jobs: int,
    progress: Callable[[str], None] = lambda _: None,
) -> list[Outcome]:
    """Run components, some at a time; a failed one does not stop the others."""
    policies = [spec for spec in components if spec.kind == "policy"]
    for spec in policies:
        policy_source(spec.parameters.get("policy"))  # faults are told before anything runs
        if spec.our_side:
            try_out(spec)
    if policies:
        bench.prepare_facts()
    bench.context(TIERS[-1])
    pace = Pace(len(components))
    with ThreadPoolExecutor(max(1, jobs)) as pool:
        done: dict[str, Outcome] = {}
        try:
            for later in (False, True):  # detectors that run after a policy
                turn = [spec for spec in components if bool(spec.after) is later]
                for future in as_completed([pool.submit(bench.outcome, spec) for spec in turn]):
                    outcome = future.result()
                    done[outcome.spec.name] = outcome
                    progress(f"{_line(outcome)} ({pace.step()})")
        except (IsolationError, KeyboardInterrupt):
            pool.shutdown(wait=False, cancel_futures=True)
            bench.stop()  # the pool's end waits for its threads, and they for components
            raise
    return [done[spec.name] for spec in components]


def _line(found: Outcome) -> str:
    took = (found.timing.fit_ns + sum(ns for _, ns in found.timing.batches)) / 1e9
    why = f": {found.reasons[0]}" if found.reasons else f", {took:.1f} s of its own"
    return f"{found.spec.name}: {found.state}{why}"
