"""Statistics of simulated logs against published ones: several worlds, five seeds each.

The world `fitted` is fitted to the real sample log first, and held against that log.
`PROOF_WORLDS="tiny; county --days 14"` and `PROOF_SEEDS=1` make a quick look.
"""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from misusesim.dataset.reader import open_dataset
from misusesim.portal import read_portal_csv
from misusesim.realism.material import material
from misusesim.realism.verdict import STATISTICS, against, judge

if TYPE_CHECKING:
    from collections.abc import Sequence

    from misusesim.realism.targets import Statistic

FOLDER = Path(os.environ["PROOF_FOLDER"])
WORLDS = os.environ.get("PROOF_WORLDS", "county; no_misuse; state --days 28; fitted").split(";")
SEEDS = int(os.environ.get("PROOF_SEEDS", "5"))
LOG: Final = Path(__file__).parent.parent / "tests/data/eugene_searches.csv"
FITTED: Final = FOLDER / "fitted.toml"
LEAST_APPLY: Final = 24  # of the statistics, somewhere
LEAST_PASS: Final = 0.95  # of the verdicts
WORKERS: Final = 2


def main() -> None:
    """Judge all worlds and print what came out."""
    if any(map(is_fitted, WORLDS)):
        fit_once()
    found = {world.strip(): [judged(world, seed) for seed in range(1, SEEDS + 1)]
             for world in WORLDS}  # fmt: skip
    print(page(found))
    Path(os.environ["PROOF_NUMBERS"]).write_text(json.dumps({"worlds": found}))
    if not holds(found):
        raise SystemExit(1)


def is_fitted(world: str) -> bool:
    """Tell whether a world is the one fitted to the real log, which is its reference then."""
    return shlex.split(world)[0] == "fitted"


def asked(world: str) -> Sequence[Statistic]:
    """Return what a world is held against."""
    return against(material(read_portal_csv(LOG))) if is_fitted(world) else STATISTICS


def fit_once() -> None:
    """Fit a scenario to the real log."""
    subprocess.run(
        [sys.executable, "-m", "misusebench", "fit", str(LOG), "-o", str(FITTED), "-q"], check=True
    )


def judged(world: str, seed: int) -> dict[str, dict[str, Any]]:
    """Make a world with a seed and return its verdicts by id."""
    out = FOLDER / "data"
    what = [str(FITTED), *shlex.split(world)[1:]] if is_fitted(world) else shlex.split(world)
    command = [sys.executable, "-m", "misusebench", "simulate", *what]
    subprocess.run(
        [*command, "--seed", str(seed), "-o", str(out), "-q", "--workers", str(WORKERS)], check=True
    )
    verdicts = judge(material(open_dataset(out)), asked(world))
    shutil.rmtree(out)
    return {
        one.statistic.id: {"verdict": one.word, "value": one.value, "target": one.asked}
        for one in verdicts
        if one.statistic.counted
    }


def words(found: dict[str, list[dict[str, Any]]], world: str, name: str) -> Counter[str]:
    """Return how often a statistic came out how in a world."""
    return Counter(one[name]["verdict"] for one in found[world] if name in one)


def holds(found: dict[str, list[dict[str, Any]]]) -> bool:
    """Tell whether enough apply, enough pass, and none fails in more than one seed of a world."""
    names = [one.id for one in STATISTICS if one.counted]
    each = {(world, name): words(found, world, name) for world in found for name in names}
    apply = {name for (_, name), told in each.items() if told["pass"] + told["fail"]}
    passed, failed = (sum(told[word] for told in each.values()) for word in ("pass", "fail"))
    return (
        len(apply) >= LEAST_APPLY
        and passed >= LEAST_PASS * (passed + failed)
        and max(told["fail"] for told in each.values()) <= 1
    )


def page(found: dict[str, list[dict[str, Any]]]) -> str:
    """Return what is to be read: per statistic and world, the passes and the span of values."""
    names = [one for one in STATISTICS if one.counted]
    total = sum((words(found, w, s.id) for w in found for s in names), Counter[str]())
    lines = [
        f"# Realism of simulated logs, {SEEDS} seeds each",
        "",
        (
            f"**{total['pass']:,} of {total['pass'] + total['fail']:,} verdicts pass**, "
            f"{total['not applicable']:,} are not applicable, which is not a pass."
        ),
        "",
        "| statistic | asked for | " + " | ".join(f"`{world}`" for world in found) + " |",
        "|---|---|" + "---|" * len(found),
    ]
    for one in names:
        told = [seed[one.id] for runs in found.values() for seed in runs if one.id in seed]
        asked = next((v["target"] for v in told if v["value"] is not None), "")
        cells = (cell(found, world, one.id, one.show) for world in found)
        lines.append(f"| {one.title} ({one.rows}) | {asked} | " + " | ".join(cells) + " |")
    lines += ["", f"Enough apply and pass, none fails in more than one seed: {holds(found)}."]
    return "\n".join(lines)


def cell(found: dict[str, list[dict[str, Any]]], world: str, name: str, show: Any) -> str:
    """Return the passes of a statistic in a world and its smallest and largest value."""
    values = [v for seed in found[world] if (v := seed.get(name, {}).get("value")) is not None]
    if not values:
        return ""
    told = words(found, world, name)
    return f"{told['pass']}/{told['pass'] + told['fail']}: {show(min(values))}-{show(max(values))}"


if __name__ == "__main__":
    main()
