"""How fast policy engines are, each as a ratio to the Python reference in the same run.

Every engine is started several times, in a random order, with all of them alive at once; then
rounds go through them, in another random order each, so that a busy machine slows all alike. Ratios
are taken within a round and their median is told. An engine that decides otherwise than the
reference is timed all the same, and marked INVALID with the reason.
"""

from __future__ import annotations

import statistics
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from misusebench.policies import REGISTRY
from misusebench.policy_bench.adapter import Adapter, AdapterFault, Candidate, candidates
from misusebench.policy_bench.agreeing import (
    batch_differs,
    disagreement,
    fails_open,
    mixed,
    policy_of,
    table_differs,
)
from misusebench.policy_bench.agreement import cases, decided
from misusebench.policy_bench.fail_open import probes
from misusebench.policy_bench.figures import overhead, split_us, spread
from misusebench.policy_bench.tables import stream_of, table_of
from misusebench.timing import machine
from misusesim import rng

if TYPE_CHECKING:
    from collections.abc import Sequence

    from misusebench.component import Request
    from misusebench.policy_bench.adapter import Singles

REFERENCE: Final = "reference"
NULL: Final = Candidate("null", "misusebench.policy_bench.null:Null")


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is asked."""

    requests: int = 4_000
    rounds: int = 3  # of each launch
    launches: int = 3
    checked: int = 1_000  # random requests on which an engine must agree, besides those per clause
    probes: int = 3  # requests that lack a fact, for each fact of each rule
    table_rows: int = 100_000
    sizes: tuple[int, ...] = (1, 100, 1_000)
    most_s: float = 120.0  # for any one question
    box_s: float = 3.0  # for the requests of a round in one size of batches
    seed: int = 0


@dataclass(slots=True)
class _Seen:
    """What was measured of one engine."""

    why: str = ""  # no time counts
    absent: bool = False
    refused: bool = False  # the policy is none for it
    about: dict[str, Any] = field(default_factory=dict)
    cold: list[dict[str, float]] = field(default_factory=list)  # ms, a launch
    memory: list[dict[str, float]] = field(default_factory=list)  # MiB, a launch
    reload: list[dict[str, Any]] = field(default_factory=list)
    singles: list[Singles] = field(default_factory=list)
    rates: dict[str, dict[tuple[int, int], float]] = field(default_factory=dict)  # by round


def speed(
    policy: Any = None, engines: Sequence[Candidate] | None = None, plan: Plan | None = None,
    asked: Sequence[Request] | None = None,
) -> dict[str, Any]:  # fmt: skip
    """Return what engines cost.

    Parameters
    ----------
    policy
        As `load` gets it: None for the eleven rules, or a table with `name` and `text`.
    engines
        By default all of the registry that need no more than a policy; the reference and one that
        does nothing are always there.
    plan
        How much is asked.
    asked
        Requests to be timed, for instance of a log; by default made (:func:`agreeing.mixed`).
    """
    plan = plan or Plan()
    return _Run(policy, engines or candidates(policy=policy), plan, asked).result()


class _Run:
    """One run over all engines."""

    def __init__(self, policy: Any, engines: Sequence[Candidate], plan: Plan,
                 asked: Sequence[Request] | None) -> None:  # fmt: skip
        own = [NULL, Candidate(REFERENCE, REGISTRY[REFERENCE])]
        self.engines = [*own, *(one for one in engines if one.name not in {o.name for o in own})]
        self.policy, self.plan = policy, plan
        self.asked = list(asked or mixed(policy, plan.requests, plan.seed))
        rules = policy_of(policy)
        self.checked = cases(rules, plan.checked, plan.seed)
        self.wanted = decided(rules, self.checked)
        self.probes = probes(rules, plan.probes, plan.seed)
        self.seen = {one.name: _Seen() for one in self.engines}
        self.chance = rng.stream(plan.seed, "policy-speed")
        rows = table_of([self.asked[n % len(self.asked)] for n in range(plan.table_rows)])
        self.table = stream_of(rows)

    def result(self) -> dict[str, Any]:
        """Launch, time, and return what was found."""
        for launch in range(self.plan.launches):
            with ExitStack() as stack:
                running: dict[str, Adapter] = {}
                for nth in self.chance.permutation(len(self.engines)):
                    one = self.engines[nth]
                    adapter = stack.enter_context(Adapter(one, self.plan.most_s))
                    if self._tried(one.name, self._launched, adapter, launch):
                        running[one.name] = adapter
                for turn in range(self.plan.rounds):
                    self._round(running, (launch, turn))
                for name, adapter in running.items():
                    self._tried(name, self._ended, adapter)
        return self._told()

    def _tried(self, name: str, do: Any, *given: Any) -> bool:
        """Do something with an engine; tell whether that worked, and note why not."""
        try:
            do(name, *given)
        except AdapterFault as fault:
            seen = self.seen[name]
            seen.why, seen.absent = seen.why or str(fault), fault.absent
            seen.refused = fault.refused
            return False
        return True

    def _launched(self, name: str, adapter: Adapter, launch: int) -> None:
        seen, empty = self.seen[name], adapter.ready()
        seen.about = adapter.start()
        load_ns = adapter.load(self.policy)
        adapter.keep("first", self.asked[:1])
        single = "decide" in seen.about["has"]
        first = (
            int(adapter.singles("first").ns[0])
            if single
            else round(1e9 / adapter.per_s("first", 1))
        )
        told = {
            "spawn": adapter.spawn_ns, "import": seen.about["import_ns"],
            "load": load_ns + seen.about["make_ns"], "first": first,
        }  # fmt: skip
        seen.cold.append(
            {k: ns / 1e6 for k, ns in told.items()} | {"total": sum(told.values()) / 1e6}
        )
        loaded = adapter.resident_mib()
        adapter.keep("asked", self.asked)
        if not launch and name != NULL.name:
            self._checked(name, adapter)
        seen.memory.append({"loaded": loaded - empty, "kept": adapter.resident_mib()})

    def _checked(self, name: str, adapter: Adapter) -> None:
        """Note why no time of an engine counts, if so."""
        seen, asked, wanted = self.seen[name], self.checked, self.wanted
        single, table = (one in seen.about["has"] for one in ("decide", "decide_table"))
        adapter.keep("checked", asked)
        adapter.keep("probes", [one.request for one in self.probes])
        ways = ("single", "batch") if single else ("batch",)
        tells = seen.about["tells_reasons"]
        seen.why = (
            disagreement(adapter, "checked", asked, wanted, reasons=tells)
            or (batch_differs(adapter, "checked") if single else "")
            or (table_differs(adapter, asked, wanted) if table else "")
            or fails_open(adapter, "probes", self.probes, ways, table=table)
        )

    def _round(self, running: dict[str, Adapter], turn: tuple[int, int]) -> None:
        names = list(running)
        for nth in self.chance.permutation(len(names)):
            if not self._tried(names[nth], self._timed, running[names[nth]], turn):
                del running[names[nth]]

    def _timed(self, name: str, adapter: Adapter, turn: tuple[int, int]) -> None:
        seen = self.seen[name]

        def note(what: str, rate: float) -> None:
            seen.rates.setdefault(what, {})[turn] = rate

        if "decide" in seen.about["has"] and seen.about["single"]:
            seen.singles.append(adapter.singles("asked", self.plan.box_s))
            note("single", adapter.per_s("asked", 0, self.plan.box_s))
        for size in self.plan.sizes:
            note(f"batch {size}", adapter.per_s("asked", size, self.plan.box_s))
        if "decide_table" in seen.about["has"]:
            told, _ = adapter.ask({"op": "table"}, self.table)
            note("table", told["n"] / told["ns"] * 1e9)
            for part in ("encode", "evaluate"):
                if f"{part}_ns" in told:
                    note(f"table, {part}", told["n"] / told[f"{part}_ns"] * 1e9)

    def _ended(self, name: str, adapter: Adapter) -> None:
        seen = self.seen[name]
        seen.memory[-1]["grown"] = adapter.resident_mib() - seen.memory[-1].pop("kept")
        if "decide" in seen.about["has"]:
            seen.reload.append(adapter.ask({"op": "reload", "slot": "asked"})[0])

    def _told(self) -> dict[str, Any]:
        base = self.seen[REFERENCE]
        return {
            "machine": machine(),
            "policy": policy_of(self.policy).name,
            "requests": len(self.asked),
            "plan": {k: getattr(self.plan, k) for k in ("requests", "rounds", "launches", "seed")},
            "overhead": overhead(self.seen[NULL.name].singles),
            "engines": {one.name: _summary(self.seen[one.name], base) for one in self.engines},
        }  # fmt: skip


def _summary(seen: _Seen, base: _Seen) -> dict[str, Any]:
    """Return what was found of one engine."""
    return {
        "valid": not seen.why, "why": seen.why, "absent": seen.absent,
        "applicable": not seen.refused,
        "version": seen.about.get("version", ""),
        "cold_ms": _medians(seen.cold), "memory_mib": _medians(seen.memory),
        "single_us": split_us(seen.singles),
        "per_s": {what: spread(rates, base.rates["single"]) for what, rates in seen.rates.items()},
        "reload_ms": _reload(seen.reload) if seen.reload else {},
    }  # fmt: skip


def _reload(rows: list[dict[str, Any]]) -> dict[str, Any]:
    names = {"load": "ns", "gap": "gap_ns", "usual_gap": "usual_gap_ns"}
    return {
        **{what: statistics.median(row[key] / 1e6 for row in rows) for what, key in names.items()},
        "errors": sum(row["errors"] for row in rows),
        "own_thread": any(row["own_thread"] for row in rows),
    }


def _medians(rows: list[dict[str, float]]) -> dict[str, float]:
    keys = rows[0] if rows else ()
    return {key: statistics.median(row[key] for row in rows if key in row) for key in keys}
