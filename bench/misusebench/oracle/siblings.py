"""Other worlds of the same scenario, from its parameters alone, with more of the same misuse.

Worlds of one scenario differ in their seed only. So that few of them hold many campaigns, kinds
begin more often in these than in the scenario, and all rows of an officer who misuses count that
much less.
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
from misusesim.dataset.reader import open_dataset
from misusesim.scenario.family import RATES
from misusesim.scenario.write import scenario_hash
from misusesim.truth import open_truth

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from misusesim.scenario.model import Scenario

#: Campaigns that an officer begins a year in a sibling world, all kinds together: with more, those
#: of one officer would overlap more than they do in the scenario (most last some weeks).
OFFICERS: Final = 1.5
_MOST_RATE: Final = 0.5
#: How much commoner kinds are made of which none begins by officer.
_OTHERWISE: Final = 10.0
_SEEDS: Final = 2**63


@dataclass(frozen=True, slots=True)
class World:
    """What was seen of the scored rows of a world, and for siblings what they were."""

    rows: NDArray[np.float32]  # shape (rows, columns)
    keys: dict[str, NDArray[np.int64]]  # what rows share, by name
    positive: NDArray[np.bool_]
    weight: NDArray[np.float64]  # by officer, see `weights`; 0 for slips


def more_often(scenario: Scenario) -> tuple[Scenario, dict[str, float]]:
    """Return the scenario with commoner misuse, and by kind how much rarer it is in the scenario.

    Parameters
    ----------
    scenario
        Any.

    Returns
    -------
    Scenario
        The same but for the rates.
    dict of str to float
        Kind -> its rate in the scenario ÷ its rate here; 1 for kinds that are so many a year.
    """
    total = sum(getattr(one, "officers_per_year", 0.0) or 0.0 for one in scenario.misuse)
    times = max(1.0, OFFICERS / total) if total else _OTHERWISE
    shares: dict[str, float] = {}
    for one in scenario.misuse:
        values = [value for field in RATES if (value := getattr(one, field, None))]
        own = min([times, *(max(1.0, _MOST_RATE / value) for value in values)]) if values else 1.0
        shares[one.kind] = max(shares.get(one.kind, 0.0), 1 / own)
    changed = [
        one.model_copy(update={
            field: value / shares[one.kind]
            for field in RATES if (value := getattr(one, field, None))
        })
        for one in scenario.misuse
    ]  # fmt: skip
    return scenario.model_copy(update={"misuse": tuple(changed)}), shares


def weights(
    officers: Sequence[str], campaigns: Iterable[tuple[str, Sequence[str]]],
    shares: Mapping[str, float],
) -> NDArray[np.float64]:  # fmt: skip
    """Return how much each officer's rows count, so that all is as in the scenario.

    Campaigns begin by a constant hazard, so the chance of a set of campaigns in the scenario is
    that in the sibling world times the share of each, but for a factor that all officers have in
    common. Honest rows of an officer who misuses are as rare in the scenario as he is: they count
    as little.

    Parameters
    ----------
    officers
        Their ids.
    campaigns
        Kind and officers of each campaign of the world.
    shares
        Of :func:`more_often`.

    Examples
    --------
    >>> weights(["a", "b", "c"], [("favour", ["a"]), ("favour", ["a", "b"])], {"favour": 0.1})
    array([0.01, 0.1 , 1.  ])
    """
    place = {officer: number for number, officer in enumerate(officers)}
    found = np.ones(len(officers))
    for kind, members in campaigns:
        for member in members:
            if member in place:
                found[place[member]] *= shares[kind]
    return found


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
        truth = open_truth(dataset)
        answers = align(log, truth, first, end)
        begun = [(one["kind"], one["officer_ids"]) for one in truth.campaigns.to_pylist()]
    weight = weights(answers.officers, begun, task.shares)[answers.officer] * ~answers.ignore
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
