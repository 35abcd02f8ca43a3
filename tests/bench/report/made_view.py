"""A run as the report sees it, of a few results and without a folder."""

from __future__ import annotations

from typing import Any

from tests.bench.made_run import result

from misusebench.report.view import View

RUN = {
    "dataset": {"name": "made", "rows": 2000, "scored_rows": 1000, "hash": "d" * 64},
    "review_budget": 7, "suite": "smoke", "tier": "T3", "seed": 3, "history_share": 0.4,
    "scenario_hash": "c" * 64,
}  # fmt: skip


def view(
    *found: Any, curves: Any = None, verdict: Any = None, realism: Any = None, **run: Any
) -> View:
    """Return a view of results."""
    return View({**RUN, **run}, list(found), curves or {}, verdict, realism)


def detector(name: str, recall: float | None = 0.5, **given: Any) -> Any:
    """Return a detector with a campaign recall."""
    return result(name, metrics={"campaign_recall": {"value": recall}}, **given)
