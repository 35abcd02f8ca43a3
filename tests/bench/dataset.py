"""A hand-made data set in the exact schema, small enough to look at, for the bench's tests.

Two agencies, fourteen officers, twenty days, about 1,900 queries and three campaigns: one of every
kind. Who, when and whom come from one named stream, so every call gives the same bytes.
"""

from __future__ import annotations

import datetime as dt
from typing import Final

import numpy as np
import pyarrow as pa

from misusesim import rng
from misusesim.dataset import schema

DAY_US: Final = 86_400_000_000
HOUR_US: Final = 3_600_000_000
START_US: Final = 1_704_096_000_000_000  # 2024-01-01 08:00 UTC: midnight in Los Angeles
DAYS: Final = 20
AGENCIES: Final = ("CA0010000", "CA0020000")
#: officer, agency, role, unit, first local hour of the shift
OFFICERS: Final = tuple(
    (f"o{i:02d}", AGENCIES[i >= 9], role, unit, hour)
    for i, (role, unit, hour) in enumerate(
        [
            ("patrol", "patrol-day", 6), ("patrol", "patrol-day", 6), ("patrol", "patrol-day", 6),
            ("patrol", "patrol-night", 20), ("patrol", "patrol-night", 20),
            ("detective", "detectives", 8), ("detective", "detectives", 8),
            ("licensing_clerk", "licensing", 8), ("licensing_clerk", "licensing", 8),
            ("patrol", "patrol-day", 6), ("patrol", "patrol-day", 6),
            ("patrol", "patrol-night", 20), ("dispatcher", "dispatch", 12),
            ("records_clerk", "records", 8),
        ]
    )
)  # fmt: skip
#: campaign id -> kind, rung, officers' places, unit, subject key
CAMPAIGNS: Final = {
    "c-permit": ("permit_checks", "declared", (7, 8), "licensing", 0),
    "c-romance": ("romantic_interest", "plausible_case", (3,), None, 900_001),
    "c-revenge": ("retaliation", "own_case", (5,), None, 900_002),
}


def _coded(values: list[str | None], words: tuple[str, ...]) -> pa.DictionaryArray:
    codes = [None if v is None else words.index(v) for v in values]
    return schema.coded(pa.array(codes, pa.int8()), words)


def _time(values: list[int | None]) -> pa.Array:
    return pa.array(values, schema.TIME)


def _empty(table: pa.Schema) -> pa.Table:
    return table.empty_table()


def _rows() -> list[dict[str, object]]:
    """Return one dict a query: the log's columns, and the truth's after an underscore."""
    chance = rng.stream(1, "bench-test-world")
    rows: list[dict[str, object]] = []
    for place, (officer, agency, role, unit, hour) in enumerate(OFFICERS):
        for day in range(DAYS):
            if (day + place) % 7 in (5, 6):
                continue
            shift = START_US + day * DAY_US + hour * HOUR_US
            for second in np.sort(chance.integers(0, 36_000, 9)):
                time = shift + int(second) * 1_000_000
                rows.append(_row(chance, place, officer, agency, role, unit, time))
    rows += _misuse_rows(chance)
    rows.sort(key=lambda row: (row["received_at"], row["query_id"]))
    return rows


def _row(
    chance: np.random.Generator,
    place: int,
    officer: str,
    agency: str,
    role: str,
    unit: str,
    time: int,
) -> dict[str, object]:
    licensing = role == "licensing_clerk"
    person = bool(chance.integers(2)) or licensing
    late = 4 * HOUR_US if chance.integers(100) == 0 else 1_500_000
    return {
        "query_id": int(chance.integers(1, 2**63)),
        "time": time,
        "received_at": time + late,
        "agency_id": agency,
        "officer_id": officer,
        "terminal_id": f"t{place:02d}",
        "system": "LICENSING" if licensing else "DMV" if not person else "NCIC",
        "message_key": "permit" if licensing else "QW" if person else "RQ",
        "declared_purpose": "ccw" if licensing else "criminal" if person else "traffic",
        "reason_category": None,
        "reason_text": ("permit", "traffic stop", "case follow up", "patrol")[
            0 if licensing else 1 + int(chance.integers(3))
        ],
        "case_number": f"24-{int(chance.integers(1, 400)):05d}" if chance.integers(3) else None,
        "subject_kind": "person" if person else "vehicle",
        "subject_key": int(chance.integers(1, 5_000)),
        "subject_surname": f"name{int(chance.integers(300))}" if person else None,
        "subject_birth_year": int(chance.integers(1940, 2005)) if person else None,
        "subject_sex": ("F", "M")[int(chance.integers(2))] if person else None,
        "subject_plate": None if person else f"{int(chance.integers(1000, 9999))}ABC",
        "hit": bool(chance.integers(50) == 0),
        "records_returned": int(chance.integers(0, 3)),
        "latency_ms": int(chance.integers(20, 900)),
        "_cause": "work",
        "_unit": unit,
    }


