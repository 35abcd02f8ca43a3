"""What each information tier shows of a row, as numbers: the log, roster, dispatch, ties.

Facts are read as of the query's time. Nothing here names who, where or which row: identities
would let a classifier learn people instead of behaviour.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from misusebench.audit.labelled import plain
from misusebench.columns import DAY_US, Words, distinct, keys, micros
from misusebench.facts_of_people import Roster, TieBook
from misusebench.policies.facts import FACTS, build_facts
from misusebench.spans import Spans
from misusebench.streaming import as_integers, combine

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from misusesim.clock import LocalClock

    Floats = NDArray[np.float64]
    Context = Mapping[str, pa.Table]

#: Columns that name who, where and which row; a person's year of birth is that of the person, who
#: is the same throughout a campaign.
_NAMES: Final = (
    "query_id", "time", "received_at", "agency_id", "officer_id", "terminal_id", "case_number",
    "reason_text", "requestor", "subject_key", "subject_surname", "subject_plate",
    "subject_birth_year",
)  # fmt: skip
#: Facts that name an agency or a number: whether there is one is kept.
_NAMING: Final = (
    "officer.agency", "database.owner_agency", "context.case_number", "context.case_agency",
)  # fmt: skip
#: Lists of dispatch on which a person may stand.
_LISTS: Final = ("warrants", "hotlists", "applications", "news")
#: A finished matter is paperwork for so long.
_PAPERWORK_US: Final = 30 * DAY_US


def by_tier(log: pa.Table, context: Context, clock: LocalClock) -> dict[str, Floats]:
    """Return what each tier adds to the one below it, shape (rows, features) each.

    Parameters
    ----------
    log
        Rows of the log, in any order.
    context
        All tables of tier T3.
    clock
        Tells the agencies' local time.
    """
    facts = build_facts(log, context)
    people = Roster()
    for name in ("roster/officers", "roster/shifts"):
        people.learn(name, context[name])
    ties = TieBook()
    for name in ("ties/relationships", "ties/vehicles"):
        ties.learn(name, context[name])
    compared = people.compare(log, micros(log["time"])).values()
    return {
        "T0": _surface(log, clock),
        "T1": np.column_stack([*_facts(facts, officers=True), *compared]),
        "T2": np.column_stack([*_facts(facts, officers=False), *_matters(log, context)]),
        "T3": ties.tied(log).astype(np.float64)[:, None],
    }


def _surface(log: pa.Table, clock: LocalClock) -> Floats:
    """Return what a row itself shows: no name, number or identity."""
    columns = [_numbers(log[name]) for name in log.column_names if name not in _NAMES]
    typed = ("case_number", "reason_text", "requestor")
    columns += [
        np.asarray(pc.fill_null(pc.utf8_length(plain(log[name]).cast(pa.string())), -1), np.float64)
        for name in typed
    ]
    local = clock.local(micros(log["time"]))
    return np.column_stack([*columns, local // DAY_US % 7, local % DAY_US / (DAY_US / 24)])


def _numbers(column: pa.ChunkedArray) -> Floats:
    """Return numbers as they are, words as codes in the order of the alphabet, null as -1."""
    whole = plain(column)
    if pa.types.is_list(whole.type):
        whole = pc.list_value_length(whole)
    if pa.types.is_string(whole.type):
        place, words = distinct(column)
        return np.append(np.argsort(np.argsort(words)), -1)[place].astype(np.float64)
    return np.asarray(pc.fill_null(whole.cast(pa.float64(), safe=False), -1), np.float64)


def _facts(facts: pa.Table, *, officers: bool) -> list[Floats]:
    """Return the facts about officers, or all others."""
    names = [name for name in FACTS if name.startswith("officer.") == officers]
    return [_given(facts[n]) if n in _NAMING else _numbers(facts[n]) for n in names]


def _given(column: pa.ChunkedArray) -> Floats:
    """Return whether a text is there at all."""
    length = pc.utf8_length(plain(column).cast(pa.string()))
    return (np.asarray(pc.fill_null(length, 0)) > 0).astype(np.float64)


def _matters(log: pa.Table, context: Context) -> list[NDArray[np.bool_]]:
    """Return whether the person is in a matter of the officer's, in any, on each list."""
    time, words = micros(log["time"]), Words()
    subject = as_integers(keys(log["subject_key"]))
    officer = words.codes(log["officer_id"])
    own, any_ = _involvements(context, words)
    found = [own.covers(combine(officer, subject), time), any_.covers(combine(subject), time)]
    for name in _LISTS:
        table, spans = context[f"dispatch/{name}"], Spans()
        listed = combine(as_integers(keys(table["subject_key"])))
        spans.add(listed, micros(table["known_at"]), micros(table["valid_to"]))
        found.append(spans.covers(combine(subject), time))
    return found


def _involvements(context: Context, words: Words) -> tuple[Spans, Spans]:
    """Return when a person is in a matter that an officer is assigned to, and in any matter."""
    involved, assigned, matters = (
        context["dispatch/involved"], context["dispatch/assignments"], Words(),
    )  # fmt: skip
    whose = matters.codes(pc.coalesce(assigned["case_id"], assigned["incident_id"]))
    about = matters.codes(pc.coalesce(involved["case_id"], involved["incident_id"]))
    order = np.argsort(whose, kind="stable")
    low, high = (np.searchsorted(whose[order], about, side=s) for s in ("left", "right"))
    row = np.repeat(np.arange(len(about)), high - low)
    worker = order[np.repeat(low, high - low) + _within(high - low)]
    person = as_integers(keys(involved["subject_key"]))
    start, end = micros(involved["known_at"]), micros(involved["valid_to"]) + _PAPERWORK_US
    own, any_ = Spans(), Spans()
    on_it = words.codes(assigned["officer_id"])[worker]
    own.add(combine(on_it, person[row]), start[row], end[row])
    any_.add(combine(person), start, end)
    return own, any_


def _within(counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return 0, 1, ... within each run of so many."""
    ends = np.cumsum(counts)
    return np.arange(int(ends[-1]) if len(ends) else 0) - np.repeat(ends - counts, counts)
