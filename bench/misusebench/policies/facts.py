"""Facts of a request, resolved before the policy is asked, from what was known at that moment.

Nothing here comes from truth. Every fact is read as of the query's time: a roster row, a case or a
warrant counts only if its `known_at` is not later. One row per query; one column per fact, named
``place.fact`` after the request's four parts (DESIGN.md 4.3).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa

from misusebench.columns import DAY_US, Words, distinct, keys, micros, numbers
from misusebench.component import Request
from misusebench.policies.registry import Registry
from misusebench.policies.rulebook import DATABASE_OF, DATABASES
from misusebench.spans import NEVER, Spans
from misusebench.streaming import as_integers, combine

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

#: Grace around a shift: briefing before, report writing after.
SHIFT_GRACE_US: Final = 3_600_000_000
NO_SCREEN: Final = "not_asked"  # purpose where the agency's screen does not ask
FACTS: Final = (
    "officer.role", "officer.agency", "officer.state", "officer.active",
    "officer.training_days_left", "officer.on_shift", "action.name", "database.id",
    "database.sensitivity", "database.clets", "database.owner_agency", "database.shared_with",
    "context.purpose", "context.case_number", "context.case_exists", "context.case_open",
    "context.case_agency", "context.warrant", "context.lookback_days", "context.recipient_state",
    "context.break_glass", "context.justification_len",
)  # fmt: skip


def build_facts(log: pa.Table, context: Mapping[str, pa.Table]) -> pa.Table:
    """Return one row of facts per row of the log: `query_id`, `officer_id` and FACTS.

    Parameters
    ----------
    log
        Rows of the log in any order.
    context
        Tables of tier T2 or higher, whole; `known_at` is honoured row by row.
    """
    time = micros(log["time"])
    columns: dict[str, pa.Array] = {
        "query_id": log["query_id"],
        "officer_id": log["officer_id"].cast(pa.string()),
        **_officer(log, context, time),
        **_database(log, context, time),
        **_case(log, context, time),
        **_situation(log, context, time),
    }
    return pa.table({name: columns[name] for name in ("query_id", "officer_id", *FACTS)})


def _texts(codes: NDArray[np.int64], words: list[str]) -> pa.Array:
    """Return words by code as plain strings; -1 is the empty text."""
    column = pa.array([*words, ""], pa.string())
    return column.take(pa.array(np.where(codes < 0, len(words), codes)))


def _officer(
    log: pa.Table, context: Mapping[str, pa.Table], time: NDArray[np.int64]
) -> dict[str, pa.Array]:
    officers = context["roster/officers"].sort_by([("known_at", "ascending")])
    words = Words()
    row_of = words.codes(officers["officer_id"])
    asked = words.codes(log["officer_id"])
    at = _latest(row_of, micros(officers["known_at"]), asked, time)
    present = at >= 0
    hired, left = micros(officers["hire_date"])[at], micros(officers["leave_date"])[at]
    active = present & (numbers(officers["active"], 0)[at] > 0) & (hired <= time) & (time < left)
    training = (micros(officers["training_until"])[at] - time) // DAY_US
    roles, role_words = distinct(officers["role"])
    agency, agencies = distinct(log["agency_id"])
    states = _states(context)
    state = [states.get(name, "") for name in agencies]
    return {
        "officer.role": _texts(np.where(present, roles[at], -1), role_words),
        "officer.agency": _texts(agency, agencies),
        "officer.state": _texts(agency, state),
        "officer.active": pa.array(active),
        "officer.training_days_left": pa.array(np.where(present, training, -1)),
        "officer.on_shift": pa.array(_on_shift(log, context, time)),
    }


def _latest(
    row_key: NDArray[np.int64],
    known: NDArray[np.int64],
    asked: NDArray[np.int64],
    time: NDArray[np.int64],
) -> NDArray[np.int64]:
    """Return the place of the last row of each asked key known by `time`, -1 if none.

    Rows must be in order of `known`.
    """
    order = np.lexsort((known, row_key))
    span = np.int64(2**53)  # microseconds until the year 2255
    line = row_key[order] * span + np.minimum(known[order], span - 1)
    at = np.searchsorted(line, asked * span + time, side="right") - 1
    found = (at >= 0) & (row_key[order][np.maximum(at, 0)] == asked)
    return np.where(found, order[np.maximum(at, 0)], -1)


def _states(context: Mapping[str, pa.Table]) -> dict[str, str]:
    table = context["directory/agencies"]
    return dict(zip(table["agency_id"].to_pylist(), table["state"].to_pylist(), strict=True))


def _on_shift(
    log: pa.Table, context: Mapping[str, pa.Table], time: NDArray[np.int64]
) -> NDArray[np.bool_]:
    shifts, words, spans = context["roster/shifts"], Words(), Spans(SHIFT_GRACE_US)
    start = np.maximum(micros(shifts["valid_from"]), micros(shifts["known_at"]) + SHIFT_GRACE_US)
    spans.add(combine(words.codes(shifts["officer_id"])), start, micros(shifts["valid_to"]))
    return spans.covers(combine(words.codes(log["officer_id"])), time)


def _database(
    log: pa.Table, context: Mapping[str, pa.Table], time: NDArray[np.int64]
) -> dict[str, pa.Array]:
    place, systems = distinct(log["system"])
    names = [DATABASE_OF.get(system, "unknown") for system in systems]
    about = [DATABASES[name] for name in names]
    owner, shared = _owners(log, context, time)
    return {
        "action.name": pa.array(np.where(_is_shared(log), "share", "query")),
        "database.id": _texts(place, names),
        "database.sensitivity": pa.array(np.array([d.sensitivity for d in about])[place]),
        "database.clets": pa.array(np.array([d.clets for d in about])[place]),
        "database.owner_agency": owner,
        "database.shared_with": shared,
    }


def _is_shared(log: pa.Table) -> NDArray[np.bool_]:
    action, actions = distinct(log["action"])
    return np.array([*(word == "share" for word in actions), False])[action]


def _owners(
    log: pa.Table, context: Mapping[str, pa.Table], time: NDArray[np.int64]
) -> tuple[pa.Array, pa.Array]:
    """Return who owns what is asked for, and with whom of interest it is shared.

    A plate search beyond the own readers asks the network's; it is shared with the agency if the
    agency has any sharing agreement for plate data that was known at the time.
    """
    agency, agencies = distinct(log["agency_id"])
    scope, scopes = distinct(log["scope"])
    beyond = np.array([*(word != "own" for word in scopes), False])[scope]
    agreements, spans, words = context.get("dispatch/sharing"), Spans(), Words()
    if agreements is not None and agreements.num_rows:
        start = np.maximum(micros(agreements["valid_from"]), micros(agreements["known_at"]))
        partner = combine(words.codes(agreements["agency_id"]))
        spans.add(partner, start, micros(agreements["valid_to"]))
    member = spans.covers(combine(words.codes(log["agency_id"])), time)
    owner = _texts(np.where(beyond, len(agencies), agency), [*agencies, "network"])
    lists = pa.array([[name] for name in agencies] + [[]], pa.list_(pa.string()))
    shared = lists.take(pa.array(np.where(beyond & member, agency, len(agencies))))
    return owner, shared


def _case(
    log: pa.Table, context: Mapping[str, pa.Table], time: NDArray[np.int64]
) -> dict[str, pa.Array]:
    found = Registry(context).resolve(log, time)
    agency, agencies = distinct(log["agency_id"])
    return {
        "context.case_number": found.number,
        "context.case_exists": pa.array(found.exists),
        "context.case_open": pa.array(found.is_open),
        "context.case_agency": _texts(np.where(found.own, agency, -1), agencies),
    }


def _situation(
    log: pa.Table, context: Mapping[str, pa.Table], time: NDArray[np.int64]
) -> dict[str, pa.Array]:
    recipient, recipients = distinct(log["recipient_agency_id"])
    states = _states(context)
    return {
        "context.purpose": _purpose(log, context),
        "context.warrant": pa.array(_warrant(log, context, time)),
        "context.lookback_days": pa.array(
            np.ceil(numbers(log["lookback_hours"], 0) / 24).astype(np.int64)
        ),
        "context.recipient_state": _texts(recipient, [states.get(r, "??") for r in recipients]),
        "context.break_glass": log["break_glass"],
        "context.justification_len": pa.array(
            numbers(log["justification_length"], 0).astype(np.int64)
        ),
    }


def _purpose(log: pa.Table, context: Mapping[str, pa.Table]) -> pa.Array:
    directory = context["directory/agencies"]
    asks = dict(
        zip(directory["agency_id"].to_pylist(), directory["asks_purpose"].to_pylist(), strict=True)
    )
    agency, agencies = distinct(log["agency_id"])
    asked = np.array([asks.get(name, True) for name in agencies])[agency]
    said, purposes = distinct(log["declared_purpose"])
    unsaid = np.where(asked, len(purposes) + 1, len(purposes))
    return _texts(np.where(said >= 0, said, unsaid), [*purposes, NO_SCREEN, ""])


def _warrant(
    log: pa.Table, context: Mapping[str, pa.Table], time: NDArray[np.int64]
) -> NDArray[np.bool_]:
    warrants, spans = context.get("dispatch/warrants"), Spans()
    if warrants is not None and warrants.num_rows:
        start = np.maximum(micros(warrants["valid_from"]), micros(warrants["known_at"]))
        subject = combine(as_integers(keys(warrants["subject_key"])))
        spans.add(subject, start, micros(warrants["valid_to"]))
    return spans.covers(combine(as_integers(keys(log["subject_key"]))), np.minimum(time, NEVER))


def requests(facts: pa.Table | pa.RecordBatch) -> Iterator[Request]:
    """Yield one request per row of a facts table; a null fact is left out of its request."""
    names = [name for name in facts.schema.names if "." in name]
    places = [name.split(".", 1) for name in names]
    columns = [facts[name].to_pylist() for name in names]
    ids = zip(facts["query_id"].to_pylist(), facts["officer_id"].to_pylist(), strict=True)
    for (query, officer), values in zip(ids, zip(*columns, strict=True), strict=True):
        parts: dict[str, dict[str, Any]] = {
            "officer": {}, "action": {}, "database": {}, "context": {},
        }  # fmt: skip
        for (place, fact), value in zip(places, values, strict=True):
            if value is not None:
                parts[place][fact] = value
        action = parts["action"].pop("name", "")
        yield Request(
            officer_id=officer,
            officer=parts["officer"],
            action=action,
            query_id=str(query),
            database=parts["database"],
            context=parts["context"],
            action_properties=parts["action"],
        )
