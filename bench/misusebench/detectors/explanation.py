"""Explanation-based auditing: the rarity of the best reason on file for asking for this person.

After the idea of explaining accesses to hospital records by templates over the organisation's own
tables (Fabbri and LeFevre, PVLDB 2011).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from misusebench.columns import DAY_US, HOUR_US, Words, keys, micros
from misusebench.facts_of_people import Roster
from misusebench.spans import NEVER, Spans
from misusebench.streaming import Counts, as_integers, combine

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pyarrow as pa
    from numpy.typing import NDArray

#: Best explanation first. `score` is the rarity of the best one that holds.
LEVELS: Final = (
    "subject of the officer's own incident or case",
    "subject of somebody's incident or case of the agency",
    "subject on a permit application, warrant or hotlist",
    "officer busy with some incident or case",
    "officer on shift",
    "nothing",
)
BARE: Final = LEVELS.index("officer busy with some incident or case")  # says nothing of whom
SLACK_US: Final = 2 * HOUR_US  # records are opened late and closed early
HANDLING_US: Final = HOUR_US  # an incident keeps its unit about so long
PAPERWORK_US: Final = 3 * DAY_US  # and its people are of interest so long
PAIR_STEP: Final = 0.75  # weight of each earlier unexplained query of the same person


class Explanation:
    """Rarity of the best explanation, plus what this officer already failed to explain.

    Known weakness: a real case of one's own explains everything; late records look like misuse.
    """

    name = "explanation"
    tiers = ("T2", "T3")
    needs = ("agency_id", "officer_id", "time", "received_at", "subject_key")

    def __init__(self) -> None:
        self._roster, self._files = Roster(), Files()
        self._pairs = Counts()
        self._rarity = np.arange(len(LEVELS), dtype=np.float64)

    def fit(self, history: pa.Table, context: Mapping[str, pa.Table]) -> None:
        """Learn how common each explanation is."""
        for table, rows in context.items():
            self.observe(table, rows)
        level = self._levels(history)
        count = np.bincount(level, minlength=len(LEVELS)) + 1.0
        # the share explained no better than this: monotone, so a worse explanation is never rarer
        self._rarity = -np.log(np.cumsum(count[::-1])[::-1] / count.sum())
        self._unexplained(history, level)

    def observe(self, table: str, rows: pa.Table) -> None:
        """Take over context rows as they become known."""
        self._roster.learn(table, rows)
        self._files.learn(table, rows)

    def score(self, batch: pa.RecordBatch) -> NDArray[np.float64]:
        """Return rarity of the best explanation + 0.75 ln(1 + earlier unexplained of the pair)."""
        level = self._levels(batch)
        earlier = self._unexplained(batch, level)
        bare = level >= BARE
        return self._rarity[level] + PAIR_STEP * np.log1p(np.where(bare, earlier, 0))

    def _unexplained(
        self, rows: pa.RecordBatch | pa.Table, level: NDArray[np.int64]
    ) -> NDArray[np.int64]:
        officer = self._files.officers.codes(rows["officer_id"])
        pair = combine(officer, as_integers(keys(rows["subject_key"])))
        return self._pairs.before(pair, (level >= BARE).astype(np.int64))

    def _levels(self, rows: pa.RecordBatch | pa.Table) -> NDArray[np.int64]:
        time = micros(rows["time"])
        officer = self._files.officers.codes(rows["officer_id"])
        agency = self._files.agencies.codes(rows["agency_id"])
        subject = as_integers(keys(rows["subject_key"]))
        level = np.full(len(time), 5, np.int64)
        on_shift = self._roster.off_shift_us(self._roster.officers.codes(rows["officer_id"]), time)
        level[on_shift == 0] = 4
        level[self._files.busy.covers(combine(officer), time)] = 3
        level[self._files.listed.covers(combine(agency, subject), time)] = 2
        level[self._files.involved.covers(combine(agency, subject), time)] = 1
        level[self._files.own.covers(combine(officer, subject), time)] = 0
        return level


class Files:
    """Incidents, cases and lists of the organisation, as known so far."""

    def __init__(self) -> None:
        self.officers, self.agencies = Words(), Words()
        self.busy, self.own = Spans(SLACK_US), Spans(SLACK_US)
        self.involved, self.listed = Spans(SLACK_US), Spans(SLACK_US)
        self._job_of = Words()
        self._agency_of: dict[int, int] = {}
        self._workers: dict[int, list[tuple[int, int]]] = {}
        self._named: dict[int, list[tuple[int, int, int]]] = {}

    def learn(self, table: str, rows: pa.Table) -> None:
        """Take over rows of a dispatch table; other tables are passed over."""
        short = table.removeprefix("dispatch/")
        if short in ("incidents", "cases"):
            jobs = self._job_of.codes(rows[f"{short[:-1]}_id"])
            agencies = self.agencies.codes(rows["agency_id"])
            self._agency_of.update(zip(jobs.tolist(), agencies.tolist(), strict=True))
        elif short in ("warrants", "applications", "hotlists"):
            subject = as_integers(keys(rows["subject_key"]))
            agency = self.agencies.codes(rows["agency_id"])
            self.listed.add(combine(agency, subject), *_span(rows))
        elif short == "assignments":
            self._assign(rows)
        elif short == "involved":
            self._involve(rows)

    def _jobs(self, rows: pa.Table) -> NDArray[np.int64]:
        incident = self._job_of.codes(rows["incident_id"])
        return np.where(incident >= 0, incident, self._job_of.codes(rows["case_id"]))

    def _assign(self, rows: pa.Table) -> None:
        rows = rows.filter(rows["valid_to"].is_null())  # the row at the end of a job adds nothing
        officer, job = self.officers.codes(rows["officer_id"]), self._jobs(rows)
        start, _ = _span(rows)
        incident = rows["incident_id"].is_valid().to_numpy(zero_copy_only=False)
        self.busy.add(combine(officer), start, np.where(incident, start + HANDLING_US, NEVER))
        pairs = []
        for o, j, s in zip(officer.tolist(), job.tolist(), start.tolist(), strict=True):
            self._workers.setdefault(j, []).append((o, s))
            pairs += [(o, k, max(s, t), e) for k, t, e in self._named.get(j, ())]
        self._own(pairs)

    def _involve(self, rows: pa.Table) -> None:
        subject, job = as_integers(keys(rows["subject_key"])), self._jobs(rows)
        start, _ = _span(rows)
        incident = rows["incident_id"].is_valid().to_numpy(zero_copy_only=False)
        end = np.where(incident, start + PAPERWORK_US, NEVER)
        agency = np.array([self._agency_of.get(j, -1) for j in job.tolist()], np.int64)
        self.involved.add(combine(agency, subject), start, end)
        pairs = []
        for k, j, s, e in zip(
            subject.tolist(), job.tolist(), start.tolist(), end.tolist(), strict=True
        ):
            self._named.setdefault(j, []).append((k, s, e))
            pairs += [(o, k, max(s, t), e) for o, t in self._workers.get(j, ())]
        self._own(pairs)

    def _own(self, pairs: list[tuple[int, int, int, int]]) -> None:
        if pairs:
            table = np.array(pairs, np.int64)
            self.own.add(combine(table[:, 0], table[:, 1]), table[:, 2], table[:, 3])


def _span(rows: pa.Table) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    return micros(rows["valid_from"]), micros(rows["valid_to"])
