"""What each tier gives the main detectors on large worlds: one world each, intervals over officers.

`PROOF_WORLDS` names some of them, `PROOF_DAYS` is how many days of each; no oracle: it is too
large for them.
"""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Final

from large_clets import small_california
from shared import boards, kinds
from shared.large import unsure
from tiers import FROM_T2, METRICS, TAKING

from misusebench.specs import TIERS
from misusebench.suite import Suite, load_suite
from misusesim.scenario.load import load_scenario
from misusesim.scenario.write import dump_toml

CLETS: Final = "small clets_2023"
#: World -> days.
USUAL: Final = {"M-LOW-hard": 60, "M-NAT-hard": 60, "permit_desk": 180, CLETS: 60}
WORLDS = os.environ.get("PROOF_WORLDS", ",".join(USUAL)).split(",")
DAYS = int(os.environ.get("PROOF_DAYS", "0"))
JOBS = int(os.environ.get("PROOF_JOBS", str(boards.CORES)))


def suite() -> Suite:
    """Return the main detectors at each tier, and the control that the tables are read against."""
    standard = load_suite("standard")
    at_each = dict.fromkeys(TAKING, TIERS) | dict.fromkeys(FROM_T2, TIERS[2:])
    at_each["random"] = TIERS[:1]
    own = [
        replace(spec, tier=tier, name=f"{spec.name}-{tier}")
        for spec in standard.components
        for tier in at_each.get(spec.name, ())
    ]
    return replace(standard, components=tuple(own), single_rows=0)


def table(one: boards.Judged, key: str) -> list[str]:
    """Return a metric by detector and tier, with intervals over officers."""
    lines = [f"| detector | {' | '.join(TIERS)} |", f"|---|{'---:|' * len(TIERS)}"]
    for base in sorted({name.rpartition("-")[0] for name in one}):
        cells = []
        for tier in TIERS:
            told = one.get(f"{base}-{tier}", {})
            value, low, high = (boards.number(told, key, p) for p in ("value", "low", "high"))
            cells.append("-" if value != value else f"{value:.4g} [{low:.4g}, {high:.4g}]")  # noqa: PLR0124
        lines.append(f"| {base} | {' | '.join(cells)} |")
    return [*lines, ""]


def told_of(metrics: boards.Metrics) -> boards.Metrics:
    """Return the metrics that the page tells, and why there are none."""
    kept = (*METRICS, "failed")
    return {k: v for k, v in metrics.items() if k in kept or k.startswith("campaign_recall/")}


def main() -> None:
    """Judge each world and print its tables."""
    print("# What each tier gives on large worlds\n")
    print("One world each. In brackets: 95 % intervals over officers, of each cell by itself.\n")
    numbers = {}
    for name in WORLDS:
        days, path = DAYS or USUAL[name], name
        if name == CLETS:
            path = str(Path(os.environ["PROOF_FOLDER"]) / "clets_2023.toml")
            Path(path).write_text(dump_toml(small_california()))
        world = boards.World(path, load_scenario(path).seed, days)
        one = boards.judged([world], suite(), jobs=JOBS, failures=True)[0]
        numbers[name] = {who: told_of(metrics) for who, metrics in one.items()}
        failed = [f"{who}: {told['failed']['note']}" for who, told in one.items()
                  if "failed" in told]  # fmt: skip
        base = boards.number(one["random-T0"], "average_precision")
        print(f"## {name}, {days} days\n\nAverage precision of random scores: {base:.3g}.\n")
        print("\n".join(unsure(one["random-T0"])))
        for key, what in METRICS.items():
            print(f"### {what}\n")
            print("\n".join(table(one, key)), flush=True)
        print("### Campaigns of each kind\n\n"
              "The most that any of these detectors catches, picked after the fact.\n"
              )  # fmt: skip
        print("\n".join(kinds.by_tier([one], (*TAKING, *FROM_T2), "random-T0")) + "\n")
        print("INVALID: " + ("; ".join(failed) or "none") + ".\n")
    Path(os.environ["PROOF_NUMBERS"]).write_text(json.dumps(numbers))


if __name__ == "__main__":
    main()
