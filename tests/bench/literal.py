"""Rows written out in a test: a log, a context and a request from the few columns that matter."""

from __future__ import annotations

import datetime as dt
from typing import Any, Final

import pyarrow as pa
from tests.bench.dataset import HOUR_US

from misusebench.component import Request
from misusesim.dataset import schema

MINUTE_US: Final = HOUR_US // 60
FAR: Final = "2035-01-01 00:00"
#: What a row says of itself unless a test says otherwise.
QUERY: Final = {
    "agency_id": "A", "officer_id": "o1", "terminal_id": "t1", "system": "DMV", "message_key": "DQ",
    "declared_purpose": "criminal", "subject_kind": "person", "subject_key": 1, "match": "exact",
    "hit": False, "records_returned": 1, "outcome": "ok", "action": "view", "break_glass": False,
    "latency_ms": 100, "time": "2024-03-04 17:00",
}  # fmt: skip
#: The same for context rows, by table; they hold from 2020 on and are known from then.
CONTEXT_ROW: Final = {
    "directory/agencies": {
        "agency_id": "A", "name": "Agency", "type": "police", "state": "CA", "timezone": "UTC",
        "case_field": "optional", "asks_purpose": True,
    },
    "roster/officers": {
        "officer_id": "o1", "agency_id": "A", "given_name": "Ada", "surname": "Vega",
        "birth_date": dt.date(1980, 5, 1), "sex": "F", "address_area": "north", "role": "patrol",
        "unit": "day", "hire_date": "2015-01-01 00:00", "training_until": FAR, "active": True,
    },
    "roster/shifts": {"officer_id": "o1", "kind": "regular"},
    "dispatch/incidents": {
        "incident_id": "i1", "agency_id": "A", "number": "I-1", "kind": "call", "priority": 1,
        "offense": "larceny", "self_initiated": False, "area": "north",
    },
    "dispatch/cases": {
        "case_id": "c1", "agency_id": "A", "number": "24-1", "offense": "larceny", "status": "open",
    },
    "dispatch/assignments": {"officer_id": "o1"},
    "dispatch/involved": {"subject_key": 1},
    "dispatch/warrants": {"subject_key": 1, "agency_id": "A"},
    "dispatch/applications": {
        "application_id": "p1", "agency_id": "A", "kind": "ccw", "subject_key": 1,
    },
    "dispatch/hotlists": {"subject_key": 1, "agency_id": "A"},
    "dispatch/sharing": {"agency_id": "A", "with_agency_id": "B", "system": "ALPR"},
    "ties/relationships": {"officer_id": "o1", "subject_key": 1, "kind": "ex"},
    "ties/vehicles": {"subject_key": 1, "plate_key": 2},
}  # fmt: skip


def at(text: str) -> int:
    """Return UTC microseconds of ``2024-03-04 17:00``."""
    return round(dt.datetime.fromisoformat(text + "+00:00").timestamp()) * 1_000_000


def _value(field: pa.Field, value: Any) -> Any:
    return at(value) if pa.types.is_timestamp(field.type) and isinstance(value, str) else value


def _rows(shape: pa.Schema, rows: list[dict[str, Any]]) -> pa.Table:
    unknown = {name for row in rows for name in row} - set(shape.names)
    assert not unknown, unknown
    arrays = [pa.array([_value(f, r.get(f.name)) for r in rows], f.type) for f in shape]
    return pa.Table.from_arrays(arrays, schema=shape)


def log(*rows: dict[str, Any]) -> pa.Table:
    """Return a log of these rows in this order; each is received when it was made."""
    made = []
    for place, row in enumerate(rows):
        full = {**QUERY, "query_id": place + 1, **row}
        made.append({"received_at": full["time"], **full})
    return _rows(schema.LOG, made)


def batch(*rows: dict[str, Any]) -> pa.RecordBatch:
    """Return the same as one record batch."""
    return log(*rows).combine_chunks().to_batches()[0]


def table(name: str, *rows: dict[str, Any]) -> pa.Table:
    """Return rows of a context table; they hold, and are known, since 2020 unless they say so."""
    folder, short = name.split("/")
    always = {**CONTEXT_ROW[name], "valid_from": "2020-01-01 00:00"}
    made = [{**always, **row} for row in rows]
    return _rows(schema.CONTEXT[folder][short], [{"known_at": r["valid_from"], **r} for r in made])


def context(**tables: list[dict[str, Any]]) -> dict[str, pa.Table]:
    """Return all tables, those named by their short names with these rows, the others empty."""
    found = {
        f"{folder}/{short}": shape.empty_table()
        for folder, group in schema.CONTEXT.items()
        for short, shape in group.items()
    }
    place = {name.split("/")[1]: name for name in found}
    directory = {"directory/agencies": table("directory/agencies", {})}
    return found | directory | {place[n]: table(place[n], *rows) for n, rows in tables.items()}


def request(**changes: Any) -> Request:
    """Return a request that every rule permits, a detective's on the own agency's open case."""
    facts: dict[str, dict[str, Any]] = {
        "officer": {
            "role": "detective", "agency": "A", "state": "CA", "active": True,
            "training_days_left": 30, "on_shift": True,
        },
        "database": {
            "id": "criminal_history", "sensitivity": 3, "clets": True, "owner_agency": "A",
            "shared_with": [],
        },
        "context": {
            "purpose": "criminal", "case_number": "24-1", "case_exists": True, "case_open": True,
            "case_agency": "A", "warrant": False, "lookback_days": 0, "recipient_state": "",
            "break_glass": False, "justification_len": 0,
        },
    }  # fmt: skip
    action = changes.pop("action", "query")
    for name, value in changes.items():
        facts[next((p for p in facts if name in facts[p]), "context")][name] = value
    return Request("o1", facts["officer"], action, "q1", facts["database"], facts["context"])
