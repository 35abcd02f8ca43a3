"""What the misuse rate does to detectors and to their order: five rates, the same honest rows.

`PROOF_SEEDS` and `PROOF_DAYS` ask for other worlds than four half years. The lowest rate has three
times as many: four half years hold four misuse queries at it, give or take ten.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from misusebench.answers import align
from misusebench.columns import micros
from misusebench.metrics import Scored, Tally, frame
from misusebench.metrics.burden import precision_at_budget
from misusebench.outcomes import Bench, run_all
from misusebench.rankings import Pooled, flips, from_the_top, kendall, pooled
from misusebench.report.sweeps import write_sweep
from misusebench.suite import Suite, parse_component
from misusesim import shards
from misusesim.dataset.reader import open_dataset
from misusesim.scenario.family import RATES
from misusesim.scenario.load import load_scenario
from misusesim.truth import open_truth

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from misusebench.answers import Answers

FOLDER = Path(os.environ["PROOF_FOLDER"])
SEEDS = int(os.environ.get("PROOF_SEEDS", "4"))
MORE: Final = 3  # times as many seeds at the lowest rate
DAYS = int(os.environ.get("PROOF_DAYS", "180"))
PICTURE = Path(os.environ.get("PROOF_PICTURE", "results/rate_sweep.png"))
WORLD: Final = "S-NAT-medium"
#: Rate that is aimed at -> how many times the campaigns of the natural rate that takes.
TIMES: Final = {1e-5: 1.7, 5.6e-5: 9.0, 3.2e-4: 45.0, 1.8e-3: 250.0, 1e-2: 1_500.0}
#: Nobody finds misuse, so nobody is suspended and honest rows stay the same.
UNSEEN: Final = (
    "oversight.audits_per_agency_year=0", "oversight.reviews_per_officer_year=0",
    "oversight.analytics_agency_share=0", "oversight.complaint_share=0",
    "oversight.unit_report_share=0",
)  # fmt: skip
CONTROLS: Final = ("random", "volume")
DETECTORS: Final = (
    *CONTROLS, "shift_window", "anomaly_index", "peer_z", "rules", "explanation", "fan_in", "ngram",
    "iforest", "ecod", "loda",
)  # fmt: skip
DRAWS: Final = 500
BUDGET: Final = 10
ABOUT: Final = f"""# The misuse rate and the order of detectors

{WORLD}, {DAYS} days, the same {SEEDS} seeds at each rate, at the lowest
{MORE * SEEDS}. Only how often campaigns begin differs
(shares end at one campaign a year and officer, so at the highest rate the commonest kinds are fewer
in the mix), and nobody finds misuse, so no officer is suspended: honest rows are the same at all
rates, which is compared. Rows of the worlds are pooled by their place within their world;
intervals: 95 %, {DRAWS} draws of officers within worlds.
"""
BEYOND: Final = """
Beyond chance: both differences, before and after, are significant (z of paired draws of officers,
Holm over all pairs of both rates, 5 %).

