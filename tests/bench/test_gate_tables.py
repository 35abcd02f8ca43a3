"""The gate and the comparison on hand-made runs of a few numbers: tables of what they decide."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from rich.console import Console
from tests.bench.made_run import result

from misusebench import metrics
from misusebench import result as results
from misusebench.compare import Difference, _corrected, compare, table, value_of
from misusebench.errors import SuiteError
from misusebench.gate import Check, Verdict, gate
from misusebench.gate.baselines import BASELINE_DRAWS, baseline_of, load_baselines, write_baseline
from misusebench.gate.margins import Margins, load_margins
from misusebench.stored import kept_draws

if TYPE_CHECKING:
    from pathlib import Path

SPREAD = np.linspace(-1, 1, 200)


def write(
    folder: Path,
    values: dict[str, float | None],
    noise: float | None = None,
    name: str = "one",
    **given: Any,
) -> Path:
    """Write a run of one component; draws lie evenly within `noise` of each value."""
    drawn = {n: (v + noise * SPREAD).tolist() for n, v in values.items() if noise is not None and v}
    rest = {"low": None, "high": None, "unit": "share", "n": 1, "reason": "made"}
    told = {
        n: {"value": v, "direction": metrics.metric(n).direction, **rest} for n, v in values.items()
    }
    one = result(
        name, metrics=told, diagnostics={"curves": {"draws": {"seed": 0, "values": drawn}}},
        **{k: v for k, v in given.items() if k in ("state", "reasons")},
    )  # fmt: skip
    results.save(one, folder)
    run = {
        "schema_version": "1", "suite": "smoke", "tier": "T3", "seed": 0, "review_budget": 4,
        "history_share": 0.4, "dataset": one.dataset, "scenario_hash": "c" * 64,
        "components": [name], "ungated": {"data": "/nowhere"},
        **{k: v for k, v in given.items() if k not in ("state", "reasons")},
    }  # fmt: skip
    results.write_atomically(folder / "run.json", results.dumps(run).encode())
    return folder


# the paired draws of two runs with noise a and b differ by change + (b - a) * SPREAD, |SPREAD| <= 1
@pytest.mark.parametrize(
    ("name", "base", "head", "noise", "status"),
    [
        ("campaign_recall", 0.50, 0.50, 0.0, "pass"),
        ("campaign_recall", 0.50, 0.90, 0.0, "pass"),
        ("campaign_recall", 0.50, 0.49, 0.0, "pass"),
        ("campaign_recall", 0.50, 0.489, 0.0, "regression"),
        ("campaign_recall", 0.50, 0.489, 0.1, "inconclusive"),
        ("campaign_recall", 0.50, 0.30, 0.1, "regression"),
        ("campaign_recall", 0.50, 0.40, 0.2, "inconclusive"),
        ("average_precision", 0.50, 0.495, 0.0, "pass"),
        ("average_precision", 0.50, 0.494, 0.0, "regression"),
        ("false_accusations", 100.0, 102.0, 0.0, "pass"),
        ("false_accusations", 100.0, 102.1, 0.0, "regression"),
        ("false_accusations", 100.0, 50.0, 0.0, "pass"),
        ("false_accusations", 100.0, 103.0, 5.0, "inconclusive"),
        ("time_to_detect_rmst_30d", 5.0, 5.25, 0.0, "pass"),
        ("time_to_detect_rmst_30d", 5.0, 5.26, 0.0, "regression"),
    ],
)
def test_losses(
    tmp_path: Path, name: str, base: float, head: float, noise: float, status: str
) -> None:
    """A loss within the tolerance passes, beyond it the paired interval decides."""
    one, other = (
        write(tmp_path / "a", {name: base}, 0.0),
        write(tmp_path / "b", {name: head}, noise),
    )
    found = gate(other, one)
    assert found.status == status
    check = found.checks[0]
    assert check.change == pytest.approx(head - base)
    assert check.low == pytest.approx(head - base - 0.95 * noise)
    assert check.high == pytest.approx(head - base + 0.95 * noise)


@pytest.mark.parametrize(
    ("status", "strict", "code"),
    [("pass", False, 0), ("pass", True, 0), ("regression", False, 1), ("regression", True, 1),
     ("inconclusive", False, 3), ("inconclusive", True, 1), ("failed", False, 4),
     ("failed", True, 4)],
)  # fmt: skip
def test_exit_codes(status: str, strict: bool, code: int) -> None:
    """Each outcome has its code; strict turns inconclusive into a regression."""
    one = Verdict(status, (), strict)
    assert one.exit_code == code
    assert one.as_json()["exit_code"] == code


def test_faults_come_worst_first() -> None:
    """Failed, regression, inconclusive; what passed or is new is no fault."""
    order = ("pass", "inconclusive", "new", "failed", "regression")
    told = Verdict("failed", tuple(Check("d", "c", "m", s, f"says {s}") for s in order))
    assert [check.status for check in told.faults] == ["failed", "regression", "inconclusive"]
    assert told.lines() == [
        "failed: 1 of 4 checks passed",
        *(f"{status}: says {status}" for status in ("failed", "regression", "inconclusive")),
    ]


@pytest.mark.parametrize(
    ("margin", "status"),
    [({"campaign_recall": 0.1}, "pass"), ({"campaign_recall": 0.09}, "regression"),
     ({"campaign_recall": 0.0}, "regression"), ({"average_precision": 1.0}, "regression")],
)  # fmt: skip
def test_a_margin_replaces_the_tolerance(
    tmp_path: Path, margin: dict[str, float], status: str
) -> None:
    """A loss of exactly the margin passes; a margin of another metric does not count."""
    base = write(tmp_path / "a", {"campaign_recall": 0.5})
    head = write(tmp_path / "b", {"campaign_recall": 0.4})
    assert gate(head, base, Margins(margin=margin)).status == status


def test_a_family_s_margin_holds_for_its_members(tmp_path: Path) -> None:
    """A member's own margin goes before that of the family."""
    name = "campaign_recall/retaliation"
    base, head = write(tmp_path / "a", {name: 0.5}), write(tmp_path / "b", {name: 0.4})
    assert gate(head, base, Margins(margin={"campaign_recall": 0.2})).status == "pass"
    both = Margins(margin={"campaign_recall": 0.2, name: 0.05})
    assert gate(head, base, both).status == "regression"


