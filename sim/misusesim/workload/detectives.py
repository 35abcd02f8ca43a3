"""Case load: cases queue for investigators, who sit down to them in their own shifts.

One SimPy process per investigator: a case comes in, waits for the desk, is worked, rests, comes
back, and is closed. Chance is drawn beforehand, by case and sitting, so the processes only settle
when. A process per case that asks for its investigator's desk is the oracle in the tests.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import replace
from heapq import heapify, heappop, heapreplace
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
import simpy

from misusesim.clock import DAY_US, NEVER, WEEK_US
from misusesim.dice import lane
from misusesim.occasions import NONE, TEMPLATE, TOPIC, Occasions
from misusesim.plan import SERIAL_BITS, Cases
from misusesim.workload import durations, topics
from misusesim.workload.arrivals import DESK, coming
from misusesim.workload.durations import drawn
from misusesim.workload.onduty import in_office
from misusesim.workload.setting import MINUTE_US, SECOND_US, select, work

if TYPE_CHECKING:
    from collections.abc import Generator

    from numpy.typing import NDArray

    from misusesim.workload.setting import Setting

    I64Array = NDArray[np.int64]

_GAP_S: Final = 90  # mean seconds between the queries of a sitting (assumption)
_SITTING_BITS: Final = 8  # at most 171 sittings
_EVEN_SHARE: Final = 0.3  # of case load spread evenly, the rest by appetite (assumption)
_INTAKE_MINUTES: Final = 240  # at most, from report to desk (assumption)
_DAY_MINUTES: Final = 480  # what waited overnight is taken up somewhere in these (assumption)
_CLOSING_DAYS: Final = 45  # at most, from last sitting to closing (assumption)
#: The day's work starts a little after the shift and piles up no second at its very end.
_SETTLING_US: Final = 10 * MINUTE_US


class CaseLoad(NamedTuple):
    """Cases and the sittings on them."""

    cases: Cases
    occasions: Occasions


def case_load(setting: Setting) -> CaseLoad:
    """Return all cases of the agencies' investigators, and their sittings."""
    cases, course = _opened(setting)
    env = simpy.Environment(initial_time=setting.clock.week_bounds(-1)[0])
    crew = Investigators(cases.opened + course.intake, course)
    order = np.argsort(cases.officer, kind="stable")
    names = np.unique(cases.officer)
    edges = _edges(cases.officer[order], names)
    for rows, starts, ends in zip(_cut(order, edges), *_shifts(setting, names), strict=True):
        env.process(crew.investigator(env, rows, starts, ends))
    env.run()
    ended, started = np.array(crew.ended, np.int64), np.array(crew.started, np.int64)
    closed = np.where(ended < NEVER, ended + course.closing, NEVER)
    cases = replace(cases, closed=closed)
    return CaseLoad(cases, _occasions(setting, cases, course, started))


class _Course(NamedTuple):
    """What was drawn for the cases; the last four columns hold one entry per sitting."""

    intake: I64Array
    closing: I64Array
    sittings: I64Array
    n: I64Array
    length: I64Array
    pause: I64Array
    into_day: I64Array


def _opened(setting: Setting) -> tuple[Cases, _Course]:
    """Return the cases as they come in, and how their work will go."""
    detectives = setting.has_role("detective")
    per_week = setting.scenario.workload.cases_per_detective_week
    expected = [per_week * setting.there(detectives, week) for week in setting.weeks]
    when, name = coming(setting, "cases", expected, DESK)
    dice = setting.dice(name)
    officer = in_office(setting, detectives, setting.weights(_EVEN_SHARE)).pick(
        when, dice.bits("investigator"), name >> SERIAL_BITS
    )
    topic = topics.CASES[lane(dice.bits("case topic"), 0)].astype(np.int16)
    victim = setting.people(dice, "victim")
    partner = setting.population.partner(victim)
    home = (topic == TOPIC["domestic"]) & (partner != victim)
    cases = Cases(
        serial=name, topic=topic, opened=when, closed=np.full(len(name), NEVER, np.int64),
        officer=officer, subject=np.where(home, partner, setting.people(dice, "suspect")),
        victim=victim,
    )  # fmt: skip
    kept = officer >= 0
    cases = select(cases, kept)
    return cases, _course(setting, cases.serial)


def _course(setting: Setting, serial: I64Array) -> _Course:
    bits = setting.dice(serial).bits("case course")
    count = drawn(durations.SITTINGS, bits)
    case = np.repeat(serial, count)
    nth = np.arange(len(case)) - np.repeat(np.cumsum(count) - count, count)
    own = setting.dice(case, nth, _SITTING_BITS).bits("sitting")
    n = drawn(durations.SITTING_QUERIES, own)
    pause = drawn(durations.SITTING_GAP_MINUTES, own, 1) * MINUTE_US
    return _Course(
        intake=(lane(bits, 1) * _INTAKE_MINUTES >> 16) * MINUTE_US,
        closing=(lane(bits, 2) * _CLOSING_DAYS >> 16) * DAY_US + lane(bits, 3) * SECOND_US,
        sittings=count,
        n=n,
        length=n * _GAP_S * SECOND_US,
        # spread within a factor of about two around the tabulated pause, in whole seconds
        pause=pause * (48 + (lane(own, 2) >> 9)) // 100 // SECOND_US * SECOND_US,
        into_day=(lane(own, 3) * _DAY_MINUTES * 60 >> 16) * SECOND_US,
    )


