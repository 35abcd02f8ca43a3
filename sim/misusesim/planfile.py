"""A block on disk, between the causal passes of its agencies and the expansion of its shards.

Arrow IPC files of the block's columns, memory-mapped when read: many workers share one copy, and
nothing is unpickled. Context and truth tables are not kept here: pass 1 has written them already.
"""

from __future__ import annotations

import json
from dataclasses import fields
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa

from misusesim.dataset.writer import Entry, replacing, sha256_of
from misusesim.occasions import Occasions
from misusesim.plan import Block, Campaigns, Cases, Incidents, Suspensions
from misusesim.scenario.model import AgencyGroup
from misusesim.world.model import Agency, Officers, Terminals

if TYPE_CHECKING:
    from pathlib import Path

#: Groups of columns of a block.
GROUPS: Final[dict[str, type[Any]]] = {
    "officers": Officers,
    "terminals": Terminals,
    "occasions": Occasions,
    "incidents": Incidents,
    "cases": Cases,
    "campaigns": Campaigns,
    "suspensions": Suspensions,
}


def save_block(root: Path, folder: str, block: Block) -> list[Entry]:
    """Write the columns of a block into a folder of the data set and return their entries."""
    about = {
        "agencies": json.dumps([_agency_to_json(agency) for agency in block.agencies]),
        "officers": json.dumps(np.diff(block.first_officer).tolist()),
        "terminals": json.dumps(np.diff(block.first_terminal).tolist()),
    }
    return [
        _save(root, f"{folder}/{name}.arrow", _to_table(getattr(block, name), about))
        for name in GROUPS
    ]


def load_block(root: Path, folder: str) -> Block:
    """Return the block written by :func:`save_block`; read-only arrays."""
    tables = {name: _open(root / folder / f"{name}.arrow") for name in GROUPS}
    about = tables["officers"].schema.metadata
    agencies = tuple(_agency_from_json(one) for one in json.loads(about[b"agencies"]))
    places = np.arange(len(agencies), dtype=np.int16)
    return Block(
        agencies=agencies,
        officer_place=np.repeat(places, json.loads(about[b"officers"])),
        terminal_place=np.repeat(places, json.loads(about[b"terminals"])),
        **{name: _to_columns(kind, tables[name]) for name, kind in GROUPS.items()},
    )


def _agency_to_json(agency: Agency) -> dict[str, Any]:
    plain = {f.name: getattr(agency, f.name) for f in fields(agency) if f.name != "group"}
    return {**plain, "group": agency.group.model_dump(mode="json")}


def _agency_from_json(about: dict[str, Any]) -> Agency:
    group = AgencyGroup.model_validate_json(json.dumps(about["group"]))  # dates are texts in JSON
    return Agency(**{**about, "group": group})


def _to_table(columns: Any, about: dict[str, str]) -> pa.Table:
    arrays, notes = {}, dict(about)
    for f in fields(columns):
        value = getattr(columns, f.name)
        if isinstance(value, np.ndarray):
            arrays[f.name] = pa.array(value, pa.string() if value.dtype == object else None)
        else:
            notes[f.name] = json.dumps(value)
    return pa.table(arrays).replace_schema_metadata(notes)


def _to_columns(kind: type[Any], table: pa.Table) -> Any:
    columns: dict[str, Any] = {}
    for f in fields(kind):
        if f.name in table.schema.names:
            columns[f.name] = _to_array(table[f.name])
        else:
            columns[f.name] = tuple(json.loads(table.schema.metadata[f.name.encode()]))
    return kind(**columns)


def _to_array(column: pa.ChunkedArray) -> np.ndarray[Any, Any]:
    if pa.types.is_string(column.type):
        return np.array(column.to_pylist(), object)
    return column.to_numpy()  # type: ignore[no-any-return]


def _save(root: Path, path: str, table: pa.Table) -> Entry:
    with replacing(root / path) as part:
        with pa.OSFile(str(part), "wb") as file, pa.ipc.new_file(file, table.schema) as writer:
            writer.write_table(table)
        size, digest = part.stat().st_size, sha256_of(part)
    return Entry(path, size, digest, table.num_rows)


def _open(path: Path) -> pa.Table:
    return pa.ipc.open_file(pa.memory_map(str(path))).read_all().combine_chunks()
