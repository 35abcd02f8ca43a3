"""Leaderboards: worlds made, suites run on them side by side, and what is told of them."""

from __future__ import annotations

import os
import pickle
import shutil
import sys
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from misusebench import oracle
from misusebench.result import load_run
from misusebench.run import run
from misusebench.suite import Suite, parse_component
from misusesim import shards
from misusesim.dataset.reader import open_dataset
from misusesim.scenario.load import load_scenario

if TYPE_CHECKING:
    from collections.abc import Sequence

FOLDER = Path(os.environ["PROOF_FOLDER"])
CORES: Final = os.cpu_count() or 1
#: By family, for "who wins where"; the others are controls and probes.
FAMILIES: Final = {
    "rules": "written rules", "rules_stream": "written rules", "sigma": "written rules",
    "sigma_tumbling": "written rules", "explanation": "explanations",
    "explanation_mined": "explanations", "shift_window": "own habits", "ngram": "own habits",
    "anomaly_index": "own habits", "peer_z": "peers", "community": "peers",
    "collaborative": "peers", "fan_in": "crowds on one person", "iforest": "outliers in a table",
    "ecod": "outliers in a table", "hbos": "outliers in a table", "knn": "outliers in a table",
    "loda": "outliers in a table", "loda_stream": "outliers in a stream",
    "half_space_trees": "outliers in a stream", "supervised": "labels", "ensemble": "combined",
    "conformal": "combined",
}  # fmt: skip
#: Controls and leak probes that must be at chance.
AT_CHANCE: Final = ("random", "constant", "id_probe", "fraction_probe", "order_probe")
#: Mean area of 0.5 within so many standard errors over worlds, and a little for those that hardly
#: vary.
NEAR: Final = (3.0, 0.005)
ORACLE: Final = "observable_oracle"

Metrics = dict[str, dict[str, Any]]  # metric -> value, low, high, ...
Judged = dict[str, Metrics]  # component -> its metrics


class World(NamedTuple):
    """One world to be judged."""

    scenario: str
    seed: int
    days: int  # 0: all
    sets: tuple[str, ...] = ()


def with_oracles(suite: Suite, tiers: Sequence[str], worlds: int = oracle.WORLDS) -> Suite:
    """Return the suite with the observable oracle of some tiers."""
    more = [
        replace(
            parse_component("detector", ORACLE, {"worlds": worlds}, tier), name=f"{ORACLE}-{tier}"
        )
        for tier in tiers
    ]
    return replace(suite, components=(*suite.components, *more))


def judged(
    worlds: Sequence[World], suite: Suite, *, jobs: int | None = None, failures: bool = False
) -> list[Judged]:
    """Judge a suite on worlds, some at a time, a core each; one alone has all. Return metrics.

    Parameters
    ----------
    worlds, suite
        What is judged.
    jobs
        Components at a time in a world, if it is not to be all cores for one world and one else.
    failures
        Whether components may fail: they have the one metric `failed`, with the reason as its note.

    Raises
    ------
    SystemExit
        If a component fails, unless it may.
    """
    kept = FOLDER / "oracles.pickle"
    for spec in suite.components:
        if spec.name.startswith(ORACLE):
            for one in {(w.scenario, w.days, w.sets): w for w in worlds}.values():
                count = int(spec.parameters.get("worlds", oracle.WORLDS))
                oracle.fitted(_scenario(one), suite, spec.tier or suite.tier, count, CORES)
    kept.write_bytes(pickle.dumps(oracle.FITTED))
    context = get_context("spawn")
    jobs = jobs or (CORES if len(worlds) == 1 else 1)
    alone = len(worlds) == 1
    one = partial(_judged, suite=suite, jobs=jobs, failures=failures, alone=alone)
    with ProcessPoolExecutor(CORES, context, initializer=_taken, initargs=(kept,)) as pool:
        return list(pool.map(one, worlds))


def _taken(kept: Path) -> None:
    oracle.FITTED.update(pickle.loads(kept.read_bytes()))  # noqa: S301 - written above


def _scenario(world: World) -> Any:
    return load_scenario(
        world.scenario, world.sets, seed=world.seed, days=world.days or None
    )  # fmt: skip


def _judged(world: World, suite: Suite, jobs: int, *, failures: bool, alone: bool) -> Judged:
    parts = (Path(world.scenario).stem, world.seed, world.days, *world.sets)
    folder = FOLDER / "-".join(str(part).replace("/", "_") for part in parts)
    shards.run(_scenario(world), folder / "data", workers=CORES if alone else 1)
    progress = _say if alone else (lambda _: None)
    failed = run(folder / "data", suite, folder / "run", jobs=jobs, progress=progress).failed
    if failed and not failures:
        told = "; ".join(f"{one.name}: {one.reasons}" for one in failed)
        raise SystemExit(f"{world.scenario} {world.seed}: {told}")
    _, results = load_run(folder / "run")
    queries = open_dataset(folder / "data").manifest["rows"]["written"]
    shutil.rmtree(folder)
    broken = {
        one.name: {"failed": {"value": 1.0, "note": f"{one.state}: {'; '.join(one.reasons)}"}}
        for one in failed
    }
    return broken | {
        one.name: {
            **one.metrics,
            "queries": {"value": float(queries)},
            "told_labels": {"value": float(one.component["division"] == "feedback")},
            **{f"fit/{k}": {"value": v} for k, v in one.diagnostics.get("fit", {}).items()},
        }
        for one in results if one.valid
    }  # fmt: skip


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def number(metrics: Metrics, key: str, part: str = "value") -> float:
    """Return a metric's value or an end of its interval, NaN where it has none."""
    value = metrics.get(key, {}).get(part)
    return float("nan") if value is None else float(value)


def over(found: Sequence[Judged], name: str, key: str) -> np.ndarray:
    """Return a component's metric by world, NaN where it has none."""
    return np.array([number(one.get(name, {}), key) for one in found])


def mean(values: np.ndarray, shown: str = ".4g") -> str:
    """Return the mean of what is known as text."""
    known = values[np.isfinite(values)]
    return format(float(known.mean()), shown) if len(known) else "-"


def at_chance(areas: np.ndarray) -> bool:
    """Tell whether areas under the ROC curve are about one half over worlds."""
    error = np.std(areas, ddof=1) / len(areas) ** 0.5 if len(areas) > 1 else 0.5
    return bool(abs(np.mean(areas) - 0.5) <= NEAR[0] * error + NEAR[1])


def above_oracle(found: Sequence[Judged]) -> list[str]:
    """Return detectors above their oracle beyond the paired interval, with how often.

    Who was told labels of the same world (division `feedback`) is left out: no oracle sees them.
    """
    told = []
    for name in found[0]:
        high = over(found, name, "below_oracle")
        beyond = int((over_end(found, name, "below_oracle", "high") < 0).sum())
        if beyond and name != "label_oracle" and not told_labels(found, name):
            told.append(f"{name}: {beyond} of {len(high)} worlds")
    return told


def told_labels(found: Sequence[Judged], name: str) -> bool:
    """Tell whether labels of the judged world reached a component."""
    return any(number(one.get(name, {}), "told_labels") == 1 for one in found)


def over_end(found: Sequence[Judged], name: str, key: str, part: str) -> np.ndarray:
    """Return an end of a metric's interval by world."""
    return np.array([number(one.get(name, {}), key, part) for one in found])
