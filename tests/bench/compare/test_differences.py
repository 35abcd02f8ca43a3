"""Comparison of runs: paired where the data are the same."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pytest
from rich.console import Console
from tests.bench import made_run

from misusebench import interval, metrics
from misusebench.compare import Wanted, compare, drawing, table
from misusebench.errors import SuiteError
from misusebench.run import run
from misusebench.stored import decided, kept_draws
from misusebench.suite import Suite, parse_component
from misusesim.dataset import schema

if TYPE_CHECKING:
    from pathlib import Path

#: They stand on whole runs.
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Return a run, and one in which a detector is worse."""
    folder = tmp_path_factory.mktemp("compare")
    return made_run.write(folder / "a"), made_run.write(folder / "b", worse={"good": 3.0})


def test_a_loss_is_found_and_significant(runs: tuple[Path, Path]) -> None:
    """The blurred detector's average precision falls, its interval lies below 0."""
    found = compare(runs)
    told = {(d.component, d.metric): d for d in found.differences[0]}
    lost = told["good", "average_precision"]
    assert lost.change is not None
    assert lost.change < -0.2
    assert lost.high is not None
    assert lost.high < 0
    assert lost.better is False


def test_what_did_not_change_is_not_significant(runs: tuple[Path, Path]) -> None:
    """An equal component has a difference of 0 with p 1."""
    told = {(d.component, d.metric): d for d in compare(runs).differences[0]}
    same = told["fair", "average_precision"]
    assert (same.change, same.low, same.high, same.p, same.better) == (0.0, 0.0, 0.0, 1.0, None)


def test_p_values_are_corrected_over_components(runs: tuple[Path, Path]) -> None:
    """Seven detectors are compared by one metric, so the smallest p is seven times 2 / 401."""
    for names in (["average_precision"], ["average_precision", "campaign_recall"]):
        found = compare(runs, names).differences[0]
        lost = next(d for d in found if (d.component, d.metric) == ("good", names[0]))
        assert lost.p == pytest.approx(7 * 2 / 401, abs=1e-9)


def test_many_retunings_are_one_family(runs: tuple[Path, Path], tmp_path: Path) -> None:
    """Three later runs of seven detectors: 21 tests a metric, and a note that says so."""
    more = [shutil.copytree(runs[1], tmp_path / name) for name in ("second", "third")]
    found = compare([*runs, *more], ["average_precision"])
    for changed in found.differences:
        lost = next(d for d in changed if d.component == "good")
        assert lost.p == pytest.approx(21 * 2 / 401, abs=1e-9)
    assert any("up to 21 tests: components by later runs" in note for note in found.notes)


def test_kept_draws_serve_where_the_data_are_gone(runs: tuple[Path, Path]) -> None:
    """The data set of these runs does not exist, and the comparison says so."""
    assert any("kept draws" in note for note in compare(runs).notes)


def test_other_data_have_no_interval(runs: tuple[Path, Path], tmp_path: Path) -> None:
    """Differences between data sets are shown without interval, with a note."""
    other = shutil.copytree(runs[1], tmp_path / "other")
    told = json.loads((other / "run.json").read_text())
    told["dataset"]["hash"] = "e" * 64
    (other / "run.json").write_text(json.dumps(told))
    found = compare([runs[0], other])
    assert not found.same_data
    assert "different data" in found.notes[0]
    assert sum("kept draws instead of raw scores" in note for note in found.notes) == 2
    assert all(d.low is None for d in found.differences[0])


