"""The registry and the road in: every metric, its invariances, intervals and curves."""

from __future__ import annotations

import doctest
import json
from typing import TYPE_CHECKING

import numpy as np
import pytest
from tests.bench import made_run

from misusesim.dataset.reader import open_dataset
from misusesim.truth import open_truth

if TYPE_CHECKING:
    from pathlib import Path

from misusebench import interval, metrics
from misusebench import result as results
from misusebench.metrics import (
    alerts,
    burden,
    campaigns,
    decided,
    friction,
    points,
    prevention,
    ranking,
    registry,
)  # fmt: skip
from misusebench.metrics import speed as speeds
from misusebench.metrics import tally as tallies
from misusebench.metrics.frame import NEVER
from misusebench.metrics.registry import REGISTRY, Tolerance, metric


@pytest.fixture(scope="module")
def world() -> dict[str, np.ndarray]:
    """Return the columns of a made world."""
    return made_run.table()


@pytest.fixture(scope="module")
def fair(world: dict[str, np.ndarray]) -> metrics.Tally:
    """Return a fair detector on it."""
    score = made_run.detector_scores(world)["fair"]
    return metrics.Tally(made_run.scored(score, world), made_run.BUDGET, made_run.DRAWS)


@pytest.fixture(scope="module")
def values(fair: metrics.Tally) -> dict[str, metrics.MetricValue]:
    """Return its metric values."""
    return metrics.compute(fair)


MODULES = (
    alerts, burden, campaigns, decided, friction, points, prevention, ranking, registry, speeds,
    tallies,
)  # fmt: skip


@pytest.mark.parametrize("module", MODULES)
def test_worked_examples(module: object) -> None:
    """The examples in the docstrings hold."""
    assert doctest.testmod(module).failed == 0  # type: ignore[arg-type]


@pytest.mark.parametrize("name", sorted(REGISTRY))
def test_every_metric_is_described_and_has_an_example(name: str) -> None:
    """Name, unit, direction, a sentence, and a worked example with numbers."""
    one = REGISTRY[name]
    assert one.doc.endswith((".", ";")) or one.doc
    assert one.unit
    assert ">>>" in (one.fn.__doc__ or "")
    assert one.direction in ("higher", "lower", "none")
    assert not one.gates or one.direction != "none"


def test_speed_is_never_gated() -> None:
    """A wall clock decides nothing."""
    timed = [one for one in REGISTRY.values() if one.of == "component"]
    assert len(timed) == 4
    assert not any(one.gates for one in timed)


def test_all_detector_metrics_have_a_value(values: dict[str, metrics.MetricValue]) -> None:
    """On a rich world only the 80 % quantile is not reached, and says why."""
    undefined = {name: v.reason for name, v in values.items() if v.value is None}
    assert undefined == {
        "time_to_detect_q80": "fewer than 80 % of the campaigns were caught",
    }
    assert set(values) >= {n for n, one in REGISTRY.items() if one.of == "detector"} - {
        "alert_rate"
    }


def test_families_have_their_members(values: dict[str, metrics.MetricValue]) -> None:
    """Recall per kind and rung, alert rate per oddity."""
    assert len([n for n in values if n.startswith("campaign_recall/")]) == 3 + 12
    assert len([n for n in values if n.startswith("alert_rate/")]) == 11
    assert values["campaign_recall/retaliation"].n == 20
    assert metric("campaign_recall/retaliation/declared") is REGISTRY["campaign_recall"]


def test_values_lie_inside_their_intervals(values: dict[str, metrics.MetricValue]) -> None:
    """Shares and rates that are no extremes lie between the ends of their intervals."""
    for name in ("average_precision", "campaign_recall", "precision_at_budget",
                 "recall_at_budget", "false_accusations", "time_to_detect_rmst_30d"):  # fmt: skip
        one = values[name]
        assert one.low is not None
        assert one.high is not None
        assert one.value is not None
        assert one.low < one.value < one.high, name
        assert one.note is None


