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
_COUNTED: Final = 12
#: The calls must be at least such a part of the whole job, whose start varies by 0.05 %.
_LEAST_PART: Final = 0.01
_MOST_ROWS: Final = 4_096
_MOST_S: Final = 600.0


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
        process.call(told["name"], _CALLS)
        return int(process.ask("peak")["kib"])


def instructions(pairing: Pairing, name: str, rows: int) -> float | None:
    """Return head's instructions as a share of base's; None where they cannot be counted.

    One small job under one seed of hashes, less the same job without a call. Callgrind sees no
    waiting and only one thread.
    """
    valgrind = shutil.which("valgrind")
    if valgrind is None:
        return None
    counts = []
    for side, told in ((pairing.base, pairing.of_base), (pairing.head, pairing.of_head)):
        job = _Job(valgrind, side, told[name], pairing.folder, min(rows, _MOST_ROWS))
        whole, start = job.counted(_COUNTED), job.counted(0)
        if whole is None or start is None or whole - start < _LEAST_PART * start:
            return None
        counts.append(whole - start)
    return counts[1] / counts[0]


class _Job(NamedTuple):
    """One component whose instructions are counted."""

    valgrind: str
    side: Side
    told: Told
    folder: Path
    rows: int

    def counted(self, calls: int) -> int | None:
        """Return the instructions of a process with so many calls, None if valgrind fails."""
        with tempfile.TemporaryDirectory() as where:
            job = Path(where) / "job.json"
            job.write_text(json.dumps({
                "component": self.told, "folder": str(self.folder), "tiers": tiers(),
                "rows": self.rows, "calls": calls,
            }), encoding="utf-8")  # fmt: skip
            words = [
                self.valgrind, "--tool=callgrind", f"--callgrind-out-file={where}/out",
                *command(self.side), str(job),
            ]  # fmt: skip
            try:
                done = subprocess.run(  # noqa: S603 - our own script
                    words, cwd=self.side.folder, env=environment(self.side, 0, where),
                    capture_output=True, text=True, timeout=_MOST_S, check=False,
                )  # fmt: skip
            except subprocess.TimeoutExpired:
                return None
        found = re.search(r"Collected : (\d+)", done.stderr)
        return int(found[1]) if done.returncode == 0 and found else None
