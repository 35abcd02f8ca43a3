"""Members of the family under the audit: one at its natural rate, two enriched, seeds pooled.

`PROOF_MEMBERS="M-NAT-hard+S-HI-hard S-HI-medium"` and `PROOF_SEEDS="1 2 3 4 5"` are the default. Of
``A+B`` each seed of A is audited by itself and its first seed with all seeds of B pooled; of ``B``
alone the first seed with all others.
"""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from misusebench.audit.whole import audited_dataset
from misusesim import simulate
from misusesim.scenario.load import load_scenario

if TYPE_CHECKING:
    from misusebench.audit import Audit, Check

FOLDER = Path(os.environ["PROOF_FOLDER"])
MEMBERS = os.environ.get("PROOF_MEMBERS", "M-NAT-hard+S-HI-hard S-HI-medium").split()
SEEDS = [int(seed) for seed in os.environ.get("PROOF_SEEDS", "1 2 3 4 5").split()]
LEAST = int(os.environ.get("PROOF_LEAST", "100"))


def made(name: str, seed: int) -> Path:
    """Make a data set, once."""
    out = FOLDER / f"{name}-{seed}"
    simulate(load_scenario(name, seed=seed), out, workers=os.cpu_count() or 1)
    return out


def audits(member: str) -> dict[int, Audit]:
    """Return the audit of each seed of a member; the first has all others pooled with it."""
    name, _, sibling = member.partition("+")
    others = [made(sibling or name, seed) for seed in SEEDS if sibling or seed != SEEDS[0]]
    found = {}
    for seed in SEEDS:
        out = made(name, seed)
        found[seed] = audited_dataset(out, others if seed == SEEDS[0] else (), least=LEAST)
        if out not in others:
            shutil.rmtree(out)
    for out in others:
        shutil.rmtree(out, ignore_errors=True)
    return found


def page(member: str, found: dict[int, Audit]) -> list[str]:
    """Return a table of a member: a line a check, a column a seed."""
    name, _, sibling = member.partition("+")
    pooled = f"all seeds of {sibling or 'the others'}"
    lines = [f"## {name}, level {found[SEEDS[0]].level}\n"]
    for seed, one in found.items():
        failed = ", ".join(check.name for check in one.failed) or "none"
        more = f", with {pooled} pooled" if seed == SEEDS[0] else ""
        lines.append(
            f"- seed {seed}{more}: {one.positives:,} of {one.rows:,} rows misuse; failed: {failed}"
        )
    heads = " | ".join(f"seed {seed}" for seed in found)
    lines += ["", f"| | check | bound (seed {SEEDS[0]}) | {heads} |",
              f"|---|---|---|{'---|' * len(found)}"]  # fmt: skip
    for check in found[SEEDS[0]].checks:
        same = [next((c for c in one.checks if key(c) == key(check)), None)
                for one in found.values()]  # fmt: skip
        cells = " | ".join(cell(one) for one in same)
        lines.append(f"| {check.id} | {check.name} | {check.bound} | {cells} |")
    return lines


def key(check: Check) -> tuple[str, str]:
    """Return what names a check."""
    return check.id, check.name


def cell(check: Check | None) -> str:
    """Return the value, and the verdict where it is not a pass."""
    if check is None or check.value is None:
        return "-"
    text = f"{check.value:.3g}"
    return f"**{text} fail**" if check.passed is False else text


def main() -> None:
    """Print a table a member."""
    found = {member: audits(member) for member in MEMBERS}
    print("# Members of the family under the audit\n")
    print("\n\n".join("\n".join(page(member, one)) for member, one in found.items()))
    numbers = {
        member: {seed: audit.as_dict() for seed, audit in one.items()}
        for member, one in found.items()
    }
    Path(os.environ["PROOF_NUMBERS"]).write_text(json.dumps(numbers, indent=1))
    if any(audit.failed for one in found.values() for audit in one.values()):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
