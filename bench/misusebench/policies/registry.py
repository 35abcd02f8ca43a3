"""Resolves a typed number to a case or an incident of the agency, as known at the time.

A row of the registry counts from its `known_at` on. A number that is typed before its record is
entered is a number that nobody can check.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from misusebench.columns import DAY_US, Words, distinct, micros
from misusebench.policies.asof import NOTHING, Held, revised
from misusebench.spans import NEVER
from misusebench.streaming import combine

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    Codes = NDArray[np.int64]

#: An incident's number serves for its paperwork this long after it was opened.
INCIDENT_OPEN_US: Final = 30 * DAY_US
#: Work may begin so long before its record says, and end so long after.
SLACK_US: Final = 2 * 3_600_000_000
ASSIGNED: Final = "(assigned)"


class Resolved(NamedTuple):
    """What a case fact is made of, one entry a row."""

    number: pa.Array  # text; "(assigned)" where dispatch supplies it
    exists: NDArray[np.bool_]
    is_open: NDArray[np.bool_]
    own: NDArray[np.bool_]  # of the officer's own agency
    assigned: NDArray[np.bool_]  # the officer was put on it
    known: NDArray[np.int64]  # when the last row read became known; NOTHING if none was


class Registry:
    """Case and incident numbers of all agencies, and who is assigned to what."""

    def __init__(self, context: Mapping[str, pa.Table]) -> None:
        self._agencies, self._numbers, self._officers = Words(), Words(), Words()
        self._known, self._open, self._abroad = Held(), Held(), Held()
        self._busy, self._put_on = Held(), Held()
        incidents, cases = context["dispatch/incidents"], context["dispatch/cases"]
        self._learn_incidents(incidents)
        self._learn_cases(cases)
        self._learn_assignments(context["dispatch/assignments"], incidents, cases)
        directory = context["directory/agencies"]
        rules = zip(
            directory["agency_id"].to_pylist(), directory["case_field"].to_pylist(), strict=True
        )
        self._rule = dict(rules)

    def _learn_assignments(self, rows: pa.Table, incidents: pa.Table, cases: pa.Table) -> None:
        """Take over who is on what, and under which number; the end of a job comes as a row."""
        words = Words()
        officer, start = self._officers.codes(rows["officer_id"]), micros(rows["valid_from"])
        incident, case = (words.codes(rows[name]) for name in ("incident_id", "case_id"))
        number = self._numbers_of(words, {"incident_id": incidents, "case_id": cases})
        job, known = np.where(incident >= 0, incident, case), micros(rows["known_at"])
        begun = start - SLACK_US
        until = np.minimum(micros(rows["valid_to"]), NEVER - SLACK_US) + SLACK_US
        until = revised(combine(officer, job, start), known, until)
        self._busy.add(combine(officer), begun, until, known)
        paper = np.where(incident >= 0, start + INCIDENT_OPEN_US, until)
        self._put_on.add(combine(officer, number[job]), begun, paper, known)

    def _numbers_of(self, words: Words, tables: Mapping[str, pa.Table]) -> Codes:
        """Return the number of each thing by its code, as first known; -1 for none."""
        things = [words.codes(table[name]) for name, table in tables.items()]
        numbers = [self._numbers.codes(table["number"]) for table in tables.values()]
        known = [micros(table["known_at"]) for table in tables.values()]
        last_first = np.argsort(-np.concatenate(known), kind="stable")
        found = np.full(len(words) + 1, -1)
        found[np.concatenate(things)[last_first]] = np.concatenate(numbers)[last_first]
        return found

    def _learn_incidents(self, rows: pa.Table) -> None:
        opened = micros(rows["valid_from"])
        until = opened + INCIDENT_OPEN_US + SLACK_US
        self._learn(rows, opened, until, np.ones(rows.num_rows, bool))

    def _learn_cases(self, rows: pa.Table) -> None:
        """Take over cases: each row that opens one counts until the next that closes it is known.

        A case that is opened again is open again.
        """
        status, words = distinct(rows["status"])
        is_open = np.array([*(word == "open" for word in words), False])[status]
        case, _ = distinct(rows["case_id"])
        start, known = micros(rows["valid_from"]), micros(rows["known_at"])
        closed = _closed(case, start, known, is_open)
        until = np.minimum(micros(rows["valid_to"]), NEVER - SLACK_US) + SLACK_US
        until = revised(combine(case, start, is_open.astype(np.int64)), known, until)
        self._learn(rows, start, np.minimum(until, closed), is_open)

    def _learn(
        self,
        rows: pa.Table,
        start: NDArray[np.int64],
        end: NDArray[np.int64],
        is_open: NDArray[np.bool_],
    ) -> None:
        number, agency = (
            self._numbers.codes(rows["number"]),
            self._agencies.codes(rows["agency_id"]),
        )
        known = micros(rows["known_at"])
        own, never = combine(agency, number), np.full(len(start), NEVER)
        self._known.add(own, start - SLACK_US, never, known)
        self._abroad.add(combine(number), start, never, known)
        begun = start - SLACK_US
        self._open.add(own[is_open], begun[is_open], end[is_open], known[is_open])

    def resolve(self, log: pa.Table, time: NDArray[np.int64]) -> Resolved:
        """Return the case facts of each row of the log.

        The number is the one typed in the case field; failing that, a reason text that is a number
        of the registry; failing that, where the agency's screen does not demand one, the incident
        or case that dispatch has the officer on.
        """
        agency = self._agencies.codes(log["agency_id"])
        officer = self._officers.codes(log["officer_id"])
        typed, typed_words = distinct(log["case_number"])
        said, said_words = distinct(log["reason_text"])
        field = np.array([self._numbers.find(w) for w in typed_words] + [-1])[typed]
        reason = np.array([self._numbers.find(w) for w in said_words] + [-1])[said]
        reason = np.where(self._there(reason, time), reason, -1)
        number = np.where(typed >= 0, field, reason)
        given = (typed >= 0) | (reason >= 0)
        sources = self._sources(agency, officer, number, time)
        busy = self._busy.known(combine(officer), time)
        spared = ~given & self._spared(log) & (busy > NOTHING)
        own, abroad, opened, put_on = (known > NOTHING for known in sources)
        read = np.where(own, np.maximum(sources[0], np.maximum(sources[2], sources[3])), sources[1])
        return Resolved(
            number=self._texts(log, typed, reason, spared),
            exists=own | abroad | spared,
            is_open=(own & opened) | spared,
            own=own | spared,
            assigned=(own & put_on) | spared,
            known=np.where(spared, busy, read),
        )

    def _there(self, number: Codes, time: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Return which numbers are of any record known by then."""
        return (number >= 0) & (self._abroad.known(combine(number), time) > NOTHING)

    def _sources(
        self, agency: Codes, officer: Codes, number: Codes, time: NDArray[np.int64]
    ) -> list[NDArray[np.int64]]:
        """Return when rows on the own number, any agency's, its status and staff became known."""
        own = combine(agency, number)
        found = [
            self._known.known(own, time), self._abroad.known(combine(number), time),
            self._open.known(own, time), self._put_on.known(combine(officer, number), time),
        ]  # fmt: skip
        return [np.where(number >= 0, known, NOTHING) for known in found]

    def _spared(self, log: pa.Table) -> NDArray[np.bool_]:
        place, agencies = distinct(log["agency_id"])
        free = [self._rule.get(name, "mandatory") != "mandatory" for name in agencies]
        return np.array(free, bool)[place]

    @staticmethod
    def _texts(
        log: pa.Table,
        typed: NDArray[np.int64],
        reason: NDArray[np.int64],
        spared: NDArray[np.bool_],
    ) -> pa.Array:
        field = log["case_number"].cast(pa.string())
        text = pc.if_else(pa.array(typed >= 0), field, log["reason_text"].cast(pa.string()))
        text = pc.if_else(pa.array((typed >= 0) | (reason >= 0)), text, "")
        return pc.fill_null(pc.if_else(pa.array(spared), ASSIGNED, text), "").combine_chunks()


def _closed(case: Codes, start: Codes, known: Codes, is_open: NDArray[np.bool_]) -> Codes:
    """Return until when the case of each row may be taken for open: the next row that closes it.

    That row counts once it is known; NEVER where none follows.
    """
    order = np.lexsort((~is_open, known, start, case))
    size, shut = len(order), np.maximum(start + SLACK_US, known - 1)
    places = np.where(is_open[order], size, np.arange(size))
    following = np.minimum.accumulate(places[::-1])[::-1]
    at = order[np.minimum(following, max(size - 1, 0))]
    same = (following < size) & (case[at] == case[order])
    found = np.empty(size, np.int64)
    found[order] = np.where(same, shut[at], NEVER)
    return found
