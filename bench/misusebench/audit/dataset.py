"""A data set of ours as a labelled table, and the checks that only its truth and manifest allow."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from misusebench.audit.labelled import Labelled, codes_of
from misusebench.audit.replayed import replayed
from misusebench.audit.sample import check_of_sample, merged, pieces, sampled
from misusebench.audit.splits import split_checks
from misusebench.audit.verdict import Check
from misusesim.clock import LocalClock
from misusesim.dataset.reader import Dataset, open_dataset
from misusesim.dataset.writer import sha256_of
from misusesim.errors import DatasetError
from misusesim.truth import open_truth

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from misusesim.truth import Truth

#: Kinds whose days need not hold other work, by their nature: accounts of nobody who works or used
#: by another, units and bulk.
EXEMPT: Final = (
    "permit_checks", "wrong_code", "immigration", "protest", "bulk_harvest", "ghost_account",
    "credential_sharing",
)  # fmt: skip
#: Kinds that a written rule sees where they are declared: listed, never hidden.
POLICY_VISIBLE: Final = (
    "permit_checks", "wrong_code", "immigration", "protest", "health", "descriptor",
    "live_testing", "scope_excess",
)  # fmt: skip
_SIGMAS: Final = 4  # of lost rows (Poisson), so that one audit in thousands fails by chance
_US_NS, _DAY_US = 1_000, 86_400_000_000


def labelled_dataset(source: Path | Dataset) -> Labelled:
    """Return the log of a data set in the order of arrival, misuse as its label.

    Raises
    ------
    UsageError, DatasetError
        If it is no data set, or not whole.
    """
    data = source if isinstance(source, Dataset) else open_dataset(source)
    truth = open_truth(data)
    log = data.log()
    kind = _kinds(log, truth)
    time = log["time"].cast(pa.int64()).to_numpy()
    return Labelled(
        columns=log, label=kind != "", entity=codes_of(log["officer_id"]), time=time * _US_NS,
        entity_column="officer_id", time_column="time",
        day=LocalClock(data.scenario).local(time) // _DAY_US, exempt=np.isin(kind, EXEMPT),
        by_design=np.isin(kind, POLICY_VISIBLE),
    )  # fmt: skip


def _kinds(log: pa.Table, truth: Truth) -> NDArray[np.str_]:
    """Return the kind of misuse of each row, "" for the others."""
    wrong = truth.misuse
    ids = wrong["query_id"].to_numpy()
    order = np.argsort(ids)
    own = log["query_id"].to_numpy()
    at = np.minimum(np.searchsorted(ids[order], own), max(len(ids) - 1, 0))
    names = np.asarray(wrong["kind"].cast(pa.string()).to_pylist(), np.str_)
    if not len(ids):
        return np.full(len(own), "", np.str_)
    return np.where(ids[order][at] == own, names[order][at], "")


def checks_of_truth(path: Path) -> list[Check]:
    """Return the checks of a data set's truth and accounting (Q3, Q8, Q15, Q17)."""
    data = open_dataset(path)
    truth, some = open_truth(data), sampled(data)
    told = merged([replayed(one, open_truth(one)) for one in pieces(data)])
    return [
        _apart(data), *_replayed(truth), *_accounted(data), _by_design(truth),
        _all_written(truth, data.scenario.noise.lost_share), *told,
        *split_checks(some, open_truth(some)), *check_of_sample(data),
    ]  # fmt: skip


def _by_design(truth: Truth) -> Check:
    """List the kinds that a written rule sees, so that no figure hides them."""
    there = set(truth.campaigns["kind"].to_pylist())
    told = ", ".join(kind for kind in POLICY_VISIBLE if kind in there)
    return Check("Q1", "visible to rules by design", None, "told only", None, told or "none")


def _apart(data: Dataset) -> Check:
    """Look for columns of the truth in the parts of the log, as they are on disk."""
    told = {"cause", "kind", "label", "campaign_id", "rung", "cover", "intent", "severity"}
    found = {n for part in data.parts("log") for n in _columns(data.path / part)}
    public = sorted(found & told)
    return Check("Q3", "truth apart", len(public), "0 columns", not public, ", ".join(public))


def _columns(part: Path) -> list[str]:
    try:
        return list(pq.read_schema(part).names)
    except (OSError, pa.ArrowException) as error:
        raise DatasetError(f"{part} is damaged; `misusebench verify` tells more") from error


def _replayed(truth: Truth) -> list[Check]:
    """Hold each misuse row against its campaign, and each oddity against its justification."""
    campaigns = {row["campaign_id"]: row for row in truth.campaigns.to_pylist()}
    wrong = truth.misuse
    names = ("campaign_id", "kind", "rung", "severity")
    bad = 0
    for row in wrong.select(names).to_pylist():
        campaign: dict[str, Any] | None = campaigns.get(row["campaign_id"])
        bad += campaign is None or any(row[name] != campaign[name] for name in names[1:])
    told = truth.oddities["justification"]
    unsaid = len(told) - (pc.sum(pc.match_substring(told, ":")).as_py() or 0)
    return [
        Check("Q8", "misuse replays", bad, "0 rows", not bad,
              f"of {wrong.num_rows:,} rows against their campaigns"),
        Check("Q8", "twins are justified", unsaid, "0 rows", not unsaid,
              f"of {len(told):,} oddities"),
    ]  # fmt: skip


def _all_written(truth: Truth, lost_share: float) -> Check:
    """Hold the rows of misuse against what its officers did: all are there but for lost ones."""
    wrong = truth.misuse
    once = wrong["duplicate_of"].null_count
    done = int(pc.sum(truth.officers["n_queries"]).as_py() or 0)
    most = done * lost_share + _SIGMAS * (done * lost_share) ** 0.5 + 1
    what = f"{once:,} queries in the log of {done:,} done in the time; the others were lost"
    bound = f"0 to {most:.0f} missing"
    return Check("Q16", "misuse written", done - once, bound, 0 <= done - once <= most, what)


def _accounted(data: Dataset) -> list[Check]:
    """Hold the sums of the manifest against each other, and the files against the manifest."""
    rows, files = data.manifest["rows"], data.manifest["files"]
    off = rows["generated"] - rows["lost"] + rows["duplicates"] - rows["written"]
    off = abs(off) or abs(sum(f["rows"] for f in files if f["path"].startswith("log/"))
                          - rows["written"])  # fmt: skip
    changed = [f["path"] for f in files if not _as_written(data, f)]
    first = f"; first: {changed[0]}" if changed else ""
    return [
        Check("Q17", "accounting", off, "0 rows", off == 0,
              "generated - lost + doubled = written = rows of all parts of the log"),
        Check("Q17", "files as written", len(changed), "0 files", not changed,
              f"of {len(files):,} are missing, or their hash is not the manifest's{first}"),
    ]  # fmt: skip


def _as_written(data: Dataset, file: dict[str, Any]) -> bool:
    path = data.path / file["path"]
    return bool(path.is_file() and sha256_of(path) == file["sha256"])
