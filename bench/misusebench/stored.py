"""What a run's metrics are computed from, read back from its folder and its data set."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from misusebench import interval, metrics
from misusebench import result as results
from misusebench.answers import align
from misusesim.dataset.reader import check_parts, open_dataset
from misusesim.errors import SimulatorError
from misusesim.truth import open_truth

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

    from misusebench.answers import Answers
    from misusebench.result import Result

    Floats = NDArray[np.float64]

#: Folders of a data set whose bytes decide what a run finds.
JUDGED: Final = ("log", "context", "truth")


def kept_draws(folder: Path) -> dict[tuple[str, str], Floats]:
    """Return the draws kept in a run's results, by (component, metric)."""
    found = {}
    for one in results.load_run(folder)[1]:
        kept = one.diagnostics.get("curves", {}).get("draws", {}).get("values", {})
        for name, drawn in kept.items():
            known = [np.nan if v is None else v for v in drawn]
            found[one.name, name] = np.array(known, np.float64)
    return found


def judged_again(
    folder: str | Path, draws: int
) -> Iterator[tuple[str, metrics.Tally | metrics.Decided]]:
    """Yield what a run's metrics are computed from: stored raw scores beside the truth.

    Parameters
    ----------
    folder
        Of the run.
    draws
        Of the bootstrap.

    Raises
    ------
    ValueError
        If the data set is no longer the one that was used.
    OSError, LookupError
        If the data set or the scores are not where the run says.
    """
    run, found = results.load_run(folder)
    try:
        dataset = open_dataset(run.get("ungated", {})["data"])
        if dataset.manifest["dataset_hash"] != run["dataset"]["hash"]:
            raise ValueError("the data set has changed since")
        check_parts(dataset, JUDGED)
        log = dataset.log(["query_id", "received_at", "officer_id", "agency_id", "break_glass"])
        told = run["dataset"]
        answers = align(
            log, open_truth(dataset), told["rows"] - told["scored_rows"], told["history_end_us"]
        )
        context = dataset.context("T2")
        shifts, incidents = context["roster/shifts"], context["dispatch/incidents"]
    except SimulatorError as error:
        raise ValueError(str(error)) from error
    for one in found:
        if one.valid:
            judged = _judged(folder, one, answers, run, shifts, draws)
            if isinstance(judged, metrics.Decided):
                flags = log["break_glass"].slice(told["rows"] - told["scored_rows"])
                judged.glass = np.asarray(flags.to_numpy(zero_copy_only=False), np.bool_)
                judged.urgent = answers.urgent(incidents)
                after = Path(folder) / "followed" / f"{one.name}.parquet"
                if after.exists():
                    judged.followed = metrics.Followed.of(pq.read_table(after), answers.query_id)
            yield one.name, judged


def _judged(
    folder: str | Path, one: Result, answers: Answers, run: Mapping[str, Any], shifts: pa.Table,
    draws: int,
) -> metrics.Tally | metrics.Decided:  # fmt: skip
    with pq.ParquetFile(
        Path(folder) / "scores" / f"{one.name}.parquet", page_checksum_verification=True
    ) as file:
        table = file.read()
    if not np.array_equal(table["query_id"].to_numpy(), answers.query_id):
        raise ValueError(f"the scores of {one.name} are of other queries")
    seed = int(run["seed"])
    if one.component["kind"] == "detector":
        scored = metrics.frame(answers, table["score"].to_numpy())
        return metrics.Tally(scored, int(run["review_budget"]), draws, seed)
    return decided(table, answers, shifts, seed, draws)


def with_left_out(table: pa.Table, left_out: NDArray[np.int8] | None) -> pa.Table:
    """Return decisions with what became of them when a fact was missing, if that was tried."""
    if left_out is None:
        return table
    return table.append_column("left_out", pa.array(left_out, pa.int8()))


def left_out_of(table: pa.Table) -> NDArray[np.int8] | None:
    """Return what :func:`with_left_out` stored, None if it was not tried."""
    if "left_out" not in table.column_names:
        return None
    return np.asarray(table["left_out"].to_numpy(), np.int8)


def decided(
    table: pa.Table, answers: Answers, shifts: pa.Table, seed: int = 0,
    draws: int = interval.DRAWS,
) -> metrics.Decided:  # fmt: skip
    """Return stored decisions beside the truth.

    Parameters
    ----------
    table
        query_id, outcome, reasons, errors, maybe left_out.
    answers
        Truth of the same rows.
    shifts
        Context table `roster/shifts`.
    seed, draws
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
        list(places), own, left_out=left_out_of(table), draws=draws, seed=seed,
    )  # fmt: skip
