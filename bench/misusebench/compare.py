"""What changed between runs: differences of metrics with paired intervals.

On the same data every component sees the same bootstrap draws, so a difference is taken draw by
draw. Draws come from the stored raw scores and the data set where both are at hand, otherwise from
the draws kept in the results, otherwise there is a difference without interval.
"""

from __future__ import annotations

import difflib
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow.parquet as pq

from misusebench import interval, metrics
from misusebench import result as results
from misusebench.errors import SuiteError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pyarrow as pa
    from numpy.typing import NDArray
    from rich.table import Table

    from misusebench.answers import Answers
    from misusebench.result import Result

    Floats = NDArray[np.float64]

SCHEMA_VERSION: Final = "1"
_LEVEL: Final = 0.05
#: Enough for a p-value that survives correction over ten components, with room.
DRAWS: Final = 2_000
#: Folders of a data set whose bytes decide what a run finds.
JUDGED: Final = ("log", "context", "truth")


@dataclass(frozen=True, slots=True)
class Difference:
    """One metric of one component in two runs; head minus base."""

    component: str
    metric: str
    base: float | None
    head: float | None
    change: float | None
    low: float | None
    high: float | None
    p: float | None  # corrected by Holm over the components, metric by metric
    better: bool | None  # None: no direction, no change, or not significant


@dataclass(frozen=True, slots=True)
class Comparison:
    """Runs against the first of them."""

    base: str
    heads: tuple[str, ...]
    same_data: bool
    differences: tuple[tuple[Difference, ...], ...]  # per head
    notes: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """Return the comparison as a JSON object."""
        return {
            "schema_version": SCHEMA_VERSION, "base": self.base, "same_data": self.same_data,
            "heads": [
                {"run": run, "differences": [asdict(d) for d in found]}
                for run, found in zip(self.heads, self.differences, strict=True)
            ],
            "notes": list(self.notes),
        }  # fmt: skip


def compare(runs: Sequence[str | Path], names: Sequence[str] | None = None) -> Comparison:
    """Compare runs with the first of them.

    Parameters
    ----------
    runs
        Two or more run folders.
    names
        Metrics; the gated ones by default.

    Raises
    ------
    SuiteError
        If a folder holds no run.
    """
    told = [results.load_run(folder) for folder in runs]
    _check_names(names or ())
    notes = _not_paired([run for run, _ in told])
    same = not notes
    wanted = {name for _, found in told for one in found for name in names or _gated(one)}
    drawn = [_draws(Path(folder), wanted, notes) if same else {} for folder in runs]
    base = {one.name: one for one in told[0][1]}
    found = []
    for (_, heads), own in zip(told[1:], drawn[1:], strict=True):
        pairs = [
            _difference(base[head.name], head, name, drawn[0], own)
            for head in heads
            if head.name in base
            for name in names or _gated(head)
            if name in head.metrics or name in base[head.name].metrics
        ]
        found.append(_corrected(pairs))
        notes += [f"{h.name} is only in the later run" for h in heads if h.name not in base]
        gone = set(base) - {head.name for head in heads}
        notes += [f"{name} is only in the first run" for name in sorted(gone)]
    later = tuple(str(folder) for folder in runs[1:])
    return Comparison(str(runs[0]), later, same, tuple(found), tuple(dict.fromkeys(notes)))


def _check_names(names: Sequence[str]) -> None:
    """Refuse metrics that do not exist."""
    known = [*metrics.REGISTRY]
    for name in names:
        if name.partition("/")[0] not in known:
            near = difflib.get_close_matches(name, known, 1)
            hint = f"did you mean {near[0]}?" if near else "see `misusebench list metrics`"
            raise SuiteError(f"there is no metric {name}; {hint}")


