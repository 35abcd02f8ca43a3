"""Every reference detector on many worlds: what each finds, and who is better than whom.

`PROOF_WORLDS="S-HI-medium:20"` (half an hour on two cores with `PROOF_DAYS` of 180, an hour with
0, the whole year) asks for other worlds and numbers of seeds, which are told one after another.
"""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from misusebench.result import load_run
from misusebench.run import run
from misusebench.suite import load_suite
from misusebench.worlds import ROPE, alike, mean_ranks, pairs
from misusesim import shards
from misusesim.scenario.load import load_scenario

if TYPE_CHECKING:
    from numpy.typing import NDArray

FOLDER = Path(os.environ["PROOF_FOLDER"])
WORLDS = os.environ.get("PROOF_WORLDS", "S-HI-medium:20").split()
DAYS = int(os.environ.get("PROOF_DAYS", "180"))
JOBS: Final = 2
TOLD: Final = ("average_precision", "auroc", "campaign_recall", "false_accusations")
#: Controls and leak probes must be at chance: mean area of 0.5 within so many standard errors over
#: worlds, and a little for those that hardly vary.
AT_CHANCE: Final = ("random", "constant", "id_probe", "fraction_probe", "order_probe")
NEAR: Final = (3.0, 0.005)


def world(name: str, seed: int) -> dict[str, dict[str, float]]:
    """Make one world, run the suite on it; return each detector's metrics."""
    data, out = FOLDER / "data", FOLDER / "run"
    for folder in (data, out):
        shutil.rmtree(folder, ignore_errors=True)
    shards.run(load_scenario(name, seed=seed, days=DAYS or None), data, workers=None)
    failed = run(data, load_suite("standard"), out, jobs=JOBS).failed
    if failed:
        raise SystemExit(f"{name} {seed}: {', '.join(one.name for one in failed)} failed")
    _, results = load_run(out)
    return {
        one.name: {key: _value(one.metrics, key) for key in one.metrics}
        for one in results
    }  # fmt: skip


def _value(metrics: dict[str, dict[str, Any]], key: str) -> float:
    value = metrics[key]["value"]
    return float("nan") if value is None else float(value)


def table(found: list[dict[str, dict[str, float]]], key: str) -> dict[str, NDArray[np.float64]]:
    """Return a metric by detector, shape (worlds,) each."""
    return {
        name: np.array([one[name].get(key, np.nan) for one in found]) for name in found[0]
    }  # fmt: skip


def page(name: str, found: list[dict[str, dict[str, float]]]) -> tuple[str, dict[str, Any]]:
    """Return what is to be read of some worlds, and what a machine reads."""
    keys = [key for key in TOLD if key in next(iter(found[0].values()))]
    columns = {key: table(found, key) for key in keys}
    rivals = {
        n: v for n, v in columns["average_precision"].items()
        if n != "label_oracle" and np.isfinite(v).all()
    }  # fmt: skip
    ranks, told = mean_ranks(rivals), pairs(rivals)
    lines = [
        f"## {name}, {DAYS or 'all'} days, {len(found)} worlds\n",
        f"| detector | mean rank | {' | '.join(keys)} |", f"|---|---|{'---|' * len(keys)}",
    ]  # fmt: skip
    for one in ["label_oracle", *ranks]:
        cells = " | ".join(_mean(columns[key][one]) for key in keys)
        lines.append(f"| {one} | {ranks.get(one, 0):.1f} | {cells} |")
    bars = alike(rivals)
    apart = sum(one.p_holm < 0.05 for one in told)  # noqa: PLR2004 - the usual level
    lines += [
        "", f"Of {len(told)} pairs {apart} differ in average precision (signed ranks, Holm, 5 %).",
        "Runs of detectors that do not: " + ("; ".join(" - ".join(bar) for bar in bars) or "none"),
    ]  # fmt: skip
    numbers = {
        "ranks": ranks, "pairs": [one._asdict() for one in told], "alike": bars, "rope": ROPE,
        **{key: {n: v.tolist() for n, v in column.items()} for key, column in columns.items()},
    }  # fmt: skip
    return "\n".join(lines), numbers


def _mean(values: NDArray[np.float64]) -> str:
    known = values[np.isfinite(values)]
    return f"{known.mean():.4g}" if len(known) else "-"


def holds(numbers: dict[str, Any]) -> bool:
    """Tell whether the controls are at chance over all worlds, and the oracle is perfect."""
    perfect = np.nanmin(numbers["average_precision"]["label_oracle"]) == 1
    return bool(perfect and all(_at_chance(numbers["auroc"][name]) for name in AT_CHANCE))


def _at_chance(areas: list[float]) -> bool:
    error = np.std(areas, ddof=1) / len(areas) ** 0.5 if len(areas) > 1 else 0.5
    return bool(abs(np.mean(areas) - 0.5) <= NEAR[0] * error + NEAR[1])


def main() -> None:
    """Print a table a world."""
    print("# Reference detectors on many worlds\n")
    told, numbers = [], {}
    for text in WORLDS:
        name, _, seeds = text.partition(":")
        found = [world(name, seed) for seed in range(1, int(seeds or 1) + 1)]
        shown, numbers[name] = page(name, found)
        told.append(shown)
    print("\n\n".join(told))
    Path(os.environ["PROOF_NUMBERS"]).write_text(json.dumps(numbers))
    if not all(holds(one) for one in numbers.values()):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
