"""Requests as a table of facts, one column a fact: what columnar engines take."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa

if TYPE_CHECKING:
    from collections.abc import Sequence

    from misusebench.component import Request

_PLACES: Final = ("officer", "database", "context")


def table_of(requests: Sequence[Request]) -> pa.Table:
    """Return one row per request: its ids, and every fact that any of them has; else null."""
    columns: dict[str, list[Any]] = {
        "query_id": [one.query_id for one in requests],
        "officer_id": [one.officer_id for one in requests],
        "action.name": [one.action for one in requests],
    }
    for place in _PLACES:
        for name in sorted({name for one in requests for name in getattr(one, place)}):
            columns[f"{place}.{name}"] = [getattr(one, place).get(name) for one in requests]
    return pa.table(columns)


def stream_of(table: pa.Table) -> bytes:
    """Return a table as an Arrow IPC stream."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue().to_pybytes()  # type: ignore[no-any-return]
