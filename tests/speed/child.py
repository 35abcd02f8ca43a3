"""Jobs in a process of their own, watched from outside: seconds, rows and peak memory.

``python -m tests.speed.child JSON`` does one job and prints one line of JSON.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Final

from prove.shared.memory import resident

ROOT: Final = Path(__file__).parents[2]
EVERY: Final = 0.02  # seconds between two looks at the memory


def watched(job: str, **arguments: Any) -> dict[str, Any]:
    """Do a job in a process of its own.

    Returns
    -------
    dict
        What the job says, and `peak`, the most resident memory of all its processes together, and
        `largest`, the most of a single one, both in bytes. Memory that processes share counts in
        each of them; a peak shorter than the sampling interval can be missed.
    """
    command = [sys.executable, "-m", "tests.speed.child", json.dumps({"job": job, **arguments})]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as child:
        peak, largest = _watch(child)
        told = child.stdout.read() if child.stdout else ""
    if child.returncode:
        raise RuntimeError(f"{job} {arguments} ended with {child.returncode}")
    return {**json.loads(told.splitlines()[-1]), "peak": peak, "largest": largest}


def _watch(child: subprocess.Popen[str]) -> tuple[int, int]:
    peak = largest = 0
    while child.poll() is None:
        sizes = resident(child.pid)
        peak, largest = max(peak, sum(sizes)), max(largest, *sizes)
        time.sleep(EVERY)
    return peak, largest


def simulate(
    scenario: str, days: int | None, out: str, workers: int = 1, engine: str | None = None
) -> dict[str, Any]:
    """Make a data set; time it without the start of Python and the reading of the scenario."""
    from misusesim import shards  # noqa: PLC0415 - the parent needs no simulator
    from misusesim.scenario.load import load_scenario  # noqa: PLC0415

    world = load_scenario(scenario, days=days)
    asked = {} if engine is None else {"engine": engine}
    wall, cpu = time.perf_counter(), _cpu()
    made = shards.run(world, Path(out), workers=workers, **asked)
    return {
        "wall": time.perf_counter() - wall,
        "cpu": _cpu() - cpu,
        "rows": made["rows"]["written"],
        "bytes": sum(f["bytes"] for f in made["files"] if f["path"].startswith("log/")),
        "days": world.days,
    }


def _cpu() -> float:
    """Return the seconds of this process and of those below it that have ended."""
    return sum(os.times()[:4])


def main() -> None:
    """Do the job on the command line."""
    from tests.speed import questions  # noqa: PLC0415 - DuckDB, for one job only

    asked = json.loads(sys.argv[1])
    do = {"simulate": simulate, "ask": questions.ask}[asked.pop("job")]
    print(json.dumps(do(**asked)))  # noqa: T201 - the answer


if __name__ == "__main__":
    main()
