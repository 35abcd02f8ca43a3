"""Judges components on a data set: the only place where what they said meets truth.

First every component is run (`outcomes.py`). Only when all have ended are their answers held
against truth; where labels reach components, reviewers read it before (`reviewing.py`).
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from misusebench import drilldown, interval, oracle
from misusebench import result as results
from misusebench.answers import align
from misusebench.errors import SuiteError
from misusebench.judging import Judging, told_of
from misusebench.outcomes import Bench, run_all
from misusebench.policy_bench.displacement import follow_hosted
from misusebench.reviewing import Office
from misusebench.specs import OBSERVED
from misusebench.stored import JUDGED
from misusebench.suite import named_apart
from misusebench.terminal import Pace
from misusebench.timing import machine
from misusesim.dataset.reader import check_parts, open_dataset
from misusesim.truth import open_truth

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from misusebench.outcomes import Outcome
    from misusebench.result import Result
    from misusebench.suite import Suite
    from misusesim.dataset.reader import Dataset
    from misusesim.truth import Truth

#: Measuring a component is told of if it takes longer, in seconds.
_TOLD_FROM: Final = 2.0


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
        Called with one line per finished component, and one where measuring it took long.

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
    truth = open_truth(dataset)
    for outcome in outcomes:
        follow_hosted(bench, outcome, truth.reactions)
    return judge(bench, outcomes, truth, folder, progress)


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


def judge(
    bench: Bench, outcomes: Sequence[Outcome], truth: Truth, folder: Path,
    progress: Callable[[str], None] = lambda _: None,
) -> Run:  # fmt: skip
    """Measure all outcomes against truth and write the run.

    Raises
    ------
    LeakError
        If log and truth do not belong together.
    """
    answers = align(bench.log, truth, bench.first, bench.end_us)
    judging = Judging(bench, answers, folder)
    pace, found = Pace(len(outcomes)), []
    for outcome in outcomes:
        began = time.monotonic()
        found.append(judging.judged(outcome))
        done = f"{outcome.spec.name}: measured ({pace.step()})"
        if time.monotonic() - began > _TOLD_FROM:
            progress(done)
    judging.compare_with_oracles(found)
    for one in found:
        results.save(one, folder)
    combined = judging.combined()
    drilldown.save(folder, judging.campaigns())
    write_run(bench, found, combined, folder)
    return Run(folder, found, combined)


def write_run(
    bench: Bench, found: Sequence[Result], combined: dict[str, Any], folder: Path,
    ungated: dict[str, Any] | None = None,
) -> None:  # fmt: skip
    """Write ``run.json``; where and on what it was run stays as it was, if that is given."""
    if ungated is None:
        ungated = {"data": str(bench.dataset.path.resolve()), "machine": machine(),
                   "suite": bench.suite.source, "suite_given": bench.suite.given,
                   "options": list(bench.suite.options)}  # fmt: skip
    summary = {
        "schema_version": results.SCHEMA_VERSION,
        "suite": bench.suite.name,
        "tier": bench.suite.tier,
        "seed": bench.suite.seed,
        "review_budget": bench.suite.review_budget,
        "history_share": bench.suite.history_share,
        "close_hours": bench.suite.close_hours,
        "draws": interval.DRAWS,
        "dataset": told_of(bench),
        "scenario_hash": str(bench.dataset.manifest["scenario_hash"]),
        "components": [one.name for one in found],
        "combined": combined,
        "ungated": ungated,
    }
    results.write_atomically(folder / "run.json", results.dumps(summary).encode())
