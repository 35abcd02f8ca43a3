"""Case load: cases queue for investigators, who sit down to them in their own shifts.

One SimPy process per case: it comes in, waits for its investigator, is worked, rests, comes back,
and is closed. Chance is drawn beforehand, by case and sitting, so the processes only settle when.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
import simpy

from misusesim.clock import DAY_US, NEVER
from misusesim.dice import lane
from misusesim.occasions import NONE, TEMPLATE, TOPIC, Occasions
from misusesim.plan import Cases
from misusesim.workload import durations, topics
from misusesim.workload.arrivals import DESK, arrivals
from misusesim.workload.durations import drawn
from misusesim.workload.onduty import in_office
from misusesim.workload.setting import MINUTE_US, SECOND_US, WEEK_BITS, select, work

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


class Sitting(NamedTuple):
    """One time an investigator sat down to a case."""

    case: int  # row
    nth: int
    start: int  # UTC microseconds


class Step(NamedTuple):
    """What was drawn for one sitting, microseconds."""

    length: int
    pause: int  # until the next one is due
    into_day: int  # how far into the shift it is taken up if it had to wait for one


class CaseLoad(NamedTuple):
    """Cases and the sittings on them."""

    cases: Cases
    occasions: Occasions


def case_load(setting: Setting) -> CaseLoad:
    """Return all cases of an agency's investigators, and their sittings."""
    cases, course = _opened(setting)
    detectives = Detectives(setting)
    env = simpy.Environment(initial_time=setting.clock.week_bounds(-1)[0])
    worked: list[Sitting] = []
    closed = np.full(len(cases.serial), NEVER, np.int64)
    first = np.concatenate([np.zeros(1, np.int64), np.cumsum(course.sittings)])
    for row, (opened, officer) in enumerate(
        zip(cases.opened.tolist(), cases.officer.tolist(), strict=True)
    ):
        plan = slice(int(first[row]), int(first[row + 1]))
        steps = [
            Step(*step)
            for step in zip(
                course.length[plan].tolist(),
                course.pause[plan].tolist(),
                course.into_day[plan].tolist(),
                strict=True,
            )
        ]
        due = opened + int(course.intake[row])
        env.process(detectives.case(env, row, officer, due, steps, worked, closed))
    env.run()
    closed = np.where(closed < NEVER, closed + course.closing, NEVER)
    cases = replace(cases, closed=closed)
    return CaseLoad(cases, _occasions(cases, course, first, sorted(worked)))


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
    opened, serial = [], []
    for week in setting.weeks:
        start = setting.clock.week_bounds(week)[0]
        there = detectives & (setting.officers.hired <= start) & (setting.officers.left > start)
        time = arrivals(setting, "cases", week, per_week * int(there.sum()), DESK)
        opened.append(time)
        serial.append((week + 1 << WEEK_BITS) + np.arange(len(time)))
    when, name = np.concatenate(opened), np.concatenate(serial)
    dice = setting.dice(name)
    officer = in_office(setting, detectives, setting.weights(_EVEN_SHARE)).pick(
        when, dice.bits("investigator")
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
    own = setting.dice(case << _SITTING_BITS | nth).bits("sitting")
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


class Detectives:
    """Desks of the investigators: one case at a time, in their shifts."""

    def __init__(self, setting: Setting) -> None:
        rows = setting.shifts_of(setting.has_role("detective"))
        self._starts: dict[int, list[int]] = {}
        self._ends: dict[int, list[int]] = {}
        self._desks: dict[int, simpy.Resource] = {}
        for officer, start, end in zip(
            setting.shifts.officer[rows].tolist(),
            (setting.shifts.start[rows] + _SETTLING_US).tolist(),
            setting.shifts.end[rows].tolist(),
            strict=True,
        ):
            self._starts.setdefault(officer, []).append(start)
            self._ends.setdefault(officer, []).append(end)

    def at_work(self, officer: int, time: int) -> int | None:
        """Return the first moment from `time` on at which the officer is on shift."""
        starts = self._starts.get(officer, [])
        at = bisect_right(starts, time)
        if at and time < self._ends[officer][at - 1]:
            return time
        return starts[at] if at < len(starts) else None

    def case(
        self,
        env: simpy.Environment,
        row: int,
        officer: int,
        due: int,
        course: list[Step],
        worked: list[Sitting],
        closed: NDArray[np.int64],
    ) -> Generator[simpy.Event, Any, None]:
        """Live through one case; note its sittings in `worked` and its last end in `closed`."""
        if officer not in self._desks:
            self._desks[officer] = simpy.Resource(env)
        desk = self._desks[officer]
        for nth, step in enumerate(course):
            shift = self.at_work(officer, max(due, int(env.now)))
            if shift is None:  # beyond the last shift known: the case stays open
                return
            due = due if shift == due else shift + step.into_day
            yield env.timeout(max(0, due - env.now))
            with desk.request() as turn:
                yield turn
                at = self.at_work(officer, int(env.now))
                if at is None:
                    return
                yield env.timeout(at - env.now)
                worked.append(Sitting(row, nth, int(env.now)))
                yield env.timeout(step.length)
            due = int(env.now) + step.pause
        closed[row] = env.now


def _occasions(cases: Cases, course: _Course, first: I64Array, worked: list[Sitting]) -> Occasions:
    row, nth, start = np.array(worked, np.int64).reshape(-1, 3).T
    return work(
        len(row),
        officer=cases.officer[row],
        start=start,
        n=course.n[first[row] + nth],
        gap_s=_GAP_S,
        template=TEMPLATE["case_session"],
        topic=cases.topic[row],
        subject=cases.subject[row],
        incident=NONE,
        case=cases.serial[row],
    )
