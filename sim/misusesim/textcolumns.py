"""Text columns from matrices of bytes, without a Python object per row."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

if TYPE_CHECKING:
    from numpy.typing import NDArray


def fixed_text(characters: NDArray[np.uint8], present: NDArray[np.bool_]) -> pa.StringArray:
    """Return a string column from an n by width matrix of ASCII bytes; null where not present.

    `characters` holds a row for each present row only.
    """
    ends = np.zeros(len(present) + 1, np.int32)
    np.cumsum(present * np.int32(characters.shape[1]), out=ends[1:])
    return pa.StringArray.from_buffers(
        len(present),
        pa.py_buffer(ends),
        pa.py_buffer(np.ascontiguousarray(characters)),
        pa.py_buffer(np.packbits(present, bitorder="little")),
    )


def padded_text(characters: NDArray[np.uint8]) -> pa.StringArray:
    """Return a string column from an n by width matrix of ASCII bytes, zeros behind each text."""
    there = characters != 0
    ends = np.zeros(len(characters) + 1, np.int32)
    np.cumsum(there.sum(axis=1, dtype=np.int32), out=ends[1:])
    text = np.ascontiguousarray(characters) if there.all() else characters[there]
    return pa.StringArray.from_buffers(len(characters), pa.py_buffer(ends), pa.py_buffer(text))


def taken(words: NDArray[np.object_], code: NDArray[np.integer]) -> pa.Array:
    """Return a string column with the word of each code."""
    return pa.array(words, pa.string()).take(pa.array(code))
