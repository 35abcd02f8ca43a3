"""Truth beside the scored part of a log, row by row: read only after all components have ended."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import numpy as np

from misusebench.columns import DAY_US, distinct, micros
from misusebench.errors import LeakError
from misusesim.dataset import schema

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

    from misusesim.truth import Truth

#: Priority of incidents that cannot wait, of 1 to 4.
URGENT: Final = 1


@dataclass(frozen=True, slots=True)
class CampaignAnswers:
    """Campaigns with misuse in the scored part, columns; the row number is `Answers.campaign`."""

    campaign_id: list[str]
    kind: NDArray[np.int16]  # code of schema.MISUSE_KINDS
    rung: NDArray[np.int8]  # code of schema.RUNGS
    first_us: NDArray[np.int64]  # arrival of the first misuse query of the whole log
    last_us: NDArray[np.int64]  # arrival of the last
    agency: list[str]
    officers: list[tuple[str, ...]]
    severity: NDArray[np.int8]
    straddles: NDArray[np.bool_]  # began in the history


@dataclass(frozen=True, slots=True)
class Answers:
    """Aligned columns, one row per scored query, in replay order."""

    query_id: NDArray[np.uint64]
    positive: NDArray[np.bool_]
    ignore: NDArray[np.bool_]
    officer: NDArray[np.int32]  # place in `officers`
    agency: NDArray[np.int32]  # place in `agencies`
    time_us: NDArray[np.int64]  # arrival, UTC microseconds
    day: NDArray[np.int32]  # UTC day of the arrival since the epoch
    campaign: NDArray[np.int32]  # row of `campaigns`, -1 none
    kind: NDArray[np.int16]  # code of schema.MISUSE_KINDS, -1 none
    rung: NDArray[np.int8]  # code of schema.RUNGS, -1 none
    oddity: NDArray[np.int16]  # code of schema.ODDITY_KINDS, -1 none
    officers: list[str]
    agencies: list[str]
    campaigns: CampaignAnswers
    start_us: int  # when the scored part begins
    guilty_us: NDArray[np.int64]  # per officer: first misuse query of the whole log, 2**62 never
    incident: NDArray[np.int32] = field(default_factory=lambda: np.empty(0, np.int32))  # -1 none
    incidents: list[str] = field(default_factory=list)  # ids; `incident` is a place in it

    def urgent(self, table: pa.Table) -> NDArray[np.bool_]:
        """Return which queries serve an incident of the highest priority.

        Parameters
        ----------
        table
            Context table `dispatch/incidents`.
        """
        first = [
            name
            for name, priority in zip(
                table["incident_id"].to_pylist(), table["priority"].to_pylist(), strict=True
            )
            if priority == URGENT
        ]
        known = set(first)
        return np.array([*(name in known for name in self.incidents), False])[self.incident]


def align(log: pa.Table, truth: Truth, first: int, start_us: int) -> Answers:
    """Return the truth of the rows from `first` on.

    Parameters
    ----------
    log
        The whole log in replay order, at least its ids, times, officers and agencies.
    truth
        The truth of the same data set.
    first
        First scored row.
    start_us
        End of the history, UTC microseconds.

    Raises
    ------
    LeakError
        If log and truth do not belong together.
    """
    ids = log["query_id"].to_numpy().astype(np.uint64)
    rows = truth.queries
    place = _places(ids, rows, sparse=truth.sparse)
    received = micros(log["received_at"])
    cause = _codes(rows["cause"], schema.CAUSES, place)
    label = _codes(rows["label"], schema.LABELS, place)
    misuse, odd = cause == schema.CAUSES.index("misuse"), cause == schema.CAUSES.index("oddity")
    kind = np.where(misuse, _codes(rows["kind"], schema.MISUSE_KINDS, place), -1)
    oddity = np.where(odd, _codes(rows["kind"], schema.ODDITY_KINDS, place), -1)
    positive = label == schema.LABELS.index("positive")
    campaign, campaigns = _campaigns(rows, truth.campaigns, place, received, positive, first)
    officer, officers = distinct(log["officer_id"].slice(first))
    agency, agencies = distinct(log["agency_id"].slice(first))
    incident, incidents = distinct(rows["incident_id"])
    return Answers(
        query_id=ids[first:],
        positive=positive[first:],
        ignore=(label == schema.LABELS.index("ignore"))[first:],
        officer=officer.astype(np.int32),
        agency=agency.astype(np.int32),
        time_us=received[first:],
        day=(received[first:] // DAY_US).astype(np.int32),
        campaign=campaign[first:],
        kind=kind[first:].astype(np.int16),
        rung=_codes(rows["rung"], schema.RUNGS, place)[first:].astype(np.int8),
        oddity=oddity[first:].astype(np.int16),
        officers=officers,
        agencies=agencies,
        campaigns=campaigns,
        start_us=start_us,
        guilty_us=_guilty(log["officer_id"], officers, positive, received),
        incident=np.append(incident, -1)[place][first:].astype(np.int32),
        incidents=incidents,
    )


def _guilty(
    column: pa.ChunkedArray,
    officers: list[str],
    positive: NDArray[np.bool_],
    received: NDArray[np.int64],
) -> NDArray[np.int64]:
    """Return the first misuse query of each officer, in the history too."""
    own, names = distinct(column)
    first = np.full(len(names), 2**62, np.int64)
    np.minimum.at(first, own[positive], received[positive])
    told = dict(zip(names, first.tolist(), strict=True))
    return np.array([told[officer] for officer in officers], np.int64)


def _places(ids: NDArray[np.uint64], rows: pa.Table, *, sparse: bool) -> NDArray[np.int64]:
    """Return each log row's place in the truth, -1 where sparse truth leaves it out."""
    told = rows["query_id"].to_numpy().astype(np.uint64)
    order = np.argsort(told, kind="stable")
    at = np.searchsorted(told[order], ids)
    inside = np.minimum(at, max(0, len(told) - 1))
    found = (at < len(told)) & (told[order][inside] == ids) if len(told) else at < 0
    if int(found.sum()) != len(told) or (not sparse and not found.all()):
        raise LeakError(
            f"log and truth do not belong together: {int((~found).sum())} queries without truth, "
            f"{len(told) - int(found.sum())} truths without a query"
        )
    return np.where(found, order[inside] if len(told) else -1, -1)


