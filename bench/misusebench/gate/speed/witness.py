"""Two more witnesses: peak memory, and instructions as callgrind counts them."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from misusebench.gate.speed.measure import ready
from misusebench.gate.speed.prepare import tiers
from misusebench.gate.speed.process import Process, TimedFault, command, environment

if TYPE_CHECKING:
    from misusebench.gate.speed.environments import Side
    from misusebench.gate.speed.measure import Pairing

    Told = dict[str, Any]

#: Calls in the job of which memory is told, and in the one whose instructions are counted.
_CALLS: Final = 8
_COUNTED: Final = 3
_MOST_ROWS: Final = 4_096
_MOST_S: Final = 600.0
#: The calls run inside this function, which nothing else of a script calls.
_INSIDE: Final = "PyRun_SimpleStringFlags"


class Peaks(NamedTuple):
    """Largest resident sizes of new processes that did the job once, KiB."""

    base: list[int]
    head: list[int]


def peaks(pairing: Pairing, name: str, rows: int, launches: int) -> Peaks:
    """Return the peak memory of one component, both sides by turns.

    Raises
    ------
    TimedFault
        If a component fails.
    """
    found = Peaks([], [])
    for nth in range(launches):
        sides = [(pairing.base, pairing.of_base, found.base),
                 (pairing.head, pairing.of_head, found.head)]  # fmt: skip
        for side, told, into in sides if nth % 2 else sides[::-1]:
            into.append(_peak(side, told[name], pairing.folder, rows, nth + 1))
    return found


def _peak(side: Side, told: Told, folder: Path, rows: int, hashes: int) -> int:
    with Process(side, hashes) as process:
        if why := ready(process, told, folder):
            raise TimedFault(why, side)
        process.ask("size", name=told["name"], rows=rows)
        process.ask("call", name=told["name"], times=_CALLS)
        return int(process.ask("peak")["kib"])


def instructions(pairing: Pairing, name: str, rows: int) -> float | None:
    """Return head's instructions as a share of base's; None where they cannot be counted.

    One small job under one seed of hashes. Callgrind sees no waiting and only one thread.
    """
    valgrind = shutil.which("valgrind")
    if valgrind is None:
        return None
    rows = min(rows, _MOST_ROWS)
    counts = [
        _counted(valgrind, side, told[name], pairing.folder, rows)
        for side, told in ((pairing.base, pairing.of_base), (pairing.head, pairing.of_head))
    ]
    base, head = counts
    return head / base if base and head else None


def _counted(valgrind: str, side: Side, told: Told, folder: Path, rows: int) -> int | None:
    """Return the instructions of a few calls, None if valgrind cannot run them."""
    with tempfile.TemporaryDirectory() as where:
        job = Path(where) / "job.json"
        job.write_text(json.dumps({
            "component": told, "folder": str(folder), "tiers": tiers(), "rows": rows,
            "calls": _COUNTED,
        }), encoding="utf-8")  # fmt: skip
        words = [
            valgrind, "--tool=callgrind", f"--callgrind-out-file={where}/out",
            "--collect-atstart=no", f"--toggle-collect={_INSIDE}", *command(side), str(job),
        ]  # fmt: skip
        try:
            done = subprocess.run(  # noqa: S603 - our own script
                words, cwd=side.folder, env=environment(side, 0), capture_output=True, text=True,
                timeout=_MOST_S, check=False,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            return None
    told_of = re.search(r"Collected : (\d+)", done.stderr)
    return int(told_of[1]) if done.returncode == 0 and told_of else None
