"""Several seeds of one scenario: one verdict on all of them, and nothing of a seed gets lost."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pytest
from tests.bench.gate.small_runs import seeds, write

from misusebench.errors import SuiteError
from misusebench.gate import gate
from misusebench.gate.baselines import load_baselines, write_baseline
from misusebench.gate.losses import Loss, pooled
from misusebench.gate.margins import Margins

if TYPE_CHECKING:
    from pathlib import Path

    from misusebench.gate import Verdict


def decided(verdict: Verdict) -> list[tuple[str, str]]:
    """Return (data set, status) of each check."""
    return [(check.dataset, check.status) for check in verdict.checks]


def test_seeds_are_told_and_the_mean_decides(tmp_path: Path) -> None:
    """One seed loses 0.02, twice its margin; the mean of three loses less than the margin."""
    base, head = seeds(tmp_path / "a", [0.5, 0.5, 0.5]), seeds(tmp_path / "b", [0.5, 0.48, 0.5])
    verdict = gate(head, base)
    assert decided(verdict) == [
        ("made seed 1", "noted"), ("made seed 2", "noted"), ("made seed 3", "noted"),
        ("made", "pass"),
    ]  # fmt: skip
    assert verdict.checks[-1].change == pytest.approx(-0.02 / 3)
    assert "made, mean of 3 seeds" in verdict.checks[-1].message
    assert gate(head[1], base[1]).status == "regression"


def test_a_loss_on_all_seeds_fails_and_names_the_worst(tmp_path: Path) -> None:
    """Each seed's interval is wide, the mean's is narrow enough; the command is of the worst."""
    base = seeds(tmp_path / "a", [0.5] * 4)
    head = seeds(tmp_path / "b", [0.44, 0.44, 0.40, 0.44], noise=0.06)
    alone = gate(head[0], base[0])
    assert alone.status == "inconclusive"
    verdict = gate(head, base)
    assert verdict.status == "regression"
    (fault,) = verdict.faults
    assert fault.high is not None
    assert fault.high < -0.01
    assert fault.reproduce is not None
    assert "/data/3" in fault.reproduce


def test_draws_of_seeds_are_independent() -> None:
    """The mean of four worlds of equal spread has half of it, although all draw from one stream."""
    drawn = np.random.default_rng(1).normal(size=2_000)
    one = Loss("campaign_recall", 0.5, 0.5, 0.01, drawn)
    both = pooled([one] * 4)
    assert np.std(both.drawn) == pytest.approx(np.std(drawn) / 2, rel=0.06)
    assert both.margin == pytest.approx(0.01)


def test_pooling_is_deterministic(tmp_path: Path) -> None:
    """The same runs give the same verdict, in whatever order they are named."""
    base, head = seeds(tmp_path / "a", [0.5, 0.6]), seeds(tmp_path / "b", [0.4, 0.6], noise=0.2)
    told = [gate(order, base).as_json() for order in (head, head, head[::-1])]
    assert told[0] == told[1] == told[2]


def test_a_lost_seed_fails(tmp_path: Path) -> None:
    """A seed of the baseline without a run, and a metric that one seed no longer has."""
    base, head = seeds(tmp_path / "a", [0.5, 0.5]), seeds(tmp_path / "b", [0.5, 0.5])
    verdict = gate(head[:1], base)
    assert verdict.status == "regression"
    assert "made seed 2: it is in the baseline" in verdict.faults[0].message
    write(tmp_path / "b" / "2", {"campaign_recall": None}, seed=2)
    verdict = gate(head, base)
    assert [c.dataset for c in verdict.faults] == ["made seed 2"]
    assert "is undefined" in verdict.faults[0].message
    assert verdict.checks[-1].dataset == "made seed 1"  # judged alone


def test_another_seed_has_no_baseline(tmp_path: Path) -> None:
    """It is refused by name and seed; so are two runs of one seed."""
    base, head = seeds(tmp_path / "a", [0.5]), seeds(tmp_path / "b", [0.5, 0.5])
    with pytest.raises(SuiteError, match="no baseline for data set made with seed 2"):
        gate(head, base)
    with pytest.raises(SuiteError, match="two runs of data set made"):
        gate([head[0], base[0]], base)


def test_baselines_of_seeds_lie_side_by_side(tmp_path: Path) -> None:
    """A second seed has a file of its own; writing either again changes nothing else."""
    runs = seeds(tmp_path / "a", [0.5, 0.6])
    names = [write_baseline(run, tmp_path / "kept").name for run in (*runs, *runs)]
    assert names == ["made.json", "made-2.json", "made.json", "made-2.json"]
    found = load_baselines(tmp_path / "kept")
    assert sorted(one["scenario_seed"] for one in found) == [1, 2]
    assert gate(runs, tmp_path / "kept").status == "pass"


def test_bounds_hold_for_the_mean(tmp_path: Path) -> None:
    """A floor that one seed breaks and the mean keeps is told, not judged."""
    runs = seeds(tmp_path / "a", [0.4, 0.6])
    limits = Margins(floor={"one": {"campaign_recall": 0.5}})
    verdict = gate(runs, runs, limits)
    assert verdict.status == "pass"
    assert [c.status for c in verdict.checks if ", floor" in c.message] == [
        "noted",
        "noted",
        "pass",
    ]
    limits = Margins(ceiling={"one": {"campaign_recall": 0.45}})
    (fault,) = gate(runs, runs, limits).faults
    assert "made, mean of 2 seeds: campaign_recall is 0.5000, ceiling 0.4500" in fault.message
    assert fault.reproduce is not None
    assert "/data/2" in fault.reproduce  # the seed that lies highest


def test_a_baseline_that_tells_no_seed(tmp_path: Path) -> None:
    """One of an earlier version is of the one run of its scenario, whatever its seed."""
    (run,) = seeds(tmp_path / "a", [0.5])
    path = write_baseline(run, tmp_path / "b.json")
    told = json.loads(path.read_text())
    told.pop("scenario_seed")
    for key in ("found", "rules"):
        told["components"]["one"].pop(key)
    path.write_text(json.dumps(told))
    assert gate(run, path).status == "pass"
