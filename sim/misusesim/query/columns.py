"""Arrow columns from codes and byte matrices, without a Python object per row."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


def words(codes: NDArray[np.integer], values: Sequence[str]) -> pa.DictionaryArray:
    """Return a `schema.WORD` column; a negative code is null."""
    return pa.DictionaryArray.from_arrays(
        _nullable(codes, pa.int8()), pa.array(values, pa.string())
    )


def long_words(
    codes: NDArray[np.integer], values: Sequence[str] | NDArray[np.object_] | pa.StringArray
) -> pa.DictionaryArray:
    """Return a `schema.LONG_WORD` column that holds only the values used; negative is null."""
    used = np.zeros(len(values) + 1, np.bool_)
    used[codes] = True  # -1 marks the spare last place
    used[-1] = False
    place = np.cumsum(used, dtype=np.int32)
    place -= 1
    place[-1] = -1
    return pa.DictionaryArray.from_arrays(
        _nullable(place[codes], pa.int32()), _taken(values, np.flatnonzero(used))
    )


def _taken(
    values: Sequence[str] | NDArray[np.object_] | pa.StringArray, at: NDArray[np.int64]
) -> pa.StringArray:
    if isinstance(values, pa.StringArray):
        return values.take(pa.array(at))
    return pa.array([values[i] for i in at.tolist()], pa.string())


def numbers(
    values: NDArray[np.generic], kind: pa.DataType, absent: NDArray[np.bool_] | None = None
) -> pa.Array:
    """Return a plain column; `absent` rows are null."""
    return pa.array(values, type=kind, mask=absent)


def instants(time_us: NDArray[np.int64], kind: pa.DataType) -> pa.Array:
    """Return a column of instants."""
    return pa.array(time_us, type=pa.int64()).view(kind)


def texts(codes: NDArray[np.integer], values: Sequence[str]) -> pa.StringArray:
    """Return a plain string column from codes; negative is null."""
    column = pa.DictionaryArray.from_arrays(
        _nullable(codes, pa.int32()), pa.array(values, pa.string())
    )
    return column.cast(pa.string())


def _nullable(codes: NDArray[np.integer], kind: pa.DataType) -> pa.Array:
    plain = codes.astype(kind.to_pandas_dtype(), copy=False)
    some = bool(len(codes)) and int(codes.min()) < 0
    return pa.array(plain, mask=codes < 0 if some else None)
