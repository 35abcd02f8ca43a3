"""Other worlds of the same scenario, from its parameters alone, with more of the same misuse.

Worlds of one scenario differ in their seed only. So that few of them hold many campaigns, kinds
begin more often in these than in the scenario, and every misuse query counts that much less.
"""

from __future__ import annotations

import hashlib
import tempfile
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from misusebench.answers import align
from misusebench.columns import micros
from misusebench.oracle.observed import Observed
from misusebench.replay import replay, split_us
from misusesim import shards
from misusesim.dataset import schema
from misusesim.dataset.reader import open_dataset
from misusesim.scenario.family import RATES
from misusesim.scenario.write import scenario_hash
from misusesim.truth import open_truth

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from misusesim.scenario.model import Scenario

#: Campaigns that an officer begins a year in a sibling world, all kinds together: with more, those
#: of one officer would overlap more than they do in the scenario (most last some weeks).
OFFICERS: Final = 1.5
_MOST_RATE: Final = 0.5
_SEEDS: Final = 2**63


@dataclass(frozen=True, slots=True)
class World:
    """What was seen of the scored rows of a world, and for siblings what they were."""

    rows: NDArray[np.float32]  # shape (rows, columns)
    keys: dict[str, NDArray[np.int64]]  # what rows share, by name
    positive: NDArray[np.bool_]
    weight: NDArray[np.float64]  # 1 for honest rows, 0 for slips, less for misuse made commoner


def more_often(scenario: Scenario) -> tuple[Scenario, dict[str, float]]:
    """Return the scenario with commoner misuse, and by kind how much a query of it counts.

    Parameters
    ----------
    scenario
        Any.
    """
    rates = [getattr(one, "officers_per_year", 0.0) or 0.0 for one in scenario.misuse]
    times = max(1.0, OFFICERS / sum(rates)) if sum(rates) else 1.0
    shares: dict[str, float] = {}
    changed = []
    for one in scenario.misuse:
        fields = {f: v for f in RATES if (v := getattr(one, f, None))}
        own = min([times, *(max(1.0, _MOST_RATE / value) for value in fields.values())])
        own = own if fields else 1.0
        if shares.setdefault(one.kind, 1 / own) != 1 / own:  # a kind given twice, by other rates
            own = 1.0
            shares[one.kind] = 1.0
        changed.append(one.model_copy(update={f: value * own for f, value in fields.items()}))
    if len({one.kind for one in scenario.misuse}) < len(scenario.misuse):
        return scenario, dict.fromkeys(shares, 1.0)
    return scenario.model_copy(update={"misuse": tuple(changed)}), shares


def family_of(scenario: Scenario) -> str:
    """Return what worlds of one scenario share, whatever their seeds."""
    return scenario_hash(scenario.model_copy(update={"seed": 0}))


def seeds(scenario: Scenario, count: int) -> list[int]:
    """Return seeds of sibling worlds: never the scenario's own."""
    found: list[int] = []
    number = 0
    while len(found) < count:
        text = f"{family_of(scenario)}/sibling/{number}"
        seed = int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest()) % _SEEDS
        number += 1
        if seed != scenario.seed:
            found.append(seed)
    return found


@dataclass(frozen=True, slots=True)
class _Task:
    scenario: Scenario
    shares: dict[str, float]
    tier: str
    history_share: float
    close_us: int
    folder: str


def seen(tier: str, log: object, context: object, end_us: int, close_us: int) -> Observed:
    """Return what is seen of the scored rows of a log at a tier, as `replay` hands it over."""
    observed = Observed(tier)
    replay(observed, log, context, end_us=end_us, close_us=close_us)  # type: ignore[arg-type]
    return observed


def _made(task: _Task) -> str:
    """Make a world, see it, write down what was seen, and drop it; return the folder."""
    folder = Path(task.folder)
    with tempfile.TemporaryDirectory(dir=folder) as place:
        data = Path(place) / "data"
        shards.run(task.scenario, data, workers=1)
        dataset = open_dataset(data)
        log = dataset.log()
        end = split_us(log, task.history_share)
        observed = seen(task.tier, log, dataset.context(task.tier), end, task.close_us)
        first = int(np.searchsorted(micros(log["received_at"]), end))
        answers = align(log, open_truth(dataset), first, end)
    share = np.array([task.shares.get(kind, 1.0) for kind in schema.MISUSE_KINDS] + [1.0])
    weight = np.where(answers.positive, share[answers.kind], 1.0) * ~answers.ignore
    np.save(folder / "rows.npy", observed.rows())
    rest = {"positive": answers.positive, "weight": weight, **observed.keys()}
    np.savez(folder / "rest.npz", allow_pickle=False, **rest)
    return str(folder)


def siblings(
    scenario: Scenario, tier: str, count: int, history_share: float, close_us: int, folder: Path,
    jobs: int = 2, progress: Callable[[str], None] = lambda _: None,
) -> list[World]:  # fmt: skip
    """Make sibling worlds and return what is seen of each at a tier.

    Parameters
    ----------
    scenario
        Whose parameters; its seed is not used.
    tier
        T0 to T3.
    count
        Number of worlds.
    history_share, close_us
        As of the judged run (see `replay.py`).
    folder
        Where the rows are kept, mapped into memory, as long as the worlds are used.
    jobs
        Worlds at a time.
    progress
        Told a line for each world.
    """
    commoner, shares = more_often(scenario)
    tasks = []
    for number, seed in enumerate(seeds(scenario, count)):
        place = folder / f"{number}"
        place.mkdir(parents=True)
        own = commoner.model_copy(update={"seed": seed})
        tasks.append(_Task(own, shares, tier, history_share, close_us, str(place)))
    found = []
    with ProcessPoolExecutor(min(jobs, count), get_context("spawn")) as pool:
        for number, place_of in enumerate(pool.map(_made, tasks)):
            progress(f"observable oracle, {tier}: world {number + 1} of {count}")
            found.append(_read(Path(place_of)))
    return found


def _read(folder: Path) -> World:
    rows = np.load(folder / "rows.npy", mmap_mode="r")
    with np.load(folder / "rest.npz") as rest:
        keys = {name: rest[name] for name in rest.files if name not in ("positive", "weight")}
        return World(rows, keys, rest["positive"], rest["weight"])
