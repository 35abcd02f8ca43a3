"""Reference detectors on single large worlds, with intervals over officers.

`PROOF_WORLDS` names them (all four by default: hours), `PROOF_DAYS` shortens them (0: whole years).
`clets` is California's year of 2023 made small: the unit of the permit checks as it is, one in a
hundred of the other agencies, and a tenth of what systems ask by themselves.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from shared import boards

from misusebench.suite import load_suite
from misusesim.scenario.load import load_scenario
from misusesim.scenario.write import dump_toml

if TYPE_CHECKING:
    from misusesim.scenario.model import Scenario

WORLDS = os.environ.get("PROOF_WORLDS", "permit_desk M-LOW-hard M-NAT-hard clets").split()
DAYS = int(os.environ.get("PROOF_DAYS", "0"))
ORACLE_WORLDS = int(os.environ.get("PROOF_ORACLE_WORLDS", "2"))
TIER: Final = "T3"
#: Small enough for the oracle's memory (`oracle.MOST_ROWS`).
WITH_ORACLE: Final = ("permit_desk",)
ONE_IN: Final = 100
SYSTEMS: Final = 0.1
LARGEST: Final = 1_600  # accounts; agencies of more are left out of the small California
INTERVALS: Final = {
    "average_precision": ".4g", "campaign_recall": ".3f", "precision_at_budget": ".4f",
    "false_accusations": ",.0f", "false_accusations_per_100k": ".2f", "regret": ".3f",
}  # fmt: skip
SINGLE: Final = {"auroc": ".3f", "accusation_disparity": ".1f", "repeat_flag_top_share": ".3f"}


def small_california() -> Scenario:
    """Return `clets_2023` with few agencies besides the one whose unit checks permits."""
    whole = load_scenario("clets_2023")
    groups = []
    for group in whole.agency:
        if group.accounts_median > LARGEST:
            continue
        kept = group.name == "large sheriff"
        change: dict[str, Any] = {"count": 1 if kept else -(-group.count // ONE_IN)}
        change["interface_queries_per_day"] = group.interface_queries_per_day * SYSTEMS
        groups.append(group.model_copy(update=change))
    return whole.model_copy(
        update={"agency": tuple(groups), "population": whole.population // ONE_IN, "truth": "full"}
    )


def source(name: str) -> str:
    """Return what `load_scenario` reads of a world's name."""
    if name != "clets":
        return name
    path = boards.FOLDER / "clets_2023.toml"
    path.write_text(dump_toml(small_california()))
    return str(path)


def page(name: str, one: boards.Judged) -> list[str]:
    """Return what is to be read of one world."""
    base = boards.number(one["random"], "average_precision") / boards.number(one["random"], "lift")
    order = sorted(one, key=lambda n: -np.nan_to_num(boards.number(one[n], "average_precision")))
    lines = [
        f"## {name}, {DAYS or 'all'} days\n",
        f"Base rate {base:.3g}. In brackets: 95 % intervals over officers.\n",
        f"| detector | {' | '.join([*INTERVALS, *SINGLE])} |",
        f"|---|{'---|' * (len(INTERVALS) + len(SINGLE))}",
    ]
    for who in order:
        cells = [_between(one[who], key, shown) for key, shown in INTERVALS.items()]
        cells += [_plain(boards.number(one[who], key), shown) for key, shown in SINGLE.items()]
        lines.append(f"| {who} | {' | '.join(cells)} |")
    lines.append("")
    if f"{boards.ORACLE}-{TIER}" in one:
        above = "; ".join(boards.above_oracle([one])) or "nobody"
        lines += [f"Above the observable oracle beyond the paired interval: {above}.", ""]
    if any(key.startswith("campaign_recall/") for key in one["random"]):
        lines += boards.kinds([one], [n for n in one if n in boards.FAMILIES])
    return lines


def _plain(value: float, shown: str) -> str:
    return format(value, shown) if np.isfinite(value) else "-"


def _between(metrics: boards.Metrics, key: str, shown: str) -> str:
    value, low, high = (boards.number(metrics, key, part) for part in ("value", "low", "high"))
    ends = f" [{_plain(low, shown)}, {_plain(high, shown)}]"
    return _plain(value, shown) + (ends if np.isfinite([low, high]).all() else "")


def main() -> None:
    """Print a table a world."""
    print("# Reference detectors on large worlds\n")
    numbers: dict[str, Any] = {}
    standard = load_suite("standard")
    for name in WORLDS:
        tiers = [TIER] if name in WITH_ORACLE else []
        suite = boards.with_oracles(standard, tiers, ORACLE_WORLDS)
        path = source(name)
        seed = load_scenario(path).seed
        one = boards.judged([boards.World(path, seed, DAYS)], suite)[0]
        print("\n".join(page(name, one)) + "\n", flush=True)
        numbers[name] = one
    Path(os.environ["PROOF_NUMBERS"]).write_text(json.dumps(numbers))


if __name__ == "__main__":
    main()
