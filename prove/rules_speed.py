"""The rules in SQL and in memory: how fast each is, and whether they say the same.

PROOF_WORLD and PROOF_DAYS name what is timed. Times are those of the component alone: batches are
cut, and rows unpacked for the memory, before the clock starts, and the context is known from the
start. What is compared goes through a replay, context as it becomes known.
"""

from __future__ import annotations

import json
import os
import time
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa

from misusebench.columns import DAY_US, micros
from misusebench.detectors.rules import Rules
from misusebench.detectors.rules_stream import RulesStream, queries
from misusebench.replay import BATCH_ROWS, InProcess, compact, replay
from misusesim import open_dataset, shards
from misusesim.scenario.load import load_scenario

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from misusesim.dataset.reader import Dataset

FOLDER = Path(os.environ["PROOF_FOLDER"])
WORLD = os.environ.get("PROOF_WORLD", "S-HI-medium")
DAYS = int(os.environ.get("PROOF_DAYS", "420"))
COMPARED: Final = {"S-HI-medium": 60, "county": 28, "permit_desk": 28}
TIERS: Final = ("T0", "T1", "T2", "T3")
HISTORY_DAYS, MONTH_DAYS, TIMES = 60, 30, 2
#: So many rows are asked one by one.
SINGLES: Final = 300_000
#: Queries a second of processor time that are asked, and the least that lets this proof pass: a
#: machine with other work on it is slower, and the last line says which batches reach the first.
ASKED_BATCH, LEAST_BATCH, LEAST_STREAM = 2_000_000, 500_000, 50_000


def made(name: str, days: int, *, misuse: bool = True) -> Dataset:
    """Return a data set, made for this proof."""
    scenario = load_scenario(name, days=days)
    out = FOLDER / f"{name}-{days}-{misuse}"
    shards.run(scenario if misuse else scenario.model_copy(update={"misuse": ()}), out, workers=2)
    return open_dataset(out)


def timed(work: Iterable[Any], call: Callable[[Any], object]) -> tuple[float, float]:
    """Return seconds on the clock, and of the processor, for a call with each piece of work."""
    clock, processor = time.perf_counter(), time.process_time()
    for piece in work:
        call(piece)
    return time.perf_counter() - clock, time.process_time() - processor


def ready(cls: type, tier: str, history: pa.Table, context: dict[str, pa.Table]) -> Any:
    """Return a detector that knows the history and the context."""
    detector = cls(tier=tier)
    detector.fit(history, context)
    return detector


def rates(data: Dataset, tier: str) -> dict[str, dict[str, float]]:
    """Return queries a second by the way rows come, the best of a few times."""
    log, context = data.log(), data.context(tier)
    day = micros(log["received_at"]) // DAY_US
    first = int(np.searchsorted(day, day[0] + HISTORY_DAYS))
    months = np.searchsorted(day, np.arange(day[0] + HISTORY_DAYS, day[-1] + 1, MONTH_DAYS))
    cuts = {"a month": [*months.tolist(), len(log)]}
    cuts[f"{BATCH_ROWS:,} rows"] = [*range(first, len(log), BATCH_ROWS), len(log)]
    history = pa.Table.from_batches([compact(log.slice(0, first))])
    found = {}
    for name, edges in cuts.items():
        batches = [compact(log.slice(a, b - a)) for a, b in pairwise(edges) if b > a]
        found[name] = best(
            len(log) - first,
            lambda batches=batches: timed(batches, ready(Rules, tier, history, context).score),
        )
    rows = list(queries(log.slice(first, SINGLES)))
    found["a query"] = best(
        len(rows), lambda: timed(rows, ready(RulesStream, tier, history, context).score_row)
    )
    return found


def best(n: int, run: Callable[[], tuple[float, float]]) -> dict[str, float]:
    """Return queries a second of the fastest of a few runs, by the clock and by the processor."""
    clock, processor = zip(*(run() for _ in range(TIMES)), strict=True)
    return {"clock": n / min(clock), "processor": n / min(processor)}


def compared(data: Dataset, tier: str) -> dict[str, Any]:
    """Return whether both say the same of a whole data set."""
    log, context = data.log(), data.context(tier)
    sql, memory = (replay(InProcess(cls(tier=tier)), log, context) for cls in (Rules, RulesStream))
    return {
        "queries": len(sql.score),
        "alerts": len(sql.alerts),
        "same": bool(np.array_equal(sql.score, memory.score)) and sql.alerts == memory.alerts,
    }


def main() -> None:
    """Print both tables."""
    found: dict[str, Any] = {"rates": {}, "same": {}}
    print("# The shipped rules: SQL in DuckDB and their twin in memory\n")
    print(f"Queries a second of `{WORLD}`, {DAYS} days, after {HISTORY_DAYS} days of history; the")
    print(f"best of {TIMES} runs, planning included, one thread; by the clock, and in brackets by")
    print(f"processor time. Load of this machine's {os.cpu_count()} processors at the start:")
    print(f"{os.getloadavg()[0]:.1f}, so other work counts in the clock, and by caches in both.\n")
    print(
        "| world | tier | queries | rules, a month | rules, 16,384 rows | rules_stream, a query |"
    )
    print("|---|---|---|---|---|---|")
    for name, misuse in (("with misuse", True), ("without", False)):
        data = made(WORLD, DAYS, misuse=misuse)
        n = data.manifest["rows"]["written"]
        for tier in TIERS:
            one = found["rates"][f"{name} {tier}"] = rates(data, tier)
            told = [f"{r['clock']:,.0f} ({r['processor']:,.0f})" for r in one.values()]
            print(f"| {name} | {tier} | {n:,} | {' | '.join(told)} |", flush=True)
    print("\nReplayed whole, in batches of 16,384, context as it becomes known:\n")
    print("| world | tier | queries scored | alerts | scores and alerts |")
    print("|---|---|---|---|---|")
    for world, days in COMPARED.items():
        data = made(world, days)
        for tier in TIERS:
            one = found["same"][f"{world} {tier}"] = compared(data, tier)
            verdict = "identical" if one["same"] else "DIFFERENT"
            print(f"| {world} | {tier} | {one['queries']:,} | {one['alerts']:,} | {verdict} |")
    print("\n" + verdict_of(found))
    Path(os.environ["PROOF_NUMBERS"]).write_text(json.dumps(found, indent=1))
    if faults(found):
        raise SystemExit(1)


def verdict_of(found: dict[str, Any]) -> str:
    """Return which batches reach what is asked."""
    reached = [
        f"{world} in batches of {way}"
        for world, ways in found["rates"].items()
        for way, rate in ways.items()
        if way != "a query" and rate["processor"] >= ASKED_BATCH
    ]
    told = "; ".join(reached) or "none"
    return f"{ASKED_BATCH:,} queries a second of processor time are reached by: {told}."


def faults(found: dict[str, Any]) -> list[str]:
    """Return what is slower than it may be, or not the same."""
    slow = [
        f"{world} {way}"
        for world, ways in found["rates"].items()
        for way, rate in ways.items()
        if rate["processor"] < (LEAST_STREAM if way == "a query" else LEAST_BATCH)
    ]
    return slow + [world for world, one in found["same"].items() if not one["same"]]


if __name__ == "__main__":
    main()
