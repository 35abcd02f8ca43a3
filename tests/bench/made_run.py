"""A run folder made of synthetic scores, for the tests of report, gate and compare."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from misusebench import drilldown, metrics
from misusebench import result as results
from misusebench.result import Result

if TYPE_CHECKING:
    from pathlib import Path

DAY_US = 86_400_000_000
BUDGET = 4
DRAWS = 400
#: Names that must stay text wherever they are shown.
HOSTILE = (
    "</script><script>alert(1)</script>", "<img src=x onerror=alert(1)>", "$\\frac{$&\"'",
    "a\u2028b", "\x1b[31mred", "{{7*7}}",
)  # fmt: skip


def table(seed: int = 0) -> dict[str, Any]:
    """Return the columns of a world: 120 officers, 40 days, 60 campaigns of six queries."""
    chance = np.random.default_rng(seed)
    n = 24_000
    officer = chance.integers(0, 120, n)
    campaign = np.full(n, -1)
    for number in range(60):
        own = np.flatnonzero((officer == number % 40) & (campaign < 0))
        campaign[chance.choice(own, 6, replace=False)] = number
    positive = campaign >= 0
    odd = ~positive & (chance.random(n) < 0.02)
    day = chance.integers(0, 40, n)
    return {
        "positive": positive, "officer": officer, "agency": officer % 5, "day": day,
        "campaign": campaign, "kind": np.where(positive, campaign % 3, -1),
        "rung": np.where(positive, campaign % 4, -1),
        "oddity": np.where(odd, chance.integers(0, 11, n), -1),
        "time_us": day * DAY_US + chance.integers(0, DAY_US, n),
    }  # fmt: skip


def scored(score: np.ndarray, columns: dict[str, Any]) -> metrics.Scored:
    """Return scores beside the world's truth."""
    rest = {name: column for name, column in columns.items() if name != "positive"}
    return metrics.labelled(score, columns["positive"], **rest)


def detector_scores(columns: dict[str, Any], seed: int = 1) -> dict[str, np.ndarray]:
    """Return scores of some detectors, from blind to good."""
    chance = np.random.default_rng(seed)
    positive = columns["positive"]
    noise = chance.normal(size=(6, len(positive)))
    kind = columns["kind"]
    return {
        "good": noise[0] + 3.0 * positive, "fair": noise[1] + 2.0 * positive,
        "one_sided": noise[2] + 4.0 * (kind == 1), "coarse": np.round(noise[3] + 1.5 * positive),
        "random": noise[4], "constant": np.zeros(len(positive)),
        "label_oracle": positive.astype(float),
    }  # fmt: skip


def result(name: str, kind: str = "detector", **given: Any) -> Result:
    """Return a result without metrics."""
    fields: dict[str, Any] = {
        "dataset": {"name": "made", "hash": "d" * 64, "rows": 40_000, "scored_rows": 24_000,
                    "history_end_us": 0},
        "scenario_hash": "c" * 64,
        "component": {"kind": kind, "name": name, "target": f"misusebench.detectors:{name}",
                      "version": "1", "parameters": {}, "source_sha256": "a" * 64},
        "tier": "T2", "seeds": {"suite": 0, "scenario": 1},
        "isolation": {"level": "landlock", "not_stopped": []}, "state": "ok",
        "ungated": {"timing": {"rows_per_s": 1e6, "fit_s": 0.25, "above_empty_mib": 12.0,
                               "single_row_ms": {"n": 1000, "p50": 0.1, "p95": 0.2, "p99": 0.3}}},
    }  # fmt: skip
    return Result(**{**fields, **given})


def decisions(columns: dict[str, Any], seed: int = 2) -> metrics.Decided:
    """Return decisions that stop half of the misuse and a few honest queries."""
    chance = np.random.default_rng(seed)
    positive = columns["positive"]
    denied = np.where(
        positive, chance.random(len(positive)) < 0.5, chance.random(len(positive)) < 0.04
    )
    why = np.where(denied, 1 + chance.integers(0, 2, len(positive)), 0).astype(np.int32)
    return metrics.Decided(
        scored(np.zeros(len(positive)), columns), denied.astype(np.int8), why,
        [((), ()), (("purpose",), ()), (("case", "off_shift"), ())], draws=DRAWS,
    )  # fmt: skip


@cache
def judged(name: str, blur: float) -> tuple[Any, Any, np.ndarray, Any, Any]:
    """Return metrics, curves, scores, cells of the matrix and what is found; worked out once."""
    columns = table()
    score = detector_scores(columns)[name]
    score = score + blur * np.random.default_rng(9).normal(size=len(score))
    tally = metrics.Tally(scored(score, columns), BUDGET, DRAWS)
    cells = metrics.matrix(tally.caught, metrics.stopped(decisions(columns)))
    values = results.metrics_json(metrics.compute(tally))
    return values, metrics.curves(tally), score, cells, drilldown.found_by(tally)


def write(
    folder: Path, *, extra: list[Result] | None = None, worse: dict[str, float] | None = None
) -> Path:
    """Write a run; `worse` blurs a detector's scores by noise of that size."""
    columns = table()
    found, combined, finds = [], {}, {}
    for name in detector_scores(columns):
        values, points, score, cells, finds[name] = judged(name, (worse or {}).get(name, 0.0))
        ids = np.arange(len(score))
        results.save_scores(pa.table({"query_id": ids, "score": score}), folder, name)
        combined[name] = {"half": cells}
        found.append(result(name, metrics=values, diagnostics={"curves": points}))
    decided = decisions(columns)
    values = results.metrics_json(metrics.compute_policy(decided))
    points = metrics.policy_curves(decided)
    policy = result("half", "policy", metrics=values, diagnostics={"curves": points})
    found += [policy, *(extra or [])]
    for one in found:
        results.save(one, folder)
    stays = drilldown.rounded(metrics.remains(decided))
    ids = [f"m-{place:02d}" for place in range(60)]
    told = drilldown.told(
        decided.scored, ids, BUDGET, finds, {"half": {"denied": stays, "stays": stays}}
    )
    drilldown.save(folder, told)
    run = {
        "schema_version": "1", "suite": "smoke", "tier": "T3", "seed": 0,
        "review_budget": BUDGET, "history_share": 0.4, "dataset": found[0].dataset,
        "scenario_hash": "c" * 64, "components": [one.name for one in found],
        "combined": combined,
        "ungated": {"data": "/nowhere", "machine": {"cpu": "made", "cpu_affinity": 2,
                                                    "python": "3.11", "packages": {"numpy": "2"}}},
    }  # fmt: skip
    results.write_atomically(folder / "run.json", results.dumps(run).encode())
    return folder
