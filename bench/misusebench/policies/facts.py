"""Facts of a request, resolved before the policy is asked, from what was known at that moment.

Nothing here comes from truth. Every fact is read as of the query's time: a roster row, a case or a
warrant counts only if its `known_at` is not later. One row per query; one column per fact, named
``place.fact`` after the request's four parts (DESIGN.md 4.3). AS_OF says how old what was read is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa

from misusebench.columns import DAY_US, Words, distinct, keys, micros, numbers
from misusebench.component import Request
from misusebench.policies.asof import NOTHING, Held, last_begun
from misusebench.policies.registry import Registry
from misusebench.policies.rulebook import DATABASE_OF, DATABASES
from misusebench.spans import NEVER
from misusebench.streaming import as_integers, combine

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from numpy.typing import NDArray

#: Grace around a shift: briefing before, report writing after.
SHIFT_GRACE_US: Final = 3_600_000_000
NO_SCREEN: Final = "not_asked"  # purpose where the agency's screen does not ask
FACTS: Final = (
    "officer.role", "officer.agency", "officer.state", "officer.active",
    "officer.training_days_left", "officer.on_shift", "action.name", "database.id",
    "database.sensitivity", "database.clets", "database.owner_agency", "database.shared_with",
    "context.purpose", "context.case_number", "context.case_exists", "context.case_open",
    "context.case_agency", "context.case_assigned", "context.warrant", "context.lookback_days",
    "context.recipient_state", "context.break_glass", "context.justification_len",
)  # fmt: skip
#: Where facts are read -> the column that says since when the row read was known, UTC microseconds;
#: the time of the query for what its log row says, null where no row was found.
AS_OF: Final = {
    source: f"as_of_{source}" for source in ("log", "roster", "shift", "case", "sharing", "warrant")
}


def build_facts(
    log: pa.Table, context: Mapping[str, pa.Table], cases: Registry | None = None
) -> pa.Table:
    """Return one row of facts per row of the log: `query_id`, `officer_id`, FACTS and AS_OF.

    Parameters
    ----------
    log
        Rows of the log in any order.
    context
        Tables of tier T2 or higher, whole; `known_at` is honoured row by row.
    cases
        The registry of the same context, where somebody builds facts again and again.
    """
    time = micros(log["time"])
    columns: dict[str, pa.Array] = {
        "query_id": log["query_id"],
        "officer_id": log["officer_id"].cast(pa.string()),
        **_officer(log, context, time),
        **_database(log, context, time),
        **_case(log, cases or Registry(context), time),
        **_situation(log, context, time),
    }
    named = ("query_id", "officer_id", *FACTS, *AS_OF.values())
    return pa.table({name: columns[name] for name in named})


def _as_of(source: str, known: NDArray[np.int64]) -> dict[str, pa.Array]:
    return {AS_OF[source]: pa.array(known, pa.int64(), mask=known == NOTHING)}


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
    shift = _shift(log, context, time)
    return {
        "officer.role": _texts(np.where(present, roles[at], -1), role_words),
        "officer.agency": _texts(agency, agencies),
        "officer.state": _texts(agency, state),
        "officer.active": pa.array(active),
        "officer.training_days_left": pa.array(np.where(present, training, -1)),
        "officer.on_shift": pa.array(shift > NOTHING),
        **_as_of("roster", np.where(present, micros(officers["known_at"])[at], NOTHING)),
        **_as_of("shift", shift),
    }


def _latest(
    row_key: NDArray[np.int64],
    known: NDArray[np.int64],
    asked: NDArray[np.int64],
    time: NDArray[np.int64],
) -> NDArray[np.int64]:
    """Return the place of the last row of each asked key known by `time`, -1 if none."""
    order = np.lexsort((known, row_key))
    own = row_key[order]
    at = last_begun(own, known[order], asked, time)
    found = (at >= 0) & (own[np.maximum(at, 0)] == asked)
    return np.where(found, order[np.maximum(at, 0)], -1)


def _states(context: Mapping[str, pa.Table]) -> dict[str, str]:
    table = context["directory/agencies"]
    return dict(zip(table["agency_id"].to_pylist(), table["state"].to_pylist(), strict=True))


def _shift(
    log: pa.Table, context: Mapping[str, pa.Table], time: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Return when the shift that each query falls into became known, NOTHING off shift."""
    shifts, words, held = context["roster/shifts"], Words(), Held()
    start, end = (micros(shifts[name]) for name in ("valid_from", "valid_to"))
    until = np.minimum(end, NEVER - SHIFT_GRACE_US) + SHIFT_GRACE_US
    officer = combine(words.codes(shifts["officer_id"]))
    held.add(officer, start - SHIFT_GRACE_US, until, micros(shifts["known_at"]))
    return held.known(combine(words.codes(log["officer_id"])), time)


def _database(
    log: pa.Table, context: Mapping[str, pa.Table], time: NDArray[np.int64]
) -> dict[str, pa.Array]:
    place, systems = distinct(log["system"])
    names = [DATABASE_OF.get(system, "unknown") for system in systems]
    about = [DATABASES[name] for name in names]
    owner, shared, known = _owners(log, context, time)
    return {
        "action.name": pa.array(np.where(_is_shared(log), "share", "query")),
        "database.id": _texts(place, names),
        "database.sensitivity": pa.array(np.array([d.sensitivity for d in about])[place]),
        "database.clets": pa.array(np.array([d.clets for d in about])[place]),
        "database.owner_agency": owner,
        "database.shared_with": shared,
        **_as_of("sharing", known),
    }


