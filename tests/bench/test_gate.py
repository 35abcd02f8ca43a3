"""The gate: what passes, what fails, what is inconclusive, and what it says."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Any

import pytest
from tests.bench import made_run

from misusebench import metrics
from misusebench.errors import SuiteError
from misusebench.gate import gate
from misusebench.gate.baselines import write_baseline
from misusebench.gate.margins import Margins, load_margins

if TYPE_CHECKING:
    from pathlib import Path

#: They stand on whole runs.
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a run."""
    return made_run.write(tmp_path_factory.mktemp("gate") / "base")


@pytest.fixture(scope="module")
def worse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a run in which one detector lost much and another a little."""
    blur = {"good": 3.0, "fair": 0.05}
    return made_run.write(tmp_path_factory.mktemp("gate") / "worse", worse=blur)


@pytest.fixture
def copy(base: Path, tmp_path: Path) -> Path:
    """Return a copy of the run that a test may change."""
    return shutil.copytree(base, tmp_path / "copy")


def change(path: Path, edit: Any) -> None:
    """Rewrite a JSON file by a function on its value."""
    data = json.loads(path.read_text())
    edit(data)
    path.write_text(json.dumps(data))


def test_a_run_passes_against_itself(base: Path) -> None:
    """Equal runs pass, with no loss at all."""
    verdict = gate(base, base)
    assert (verdict.status, verdict.exit_code) == ("pass", 0)
    assert verdict.faults == ()
    assert all(check.change == 0.0 for check in verdict.checks)


def test_a_written_baseline_passes(base: Path, tmp_path: Path) -> None:
    """A baseline is named after its data set, holds no scores, and is small."""
    path = write_baseline(base, tmp_path / "baseline")
    assert path.name == "made.json"
    assert path.stat().st_size < 400_000
    assert gate(base, tmp_path / "baseline").status == "pass"
    assert gate(base, path).exit_code == 0


def test_a_baseline_is_deterministic_and_holds_no_wall_clock(base: Path, tmp_path: Path) -> None:
    """Two writes are equal byte for byte; no machine, no path."""
    one, two = write_baseline(base, tmp_path / "1.json"), write_baseline(base, tmp_path / "2.json")
    assert one.read_bytes() == two.read_bytes()
    assert "nowhere" not in one.read_text()
    assert "rows_per_s" not in one.read_text()


def test_a_large_loss_is_a_regression(base: Path, worse: Path) -> None:
    """Blurred scores fail, with exit code 1, and only of the blurred detector."""
    verdict = gate(worse, base)
    assert (verdict.status, verdict.exit_code) == ("regression", 1)
    failed = {c.component for c in verdict.faults if c.status == "regression"}
    assert failed == {"good"}


def test_the_message_names_everything(base: Path, worse: Path) -> None:
    """Component, data, metric, both values, change, interval, margin, worst kind, command."""
    told = next(c for c in gate(worse, base).faults if c.metric == "average_precision")
    assert told.base is not None
    assert told.head is not None
    for part in (
        "good on made: average_precision", f"{told.base:.4f} -> {told.head:.4f}",
        "95 % interval", "margin 0.0050", "worst for",
        "misusebench bench /nowhere --suite smoke --detector good",
    ):  # fmt: skip
        assert part in told.message
    assert told.high is not None
    assert told.high < -0.005


def test_an_improvement_passes(base: Path, worse: Path) -> None:
    """The good run against the bad baseline has no regression."""
    verdict = gate(base, worse)
    assert "regression" not in {check.status for check in verdict.checks}


def test_a_loss_that_may_be_chance_is_inconclusive(copy: Path, base: Path) -> None:
    """A loss beyond the margin whose interval reaches into it: exit 3, or 1 if strict."""

    def shift(data: dict[str, Any]) -> None:
        data["metrics"]["campaign_recall"]["value"] -= 0.02

    change(copy / "results" / "fair.json", shift)

    def wobble(data: dict[str, Any]) -> None:
        kept = data["diagnostics"]["curves"]["draws"]["values"]["campaign_recall"]
        data["diagnostics"]["curves"]["draws"]["values"]["campaign_recall"] = [
            v + (0.04 if i % 2 else -0.08) for i, v in enumerate(kept)
        ]

    change(copy / "results" / "fair.json", wobble)
    verdict = gate(copy, base)
    assert (verdict.status, verdict.exit_code) == ("inconclusive", 3)
    assert gate(copy, base, strict=True).exit_code == 1


def test_without_draws_the_margin_decides(copy: Path, base: Path) -> None:
    """Where no draws were kept a loss beyond the margin is a regression."""

    def shift(data: dict[str, Any]) -> None:
        data["metrics"]["campaign_recall"]["value"] -= 0.02

    change(copy / "results" / "fair.json", shift)
    change(copy / "results" / "fair.json", lambda d: d["diagnostics"].clear())
    assert gate(copy, base).status == "regression"


def test_a_loss_within_the_margin_passes(copy: Path, base: Path) -> None:
    """0.009 of campaign recall is below its margin of 0.01."""

    def shift(data: dict[str, Any]) -> None:
        data["metrics"]["campaign_recall"]["value"] -= 0.009

    change(copy / "results" / "fair.json", shift)
    assert gate(copy, base).status == "pass"


def test_lower_is_better_for_false_accusations(copy: Path, base: Path) -> None:
    """A rise of false accusations by a fifth fails, a fall does not."""

    def rise(data: dict[str, Any]) -> None:
        data["metrics"]["false_accusations"]["value"] *= 1.2

    change(copy / "results" / "good.json", rise)
    change(copy / "results" / "good.json", lambda d: d["diagnostics"].clear())
    faults = gate(copy, base).faults
    assert [c.metric for c in faults] == ["false_accusations"]
    assert gate(base, copy).status == "pass"


def test_a_vanished_metric_fails(copy: Path, base: Path) -> None:
    """A metric of the baseline that the run lacks is a regression."""
    change(copy / "results" / "good.json", lambda d: d["metrics"].pop("recall_min"))
    verdict = gate(copy, base)
    assert verdict.status == "regression"
    assert "has vanished" in verdict.faults[0].message


@pytest.mark.parametrize("value", [None, float("nan"), float("inf")])
def test_an_undefined_metric_fails(copy: Path, base: Path, value: float | None) -> None:
    """Null, NaN and infinity are no numbers to pass with."""
    change(copy / "results" / "good.json",
           lambda d: d["metrics"]["recall_min"].update(value=value))  # fmt: skip
    verdict = gate(copy, base)
    assert verdict.status == "regression"
    assert "is undefined" in verdict.faults[0].message


def test_a_vanished_component_fails(copy: Path, base: Path) -> None:
    """A component of the baseline that was not run is a regression."""
    change(copy / "run.json", lambda d: d["components"].remove("good"))
    verdict = gate(copy, base)
    assert verdict.exit_code == 1
    assert "good has vanished" in verdict.faults[0].message


def test_a_failed_component_exits_4(copy: Path, base: Path) -> None:
    """A component that was fine and now times out makes the exit code 4, with its reason."""
    gone = {"state": "timeout", "reasons": ["longer than 60 s"], "metrics": {}}
    change(copy / "results" / "good.json", lambda d: d.update(gone))
    verdict = gate(copy, base)
    assert (verdict.status, verdict.exit_code) == ("failed", 4)
    assert "timeout: longer than 60 s" in verdict.faults[0].message


def test_a_component_no_longer_applicable_is_a_regression(copy: Path, base: Path) -> None:
    """Not applicable is no failure of the component, but it is a loss."""
    gone = {"state": "not_applicable", "reasons": ["lacks T3"], "metrics": {}}
    change(copy / "results" / "good.json", lambda d: d.update(gone))
    assert gate(copy, base).exit_code == 1


def test_what_is_new_is_told_and_not_gated(copy: Path, base: Path) -> None:
    """Against a baseline without it, a component or a metric is new."""
    change(copy / "run.json", lambda d: d["components"].remove("good"))
    change(copy / "results" / "fair.json", lambda d: d["metrics"].pop("recall_min"))
    verdict = gate(base, copy)
    assert verdict.status == "pass"
    new = [(c.component, c.metric) for c in verdict.checks if c.status == "new"]
    assert ("good", "") in new
    assert ("fair", "recall_min") in new


@pytest.mark.parametrize(
    ("key", "value", "word"),
    [
        ("seed", 5, "seed"),
        ("review_budget", 99, "review_budget"),
        ("history_share", 0.9, "history"),
    ],
)
def test_other_conditions_cannot_be_compared(
    copy: Path, base: Path, key: str, value: float, word: str
) -> None:
    """Another seed, budget or history is a usage error that says so."""
    change(copy / "run.json", lambda d: d.update({key: value}))
    with pytest.raises(SuiteError, match=word):
        gate(copy, base)


def test_other_data_cannot_be_compared(copy: Path, base: Path) -> None:
    """Another data hash ends the comparison, exit code 2."""
    change(copy / "run.json", lambda d: d["dataset"].update(hash="e" * 64))
    with pytest.raises(SuiteError, match="differ in data") as caught:
        gate(copy, base)
    assert caught.value.exit_code == 2


def test_a_vanished_data_set_fails(copy: Path, base: Path, tmp_path: Path) -> None:
    """A folder of baselines wants a run of each."""
    folder = tmp_path / "baselines"
    write_baseline(base, folder)
    change(copy / "run.json", lambda d: d["dataset"].update(name="other"))
    write_baseline(copy, folder)
    verdict = gate(base, folder)
    assert verdict.exit_code == 1
    assert "no run of it was given" in verdict.faults[0].message


def test_margins_replace_tolerances(base: Path, worse: Path) -> None:
    """With a margin of 1 nothing of a share can be lost."""
    every = dict.fromkeys((n for n, m in metrics.REGISTRY.items() if m.gates), 1.0)
    every["time_to_detect_rmst_30d"] = every["false_accusations"] = 1e9
    assert gate(worse, base, Margins(margin=every)).status == "pass"


def test_floors_and_ceilings(base: Path) -> None:
    """An absolute floor or ceiling that is broken is a regression, whatever the baseline."""
    limits = Margins(floor={"good": {"campaign_recall": 0.999}})
    faults = gate(base, base, limits).faults
    assert [c.metric for c in faults] == ["campaign_recall"]
    assert "floor 0.9990" in faults[0].message
    limits = Margins(ceiling={"half": {"honest_blocked": 0.1}}, floor={"good": {"lift": 1.0}})
    assert gate(base, base, limits).status == "pass"
    assert gate(base, base, Margins(ceiling={"half": {"honest_blocked": 0.001}})).exit_code == 1


def test_gate_toml(tmp_path: Path) -> None:
    """Margins, floors and ceilings are read from TOML."""
    path = tmp_path / "gate.toml"
    path.write_text("[margin]\ncampaign_recall = 0.02\n[floor.rules]\nlift = 2\n")
    assert load_margins(path) == Margins({"campaign_recall": 0.02}, {"rules": {"lift": 2}}, {})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[margins]\n", "no table margins"), ("[margin]\nrecal = 1\n", "margin.recal"),
        ('[margin]\ncampaign_recall = "x"\n', "must be a number"),
        ("[floor]\nlift = 1\n", "must be a table"),
        ("[margin\n", "not TOML"), ("[margin]\ncampaign_recall = nan\n", "must be a number"),
    ],
)  # fmt: skip
def test_gate_toml_faults(tmp_path: Path, text: str, message: str) -> None:
    """Every fault names its place."""
    path = tmp_path / "gate.toml"
    path.write_text(text)
    with pytest.raises(SuiteError, match=message):
        load_margins(path)


def test_a_missing_gate_toml(tmp_path: Path) -> None:
    """A file that is not there is a usage error."""
    with pytest.raises(SuiteError, match="cannot be read"):
        load_margins(tmp_path / "gate.toml")


@pytest.mark.parametrize(
    ("text", "message"),
    [("{}", "not a baseline"), ("no", "not a baseline"),
     ('{"schema_version": "9", "components": {}, "dataset": {"hash": "", "name": ""}}', "reads")],
)  # fmt: skip
def test_a_damaged_baseline(base: Path, tmp_path: Path, text: str, message: str) -> None:
    """Damaged and unknown baselines are usage errors."""
    path = tmp_path / "b.json"
    path.write_text(text)
    with pytest.raises(SuiteError, match=message):
        gate(base, path)


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (lambda d: d["components"].update(good={}), "components.good has no metrics"),
        (lambda d: d["components"]["good"]["metrics"]["campaign_recall"].update(value="x"),
         "campaign_recall is no number"),
        (lambda d: d["components"]["good"].pop("state"), "no component or state"),
        (lambda d: d.update(components=[]), "not a baseline"),
    ],
)  # fmt: skip
def test_a_baseline_edited_by_hand(base: Path, tmp_path: Path, edit: Any, message: str) -> None:
    """What no run wrote is told with its place, exit code 2."""
    path = write_baseline(base, tmp_path / "b.json")
    change(path, edit)
    with pytest.raises(SuiteError, match=message) as caught:
        gate(base, path)
    assert caught.value.exit_code == 2


def test_two_runs_of_one_data_set_are_refused(base: Path, worse: Path) -> None:
    """The second would hide the first, and with it a regression."""
    for runs in ([worse, base], [base, worse]):
        with pytest.raises(SuiteError, match="two runs of data set"):
            gate(runs, base)


def test_a_run_without_a_baseline_is_refused(base: Path, copy: Path) -> None:
    """A run that is compared with nothing must not look as if it had passed."""
    change(copy / "run.json", lambda d: d["dataset"].update(name="elsewhere"))
    with pytest.raises(SuiteError, match="no baseline for data set elsewhere"):
        gate([base, copy], base)


def test_a_baseline_that_judges_nothing_does_not_pass(base: Path, tmp_path: Path) -> None:
    """Without components there is no verdict."""
    path = write_baseline(base, tmp_path / "b.json")
    change(path, lambda d: d.update(components={}))
    with pytest.raises(SuiteError, match="nothing that the run could be judged by"):
        gate(base, path)


def test_a_component_that_fails_in_both_fails(copy: Path, base: Path) -> None:
    """A failure does not become acceptable by having been there before, or by being new."""
    broken = {"state": "crash", "valid": False, "reasons": ["no"], "metrics": {}}
    change(copy / "results" / "good.json", lambda d: d.update(broken))
    assert gate(copy, copy).exit_code == 4
    change(copy / "run.json", lambda d: d["components"].remove("good"))
    told = gate(base, copy).checks
    assert [c.status for c in told if c.component == "good"] == ["new"]
    head = shutil.copytree(copy, copy.parent / "head")
    change(head / "run.json", lambda d: d["components"].append("good"))
    assert gate(head, copy).exit_code == 4


def test_no_baseline(base: Path, tmp_path: Path) -> None:
    """An empty folder and a missing file say what to do."""
    with pytest.raises(SuiteError, match="holds no baseline"):
        gate(base, tmp_path)
    with pytest.raises(SuiteError, match="cannot be read"):
        gate(base, tmp_path / "none.json")


def test_the_verdict_as_json_and_lines(base: Path, worse: Path) -> None:
    """JSON without NaN, and one line a fault, worst first."""
    verdict = gate(worse, base)
    told = json.loads(json.dumps(verdict.as_json(), allow_nan=False))
    assert (told["status"], told["exit_code"]) == ("regression", 1)
    lines = verdict.lines()
    assert lines[0].startswith("regression: ")
    assert len(lines) == 1 + len(verdict.faults)
    assert lines[1].startswith("regression: good on made")
