"""Context tables of dispatch (tier T2) and the shift table of the roster (DESIGN.md 4.2).

Rows exist from the moment the organisation knew (`known_at`), and only if that is before the end of
the scenario. Nobody knows beforehand when a job will end: an incident or an assignment has an open
row, and when it ends a second row with the same ids and its end. Closing a case adds a row of its
own. Who was involved in a job stays so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from misusesim.clock import DAY_US, HOUR_US, MINUTE_US, NEVER
from misusesim.dataset import schema
from misusesim.occasions import NONE, TOPICS
from misusesim.textcolumns import fixed_text
from misusesim.workload.licensing import KINDS
from misusesim.workload.numbers import case_number, number_digits, opaque_digits
from misusesim.world.agencies import agencies
from misusesim.world.context import table
from misusesim.world.names import pools

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from misusesim.plan import Cases, Incidents
    from misusesim.workload.licensing import Applications
    from misusesim.workload.links import Links
    from misusesim.workload.setting import Setting
    from misusesim.workload.wanted import Wanted

    I64Array = NDArray[np.int64]

_DISPATCH: Final = schema.CONTEXT["dispatch"]
_PARTNERS: Final = 6  # agencies one shares plate data with (assumption)
_TWO_WORDS: Final = 16  # bytes
#: Tables of jobs, of which nobody knows beforehand when they end.
_JOBS: Final = frozenset(
    f"dispatch/{name}"
    for name in ("incidents", "cases", "assignments", "involved", "warrants", "hotlists")
)
#: How long before its start a shift of each kind is known: regular, overtime, swap, court.
_KNOWN_BEFORE_US: Final = np.array([14 * DAY_US, 30 * MINUTE_US, 30 * HOUR_US, 7 * DAY_US])


class Filed(NamedTuple):
    """Everything that goes into the tables."""

    incidents: Incidents
    cases: Cases
    applications: Applications
    wanted: Wanted
    links: Links


def work_context(setting: Setting, filed: Filed, more: dict[str, pa.Table]) -> dict[str, pa.Table]:
    """Return all dispatch tables and `roster/shifts`, cut at the end of the scenario.

    Parameters
    ----------
    setting
        The agency, with the shifts of the scenario's weeks.
    filed
        What honest work, oddities and misuse have put on file.
    more
        Further rows of these tables, by table name.
    """
    end = setting.clock.horizon[1]
    tables = {
        "roster/shifts": shift_table(setting),
        "dispatch/incidents": _incidents(setting, filed.incidents),
        "dispatch/cases": _cases(setting, filed.cases),
        "dispatch/assignments": _assignments(setting, filed),
        "dispatch/involved": _involved(setting, filed),
        "dispatch/warrants": _warrants(setting, filed.wanted),
        "dispatch/applications": _applications(setting, filed.applications),
        "dispatch/hotlists": _hotlists(setting, filed.links),
        "dispatch/sharing": _sharing(setting),
        "dispatch/news": _DISPATCH["news"].empty_table(),
    }
    for name, rows in more.items():
        tables[name] = pa.concat_tables([tables[name], rows])
    twice = {f"dispatch/{name}" for name in ("incidents", "assignments", "warrants", "hotlists")}
    return {
        name: _settled(rows, end, closing=name in twice) if name in _JOBS else cut(rows, end)
        for name, rows in tables.items()
    }


def cut(rows: pa.Table, end: int) -> pa.Table:
    """Return the rows known and valid before an end, as they become known.

    Ends beyond it are not known yet. The order says nothing of who caused a row.
    """
    return _ordered(rows, np.arange(rows.num_rows), _time(rows, "known_at"),
                    _time(rows, "valid_to"), end)  # fmt: skip


def _settled(rows: pa.Table, end: int, *, closing: bool) -> pa.Table:
    """Return the rows as known at first, without an end that was still to come, and cut.

    With `closing`, those whose end came later are there once more, known from their end on.
    """
    row = np.arange(rows.num_rows)
    known, until = _time(rows, "known_at"), _time(rows, "valid_to")
    open_still = until > known
    first = np.where(open_still, NEVER, until)
    if not closing:
        return _ordered(rows, row, known, first, end)
    ended = np.flatnonzero(open_still & (until < NEVER))
    return _ordered(
        rows, np.concatenate([row, ended]), np.concatenate([known, until[ended]]),
        np.concatenate([first, until[ended]]), end,
    )  # fmt: skip


def _time(rows: pa.Table, name: str) -> I64Array:
    """Return a column of times as microseconds, NEVER where it is null."""
    times = rows[name].cast(pa.int64())
    return np.asarray(times.fill_null(NEVER) if times.null_count else times, np.int64)


def _ordered(rows: pa.Table, row: I64Array, known: I64Array, until: I64Array, end: int) -> pa.Table:
    """Return some rows with their new times, cut at an end, by (`known_at`, first column)."""
    within = np.flatnonzero((_time(rows, "valid_from")[row] < end) & (known < end))
    within = within[np.argsort(known[within], kind="stable")]
    same = np.flatnonzero(known[within[1:]] == known[within[:-1]])
    if same.size:  # equal times: by the first column
        tied = np.zeros(len(within), np.bool_)
        tied[same] = tied[same + 1] = True
        at = np.flatnonzero(tied)
        keys = _keys(rows.column(0).take(pa.array(row[within[at]])))
        within[at] = within[at][np.lexsort((*keys, known[within[at]]))]
    out = rows.take(pa.array(row[within]))
    until = until[within]
    for name, times, absent in (
        ("known_at", known[within], None),
        ("valid_to", until, until >= end),
    ):
        place = out.schema.get_field_index(name)
        field = out.schema.field(place)
        out = out.set_column(place, field, pa.array(times, mask=absent).cast(field.type))
    return out


def _keys(column: pa.ChunkedArray) -> tuple[NDArray[Any], ...]:
    """Return numbers that sort as the words of a column do, least significant first."""
    if not pa.types.is_string(column.type):
        return (pc.rank(column, tiebreaker="dense").to_numpy(),)
    words = column.combine_chunks()
    words = words.chunk(0) if isinstance(words, pa.ChunkedArray) else words
    width = pc.binary_length(words)
    ends = pc.min_max(width).as_py()
    if words.null_count or ends["min"] != ends["max"] or not 0 < ends["min"] <= _TWO_WORDS:
        return (pc.rank(words, tiebreaker="dense").to_numpy(),)
    first = int(np.frombuffer(words.buffers()[1], np.int32)[words.offset])
    size = len(words) * ends["min"]
    text = np.zeros((len(words), _TWO_WORDS), np.uint8)
    data = np.frombuffer(words.buffers()[2], np.uint8)[first : first + size]
    text[:, : ends["min"]] = data.reshape(len(words), ends["min"])
    high, low = text.view(">u8").astype(np.uint64).T
    return low, high


def shift_table(setting: Setting) -> pa.Table:
    """Return the shifts; overtime is known half an hour ahead, a swap the day before."""
    shifts = setting.shifts
    return table(
        schema.CONTEXT["roster"]["shifts"],
        len(shifts.start),
        officer_id=setting.officers.officer_id[shifts.officer],
        kind=_words(shifts.kind, schema.SHIFT_KINDS),
        valid_from=shifts.start,
        valid_to=shifts.end,
        known_at=shifts.start - _KNOWN_BEFORE_US[shifts.kind],
    )


def _words(codes: NDArray[np.integer], words: tuple[str, ...]) -> pa.DictionaryArray:
    return schema.coded(pa.array(codes, pa.int8()), words)


def _topics(codes: NDArray[np.integer]) -> pa.DictionaryArray:
    return schema.coded(pa.array(codes, pa.int32()), TOPICS)


def _here(setting: Setting, n: int) -> pa.Array:
    return pa.repeat(pa.scalar(setting.agency.agency_id), n)


def _ids(setting: Setting, kind: str, serials: I64Array) -> pa.Array:
    """Return opaque ids; null for a negative serial."""
    there = serials >= 0
    digits = opaque_digits(setting.scenario, kind, setting.agency, serials[there])
    return fixed_text(digits, there)


def _incidents(setting: Setting, incidents: Incidents) -> pa.Table:
    n = len(incidents.serial)
    places = pa.array(pools(setting.scenario.seed).places, pa.string())
    number = number_digits(
        setting.scenario, setting.agency, "incident", incidents.serial, incidents.opened
    )
    return table(
        _DISPATCH["incidents"],
        n,
        incident_id=_ids(setting, "incident", incidents.serial),
        agency_id=_here(setting, n),
        number=fixed_text(number, np.ones(n, np.bool_)),
        kind=_words(incidents.kind, schema.INCIDENT_KINDS),
        priority=incidents.priority,
        offense=_topics(incidents.topic),
        self_initiated=incidents.self_initiated,
        area=places.take(pa.array(incidents.area)),
        valid_from=incidents.opened,
        valid_to=incidents.closed,
        known_at=incidents.known,
    )


def _cases(setting: Setting, cases: Cases) -> pa.Table:
    """Return an open row per case, and a closed row per case that was closed."""
    row, shut = _with_closed(cases)
    number = case_number(setting.scenario, setting.agency, cases.serial, cases.opened)
    return table(
        _DISPATCH["cases"],
        len(row),
        case_id=_ids(setting, "case", cases.serial[row]),
        agency_id=_here(setting, len(row)),
        number=pa.array(number[row], pa.string()),
        offense=_topics(cases.topic[row]),
        status=pa.array(np.where(shut, "closed", "open").astype(object), pa.string()),
        valid_from=np.where(shut, cases.closed[row], cases.opened[row]),
        valid_to=np.where(shut, NEVER, cases.closed[row]),
        known_at=np.where(shut, cases.closed[row], cases.opened[row]),
    )


def _with_closed(cases: Cases) -> tuple[I64Array, NDArray[np.bool_]]:
    done = np.flatnonzero(cases.closed < NEVER)
    row = np.concatenate([np.arange(len(cases.serial)), done])
    return row, np.arange(len(row)) >= len(cases.serial)


class _Rows:
    """Grows the rows of a table about incidents and cases."""

    def __init__(self) -> None:
        self._parts: dict[str, list[NDArray[Any]]] = {}

    def add(self, who: NDArray[Any], incident: Any, case: Any, *times: I64Array) -> None:
        """Add rows; -1 stands for no incident or no case."""
        columns = (who, incident, case, *times)
        names = ("who", "incident", "case", "since", "until", "known")
        for name, column in zip(names, columns, strict=True):
            self._parts.setdefault(name, []).append(np.broadcast_to(column, len(who)))

    def column(self, name: str) -> NDArray[Any]:
        """Return all that was added."""
        return np.concatenate(self._parts[name])


def _assignments(setting: Setting, filed: Filed) -> pa.Table:
    """Return who was put on what: units, dispatchers, investigators, and those oddities add."""
    rows, incidents, cases, links = _Rows(), filed.incidents, filed.cases, filed.links
    for role, since in (
        (incidents.officer, incidents.begun),
        (incidents.dispatcher, incidents.opened),
    ):
        some = role >= 0
        known = np.maximum(incidents.known, since)
        rows.add(role[some], incidents.serial[some], NONE, since[some], incidents.closed[some],
                 known[some])  # fmt: skip
    rows.add(cases.officer, NONE, cases.serial, cases.opened, cases.closed, cases.opened)
    some = links.officer >= 0
    rows.add(links.officer[some], links.incident[some], links.case[some], links.since[some],
             links.until[some], links.since[some])  # fmt: skip
    who = rows.column("who").astype(np.int64)
    return _about(setting, "assignments", rows, officer_id=setting.officers.officer_id[who])


def _involved(setting: Setting, filed: Filed) -> pa.Table:
    """Return the people of incidents and cases, by person and by plate."""
    rows, incidents, cases, links = _Rows(), filed.incidents, filed.cases, filed.links
    rows.add(incidents.subject, incidents.serial, NONE, incidents.opened, incidents.closed,
             incidents.known)  # fmt: skip
    for person in (cases.subject, cases.victim):
        rows.add(person, NONE, cases.serial, cases.opened, cases.closed, cases.opened)
    some = links.subject >= 0
    rows.add(links.subject[some], links.incident[some], links.case[some], links.since[some],
             links.until[some], links.since[some])  # fmt: skip
    who, people = rows.column("who"), setting.population
    both = [
        _about(setting, "involved", rows, subject_key=key)
        for key in (people.person_key(who), people.plate_key(who))
    ]
    return pa.concat_tables(both)


def _about(setting: Setting, name: str, rows: _Rows, **who: Any) -> pa.Table:
    return table(
        _DISPATCH[name],
        len(rows.column("who")),
        **who,
        incident_id=_ids(setting, "incident", rows.column("incident")),
        case_id=_ids(setting, "case", rows.column("case")),
        valid_from=rows.column("since"),
        valid_to=rows.column("until"),
        known_at=rows.column("known"),
    )


def _warrants(setting: Setting, wanted: Wanted) -> pa.Table:
    n = len(wanted.subject)
    return table(
        _DISPATCH["warrants"],
        n,
        subject_key=setting.population.person_key(wanted.subject),
        agency_id=_here(setting, n),
        valid_from=wanted.since,
        valid_to=wanted.until,
        known_at=wanted.since,
    )


def _applications(setting: Setting, applications: Applications) -> pa.Table:
    n = len(applications.serial)
    return table(
        _DISPATCH["applications"],
        n,
        application_id=_ids(setting, "application", applications.serial),
        agency_id=_here(setting, n),
        kind=_words(applications.kind, KINDS).cast(pa.string()),
        subject_key=setting.population.person_key(applications.subject),
        valid_from=applications.filed,
        valid_to=NEVER,  # decisions are not on file
        known_at=applications.filed,
    )


def _hotlists(setting: Setting, links: Links) -> pa.Table:
    at = np.flatnonzero(links.listed)
    return table(
        _DISPATCH["hotlists"],
        len(at),
        subject_key=setting.population.plate_key(links.subject[at]),
        agency_id=_here(setting, len(at)),
        case_id=_ids(setting, "case", links.case[at]),
        valid_from=links.since[at],
        valid_to=links.until[at],
        known_at=links.since[at],
    )


def _sharing(setting: Setting) -> pa.Table:
    """Return whom the agency shares plate data with: its neighbours, or the state alone."""
    everybody = agencies(setting.scenario)
    own = setting.agency.index
    others = [everybody[(own + k) % len(everybody)] for k in range(1, _PARTNERS + 1)]
    names = sorted({other.agency_id for other in others if other.index != own})
    names = names or [f"{setting.scenario.state}0000000"]
    since = setting.clock.horizon[0] - 365 * DAY_US
    return table(
        _DISPATCH["sharing"],
        len(names),
        agency_id=_here(setting, len(names)),
        with_agency_id=pa.array(names, pa.string()),
        system=_words(np.full(len(names), schema.SYSTEMS.index("ALPR")), schema.SYSTEMS),
        valid_from=since,
        valid_to=NEVER,
        known_at=since,
    )
