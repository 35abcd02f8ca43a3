"""Other versions of a log that must not change what a detector says (`veil.py`: other ids)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

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
