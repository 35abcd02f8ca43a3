"""Conformance from the command line: any component, on a small data set made for it."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

from rich.table import Table
from rich.text import Text

from misusebench.checks import check
from misusebench.errors import SuiteError
from misusebench.suite import TIERS, parse_component
from misusesim.dataset.reader import open_dataset
from misusesim.scenario.load import load_scenario
from misusesim.shards import run as simulate

if TYPE_CHECKING:
    from misusebench.checks import Report

KINDS: Final = ("detector", "policy")


def conform(component: str, kind: str, data: Path | None, *, unsafe: bool = False) -> Report:
    """Run all checks of a component on a data set, by default on scenario `tiny`.

    Raises
    ------
    SuiteError
        If there is no such component or kind.
    """
    if kind not in KINDS:
        raise SuiteError(f"--kind must be {' or '.join(KINDS)}, got {kind}")
    spec = parse_component("policy" if kind == "policy" else "detector", component)
    if data is not None:
        dataset = open_dataset(data)
        return check(spec, dataset.log(), dataset.context(TIERS[-1]), unsafe=unsafe)
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder) / "tiny"
        simulate(load_scenario("tiny"), made)
        dataset = open_dataset(made)
        return check(spec, dataset.log(), dataset.context(TIERS[-1]), unsafe=unsafe)


def render(report: Report) -> Table:
    """Return a report for a terminal."""
    shown = Table(title=f"{report.component} ({report.isolation})", title_justify="left")
    for name in ("check", "", "detail"):
        shown.add_column(name)
    for result in report.results:
        mark = Text("pass", style="green") if result.passed else Text("FAIL", style="bold red")
        shown.add_row(result.name, mark, Text(result.detail))
    return shown
