"""One detector on a real search log without truth: who and what it would put before a reviewer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa
from rich.console import Group
from rich.table import Table
from rich.text import Text

from misusebench.columns import distinct
from misusebench.confinement import Limits
from misusebench.errors import ComponentError, SuiteError
from misusebench.hosting import hosted
from misusebench.isolated import IsolatedDetector, start
from misusebench.replay import Replayed, replay
from misusesim.dataset import schema
from misusesim.portal import read_portal_csv

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from misusebench.component import Alert
    from misusebench.suite import ComponentSpec
    from misusesim.portal import RealLog

FORMATS: Final = ("portal-csv",)
AGENCY: Final = "this log"
#: A search over more networks than this leaves the agency (domain note 7.4: 22 % stay inside).
OWN_NETWORK: Final = 100


@dataclass(frozen=True, slots=True)
class Scored:
    """What a detector said of a real log."""

    detector: str
    means: str  # what its score is, in words
    rows: int
    scored_rows: int
    officers: list[dict[str, Any]]  # ranked: officer, queries, outside, highest, mean_top
    queries: list[dict[str, Any]]  # ranked: time, officer, score, reason_text, why
    isolation: str


def as_log(real: RealLog) -> tuple[pa.Table, dict[str, pa.Table]]:
    """Return a portal's log with the columns it can fill, and a directory of its one agency.

    Times stay what the wall clock said: the directory's zone is UTC, so local time is unchanged.
    """
    n = len(real)
    time = pa.array(real.time_local, pa.int64()).cast(schema.TIME)
    columns = {
        "query_id": pa.array(np.arange(n), pa.uint64()),
        "time": time,
        "received_at": time,
        "agency_id": pa.array([AGENCY] * n).dictionary_encode(),
        "officer_id": pa.DictionaryArray.from_arrays(
            pa.array(real.officer, pa.int32()), pa.array(real.officers, pa.string())
        ),
        "system": pa.array(["ALPR"] * n).dictionary_encode(),
        "message_key": pa.array(["search"] * n).dictionary_encode(),
        "reason_text": real.reason.dictionary_encode(),
    }
    directory = {
        "agency_id": [AGENCY], "name": [real.name], "type": ["police"], "state": ["??"],
        "timezone": ["UTC"], "case_field": ["optional"], "asks_purpose": [False],
        "valid_from": [0], "valid_to": [None], "known_at": [0],
    }  # fmt: skip
    shape = schema.CONTEXT["directory"]["agencies"]
    arrays = [pa.array(directory[field.name], field.type) for field in shape]
    agencies = pa.Table.from_arrays(arrays, schema=shape)
    return pa.table(columns), {"directory/agencies": agencies}


def score_log(
    path: str | Path,
    spec: ComponentSpec,
    *,
    log_format: str = "portal-csv",
    top: int = 20,
    unsafe: bool = False,
) -> Scored:
    """Run a detector, shut in, on a real log: learn on the first 40 % of days, score the rest.

    Parameters
    ----------
    path
        The log.
    spec
        The detector.
    log_format
        One of FORMATS.
    top
        How many officers and queries to return.
    unsafe
        Go on where no isolation can be had.

    Raises
    ------
    SuiteError
        If the format is unknown or the log lacks columns that the detector needs.
    ComponentError
        If the detector fails.
    """
    if log_format not in FORMATS:
        raise SuiteError(f"no log format {log_format}; there is {', '.join(FORMATS)}")
    log, context = as_log(read_portal_csv(path))
    with hosted(spec, Limits(), unsafe=unsafe) as worker:
        about = start(worker, spec, dict(spec.parameters), "T0")
        if missing := [name for name in about.needs if name not in log.column_names]:
            raise SuiteError(
                f"{spec.name} needs {', '.join(missing)}, which {path} does not have; "
                f"it has {', '.join(log.column_names)}"
            )
        detector = IsolatedDetector(worker, about)
        found = replay(detector, log, context)
        detector.close()
        level = worker.isolation.level
    if not len(found.score):
        raise ComponentError(f"{path}: the log is too short: nothing is left after the history")
    return _summary(spec, log, found, top, level)


def _summary(spec: ComponentSpec, log: pa.Table, found: Replayed, top: int, level: str) -> Scored:
    scored = log.slice(found.first)
    officer, names = distinct(scored["officer_id"])
    means = _meaning(spec)
    raised = _reasons(found.alerts)
    order = np.lexsort((np.arange(len(found.score)), -found.score))[:top]
    queries = [
        {
            "time": scored["time"][int(at)].as_py().replace(tzinfo=None).isoformat(),
            "officer": names[officer[at]],
            "score": round(float(found.score[at]), 4),
            "reason_text": scored["reason_text"][int(at)].as_py(),
            "why": raised.get(int(found.query_id[at]), f"{means}: {found.score[at]:.2f}"),
        }
        for at in order.tolist()
    ]
    return Scored(
        detector=spec.name,
        means=means,
        rows=log.num_rows,
        scored_rows=len(found.score),
        officers=_officers(found.score, officer, names, top),
        queries=queries,
        isolation=level,
    )


def _officers(
    score: NDArray[np.float64], officer: NDArray[np.int64], names: list[str], top: int
) -> list[dict[str, Any]]:
    """Return officers by the mean of their five highest scores, a single odd query counts less."""
    ranked: list[dict[str, Any]] = []
    for code, name in enumerate(names):
        own = np.sort(score[officer == code])[::-1]
        ranked.append({
            "officer": name, "queries": len(own), "above_zero": int((own > 0).sum()),
            "highest": round(float(own[0]), 4),
            "mean_top_5": round(float(np.r_[own[:5], np.zeros(max(0, 5 - len(own)))].mean()), 4),
        })  # fmt: skip
    return sorted(ranked, key=lambda row: (-row["mean_top_5"], row["officer"]))[:top]


def _reasons(alerts: list[Alert]) -> dict[int, str]:
    return {query: alert.reason for alert in alerts for query in alert.evidence}


def _meaning(spec: ComponentSpec) -> str:
    """Return what a shipped detector's score is: the first line of its description."""
    import importlib  # noqa: PLC0415 - only a shipped detector is imported in this process

    module, _, name = spec.target.partition(":")
    if not module.startswith("misusebench."):
        return f"score of {spec.name}"
    text = getattr(importlib.import_module(module), name).__doc__ or spec.name
    return str(text).strip().splitlines()[0].rstrip(".")


def render(found: Scored) -> Group:
    """Return the ranking for a terminal."""
    officers = Table(title="Officers", title_justify="left")
    for name in ("officer", "queries", "above 0", "highest", "mean of top 5"):
        officers.add_column(name, justify="left" if name == "officer" else "right")
    for row in found.officers:
        officers.add_row(
            Text(row["officer"]), f"{row['queries']:,}", f"{row['above_zero']:,}",
            f"{row['highest']:.2f}", f"{row['mean_top_5']:.2f}",
        )  # fmt: skip
    queries = Table(title="Queries", title_justify="left")
    for name in ("local time", "officer", "reason given", "why"):
        queries.add_column(name)
    for row in found.queries:
        given = row["reason_text"] or ""
        queries.add_row(row["time"], Text(row["officer"]), Text(given), Text(row["why"]))
    head = Text(
        f"{found.detector}: {found.scored_rows:,} of {found.rows:,} queries scored, the earlier "
        f"ones learnt from ({found.isolation})\n"
    )
    return Group(head, officers, queries)
