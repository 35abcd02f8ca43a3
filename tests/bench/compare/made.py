"""Configurations by hand, for the tests of rankings, worlds and campaigns."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from tests.bench.made_run import result

from misusebench import drilldown
from misusebench.compare.configurations import Configuration, Loaded


def loaded(folder: str | Path = "run", world: str = "d", **given: Any) -> Loaded:
    """Return a run on a world, without results."""
    told = {"dataset": {"hash": world, "name": f"world-{world}"}, "seed": 0, "review_budget": 4,
            "history_share": 0.4, "components": [], **given}  # fmt: skip
    return Loaded(Path(folder), told, [])


def configuration(
    name: str, metric: str, values: list[float | None], draws: list[np.ndarray] | None = None,
    kind: str = "detector",
) -> Configuration:  # fmt: skip
    """Return a configuration with a metric on some worlds, and its draws there."""
    own = [result(name, kind, metrics={metric: {"value": value, "n": 5}}) for value in values]
    runs = [loaded(world=str(place)) for place in range(len(values))]
    for place, drawn in enumerate(draws or []):
        runs[place].drawn = {(name, metric): drawn}
    return Configuration(name, name, 0, tuple(own), tuple(runs))


def near(value: float, spread: float = 0.0, seed: int = 1, count: int = 999) -> np.ndarray:
    """Return draws about a value."""
    return value + spread * np.random.default_rng(seed).normal(size=count)


def campaigns(folder: Path, found: dict[str, list[float]]) -> Path:
    """Write what a run tells of its campaigns: the chance that each detector finds each."""
    size = len(next(iter(found.values())))
    facts = [{"campaign_id": f"c{n}", "kind": "retaliation", "rung": "declared", "severity": 2.0,
              "officers": 1, "queries": 3, "first_day": n, "days": [[n, 3]]}
             for n in range(size)]  # fmt: skip
    detectors = {
        name: {"chance": chance, "after_days": [2 if c else None for c in chance]}
        for name, chance in found.items()
    }
    data = {
        "schema_version": drilldown.SCHEMA_VERSION, "review_budget": 4, "scored_days": 9.0,
        "campaigns": facts, "detectors": detectors, "policies": {},
    }  # fmt: skip
    folder.mkdir(exist_ok=True)
    drilldown.save(folder, data)
    return folder
