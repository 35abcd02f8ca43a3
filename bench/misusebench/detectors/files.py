"""Incidents, cases and lists of the organisation as known so far, and the paths to a person."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from misusebench.columns import HOUR_US, Words, keys, micros
from misusebench.facts_of_people import Roster
from misusebench.spans import NEVER, Spans
from misusebench.streaming import as_integers, combine

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pyarrow as pa
    from numpy.typing import NDArray

    Ints = NDArray[np.int64]
    Flags = NDArray[np.bool_]

JOBS: Final = ("incident", "case")
LISTS: Final = ("warrants", "applications", "hotlists")
SLACK_US: Final = 2 * HOUR_US  # records are opened late and closed early
HANDLING_US: Final = HOUR_US  # an incident keeps its unit about so long


class Asked(NamedTuple):
    """Who asked for whom, when; codes of `Files`, -1 where nothing was given."""

    officer: Ints
    agency: Ints
    subject: Ints
    time: Ints  # UTC microseconds
    requestor: Ints
    number: Ints  # of a case or incident, as typed

    def put_together(self, others: Ints, times: Ints) -> Asked:
        """Return the same officers asking for the persons, at the times, of other rows."""
        return self._replace(subject=self.subject[others], time=self.time[times])


class Files:
    """What is on file, by key: each job's people by officer, unit and agency, lists, and duties."""

    def __init__(self) -> None:
        self.roster = Roster()
        self.officers, self.agencies, self.numbers = self.roster.officers, Words(), Words()
        self.own, self.unit, self.agency = _by_job(), _by_job(), _by_job()
        self.lists = {name: Spans(SLACK_US) for name in LISTS}
        self.news, self.cited = Spans(SLACK_US), Spans(SLACK_US)
        self.busy = {name: Spans(SLACK_US) for name in ("call", "stop", "case")}
        self._units, self._job_of = Words(), Words()
        self._about: dict[int, tuple[int, int, bool]] = {}  # job: agency, number, self-initiated
        self._workers: dict[int, list[tuple[int, int]]] = {}
        self._named: dict[int, list[tuple[int, int]]] = {}

    def asked(self, rows: pa.RecordBatch | pa.Table) -> Asked:
        """Return who asks for whom in rows of the log."""
        subject, time = as_integers(keys(rows["subject_key"])), micros(rows["time"])
        agency, given = self.agencies.codes(rows["agency_id"]), set(rows.schema.names)
        none = np.full(len(time), -1, np.int64)
        requestor = self.officers.codes(rows["requestor"]) if "requestor" in given else none
        number = self.numbers.codes(rows["case_number"]) if "case_number" in given else none
        return Asked(
            self.officers.codes(rows["officer_id"]), agency, subject, time, requestor, number
        )

    def learn(self, table: str, rows: pa.Table) -> None:
        """Take over context rows; tables that lead to nobody are passed over."""
        self.roster.learn(table, rows)
        short = table.removeprefix("dispatch/")
        if short in ("incidents", "cases"):
            self._open(short[:-1], rows)
        elif short in LISTS:
            agency = self.agencies.codes(rows["agency_id"])
            self.lists[short].add(combine(agency, _subjects(rows)), *_span(rows))
        elif short == "news":
            self.news.add(combine(_subjects(rows)), *_span(rows))
        elif short == "assignments":
            self._assign(rows)
        elif short == "involved":
            self._involve(rows)

    def unit_of(self, officer: Ints) -> Ints:
        """Return the code of each officer's unit, -1 where the roster does not say."""
        known = [self._units.code(self.roster.unit.get(o)) for o in range(len(self.officers))]
        return np.array([*known, -1], np.int64)[officer]

    def _open(self, kind: str, rows: pa.Table) -> None:
        jobs = self._job_of.codes(rows[f"{kind}_id"]).tolist()
        agencies = self.agencies.codes(rows["agency_id"]).tolist()
        numbers = self.numbers.codes(rows["number"]).tolist()
        seen = rows["self_initiated"].to_pylist() if kind == "incident" else [False] * len(rows)
        self._about.update(zip(jobs, zip(agencies, numbers, seen, strict=True), strict=True))

    def _jobs(self, rows: pa.Table) -> tuple[Ints, Flags]:
        """Return the job of each row, and whether it is an incident."""
        incident, case = (self._job_of.codes(rows[f"{kind}_id"]) for kind in JOBS)
        return np.where(incident >= 0, incident, case), incident >= 0

    def _assign(self, rows: pa.Table) -> None:
        rows = rows.filter(rows["valid_to"].is_null())  # the row at the end of a job adds nothing
        officer, (job, incident) = self.officers.codes(rows["officer_id"]), self._jobs(rows)
        start, _ = _span(rows)
        seen = np.array([self._about.get(j, (-1, -1, False))[2] for j in job.tolist()], bool)
        for name, which in (("call", incident & ~seen), ("stop", incident & seen)):
            at = start[which]
            self.busy[name].add(combine(officer[which]), at, at + HANDLING_US)
        self.busy["case"].add(combine(officer[~incident]), start[~incident], _never(~incident))
        pairs = []
        for o, j, s, i in zip(*_lists(officer, job, start, incident), strict=True):
            self._workers.setdefault(j, []).append((o, s))
            pairs += [(o, k, max(s, t), i) for k, t in self._named.get(j, ())]
        self._add(pairs)

    def _involve(self, rows: pa.Table) -> None:
        subject, (job, incident) = _subjects(rows), self._jobs(rows)
        start, _ = _span(rows)
        about = [self._about.get(j, (-1, -1, False)) for j in job.tolist()]
        agency, number, _ = np.array([*about, (-1, -1, False)], np.int64)[:-1].T
        for kind, which in zip(JOBS, (incident, ~incident), strict=True):
            key = combine(agency[which], subject[which])
            self.agency[kind].add(key, start[which], _never(which))
        self.cited.add(combine(agency, number, subject), start, np.full(len(start), NEVER))
        pairs = []
        for k, j, s, i in zip(*_lists(subject, job, start, incident), strict=True):
            self._named.setdefault(j, []).append((k, s))
            pairs += [(o, k, max(s, t), i) for o, t in self._workers.get(j, ())]
        self._add(pairs)

    def _add(self, pairs: list[tuple[int, int, int, bool]]) -> None:
        """Take over who worked on a job of whom, from when on."""
        if not pairs:
            return
        table = np.array(pairs, np.int64)
        for kind, some in zip(
            JOBS, (table[table[:, 3] == 1], table[table[:, 3] == 0]), strict=True
        ):
            officer, subject, start, _ = some.T
            never = np.full(len(some), NEVER)
            self.own[kind].add(combine(officer, subject), start, never)
            self.unit[kind].add(combine(self.unit_of(officer), subject), start, never)


def _by_job() -> dict[str, Spans]:
    return {kind: Spans(SLACK_US) for kind in JOBS}


def _never(which: Flags) -> Ints:
    return np.full(int(which.sum()), NEVER, np.int64)


def _lists(*columns: NDArray[Any]) -> Iterable[list[Any]]:
    return [column.tolist() for column in columns]


def _subjects(rows: pa.Table) -> Ints:
    return as_integers(keys(rows["subject_key"]))


def _span(rows: pa.Table) -> tuple[Ints, Ints]:
    return micros(rows["valid_from"]), micros(rows["valid_to"])
