"""The truth of each officer: what he has part in, whether it was found, his side of splits."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pyarrow as pa

from misusesim import splits
from misusesim.clock import NEVER, LocalClock
from misusesim.dataset.schema import MISUSE_KINDS, ROLES, SIDES, TRUTH_OFFICERS, coded
from misusesim.textcolumns import taken

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from misusesim.misuse import MisusePlan
    from misusesim.oversight import Oversight
    from misusesim.scenario.model import Scenario
    from misusesim.world.model import Staff

    I64Array = NDArray[np.int64]
    Misuse = tuple[MisusePlan, Oversight]


class _Parts(NamedTuple):
    """Who has part in which campaign, by officer."""

    officer: I64Array  # row of the staff
    campaign_id: list[str]
    kind: list[str]
    found: NDArray[np.bool_]


def officers_table(scenario: Scenario, staff: Staff, seen: Sequence[Misuse]) -> pa.Table:
    """Return `truth.officers` of some agencies.

    Parameters
    ----------
    scenario
        The world.
    staff
        The people of the agencies; accounts of systems are nobody.
    seen
        Campaigns of each agency and what became of them.
    """
    start, end = LocalClock(scenario).horizon
    people, parts = staff.officers, _parts(staff, seen)
    there = (people.hired < end) & (people.left > start)
    there[parts.officer] = True
    row = np.flatnonzero(there)
    queries, first, last = _counted(staff, seen, (start, end))
    numbers, home = staff.numbers[staff.place], staff.place[row]
    side = splits.by_officer(scenario.seed, numbers[row], _groups(staff, seen)[row])
    agency_side = splits.by_agency(scenario.seed, staff.numbers)[home]
    part = np.bincount(parts.officer, minlength=len(staff))
    columns = {
        "officer_id": taken(people.officer_id, row),
        "agency_id": taken(np.array([a.agency_id for a in staff.agencies], object), home),
        "role": coded(pa.array(people.role[row], pa.int8()), ROLES),
        "misuses": pa.array(part[row] > 0),
        "kinds": _lists(parts, row, parts.kind, distinct=True),
        "campaign_ids": _lists(parts, row, parts.campaign_id, distinct=False),
        "n_queries": pa.array(queries[row], pa.int32()),
        "first": pa.array(first[row], pa.int64(), mask=first[row] == NEVER),
        "last": pa.array(last[row], pa.int64(), mask=first[row] == NEVER),
        "found": pa.array(np.bincount(parts.officer[parts.found], minlength=len(staff))[row] > 0),
        "split_officer": coded(pa.array(side), SIDES),
        "split_agency": coded(pa.array(agency_side), SIDES),
    }
    arrays = [
        columns[f.name].dictionary_encode().cast(f.type)
        if f.name == "agency_id" else columns[f.name].cast(f.type)
        for f in TRUTH_OFFICERS
    ]  # fmt: skip
    return pa.Table.from_arrays(arrays, schema=TRUTH_OFFICERS)


def _parts(staff: Staff, seen: Sequence[Misuse]) -> _Parts:
    """Return who has part in what; campaigns of an officer stand in their own order."""
    rows: list[tuple[int, str, str, bool]] = []
    for (plot, watched), begin in zip(seen, staff.first.tolist(), strict=False):
        decided = zip(
            watched.outcomes["campaign_id"].to_pylist(), watched.outcomes["outcome"].to_pylist(),
            strict=True,
        )  # fmt: skip
        known = {campaign for campaign, outcome in decided if outcome not in {None, "unfounded"}}
        for one, name in zip(plot.planned, plot.campaigns.campaign_id.tolist(), strict=True):
            kind = MISUSE_KINDS[one.key[0]]
            rows += [(begin + o, name, kind, name in known) for o in sorted(set(one.officers))]
    rows.sort(key=lambda row: row[0])
    return _Parts(
        np.array([row[0] for row in rows], np.int64), [row[1] for row in rows],
        [row[2] for row in rows], np.array([row[3] for row in rows], np.bool_),
    )  # fmt: skip


def _groups(staff: Staff, seen: Sequence[Misuse]) -> I64Array:
    """Return the row in his agency of the first officer of each one's group."""
    own = np.arange(len(staff)) - staff.first[staff.place]
    for place, (plot, _) in enumerate(seen):
        if plot.planned:
            some = slice(int(staff.first[place]), int(staff.first[place + 1]))
            own[some] = splits.groups(staff.sizes[place], [c.officers for c in plot.planned])
    return np.asarray(own)


def _counted(
    staff: Staff, seen: Sequence[Misuse], horizon: tuple[int, int]
) -> tuple[I64Array, I64Array, I64Array]:
    """Return queries of misuse, first and last occasion of each officer within the horizon."""
    queries = np.zeros(len(staff), np.int64)
    first, last = np.full(len(staff), NEVER), np.full(len(staff), -NEVER)
    for (_, watched), begin in zip(seen, staff.first.tolist(), strict=False):
        steps = watched.occasions
        within = np.flatnonzero((steps.start >= horizon[0]) & (steps.start < horizon[1]))
        who = steps.officer[within].astype(np.int64) + begin
        np.add.at(queries, who, steps.n[within])
        np.minimum.at(first, who, steps.start[within])
        np.maximum.at(last, who, steps.start[within])
    return queries, first, last


def _lists(parts: _Parts, row: I64Array, words: list[str], *, distinct: bool) -> pa.ListArray:
    """Return the words of each officer's parts, mostly none."""
    ends = np.searchsorted(parts.officer, row, side="right")
    begins = np.searchsorted(parts.officer, row)
    if not distinct:
        offsets = np.append(0, np.cumsum(ends - begins))
        return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), pa.array(words, pa.string()))
    some = np.flatnonzero(ends > begins)
    found = [
        sorted(set(words[low:high]))
        for low, high in zip(begins[some].tolist(), ends[some].tolist(), strict=True)
    ]
    size = np.zeros(len(row), np.int64)
    size[some] = [len(one) for one in found]
    flat = pa.array([word for one in found for word in one], pa.string())
    return pa.ListArray.from_arrays(pa.array(np.append(0, np.cumsum(size)), pa.int32()), flat)
