"""Arrow columns from codes and byte matrices, without a Python object per row."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import pyarrow as pa

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Words: TypeAlias = "Sequence[str] | NDArray[np.object_] | pa.StringArray"


def words(codes: NDArray[np.integer], values: Sequence[str]) -> pa.DictionaryArray:
    """Return a `schema.WORD` column; a negative code is null."""
    return _coded(codes.astype(np.int8, copy=False), listed(tuple(values)))


@lru_cache(maxsize=64)
def listed(values: tuple[str, ...]) -> pa.StringArray:
    """Return words that every shard has, made once."""
    return pa.array(values, pa.string())


def long_words(codes: NDArray[np.integer], values: Words) -> pa.DictionaryArray:
    """Return a `schema.LONG_WORD` column that holds only the values used; negative is null."""
    at = codes.astype(np.intp, copy=False)
    place, kept = _used(at, values)
    return _coded(place.take(at), kept)


def spread_words(
    codes: NDArray[np.integer], values: Words, of: NDArray[np.int64], seen: NDArray[np.int64]
) -> pa.DictionaryArray:
    """Return a `schema.LONG_WORD` column of rows that have their words from fewer things.

    Parameters
    ----------
    codes, values
        The word of each thing, as for :func:`long_words`.
    of
        The thing of each row.
    seen
        The things that have rows.
    """
    at = codes.astype(np.intp, copy=False)
    place, kept = _used(at[seen], values)
    return _coded(place.take(at).take(of), kept)


def some_words(
    rows: int, at: NDArray[np.int64], codes: NDArray[np.integer], values: Words
) -> pa.DictionaryArray:
    """Return a `schema.LONG_WORD` column in which only the rows `at` may have a word."""
    index = codes.astype(np.intp, copy=False)
    place, kept = _used(index, values)
    column = np.full(rows, -1, np.int32)
    column[at] = place.take(index)
    return _coded(column, kept)


def _used(codes: NDArray[np.intp], values: Words) -> tuple[NDArray[np.int32], pa.StringArray]:
    """Return the new code of each value, -1 for the spare last place, and the values used."""
    used = np.zeros(len(values) + 1, np.bool_)
    used[codes] = True  # -1 marks the spare last place
    used[-1] = False
    place = np.cumsum(used, dtype=np.int32)
    place -= 1
    place[-1] = -1
    return place, _taken(values, np.flatnonzero(used))


def _taken(values: Words, at: NDArray[np.int64]) -> pa.StringArray:
    if isinstance(values, pa.StringArray):
        return values.take(pa.array(at))
    if isinstance(values, np.ndarray):
        return pa.array(values[at], pa.string())
    return pa.array([values[i] for i in at.tolist()], pa.string())


def numbers(
    values: NDArray[np.generic], kind: pa.DataType, absent: NDArray[np.bool_] | None = None
) -> pa.Array:
    """Return a plain column; `absent` rows are null."""
    if values.dtype == np.bool_:
        return pa.Array.from_buffers(
            kind, len(values), [None, _bits(values.astype(np.bool_, copy=False))]
        )
    column = pa.array(values, type=kind)
    return column if absent is None else _where(column, ~absent)


def instants(time_us: NDArray[np.int64], kind: pa.DataType) -> pa.Array:
    """Return a time column without a copy."""
    return pa.array(time_us, type=pa.int64()).view(kind)


def texts(codes: NDArray[np.integer], values: Sequence[str]) -> pa.StringArray:
    """Return a plain string column from codes; negative is null."""
    column = _coded(codes.astype(np.int32, copy=False), pa.array(values, pa.string()))
    return column.cast(pa.string())


def _coded(codes: NDArray[np.signedinteger], values: pa.StringArray) -> pa.DictionaryArray:
    """Return a dictionary column; a negative code is null.

    Raises
    ------
    IndexError
        If a code is beyond the values.
    """
    column = pa.array(codes)
    if len(codes):
        # arrow would look at each row for what the ends tell as well
        if int(codes.max()) >= len(values):
            raise IndexError(f"code {codes.max()} of {len(values)} words")
        if int(codes.min()) < 0:
            column = _where(column, codes >= 0)
    return pa.DictionaryArray.from_arrays(column, values, safe=False)


def _where(column: pa.Array, present: NDArray[np.bool_]) -> pa.Array:
    """Return the same values, null where not present, without a copy of them."""
    return pa.Array.from_buffers(column.type, len(column), [_bits(present), column.buffers()[1]])


def _bits(flags: NDArray[np.bool_]) -> pa.Buffer:
    return pa.py_buffer(np.packbits(flags, bitorder="little"))
