"""Whether difficulty is real: what three unlike detectors find, level by level (Q12).

Levels change neither who asks nor how much, so a random score finds as much at each. Average
precision must fall at the worlds' own base rates, and with negatives weighted to one rate as well.
"""

from __future__ import annotations

import itertools
import json
import os
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
from shared.worlds import every_kind

from misusebench.metrics.ranking import average_precision
from misusebench.run import run
from misusebench.suite import load_suite
from misusesim import shards
from misusesim.scenario.levels import LEVELS
from misusesim.truth import open_truth

FOLDER = Path(os.environ["PROOF_FOLDER"])
SEEDS = [int(seed) for seed in os.environ.get("PROOF_SEEDS", "1 2 3 4 5").split()]
#: Written rules, deviation from one's peers, and explanation by what is on file; and chance.
DETECTORS = ("rules", "peer_z", "explanation")
CONTROL = "random"
OWN, SAME = "average precision", "at one base rate"
RATE = 2e-4  # that of misuse at twenty times the natural rate, as in `S-HI-*`

Found = dict[str, dict[str, dict[str, float]]]  # level -> detector -> figure -> value


def judged(level: str, seed: int) -> dict[str, dict[str, float]]:
    """Make a world, run the detectors on it, and return their average precision."""
    data, folder = FOLDER / f"{level}-{seed}", FOLDER / f"{level}-{seed}-run"
    shards.run(every_kind(f"S-HI-{level}", seed), data, workers=None)
    suite = load_suite("smoke")
    chosen = tuple(one for one in suite.components if one.name in (*DETECTORS, CONTROL))
    done = run(data, replace(suite, components=chosen), folder, jobs=2)
    if done.failed:
        raise SystemExit("; ".join(f"{r.name}: {r.reasons}" for r in done.failed))
    truth = open_truth(data).queries
    labels = truth["label"].to_pylist()
    wrong = {q for q, word in zip(truth["query_id"].to_pylist(), labels, strict=True)
             if word == "positive"}  # fmt: skip
    found = {}
    for result in done.results:
        scores = pq.read_table(folder / "scores" / f"{result.name}.parquet")
        positive = np.array([q in wrong for q in scores["query_id"].to_pylist()])
        found[result.name] = {
            OWN: float(result.metrics["average_precision"]["value"]),
            SAME: at_one_rate(scores["score"].to_numpy(), positive),
        }
    shutil.rmtree(data)
    shutil.rmtree(folder)
    return found


def at_one_rate(score: np.ndarray, positive: np.ndarray) -> float:
    """Return average precision with negatives weighted so that `RATE` of the weight is misuse."""
    negatives = positive.sum() * (1 - RATE) / RATE / (~positive).sum()
    return average_precision(score, positive, np.where(positive, 1.0, negatives))


def falls(found: Found, detector: str, figure: str) -> bool:
    """Return whether a figure of a detector is smaller at each harder level."""
    values = [found[level][detector][figure] for level in LEVELS]
    return all(one > other for one, other in itertools.pairwise(values))


def main() -> None:
    """Print average precision by seed, detector and level."""
    found = {seed: {level: judged(level, seed) for level in LEVELS} for seed in SEEDS}
    Path(os.environ["PROOF_NUMBERS"]).write_text(json.dumps(found, indent=1))
    print(f"# Average precision by level, worlds of `S-HI-*` with every kind common, "
          f"{len(SEEDS)} seeds\n")  # fmt: skip
    print(
        f"One base rate: negatives weighted so that misuse is {RATE:g} of all. `{CONTROL}` is the"
    )
    print("control: levels ask for the same, so it should not fall.\n")
    heads = " | ".join(f"{level}, {figure}" for figure in (OWN, SAME) for level in LEVELS)
    print(f"| seed | detector | {heads} | falls | falls at one rate |")
    print(f"|---|---|{'---|' * len(LEVELS) * 2}---|---|")
    rose = []
    for seed, one in found.items():
        for detector in (*DETECTORS, CONTROL):
            cells = " | ".join(
                f"{one[level][detector][figure]:.5f}" for figure in (OWN, SAME) for level in LEVELS
            )
            fell = [falls(one, detector, figure) for figure in (OWN, SAME)]
            told = " | ".join("yes" if is_so else "no" for is_so in fell)
            print(f"| {seed} | {detector} | {cells} | {told} |")
            rose += [] if all(fell) or detector == CONTROL else [f"{detector} of seed {seed}"]
    print(f"\nDoes not fall both ways: {', '.join(rose) or 'none'}")
    if rose:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
