"""From each agency by itself to neighbours in one, and from people to all accounts."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Columns that refer to files by serial, and rows of officers; what is negative refers to nothing.
SERIALS: Final = ("incident", "case", "says_case", "says_incident")
OFFICERS: Final = ("officer", "dispatcher", "clerk", "owner")


def renumbered(columns: Any, row: NDArray[np.int64]) -> Any:
    """Return columns whose officers are other rows now: `row` of each of the old ones."""
    new = np.append(row, -1)
    return replace(columns, **{
        f.name: new[column].astype(column.dtype)
        for f in fields(columns)
        if f.name in OFFICERS
        for column in (getattr(columns, f.name),)
    })  # fmt: skip


def shifted(columns: Any, **by: int) -> Any:
    """Return columns with references moved: by so much in each named column that there is."""
    return replace(columns, **{
        name: _shift(getattr(columns, name), step)
        for name, step in by.items()
        if hasattr(columns, name)
    })  # fmt: skip


def _shift(column: NDArray[Any], by: int) -> NDArray[Any]:
    """Return references moved; what refers to nothing (negative) stays."""
    return np.where(column >= 0, column + by, column).astype(column.dtype)
