"""The plate-reader searches of a data set as a transparency portal would publish them."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from misusesim.dataset.reader import Dataset

COLUMNS = ("id", "userId", "searchDate", "networkCount", "reason")


def portal_rows(dataset: Dataset) -> pa.Table:
    """Return the ALPR rows of the log with a portal's columns.

    `searchDate` is local time without a zone, as portals print it; `networkCount` is the number of
    agencies searched: 1 for an agency's own cameras, else also all that share with it.
    """
    log = dataset.log(["query_id", "agency_id", "officer_id", "system", "time", "scope",
                       "reason_text"])  # fmt: skip
    log = log.filter(pc.equal(log["system"].cast(pa.string()), "ALPR"))
    local = pc.strftime(_local(dataset, log["time"]), "%Y-%m-%dT%H:%M:%S")
    return pa.table(
        [
            log["query_id"],
            log["officer_id"].cast(pa.string()),
            local,
            _networks(dataset, log),
            log["reason_text"].cast(pa.string()),
        ],
        names=COLUMNS,
    )


def _local(dataset: Dataset, time: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return local wall-clock time; all agencies of a scenario share one zone."""
    return pc.local_timestamp(time.cast(pa.timestamp("us", dataset.timezone)))


def _networks(dataset: Dataset, log: pa.Table) -> pa.Array:
    sharing = dataset.context("T2")["dispatch/sharing"]
    partners = defaultdict(set)
    for row in sharing.select(["agency_id", "with_agency_id", "system"]).to_pylist():
        if row["system"] == "ALPR":
            partners[row["with_agency_id"]].add(row["agency_id"])
    place, words = _places(log["agency_id"])
    reach = np.array([1 + len(partners[agency]) for agency in words] + [1], np.int32)
    own = pc.equal(log["scope"].cast(pa.string()), "own").fill_null(True)
    return pa.array(np.where(own.to_numpy(), 1, reach[place]), pa.int32())


def _places(column: pa.ChunkedArray) -> tuple[NDArray[np.int64], list[str]]:
    """Return each row's place among the distinct words of a column, and those words."""
    coded = pa.concat_arrays(column.cast(pa.string()).chunks or [pa.array([], pa.string())])
    coded = coded.dictionary_encode()
    return coded.indices.to_numpy().astype(np.int64), coded.dictionary.to_pylist()
