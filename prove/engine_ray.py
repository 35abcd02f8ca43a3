"""The same bytes by processes, by Ray, and by two nodes of Ray of which one is killed in the run.

The nodes are simulated, on this machine (`shared/nodes.py`).
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shared.nodes import with_a_lost_node

if TYPE_CHECKING:
    from collections.abc import Callable

FOLDER = Path(os.environ["PROOF_FOLDER"])
WORLDS = {"tiny": ("tiny",), "county, 14 days": ("county", "--days", "14")}


def made(world: str, way: str, *more: str, during: Callable[[], Any] | None = None) -> dict:
    """Make a world in a folder of its own; return its hash, the seconds and what went on."""
    out = FOLDER / f"{world}-{way}"
    command = [sys.executable, "-m", "misusebench", "simulate", *WORLDS[world], "-o", str(out)]
    began = time.monotonic()
    with subprocess.Popen([*command, "-q", *more], stdout=subprocess.PIPE) as running:
        seen = during() if during else None
        said, _ = running.communicate()
    if running.returncode or said:
        raise SystemExit(f"{world}, {way}: exit {running.returncode}, said {said!r}")
    seconds = round(time.monotonic() - began, 1)
    found = json.loads((out / "manifest.json").read_text())
    return {"hash": found["dataset_hash"], "seconds": seconds, "running_on_killed": seen}


def two_nodes(world: str) -> dict:
    """Make a world on two nodes of which one is killed as soon as it is at work."""

    def run(address: str, kill: Callable[[], int]) -> dict:
        return made(world, "nodes", "--engine", "ray", "--address", address, during=kill)

    return with_a_lost_node(run)


def table(ways: dict[str, dict[str, dict]]) -> str:
    """Return the lines that tell what each way made."""
    lines = [
        "# The same bytes on Ray",
        "",
        "| world | way | data set | seconds |",
        "|---|---|---|---|",
    ]
    for world, found in ways.items():
        for way, run in found.items():
            lines.append(f"| {world} | {way} | {run['hash'][:16]} | {run['seconds']} |")
    for world, found in ways.items():
        lost = sum(run["running_on_killed"] or 0 for run in found.values())
        one = len({run["hash"] for run in found.values()}) == 1
        lines += ["", f"{world}: one data set hash: {one}; tasks on the killed node: {lost}."]
    notes = "Seconds hold Ray's start. The nodes are simulated, on one machine's cores and disk."
    return "\n".join([*lines, "", notes])


def main() -> None:
    """Print one line a way of running, with the hash of the data set."""
    ways: dict[str, dict[str, dict]] = {}
    for world in WORLDS:
        ways[world] = {
            "local, 2 processes": made(world, "local", "--workers", "2"),
            "ray, 2 workers": made(world, "ray", "--engine", "ray", "--workers", "2"),
            "ray, 2 nodes, 1 killed": two_nodes(world),
        }
    print(table(ways))
    Path(os.environ["PROOF_NUMBERS"]).write_text(json.dumps(ways, indent=1))
    if any(len({run["hash"] for run in found.values()}) > 1 for found in ways.values()):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