def _is_shared(log: pa.Table) -> NDArray[np.bool_]:
    action, actions = distinct(log["action"])
    return np.array([*(word == "share" for word in actions), False])[action]


def _owners(
    log: pa.Table, context: Mapping[str, pa.Table], time: NDArray[np.int64]
) -> tuple[pa.Array, pa.Array, NDArray[np.int64]]:
    """Return who owns what is asked for, with whom of interest it is shared, and since when known.

    A plate search beyond the own readers asks the network's; it is shared with the agency if the
    agency has any sharing agreement for plate data that was known at the time.
    """
    agency, agencies = distinct(log["agency_id"])
    scope, scopes = distinct(log["scope"])
    beyond = np.array([*(word != "own" for word in scopes), False])[scope]
    words = Words()
    known = _covered(context, "dispatch/sharing", lambda rows: words.codes(rows["agency_id"]),
                     words.codes(log["agency_id"]), time)  # fmt: skip
    known = np.where(beyond, known, NOTHING)
    owner = _texts(np.where(beyond, len(agencies), agency), [*agencies, "network"])
    lists = pa.array([[name] for name in agencies] + [[]], pa.list_(pa.string()))
    shared = lists.take(pa.array(np.where(known > NOTHING, agency, len(agencies))))
    return owner, shared, known


def _covered(
    context: Mapping[str, pa.Table],
    name: str,
    code: Callable[[pa.Table], NDArray[np.int64]],
    asked: NDArray[np.int64],
    time: NDArray[np.int64],
) -> NDArray[np.int64]:
    """Return when the row of a table that covers each time became known, NOTHING for none."""
    rows, held = context.get(name), Held()
    if rows is not None and rows.num_rows:
        start, end = (micros(rows[column]) for column in ("valid_from", "valid_to"))
        held.add(combine(code(rows)), start, end, micros(rows["known_at"]))
    return held.known(combine(asked), time)


def _case(log: pa.Table, cases: Registry, time: NDArray[np.int64]) -> dict[str, pa.Array]:
    found = cases.resolve(log, time)
    agency, agencies = distinct(log["agency_id"])
    return {
        "context.case_number": found.number,
        "context.case_exists": pa.array(found.exists),
        "context.case_open": pa.array(found.is_open),
        "context.case_agency": _texts(np.where(found.own, agency, -1), agencies),
        "context.case_assigned": pa.array(found.assigned),
        **_as_of("case", found.known),
    }


def _situation(
    log: pa.Table, context: Mapping[str, pa.Table], time: NDArray[np.int64]
) -> dict[str, pa.Array]:
    recipient, recipients = distinct(log["recipient_agency_id"])
    states = _states(context)
    warrant = _warrant(log, context, time)
    return {
        "context.purpose": _purpose(log, context),
        "context.warrant": pa.array(warrant > NOTHING),
        "context.lookback_days": pa.array(
            np.ceil(numbers(log["lookback_hours"], 0) / 24).astype(np.int64)
        ),
        "context.recipient_state": _texts(recipient, [states.get(r, "??") for r in recipients]),
        "context.break_glass": log["break_glass"],
        "context.justification_len": pa.array(
            numbers(log["justification_length"], 0).astype(np.int64)
        ),
        **_as_of("warrant", warrant),
        **_as_of("log", time),
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
) -> NDArray[np.int64]:
    """Return when the warrant for each query's subject became known, NOTHING without one."""

    def code(rows: pa.Table) -> NDArray[np.int64]:
        return as_integers(keys(rows["subject_key"]))

    return _covered(context, "dispatch/warrants", code, code(log), time)


def requests(facts: pa.Table | pa.RecordBatch) -> Iterator[Request]:
    """Yield one request per row of a facts table; a null fact is left out of its request.

    What AS_OF says is in ``context["as_of"]``, by source, where the table has it.
    """
    names = [name for name in facts.schema.names if "." in name]
    places = [name.split(".", 1) for name in names]
    columns = [facts[name].to_pylist() for name in names]
    ids = zip(facts["query_id"].to_pylist(), facts["officer_id"].to_pylist(), strict=True)
    ages = _ages(facts)
    for (query, officer), values, age in zip(ids, zip(*columns, strict=True), ages, strict=True):
        parts: dict[str, dict[str, Any]] = {
            "officer": {}, "action": {}, "database": {}, "context": {},
        }  # fmt: skip
        for (place, fact), value in zip(places, values, strict=True):
            if value is not None:
                parts[place][fact] = value
        action = parts["action"].pop("name", "")
        if age:
            parts["context"]["as_of"] = age
        yield Request(
            officer_id=officer,
            officer=parts["officer"],
            action=action,
            query_id=str(query),
            database=parts["database"],
            context=parts["context"],
            action_properties=parts["action"],
        )


def _ages(facts: pa.Table | pa.RecordBatch) -> Iterator[dict[str, int]]:
    """Yield what AS_OF says of each row, by source."""
    told = [source for source, column in AS_OF.items() if column in facts.schema.names]
    columns = [facts[AS_OF[source]].to_pylist() for source in told]
    if not told:
        yield from ({} for _ in range(facts.num_rows))
    for values in zip(*columns, strict=True):
        yield {s: known for s, known in zip(told, values, strict=True) if known is not None}
