"""Judges components on a data set: the only place where what they said meets truth.

First every component is run (`outcomes.py`). Only when all have ended are their answers held
against truth; where labels reach components, reviewers read it before (`reviewing.py`).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa

from misusebench import interval, metrics, oracle
from misusebench import result as results
from misusebench.answers import align
from misusebench.columns import micros
from misusebench.errors import SuiteError
from misusebench.isolated import OUTCOMES
from misusebench.metrics.prevention import matrix, stopped
from misusebench.outcomes import Bench, run_all
from misusebench.result import Result
from misusebench.reviewing import Office
from misusebench.specs import OBSERVED
from misusebench.stored import JUDGED
from misusebench.suite import TIERS, named_apart
from misusebench.timing import machine
from misusesim.dataset.reader import check_parts, open_dataset
from misusesim.truth import open_truth

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from misusebench.answers import Answers
    from misusebench.component import Alert
    from misusebench.outcomes import Outcome
    from misusebench.suite import ComponentSpec, Suite
    from misusesim.dataset.reader import Dataset
    from misusesim.truth import Truth


#: What a result says of who ran the label oracle.
SCORER: Final = "(the scorer, from truth)"


@dataclass(slots=True)
class Run:
    """A finished run."""

    folder: Path
    results: list[Result]
    combined: dict[str, Any]  # detectors and policies together

    @property
    def failed(self) -> list[Result]:
        """Results of components that failed; any makes the exit code 4."""
        return [r for r in self.results if r.failed]


def run(
    data: str | Path,
    suite: Suite,
    out: str | Path,
    *,
    jobs: int = 2,
    unsafe: bool = False,
    hide: Sequence[str | Path] = (),
    progress: Callable[[str], None] = lambda _: None,
) -> Run:
    """Run a suite's components on one data set and write the run's folder.

    Parameters
    ----------
    data
        A data set's folder.
    suite
        Components, tier, seed, limits.
    out
        Folder of the run: ``run.json``, ``results/*.json``, ``scores/*.parquet``.
    jobs
        Components at a time.
    unsafe
        Go on where no isolation can be had.
    hide
        More folders that no component may reach.
    progress
        Called with one line per finished component.

    Raises
    ------
    IsolationError
        If components cannot be shut in.
    SuiteError
        If the folder cannot be made or holds something else.
    DatasetError
        If a part of the data set was changed.
    """
    folder = Path(out)
    dataset = open_dataset(data)
    _check_folder(folder, dataset, suite)
    check_parts(dataset, JUDGED)
    results.make_folder(folder)
    bench = Bench(dataset, suite, unsafe=unsafe)
    bench.hide += [folder, *map(Path, hide)]
    if suite.feedback is not None:
        office = Office(
            bench.log,
            open_truth(dataset),
            suite.feedback,
            suite.review_budget,
            suite.seed,
            bench.veil,
        )
        bench.reviewers = office.reviewers
    for spec in suite.components:
        if spec.target == OBSERVED:
            oracle.worlds_of(spec)  # wrong parameters are told before anything runs
    outcomes = run_all(bench, named_apart(suite.components), jobs, progress)
    for outcome in outcomes:
        if outcome.spec.target == OBSERVED:
            oracle.rate(bench, outcome, jobs, progress)
    return judge(bench, outcomes, open_truth(dataset), folder)


def _check_folder(folder: Path, dataset: Dataset, suite: Suite) -> None:
    """Refuse a folder whose content a run would spoil; the same run may be made again in it.

    Raises
    ------
    SuiteError
        If it lies in the data set or around it, or holds another run or other things.
    """
    there, data = folder.resolve(), dataset.path.resolve()
    if there.is_relative_to(data) or data.is_relative_to(there):
        raise SuiteError(f"{folder} and the data set {dataset.path} lie one in the other; "
                         "choose another folder for the run")  # fmt: skip
    if not folder.is_dir() or not any(folder.iterdir()):
        return
    if not (folder / "run.json").is_file():
        raise SuiteError(f"{folder} holds other things; choose a new or empty folder")
    told, _ = results.load_run(folder)
    names = [one.name for one in named_apart(suite.components)]
    if told["dataset"]["hash"] != dataset.manifest["dataset_hash"] or told["components"] != names:
        raise SuiteError(
            f"{folder} holds a run of {', '.join(told['components'])} on data set "
            f"{told['dataset']['name']}; choose a new or empty folder"
        )


def judge(bench: Bench, outcomes: Sequence[Outcome], truth: Truth, folder: Path) -> Run:
    """Measure all outcomes against truth and write the run.

    Raises
    ------
    LeakError
        If log and truth do not belong together.
    """
    answers = align(bench.log, truth, bench.first, bench.end_us)
    judging = Judging(bench, answers, folder)
    found = [judging.judged(outcome) for outcome in outcomes]
    judging.compare_with_oracles(found)
    for one in found:
        results.save(one, folder)
    combined = judging.combined()
    write_run(bench, found, combined, folder)
    return Run(folder, found, combined)


class Judging:
    """What all components of a run are measured with, and what they leave for the combination."""

    def __init__(
        self, bench: Bench, answers: Answers, folder: Path, *, keep: bool = True
    ) -> None:  # fmt: skip
        self._bench, self._answers, self._folder, self._keep = bench, answers, folder, keep
        self._shifts = shifts_worked(bench, answers)
        self._caught: dict[str, NDArray[np.float64]] = {}
        self._stopped: dict[str, NDArray[np.float64]] = {}
        self._precision: dict[str, metrics.Precision] = {}

    def judged(self, outcome: Outcome) -> Result:
        """Return the result of one component; its raw answers are written."""
        one = _result(self._bench, outcome)
        if one.valid:
            self.measure(outcome, one)
        return one

    def measure(self, outcome: Outcome, one: Result) -> None:
        """Put metrics and diagnostics into a result; the raw answers are written, if wanted."""
        (self._detector if outcome.spec.kind == "detector" else self._policy)(outcome, one)

    def _detector(self, outcome: Outcome, one: Result) -> None:
        if outcome.spec.target == "":  # the label oracle: a detector that knew truth
            score, alerts = self._answers.positive.astype(np.float64), []
        elif outcome.replayed is None:
            raise AssertionError(f"{one.name} is valid, yet has said nothing")
        else:
            score, alerts = outcome.replayed.score, outcome.replayed.alerts
        suite = self._bench.suite
        tally = metrics.Tally(
            metrics.frame(self._answers, score), budget=suite.review_budget, seed=suite.seed
        )
        one.metrics = results.metrics_json(metrics.compute(tally))
        one.diagnostics |= {
            "curves": metrics.curves(tally), "alerts": _counted(alerts), **outcome.diagnostics,
        }  # fmt: skip
        self._precision[one.name] = metrics.Precision.of(tally)
        self._caught[one.name] = tally.caught
        if not self._keep:
            return
        table = pa.table({"query_id": self._answers.query_id, "score": score})
        results.save_scores(table, self._folder, one.name)
        if alerts:
            results.save_alerts(alerts, self._folder, one.name)

    def _policy(self, outcome: Outcome, one: Result) -> None:
        assert outcome.decisions is not None
        said = outcome.decisions
        blank = np.zeros(len(said.outcome))
        decided = metrics.Decided(
            metrics.frame(self._answers, blank), said.outcome, said.why, said.explanations,
            shifts=self._shifts, seed=self._bench.suite.seed,
        )  # fmt: skip
        one.metrics = results.metrics_json(metrics.compute_policy(decided))
        one.diagnostics["outcomes"] = dict(
            zip(OUTCOMES, np.bincount(said.outcome, minlength=len(OUTCOMES)).tolist(), strict=True)
        )
        one.diagnostics["curves"] = metrics.policy_curves(decided)
        self._stopped[one.name] = stopped(decided)
        if self._keep:
            results.save_scores(said.table(self._answers.query_id), self._folder, one.name)

    def compare_with_oracles(self, found: Sequence[Result]) -> None:
        """Put into each detector's result how far it is from the oracle of its tier, if one ran."""
        oracles = {one.tier: one for one in found if one.valid and _observes(one)}
        for one in found:
            above = [tier for tier in sorted(oracles) if tier >= one.tier]
            best = oracles[above[0]] if above else None  # who sees more is a ceiling as well
            if best is None or _observes(one) or one.name not in self._precision:
                continue
            ceiling, own = self._precision[best.name], self._precision[one.name]
            one.metrics |= results.metrics_json(metrics.against(own, ceiling))
            one.diagnostics["oracle"] = best.name

    def combined(self) -> dict[str, Any]:
        """Return, per detector and policy, which share of campaigns which of the two stops."""
        return {
            detector: {
                policy: matrix(caught, prevented) for policy, prevented in self._stopped.items()
            }
            for detector, caught in self._caught.items()
        }


def _observes(one: Result) -> bool:
    return bool(one.component["target"] == OBSERVED)


def shifts_worked(bench: Bench, answers: Answers) -> NDArray[np.float64] | None:
    """Return the shifts of each officer in the scored part; None where there is no roster."""
    bench.context(TIERS[-1])
    rows = bench.shifts
    if rows is None or not rows.num_rows:
        return None
    start = micros(rows["valid_from"])
    last = int(answers.time_us.max(initial=answers.start_us))
    within = rows["officer_id"].filter(pa.array((start >= answers.start_us) & (start <= last)))
    counted = Counter(within.to_pylist())
    return np.array([counted[officer] for officer in answers.officers], np.float64)


def _counted(alerts: Sequence[Alert]) -> dict[str, int]:
    """Return how many of a component's own alerts name which level and rule."""
    names = Counter(f"{one.level}/{one.rule}".removesuffix("/") for one in alerts)
    return dict(sorted(names.items()))


def _result(bench: Bench, outcome: Outcome) -> Result:
    spec, about = outcome.spec, outcome.about
    source = _source(spec) if spec.target not in ("", OBSERVED) else None
    manifest = bench.dataset.manifest
    return Result(
        dataset=_dataset(bench),
        scenario_hash=str(manifest["scenario_hash"]),
        component={
            "kind": spec.kind,
            "name": spec.name,
            "target": spec.target or SCORER,
            "version": about.version if about else "",
            "parameters": dict(spec.parameters),
            "source_sha256": source,
            "division": "feedback" if outcome.told else "unsupervised",
        },
        tier=outcome.tier,
        seeds={"suite": bench.suite.seed, "scenario": int(manifest.get("seed", 0))},
        isolation=outcome.isolation or {"level": "none", "not_stopped": []},
        state=outcome.state,
        reasons=outcome.reasons,
        ungated={
            "metrics": results.metrics_json(metrics.compute_speed(outcome.timing.summary())),
            "timing": outcome.timing.summary(), "machine": machine(), "stderr": outcome.stderr,
        },
    )  # fmt: skip


def _source(spec: ComponentSpec) -> str | None:
    """Return the hash of a component's source; of a command of its words, program and files."""
    if spec.program:
        return results.command_sha256(
            list(spec.parameters["command"]), [spec.program, *(path for _, path in spec.files)]
        )
    return results.source_sha256(spec.target, spec.search)


def _dataset(bench: Bench) -> dict[str, Any]:
    manifest = bench.dataset.manifest
    return {
        "name": str(manifest["scenario"]),
        "hash": str(manifest["dataset_hash"]),
        "rows": bench.log.num_rows,
        "scored_rows": bench.log.num_rows - bench.first,
        "history_end_us": bench.end_us,
        "versions": dict(manifest.get("versions", {})),
    }


def write_run(
    bench: Bench, found: Sequence[Result], combined: dict[str, Any], folder: Path,
    ungated: dict[str, Any] | None = None,
) -> None:  # fmt: skip
    """Write ``run.json``; where and on what it was run stays as it was, if that is given."""
    if ungated is None:
        ungated = {"data": str(bench.dataset.path.resolve()), "machine": machine()}
    summary = {
        "schema_version": results.SCHEMA_VERSION,
        "suite": bench.suite.name,
        "tier": bench.suite.tier,
        "seed": bench.suite.seed,
        "review_budget": bench.suite.review_budget,
        "history_share": bench.suite.history_share,
        "close_hours": bench.suite.close_hours,
        "draws": interval.DRAWS,
        "dataset": _dataset(bench),
        "scenario_hash": str(bench.dataset.manifest["scenario_hash"]),
        "components": [one.name for one in found],
        "combined": combined,
        "ungated": ungated,
    }
    results.write_atomically(folder / "run.json", results.dumps(summary).encode())
