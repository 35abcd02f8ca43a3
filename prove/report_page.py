"""The page of a run of the suite `full`: small, silent, asks for nothing, clean for screen readers.

`PROOF_RUN` names a run's folder whose page is proved; else the suite `PROOF_SUITE` (full) runs on
`PROOF_WORLD` (S-HI-medium) over `PROOF_DAYS` days, with the share `PROOF_SHARE` of its components.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from shared.browser import Opened, opened

from misusebench.report import write_report
from misusebench.result import load_run
from misusebench.run import run
from misusebench.suite import load_suite
from misusesim import shards
from misusesim.scenario.load import load_scenario

FOLDER: Final = Path(os.environ["PROOF_FOLDER"])
WORLD: Final = os.environ.get("PROOF_WORLD", "S-HI-medium")
SUITE: Final = os.environ.get("PROOF_SUITE", "full")
DAYS: Final = int(os.environ.get("PROOF_DAYS", "30"))
SHARE: Final = float(os.environ.get("PROOF_SHARE", "1"))
#: Bytes of a page.
MOST: Final = 2_000_000


def judged() -> Path:
    """Return a run's folder: the one that is given, or a new one."""
    if given := os.environ.get("PROOF_RUN"):
        return Path(given)
    data, folder = FOLDER / "data", FOLDER / "run"
    shards.run(load_scenario(WORLD, days=DAYS), data, workers=None)
    suite = load_suite(SUITE)
    count = max(1, round(SHARE * len(suite.components)))
    chosen = suite.components[:: max(1, len(suite.components) // count)]
    run(data, replace(suite, components=chosen), folder, jobs=os.cpu_count() or 1)
    return folder


def faults(size: int, looks: list[Opened]) -> list[str]:
    """Return which budgets are missed."""
    found = [] if size <= MOST else [f"{size:,} bytes, {MOST:,} are allowed"]
    for one in looks:
        lists = {"console": one.messages, "requests": one.requests, "axe": one.violations}
        found += [
            f"{one.name}: {name}: {'; '.join(told[:5])}" for name, told in lists.items() if told
        ]
        if one.wider:
            found.append(f"{one.name}: the page is {one.wider} pixels wider than the window")
    return found


def main() -> None:
    """Write the page, open it every way, and print what the browser says."""
    folder = judged()
    page = write_report(folder, FOLDER / "report.html")
    size = page.stat().st_size
    again = write_report(folder, FOLDER / "again.html").read_bytes() == page.read_bytes()
    looks = opened(page)
    told, results = load_run(folder)
    _numbers(told, size, looks, again=again)
    print(f"# The page of a run: suite `{told['suite']}` on `{told['dataset']['name']}`\n")
    print(f"{len(results)} components, {told['dataset']['scored_rows']:,} scored queries. "
          f"{size:,} bytes (budget {MOST:,}); written twice: "
          f"{'the same bytes' if again else 'other bytes'}.\n")  # fmt: skip
    print("| opened | console messages | requests elsewhere | axe rules broken | wider than the "
          "window |")  # fmt: skip
    print("|---|---|---|---|---|")
    for one in looks:
        rules = len(one.violations) if one.axe else "not asked"
        counts = (len(one.messages), len(one.requests), rules, one.wider)
        print(f"| {one.name} | " + " | ".join(map(str, counts)) + " |")
    print(f"\naxe-core {looks[0].axe}, {looks[0].browser}.")
    missed = faults(size, looks) + ([] if again else ["two pages of one run differ"])
    for fault in missed:
        print(fault, file=sys.stderr)
    if kept := os.environ.get("PROOF_KEEP"):
        shutil.copy(page, kept)
    if missed:
        raise SystemExit(1)


def _numbers(told: dict[str, Any], size: int, looks: list[Opened], *, again: bool) -> None:
    found = {
        "suite": told["suite"], "dataset": told["dataset"]["name"], "bytes": size,
        "same_bytes": again, "looks": [one._asdict() for one in looks],
    }  # fmt: skip
    Path(os.environ["PROOF_NUMBERS"]).write_text(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
