"""Runs of one component with a few numbers, written where a test wants them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from tests.bench.made_run import result

from misusebench import metrics
from misusebench import result as results

if TYPE_CHECKING:
    from pathlib import Path

SPREAD = np.linspace(-1, 1, 200)


def write(
    folder: Path,
    values: dict[str, float | None],
    *,
    seed: int = 1,
    noise: float = 0.0,
    name: str = "one",
    found: dict[str, list[str]] | None = None,
    rules: dict[str, dict[str, int]] | None = None,
    **component: Any,
) -> Path:
    """Write a run; draws lie evenly within `noise` of each value, in an order of its seed."""
    mixed = np.random.default_rng(seed).permutation(SPREAD)
    drawn = {n: (v + noise * mixed).tolist() for n, v in values.items() if v is not None}
    told = {
        n: {"value": v, "low": None, "high": None, "unit": "share", "n": 1, "reason": "made",
            "direction": metrics.metric(n).direction}
        for n, v in values.items()
    }  # fmt: skip
    one = result(name, metrics=told, seeds={"suite": 0, "scenario": seed}, diagnostics={
        "curves": {"draws": {"seed": 0, "values": drawn}}, "found": found or {},
        "rules": rules or {},
    })  # fmt: skip
    one.component |= component
    one.dataset["hash"] = f"{seed:064d}"
    results.save(one, folder)
    run = {
        "schema_version": "1", "suite": "smoke", "tier": "T3", "seed": 0, "review_budget": 4,
        "history_share": 0.4, "dataset": one.dataset, "scenario_hash": "c" * 64,
        "components": [name], "ungated": {"data": f"/data/{seed}"},
    }  # fmt: skip
    results.write_atomically(folder / "run.json", results.dumps(run).encode())
    return folder


def seeds(folder: Path, values: list[float], noise: float = 0.0, **given: Any) -> list[Path]:
    """Write a run a seed, each with a value of campaign_recall."""
    return [
        write(folder / str(n), {"campaign_recall": v}, seed=n, noise=noise, **given)
        for n, v in enumerate(values, 1)
    ]