def _shifts(
    setting: Setting, officers: NDArray[np.integer]
) -> tuple[list[list[int]], list[list[int]]]:
    """Return starts and ends of each investigator's shifts, for some of them, ascending."""
    rows = setting.shifts_of(setting.has_role("detective"))
    rows = rows[np.argsort(setting.shifts.officer[rows], kind="stable")]
    edges = _edges(setting.shifts.officer[rows], officers)
    starts, ends = setting.shifts.start[rows] + _SETTLING_US, setting.shifts.end[rows]
    return _cut(starts, edges), _cut(ends, edges)


def _edges(sorted_names: NDArray[np.integer], names: NDArray[np.integer]) -> list[tuple[int, int]]:
    """Return from where to where each name stands."""
    low, high = (np.searchsorted(sorted_names, names, side) for side in ("left", "right"))
    return list(zip(low.tolist(), high.tolist(), strict=True))


def _cut(column: I64Array, edges: list[tuple[int, int]]) -> list[list[int]]:
    """Return parts of a column as lists."""
    values = column.tolist()
    return [values[low:high] for low, high in edges]


def at_work(starts: list[int], ends: list[int], time: int) -> int | None:
    """Return the first moment from `time` on at which somebody with these shifts is at work."""
    at = bisect_right(starts, time)
    if at and time < ends[at - 1]:
        return time
    return starts[at] if at < len(starts) else None


class Investigators:
    """Desks of the investigators: one case at a time, first come first served, in their shifts.

    Parameters
    ----------
    due
        When each case first reaches its investigator.
    course
        How the work on it will go.

    Attributes
    ----------
    started
        Of every sitting, when it began; NEVER if it did not.
    ended
        Of every case, when the last sitting ended; NEVER if that is beyond the shifts known.
    """

    def __init__(self, due: I64Array, course: _Course) -> None:
        self._due = due.tolist()
        self._last = np.cumsum(course.sittings).tolist()
        self._length, self._pause = course.length.tolist(), course.pause.tolist()
        self._into_day = course.into_day.tolist()
        self.started = [NEVER] * len(self._length)
        self.ended = [NEVER] * len(self._due)

    def investigator(
        self, env: simpy.Environment, rows: list[int], starts: list[int], ends: list[int]
    ) -> Generator[simpy.Event, Any, None]:
        """Live through the cases of one investigator, given by row.

        Nobody else is concerned by what he does, so the process wakes about once a week and
        settles in one go what follows until then.
        """
        woken = now = int(env.now)
        waiting = self._waiting(rows, starts, ends, now)
        while waiting:
            asked, _, row, sitting = waiting[0]
            at = at_work(starts, ends, max(now, asked))
            if at is None:
                return
            if at - woken > WEEK_US:
                yield env.timeout(at - woken)
                woken = at
            self.started[sitting] = at
            now = at + self._length[sitting]
            asked = NEVER
            if sitting + 1 < self._last[row]:
                asked = self._asked(starts, ends, now + self._pause[sitting], sitting + 1)
            else:
                self.ended[row] = now
            if asked < NEVER:
                heapreplace(waiting, (asked, now, row, sitting + 1))
            else:
                heappop(waiting)

    def _waiting(
        self, rows: list[int], starts: list[int], ends: list[int], now: int
    ) -> list[tuple[int, int, int, int]]:
        """Return a heap of (when it asks for the desk, when that was settled, row, sitting)."""
        first = [self._last[row - 1] if row else 0 for row in rows]
        waiting = [
            (self._asked(starts, ends, self._due[row], sitting), now, row, sitting)
            for row, sitting in zip(rows, first, strict=True)
        ]
        waiting = [one for one in waiting if one[0] < NEVER]
        heapify(waiting)
        return waiting

    def _asked(self, starts: list[int], ends: list[int], due: int, sitting: int) -> int:
        """Return when a sitting due at a time asks for the desk; NEVER: the case stays open."""
        shift = at_work(starts, ends, due)
        if shift is None:  # beyond the last shift known
            return NEVER
        return due if shift == due else shift + self._into_day[sitting]


def _occasions(setting: Setting, cases: Cases, course: _Course, started: I64Array) -> Occasions:
    some = np.flatnonzero((started < NEVER) & setting.asks(started))
    row = np.repeat(np.arange(len(cases.serial)), course.sittings)[some]
    return work(
        len(row),
        officer=cases.officer[row],
        start=started[some],
        n=course.n[some],
        gap_s=_GAP_S,
        template=TEMPLATE["case_session"],
        topic=cases.topic[row],
        subject=cases.subject[row],
        incident=NONE,
        case=cases.serial[row],
    )
