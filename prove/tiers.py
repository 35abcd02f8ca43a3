"""What an agency gains by joining its roster, its dispatch log and its ties: T0 to T3.

`PROOF_SEEDS` (6) and `PROOF_DAYS` (120) ask for other numbers of worlds and lengths.
"""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np
from shared import boards

from misusebench.report.tiers import tier_table
from misusebench.specs import TIERS
from misusebench.suite import Suite, load_suite, parse_component
from misusebench.worlds import by_tier, gains

WORLD: Final = "S-HI-medium"
SEEDS = int(os.environ.get("PROOF_SEEDS", "6"))
DAYS = int(os.environ.get("PROOF_DAYS", "120"))
#: Those that take a tier, and the ones that have no use for one below T2.
TAKING: Final = ("peer_z", "rules", "iforest", "ecod", "hbos", "loda")
METRICS: Final = {
    "average_precision": "Average precision", "campaign_recall": "Campaigns caught at ten alerts",
    "regret": "Regret to the observable oracle of the tier",
}  # fmt: skip


def suite() -> Suite:
    """Return the detectors at each tier, with the oracles."""
    own = [
        replace(parse_component("detector", name, {}, tier), name=f"{name}-{tier}")
        for name in TAKING for tier in TIERS
    ]  # fmt: skip
    own += [
        replace(parse_component("detector", "explanation", {}, tier), name=f"explanation-{tier}")
        for tier in ("T2", "T3")
    ]
    random = parse_component("detector", "random")
    base = replace(load_suite("standard"), components=(random, *own), feedback=None, single_rows=0)
    return boards.with_oracles(base, TIERS)


def main() -> None:
    """Print a table a metric."""
    worlds = [boards.World(WORLD, seed, DAYS) for seed in range(1, SEEDS + 1)]
    found = boards.judged(worlds, suite())
    print("# What each tier gains\n")
    print(f"{WORLD}, {DAYS or 'all'} days, {SEEDS} worlds. T0: the log alone; T1: and the roster; "
          "T2: and dispatch, cases and lists; T3: and ties and addresses.\n")  # fmt: skip
    numbers = {}
    for key, what in METRICS.items():
        values = {n: boards.over(found, n, key) for n in found[0] if n != "random"}
        values = {n: v for n, v in values.items() if np.isfinite(v).all()}
        means = {
            base: {tier: float(v.mean()) for tier, v in told.items()}
            for base, told in by_tier(values).items()
        }
        print(f"## {what}\n")
        print("\n".join(tier_table(means, gains(values))) + "\n")
        numbers[key] = {n: v.tolist() for n, v in values.items()}
    above = boards.above_oracle(found)
    print("Above the oracle of its tier beyond the paired 95 % interval: "
          + ("; ".join(above) or "nobody") + ".\n")  # fmt: skip
    for tier in TIERS:
        name = f"{boards.ORACLE}-{tier}"
        ends = [boards.mean(boards.over(found, name, f"bound/{e}"), ".3f") for e in
                ("held_out", "resubstituted")]  # fmt: skip
        print(f"- {tier}: the oracle's average precision on sibling worlds is {ends[0]} held out "
              f"and {ends[1]} on its own; the best of its form lies between.")  # fmt: skip
    Path(os.environ["PROOF_NUMBERS"]).write_text(json.dumps({**numbers, "above": above}))


if __name__ == "__main__":
    main()
