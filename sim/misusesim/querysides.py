"""Which side of a split each query of a data set is on; read from its truth and its log."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from misusesim import splits
from misusesim.clock import LocalClock
from misusesim.dataset.schema import SIDES, WORD, coded
from misusesim.errors import DatasetError, UsageError
from misusesim.world.agencies import agencies

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from misusesim.dataset.reader import Dataset
    from misusesim.truth import Truth

    Codes = NDArray[np.int8]

SHAPE: Final = pa.schema([
    pa.field("query_id", pa.uint64(), nullable=False), pa.field("side", WORD, nullable=False),
])  # fmt: skip
_COLUMNS: Final = ("query_id", "received_at", "agency_id", "officer_id")


def query_sides(data: Dataset, truth: Truth, by: str) -> pa.Table:
    """Return the side of each query, in replay order: `query_id`, `side`.

    Parameters
    ----------
    data, truth
        The log and its truth.
    by
        ``time``, ``officer``, ``agency`` or ``kind``.

    Raises
    ------
    UsageError
        If there is no such split.
    DatasetError
        If log and scenario do not belong together.
    """
    if by not in WAYS:
        raise UsageError(f"no split by {by}; there are {', '.join(WAYS)}")
    log = data.log(_COLUMNS)
    side = coded(pa.array(WAYS[by](data, truth, log), pa.int8()), SIDES)
    return pa.table([log["query_id"], side], schema=SHAPE)


def campaign_of(truth: Truth, query_id: pa.ChunkedArray) -> NDArray[np.int64]:
    """Return the row of `truth.campaigns` that each query belongs to, -1 for none."""
    some = truth.misuse.filter(pc.is_valid(truth.misuse["campaign_id"]))
    row = pc.index_in(some["campaign_id"], value_set=truth.campaigns["campaign_id"])
    place = pc.index_in(query_id, value_set=some["query_id"].combine_chunks())
    rows = np.append(row.to_numpy().astype(np.int64), -1)
    return np.asarray(rows[place.fill_null(len(rows) - 1).to_numpy()])


def _by_time(data: Dataset, truth: Truth, log: pa.Table) -> Codes:
    """Return sides by arrival; queries of a campaign that is on two sides are on none."""
    horizon = LocalClock(data.scenario).horizon
    side = splits.by_time(log["received_at"].cast(pa.int64()).to_numpy(), horizon)
    campaign, told = campaign_of(truth, log["query_id"]), truth.campaigns["split_time"]
    straddles = np.append(side_codes(told) == splits.STRADDLES, [False])
    first, last = np.full(len(straddles), len(SIDES)), np.full(len(straddles), -1)
    np.minimum.at(first, campaign, side)
    np.maximum.at(last, campaign, side)
    straddles |= first < last
    straddles[-1] = False  # of no campaign
    side[straddles[campaign]] = splits.STRADDLES
    return side


def _by_officer(data: Dataset, truth: Truth, log: pa.Table) -> Codes:
    """Return sides of officers; accounts of systems go with their agency."""
    return _of_people(data, truth, log, side_codes(truth.officers["split_officer"]))


def _by_agency(data: Dataset, truth: Truth, log: pa.Table) -> Codes:
    """Return sides of agencies; of those without any person's account from the scenario."""
    known = truth.officers.select(["agency_id", "split_agency"])
    place = _places(log["agency_id"], known["agency_id"].cast(pa.string()).combine_chunks())
    side = np.append(side_codes(known["split_agency"]), np.int8(-1))[place]
    if (rest := np.flatnonzero(side < 0)).size:
        every = agencies(data.scenario)
        names = pa.array([agency.agency_id for agency in every])
        at = _places(log["agency_id"], names)[rest]
        if at.min() < 0:
            raise DatasetError(f"{data.path}: the log has agencies that its scenario has not")
        index = np.array([agency.index for agency in every])
        side[rest] = splits.by_agency(data.scenario.seed, index)[at]
    return np.asarray(side)


def _by_kind(data: Dataset, truth: Truth, log: pa.Table) -> Codes:
    """Return sides of officers by the kinds that their group has part in.

    Held-out kinds are for the test, others for training; a group with both is on neither side, and
    who has part in nothing goes by his side as an officer, validation with training.
    """
    told, officers = truth.campaigns, truth.officers
    who = [
        pc.index_in(pa.array(names, pa.string()), value_set=officers["officer_id"]).to_pylist()
        for names in told["officer_ids"].to_pylist()
    ]
    group = splits.groups(officers.num_rows, who)
    held = np.isin(told["kind"].cast(pa.string()).to_numpy(zero_copy_only=False), splits.HELD_OUT)
    has = np.zeros((officers.num_rows, 2), np.bool_)
    for row, one in enumerate(who):
        has[group[one], int(held[row])] = True
    trained, unseen = has[group].T
    side = side_codes(officers["split_officer"])
    side[side == splits.VALID] = splits.TRAIN
    side[trained], side[unseen] = splits.TRAIN, splits.TEST
    side[trained & unseen] = splits.STRADDLES
    rest = _of_people(data, truth, log, side)
    rest[rest == splits.VALID] = splits.TRAIN  # accounts of systems
    return rest


def _of_people(data: Dataset, truth: Truth, log: pa.Table, side: Codes) -> Codes:
    """Return what each query's officer has; of systems, what their agency has."""
    place = _places(log["officer_id"], truth.officers["officer_id"].combine_chunks())
    out = np.append(side, np.int8(-1))[place]
    nobody = np.flatnonzero(out < 0)
    if len(nobody):
        out[nobody] = _by_agency(data, truth, log.take(pa.array(nobody)))
    return np.asarray(out)


def _places(column: pa.ChunkedArray, names: pa.Array) -> NDArray[np.int64]:
    """Return the place of each word of a column among names, -1 where it is not among them."""
    coded_ = column.combine_chunks()
    words = pc.index_in(coded_.dictionary, value_set=names).fill_null(-1).to_numpy()
    return np.asarray(words[coded_.indices.to_numpy()].astype(np.int64))


def side_codes(column: pa.ChunkedArray) -> Codes:
    """Return the codes of sides, -1 for null."""
    code = pc.index_in(column.cast(pa.string()), value_set=pa.array(SIDES)).fill_null(-1)
    return np.asarray(code.to_numpy().astype(np.int8))


#: Name of a split -> how its sides are found.
WAYS: Final[dict[str, Callable[[Dataset, Truth, pa.Table], Codes]]] = {
    "time": _by_time, "officer": _by_officer, "agency": _by_agency, "kind": _by_kind,
}  # fmt: skip
