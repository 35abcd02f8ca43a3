"""A run's numbers again, from the raw scores beside it: no component is run."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow.parquet as pq

from misusebench import drilldown
from misusebench import result as results
from misusebench.answers import align
from misusebench.component import Alert
from misusebench.errors import SuiteError
from misusebench.isolated import Decisions
from misusebench.judging import SCORER, Judging
from misusebench.metrics import Followed
from misusebench.outcomes import Bench, Outcome
from misusebench.replay import Replayed
from misusebench.run import write_run
from misusebench.stored import left_out_of
from misusebench.suite import ComponentSpec, Suite
from misusebench.terminal import Pace
from misusesim.dataset.reader import check_parts, open_dataset
from misusesim.truth import open_truth

if TYPE_CHECKING:
    from collections.abc import Callable

    import pyarrow as pa

    from misusebench.result import Result

#: Parts that numbers depend on.
_READ = ("log", "context", "truth")


#: Diagnostics that do not follow from scores.
KEPT: Final = ("fit",)


@dataclass(frozen=True, slots=True)
class Rescored:
    """What came out otherwise than it was written."""

    folder: Path
    components: int
    changed: dict[str, list[str]]  # component -> metrics and diagnostics that differ

    def as_json(self) -> dict[str, Any]:
        """Return what a machine reads."""
        return {
            "run": str(self.folder), "components": self.components, "changed": self.changed,
        }  # fmt: skip

    def text(self) -> str:
        """Return one line, and one for each component that differs."""
        first = (
            f"{self.folder}: {self.components} components from their raw scores, "
            f"{len(self.changed)} with other numbers than before"
        )
        rest = [f"{name}: {', '.join(what)}" for name, what in self.changed.items()]
        return "\n".join([first, *rest])


def rescore(
    folder: str | Path, data: str | Path | None = None,
    progress: Callable[[str], None] = lambda _: None,
) -> Rescored:  # fmt: skip
    """Compute all metrics of a run again from its scores and the truth, and write them.

    What depends on a component's own time stays as it was measured.

    Parameters
    ----------
    folder
        Of the run.
    data
        Its data set, if it is no longer where it was.
    progress
        Is told each finished component.

    Raises
    ------
    SuiteError
        If there is no run, its data set is another one or gone, or scores are missing.
    DatasetError
        If a part of the data set was changed.
    """
    path = Path(folder)
    told, before = results.load_run(path)
    place = Path(data) if data is not None else Path(str(told["ungated"]["data"]))
    if not place.is_dir():
        raise SuiteError(f"{place} is gone; name the run's data set with --data DIR")
    dataset = open_dataset(place)
    if dataset.manifest["dataset_hash"] != told["dataset"]["hash"]:
        raise SuiteError(f"{place} is not the data set of this run: its hash is another one")
    check_parts(dataset, _READ)
    bench = Bench(dataset, _suite(told))
    answers = align(bench.log, open_truth(dataset), bench.first, bench.end_us)
    judging = Judging(bench, answers, path, keep=False)
    after, pace = [], Pace(len(before))
    for one in before:
        after.append(_again(judging, one, path, answers.query_id) if one.valid else one)
        progress(f"{one.name} ({pace.step()})")
    judging.compare_with_oracles(after)
    for one in after:
        results.save(one, path)
    drilldown.save(path, judging.campaigns())
    write_run(bench, after, judging.combined(), path, told["ungated"])
    changed = {
        one.name: _different(one, other)
        for one, other in zip(before, after, strict=True) if _different(one, other)
    }  # fmt: skip
    return Rescored(path, len(after), changed)


def _suite(told: dict[str, Any]) -> Suite:
    """Return the suite of a run, as far as numbers depend on it."""
    names = ("tier", "seed", "history_share", "close_hours", "review_budget")
    return Suite(name=str(told["suite"]), components=(), **{name: told[name] for name in names})


def _again(judging: Judging, one: Result, folder: Path, ids: Any) -> Result:
    fresh = replace(one, metrics={}, diagnostics={})
    kind = one.component["kind"]
    oracle = one.component["target"] == SCORER
    spec = ComponentSpec(kind, one.name, "" if oracle else str(one.component["target"]))
    outcome = Outcome(spec, one.tier)
    outcome.diagnostics = {key: one.diagnostics[key] for key in KEPT if key in one.diagnostics}
    scores = _table(folder / "scores" / f"{one.name}.parquet")
    if not np.array_equal(scores["query_id"].to_numpy(), ids):
        raise SuiteError(f"{folder}: scores of {one.name} are not of this data set's queries")
    if kind == "policy":
        outcome.decisions, outcome.left_out = _decisions(scores), left_out_of(scores)
        after = folder / "followed" / f"{one.name}.parquet"
        outcome.followed = Followed.of(_table(after), ids) if after.exists() else None
    elif not oracle:
        alerts = folder / "alerts" / f"{one.name}.parquet"
        raised = [Alert(**row) for row in _table(alerts).to_pylist()] if alerts.exists() else []
        outcome.replayed = Replayed(0, ids, scores["score"].to_numpy(), raised)
    judging.measure(outcome, fresh)
    return fresh


def _decisions(scores: pa.Table) -> Decisions:
    """Return decisions as they were before they were written."""
    places: dict[tuple[tuple[str, ...], tuple[str, ...]], int] = {}
    why = [
        places.setdefault((tuple(reasons), tuple(errors)), len(places))
        for reasons, errors in zip(
            scores["reasons"].to_pylist(), scores["errors"].to_pylist(), strict=True
        )
    ]
    told = [(list(reasons), list(errors)) for reasons, errors in places]
    outcome = scores["outcome"].to_numpy().astype(np.int8)
    return Decisions(outcome, np.array(why, np.int32), told)


def _table(path: Path) -> pa.Table:
    try:
        return pq.read_table(path, page_checksum_verification=True)
    except (OSError, ValueError) as error:
        raise SuiteError(f"{path} cannot be read: {error}; run the suite again") from error


def _different(one: Result, other: Result) -> list[str]:
    """Return the metrics and diagnostics that two results do not share."""
    names = []
    for part in ("metrics", "diagnostics"):
        old, new = (results.clean(getattr(result, part)) for result in (one, other))
        names += [key for key in sorted(old.keys() | new.keys()) if old.get(key) != new.get(key)]
    return names