@pytest.mark.slow
def test_row_order_changes_nothing(world: dict[str, np.ndarray]) -> None:
    """All metrics and intervals are equal after a permutation of the rows."""
    score = made_run.detector_scores(world)["coarse"]
    ids = np.arange(len(score))
    order = np.random.default_rng(4).permutation(len(score))
    rows = metrics.Tally(made_run.scored(score, {**world, "query_id": ids}), 4, 20, orders=20)
    mixed_columns = {n: c[order] for n, c in {**world, "query_id": ids}.items()}
    mixed = metrics.Tally(made_run.scored(score[order], mixed_columns), 4, 20, orders=20)
    for name, value in metrics.compute(rows).items():
        other = metrics.compute(mixed)[name]
        assert other.value == pytest.approx(value.value, abs=1e-9), name
        assert other.low == pytest.approx(value.low, abs=1e-9), name


def test_a_rising_map_changes_nothing(
    world: dict[str, np.ndarray], values: dict[str, metrics.MetricValue]
) -> None:
    """Only the order of scores counts."""
    score = np.arctan(made_run.detector_scores(world)["fair"]) * 3 - 1
    tally = metrics.Tally(made_run.scored(score, world), made_run.BUDGET, made_run.DRAWS)
    for name, value in metrics.compute(tally).items():
        assert value == values[name], name


def test_the_oracle_is_not_beaten(world: dict[str, np.ndarray]) -> None:
    """Scores that are the truth have average precision 1 and the best campaign recall."""
    found = {}
    for name in ("label_oracle", "good", "random", "constant"):
        score = made_run.detector_scores(world)[name]
        found[name] = metrics.compute(made_run.scored(score, world), made_run.BUDGET, draws=20)
    assert found["label_oracle"]["average_precision"].value == 1.0
    recall = {name: v["campaign_recall"].value for name, v in found.items()}
    assert recall["label_oracle"] > recall["good"] > recall["random"]
    assert found["constant"]["auroc"].value == 0.5
    assert found["constant"]["lift"].value == pytest.approx(1.0)


def test_compute_is_deterministic(fair: metrics.Tally) -> None:
    """The same frame gives the same values, intervals and curves."""
    again = metrics.Tally(fair.scored, fair.budget, fair.draws)
    assert metrics.compute(again) == metrics.compute(fair)
    assert metrics.curves(again) == metrics.curves(fair)


def test_honest_data_has_reasons_instead_of_zeros() -> None:
    """Without misuse most metrics are undefined; false accusations are not."""
    rows = metrics.labelled(np.arange(40.0), np.zeros(40, bool), officer=np.arange(40) % 20)
    found = metrics.compute(rows, 2, draws=20)
    assert found["average_precision"].reason == "no misuse among the scored queries"
    assert found["campaign_recall"].value is None
    assert found["precision_at_budget"].value == 0.0
    assert found["false_accusations"].value == pytest.approx(2 / 20 * 365.25 * 1_000)
    drawn = metrics.curves(rows, 2, draws=20)
    assert drawn["time_to_detect"] == drawn["cost"] == {}
    assert drawn["precision_recall"]["recall"] == []


def test_few_misusing_officers_are_noted() -> None:
    """Below thirty misusing officers the interval is unreliable and says so."""
    rows = metrics.labelled(np.arange(50.0), np.arange(50) > 40, officer=np.arange(50))
    value = metrics.compute(rows, 5, draws=50)["average_precision"]
    assert value.note == "interval unreliable"
    assert metrics.curves(rows, 5, draws=50)["interval_reliable"] is False


def test_values_become_json(values: dict[str, metrics.MetricValue]) -> None:
    """The result file takes the values as they are."""
    told = results.metrics_json(values)
    assert json.loads(results.dumps(told))["average_precision"]["unit"] == "share"
    assert told["time_to_detect_q80"]["reason"].startswith("fewer than")


def test_curves_are_small_and_whole(fair: metrics.Tally) -> None:
    """At most 200 points a curve; monotone; ends where they must; plain JSON."""
    drawn = metrics.curves(fair)
    line = drawn["precision_recall"]
    assert len(line["recall"]) <= 200
    assert line["recall"] == sorted(line["recall"])
    assert line["recall"][-1] == 1.0
    assert line["precision"][-1] >= line["base_rate"]
    gone = drawn["time_to_detect"]
    assert gone["undetected"][0] == 1.0
    assert gone["undetected"] == sorted(gone["undetected"], reverse=True)
    assert gone["campaigns"] == 60
    assert sum(drawn["alerts"].values()) == pytest.approx(40 * made_run.BUDGET)
    assert drawn["cost"]["best"][0] <= drawn["cost"]["cost"][0][0]
    assert len(drawn["draws"]["values"]["average_precision"]) == made_run.DRAWS
    assert len(results.dumps(drawn)) < 200_000


