"""Other versions of a log that must not change what a detector says, for the checks."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

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


_TEXT_IDS: Final = ("officer_id", "terminal_id")
_KEY_IDS: Final = ("query_id", "subject_key", "plate_key")


def salted(table: pa.Table) -> pa.Table:
    """Return the table with other ids of queries, officers, terminals and subjects."""
    for name in table.column_names:
        column = table[name].combine_chunks()
        if name in _KEY_IDS:
            ids = column.to_numpy(zero_copy_only=False).astype(np.uint64)
            fresh = pa.array(rng.feistel(ids, rng.salt(7, "check-ids"), 32), pa.uint64())
        elif name in _TEXT_IDS:
            text = column.cast(pa.string())
            words = text.unique()
            other = pa.array([_renamed(w) for w in words.to_pylist()], pa.string())
            fresh = other.take(pc.index_in(text, words)).cast(column.type)
        else:
            continue
        table = table.set_column(table.column_names.index(name), table.schema.field(name), fresh)
    return table


def _renamed(word: str | None) -> str | None:
    if word is None:
        return None
    return hashlib.blake2b(f"check/{word}".encode(), digest_size=8).hexdigest()
