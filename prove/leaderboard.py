"""Every reference detector on many worlds: what each finds, and who is better than whom.

`PROOF_WORLDS="S-HI-medium:20"` asks for other worlds and numbers of seeds, told one after another;
`PROOF_DAYS` (120) for other lengths, 0 for the whole year.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, Final

import numpy as np
from shared import boards, kinds

from misusebench.report.diagrams import chances, critical_difference, write
from misusebench.suite import load_suite
from misusebench.worlds import ROPE, alike, mean_ranks, pairs

WORLDS = os.environ.get("PROOF_WORLDS", "S-HI-medium:20").split()
DAYS = int(os.environ.get("PROOF_DAYS", "120"))
PICTURES = Path(os.environ.get("PROOF_PICTURES", "results"))
TOLD: Final = {
    "average_precision": ".4g", "auroc": ".3f", "campaign_recall": ".3f",
    "precision_at_budget": ".4f", "false_accusations": ",.0f",
}  # fmt: skip
LEVEL: Final = 0.05
ABOUT: Final = """Means over worlds; all detectors are granted T3. False accusations: per 1,000
innocent officer-years, with ten alerts read a day. How far all are from what could be seen is in
tiers.md.
"""


def page(name: str, found: list[boards.Judged]) -> tuple[str, dict[str, Any]]:
    """Return what is to be read of some worlds, and what a machine reads."""
    columns = {
        key: {n: boards.over(found, n, key) for n in found[0]} for key in TOLD
    }  # fmt: skip
    rivals = {
        n: v for n, v in columns["average_precision"].items()
        if n != "label_oracle" and np.isfinite(v).all()
    }  # fmt: skip
    ranks, told = mean_ranks(rivals), pairs(rivals)
    bars = alike(rivals, told=told)
    lines = [
        f"## {name}, {DAYS or 'all'} days, {len(found)} worlds\n",
        ABOUT,
        f"| detector | mean rank | {' | '.join(TOLD)} |", f"|---|---|{'---|' * len(TOLD)}",
    ]  # fmt: skip
    for one in ["label_oracle", *ranks]:
        cells = " | ".join(boards.mean(columns[key][one], shown) for key, shown in TOLD.items())
        lines.append(f"| {one} | {ranks[one]:.1f} | {cells} |" if one in ranks
                     else f"| {one} | - | {cells} |")  # fmt: skip
    apart = sum(one.p_holm < LEVEL for one in told)
    lines += [
        "", f"Of {len(told)} pairs {apart} differ in average precision (signed ranks, Holm, 5 %).",
        "", f"![Mean ranks](leaderboard-{name}-ranks.png)", "",
        f"![Who is better than whom](leaderboard-{name}-pairs.png)", "",
        "### Who catches most, by kind\n",
        *kinds.by_family(found, [n for n in rivals if n in boards.FAMILIES]),
    ]  # fmt: skip
    write(
        critical_difference(ranks, bars, len(found)), PICTURES / f"leaderboard-{name}-ranks.png"
    )  # fmt: skip
    write(chances(told, list(ranks), ROPE), PICTURES / f"leaderboard-{name}-pairs.png")
    numbers = {
        "ranks": ranks, "pairs": [one._asdict() for one in told], "alike": bars, "rope": ROPE,
        **{key: {n: v.tolist() for n, v in column.items()} for key, column in columns.items()},
    }  # fmt: skip
    return "\n".join(lines), numbers


def holds(numbers: dict[str, Any]) -> list[str]:
    """Return what should hold and does not."""
    wrong = [] if np.nanmin(numbers["average_precision"]["label_oracle"]) == 1 else ["label_oracle"]
    areas = numbers["auroc"]
    wrong += [n for n in boards.AT_CHANCE if not boards.at_chance(np.array(areas[n]))]
    return wrong


def main() -> None:
    """Print a table a world."""
    print("# Reference detectors on many worlds\n")
    told, numbers = [], {}
    for text in WORLDS:
        name, _, seeds = text.partition(":")
        suite = load_suite("standard")
        worlds = [boards.World(name, seed, DAYS) for seed in range(1, int(seeds or 1) + 1)]
        shown, numbers[name] = page(name, boards.judged(worlds, suite))
        told.append(shown)
    print("\n\n".join(told))
    Path(os.environ["PROOF_NUMBERS"]).write_text(json.dumps(numbers))
    if wrong := [f"{name}: {', '.join(w)}" for name, n in numbers.items() if (w := holds(n))]:
        raise SystemExit(f"not at chance, or not perfect: {'; '.join(wrong)}")


if __name__ == "__main__":
    main()
