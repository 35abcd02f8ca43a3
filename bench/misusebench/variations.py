"""Other versions of a log that must not change what a detector says (`veil.py`: other ids)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from misusebench.columns import DAY_US, micros
from misusesim import rng

if TYPE_CHECKING:
    from numpy.typing import NDArray


def distance(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    """Return the Kolmogorov-Smirnov distance of two samples."""
    at = np.concatenate([a, b])
    left = np.searchsorted(np.sort(a), at, side="right") / len(a)
    right = np.searchsorted(np.sort(b), at, side="right") / len(b)
    return float(np.abs(left - right).max())


def shuffled(log: pa.Table, cut: int) -> pa.Table:
    """Return the log with the contents of the rows from `cut` on dealt out anew; times stay."""
    order = rng.stream(0, "check-future", cut).permutation(log.num_rows - cut) + cut
    place = pa.array(np.concatenate([np.arange(cut), order]))
    fixed = {"query_id", "time", "received_at"}
    columns = [log[n] if n in fixed else log[n].take(place) for n in log.column_names]
    return pa.Table.from_arrays(columns, schema=log.schema)


def lengthened(log: pa.Table, first: int, rows: int, times: int) -> pa.Table:
    """Return the first rows, then `rows` more so many times, each time later and with other ids."""
    part = log.slice(first, rows)
    received = micros(part["received_at"])
    span = int((received.max() // DAY_US - received.min() // DAY_US + 1) * DAY_US)
    parts = [log.slice(0, first)]
    for nth in range(times):
        later = part
        for name in ("time", "received_at"):
            moved = pa.array(micros(part[name]) + nth * span).cast(log.schema.field(name).type)
            later = later.set_column(later.column_names.index(name), log.schema.field(name), moved)
        fresh = part["query_id"].to_numpy() ^ np.uint64(nth * 0x9E37_79B9_7F4A_7C15 % 2**64)
        place, kind = later.column_names.index("query_id"), log.schema.field("query_id")
        parts.append(later.set_column(place, kind, pa.array(fresh, kind.type)))
    return pa.concat_tables(parts)