def _misuse_rows(chance: np.random.Generator) -> list[dict[str, object]]:
    rows = []
    for campaign, (kind, rung, places, _, subject) in CAMPAIGNS.items():
        for place in places:
            officer, agency, role, unit, hour = OFFICERS[place]
            days = range(1, DAYS, 1 if kind == "permit_checks" else 3)
            for day in days:
                time = START_US + day * DAY_US + (hour + 3) * HOUR_US
                time += int(chance.integers(0, HOUR_US // 1_000_000)) * 1_000_000
                row = _row(chance, place, officer, agency, role, unit, time)
                row |= {"system": "NCIC", "message_key": "QW", "subject_kind": "person"}
                row |= {"_cause": "misuse", "_kind": kind, "_rung": rung, "_campaign": campaign}
                if subject:
                    row["subject_key"] = subject
                rows.append(row)
    return rows


#: column -> its closed list
_LISTS: Final = {
    "system": schema.SYSTEMS, "message_key": schema.MESSAGE_KEYS,
    "declared_purpose": schema.PURPOSES, "purpose_code": schema.PURPOSE_CODES,
    "subject_kind": schema.SUBJECT_KINDS, "subject_sex": schema.SEXES, "match": schema.MATCHES,
    "scope": schema.SCOPES, "outcome": schema.OUTCOMES, "action": schema.ACTIONS,
}  # fmt: skip
_SAME: Final = {"match": "exact", "outcome": "ok", "action": "view", "break_glass": False}


def _log(rows: list[dict[str, object]]) -> pa.Table:
    columns = []
    for field in schema.LOG:
        values = [row.get(field.name, _SAME.get(field.name)) for row in rows]
        closed = _LISTS.get(field.name)
        columns.append(_coded(values, closed) if closed else pa.array(values, field.type))  # type: ignore[arg-type]
    return pa.Table.from_arrays(columns, schema=schema.LOG)


def _table(table: pa.Schema, rows: list[dict[str, object]]) -> pa.Table:
    """Return context rows; they hold from the start and are known from then, unless they say."""
    born = {"valid_from": START_US, "known_at": START_US}
    columns = [pa.array([(born | r).get(f.name) for r in rows], f.type) for f in table]
    return pa.Table.from_arrays(columns, schema=table)


def _context() -> dict[str, pa.Table]:
    tables = {
        f"{folder}/{name}": _empty(table)
        for folder, group in schema.CONTEXT.items()
        for name, table in group.items()
    }
    for name, rows in (_directory() | _roster() | _dispatch() | _ties()).items():
        folder, short = name.split("/")
        tables[name] = _table(schema.CONTEXT[folder][short], rows)
    return tables


def _directory() -> dict[str, list[dict[str, object]]]:
    return {
        "directory/agencies": [
            {
                "agency_id": agency, "name": f"Agency {agency}", "state": "CA",
                "type": "sheriff" if agency == AGENCIES[0] else "police",
                "timezone": "America/Los_Angeles", "case_field": "optional", "asks_purpose": True,
            }
            for agency in AGENCIES
        ]
    }  # fmt: skip


def _roster() -> dict[str, list[dict[str, object]]]:
    long_ago, far = START_US - 1000 * DAY_US, START_US + 1000 * DAY_US
    officers, terminals, shifts = [], [], []
    for place, (officer, agency, role, unit, hour) in enumerate(OFFICERS):
        officers.append({
            "officer_id": officer, "agency_id": agency, "given_name": "Ada",
            "surname": f"name{place}", "birth_date": dt.date(1980, 1, 1 + place), "sex": "F",
            "address_area": "north", "role": role, "unit": unit, "hire_date": long_ago,
            "training_until": far, "active": True,
        })  # fmt: skip
        terminals.append(
            {"terminal_id": f"t{place:02d}", "agency_id": agency, "kind": "desk", "unit": unit}
        )
        for day in range(DAYS):
            if (day + place) % 7 not in (5, 6):
                start = START_US + day * DAY_US + hour * HOUR_US
                shifts.append({
                    "officer_id": officer, "kind": "regular", "valid_from": start,
                    "valid_to": start + 10 * HOUR_US, "known_at": start - 7 * DAY_US,
                })  # fmt: skip
    entitlements = [
        {"role": role, "agency_id": agency, "system": system}
        for role in sorted({o[2] for o in OFFICERS})
        for agency in AGENCIES
        for system in ("DMV", "NCIC", "LICENSING")
    ]
    return {
        "roster/officers": officers, "roster/terminals": terminals,
        "roster/shifts": shifts, "roster/entitlements": entitlements,
    }  # fmt: skip


def _dispatch() -> dict[str, list[dict[str, object]]]:
    cases, assignments, involved = [], [], []
    for i in range(40):
        opened = START_US + i * DAY_US // 2
        known = {"valid_from": opened, "known_at": opened + HOUR_US}
        number = f"24-{i + 1:05d}"
        cases.append({
            "case_id": f"k{i}", "agency_id": AGENCIES[i % 2], "number": number,
            "offense": "larceny", "status": "open", **known,
        })  # fmt: skip
        assignments.append({"officer_id": OFFICERS[5 + i % 2][0], "case_id": f"k{i}", **known})
        involved.append({"subject_key": i + 1, "case_id": f"k{i}", **known})
    return {
        "dispatch/cases": cases,
        "dispatch/assignments": assignments,
        "dispatch/involved": involved,
    }


def _ties() -> dict[str, list[dict[str, object]]]:
    tie = {"officer_id": OFFICERS[3][0], "subject_key": 900_001, "kind": "ex"}
    return {"ties/relationships": [tie]}


def _truth(rows: list[dict[str, object]]) -> dict[str, pa.Table]:
    queries = []
    for row in rows:
        misuse = row["_cause"] == "misuse"
        queries.append({
            "query_id": row["query_id"], "cause": row["_cause"], "kind": row.get("_kind"),
            "label": "positive" if misuse else "negative",
            "violation": "purpose" if misuse else "none", "campaign_id": row.get("_campaign"),
            "rung": row.get("_rung"), "cover": "none" if misuse else None,
            "intent": "malicious" if misuse else "none", "severity": 2 if misuse else 0,
        })  # fmt: skip
    return {
        "queries": _table(schema.TRUTH_QUERIES, queries),
        "campaigns": _table(schema.TRUTH_CAMPAIGNS, _campaign_rows(rows)),
        "oddities": _empty(schema.TRUTH_ODDITIES),
        "officers": _empty(schema.TRUTH_OFFICERS),
        "reasons": _empty(schema.TRUTH_REASONS),
        "outcomes": _empty(schema.TRUTH_OUTCOMES),
        "reactions": _empty(schema.TRUTH_REACTIONS),
    }


def _campaign_rows(rows: list[dict[str, object]]) -> list[dict[str, object]]:
    found = []
    for campaign, (kind, rung, places, unit, subject) in CAMPAIGNS.items():
        times = [int(str(r["time"])) for r in rows if r.get("_campaign") == campaign]
        found.append({
            "campaign_id": campaign, "kind": kind, "rung": rung, "cover": "none",
            "agency_id": OFFICERS[places[0]][1], "officer_ids": [OFFICERS[p][0] for p in places],
            "unit": unit, "subject_keys": [subject] if subject else [], "motive": "test",
            "start": min(times), "end": max(times), "n_queries": len(times), "severity": 2,
            "split_officer": "train", "split_agency": "train", "split_kind": "train",
        })  # fmt: skip
    return found


def small_world() -> tuple[pa.Table, dict[str, pa.Table], dict[str, pa.Table]]:
    """Return the log in replay order, the context by "folder/table", and the truth by table."""
    rows = _rows()
    return _log(rows), _context(), _truth(rows)
