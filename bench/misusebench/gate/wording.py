"""A check in words: what, how much, where, and the command that shows it again."""

from __future__ import annotations

import re
import shlex
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from misusebench.errors import SuiteError
from misusebench.gate.places import place
from misusebench.gate.verdict import WORST
from misusebench.suite import list_suites, load_suite

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from misusebench.gate.losses import Loss
    from misusebench.gate.places import Place
    from misusebench.gate.verdict import Check
    from misusebench.gate.worlds import World
    from misusebench.suite import Suite


def command(world: World, component: str, campaign: str | None = None) -> str:
    """Return the command that runs a component on a data set as head did.

    Parameters
    ----------
    world, component
        What is run, and on which data set.
    campaign
        One that head misses; the command tells it as well.
    """
    side = world.head if component in world.head["components"] else world.base
    told = side["components"][component]
    suite = _suite(world)
    words = ["misusebench", "bench", world.data, *(["--suite", suite[0]] if suite else [])]
    if suite and _there(component, told, suite[1]):
        words += ["--only", component]
        words += ["--tier", str(world.head["tier"])] if world.head["tier"] != suite[1].tier else []
    elif suite is None and told.get("parameters"):  # no option gives parameters, only a suite does
        words += ["--suite", f"{world.head.get('suite')}.toml", "--only", component]
    else:
        target = told["component"].get("target") or component
        own = component if target.startswith(("misusebench.", "(")) else target
        tier = told.get("tier") or world.head["tier"]
        words += [f"--{told['component']['kind']}", own, "--tier", str(tier)]
    parts = ("run", world.name, world.head.get("scenario_seed"), component)
    out = "-".join(_in_a_path(one) for one in parts if one is not None)
    again = shlex.join([*words, "-o", out])
    if campaign is None:
        return again
    return f"{again} && {shlex.join(['misusebench', 'compare', out, '--explain', campaign])}"


def _in_a_path(name: object) -> str:
    """Return a name as part of a folder's name, which needs no quoting."""
    return re.sub(r"[^\w.]+", "-", str(name), flags=re.ASCII)[:80]


def shown(path: str | Path) -> str:
    """Return a path as one writes it here: relative to the working folder if it lies below."""
    whole, here = Path(path).resolve(), Path.cwd().resolve()
    return str(whole.relative_to(here) if whole.is_relative_to(here) else whole)


def _suite(world: World) -> tuple[str, Suite] | None:
    """Return the suite that head ran, as an option names it and as it is read; None if unknown."""
    source = world.suite or str(world.head.get("suite"))
    if source not in list_suites():
        source = source if source.endswith(".toml") else f"{source}.toml"
        if not Path(source).is_file():
            return None
    try:
        suite = load_suite(source)
    except SuiteError:
        return None
    return (shown(source) if source.endswith(".toml") else source), suite


def _there(component: str, told: Mapping[str, Any], suite: Suite) -> bool:
    """Tell whether a suite has a component as it was run: by the name, of the same class."""
    target = told["component"].get("target")
    return any(
        one.name == component and target in (one.target, None, "") for one in suite.components
    )


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
    where = place((pair[0], pair[1]), about, world.since) if told else None
    return placed(check, where, again)


def placed(check: Check, where: Place | None, again: str) -> Check:
    """Return a check that did not pass with a place, if there is one, and the command."""
    see = "" if where is None else f"; see {where[0]}:{where[1]}"
    file, line = where or (None, None)
    message = f"{check.message}{see}; reproduce: {again}"
    return replace(check, message=message, reproduce=again, file=file, line=line)


def located(checks: Iterable[Check], config: str | Path | None) -> list[Check]:
    """Return checks whose faults all lie somewhere: last, at the first line of the gate's file.

    Parameters
    ----------
    checks
        Of a verdict.
    config
        The gate's file, if one was given; else gate.toml or suite.toml where there is one.
    """
    usual = (name for name in ("gate.toml", "suite.toml") if Path(name).is_file())
    last = next(usual, None) if config is None else shown(config)
    return [
        replace(one, file=last, line=1)
        if last and one.file is None and one.status in WORST[1:] else one
        for one in checks
    ]  # fmt: skip
