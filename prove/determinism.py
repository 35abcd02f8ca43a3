"""One seed, the same bytes: workers, kill -9, hash seed, time zone, CPU features, fewer days."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
from shared.machines import LESS_CPU, LESS_CPU_ENVIRONMENT

from misusesim.dataset.reader import open_dataset

FOLDER = Path(os.environ["PROOF_FOLDER"])
WORLD = "county"
#: Seconds after which a run is killed; it is then run again to its end.
KILLED_AFTER = (1.5, 3.0, 4.5)


def command(out: Path, *more: str) -> list[str]:
    """Return the command line that makes the world in a folder."""
    return [sys.executable, "-m", "misusebench", "simulate", WORLD, "-o", str(out), "-q", *more]


def made(name: str, *more: str, env: dict[str, str] | None = None) -> str:
    """Make the world and return the hash of its manifest."""
    out = FOLDER / name
    subprocess.run(command(out, *more), check=True, env={**os.environ, **(env or {})})
    return hashlib.sha256((out / "manifest.json").read_bytes()).hexdigest()


def killed(name: str, seconds: float) -> str:
    """Kill a run and its workers after some time, run the same command again."""
    out = FOLDER / name
    running = subprocess.Popen(command(out, "--workers", "2"), start_new_session=True)
    time.sleep(seconds)
    os.killpg(running.pid, signal.SIGKILL)
    running.wait()
    return made(name, "--workers", "2")


def first_days() -> tuple[int, bool]:
    """Return the rows of two days, and whether they are the first of seven days' rows."""
    made("two", "--days", "2")
    made("seven", "--days", "7")
    short, long = (open_dataset(FOLDER / name).log() for name in ("two", "seven"))
    times = [table["time"].cast("int64").to_numpy() for table in (short, long)]
    ids = [table["query_id"].to_numpy() for table in (short, long)]
    order = [np.lexsort((i, t)) for i, t in zip(ids, times, strict=True)]
    head = order[1][: len(order[0])]
    columns = [name for name in short.column_names if name != "query_id"]
    same = bool((ids[0][order[0]] == ids[1][head]).all()) and all(
        short[name].take(order[0]).to_pylist() == long[name].take(head).to_pylist()
        for name in columns
    )
    return short.num_rows, same


def main() -> None:
    """Print one line a way of running, with the hash of the manifest."""
    ways = {f"{n} workers": made(f"w{n}", "--workers", str(n)) for n in (1, 2, 3)}
    for seconds in KILLED_AFTER:
        ways[f"kill -9 after {seconds} s, then again"] = killed(f"k{seconds}", seconds)
    ways["PYTHONHASHSEED=7"] = made("hash", env={"PYTHONHASHSEED": "7"})
    ways["TZ=Asia/Kolkata"] = made("tz", env={"TZ": "Asia/Kolkata"})
    ways[LESS_CPU] = made("cpu", env=LESS_CPU_ENVIRONMENT)
    rows, prefix = first_days()
    print(f"# The same bytes of `{WORLD}`\n\n| way | manifest |\n|---|---|")
    for way, digest in ways.items():
        print(f"| {way} | {digest[:16]} |")
    print(f"\n`--days 2` ({rows:,} rows) gives the first rows of `--days 7`: {prefix}.")
    numbers = {"manifests": ways, "prefix_rows": rows, "prefix": prefix}
    Path(os.environ["PROOF_NUMBERS"]).write_text(json.dumps(numbers, indent=1))
    if len(set(ways.values())) > 1 or not prefix:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
