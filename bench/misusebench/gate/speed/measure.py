"""Launches: new processes of base, a second copy of base, and head, timed call by call."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from misusebench.gate.speed.origins import refuse_loaded
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
    untimed: dict[str, str] = field(default_factory=dict)  # of base


class Launch(NamedTuple):
    """What one launch says of one component; see `rule.Stage`."""

    change: float
    control: float
    hidden: float


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
                refuse_loaded(name, pairing.base, pairing.head, process.ask("loaded")["files"])
            except TimedFault as fault:
                bad[name] = str(fault)
    return found, bad


def _rows(process: Process, name: str, wanted_ns: float) -> int:
    """Return how many rows take so long."""
    rows = LEAST_ROWS
    while True:
        process.ask("size", name=name, rows=rows)
        took = min(process.call(name, 5))  # what else runs is no matter
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
    logs: dict[str, list[Launch]] = {name: [] for name in rows}
    found = Found()
    for number in range(plan.launches):
        hashes = int(chance.integers(1, 2**31))
        for name, one in _launch(pairing, rows, plan, chance, hashes, found).items():
            logs[name].append(one)
        progress(number + 1)
    for name, launches in logs.items():
        if launches and name not in found.faults and name not in found.untimed:
            found.stages[name] = Stage(*np.array(launches).T)
    return found


def _launch(
    pairing: Pairing, rows: Mapping[str, int], plan: Speed, chance: np.random.Generator,
    hashes: int, found: Found,
) -> dict[str, Launch]:  # fmt: skip
    """Return what one launch says; after a fault of one component the others get new processes."""
    names, logs = list(rows), {}
    left = [names[n] for n in chance.permutation(len(names))]
    while left:
        with ExitStack() as stack:
            running = _started(pairing, chance, hashes, stack)
            while left:
                name = left.pop(0)
                if name in found.faults or name in found.untimed:
                    continue
                try:
                    _make_ready(running, pairing, name, rows[name])
                    logs[name] = _pairs(running, name, plan, chance)
                except TimedFault as fault:
                    of = found.faults if fault.side is pairing.head else found.untimed
                    of[name] = str(fault)
                    break
    return logs


def _started(
    pairing: Pairing, chance: np.random.Generator, hashes: int, stack: ExitStack
) -> dict[str, Process]:
    """Start base, its copy and head, in a random order."""
    sides = {_BASE: pairing.base, _CONTROL: pairing.base, _HEAD: pairing.head}
    order = [list(sides)[n] for n in chance.permutation(len(sides))]
    return {one: stack.enter_context(Process(sides[one], hashes)) for one in order}


def _make_ready(running: Mapping[str, Process], pairing: Pairing, name: str, rows: int) -> None:
    """Make a component ready in all processes, at once.

    Raises
    ------
    TimedFault
        Of head if it has one: base's is told only where head has none.
    """
    for one, process in running.items():
        told = (pairing.of_head if one == _HEAD else pairing.of_base)[name]
        process.send("prepare", component=told, folder=str(pairing.folder), tiers=tiers())
    faults = []
    for process in running.values():
        try:
            process.answer()
        except TimedFault as fault:
            faults.append(fault)
    if faults:
        raise next((one for one in faults if one.side is pairing.head), faults[0])
    for process in running.values():
        process.ask("size", name=name, rows=rows)


def _pairs(
    running: Mapping[str, Process], name: str, plan: Speed, chance: np.random.Generator
) -> Launch:
    """Return what calls one after the other, in a random order, say."""
    took: dict[str, list[int]] = {one: [] for one in running}
    rest: dict[str, list[int]] = {one: [] for one in running}  # of the round trip
    sides = list(running)
    for process in running.values():
        if plan.warm_up:
            process.call(name, plan.warm_up)
    for _ in range(plan.pairs):
        for nth in chance.permutation(len(sides)):
            process = running[sides[nth]]
            told = process.call(name)
            took[sides[nth]] += told
            rest[sides[nth]].append(process.trip_ns - told[0])
    hidden = np.median(rest[_HEAD]) - np.median(rest[_BASE])
    return Launch(
        launch(took[_BASE], took[_HEAD]), launch(took[_BASE], took[_CONTROL]),
        float(hidden / np.median(took[_BASE])),
    )  # fmt: skip
