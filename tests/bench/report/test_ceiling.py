"""The section on the observable oracle."""

from __future__ import annotations

from typing import Any

from tests.bench.made_run import result
from tests.bench.report.test_sections_by_hand import view

from misusebench.report.ceiling import ceiling

FIT = {"held_out": 0.3, "own": 0.7, "worlds": 6}


def of(value: float, low: float | None = None, high: float | None = None) -> dict[str, Any]:
    return {"value": value, "low": low, "high": high}


def test_no_oracle_no_section() -> None:
    assert ceiling(view(result("knn"))) == ""


def test_each_detector_stands_beside_the_oracle_of_its_tier() -> None:
    oracle = result("best", metrics={"average_precision": of(0.5)}, diagnostics={"fit": FIT})
    metrics = {
        "average_precision": of(0.125), "regret": of(0.75, 0.6, 0.9),
        "below_oracle": of(0.375, 0.3, 0.45),
    }  # fmt: skip
    knn = result("knn", metrics=metrics, diagnostics={"oracle": "best"})
    other = result("rules", metrics={"average_precision": of(0.2)})
    told = ceiling(view(oracle, knn, other))
    assert "0.300 on worlds they were not fitted on, 0.700 on their own" in told
    for number in ("0.1250", "0.5000", "0.750", "0.600", "0.900", "0.3750"):
        assert number in told
    assert "rules" not in told
