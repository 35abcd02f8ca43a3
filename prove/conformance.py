"""Misuse against its scenarios, kind by kind: many seeds, outcomes only.

`PROOF_WORLDS="S-HI-hard:40 county:5"` asks for other worlds and numbers of seeds.
"""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from misusebench.audit.conformance import Conformance, beyond_chance, conforms, parts_of
from misusebench.audit.tails import THREE_SIGMA
from misusesim import simulate
from misusesim.scenario.load import load_scenario
from misusesim.truth import open_truth

if TYPE_CHECKING:
    from collections.abc import Iterable

FOLDER = Path(os.environ["PROOF_FOLDER"])
WORLDS = os.environ.get(
    "PROOF_WORLDS", "S-HI-easy:20 S-HI-medium:20 S-HI-hard:20 M-HI-medium:5 county:20"
).split()
CELLS: Final = (
    "A cell has what came out, what is implied, and the two-sided chance of being so far off; "
    "days and queries are those of the mean campaign; rungs are declared / miscoded / case."
)


def world(name: str, seeds: int) -> list[Conformance]:
    """Make the outcomes of some seeds of a world and hold them against its scenario."""
    parts = []
    for seed in range(1, seeds + 1):
        scenario, out = load_scenario(name, seed=seed), FOLDER / f"{name}-{seed}"
        truth = open_truth(simulate(scenario, out, outcomes_only=True))
        parts.append(parts_of(scenario, truth.campaigns))
        shutil.rmtree(out)
    return conforms(parts)


def page(found: dict[str, list[Conformance]]) -> str:
    """Return what is to be read."""
    every = [one for kinds in found.values() for one in kinds]
    tested = sum(p is not None for one in every for p in one.tails.values())
    beyond, expected = sum(len(one.off) for one in every), sum(one.false_alarms for one in every)
    head = (
        f"{beyond} of {tested} statistics are beyond three standard errors (two-sided chance below "
        f"{THREE_SIGMA:g}); {expected:.2f} are to be expected if all is as implied. The least "
        f"chance is {least(every):.2g}.\n"
    )
    lines = ["# Misuse against what its scenarios imply\n", head, CELLS]
    for name, kinds in found.items():
        lines += ["", f"## {name}\n", "| kind | campaigns | days | queries | rungs |",
                  "|---|---|---|---|---|"]  # fmt: skip
        lines += [row(one) for one in kinds]
    return "\n".join(lines)


def least(every: Iterable[Conformance]) -> float:
    """Return the smallest chance of all."""
    return min(p for one in every for p in one.tails.values() if p is not None)


def row(one: Conformance) -> str:
    """Return the line of a kind."""
    rungs = ["/".join(f"{n:.0f}" for n in some) for some in (one.rungs, one.expected_rungs)]
    cells = (
        cell(one, "campaigns", f"{one.campaigns:,}", f"{one.expected:,.1f}"),
        cell(one, "days", number(one.days), number(one.expected_days)),
        cell(one, "queries", number(one.queries), number(one.expected_queries)),
        cell(one, "rungs", *rungs),
    )
    return f"| {one.kind} | {' | '.join(cells)} |"


def cell(one: Conformance, name: str, real: str, implied: str) -> str:
    """Return what came out beside what is implied; bold where beyond three standard errors."""
    chance = one.tails[name]
    if chance is None:
        return "-"
    text = f"{real}; {implied}; {chance:.2g}"
    return f"**{text}**" if name in one.off else text


def number(value: float | None) -> str:
    """Return three digits."""
    return "-" if value is None else f"{value:.3g}"


def holds(found: dict[str, list[Conformance]]) -> bool:
    """Tell whether no more is beyond three standard errors than chance gives, and nothing far."""
    return not beyond_chance(one for kinds in found.values() for one in kinds)


def numbers(found: dict[str, list[Conformance]]) -> dict[str, Any]:
    """Return what a machine reads."""
    return {name: [one._asdict() for one in kinds] for name, kinds in found.items()}


def main() -> None:
    """Print a table a world."""
    asked = [text.partition(":") for text in WORLDS]
    found = {name: world(name, int(seeds or 1)) for name, _, seeds in asked}
    print(page(found))
    Path(os.environ["PROOF_NUMBERS"]).write_text(json.dumps(numbers(found), indent=1))
    if not holds(found):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
