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
