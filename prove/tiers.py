"""What an agency gains by joining roster, dispatch log and ties; how far all are from the ceiling.

`PROOF_SEEDS` (6) and `PROOF_DAYS` (120) ask for other numbers of worlds and lengths.
"""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
from shared import boards, kinds

from misusebench.report.tiers import tier_table
from misusebench.specs import TIERS
from misusebench.suite import Suite, load_suite
from misusebench.worlds import by_tier, gains, pairs

if TYPE_CHECKING:
    from misusebench.worlds import Pair

WORLD: Final = "S-HI-medium"
SEEDS = int(os.environ.get("PROOF_SEEDS", "6"))
DAYS = int(os.environ.get("PROOF_DAYS", "120"))
#: Those that take a tier; `explanation` has no use for one below T2.
TAKING: Final = ("peer_z", "rules", "iforest", "ecod", "hbos", "loda")
FROM_T2: Final = ("explanation", "explanation_mined")
METRICS: Final = {
    "average_precision": "Average precision", "campaign_recall": "Campaigns caught at ten alerts",
    "false_accusations": "False accusations per 1,000 innocent officer-years",
}  # fmt: skip
ALONE: Final = ("label_oracle",)
LEVEL: Final = 0.05


def suite() -> Suite:
    """Return the standard detectors at T3, the main ones at each tier, and the oracles."""
    standard = load_suite("standard")
    at_each = dict.fromkeys(TAKING, TIERS) | dict.fromkeys(FROM_T2, TIERS[2:])
    own = [
        replace(spec, tier=tier, name=f"{spec.name}-{tier}")
        for spec in standard.components
        for tier in at_each.get(spec.name, ("T3",))
    ]
    return boards.with_oracles(replace(standard, components=tuple(own), single_rows=0), TIERS)


def against_oracles(found: list[boards.Judged]) -> tuple[list[Pair], list[str]]:
    """Return each detector against its tier's oracle over worlds, and the table of regrets."""
    names = [
        n for n in found[0]
        if not n.startswith((boards.ORACLE, *ALONE)) and not boards.told_labels(found, n)
    ]  # fmt: skip
    values = {n: boards.over(found, n, "average_precision") for n in found[0]}
    family = [(n, f"{boards.ORACLE}-{n.rpartition('-')[2]}") for n in names]
    told = {one.first: one for one in pairs(values, among=family)}
    lines = ["| detector | tier | regret | from | to | above in |", "|---|---|---|---|---|---|"]
    order = sorted(names, key=lambda n: np.nanmean(boards.over(found, n, "regret")))
    for name in order:
        regret = boards.over(found, name, "regret")
        above = int((boards.over_end(found, name, "below_oracle", "high") < 0).sum())
        base, _, tier = name.rpartition("-")
        lines.append(
            f"| {base} | {tier} | {boards.mean(regret, '.3f')} | {np.nanmin(regret):.3f} | "
            f"{np.nanmax(regret):.3f} | {above} of {len(regret)} |"
        )
    return list(told.values()), lines


def tables(found: list[boards.Judged]) -> dict[str, dict[str, list[float]]]:
    """Print what each tier gains, a table a metric; return the numbers."""
    numbers = {}
    for key, what in METRICS.items():
        values = {n: boards.over(found, n, key) for n in found[0]}
        values = {
            n: v for n, v in values.items()
            if np.isfinite(v).all() and n.startswith((*TAKING, *FROM_T2, boards.ORACLE))
        }  # fmt: skip
        means = {
            base: {tier: float(v.mean()) for tier, v in told.items()}
            for base, told in by_tier(values).items()
        }
        print(f"## {what}\n")
        print("\n".join(tier_table(means, gains(values))) + "\n")
        numbers[key] = {n: v.tolist() for n, v in values.items()}
    return numbers


def power(family: int) -> str:
    """Return whether so few worlds could tell anybody above the oracle at all."""
    least = 2 / 2**SEEDS  # two-sided, all differences of one sign
    if least * family < LEVEL:
        return f"Smallest p that {SEEDS} worlds can give: {least:.2g}, times {family} pairs."
    return (
        f"This cannot reject: the smallest p that {SEEDS} worlds can give is {least:.2g}, and Holm "
        f"multiplies it by {family} pairs. Only the intervals within worlds, above, can."
    )


def main() -> None:
    """Print the tables."""
    worlds = [boards.World(WORLD, seed, DAYS) for seed in range(1, SEEDS + 1)]
    found = boards.judged(worlds, suite())
    print("# What each tier gains, and the ceiling\n")
    print(f"{WORLD}, {DAYS or 'all'} days, {SEEDS} worlds. T0: the log alone; T1: and the roster; "
          "T2: and dispatch, cases and lists; T3: and ties and addresses.\n")  # fmt: skip
    numbers = tables(found)
    print("## Campaigns of each kind\n\n"
          "The most that any of these detectors catches at ten alerts, picked after the fact.\n"
          )  # fmt: skip
    print("\n".join(kinds.by_tier(found, (*TAKING, *FROM_T2), "random-T3")) + "\n")
    told, lines = against_oracles(found)
    over = [one.first for one in told if one.difference > 0 and one.p_holm < LEVEL]
    print("## Regret to the observable oracle of the tier\n")
    print("Mean, smallest and largest over worlds; in how many worlds the paired 95 % interval "
          "over officers lies above the oracle.\n")  # fmt: skip
    print("\n".join(lines))
    print("\nAbove the oracle over all worlds (signed ranks, Holm, 5 %): "
          + (", ".join(over) or "nobody") + f". {power(len(told))}\n")  # fmt: skip
    for tier in TIERS:
        name = f"{boards.ORACLE}-{tier}"
        ends = [boards.mean(boards.over(found, name, f"fit/{e}"), ".3f") for e in
                ("held_out", "own")]  # fmt: skip
        print(f"- {tier}: on sibling worlds the halves of the oracle have an average precision of "
              f"{ends[0]} where they were not fitted and {ends[1]} where they were.")  # fmt: skip
    numbers["against"] = {one.first: one._asdict() for one in told}
    Path(os.environ["PROOF_NUMBERS"]).write_text(json.dumps(numbers))
    if over:
        raise SystemExit(f"above the oracle: {', '.join(over)}")


if __name__ == "__main__":
    main()
