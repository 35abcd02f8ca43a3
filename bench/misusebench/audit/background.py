"""Whether misuse changed honest rows: the same table made without any misuse must hold them all."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from misusebench.errors import SuiteError

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pyarrow as pa

    from misusebench.audit.labelled import Labelled


class Changed(NamedTuple):
    """Rows that are in one table only."""

    added: int  # honest rows that the table without misuse lacks
    gone: int  # its rows that are no more


def changed(table: Labelled, without: pa.Table) -> Changed:
    """Return how honest rows differ from those of the same table without misuse.

    Raises
    ------
    SuiteError
        If the other table lacks a column of this one.
    """
    names = table.columns.column_names
    if missing := [name for name in names if name not in without.column_names]:
        raise SuiteError(f"the table without misuse has no column {', '.join(missing)}")
    honest = Counter(_rows(table.columns.take(np.flatnonzero(~table.label))))
    clean = Counter(_rows(without.select(names)))
    return Changed((honest - clean).total(), (clean - honest).total())


def _rows(table: pa.Table) -> Iterator[int]:
    """Yield a number of each row that is the same for equal rows."""
    columns = [column.to_pylist() for column in table.columns]
    for row in zip(*columns, strict=True):
        yield hash(row)
