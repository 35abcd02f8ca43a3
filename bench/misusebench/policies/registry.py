"""Resolves a typed number to a case or an incident of the agency, as known at the time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from misusebench.columns import DAY_US, Words, distinct, micros
from misusebench.spans import NEVER, Spans
from misusebench.streaming import combine

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

#: An incident's number serves for its paperwork this long after it was opened.
INCIDENT_OPEN_US: Final = 30 * DAY_US
#: Records are written up to two hours around the work that they justify.
SLACK_US: Final = 2 * 3_600_000_000
ASSIGNED: Final = "(assigned)"


class Resolved(NamedTuple):
    """What a case fact is made of, one entry a row."""

    number: pa.Array  # text; "(assigned)" where dispatch supplies it
    exists: NDArray[np.bool_]
    is_open: NDArray[np.bool_]
    own: NDArray[np.bool_]  # of the officer's own agency


class Registry:
    """Case and incident numbers of all agencies, and who is assigned to what."""

    def __init__(self, context: Mapping[str, pa.Table]) -> None:
        self._agencies, self._numbers, self._officers = Words(), Words(), Words()
        self._known, self._open = Spans(), Spans(SLACK_US)
        self._abroad, self._busy = Spans(), Spans(SLACK_US)
        self._learn_incidents(context["dispatch/incidents"])
        self._learn_cases(context["dispatch/cases"])
        self._learn_assignments(context["dispatch/assignments"])
        directory = context["directory/agencies"]
        rules = zip(
            directory["agency_id"].to_pylist(), directory["case_field"].to_pylist(), strict=True
        )
        self._rule = dict(rules)

    def _learn_assignments(self, rows: pa.Table) -> None:
        """Take over who is on what: busy from the first row of a job to the end in its last."""
        words = Words()
        officer = self._officers.codes(rows["officer_id"])
        job = np.where(
            rows["incident_id"].is_valid(),
            words.codes(rows["incident_id"]),
            words.codes(rows["case_id"]),
        )
        last = np.lexsort((-micros(rows["known_at"]), combine(officer, job)))
        key = combine(officer, job)[last]
        last = last[np.r_[True, key[1:] != key[:-1]]] if len(key) else last
        start = micros(rows["valid_from"])[last]
        self._busy.add(combine(officer[last]), start, micros(rows["valid_to"])[last])

    def _learn_incidents(self, rows: pa.Table) -> None:
        opened = micros(rows["valid_from"])
        until = opened + INCIDENT_OPEN_US
        self._learn(rows, opened, until, np.ones(rows.num_rows, bool))

    def _learn_cases(self, rows: pa.Table) -> None:
        """Take over cases: open from the open row until the closed row of the same case."""
        status, words = distinct(rows["status"])
        is_open = np.array([*(word == "open" for word in words), False])[status]
        case, names = distinct(rows["case_id"])
        start = micros(rows["valid_from"])
        closed = np.full(len(names), NEVER, np.int64)
        np.minimum.at(closed, case[~is_open], start[~is_open])
        self._learn(rows, start, np.minimum(micros(rows["valid_to"]), closed[case]), is_open)

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
        known = np.maximum(start, micros(rows["known_at"]))
        own, never = combine(agency, number), np.full(len(start), 2**62)
        self._known.add(own, known - SLACK_US, never)
        self._abroad.add(combine(number), known, never)
        self._open.add(own[is_open], known[is_open], end[is_open])

    def resolve(self, log: pa.Table, time: NDArray[np.int64]) -> Resolved:
        """Return the case facts of each row of the log.

        The number is the one typed in the case field; failing that, a reason text that is a number
        of the registry; failing that, where the agency's screen does not demand one, the incident
        or case that dispatch has the officer on.
        """
        agency = self._agencies.codes(log["agency_id"])
        typed, typed_words = distinct(log["case_number"])
        said, said_words = distinct(log["reason_text"])
        field = np.array([self._numbers.find(w) for w in typed_words] + [-1])[typed]
        reason = np.array([self._numbers.find(w) for w in said_words] + [-1])[said]
        number = np.where(typed >= 0, field, reason)
        given = (typed >= 0) | (reason >= 0)
        own = (number >= 0) & self._known.covers(combine(agency, number), time)
        abroad = (number >= 0) & self._abroad.covers(combine(number), time)
        opened = own & self._open.covers(combine(agency, number), time)
        spared = ~given & self._spared(log) & self._assigned(log, time)
        return Resolved(
            number=self._texts(log, typed, reason, spared),
            exists=own | abroad | spared,
            is_open=opened | spared,
            own=own | spared,
        )

    def _spared(self, log: pa.Table) -> NDArray[np.bool_]:
        place, agencies = distinct(log["agency_id"])
        free = [self._rule.get(name, "mandatory") != "mandatory" for name in agencies]
        return np.array(free, bool)[place]

    def _assigned(self, log: pa.Table, time: NDArray[np.int64]) -> NDArray[np.bool_]:
        return self._busy.covers(combine(self._officers.codes(log["officer_id"])), time)

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
