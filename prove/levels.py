"""Whether difficulty is real: what three unlike detectors find, level by level (Q12)."""

from __future__ import annotations

import itertools
import json
import os
import shutil
from dataclasses import replace
from pathlib import Path

from shared.worlds import every_kind

from misusebench.run import run
from misusebench.suite import load_suite
from misusesim import shards
from misusesim.scenario.levels import LEVELS

FOLDER = Path(os.environ["PROOF_FOLDER"])
SEEDS = [int(seed) for seed in os.environ.get("PROOF_SEEDS", "1 2 3 4 5").split()]
#: Written rules, deviation from one's peers, and explanation by what is on file.
DETECTORS = ("rules", "peer_z", "explanation")
METRIC = "average_precision"

Found = dict[str, dict[str, float]]  # level -> detector (or "base_rate") -> value


def judged(level: str, seed: int) -> dict[str, float]:
    """Make a world, run the detectors on it, return their average precision and the base rate."""
    data, folder = FOLDER / f"{level}-{seed}", FOLDER / f"{level}-{seed}-run"
    made = shards.run(every_kind(f"S-HI-{level}", seed), data, workers=None)
    suite = load_suite("smoke")
    chosen = tuple(one for one in suite.components if one.name in DETECTORS)
    done = run(data, replace(suite, components=chosen), folder, jobs=2)
    if done.failed:
        raise SystemExit("; ".join(f"{r.name}: {r.reasons}" for r in done.failed))
    found = {result.name: float(result.metrics[METRIC]["value"]) for result in done.results}
    shutil.rmtree(data)
    shutil.rmtree(folder)
    return {**found, "base_rate": made["realised"]["misuse_share_of_queries"]}


def falls(found: Found, detector: str) -> bool:
    """Return whether a detector finds less at each harder level."""
    values = [found[level][detector] for level in LEVELS]
    return all(one > other for one, other in itertools.pairwise(values))


def main() -> None:
    """Print average precision by seed, detector and level."""
    found = {seed: {level: judged(level, seed) for level in LEVELS} for seed in SEEDS}
    Path(os.environ["PROOF_NUMBERS"]).write_text(json.dumps(found, indent=1))
    print(f"# Average precision by level, worlds of `S-HI-*` with every kind common, "
          f"{len(SEEDS)} seeds\n")  # fmt: skip
    print(
        f"| seed | detector | {' | '.join(LEVELS)} | falls |\n|---|---|{'---|' * len(LEVELS)}---|"
    )
    rose = []
    for seed, one in found.items():
        for detector in (*DETECTORS, "base_rate"):
            cells = " | ".join(f"{one[level][detector]:.5f}" for level in LEVELS)
            fell = falls(one, detector)
            print(f"| {seed} | {detector} | {cells} | {'yes' if fell else 'no'} |")
            rose += [] if fell or detector == "base_rate" else [f"{detector} of seed {seed}"]
    print(f"\nDoes not fall: {', '.join(rose) or 'none'}")
    if rose:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