def test_the_message_names_the_worst_kind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of two kinds that lost, the one that lost more stands in the message of the whole."""
    monkeypatch.chdir(tmp_path)  # far from the source of any component
    values = {"campaign_recall": 0.5, "campaign_recall/x": 0.6, "campaign_recall/y": 0.4}
    base = write(tmp_path / "a", values)
    head = write(
        tmp_path / "b", {"campaign_recall": 0.3, "campaign_recall/x": 0.5, "campaign_recall/y": 0.1}
    )
    whole = next(c for c in gate(head, base).checks if c.metric == "campaign_recall")
    assert whole.message == (
        "one on made: campaign_recall 0.5000 -> 0.3000 (-0.2000, margin 0.0100); worst for y "
        "(-0.3000); reproduce: misusebench bench /nowhere --suite smoke "
        "--detector one --tier T2 -o run-made-1-one"
    )


@pytest.mark.parametrize(
    ("value", "floor", "ceiling", "status"),
    [(0.5, 0.5, None, "pass"), (0.5, 0.51, None, "regression"), (0.5, None, 0.5, "pass"),
     (0.5, None, 0.49, "regression"), (None, 0.1, None, "regression"),
     (None, None, 0.9, "regression"), (0.5, 0.4, 0.6, "pass")],
)  # fmt: skip
def test_floors_and_ceilings_include_their_ends(
    tmp_path: Path, value: float | None, floor: float | None, ceiling: float | None, status: str
) -> None:
    """A value at the bound is kept; what is undefined keeps no bound."""
    run = write(tmp_path / "a", {"lift": value})
    limits = Margins(
        floor={} if floor is None else {"one": {"lift": floor}},
        ceiling={} if ceiling is None else {"one": {"lift": ceiling}},
    )
    assert gate(run, run, limits).status == status


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [("seed", 1, r"differ in seed \(0 and 1\)"), ("review_budget", 9, r"review_budget \(4 and 9\)"),
     ("history_share", 0.5, r"history_share \(0.4 and 0.5\)")],
)  # fmt: skip
def test_what_cannot_be_compared(tmp_path: Path, key: str, value: float, said: str) -> None:
    """Another seed, budget or history is named with both values."""
    base, head = write(tmp_path / "a", {}), write(tmp_path / "b", {}, **{key: value})
    with pytest.raises(SuiteError, match=said):
        gate(head, base)


def test_a_baseline_keeps_gated_metrics_of_one_level(tmp_path: Path) -> None:
    """Neither what is not gated nor members of members; at most 200 draws; nothing of the clock."""
    values = {
        "campaign_recall": 0.5,
        "campaign_recall/a": 0.5,
        "campaign_recall/a/b": 0.5,
        "lift": 3.0,
    }
    run = write(tmp_path / "a", values, 0.1)
    one = baseline_of(run)["components"]["one"]
    assert sorted(one["metrics"]) == ["campaign_recall", "campaign_recall/a"]
    assert {n: len(d) for n, d in one["draws"].items()} == dict.fromkeys(
        one["metrics"], BASELINE_DRAWS
    )
    path = write_baseline(run, tmp_path / "kept")
    assert path == tmp_path / "kept" / "made.json"
    assert load_baselines(tmp_path / "kept") == [json.loads(path.read_text())]
    assert "/nowhere" not in path.read_text()
    assert gate(run, path).status == "pass"


def test_every_fault_of_a_gate_toml_is_told_at_once(tmp_path: Path) -> None:
    """Three faults make three lines, each with its file and place."""
    path = tmp_path / "gate.toml"
    path.write_text("[margin]\ncampaign_recall = true\n[floor.one]\nnone = 1\n[other]\n")
    with pytest.raises(SuiteError) as told:
        load_margins(path)
    assert str(told.value).splitlines() == [
        f"{path}:2: margin.campaign_recall must be a number from 0 on, got True",
        f"{path}:4: floor.one.none: there is no such metric; `misusebench list metrics` names them",
        f"{path}:5: no table other; there are ceiling, floor, margin, memory, speed, worlds",
    ]


@pytest.mark.parametrize(
    ("value", "wanted"),
    [(1, 1.0), (0.25, 0.25), (None, None), (math.nan, None), (math.inf, None), ("x", None)],
)
def test_value_of(value: object, wanted: float | None) -> None:
    """Only a finite number is a value."""
    assert value_of(result("one", metrics={"m": {"value": value}}), "m") == wanted
    assert value_of({"metrics": {"m": {"value": value}}}, "m") == wanted
    assert value_of(result("one"), "m") is None


def test_kept_draws_turn_null_into_undefined(tmp_path: Path) -> None:
    """Draws come back as numbers by component and metric; null is NaN."""
    run = write(tmp_path / "a", {"lift": 2.0}, 0.0)
    path = run / "results" / "one.json"
    told = json.loads(path.read_text())
    told["diagnostics"]["curves"]["draws"]["values"]["lift"] = [1.5, None]
    path.write_text(json.dumps(told))
    found = kept_draws(run)
    assert list(found) == [("one", "lift")]
    assert found["one", "lift"].tolist() == pytest.approx([1.5, math.nan], nan_ok=True)


@pytest.mark.parametrize(
    ("name", "change", "p", "better"),
    [("campaign_recall", 0.1, 0.01, True), ("campaign_recall", -0.1, 0.01, False),
     ("campaign_recall", 0.1, 0.05, None), ("false_accusations", -3.0, 0.01, True),
     ("false_accusations", 3.0, 0.01, False), ("campaign_recall", 0.0, 0.01, None),
     ("campaign_recall/x", 0.1, 0.049, True), ("campaign_recall", 0.1, None, None)],
)  # fmt: skip
def test_better_or_worse(name: str, change: float, p: float | None, better: bool | None) -> None:
    """Significant and in the right direction; nothing is said at p = 0.05 or without a change."""
    given = Difference("one", name, 0.0, change, change, None, None, p, None)
    assert _corrected([given])[0].better is better


def test_holm_is_over_components_metric_by_metric() -> None:
    """Two components on one metric are corrected together, another metric apart."""
    cells = [("a", "lift", 0.01), ("b", "lift", 0.04), ("a", "auroc", 0.04), ("c", "lift", None)]
    found = _corrected([Difference(c, m, 0, 1, 1, 0, 2, p, None) for c, m, p in cells])
    assert [d.p for d in found] == [0.02, 0.04, 0.04, None]


def test_a_comparison_by_hand(tmp_path: Path) -> None:
    """Kept draws that all rise by 0.1: change, interval, p of 200 draws, and the table's row."""
    base = write(tmp_path / "a", {"campaign_recall": 0.5}, 0.2)
    head = write(tmp_path / "b", {"campaign_recall": 0.6}, 0.2)
    found = compare([base, head])
    d = found.differences[0][0]
    assert (d.change, d.low, d.high) == pytest.approx((0.1, 0.1, 0.1))
    assert d.p == pytest.approx(2 / 201)
    assert d.better is True
    console = Console(width=200)
    with console.capture() as told:
        console.print(table(found))
    assert "+0.1000 … +0.1000" in told.get()
    assert "0.0100" in told.get()


def test_every_gated_metric_has_a_margin_and_a_direction() -> None:
    """What can fail a build says which way is better and is no number of the machine."""
    for name, one in metrics.REGISTRY.items():
        if one.gates:
            assert one.direction in ("higher", "lower"), name
            assert one.of != "component", name