def test_the_budget_point_lies_on_the_curve(fair: metrics.Tally) -> None:
    """The dot is the first step at which as many queries are flagged as alerts can be read."""
    line = metrics.curves(fair)["precision_recall"]
    dot = line["budget"]
    assert dot["flagged"] == 40 * made_run.BUDGET
    assert dot["precision"] == pytest.approx(dot["recall"] * 360 / dot["flagged"])


def test_bootstrap_is_paired(world: dict[str, np.ndarray], fair: metrics.Tally) -> None:
    """Two detectors see the same draws: one against itself never differs."""
    again = metrics.Tally(fair.scored, fair.budget, fair.draws)
    one, two = metrics.bootstrap(fair), metrics.bootstrap(again)
    assert set(one) == set(two)
    assert np.array_equal(one["campaign_recall"], two["campaign_recall"])
    good = made_run.scored(made_run.detector_scores(world)["good"], world)
    drawn = metrics.bootstrap(metrics.Tally(good, fair.budget, fair.draws))
    found = interval.paired(0.7, 0.3, drawn["average_precision"], one["average_precision"])
    assert found is not None
    assert found.low > 0
    assert found.p == pytest.approx(2 / (made_run.DRAWS + 1))


def test_speed_values() -> None:
    """What was timed becomes values; what was not has a reason."""
    found = metrics.compute_speed(
        {"rows_per_s": 5.0, "fit_s": 1.0, "above_empty_mib": 2.0, "single_row_ms": {"p50": 0.5}}
    )
    assert found["rows_per_s"].value == 5.0
    assert found["single_row_ms/p50"].value == 0.5
    assert found["single_row_ms/p99"].reason == "too few single rows were timed"


def test_tolerance_is_the_larger_bound() -> None:
    """Absolute at small values, relative at large ones."""
    assert Tolerance(0.01, 0.1).margin(0.05) == 0.01
    assert Tolerance(0.01, 0.1).margin(-2.0) == 0.2


def test_a_frame_refuses_bad_scores() -> None:
    """NaN and a wrong number of scores are errors, never repaired."""
    with pytest.raises(ValueError, match="not finite"):
        metrics.labelled(np.array([1.0, np.nan]), np.zeros(2, bool))
    with pytest.raises(ValueError, match="scores for"):
        metrics.labelled(np.zeros(2), np.zeros(3, bool))


def test_guilt_starts_with_the_campaign() -> None:
    """An officer is guilty from his first misuse query or his campaign's, innocents never."""
    rows = metrics.labelled(
        np.zeros(4), np.array([1, 1, 0, 1], bool), officer=np.array([0, 1, 2, 1]),
        day=np.array([3, 7, 0, 9]), campaign=np.array([0, 0, -1, -1]),
    )  # fmt: skip
    day_us = made_run.DAY_US
    assert rows.guilty_us.tolist() == [3 * day_us, 3 * day_us, NEVER]


def test_a_frame_of_a_real_log(tiny_dataset: Path) -> None:
    """Scores of the last rows of a log stand beside their truth; earlier guilt is known."""
    dataset, truth = open_dataset(tiny_dataset), open_truth(tiny_dataset)
    log = dataset.log(["query_id", "received_at", "officer_id", "agency_id"])
    half = log.num_rows // 2
    rows = metrics.scored_frame(log, np.zeros(log.num_rows - half), truth)
    whole = metrics.scored_frame(log, np.zeros(log.num_rows), truth)
    assert rows.query_id.tolist() == log["query_id"].to_pylist()[half:]
    assert rows.positive.tolist() == whole.positive[half:].tolist()
    early = set(whole.officer[:half][whole.positive[:half]].tolist())
    for place, name in enumerate(rows.officers):
        if whole.officers.index(name) in early:
            assert rows.guilty_us[place] < rows.time_us[0]
    assert rows.misusing_officers <= whole.misusing_officers
