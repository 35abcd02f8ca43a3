"""The story behind the project: what finds a unit's 6,789 prohibited permit checks, and what not.

Two worlds of a year, alike but for what the unit types: it declares the checks, or miscodes them.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from misusebench.columns import distinct
from misusebench.component import OUTCOMES
from misusebench.detectors.iforest import IForest
from misusebench.features import Features
from misusebench.metrics.ranking import auroc
from misusebench.run import run
from misusebench.suite import load_suite
from misusesim.dataset.reader import open_dataset
from misusesim.scenario.load import load_scenario
from misusesim.shards import run as simulate
from misusesim.truth import open_truth

FOLDER = Path(os.environ["PROOF_FOLDER"])
#: Desk officers keep office hours. Jail and dispatch work round the clock in watches, so that their
#: honest queries leave a learnt window for reasons of their own; they are shown apart.
DESK = ("records_clerk", "licensing_clerk", "analyst", "it")
BLIND = (0.4, 0.6)
EVERYBODY_INSIDE = (*DESK, "supervisor", "jail", "dispatcher")
DETECTORS = ("shift_window", "peer_z", "iforest", "rules")


def columns(data: Path, scored: pa.Table) -> dict[str, np.ndarray]:
    """Return role, cause, kind and label of each scored query."""
    dataset = open_dataset(data)
    log = dataset.log(["query_id", "officer_id"])
    officers = dataset.context("T1")["roster/officers"]
    role_of = dict(
        zip(officers["officer_id"].to_pylist(), officers["role"].to_pylist(), strict=True)
    )
    place, names = distinct(log["officer_id"])
    roles = np.array([role_of[name] for name in names])[place]
    order = {q: i for i, q in enumerate(log["query_id"].to_pylist())}
    at = np.array([order[q] for q in scored["query_id"].to_pylist()])
    truth = open_truth(dataset).queries
    told = {q: i for i, q in enumerate(truth["query_id"].to_pylist())}
    rows = truth.take(pa.array([told[q] for q in scored["query_id"].to_pylist()]))
    kind, kinds = distinct(rows["kind"])
    cause, causes = distinct(rows["cause"])
    return {
        "role": roles[at],
        "cause": np.array([*causes, ""])[cause],
        "kind": np.array([*kinds, ""])[kind],
        "row": at,
    }


def judged(name: str) -> dict[str, Any]:
    """Simulate a world, run the suite on it, and return the figures."""
    data, folder = FOLDER / name, FOLDER / f"{name}-run"
    manifest = simulate(load_scenario(name), data, workers=os.cpu_count() or 1)
    done = run(data, load_suite("permit_desk"), folder, jobs=2)
    if done.failed:
        raise SystemExit("; ".join(f"{r.name}: {r.reasons}" for r in done.failed))
    scored = pq.read_table(folder / "scores" / "shift_window.parquet")
    told = columns(data, scored)
    checks = told["kind"] == "permit_checks"
    honest_desk = (told["cause"] != "misuse") & np.isin(told["role"], DESK)
    rows = checks | honest_desk
    inside = checks | ((told["cause"] != "misuse") & np.isin(told["role"], EVERYBODY_INSIDE))
    found: dict[str, Any] = {
        "rows": manifest["rows"],
        "checks_in_truth": int(sum(
            sum(m["queries"].values())
            for m in manifest["realised"]["misuse"] if m["kind"] == "permit_checks"
        )),
        "checks_scored": int(checks.sum()),
        "honest_desk_queries": int(honest_desk.sum()),
        "auroc": {},
        "auroc_inside": {},
        "denied": {},
    }  # fmt: skip
    for detector in DETECTORS:
        score = pq.read_table(folder / "scores" / f"{detector}.parquet")["score"].to_numpy()
        found["auroc"][detector] = auroc(score[rows], checks[rows])
        found["auroc_inside"][detector] = auroc(score[inside], checks[inside])
    for policy in ("ccw_rule", "eleven_rules"):
        table = pq.read_table(folder / "scores" / f"{policy}.parquet")
        denied = table["outcome"].to_numpy() != OUTCOMES.index("permit")
        reasons: dict[str, int] = {}
        for fired in table["reasons"].filter(pa.array(checks & denied)).to_pylist():
            for rule in fired:
                reasons[rule] = reasons.get(rule, 0) + 1
        found["denied"][policy] = {
            "checks": float(denied[checks].mean()),
            "honest": float(denied[told["cause"] != "misuse"].mean()),
            "reasons": reasons,
        }
    found["iforest_sees"] = seen(data, told, checks, honest_desk)
    return found


def seen(
    data: Path, told: dict[str, np.ndarray], checks: np.ndarray, honest: np.ndarray
) -> list[tuple[str, float]]:
    """Return the features by which the checks differ most from honest desk work, with AUROC."""
    dataset = open_dataset(data)
    features = Features(IForest()._features.tier)  # noqa: SLF001 - the tier it uses by default
    features.start(dataset.context("T1"))
    value = features.transform(dataset.log())[told["row"]]
    rows = checks | honest
    found = [
        (name, auroc(np.ascontiguousarray(value[rows, k]), checks[rows]))
        for k, name in enumerate(features.names)
    ]
    return sorted(found, key=lambda pair: -abs(pair[1] - 0.5))[:8]


def main() -> None:
    """Print both worlds side by side."""
    worlds = {name: judged(name) for name in ("permit_desk", "permit_desk_miscoded")}
    Path(os.environ["PROOF_NUMBERS"]).write_text(json.dumps(worlds, indent=1))
    one = worlds["permit_desk"]
    print("# A unit's prohibited permit checks: what finds them\n")
    print(f"{one['rows']['written']:,} queries in a year, {one['checks_in_truth']:,} of them "
        f"prohibited checks (6,789 planned, plus duplicates, less lost rows). "
        f"Scored: the last 60 % of days, {one['checks_scored']:,} checks against "
        f"{one['honest_desk_queries']:,} honest queries of "
        "desk officers.\n")  # fmt: skip
    print("| component | declared | miscoded |\n|---|---|---|")
    for detector in DETECTORS:
        values = [f"{w['auroc'][detector]:.3f}" for w in worlds.values()]
        print(f"| {detector}: AUROC, checks against honest desk work | {' | '.join(values)} |")
        values = [f"{w['auroc_inside'][detector]:.3f}" for w in worlds.values()]
        print(
            f"| {detector}: the same with jail, dispatch and supervisors | {' | '.join(values)} |"
        )
    for policy, what in (("ccw_rule", "the CCW rule alone"), ("eleven_rules", "all eleven rules")):
        values = [f"{w['denied'][policy]['checks']:.1%}" for w in worlds.values()]
        print(f"| {what}: checks denied | {' | '.join(values)} |")
        values = [f"{w['denied'][policy]['honest']:.2%}" for w in worlds.values()]
        print(f"| {what}: honest queries denied | {' | '.join(values)} |")
    for name, world in worlds.items():
        print(f"\n## {name}\n")
        print(f"Rules that deny the checks: {world['denied']['eleven_rules']['reasons']}.\n")
        print("What the isolation forest is shown, by AUROC of each feature alone:\n")
        print("| feature | AUROC |\n|---|---|")
        for feature, value in world["iforest_sees"]:
            print(f"| {feature} | {value:.3f} |")
    hold(worlds)


def hold(worlds: dict[str, Any]) -> None:
    """Fail unless the story holds: invisible to anomaly, plain to the rule, hidden by miscoding."""
    declared, miscoded = worlds["permit_desk"], worlds["permit_desk_miscoded"]
    for world in worlds.values():
        for detector in ("shift_window", "peer_z"):
            if not BLIND[0] <= world["auroc"][detector] <= BLIND[1]:
                raise SystemExit(f"{detector} is not blind: {world['auroc'][detector]:.3f}")
    stopped = [world["denied"]["ccw_rule"]["checks"] for world in (declared, miscoded)]
    if stopped != [1.0, 0.0]:
        raise SystemExit(f"the CCW rule stops {stopped}, expected all and none")


if __name__ == "__main__":
    main()
