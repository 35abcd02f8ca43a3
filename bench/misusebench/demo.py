"""The main job in one go: simulate a county, judge components on it, report, gate."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Group
from rich.text import Text

from misusebench.errors import SuiteError
from misusebench.gate import gate
from misusebench.report import leaderboard, write_report
from misusebench.result import dumps, load_run, write_atomically
from misusebench.run import run
from misusebench.suite import load_suite
from misusesim.dataset.reader import open_dataset
from misusesim.portal import read_portal_csv
from misusesim.realism import profile
from misusesim.scenario.load import load_scenario
from misusesim.shards import run as simulate

if TYPE_CHECKING:
    from collections.abc import Callable

    from misusebench.gate import Verdict
    from misusesim.shards import Progress

_HERE = Path(__file__).resolve().parent
#: In a checkout: the committed baselines, and a real log to lay beside the simulated one.
BASELINE = _HERE.parents[1] / "results" / "baseline"
REAL_LOG = _HERE.parents[1] / "tests" / "data" / "eugene_searches.csv"


@dataclass(frozen=True, slots=True)
class Played:
    """Where things are, and what the gate said."""

    data: Path
    run: Path
    report: Path
    queries: int
    verdict: Verdict | None
    unjudged: str = ""  # why there is no verdict

    def as_json(self) -> dict[str, Any]:
        """Return all of it as a JSON object."""
        told, found = load_run(self.run)
        return {
            "data": str(self.data), "run": str(self.run), "report": str(self.report),
            "queries": self.queries, "results": [one.gated() for one in found], "about": told,
            "verdict": self.verdict.as_json() if self.verdict else None,
        }  # fmt: skip

    def text(self) -> Group:
        """Return the leaderboard, the verdict and where things are."""
        verdict = self.verdict.lines() if self.verdict else [f"no verdict: {self.unjudged}"]
        places = (
            f"{self.queries:,} queries  {self.data}\nresults  {self.run}\nreport   {self.report}"
        )
        return Group(leaderboard(self.run), Text("\ngate: " + "\n".join(verdict)), Text(places))


def play(
    scenario: str,
    out: Path,
    *,
    unsafe: bool,
    say: Callable[[str], None],
    progress: Callable[[Progress], None] | None,
) -> Played:
    """Do everything into one folder and return where it is."""
    cores = os.cpu_count() or 1
    data, folder = out / "data", out / "run"
    say(f"1/4 simulating {scenario}")
    manifest = simulate(load_scenario(scenario), data, workers=cores, progress=progress)
    say("2/4 judging detectors and policies")
    run(data, load_suite("smoke"), folder, jobs=cores, unsafe=unsafe, progress=say)
    say("3/4 gate")
    verdict, unjudged = _judged(folder, BASELINE / f"{scenario}.json")
    if verdict is not None:
        write_atomically(folder / "verdict.json", dumps(verdict.as_json()).encode())
    say("4/4 report")
    profiles = [profile(open_dataset(data))]
    if REAL_LOG.exists():
        profiles.append(profile(read_portal_csv(REAL_LOG)))
    write_atomically(folder / "realism.json", dumps({"profiles": profiles}).encode())
    page = write_report(folder, out / "report.html")
    return Played(data, folder, page, int(manifest["rows"]["written"]), verdict, unjudged)


def _judged(run_folder: Path, baseline: Path) -> tuple[Verdict | None, str]:
    """Return the verdict, or why there is none: other package versions make other bytes."""
    if not baseline.exists():
        return None, "there is no baseline outside a checkout"
    try:
        return gate(run_folder, baseline), ""
    except SuiteError as error:
        return None, str(error)
