"""Reference detectors on one large world, with intervals over officers.

`PROOF_DAYS` asks for other days than usual (0: all), `PROOF_JOBS` is how many components run at a
time: a year of ten million queries takes some 6 GiB, and each component up to 5 more.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from misusebench import interval
from misusebench.suite import load_suite
from misusesim.scenario.load import load_scenario
from shared import boards, kinds

if TYPE_CHECKING:
    from collections.abc import Sequence

JOBS = int(os.environ.get("PROOF_JOBS", str(boards.CORES)))
ORACLE_WORLDS = int(os.environ.get("PROOF_ORACLE_WORLDS", "2"))
#: Controls and probes of which the page says whether they are at chance.
SHOWN: Final = (*boards.AT_CHANCE, "officer_probe", "missing_probe", "format_probe")
CHANCE: Final = 0.5
INTERVALS: Final = {
    "average_precision": ".4g", "campaign_recall": ".3f", "precision_at_budget": ".4f",
    "false_accusations": ",.0f", "false_accusations_per_100k": ".2f", "auroc": ".3f",
    "regret": ".3f",
}  # fmt: skip
SINGLE: Final = {"accusation_disparity": ".1f", "repeat_flag_top_share": ".3f"}


def page(name: str, days: int, one: boards.Judged) -> list[str]:
    """Return what is to be read of one world."""
    base = boards.number(one["random"], "average_precision") / boards.number(one["random"], "lift")
    order = sorted(one, key=lambda n: -np.nan_to_num(boards.number(one[n], "average_precision")))
    queries = boards.number(one["random"], "queries")
    lines = [
        f"# Reference detectors on {name}, {days or 'all'} days\n",
        f"Queries, with those of the history: {_plain(queries, ',.0f')}.\n",
        f"Base rate {base:.3g}. In brackets: 95 % intervals over officers.\n",
        f"| detector | {' | '.join([*INTERVALS, *SINGLE])} |",
        f"|---|{'---|' * (len(INTERVALS) + len(SINGLE))}",
    ]
    for who in order:
        if "failed" in one[who]:
            told = f"INVALID: {one[who]['failed']['note']}"
            lines.append(f"| {who} | {told} |{' |' * (len(INTERVALS) + len(SINGLE) - 1)}")
            continue
        cells = [_between(one[who], key, shown) for key, shown in INTERVALS.items()]
        cells += [_plain(boards.number(one[who], key), shown) for key, shown in SINGLE.items()]
        lines.append(f"| {who} | {' | '.join(cells)} |")
    lines += ["", probes(one), "", *unsure(one["random"])]
    if any(name.startswith(boards.ORACLE) for name in one):
        above = "; ".join(boards.above_oracle([one])) or "nobody"
        lines += [f"Above the observable oracle beyond the paired interval: {above}.", ""]
    if any(key.startswith("campaign_recall/") for key in one["random"]):
        lines += kinds.by_family([one], [n for n in one if n in boards.FAMILIES])
    return lines


def unsure(found: boards.Metrics) -> list[str]:
    """Return the mark that the run gives intervals which too few misusing officers make."""
    notes = {found.get(key, {}).get("note") for key in INTERVALS}
    if "interval unreliable" not in notes:
        return []
    told = (
        f"Intervals are unreliable here: fewer than {interval.LEAST_OFFICERS} officers misuse, "
        "and then they hold the true value less often than 95 %."
    )
    return [told, ""]


def probes(one: boards.Judged) -> str:
    """Return which controls and probes are not at chance, by their intervals over officers."""
    areas = {
        n: [boards.number(one.get(n, {}), "auroc", part) for part in ("value", "low", "high")]
        for n in SHOWN
    }
    off = [n for n, (_, low, high) in areas.items() if low > CHANCE or high < CHANCE]
    told = ", ".join(f"{n} {_plain(value, '.3f')}" for n, (value, _, _) in areas.items())
    return (
        f"Areas under the ROC curve of controls and probes: {told}. "
        f"Intervals without 0.5: {', '.join(off) or 'none'}."
    )


def _plain(value: float, shown: str) -> str:
    return format(value, shown) if np.isfinite(value) else "-"


def _between(metrics: boards.Metrics, key: str, shown: str) -> str:
    value, low, high = (boards.number(metrics, key, part) for part in ("value", "low", "high"))
    ends = f" [{_plain(low, shown)}, {_plain(high, shown)}]"
    return _plain(value, shown) + (ends if np.isfinite([low, high]).all() else "")


def tell(title: str, world: str, *, days: int = 0, tiers: Sequence[str] = ()) -> None:
    """Judge the standard suite on a world and print a table; a component that fails is named.

    Parameters
    ----------
    title
        What the world is called.
    world
        What `load_scenario` reads.
    days
        How many of the world's; 0: all. `PROOF_DAYS` goes before it.
    tiers
        Of the observable oracles to run as well.
    """
    suite = boards.with_oracles(load_suite("standard"), tiers, ORACLE_WORLDS)
    seed, days = load_scenario(world).seed, int(os.environ.get("PROOF_DAYS", days))
    one = boards.judged([boards.World(world, seed, days)], suite, jobs=JOBS, failures=True)[0]
    print("\n".join(page(title, days, one)))
    Path(os.environ["PROOF_NUMBERS"]).write_text(json.dumps(one))