def _not_paired(runs: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return why the draws of runs do not belong together, nothing if they do."""
    first = runs[0]
    if any(run["dataset"]["hash"] != first["dataset"]["hash"] for run in runs):
        return ["the runs used different data: differences have no interval"]
    return [
        f"the runs differ in {key} ({', '.join(str(run.get(key)) for run in runs)}): "
        "differences have no interval"
        for key in ("seed", "review_budget", "history_share")
        if any(run.get(key) != first.get(key) for run in runs)
    ]


def _gated(one: Result) -> list[str]:
    """Return the gated metrics of a result, without the members of families."""
    return [name for name in one.metrics if "/" not in name and metrics.metric(name).gates]


def value_of(one: Result | Mapping[str, Any], name: str) -> float | None:
    """Return a metric's value, None if it is undefined or missing."""
    told = one["metrics"] if isinstance(one, dict) else one.metrics  # type: ignore[union-attr]
    value = told.get(name, {}).get("value")
    return float(value) if isinstance(value, (int, float)) and np.isfinite(value) else None


def _difference(
    base: Result,
    head: Result,
    name: str,
    base_draws: Mapping[tuple[str, str], Floats],
    head_draws: Mapping[tuple[str, str], Floats],
) -> Difference:
    one, other = value_of(base, name), value_of(head, name)
    if one is None or other is None:
        return Difference(head.name, name, one, other, None, None, None, None, None)
    drawn = base_draws.get((base.name, name)), head_draws.get((head.name, name))
    paired = None
    if drawn[0] is not None and drawn[1] is not None and len(drawn[0]) == len(drawn[1]):
        paired = interval.paired(other, one, drawn[1], drawn[0])
    if paired is None:
        return Difference(head.name, name, one, other, other - one, None, None, None, None)
    return Difference(
        head.name, name, one, other, paired.value, paired.low, paired.high, paired.p, None
    )


def _corrected(found: Sequence[Difference]) -> tuple[Difference, ...]:
    family: dict[str, dict[str, float]] = {}
    for d in found:
        if d.p is not None:
            family.setdefault(d.metric, {})[d.component] = d.p
    holm = {name: interval.holm(p) for name, p in family.items()}
    out = []
    for d in found:
        corrected = holm.get(d.metric, {}).get(d.component)
        direction = metrics.metric(d.metric).direction
        higher, ranked = direction == "higher", direction in ("higher", "lower")
        sure = ranked and corrected is not None and corrected < _LEVEL and d.change
        better = ((d.change or 0.0) > 0) == higher if sure else None
        out.append(Difference(**{**asdict(d), "p": corrected, "better": better}))
    return tuple(out)


def _draws(folder: Path, names: set[str], notes: list[str]) -> dict[tuple[str, str], Floats]:
    """Return the draws of some metrics of every component of a run, by (component, metric)."""
    try:
        judged = load_judged(folder)
    except (OSError, ValueError, LookupError) as error:
        notes.append(f"{folder}: kept draws instead of raw scores ({error})")
        return kept_draws(folder)
    return {
        (component, name): drawn
        for component, one in judged.items()
        for name, drawn in metrics.bootstrap(one, names).items()
    }


def kept_draws(folder: Path) -> dict[tuple[str, str], Floats]:
    """Return the draws kept in a run's results, by (component, metric)."""
    found = {}
    for one in results.load_run(folder)[1]:
        kept = one.diagnostics.get("curves", {}).get("draws", {}).get("values", {})
        for name, drawn in kept.items():
            known = [np.nan if v is None else v for v in drawn]
            found[one.name, name] = np.array(known, np.float64)
    return found


def load_judged(folder: str | Path) -> dict[str, metrics.Tally | metrics.Decided]:
    """Return what a run's metrics are computed from: stored raw scores beside the truth.

    Raises
    ------
    ValueError
        If the data set is no longer the one that was used.
    OSError, LookupError
        If the data set or the scores are not where the run says.
    """
    from misusebench.answers import align  # noqa: PLC0415
    from misusesim.dataset.reader import check_parts, open_dataset  # noqa: PLC0415
    from misusesim.errors import SimulatorError  # noqa: PLC0415
    from misusesim.truth import open_truth  # noqa: PLC0415

    run, found = results.load_run(folder)
    try:
        dataset = open_dataset(run.get("ungated", {})["data"])
        if dataset.manifest["dataset_hash"] != run["dataset"]["hash"]:
            raise ValueError("the data set has changed since")
        check_parts(dataset, JUDGED)
        log = dataset.log(["query_id", "received_at", "officer_id", "agency_id"])
        told = run["dataset"]
        answers = align(
            log, open_truth(dataset), told["rows"] - told["scored_rows"], told["history_end_us"]
        )
        shifts = dataset.context("T1")["roster/shifts"]
    except SimulatorError as error:
        raise ValueError(str(error)) from error
    return {one.name: _judged(folder, one, answers, run, shifts) for one in found if one.valid}


def _judged(
    folder: str | Path, one: Result, answers: Answers, run: Mapping[str, Any], shifts: pa.Table
) -> metrics.Tally | metrics.Decided:
    with pq.ParquetFile(
        Path(folder) / "scores" / f"{one.name}.parquet", page_checksum_verification=True
    ) as file:
        table = file.read()
    if not np.array_equal(table["query_id"].to_numpy(), answers.query_id):
        raise ValueError(f"the scores of {one.name} are of other queries")
    seed = int(run["seed"])
    if one.component["kind"] == "detector":
        scored = metrics.frame(answers, table["score"].to_numpy())
        return metrics.Tally(scored, int(run["review_budget"]), DRAWS, seed)
    return decided(table, answers, shifts, seed)


def decided(table: pa.Table, answers: Answers, shifts: pa.Table, seed: int = 0) -> metrics.Decided:
    """Return stored decisions beside the truth.

    Parameters
    ----------
    table
        query_id, outcome, reasons, errors.
    answers
        Truth of the same rows.
    shifts
        Context table `roster/shifts`.
    seed
        Of the bootstrap.
    """
    scored = metrics.frame(answers, np.zeros(table.num_rows))
    reasons, errors = table["reasons"].to_pylist(), table["errors"].to_pylist()
    places: dict[tuple[tuple[str, ...], tuple[str, ...]], int] = {}
    why = [
        places.setdefault((tuple(r or ()), tuple(e or ())), len(places))
        for r, e in zip(reasons, errors, strict=True)
    ]
    end = int(answers.time_us.max(initial=answers.start_us)) + 1
    own = metrics.shifts_per_officer(shifts, scored.officers, answers.start_us, end)
    return metrics.Decided(
        scored, table["outcome"].to_numpy().astype(np.int8), np.array(why, np.int32),
        list(places), own, draws=DRAWS, seed=seed,
    )  # fmt: skip


def table(comparison: Comparison) -> Table:
    """Return a comparison for a terminal."""
    from rich.table import Table as RichTable  # noqa: PLC0415 - only terminals need it
    from rich.text import Text  # noqa: PLC0415

    shown = RichTable(title=f"against {comparison.base}", title_justify="left")
    for name in ("run", "component", "metric"):
        shown.add_column(name)
    for name in ("base", "head", "change", "95 % interval", "p (Holm)"):
        shown.add_column(name, justify="right")
    for run, found in zip(comparison.heads, comparison.differences, strict=True):
        for d in found:
            between = "-" if d.low is None or d.high is None else f"{d.low:+.4f} … {d.high:+.4f}"
            style = "" if d.better is None else "green" if d.better else "red"
            change = Text("-" if d.change is None else f"{d.change:+.4f}", style=style)
            shown.add_row(Text(run), Text(d.component), d.metric, _shown(d.base), _shown(d.head),
                          change, between, _shown(d.p))  # fmt: skip
    return shown


def _shown(value: float | None) -> str:
    return "-" if value is None else f"{value:.4f}"
