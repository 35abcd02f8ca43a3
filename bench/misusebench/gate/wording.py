"""A check in words: what, how much, where, and the command that shows it again."""

from __future__ import annotations

import shlex
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from misusebench.gate.places import place
from misusebench.suite import list_suites

if TYPE_CHECKING:
    from misusebench.gate.losses import Loss
    from misusebench.gate.verdict import Check
    from misusebench.gate.worlds import World


def command(world: World, component: str) -> str:
    """Return the command that runs a component on a data set as head did."""
    side = world.head if component in world.head["components"] else world.base
    told = side["components"][component]
    words = ["misusebench", "bench", world.data]
    if told.get("parameters"):  # no option gives parameters; a suite is called as its file
        suite = str(world.head.get("suite"))
        words += ["--suite", suite if suite in list_suites() else f"{suite}.toml"]
    else:
        target = told["component"].get("target") or component
        own = component if target.startswith(("misusebench.", "(")) else target
        words += [f"--{told['component']['kind']}", own, "--tier", str(world.head["tier"])]
    return shlex.join([*words, "-o", "RUN"])


def told_loss(component: str, shown: str, loss: Loss) -> str:
    """Return a loss in words: metric, base, head, change, interval, margin."""
    ends = loss.ends
    between = "" if ends is None else f", 95 % interval {ends[0]:+.4f} to {ends[1]:+.4f}"
    return (
        f"{component} on {shown}: {loss.metric} {loss.base:.4f} -> {loss.head:.4f} "
        f"({loss.change:+.4f}{between}, margin {loss.margin:.4f})"
    )


def with_places(check: Check, world: World, again: str) -> Check:
    """Return a check that did not pass with the place of the fault, and the command at its end."""
    pair = [side["components"].get(check.component, {}) for side in (world.base, world.head)]
    told = pair[1] or pair[0]
    about = {**told.get("component", {}), "parameters": told.get("parameters")}
    where = place((pair[0], pair[1]), about) if told else None
    message = check.message
    if where is not None:
        message += f"; see {where[0]}:{where[1]}"
    file, line = where or _gate_file()
    message += f"; reproduce: {again}"
    return replace(check, message=message, reproduce=again, file=file, line=line)


def _gate_file() -> tuple[str, int] | tuple[None, None]:
    """Return what a fault without a place of its own is told at: the file that sets the gate."""
    here = (name for name in ("gate.toml", "suite.toml") if Path(name).is_file())
    return next(((name, 1) for name in here), (None, None))