@pytest.mark.parametrize(
    ("key", "value"), [("seed", 5), ("review_budget", 99), ("history_share", 0.9)]
)
def test_other_conditions_have_no_interval(
    runs: tuple[Path, Path], tmp_path: Path, key: str, value: float
) -> None:
    """Draws under another seed, budget or history are of other things: nothing to pair."""
    other = shutil.copytree(runs[1], tmp_path / "other")
    told = json.loads((other / "run.json").read_text())
    told[key] = value
    (other / "run.json").write_text(json.dumps(told))
    found = compare([runs[0], other])
    assert not found.same_data
    assert found.notes[0].startswith(f"the runs differ in {key} (")
    assert all(d.low is None and d.better is None for d in found.differences[0])
    with pytest.raises(SuiteError, match=r"nobody is left to explain c with: the runs differ"):
        compare([runs[0], other], wish=Wanted(explain="c"))


@pytest.mark.parametrize(
    ("name", "hint"),
    [("averge_precision", "did you mean average_precision"), ("zzz", "list metrics")],
)
def test_an_unknown_metric_is_refused(runs: tuple[Path, Path], name: str, hint: str) -> None:
    """An empty table would look like no difference."""
    with pytest.raises(SuiteError, match=f"no metric {name}; .*{hint}"):
        compare(runs, [name])


def test_a_metric_that_nobody_has_is_refused(runs: tuple[Path, Path]) -> None:
    """A member that does not exist, a metric without a value or a direction to rank by."""
    with pytest.raises(SuiteError, match="no result of these runs has the metric alert_rate/no"):
        compare(runs, ["alert_rate/nosuch"])
    with pytest.raises(SuiteError, match="has the metric regret"):
        compare(runs, wish=Wanted(rank="regret"))
    with pytest.raises(SuiteError, match="rule_count has no better side"):
        compare(runs, wish=Wanted(rank="rule_count"))
    for rope in (float("nan"), float("inf"), -0.1):
        with pytest.raises(SuiteError, match="--rope must be a number of 0 or more"):
            compare(runs, wish=Wanted(rope=rope))


def test_missing_components_are_noted(runs: tuple[Path, Path], tmp_path: Path) -> None:
    """A component in only one run is told, not compared."""
    other = shutil.copytree(runs[1], tmp_path / "other")
    told = json.loads((other / "run.json").read_text())
    told["components"].remove("fair")
    (other / "run.json").write_text(json.dumps(told))
    assert "fair is only in the first run" in compare([runs[0], other]).notes
    assert "fair is only in the later run" in compare([other, runs[0]]).notes


def test_json_and_table(runs: tuple[Path, Path]) -> None:
    """The comparison is plain JSON and fits a terminal."""
    found = compare(runs, ["average_precision", "campaign_recall"])
    told = json.loads(json.dumps(found.as_json(), allow_nan=False))
    assert told["same_data"] is True
    assert told["heads"][0]["differences"][0]["metric"] == "average_precision"
    console = Console(width=160, record=True, file=open("/dev/null", "w"))  # noqa: PTH123, SIM115
    console.print(table(found))
    console.file.close()
    assert "average_precision" in console.export_text()


def test_a_folder_without_a_run(runs: tuple[Path, Path], tmp_path: Path) -> None:
    """Comparing with nothing is a usage error."""
    with pytest.raises(SuiteError, match="holds no run"):
        compare([runs[0], tmp_path])


def test_undefined_values_are_shown_as_such(runs: tuple[Path, Path]) -> None:
    """A metric without value in one run has no change."""
    found = compare(runs, ["time_to_detect_q80"])
    told = next(d for d in found.differences[0] if d.component == "random")
    assert (told.base, told.head, told.change) == (None, None, None)