![Average precision and ranks along the rates](rate_sweep.png)"""
#: The scored rate may be so many times the one that was aimed at, or as little.
WITHIN: Final = 3.0


class World(NamedTuple):
    """One world at one rate."""

    frames: dict[str, Scored]
    precision: dict[str, float]  # at the review budget
    honest: str  # hash of the honest rows
    rows: int
    misuse: int  # of the scored rows


def sets(times: float) -> list[str]:
    """Return the changes that make misuse so many times as common; shares end at 1."""
    found = list(UNSEEN)
    for nth, kind in enumerate(load_scenario(WORLD).misuse):
        for rate in RATES:
            if hasattr(kind, rate):
                value = getattr(kind, rate) * times
                found.append(
                    f"misuse.{nth}.{rate}={value if 'agencies' in rate else min(1, value)}"
                )
    return found


def world(times: float, seed: int) -> World:
    """Make one world and let all detectors score it."""
    data = FOLDER / "data"
    shutil.rmtree(data, ignore_errors=True)
    shards.run(load_scenario(WORLD, sets(times), seed=seed, days=DAYS), data, workers=None)
    suite = Suite("sweep", tuple(parse_component("detector", name) for name in DETECTORS),
                  single_rows=0, history_share=0.3)  # fmt: skip
    bench = Bench(open_dataset(data), suite)
    bench.hide.append(FOLDER)
    outcomes = run_all(bench, suite.components, 2)
    if bad := [f"{o.spec.name}: {o.reasons}" for o in outcomes if o.replayed is None]:
        raise SystemExit(f"seed {seed}: {'; '.join(bad)}")
    truth = open_truth(bench.dataset)
    whole = align(bench.log, truth, 0, 0)
    answers = align(bench.log, truth, bench.first, bench.end_us)
    frames = {o.spec.name: frame(answers, o.replayed.score) for o in outcomes if o.replayed}
    precision = {name: _precision(one) for name, one in frames.items()}
    counts = len(answers.positive), int(answers.positive.sum())
    return World(frames, precision, _honest(bench, whole), *counts)


def _precision(one: Scored) -> float:
    tally = Tally(one, BUDGET)
    return float(precision_at_budget(tally, tally.ones)[0])


def _honest(bench: Bench, whole: Answers) -> str:
    """Return a hash of all rows that are not misuse: who, when, what, whom."""
    rows = bench.log.filter(~whole.positive)
    order = np.argsort(rows["query_id"].to_numpy(), kind="stable")
    digest = hashlib.sha256()
    for name in ("query_id", "subject_key"):
        digest.update(np.ascontiguousarray(rows[name].to_numpy()[order]).tobytes())
    digest.update(micros(rows["time"])[order].tobytes())
    for name in ("officer_id", "system", "reason_text"):
        digest.update("\n".join(map(str, rows[name].take(order).to_pylist())).encode())
    return digest.hexdigest()


def rank(values: dict[str, float]) -> dict[str, float]:
    """Return ranks, 1 is best; equal values share theirs."""
    place = from_the_top(np.array(list(values.values()))) * len(values)
    return dict(zip(values, place.tolist(), strict=True))


def told(found: list[World]) -> dict[str, Any]:
    """Return what a machine reads of the worlds of one rate."""
    ap = {name: pooled([one.frames[name] for one in found], DRAWS) for name in DETECTORS}
    return {
        "pooled": ap,
        "rows": sum(one.rows for one in found), "misuse": sum(one.misuse for one in found),
        "rate": sum(one.misuse for one in found) / sum(one.rows for one in found),
        "officers": ap["random"].officers, "middle": _middle(found),
        "ap": {name: one.value for name, one in ap.items()},
        "interval": {name: _interval(one) for name, one in ap.items()},
        "rank": rank({name: one.value for name, one in ap.items()}),
        "precision": {
            name: float(np.mean([one.precision[name] for one in found])) for name in DETECTORS
        },
        "honest": [one.honest for one in found],
    }  # fmt: skip


def _middle(found: list[World]) -> float:
    """Return the mean place of misuse by random scores: a half, if all is well."""
    frames = [one.frames["random"] for one in found]
    return float(np.concatenate([from_the_top(f.score)[f.positive] for f in frames]).mean())


def _interval(one: Pooled) -> tuple[float, float]:
    """Return the 95 % interval, of draws moved to the value."""
    around: NDArray[np.float64] = one.drawn - np.nanmedian(one.drawn) + one.value
    low, high = np.nanquantile(around, [0.025, 0.975])
    return max(0.0, float(low)), float(high)


def page(by_rate: dict[float, dict[str, Any]]) -> list[str]:
    """Return the lines of the tables."""
    rows = list(by_rate.values())
    head = " | ".join(f"{one['rate']:.2g}" for one in rows)
    lines = [
        ABOUT,
        "| aimed at | scored rows | of them misuse | rate | misusing officers |",
        "|---|---:|---:|---:|---:|",
        *(f"| {aim:g} | {one['rows']:,} | {one['misuse']:,} | {one['rate']:.3g} | "
          f"{one['officers']}{' (intervals unreliable)' * (one['officers'] < 30)} |"  # noqa: PLR2004
          for aim, one in by_rate.items()),
    ]  # fmt: skip
    for title, cell in (
        ("Average precision, its interval, rank", _ap_cell),
        (f"Precision of {BUDGET} alerts a day, mean of worlds", _precision_cell),
    ):
        lines += [f"\n## {title}\n", f"| detector | {head} |", f"|---|{'---:|' * len(rows)}"]
        order = sorted(DETECTORS, key=lambda name: rows[-1]["rank"][name])
        lines += [f"| {n} | {' | '.join(cell(one, n) for one in rows)} |" for n in order]
    return lines


def _ap_cell(one: dict[str, Any], name: str) -> str:
    low, high = one["interval"][name]
    return f"{one['ap'][name]:.3g} ({low:.2g} to {high:.2g}) #{one['rank'][name]:g}"


def _precision_cell(one: dict[str, Any], name: str) -> str:
    return f"{100 * one['precision'][name]:.3g} %"


def neighbours(by_rate: dict[float, dict[str, Any]]) -> tuple[list[str], list[dict[str, Any]]]:
    """Return lines and numbers of each rate against the next, and of the lowest and the highest."""
    rows = list(by_rate.values())
    steps = [*itertools.pairwise(rows), (rows[0], rows[-1])]
    lines = [
        "\n## Does the order stay?\n",
        "| rates | Kendall's tau | order turned round beyond chance |", "|---|---:|---|",
    ]  # fmt: skip
    found = []
    for one, other in steps:
        turned = flips(one["pooled"], other["pooled"])
        tau = kendall(one["ap"], other["ap"])
        said = "; ".join(f"{f.ahead} fell behind {f.behind}" for f in turned) or "none"
        lines.append(f"| {one['rate']:.2g} and {other['rate']:.2g} | {tau:.2f} | {said} |")
        found.append({"rates": [one["rate"], other["rate"]], "tau": tau,
                      "flips": [f._asdict() for f in turned]})  # fmt: skip
    lines.append(BEYOND)
    return lines, found


def holds(by_rate: dict[float, dict[str, Any]]) -> bool:
    """Tell whether honest rows are the same, rates near those aimed at, and random at chance."""
    rows = list(by_rate.values())
    shared = min(len(one["honest"]) for one in rows)
    same = all(one["honest"][:shared] == rows[0]["honest"][:shared] for one in rows)
    near = all(1 / WITHIN <= one["rate"] / aim <= WITHIN for aim, one in by_rate.items())
    rising = all(a["rate"] < b["rate"] for a, b in itertools.pairwise(rows))
    chance = all(
        abs(one["middle"] - 0.5) <= 4 / (12 * max(1, one["misuse"])) ** 0.5 for one in rows
    )
    print(f"\nHonest rows the same at all rates: {same}. Rates near those aimed at, rising: "
          f"{near and rising}. Random at chance: {chance}.")  # fmt: skip
    return same and near and rising and chance


def main() -> None:
    """Print the tables, write the picture."""
    by_rate = {
        aim: told([world(times, seed + 1) for seed in range(SEEDS * (MORE if not nth else 1))])
        for nth, (aim, times) in enumerate(TIMES.items())
    }
    lines, steps = neighbours(by_rate)
    print("\n".join([*page(by_rate), *lines]))
    good = holds(by_rate)
    rows = list(by_rate.values())
    for one in rows:
        del one["pooled"]
    numbers = {"rates": {f"{aim:g}": one for aim, one in by_rate.items()}, "steps": steps}
    Path(os.environ["PROOF_NUMBERS"]).write_text(json.dumps(numbers))
    if not good:
        raise SystemExit(1)
    curves = {key: {n: [one[key][n] for one in rows] for n in DETECTORS} for key in ("ap", "rank")}
    write_sweep(PICTURE, [one["rate"] for one in rows], curves["ap"], curves["rank"], CONTROLS)


if __name__ == "__main__":
    main()
