"""How fast every policy engine is: decisions, start, reload, growth, and under a load.

`PROOF_SHARE` (1.0) asks for less of all: requests, launches, sizes, seconds. Every engine of the
registry that is installed is timed; one that disagrees with the reference is shown as INVALID.
"""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from misusebench.policies import REGISTRY
from misusebench.policy_bench import figures, open_loop, sweeps
from misusebench.policy_bench.adapter import Adapter, Candidate, candidates
from misusebench.policy_bench.agreeing import mixed
from misusebench.policy_bench.speed import Plan, speed
from misusebench.policy_bench.sweeps import SweepPlan
from misusebench.policy_bench.tables import stream_of, table_of
from misusebench.report.growth import write_growth

if TYPE_CHECKING:
    from collections.abc import Iterator

SHARE: Final = float(os.environ.get("PROOF_SHARE", "1.0"))
PICTURE = Path(os.environ.get("PROOF_PICTURE", "results/policy_speed.png"))
#: Only these engines, where some are named.
NAMED: Final = os.environ.get("PROOF_ENGINES", "").split() or None
SECONDS, RATE, STALL_S = max(1.0, 10 * SHARE), 500.0, 0.2
REPLAYED: Final = int(1_000_000 * SHARE)
#: Seconds that a replay may take.
MOST_S: Final = {"reference": 3.0, "numpy_columns": 10.0}
#: What columnar evaluation must gain, and an open loop show of a stall, at least.
LEAST_RATIO, LEAST_STALL = 50.0, 10.0
#: Engines that must agree with the reference, with itself among them.
LEAST_ENGINES: Final = 8
#: The reference as an AuthZEN server in a process of its own, until its stdin ends.
SERVED: Final = """
import sys, threading
from misusebench.authzen_server import component, serve
server = serve(component("reference"))
print(server.server_port, flush=True)
threading.Thread(target=server.serve_forever, daemon=True).start()
sys.stdin.read()
"""


def few(whole: int, least: int) -> int:
    """Return the share of a number that is asked for."""
    return max(least, round(whole * SHARE))


@contextmanager
def served() -> Iterator[str]:
    """Serve the reference; its address."""
    command = [sys.executable, "-c", SERVED]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        process.kill()


def replayed() -> dict[str, float]:
    """Return the seconds that a million queries take the reference, and columns with encoding."""
    found = {}
    asked = mixed(None, few(20_000, 500))
    with Adapter(Candidate("reference", REGISTRY["reference"])) as adapter:
        started(adapter)
        adapter.keep("asked", asked)
        times = -(-REPLAYED // len(asked))
        found["reference"] = sum(len(asked) / adapter.per_s("asked", 1_000) for _ in range(times))
    if "numpy_columns" in REGISTRY:
        rows = table_of([asked[n % len(asked)] for n in range(REPLAYED)])
        with Adapter(Candidate("numpy_columns", REGISTRY["numpy_columns"])) as adapter:
            started(adapter)
            told, _ = adapter.ask({"op": "table"}, stream_of(rows))
            found["numpy_columns"] = told["ns"] / 1e9
    return found


def started(adapter: Adapter) -> None:
    """Make a component ready."""
    adapter.ready()
    adapter.start()
    adapter.load(None)


def main() -> None:
    """Print all tables; fail if the harness costs too much, or a target is missed."""
    found: dict[str, Any] = {"share": SHARE, "load_at_start": os.getloadavg()[0]}
    begun = time.monotonic()
    print("# How fast policy engines are\n")
    print(f"{os.cpu_count()} processors, load {os.getloadavg()[0]:.1f} at the start.\n", flush=True)
    plan = Plan(few(4_000, 300), few(3, 1), few(5, 1), few(1_000, 100), few(100_000, 1_000))
    found["speed"] = told(figures.render, speed(None, candidates(NAMED), plan))
    print(f"\n## {REPLAYED:,} queries\n")
    found["replayed_s"] = replayed()
    for name, took in found["replayed_s"].items():
        print(f"- `{name}`: {took:.2f} s (asked: below {MOST_S[name]:g} s)")
    print("\n## A load that does not wait\n", flush=True)
    bodies = open_loop.bodies_of(mixed(None, 500))
    found["stall"] = told(
        open_loop.render_stall, open_loop.hidden_stall(bodies, RATE, SECONDS, STALL_S)
    )
    if importlib.util.find_spec("misusebench.authzen_server"):
        print("\nThe reference behind `misusebench serve-policy`:\n", flush=True)
        with served() as url:
            found["load"] = told(open_loop.render, open_loop.measured(url, bodies, RATE, SECONDS))
    print("\n## Rules\n", flush=True)
    sizes = [count for count in sweeps.RULES if count <= few(10_000, 100)]
    less = SweepPlan(few(4_000, 300), load_s=few(60, 10), decide_s=few(60, 3))
    found["rules"] = told(
        sweeps.render, sweeps.rule_sweep(candidates(NAMED) if NAMED else None, sizes, less)
    )
    drawn(found["rules"])
    print("\n## Officers and cases\n", flush=True)
    held = [count for count in sweeps.ENTITIES if count <= few(100_000, 1_000)]
    found["entities"] = told(sweeps.render, sweeps.entity_sweep(held, less))
    wrong = faults(found)
    print(
        f"\n{time.monotonic() - begun:.0f} s in all. "
        + ("; ".join(wrong) or "All targets are met.")
    )
    Path(os.environ["PROOF_NUMBERS"]).write_text(json.dumps(found, indent=1))
    if wrong:
        raise SystemExit(1)


def told(render: Any, found: dict[str, Any]) -> dict[str, Any]:
    """Print what was found, and return it."""
    print("\n".join(render(found)), flush=True)
    return found


def drawn(found: dict[str, Any]) -> None:
    """Draw how engines grow with rules."""
    cut = [
        name for name, sizes in found["engines"].items() if any(at["cut"] for at in sizes.values())
    ]
    write_growth(PICTURE, sweeps.p99_ms(found), "added rules", cut)
    print(f"\n![99th percentile by number of added rules]({PICTURE.name})")


def faults(found: dict[str, Any]) -> list[str]:
    """Return which targets are missed."""
    wrong = []
    valid = [name for name, one in found["speed"]["engines"].items() if one["valid"]]
    if len(valid) < LEAST_ENGINES or "reference" not in valid:
        wrong.append(f"valid engines: {', '.join(valid) or 'none'}; asked: {LEAST_ENGINES}")
    cost = found["speed"]["overhead"]
    if cost["per_decision_us"] > cost["most_us"]:
        wrong.append(f"the harness costs {cost['per_decision_us']:.2f} µs a decision")
    if (found["stall"]["ratio"] or 0) < LEAST_STALL:
        wrong.append(f"the open loop shows {found['stall']['ratio']} times the closed one")
    columns = found["speed"]["engines"].get("numpy_columns")
    if columns is not None:
        ratio = columns["per_s"].get("table, evaluate", {}).get("ratio")
        if not columns["valid"] or (ratio or 0) < LEAST_RATIO:
            wrong.append(f"numpy_columns evaluates {ratio} times as fast as the reference")
    wrong += [
        f"{name} took {took:.1f} s for {REPLAYED:,} queries"
        for name, took in found["replayed_s"].items()
        if took >= MOST_S[name]
    ]
    return wrong + [
        f"{name}: {one['why']}"
        for name, one in found["speed"]["engines"].items()
        if not one["valid"] and not one["absent"]
    ]


if __name__ == "__main__":
    main()
