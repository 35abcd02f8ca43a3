"""The report's section on how to get the same numbers."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

from misusebench.report.markup import Cell, preformatted, table
from misusebench.suite import list_suites
from misusesim.dataset.layout import SCENARIO

if TYPE_CHECKING:
    from collections.abc import Mapping

    from misusebench.report.view import View


def _world(name: str, seed: int | None, made: str) -> str:
    """Return what makes the world again: a shipped name and the seed, if they make that scenario.

    Else, as with other days or settings, the file in the data set's folder, which holds them all.
    """
    from misusesim.scenario.family import members  # noqa: PLC0415 - only this line needs them
    from misusesim.scenario.folder import scenario_folder  # noqa: PLC0415
    from misusesim.scenario.load import load_scenario, scenario_hash  # noqa: PLC0415

    shipped = {path.stem for path in scenario_folder().glob("*.toml")} | {m.name for m in members()}
    if name in shipped and scenario_hash(load_scenario(name, seed=seed)) == made:
        return name if seed is None else f"{name} --seed {seed}"
    return f"DATA/{SCENARIO}"


def _suite(run: Mapping[str, Any]) -> str:
    """Return the suite as an option names it, quoted for a shell: as it was given for the run.

    Runs of older versions do not tell that, and a folder of somebody's machine says nothing to
    others: then its name alone; of runs that tell no file at all, one called like the suite.
    """
    where, name = run.get("ungated", {}), str(run["suite"])
    given = where.get("suite_given") or Path(where.get("suite") or "").name
    given = Path(given).name if Path(given).is_absolute() else given
    return shlex.quote(given or (name if name in list_suites() else f"{name}.toml"))


def _options(run: Mapping[str, Any]) -> list[str]:
    """Return the other options of the run that chose components or a tier, quoted for a shell."""
    return [shlex.quote(str(word)) for word in run.get("ungated", {}).get("options", ())]


def reproduce(view: View) -> str:
    """Return what it takes to get the same numbers: command, versions, hashes."""
    run, data = view.run, view.run["dataset"]
    machine = run.get("ungated", {}).get("machine", {})
    packages = ", ".join(f"{k} {v}" for k, v in sorted(machine.get("packages", {}).items()))
    seeds = {one.seeds.get("scenario") for one in view.results}
    seed = seeds.pop() if len(seeds) == 1 else None
    world = _world(str(data["name"]), seed, str(run["scenario_hash"]))
    command = (
        f"misusebench simulate {world} -o AGAIN\n"
        f"misusebench bench AGAIN --suite {' '.join([_suite(run), *_options(run)])} -o RUN\n"
        "misusebench report RUN -o report.html"
    )
    told = [
        ("suite", run["suite"]), ("tier", run["tier"]), ("seed", run["seed"]),
        ("review budget, alerts a day", run["review_budget"]),
        ("history, share of days", run["history_share"]),
        ("data set hash", data["hash"]), ("scenario hash", run["scenario_hash"]),
        ("Python", machine.get("python", "")), ("packages", packages),
    ]  # fmt: skip
    rows = [(str(name), "", [Cell(str(value), style="text wrap")]) for name, value in told]
    of = [
        (r.name, "", [
            Cell(str(r.component.get("target", "")), style="text"), Cell(r.tier, style="text"),
            Cell(str(r.isolation.get("level", "")), style="text"),
            Cell((r.component.get("source_sha256") or "")[:16], style="text"),
        ])
        for r in view.results
    ]  # fmt: skip
    return (
        preformatted(command)
        + table("The run.", ["what", "value"], rows, sortable=False, text=True)
        + table(
            "Components.", ["name", "target", "tier", "isolation", "source, SHA-256"], of, text=True
        )
    )
