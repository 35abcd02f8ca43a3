"""Worlds of the self-test in which accuracy is judged: no change but of ids, and a planted loss."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Final

import numpy as np

from misusebench.answers import align
from misusebench.detectors.loda import Loda
from misusebench.gate import accuracy
from misusebench.gate.margins import Margins
from misusebench.gate.planted import blinded
from misusebench.isolated import About
from misusebench.outcomes import Bench, Outcome
from misusebench.replay import InProcess, Replayed, replay
from misusebench.run import judge
from misusebench.specs import parse_component
from misusebench.suite import Suite
from misusebench.veil import Veil
from misusesim import rng, shards
from misusesim.dataset.reader import open_dataset
from misusesim.scenario.load import load_scenario
from misusesim.truth import open_truth

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from misusebench.component import Alert
    from misusebench.gate.verdict import Verdict

    Floats = NDArray[np.float64]

#: The world of all of it; seeds differ.
SCENARIO: Final = "tiny"
#: Average precision that is planted as lost.
LOSS: Final = 0.03
#: Days of a world in which accuracy is judged: enough misuse to tell such a loss from chance.
DAYS: Final = 90
#: Decimals of scores whose ties are broken by ids.
COARSE: Final = 1
#: How far misuse lies above the rest in scores that are truth and noise.
NOISY: Final = 2.5


def accuracy_verdicts(folder: Path, nth: int, days: int = DAYS) -> tuple[Verdict, Verdict]:
    """Return the verdicts on no change and on a planted loss, in a world of its own.

    Parameters
    ----------
    folder
        For the data and the runs; nothing stays in it.
    nth
        Number of the world: its seed is 1,000 above, no other verdict has it.
    days
        Of the world.
    """
    own = folder / str(nth)
    try:
        world = _World(own, nth, days)
        same = [world.run(name, *world.detected(2 * nth + far)) for far, name in enumerate("ab")]
        before = world.noisy_truth()
        after = blinded(before, world.positive, LOSS, nth)
        lost = [world.run(name, score, []) for name, score in (("c", before), ("d", after))]
        margins = Margins()
        return accuracy.gate(same[1], same[0], margins), accuracy.gate(lost[1], lost[0], margins)
    finally:
        shutil.rmtree(own, ignore_errors=True)


def found_loss(verdict: Verdict) -> str:
    """Return what a verdict says of average precision itself."""
    return next(one.status for one in verdict.checks if one.metric == "average_precision")


class _World:
    """A data set, its truth, and runs on it whose scores are given."""

    def __init__(self, folder: Path, nth: int, days: int) -> None:
        shards.run(load_scenario(SCENARIO, seed=1_000 + nth, days=days), folder / "data")
        self._folder, self._nth = folder, nth
        self._bench = Bench(open_dataset(folder / "data"), Suite("self-test", (), tier="T3"))
        self._truth = open_truth(self._bench.dataset)
        answers = align(self._bench.log, self._truth, self._bench.first, self._bench.end_us)
        self.positive = np.asarray(answers.positive, np.bool_)

    def detected(self, seed: int) -> tuple[Floats, list[Alert]]:
        """Return a detector's scores and alerts, under ids of its own by which it breaks ties."""
        bench, veil = self._bench, Veil(seed, "self-test")
        log, context = veil.table(bench.log), self._bench.dataset.context("T3")
        shown = {name: veil.table(rows) for name, rows in context.items()}
        found = replay(InProcess(Loda(seed=self._nth)), log, shown, end_us=bench.end_us)
        ids = log["query_id"].slice(bench.first).to_numpy()
        coarse = np.round(found.score, COARSE)
        return coarse + 10.0**-COARSE * rng.unit(rng.mix(ids)), veil.alerts(found.alerts)

    def noisy_truth(self) -> Floats:
        """Return scores of average precision about a half: truth, and noise that is all its own."""
        noise = np.random.default_rng(self._nth).normal(size=len(self.positive))
        return np.asarray(noise + NOISY * self.positive, np.float64)

    def run(self, name: str, score: Floats, alerts: list[Alert]) -> Path:
        """Judge scores and write the run; return its folder."""
        bench, folder = self._bench, self._folder / name
        ids = bench.log["query_id"].slice(bench.first).to_numpy()
        outcome = Outcome(
            parse_component("detector", "loda"), "T3",
            about=About("loda", "", ("T3",), (), frozenset({"score"})),
            replayed=Replayed(bench.first, ids, score, alerts),
        )  # fmt: skip
        judge(bench, [outcome], self._truth, folder)
        return folder
