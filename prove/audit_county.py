"""`county` of five seeds under the audit: what gives its misuse away, and what chance would do.

Whether misuse is as the scenario says is asked of all seeds together as well, each kind for itself.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

from misusebench.audit.conformance import beyond_chance, conforms, parts_of
from misusebench.audit.tails import THREE_SIGMA
from misusebench.audit.whole import audited_dataset
from misusesim import shards
from misusesim.dataset.reader import open_dataset
from misusesim.scenario.load import load_scenario
from misusesim.truth import open_truth

if TYPE_CHECKING:
    from misusebench.audit import Audit
    from misusebench.audit.conformance import Conformance

FOLDER = Path(os.environ["PROOF_FOLDER"])
WORLD = os.environ.get("PROOF_WORLD", "county")
SEEDS = [int(seed) for seed in os.environ.get("PROOF_SEEDS", "2024 1 2 3 4").split()]


def audit(seed: int) -> Audit:
    """Make the world of a seed and audit it."""
    out = FOLDER / str(seed)
    shards.run(load_scenario(WORLD, [f"seed={seed}"]), out, workers=None)
    return audited_dataset(out, level="hard", least=0)


def together() -> list[Conformance]:
    """Return how each kind came out in all seeds."""
    data = [open_dataset(FOLDER / str(seed)) for seed in SEEDS]
    return conforms([parts_of(one.scenario, open_truth(one).campaigns) for one in data])


def page_together(kinds: list[Conformance]) -> str:
    """Return what is to be read of all seeds."""
    off = ", ".join(f"{one.kind} ({name})" for one in kinds for name in one.off) or "none"
    tested = [(p, one.kind, name) for one in kinds
              for name, p in one.tails.items() if p is not None]  # fmt: skip
    chance, kind, name = min(tested)
    alarms = sum(one.false_alarms for one in kinds)
    return (
        f"\nMisuse against the scenario, the seeds together: {len(tested)} statistics of "
        f"{len(kinds)} kinds; beyond three standard errors (chance {THREE_SIGMA:g}): {off}, where "
        f"{alarms:.2f} are to be expected of sound data sets. Farthest: {kind} ({name}), chance "
        f"{chance:.2g}."
    )


def shown(value: float | None, verdict: str) -> str:
    """Return a cell: the value, and the verdict where it is not a pass."""
    number = "-" if value is None else f"{value:.3g}"
    return number if verdict in {"pass", "not applicable"} else f"**{number} {verdict}**"


def main() -> None:
    """Print a line a check, a column a seed."""
    found = {seed: audit(seed) for seed in SEEDS}
    first = found[SEEDS[0]]
    print(f"# `{WORLD}` under the audit, level {first.level}\n")
    for seed, one in found.items():
        failed = ", ".join(check.name for check in one.failed) or "none"
        print(f"- seed {seed}: {one.positives:,} of {one.rows:,} rows misuse; failed: {failed}")
    head = " | ".join(f"seed {seed}" for seed in SEEDS)
    print(f"\n| | check | bound (seed {SEEDS[0]}) | {head} |\n|---|---|---|{'---|' * len(SEEDS)}")
    for check in first.checks:  # others may have checks more or less: of kinds too rare to try
        same = [next((c for c in one.checks if (c.id, c.name) == (check.id, check.name)), None)
                for one in found.values()]  # fmt: skip
        cells = " | ".join("-" if c is None else shown(c.value, c.verdict) for c in same)
        print(f"| {check.id} | {check.name} | {check.bound} | {cells} |")
    kinds = together()
    print(page_together(kinds))
    numbers = {**{str(seed): one.as_dict() for seed, one in found.items()},
               "together": [one._asdict() for one in kinds]}  # fmt: skip
    Path(os.environ["PROOF_NUMBERS"]).write_text(json.dumps(numbers, indent=1))
    if any(one.failed for one in found.values()) or beyond_chance(kinds):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
