"""How each column is stored in Parquet: what takes little time and room for columns of its kind.

Measured column by column on parts of `state` (DECISIONS.md, 2026-11-23). Only encodings that every
reader of the last years knows are used.
"""

from __future__ import annotations

from typing import Any, Final

import pyarrow as pa

ROW_GROUP: Final = 1 << 20
#: Columns with statistics in the Parquet footer: what a reader may want to skip by.
TIMES: Final = ("time", "received_at")
#: What zstd makes little or no smaller for the time it takes: numbers of the log that are packed by
#: difference, and hashes (a key repeats within an occasion: it would save a twentieth to a third).
_NOT_COMPRESSED: Final = frozenset({"query_id", "subject_key", *TIMES, "latency_ms"})


def options(schema: pa.Schema) -> dict[str, Any]:
    """Return how to write a table of a schema, for `pyarrow.parquet.write_table`."""
    compression = {_path(f): "none" if f.name in _NOT_COMPRESSED else "zstd" for f in schema}
    return {
        "row_group_size": ROW_GROUP,
        "compression": compression,
        "compression_level": {path: 1 for path, how in compression.items() if how == "zstd"},
        "use_dictionary": [f.name for f in schema if pa.types.is_dictionary(f.type)],
        "write_statistics": [name for name in TIMES if name in schema.names],
        "write_page_checksum": True,
        "column_encoding": {f.name: how for f in schema if (how := _encoding(f))},
    }


def _path(f: pa.Field) -> str:
    """Return the path of a column in the file."""
    return f"{f.name}.list.element" if pa.types.is_list(f.type) else f.name


def _encoding(f: pa.Field) -> str | None:
    """Return the encoding of a column; None is plain, or that of its dictionary."""
    if pa.types.is_timestamp(f.type) or pa.types.is_signed_integer(f.type):
        return "DELTA_BINARY_PACKED"
    if f.name == "subject_plate":  # of few lengths; most other texts repeat and stay plain
        return "DELTA_LENGTH_BYTE_ARRAY"
    return None
