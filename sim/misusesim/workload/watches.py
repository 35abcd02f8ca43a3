"""Who works when: regular watches, office hours, leave, swaps, overtime and court.

One SimPy process per watch plans its people week by week; swaps go over a board on which one watch
finds what another offers. Everything an officer does follows from draws of his own days, so a
longer horizon or a later colleague changes no earlier shift.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import simpy

from misusesim.clock import DAY_US, MINUTE_US, WATCHES, LocalClock
from misusesim.dataset.schema import ROLES, SHIFT_KINDS
from misusesim.dice import Dice, lane, of_65536
from misusesim.workload.absence import Absence
from misusesim.workload.blocks import Blocks, shifts_of_blocks
from misusesim.world.model import Shifts, Staff

if TYPE_CHECKING:
    from collections.abc import Generator

    import pyarrow as pa
    from numpy.typing import NDArray

    from misusesim.scenario.model import Scenario
    from misusesim.world.model import Agency, Officers

    I64Array = NDArray[np.int64]

OFFICE: Final = -1
_REGULAR, _SWAP, _COURT = (SHIFT_KINDS.index(k) for k in ("regular", "swap", "court"))
#: Office hours begin 07:00-09:30 in quarter hours, mostly at eight, and last nine (assumption).
_OFFICE_STARTS: Final = np.repeat(np.arange(420, 585, 15), (4, 6, 12, 8, 24, 10, 14, 6, 10, 3, 3))
_OFFICE_MINUTES: Final = 540
#: Who comes early or late at times, and how far from the usual start, in minutes (assumption).
_FLEXIBLE: Final = ("detective", "supervisor", "analyst", "it")
_FLEX_MINUTES: Final = np.array([-150, -90, 60, 120, 180, 240, 300, 360])
_OFFICE_DAYS: Final = 5.0
_MOVES_SHARE: Final = 0.5  # of rotations that lead to another watch (assumption)
_COURT_ROLES: Final = ("patrol", "detective", "supervisor", "jail")
_COURT_STARTS: Final = (510, 540, 570, 600, 780, 810)  # morning and afternoon calendars
_DAYS: Final = 7


def shifts(scenario: Scenario, agency: Agency, officers: Officers) -> tuple[Shifts, pa.Table]:
    """Return all shifts of one agency and its leave table; see :func:`block_shifts`."""
    duty, leave = block_shifts(scenario, Staff.of([agency], [officers]))
    return duty, leave[0]


def block_shifts(scenario: Scenario, staff: Staff) -> tuple[Shifts, list[pa.Table]]:
    """Return all shifts and the leave tables of some agencies.

    Weeks run from the warm-up to one week past the last: a call still waiting at the end needs a
    unit to wait for. An officer's shifts never overlap.

    Returns
    -------
    Shifts
        By (start, officer); officers as rows of the staff.
    list
        Per agency `schema.CONTEXT["roster"]["leave"]`, whole.
    """
    clock = LocalClock(scenario)
    weeks = range(-1, clock.weeks + 1)
    roster = Roster(scenario, staff, clock, weeks)
    env = simpy.Environment()
    board = {watch: simpy.Store(env) for watch in range(len(WATCHES))}
    for watch in range(OFFICE, len(WATCHES)):
        env.process(roster.watch(env, board, watch))
    env.run()
    return shifts_of_blocks(roster.blocks(), staff.officers), roster.absence.tables()


class Roster:
    """The plan of some agencies' watches as it grows; nobody swaps with another agency."""

    def __init__(self, scenario: Scenario, staff: Staff, clock: LocalClock, weeks: range) -> None:
        self._scenario, self._staff, self._officers = scenario, staff, staff.officers
        self._clock, self._weeks = clock, weeks
        self.absence = Absence(scenario, staff, clock, weeks)
        self._people = np.arange(len(staff), dtype=np.int64)
        self._parts: list[Blocks] = []
        self._court, self._flexible = (
            np.isin(self._officers.role, [ROLES.index(role) for role in roles])
            for roles in (_COURT_ROLES, _FLEXIBLE)
        )

    def watch(
        self, env: simpy.Environment, board: dict[int, simpy.Store], watch: int
    ) -> Generator[simpy.Event, Any, None]:
        """Plan one watch week by week; take part in swaps."""
        for week in self._weeks:
            members = self._members(watch, week)
            on = self._on_duty(watch, week, members)
            who, day = np.nonzero(on)
            officer, day = members[who], day + _DAYS * week
            offered = self._offer(board, watch, officer, day)
            yield env.timeout(0)  # all watches have posted what they offer
            offers: list[tuple[int, int, int]] = []
            while watch in board and board[watch].items:
                offers += yield board[watch].get()
            taken = self._take(watch, sorted(offers), officer, day, offered)
            self._add(watch, officer[~(offered | taken)], day[~(offered | taken)], _REGULAR)
            self._add_court(week, members, on)
            yield env.timeout(1)

    def blocks(self) -> Blocks:
        """Return all blocks of work planned so far."""
        return Blocks.concat(self._parts)

    def _dice(self, officer: I64Array, day: I64Array) -> Dice:
        """Return the dice of days of officers; a week is named by its first day."""
        key = self._staff.entity[officer] | (day + _DAYS).astype(np.uint64)
        return Dice(self._scenario.seed, key)

    def _members(self, watch: int, week: int) -> I64Array:
        """Return who is on a watch in a week, after all rotations."""
        every = self._scenario.staffing.rotation_weeks
        first = self._officers.watch.astype(np.int64)
        bits = self._dice(self._people, np.full(len(self._people), 0)).bits("rotation phase")
        term = (week + 1 + (lane(bits, 0) * every >> 16)) // every
        dice = self._dice(self._people, term * _DAYS)
        bits = dice.bits("rotation")
        moved = (term > 0) & (lane(bits, 0) < of_65536(_MOVES_SHARE)) & (first != OFFICE)
        now = np.where(moved, lane(bits, 1) * len(WATCHES) >> 16, first)
        return np.flatnonzero(now == watch)

    def _on_duty(self, watch: int, week: int, members: I64Array) -> NDArray[np.bool_]:
        """Return which of seven days each member works: 4 on and 3 off, or office days."""
        days = _DAYS * week + np.arange(_DAYS)
        duty = self._scenario.staffing.duty_days_per_week
        bits = self._dice(members, np.full(len(members), _DAYS * week)).bits("duty days")
        if watch == OFFICE:
            wanted = min(_OFFICE_DAYS, duty + 1)
            place = np.broadcast_to(np.arange(_DAYS), (len(members), _DAYS))
            open_days = self._clock.business_day(days)
        else:
            wanted = duty
            phase = self._dice(members, np.zeros(len(members), np.int64)).bits("days off")
            place = (np.arange(_DAYS) + (lane(phase, 0) * _DAYS >> 16)[:, None]) % _DAYS
            open_days = np.ones(_DAYS, np.bool_)
        whole = int(wanted)
        number = whole + (lane(bits, 1) < of_65536(wanted - whole))
        on = (place < number[:, None]) & open_days
        return np.asarray(on & ~self.absence.days(members, week) & self._there(members, days))

    def _there(self, members: I64Array, days: I64Array) -> NDArray[np.bool_]:
        hired, left = self._officers.hired[members], self._officers.left[members]
        start = self._clock.day_start(days)
        return (hired[:, None] <= start) & (left[:, None] >= start + 2 * DAY_US)

    def _offer(
        self, board: dict[int, simpy.Store], watch: int, officer: I64Array, day: I64Array
    ) -> NDArray[np.bool_]:
        """Post the shifts whose officers want another watch's hours that day."""
        if watch == OFFICE:
            return np.zeros(len(officer), np.bool_)
        bits = self._dice(officer, day).bits("swap")
        offered = lane(bits, 0) < of_65536(self._scenario.staffing.swap_share / 2)
        other = (watch + 1 + (lane(bits, 1) * (len(WATCHES) - 1) >> 16)) % len(WATCHES)
        for theirs in np.unique(other[offered]).tolist():
            rows = np.flatnonzero(offered & (other == theirs))
            columns = day[rows].tolist(), officer[rows].tolist(), [watch] * len(rows)
            board[theirs].put(list(zip(*columns, strict=True)))
        return offered

    def _take(
        self,
        watch: int,
        offers: list[tuple[int, int, int]],
        officer: I64Array,
        day: I64Array,
        offered: NDArray[np.bool_],
    ) -> NDArray[np.bool_]:
        """Answer the offers made to this watch; who answers works the other's hours."""
        taken = np.zeros(len(officer), np.bool_)
        if not offers:
            return taken
        when, other, home = np.array(offers, np.int64).T
        self._add(watch, other, when, _SWAP)
        days = len(self._weeks) * _DAYS
        asked, there = (
            self._staff.place[who] * days + at - self._weeks.start * _DAYS
            for who, at in ((other, when), (officer, day))
        )
        free = np.flatnonzero(~offered)
        dice = lane(self._dice(other, when).bits("swap partner"), 0)
        partner = np.append(free, -1)[partners(asked, there[free], dice)]
        taken[partner[partner >= 0]] = True
        for watch_of_theirs in np.unique(home).tolist():
            mine = partner[(home == watch_of_theirs) & (partner >= 0)]
            self._add(watch_of_theirs, officer[mine], day[mine], _SWAP)
        return taken

    def _add(self, watch: int, officer: I64Array, day: I64Array, kind: int) -> None:
        """Add days of work in the hours of a watch, with their overtime."""
        dice = self._dice(officer, day)
        if watch == OFFICE:
            habit = self._dice(officer, np.zeros(len(officer), np.int64)).bits("office hours")
            first = _OFFICE_STARTS[lane(habit, 0) * len(_OFFICE_STARTS) >> 16]
            first = first + self._flex(officer, dice)
            last = first + _OFFICE_MINUTES
        else:
            first, last = (np.full(len(officer), minute) for minute in WATCHES[watch])
        bits = dice.bits("overtime")
        some = lane(bits, 0) < of_65536(self._scenario.staffing.overtime_share)
        length = np.where(some, 60 + (lane(bits, 1) * 7 >> 16) * 30, 0)  # 1 to 4 hours
        early = lane(bits, 2) < of_65536(0.3)
        self._append(officer, day, first, last, kind, length * early, length * ~early)

    def _flex(self, officer: I64Array, dice: Dice) -> I64Array:
        """Return how many minutes later than usual each office day begins."""
        bits = dice.bits("flex")
        some = lane(bits, 0) < of_65536(self._scenario.staffing.flex_share)
        minutes = _FLEX_MINUTES[lane(bits, 1) * len(_FLEX_MINUTES) >> 16]
        return np.where(some & self._flexible[officer], minutes, 0)

    def _add_court(self, week: int, members: I64Array, on: NDArray[np.bool_]) -> None:
        """Add appearances in court on days off."""
        days = _DAYS * week + np.arange(_DAYS)
        free = ~on & ~self.absence.days(members, week) & self._there(members, days)
        free &= self._clock.business_day(days) & self._court[members][:, None]
        who, day = np.nonzero(free)
        officer, day = members[who], day + _DAYS * week
        bits = self._dice(officer, day).bits("court")
        called = lane(bits, 0) < of_65536(self._scenario.staffing.court_share)
        officer, day, bits = officer[called], day[called], bits[called]
        first = np.array(_COURT_STARTS)[lane(bits, 1) * len(_COURT_STARTS) >> 16]
        last = first + 90 + (lane(bits, 2) * 5 >> 16) * 30
        none = np.zeros(len(officer), np.int64)
        self._append(officer, day, first, last, _COURT, none, none)

    def _append(
        self, officer: I64Array, day: I64Array, first: I64Array, last: I64Array, kind: int,
        before: I64Array, after: I64Array,
    ) -> None:  # fmt: skip
        midnight = (day + self._clock.start_day) * DAY_US
        self._parts.append(Blocks(
            officer=officer.astype(np.int32),
            start=self._clock.utc(midnight + first * MINUTE_US),
            end=self._clock.utc(midnight + last * MINUTE_US),
            before=before * MINUTE_US,
            after=after * MINUTE_US,
            kind=np.full(len(officer), kind, np.int8),
        ))  # fmt: skip


def partners(asked: I64Array, there: I64Array, dice: I64Array) -> I64Array:
    """Return for each offer the row of who takes it, -1 where nobody is left; no row twice.

    Parameters
    ----------
    asked
        Day and agency of each offer, as one number.
    there
        The same of each row to choose from.
    dice
        16 bits per offer.
    """
    order = np.argsort(there, kind="stable")
    low, high = (np.searchsorted(there, asked, side, order).tolist() for side in ("left", "right"))
    left: dict[int, list[int]] = {}  # by place of the first row of that day and agency
    found = np.full(len(asked), -1, np.int64)
    for offer, (first, end, die) in enumerate(zip(low, high, dice.tolist(), strict=True)):
        if first == end:  # nobody; others begin at this place
            continue
        if first not in left:
            left[first] = order[first:end].tolist()
        if rows := left[first]:
            found[offer] = rows.pop(die * len(rows) >> 16)
    return found
