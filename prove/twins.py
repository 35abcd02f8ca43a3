"""How well each kind of misuse hides among its honest twins, tier by tier, at level hard."""

from __future__ import annotations

import json
import os
from pathlib import Path

from shared.worlds import every_kind

from misusebench.audit.twin_checks import TOLD_APART_AT, checks_of
from misusebench.audit.twins import TIERS, Separation, pairs, pooled, separations
from misusesim import shards
from misusesim.dataset.reader import Dataset, open_dataset
from misusesim.truth import open_truth

FOLDER = Path(os.environ["PROOF_FOLDER"])
WORLD = os.environ.get("PROOF_WORLD", "S-HI-hard")
SEEDS = [int(seed) for seed in os.environ.get("PROOF_SEEDS", "1 2 3 4 5 6 7 8 9 10").split()]


def made(seed: int) -> Dataset:
    """Make the world of a seed."""
    out = FOLDER / str(seed)
    shards.run(every_kind(WORLD, seed), out, workers=None)
    return open_dataset(out)


def line(one: Separation) -> str:
    """Return a kind's row."""
    cells = [f"{one.areas[tier]:.3f}" if one.areas else "-" for tier in TIERS]
    design = TOLD_APART_AT.get(one.kind, "a rule")
    return (
        f"| {one.kind} | {one.campaigns} | {one.misuse} | {' | '.join(cells)} | {one.chance:.3f} "
        f"| {design or 'nothing'} |"
    )


def main() -> None:
    """Print a line a kind."""
    some = [made(seed) for seed in SEEDS]
    found = pooled([pairs(data, open_truth(data)) for data in some])
    told = separations(found)
    failed = [check for check in checks_of(told, "hard") if check.passed is False]
    print(
        f"# Misuse and its honest twins in `{WORLD}`, {len(SEEDS)} seeds, every kind made common\n"
    )
    print("Area under the ROC curve of a gradient-boosted classifier that saw other officers, by")
    print("information tier; kinds in bulk and of units by campaign. Chance: 99.9 % quantile of T0")
    print("when officers swap their labels. Kinds that a written rule sees by design are held")
    print("against the oddities made to look like them, the others against honest queries of the")
    print("same transaction, role and agency.\n")
    print("| kind | campaigns | queries | T0 | T1 | T2 | T3 | chance | by design told apart by |")
    print("|---|---|---|---|---|---|---|---|---|")
    for one in told:
        print(line(one))
    print(f"\nFailed: {', '.join(check.name for check in failed) or 'none'}")
    numbers = {one.kind: one._asdict() for one in told}
    Path(os.environ["PROOF_NUMBERS"]).write_text(json.dumps(numbers, indent=1))
    if failed:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