def _codes(
    column: pa.ChunkedArray, words: tuple[str, ...], place: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Return codes of a closed list per log row; -1 for null, 0 (work, ...) for rows left out."""
    own, found = distinct(column)
    known = np.array([words.index(w) if w in words else -1 for w in found] + [-1], np.int64)
    usual = {"work", "negative"}.intersection(words)  # what sparse truth does not write down
    left_out = words.index(usual.pop()) if usual else -1
    return np.append(known[own], left_out)[place]


def _campaigns(
    rows: pa.Table,
    table: pa.Table,
    place: NDArray[np.int64],
    received: NDArray[np.int64],
    positive: NDArray[np.bool_],
    first: int,
) -> tuple[NDArray[np.int32], CampaignAnswers]:
    own, names = distinct(rows["campaign_id"])
    of_row = np.append(own, -1)[place]
    of_row = np.where(positive, of_row, -1)
    seen = np.unique(of_row[first:][of_row[first:] >= 0])
    fresh = np.full(len(names) + 1, -1, np.int32)
    fresh[seen] = np.arange(len(seen), dtype=np.int32)
    campaign = fresh[of_row]
    begun, ended = np.full(len(seen), 2**62), np.full(len(seen), -(2**62))
    belongs = np.flatnonzero(campaign >= 0)
    np.minimum.at(begun, campaign[belongs], received[belongs])
    np.maximum.at(ended, campaign[belongs], received[belongs])
    told = {row["campaign_id"]: row for row in table.to_pylist()}
    picked = [told[names[int(code)]] for code in seen]
    start = int(received[first]) if first < len(received) else 2**62
    return campaign, CampaignAnswers(
        campaign_id=[row["campaign_id"] for row in picked],
        kind=np.array([schema.MISUSE_KINDS.index(r["kind"]) for r in picked], np.int16),
        rung=np.array([schema.RUNGS.index(r["rung"]) for r in picked], np.int8),
        first_us=begun,
        last_us=ended,
        agency=[row["agency_id"] for row in picked],
        officers=[tuple(row["officer_ids"]) for row in picked],
        severity=np.array([row["severity"] for row in picked], np.int8),
        straddles=begun < start,
    )