def test_stored_decisions_are_read_back() -> None:
    """Outcomes, reasons and errors of a stored table become decisions beside truth."""
    from misusebench.metrics.frame import Answers, _answers  # noqa: PLC0415

    given = {
        "ignore": np.zeros(3, bool), "officer": np.zeros(3, int), "agency": np.zeros(3, int),
        "day": np.zeros(3, int), "campaign": np.full(3, -1), "kind": np.full(3, -1),
        "rung": np.full(3, -1), "oddity": np.full(3, -1), "query_id": np.arange(3),
        "time_us": np.zeros(3, int),
    }  # fmt: skip
    answers: Answers = _answers(given, np.zeros(3, bool), 0)
    stored = pa.table({
        "query_id": np.arange(3), "outcome": pa.array([0, 1, 1], pa.int8()),
        "reasons": [[], ["purpose"], ["purpose"]], "errors": [[], [], ["no case"]],
    })  # fmt: skip
    shifts = schema.CONTEXT["roster"]["shifts"].empty_table()
    found = decided(stored, answers, shifts)
    assert found.outcome.tolist() == [0, 1, 1]
    assert found.why.tolist() == [0, 1, 2]
    assert found.failed.tolist() == [False, False, True]
    assert found.shift_count.tolist() == [1.0]  # no roster: its days with a query, as a run counts


def test_kept_draws_are_by_component_and_metric(runs: tuple[Path, Path]) -> None:
    """The run's draws of each gated metric, missing ones as NaN."""
    drawn = kept_draws(runs[0])
    assert drawn["good", "average_precision"].shape == (made_run.DRAWS,)
    assert ("half", "misuse_prevented") in drawn


def test_the_comparison_says_how_many_draws(runs: tuple[Path, Path]) -> None:
    """In the JSON, and above the table."""
    found = compare(runs, ["average_precision"])
    assert {d.draws for d in found.differences[0]} == {made_run.DRAWS}
    assert found.as_json()["heads"][0]["differences"][0]["draws"] == made_run.DRAWS
    assert f"from {made_run.DRAWS} draws of officers" in str(table(found).title)


def test_too_few_draws_are_noted(runs: tuple[Path, Path], monkeypatch) -> None:
    """Kept draws of seven detectors suffice, twenty would not do for any."""
    short = {key: drawn[:20] for key, drawn in kept_draws(runs[0]).items()}
    assert not any("changes of a metric (" in note for note in compare(runs).notes)
    monkeypatch.setattr(drawing, "kept_draws", lambda _: short)
    told = compare(runs, ["average_precision"]).notes
    (note,) = (n for n in told if "changes of a metric (" in n)
    assert note == ("20 draws are too few for 7 changes of a metric (Holm, 5 %): it takes 280")


def test_runs_with_other_numbers_of_draws_are_paired_by_the_first_ones(
    runs: tuple[Path, Path], monkeypatch
) -> None:
    """The first draws are the same, however many follow."""
    monkeypatch.setattr(
        drawing, "kept_draws",
        lambda folder: {k: v[: 300 if folder == runs[1] else 400] for k, v in
                        kept_draws(folder).items()},
    )  # fmt: skip
    assert {d.draws for d in compare(runs, ["average_precision"]).differences[0]} == {300}


def test_ten_thousand_draws_are_enough_for_the_largest_suite() -> None:
    """A tenth part of the bound for one comparison, and more than twice that of 100 components."""
    assert interval.least_draws(100) < drawing.DRAWS == 10_000
    assert interval.least_draws(10) == 400
    assert 10 * 2 / (400 + 1) < 0.05 <= 10 * 2 / (399 + 1)


def test_equal_answers_are_drawn_once(monkeypatch, tiny_dataset: Path, tmp_path: Path) -> None:
    """A run against its copy costs one bootstrap a component."""
    run(tiny_dataset, Suite("own", (parse_component("detector", "volume"),)), tmp_path / "run")
    asked = []
    monkeypatch.setattr(drawing, "DRAWS", 50)
    real = metrics.bootstrap
    monkeypatch.setattr(
        metrics, "bootstrap", lambda one, names: asked.append(one) or real(one, names)
    )
    copy = shutil.copytree(tmp_path / "run", tmp_path / "copy")
    found = compare([tmp_path / "run", copy], ["average_precision"])
    assert len(asked) == 1
    assert [d.p for d in found.differences[0]] == [1.0]
    assert found.differences[0][0].draws == 50
