"""Requests as a table of facts, one column a fact: what columnar engines take."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa

from misusebench.policies.language.vocabulary import parts_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from misusebench.component import Request

_PLACES: Final = ("officer", "action", "database", "context")


def table_of(requests: Sequence[Request]) -> pa.Table:
    """Return one row per request: its ids, and every fact that any of them has; else null."""
    rows = [parts_of(one) for one in requests]
    columns: dict[str, list[Any]] = {
        "query_id": [one["query"]["id"] for one in rows],
        "officer_id": [one["officer"].pop("id") for one in rows],
    }
    for place in _PLACES:
        for name in sorted({name for one in rows for name in one[place]}):
            columns[f"{place}.{name}"] = [one[place].get(name) for one in rows]
    return pa.table(columns)


def stream_of(table: pa.Table) -> bytes:
    """Return a table as an Arrow IPC stream."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue().to_pybytes()  # type: ignore[no-any-return]
