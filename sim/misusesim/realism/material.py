"""The rows that statistics are about, taken from a data set or a real search log.

The log of a state does not fit the memory: it is read part by part, and only plate searches are
kept row by row (a twentieth of it). Truth is not read.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from misusesim.dataset.reader import Dataset, read_part
from misusesim.dataset.schema import CONTEXT
from misusesim.errors import UsageError
from misusesim.realism.profile import DAY_US
from misusesim.realism.subjects import Stopped, stopped

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from misusesim.portal import RealLog

    I64Array = NDArray[np.int64]

#: Rows of which all times are kept for windows of work; more come from every k-th officer.
MOST_TIMES: Final = 3_000_000
_READ: Final = (
    "time", "agency_id", "officer_id", "system", "case_number", "reason_text", "subject_surname",
    "subject_birth_year", "subject_sex", "scope", "lookback_hours", "hit", "subject_key",
    "subject_kind", "reason_category",
)  # fmt: skip
_SEARCH: Final = (
    "time", "reason_text", "case_number", "scope", "lookback_hours", "reason_category",
)  # fmt: skip
_STOPS: Final = ("traffic_stop", "pedestrian_stop", "tow")


@dataclass(frozen=True, slots=True)
class Searches:
    """Plate searches, by agency and local time."""

    agency: I64Array
    officer: I64Array  # row of `People`
    time: I64Array  # local microseconds
    case: I64Array  # code of the case number within the agency; -1 where none was typed
    reason: I64Array  # place in `texts`
    texts: tuple[str, ...]  # trimmed reasons; "" for none
    scope: I64Array  # place in schema.SCOPES, -1 unknown
    lookback: I64Array  # hours, -1 unknown
    category: I64Array | None = None  # place in `categories`, -1 where nothing was picked
    categories: tuple[str, ...] = ()  # values of a drop-down

    def __len__(self) -> int:
        """Return the number of searches."""
        return len(self.time)


@dataclass(frozen=True, slots=True)
class Incidents:
    """Calls and stops of the street, by agency and local time of opening."""

    agency: I64Array
    time: I64Array
    stop: NDArray[np.bool_]
    officer: I64Array  # row of `People`, -1 where nobody came


@dataclass(frozen=True, slots=True)
class People:
    """Account holders that are people, one row per account."""

    officer_id: tuple[str, ...]
    agency: I64Array
    role: NDArray[np.object_]
    surname: NDArray[np.object_]
    birth_year: I64Array
    shifts: I64Array  # regular and swapped ones in the span


@dataclass(slots=True)
class Tally:
    """What was counted row by row of the whole log."""

    queries: I64Array  # per officer
    persons: I64Array  # of these, about a person with a surname
    namesakes: I64Array  # about somebody of the officer's own surname
    women: I64Array
    sexed: I64Array  # with a sex
    itself: NDArray[np.bool_]  # the officer asked about himself
    surnames: Counter[str] = field(default_factory=Counter)
    rows: int = 0  # interface accounts included
    hits: Counter[str] = field(default_factory=Counter)  # by system
    by_system: Counter[str] = field(default_factory=Counter)
    about: Counter[str] = field(default_factory=Counter)  # kinds of subjects, people's rows
    who: list[I64Array] = field(default_factory=list)  # of the officers whose times are kept
    when: list[I64Array] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Material:
    """Everything statistics read; what a real search log lacks is None."""

    name: str
    days: int
    agencies: int
    searches: Searches
    bursty: frozenset[int] = frozenset()  # agencies whose searches come in waves, where it is known
    incidents: Incidents | None = None
    people: People | None = None
    tally: Tally | None = None
    types: tuple[str, ...] = ()  # of the agencies
    stopped: Stopped | None = None


def material(source: Dataset | RealLog) -> Material:
    """Return what statistics read of a data set or of a real search log.

    Raises
    ------
    UsageError
        If there is nothing in it.
    """
    if isinstance(source, Dataset):
        return _of_dataset(source)
    if not len(source):
        raise UsageError(f"{source.name}: no rows to describe")
    text = pc.utf8_trim_whitespace(source.reason.fill_null("")).dictionary_encode()
    n = len(source)
    days = source.time_local // DAY_US
    searches = Searches(
        agency=np.zeros(n, np.int64), officer=source.officer, time=source.time_local,
        case=np.full(n, -1), reason=_codes(text), texts=tuple(text.dictionary.to_pylist()),
        scope=np.full(n, -1), lookback=np.full(n, -1),
    )  # fmt: skip
    return Material(source.name, int(days[-1] - days[0]) + 1, 1, searches)


def _of_dataset(dataset: Dataset) -> Material:
    if not dataset.manifest["rows"]["written"]:
        raise UsageError(f"{dataset.path}: no rows to describe")
    directory = dataset.context("T0")["directory/agencies"]
    agencies = {name: n for n, name in enumerate(directory["agency_id"].to_pylist())}
    people = _people(dataset, agencies)
    incidents, subjects = _incidents(dataset, people, agencies)
    tally, found = _counted(dataset, people, agencies, subjects)
    return Material(
        name=dataset.manifest["scenario"],
        days=dataset.scenario.days,
        agencies=len(agencies),
        searches=_searches(found),
        bursty=_bursty(dataset, agencies),
        incidents=incidents,
        people=people,
        tally=tally,
        types=tuple(directory["type"].cast(pa.string()).to_pylist()),
        stopped=subjects,
    )


def _bursty(dataset: Dataset, agencies: dict[str, int]) -> frozenset[int]:
    from misusesim.world.agencies import agencies as of  # noqa: PLC0415 - Faker is slow to import

    every = of(dataset.scenario)
    return frozenset(
        agencies[one.agency_id]
        for one in every
        if one.group.burstiness == "bursty" and one.agency_id in agencies
    )


def _codes(column: pa.DictionaryArray) -> I64Array:
    codes: I64Array = column.indices.fill_null(-1).cast(pa.int64()).to_numpy()
    return codes


def _people(dataset: Dataset, agencies: dict[str, int]) -> People:
    columns = ["officer_id", "agency_id", "role", "surname", "birth_date"]
    roster = dataset.table("context/roster/officers", CONTEXT["roster"]["officers"], columns)
    roster = roster.filter(pc.not_equal(roster["role"].cast(pa.string()), "interface"))
    ids, first = np.unique(roster["officer_id"].to_numpy(), return_index=True)
    roster = roster.take(pa.array(first))
    duty = dataset.table("context/roster/shifts", CONTEXT["roster"]["shifts"],
                         ["officer_id", "kind"])  # fmt: skip
    worked = pc.is_in(duty["kind"].cast(pa.string()), value_set=pa.array(["regular", "swap"]))
    owner = pc.index_in(duty["officer_id"].filter(worked), value_set=pa.array(ids))
    return People(
        officer_id=tuple(ids.tolist()),
        agency=np.array([agencies[a] for a in roster["agency_id"].to_pylist()], np.int64),
        role=roster["role"].cast(pa.string()).to_numpy(),
        surname=roster["surname"].to_numpy(),
        birth_year=pc.year(roster["birth_date"]).to_numpy(),
        shifts=np.bincount(owner.drop_null().to_numpy(), minlength=len(ids)),
    )


def _incidents(
    dataset: Dataset, people: People, agencies: dict[str, int]
) -> tuple[Incidents, Stopped]:
    """Return calls and stops as they were opened, and who was stopped.

    Who came is the first unit assigned.
    """
    columns = ["incident_id", "agency_id", "kind", "valid_from", "valid_to"]
    table = dataset.table("context/dispatch/incidents", CONTEXT["dispatch"]["incidents"], columns)
    kind = table["kind"].cast(pa.string())
    street = pc.is_in(kind, value_set=pa.array(["call", *_STOPS]))
    table = table.filter(pc.and_(street, pc.is_null(table["valid_to"])))
    stop = pc.is_in(table["kind"].cast(pa.string()), value_set=pa.array(_STOPS))
    home = pc.index_in(table["agency_id"], value_set=pa.array(list(agencies)))
    time = _local(table["valid_from"], dataset.timezone)
    agency = home.to_numpy().astype(np.int64)
    ids = table["incident_id"].filter(stop).combine_chunks()
    officer = _assigned(dataset, people, ids)
    whole = np.full(len(time), -1, np.int64)
    stops = stop.to_numpy()
    whole[stops] = officer
    order = np.lexsort((time, agency))
    incidents = Incidents(agency[order], time[order], stops[order], whole[order])
    return incidents, stopped(dataset, ids, time[stops], officer)


def _assigned(dataset: Dataset, people: People, stops: pa.Array) -> I64Array:
    """Return who made each stop."""
    columns = ["officer_id", "incident_id"]
    table = dataset.table(
        "context/dispatch/assignments", CONTEXT["dispatch"]["assignments"], columns
    )
    row = pc.index_in(table["incident_id"], value_set=stops)
    some = pc.is_valid(row)
    who = pc.index_in(table["officer_id"].filter(some), value_set=pa.array(people.officer_id))
    officer = np.full(len(stops), -1, np.int64)
    officer[row.filter(some).to_numpy()] = who.fill_null(-1).to_numpy()
    return officer


def _local(time: pa.ChunkedArray, zone: str) -> I64Array:
    local = pc.local_timestamp(time.cast(pa.timestamp("us", zone)))
    found: I64Array = local.cast(pa.int64()).to_numpy()
    return found


def _counted(
    dataset: Dataset, people: People, agencies: dict[str, int], subjects: Stopped
) -> tuple[Tally, list[pa.Table]]:
    """Return counts of the whole log, and its plate searches."""
    n = len(people.officer_id)
    five = np.zeros((5, n), np.int64)
    tally = Tally(five[0], five[1], five[2], five[3], five[4], np.zeros(n, np.bool_))
    every = max(1, -(-dataset.manifest["rows"]["written"] // MOST_TIMES))
    ids, homes = pa.array(people.officer_id), pa.array(list(agencies))
    found = []
    for path in dataset.parts("log"):
        part = read_part(dataset.path / path, _READ)
        part = part.set_column(0, "time", pa.array(_local(part["time"], dataset.timezone)))
        officer = _place(part["officer_id"], ids)
        _count(tally, people, part, officer, every)
        subjects.count(part["subject_key"].to_numpy(), part["time"].to_numpy(), officer)
        search = np.flatnonzero(
            pc.equal(part["system"].cast(pa.string()), "ALPR").to_numpy() & (officer >= 0)
        )
        rows = part.select(_SEARCH)
        rows = rows.take(pa.array(search))
        rows = rows.append_column("officer", pa.array(officer[search]))
        found.append(
            rows.append_column("agency", pa.array(_place(part["agency_id"], homes)[search]))
        )
    return tally, found


def _place(column: pa.ChunkedArray, values: pa.Array) -> I64Array:
    """Return the place of each word of a dictionary column among some values, -1 elsewhere."""
    coded = column.combine_chunks()
    place = pc.index_in(coded.dictionary, value_set=values).fill_null(-1)
    table = np.append(place.cast(pa.int64()).to_numpy(), -1)
    found: I64Array = table[_codes(coded)]
    return found


def _count(tally: Tally, people: People, part: pa.Table, officer: I64Array, every: int) -> None:
    """Add one part of the log to the counts."""
    n = len(people.officer_id)
    tally.rows += len(officer)
    system = part["system"].cast(pa.string())
    for name, count in _counts(system).items():
        tally.by_system[name] += count
    for name, count in _counts(system.filter(part["hit"])).items():
        tally.hits[name] += count
    human = officer >= 0
    asked = np.flatnonzero(human & pc.not_equal(system, "ALPR").to_numpy())
    for name, count in _counts(part["subject_kind"].take(pa.array(asked))).items():
        tally.about[name] += count
    tally.queries += np.bincount(officer[human], minlength=n)
    kept = human & (officer % every == 0)
    tally.who.append(officer[kept])
    tally.when.append(part["time"].to_numpy()[kept])
    rows = np.flatnonzero(human & part["subject_surname"].is_valid().to_numpy())
    _count_subjects(tally, people, part.take(pa.array(rows)), officer[rows])


def _counts(column: pa.ChunkedArray) -> dict[Any, int]:
    return {row["values"]: row["counts"] for row in column.value_counts().to_pylist()}


def _count_subjects(tally: Tally, people: People, part: pa.Table, officer: I64Array) -> None:
    """Add what is asked about persons."""
    n = len(people.officer_id)
    surname = part["subject_surname"].combine_chunks()
    for name, count in _counts(surname.cast(pa.string())).items():
        tally.surnames[name] += count
    places = {name.casefold(): k for k, name in enumerate(surname.dictionary.to_pylist())}
    own = np.array([places.get(name.casefold(), -2) for name in people.surname], np.int64)
    namesake = _codes(surname) == own[officer]
    sex = part["subject_sex"].cast(pa.string())
    woman = pc.equal(sex, "F").fill_null(fill_value=False).to_numpy()
    known = sex.is_valid().to_numpy()
    year = part["subject_birth_year"].fill_null(0).to_numpy()
    myself = namesake & (year == people.birth_year[officer])  # a sex is often not typed
    tally.itself[officer[myself]] = True
    for column, rows in (
        (tally.persons, slice(None)), (tally.namesakes, namesake), (tally.women, woman),
        (tally.sexed, known),
    ):  # fmt: skip
        np.add(column, np.bincount(officer[rows], minlength=n), out=column)


def _searches(found: list[pa.Table]) -> Searches:
    """Return plate searches by agency and time."""
    from misusesim.dataset.schema import SCOPES  # noqa: PLC0415 - beside its use

    table = pa.concat_tables(found).unify_dictionaries().combine_chunks()
    table = table.sort_by([("agency", "ascending"), ("time", "ascending")])
    agency = table["agency"].to_numpy()
    case = _codes(table["case_number"].combine_chunks())
    text = pc.utf8_trim_whitespace(table["reason_text"].cast(pa.string()).fill_null(""))
    coded = text.combine_chunks().dictionary_encode()
    category = table["reason_category"].combine_chunks()
    size = int(case.max(initial=0)) + 1
    return Searches(
        agency=agency,
        officer=table["officer"].to_numpy(),
        time=table["time"].to_numpy(),
        case=np.where(case < 0, -1, agency * size + case),
        reason=_codes(coded),
        texts=tuple(coded.dictionary.to_pylist()),
        scope=_place(table["scope"], pa.array(SCOPES)),
        lookback=table["lookback_hours"].fill_null(-1).cast(pa.int64()).to_numpy(),
        category=_codes(category),
        categories=tuple(category.dictionary.to_pylist()),
    )
