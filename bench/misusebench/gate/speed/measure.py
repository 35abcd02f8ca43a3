"""Launches: new processes of base, a second copy of base, and head, timed call by call."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from misusebench.gate.speed.prepare import tiers
from misusebench.gate.speed.process import Process, TimedFault
from misusebench.gate.speed.rule import Stage, launch
from misusesim import rng

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from misusebench.gate.speed.environments import Side
    from misusebench.gate.speed.plan import Speed

    Told = dict[str, Any]  # a component as `worker.py` takes it

#: A batch has at least and at most so many rows.
LEAST_ROWS: Final = 64
MOST_ROWS: Final = 65_536
#: Nanoseconds in a millisecond.
_MS: Final = 1_000_000
_BASE, _CONTROL, _HEAD = "base", "control", "head"


@dataclass(frozen=True, slots=True)
class Pairing:
    """What is timed: the same components of both sides on the same rows."""

    base: Side
    head: Side
    of_base: Mapping[str, Told]
    of_head: Mapping[str, Told]
    folder: Path  # see prepare.py

    def only(self, names: list[str]) -> Pairing:
        """Return the pairing of some components."""
        base, head = ({n: one[n] for n in names} for one in (self.of_base, self.of_head))
        return Pairing(self.base, self.head, base, head, self.folder)


@dataclass(slots=True)
class Found:
    """What some launches said: per component a stage, or why there is none."""

    stages: dict[str, Stage] = field(default_factory=dict)
    faults: dict[str, str] = field(default_factory=dict)  # of head
    untimed: dict[str, str] = field(default_factory=dict)  # base cannot be timed


def ready(process: Process, told: Told, folder: Path) -> str:
    """Make a component ready in a process; return why that failed, "" if it did not."""
    try:
        process.ask("prepare", component=told, folder=str(folder), tiers=tiers())
    except TimedFault as fault:
        return str(fault)
    return ""


def sizes(pairing: Pairing, plan: Speed) -> tuple[dict[str, int], dict[str, str]]:
    """Return the rows of a batch by component, and why some of base cannot be timed.

    A call of base is to take some milliseconds; head gets the same rows.
    """
    found, bad = {}, {}
    for name, told in pairing.of_base.items():
        with Process(pairing.base, 0) as process:
            if why := ready(process, told, pairing.folder):
                bad[name] = why
                continue
            try:
                found[name] = _rows(process, name, plan.call_ms * _MS)
            except TimedFault as fault:
                bad[name] = str(fault)
    return found, bad


def _rows(process: Process, name: str, wanted_ns: float) -> int:
    """Return how many rows take so long."""
    rows = LEAST_ROWS
    while True:
        process.ask("size", name=name, rows=rows)
        took = min(process.ask("call", name=name, times=5)["ns"])  # what else runs is no matter
        if took >= wanted_ns / 2 or rows >= MOST_ROWS:
            return max(LEAST_ROWS, min(MOST_ROWS, int(rows * min(2.0, wanted_ns / took))))
        rows *= 2


def stage(
    pairing: Pairing, rows: Mapping[str, int], plan: Speed, nth: int = 0,
    progress: Callable[[int], None] = lambda _: None,
) -> Found:  # fmt: skip
    """Return what new launches say of all components.

    Parameters
    ----------
    pairing
        Both sides.
    rows
        Of a batch, by component; the others are left out.
    plan
        How many launches and pairs.
    nth
        Of the stage: other stages have other orders and hashes.
    progress
        Called with the number of launches that have ended.
    """
    chance = rng.stream(plan.seed, "speed-gate", nth)
    logs: dict[str, list[tuple[float, float]]] = {name: [] for name in rows}
    found = Found()
    for number in range(plan.launches):
        hashes = int(chance.integers(1, 2**31))
        for name, one in _launch(pairing, rows, plan, chance, hashes, found).items():
            logs[name].append(one)
        progress(number + 1)
    for name, pairs in logs.items():
        if pairs and name not in found.faults and name not in found.untimed:
            change, control = np.array(pairs).T
            found.stages[name] = Stage(change, control)
    return found


def _launch(
    pairing: Pairing, rows: Mapping[str, int], plan: Speed, chance: np.random.Generator,
    hashes: int, found: Found,
) -> dict[str, tuple[float, float]]:  # fmt: skip
    """Return the log-ratios of one launch: head to base, and base's copy to base."""
    with ExitStack() as stack:
        sides = {_BASE: pairing.base, _CONTROL: pairing.base, _HEAD: pairing.head}
        order = [list(sides)[n] for n in chance.permutation(len(sides))]
        running = {one: stack.enter_context(Process(sides[one], hashes)) for one in order}
        logs = {}
        names = list(rows)
        for name in [names[n] for n in chance.permutation(len(names))]:
            if name in found.faults or name in found.untimed:
                continue
            try:
                if _all_ready(running, pairing, name, rows[name], found):
                    logs[name] = _pairs(running, name, plan, chance)
            except TimedFault as fault:
                of = found.faults if fault.side is pairing.head else found.untimed
                of[name] = str(fault)
                return logs  # a process is gone; the next launch has new ones
        return logs


def _all_ready(
    running: Mapping[str, Process], pairing: Pairing, name: str, rows: int, found: Found
) -> bool:
    """Make a component ready in all processes, at once; tell whether it is."""
    for one, process in running.items():
        told = (pairing.of_head if one == _HEAD else pairing.of_base)[name]
        process.send("prepare", component=told, folder=str(pairing.folder), tiers=tiers())
    for one, process in running.items():
        try:
            process.answer()
        except TimedFault as fault:
            (found.faults if one == _HEAD else found.untimed)[name] = str(fault)
    if name in found.faults or name in found.untimed:
        return False
    for process in running.values():
        process.ask("size", name=name, rows=rows)
    return True


def _pairs(
    running: Mapping[str, Process], name: str, plan: Speed, chance: np.random.Generator
) -> tuple[float, float]:
    """Return head to base and copy to base: calls one after the other, in a random order."""
    took: dict[str, list[int]] = {one: [] for one in running}
    sides = list(running)
    for process in running.values():
        if plan.warm_up:
            process.ask("call", name=name, times=plan.warm_up)
    for _ in range(plan.pairs):
        for nth in chance.permutation(len(sides)):
            took[sides[nth]] += running[sides[nth]].ask("call", name=name)["ns"]
    return launch(took[_BASE], took[_HEAD]), launch(took[_BASE], took[_CONTROL])
