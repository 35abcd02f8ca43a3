"""Context tables of dispatch (tier T2) and the shift table of the roster (DESIGN.md 4.2).

Rows exist from the moment the organisation knew (`known_at`), and only if that is before the end of
the scenario. Nobody knows beforehand when a job will end: an incident or an assignment has an open
row, and when it ends a second row with the same ids and its end. Closing a case adds a row of its
own. Who was involved in a job stays so.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
import pyarrow as pa

from misusesim.clock import DAY_US, HOUR_US, MINUTE_US, NEVER
from misusesim.dataset import schema
from misusesim.occasions import NONE, TOPICS
from misusesim.plan import SERIAL_BITS, own_serials
from misusesim.textcolumns import fixed_text, padded_text, taken
from misusesim.workload.event_work import news_rows
from misusesim.workload.licensing import KINDS
from misusesim.workload.numbers import hex_digits, number_digits, opaque_numbers_in
from misusesim.workload.records import Sheet, Tables, cut, settled
from misusesim.world.agencies import agencies
from misusesim.world.context import table
from misusesim.world.names import pools

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from misusesim.plan import Cases, Incidents
    from misusesim.workload.licensing import Applications
    from misusesim.workload.links import Links
    from misusesim.workload.records import Writer
    from misusesim.workload.setting import Setting
    from misusesim.workload.wanted import Wanted

    I64Array = NDArray[np.int64]

_DISPATCH: Final = schema.CONTEXT["dispatch"]
_PARTNERS: Final = 6  # agencies one shares plate data with (assumption)
#: How long before its start a shift of each kind is known: regular, overtime, swap, court.
_KNOWN_BEFORE_US: Final = np.array([14 * DAY_US, 30 * MINUTE_US, 30 * HOUR_US, 7 * DAY_US])


class Filed(NamedTuple):
    """Everything that goes into the tables; serials have the place of their agency on top."""

    incidents: Incidents
    cases: Cases
    applications: Applications
    wanted: Wanted
    links: Links


def work_context(
    setting: Setting, filed: Filed, more: Sequence[Mapping[str, pa.Table]] = ()
) -> Tables:
    """Return all dispatch tables and `roster/shifts`, cut at the end of the scenario.

    Parameters
    ----------
    setting
        The agencies, with the shifts of the scenario's weeks.
    filed
        What honest work, oddities and misuse have put on file.
    more
        Further rows of these tables, by table name; of each agency.
    """
    end = setting.clock.horizon[1]

    def whole(name: str, rows: pa.Table, place: I64Array) -> pa.Table:
        added = [(n, tables[name]) for n, tables in enumerate(more) if name in tables]
        homes = [np.full(table.num_rows, n) for n, table in added]
        every = pa.concat_tables([rows, *(table for _, table in added)])
        return cut(every, end, np.concatenate([place, *homes]))

    def once(sheet: Callable[..., Sheet], rows: Any, *, closing: bool) -> Callable[[], pa.Table]:
        return lambda: settled(sheet(setting, rows), end, closing=closing)

    applied, duty = filed.applications, setting.place[setting.shifts.officer]
    return Tables(
        {
            "roster/shifts": lambda: whole("roster/shifts", shift_table(setting), duty),
            "dispatch/incidents": once(_incidents, filed.incidents, closing=True),
            "dispatch/cases": once(_cases, filed.cases, closing=False),
            "dispatch/assignments": once(_assignments, filed, closing=True),
            "dispatch/involved": once(_involved, filed, closing=False),
            "dispatch/warrants": once(_warrants, filed.wanted, closing=True),
            "dispatch/applications": lambda: whole(
                "dispatch/applications", _applications(setting, applied), _home(applied.serial)
            ),
            "dispatch/hotlists": once(_hotlists, filed.links, closing=True),
            "dispatch/sharing": lambda: whole("dispatch/sharing", *_sharing(setting)),
            "dispatch/news": lambda: whole("dispatch/news", *news_rows(setting)),
        }
    )


def shift_table(setting: Setting) -> pa.Table:
    """Return the shifts; overtime is known half an hour ahead, a swap the day before."""
    shifts = setting.shifts
    return table(
        schema.CONTEXT["roster"]["shifts"],
        len(shifts.start),
        officer_id=taken(setting.officers.officer_id, shifts.officer),
        kind=_words(shifts.kind, schema.SHIFT_KINDS),
        valid_from=shifts.start,
        valid_to=shifts.end,
        known_at=shifts.start - _KNOWN_BEFORE_US[shifts.kind],
    )


def _home(serial: I64Array) -> I64Array:
    """Return the place of the agency of each serial."""
    return serial >> SERIAL_BITS


def _words(codes: NDArray[np.integer], words: tuple[str, ...]) -> pa.DictionaryArray:
    return schema.coded(pa.array(codes, pa.int8()), words)


def _topics(codes: NDArray[np.integer]) -> pa.DictionaryArray:
    return schema.coded(pa.array(codes, pa.int32()), TOPICS)


def _here(setting: Setting, place: I64Array) -> pa.Array:
    """Return the id of the agency at each place."""
    return taken(np.array([agency.agency_id for agency in setting.agencies], object), place)


@dataclass(frozen=True, slots=True)
class _Ids:
    """Opaque ids as numbers; hexadecimal texts sort as they do."""

    number: NDArray[np.uint64]
    there: NDArray[np.bool_]  # else null

    def __call__(self, row: I64Array) -> pa.Array:
        """Return the texts of some rows."""
        there = self.there[row]
        return fixed_text(hex_digits(self.number[row][there]), there)


def _ids(setting: Setting, kind: str, serials: I64Array) -> _Ids:
    """Return opaque ids; null for a negative serial."""
    number = opaque_numbers_in(setting.scenario, kind, setting, np.maximum(serials, 0))
    return _Ids(number, serials >= 0)


def _digits(characters: NDArray[np.uint8]) -> Writer:
    return lambda row: padded_text(characters[row])


def _incidents(setting: Setting, incidents: Incidents) -> Sheet:
    places = pa.array(pools(setting.scenario.seed).places, pa.string())
    home = _home(incidents.serial)
    number = number_digits(
        setting.scenario, setting.agencies, "incident", home, own_serials(incidents.serial),
        incidents.opened,
    )  # fmt: skip
    ids = _ids(setting, "incident", incidents.serial)
    return Sheet(
        shape=_DISPATCH["incidents"],
        columns={
            "incident_id": ids,
            "agency_id": lambda row: _here(setting, home[row]),
            "number": _digits(number),
            "kind": lambda row: _words(incidents.kind[row], schema.INCIDENT_KINDS),
            "priority": lambda row: incidents.priority[row],
            "offense": lambda row: _topics(incidents.topic[row]),
            "self_initiated": lambda row: incidents.self_initiated[row],
            "area": lambda row: places.take(pa.array(incidents.area[row])),
        },
        key=ids.number,
        since=incidents.opened,
        until=incidents.closed,
        known=incidents.known,
        place=home,
    )


def _cases(setting: Setting, cases: Cases) -> Sheet:
    """Return an open row per case, and a closed row per case that was closed."""
    file, shut = _with_closed(cases)
    home = _home(cases.serial)
    number = number_digits(
        setting.scenario, setting.agencies, "case", home, own_serials(cases.serial), cases.opened
    )
    ids = _ids(setting, "case", cases.serial[file])
    status = pa.array(["open", "closed"])
    since = np.where(shut, cases.closed[file], cases.opened[file])
    return Sheet(
        shape=_DISPATCH["cases"],
        columns={
            "case_id": ids,
            "agency_id": lambda row: _here(setting, home[file[row]]),
            "number": _digits(number[file]),
            "offense": lambda row: _topics(cases.topic[file[row]]),
            "status": lambda row: status.take(pa.array(shut[row].astype(np.int8))),
        },
        key=ids.number,
        since=since,
        until=np.where(shut, NEVER, cases.closed[file]),
        known=since,
        place=home[file],
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


def _assignments(setting: Setting, filed: Filed) -> Sheet:
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
    names, rank = np.unique(setting.officers.officer_id.astype(str), return_inverse=True)
    texts = pa.array(names)
    officer = rank[who]
    written: dict[str, Writer] = {"officer_id": lambda row: texts.take(pa.array(officer[row]))}
    return _about(setting, "assignments", rows, officer, written)


def _involved(setting: Setting, filed: Filed) -> Sheet:
    """Return the people of incidents and cases, by person and by plate."""
    rows, incidents, cases, links = _Rows(), filed.incidents, filed.cases, filed.links
    some = links.subject >= 0
    rows.add(incidents.subject, incidents.serial, NONE, incidents.opened, incidents.closed,
             incidents.known)  # fmt: skip
    for person in (cases.subject, cases.victim):
        rows.add(person, NONE, cases.serial, cases.opened, cases.closed, cases.opened)
    rows.add(links.subject[some], links.incident[some], links.case[some], links.since[some],
             links.until[some], links.since[some])  # fmt: skip
    who, people = rows.column("who"), setting.population
    key = np.concatenate([people.person_key(who), people.plate_key(who)])
    return _about(setting, "involved", rows, key, {"subject_key": lambda row: key[row]})


def _about(
    setting: Setting, name: str, rows: _Rows, key: NDArray[Any], who: dict[str, Writer]
) -> Sheet:
    """Return the sheet of some rows, once for every such many entries of `key`."""
    incident = _ids(setting, "incident", rows.column("incident"))
    case = _ids(setting, "case", rows.column("case"))
    home = _home(np.maximum(rows.column("incident"), rows.column("case")))
    n = len(home)
    since, until, known, place = (
        np.resize(column, len(key))
        for column in (*(rows.column(time) for time in ("since", "until", "known")), home)
    )
    return Sheet(
        shape=_DISPATCH[name],
        columns={
            **who,
            "incident_id": lambda row: incident(row % n),
            "case_id": lambda row: case(row % n),
        },
        key=key,
        since=since,
        until=until,
        known=known,
        place=place,
    )


def _warrants(setting: Setting, wanted: Wanted) -> Sheet:
    key, home = setting.population.person_key(wanted.subject), setting.place[wanted.owner]
    return Sheet(
        shape=_DISPATCH["warrants"],
        columns={
            "subject_key": lambda row: key[row],
            "agency_id": lambda row: _here(setting, home[row]),
        },
        key=key,
        since=wanted.since,
        until=wanted.until,
        known=wanted.since,
        place=home,
    )


def _applications(setting: Setting, applications: Applications) -> pa.Table:
    n = len(applications.serial)
    return table(
        _DISPATCH["applications"],
        n,
        application_id=_ids(setting, "application", applications.serial)(np.arange(n)),
        agency_id=_here(setting, _home(applications.serial)),
        kind=_words(applications.kind, KINDS).cast(pa.string()),
        subject_key=setting.population.person_key(applications.subject),
        valid_from=applications.filed,
        valid_to=NEVER,  # decisions are not on file
        known_at=applications.filed,
    )


def _hotlists(setting: Setting, links: Links) -> Sheet:
    at = np.flatnonzero(links.listed)
    home = _home(np.maximum(links.incident, links.case))[at]
    key = setting.population.plate_key(links.subject[at])
    return Sheet(
        shape=_DISPATCH["hotlists"],
        columns={
            "subject_key": lambda row: key[row],
            "agency_id": lambda row: _here(setting, home[row]),
            "case_id": _ids(setting, "case", links.case[at]),
        },
        key=key,
        since=links.since[at],
        until=links.until[at],
        known=links.since[at],
        place=home,
    )


def _sharing(setting: Setting) -> tuple[pa.Table, I64Array]:
    """Return whom agencies share plate data with, their neighbours or the state, and the places."""
    everybody = [agency.agency_id for agency in agencies(setting.scenario)]
    partners = [_partners(setting, everybody, agency.index) for agency in setting.agencies]
    place = np.repeat(np.arange(len(partners)), [len(names) for names in partners])
    since = setting.clock.horizon[0] - 365 * DAY_US
    rows = table(
        _DISPATCH["sharing"],
        len(place),
        agency_id=_here(setting, place),
        with_agency_id=pa.array([name for names in partners for name in names], pa.string()),
        system=_words(np.full(len(place), schema.SYSTEMS.index("ALPR")), schema.SYSTEMS),
        valid_from=since,
        valid_to=NEVER,
        known_at=since,
    )
    return rows, place


def _partners(setting: Setting, everybody: list[str], own: int) -> list[str]:
    """Return the ids of those an agency shares with."""
    others = {everybody[(own + k) % len(everybody)] for k in range(1, _PARTNERS + 1)}
    return sorted(others - {everybody[own]}) or [f"{setting.scenario.state}0000000"]
