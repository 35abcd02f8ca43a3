"""When something odd begins and how it goes on: draws per officer and week, steps inside shifts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from misusesim.dice import lane
from misusesim.occasions import NONE
from misusesim.ordering import by_time
from misusesim.workload.setting import SECOND_US, Setting

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from misusesim.scenario.model import Oddity

    I64Array = NDArray[np.int64]

_WEEKS_PER_YEAR: Final = 365 / 7


class Moments(NamedTuple):
    """Officers and weeks in which something odd begins, with the bits of each."""

    officer: I64Array
    week: I64Array
    bits: NDArray[np.uint64]

    def at(self, some: NDArray[np.bool_]) -> Moments:
        """Return some of them."""
        return Moments(self.officer[some], self.week[some], self.bits[some])


def moments_of(
    setting: Setting, odd: Oddity, who: NDArray[np.bool_],
    per_run: NDArray[np.float64] | float = 1.0,
) -> Moments:  # fmt: skip
    """Return when oddities begin: a draw per officer and week; `per_run` may be per agency."""
    people, weeks = np.flatnonzero(who), np.arange(-1, setting.clock.weeks)
    officer, week = (axis.reshape(-1) for axis in np.meshgrid(people, weeks, indexing="ij"))
    dice = setting.officer_dice(officer, week + 1, 16)
    weekly = np.minimum(1.0, odd.rate_per_officer_year / np.asarray(per_run) / _WEEKS_PER_YEAR)
    share = np.broadcast_to(weekly, len(setting.agencies))[setting.place[officer]]
    begun = np.flatnonzero(dice.chance(f"oddity {odd.kind}", share))
    bits = dice.bits(f"oddity {odd.kind} course")[begun]
    return Moments(officer[begun], week[begun], bits)


class ByOfficerWeek:
    """Things of officers, found by officer and week."""

    def __init__(
        self, setting: Setting, officer: NDArray[np.integer], start: I64Array, rows: I64Array
    ) -> None:
        week = setting.clock.week_of(start)
        key = officer.astype(np.int64) << 12 | week + 1
        order = by_time(key, start - (start.min() if len(start) else 0))
        self._key, self._rows = key[order], rows[order]

    def pick(self, officer: I64Array, week: I64Array, die: I64Array) -> I64Array:
        """Return one row of the officer's week by a lane of bits, -1 where there is none."""
        key = officer << 12 | week + 1
        low = np.searchsorted(self._key, key)
        high = np.searchsorted(self._key, key, side="right")
        at = low + (die * (high - low) >> 16)
        found = np.append(self._rows, NONE)[np.minimum(at, len(self._rows))]
        return np.where(high > low, found, NONE)


def own_shifts(setting: Setting) -> ByOfficerWeek:
    """Return everybody's shifts by officer and week."""
    rows = setting.shifts_of(np.ones(len(setting.officers), np.bool_))
    shifts = setting.shifts
    return ByOfficerWeek(setting, shifts.officer[rows], shifts.start[rows], rows)


def shift_of(
    setting: Setting, officer: NDArray[np.integer], time: I64Array, among: I64Array | None = None
) -> I64Array:
    """Return the row of the officer's shift around each time, -1 outside any.

    As shifts of an officer do not overlap, only those of interest need be looked through: `among`
    are their rows.
    """
    shifts, zero = setting.shifts, setting.clock.week_bounds(-2)[0]
    rows = np.arange(len(shifts.officer)) if among is None else among
    if not len(rows):
        return np.full(len(time), NONE, np.int64)
    key = shifts.officer[rows].astype(np.int64) << 32 | (shifts.start[rows] - zero) // SECOND_US
    order = np.argsort(key, kind="stable")
    asked = officer.astype(np.int64) << 32 | (time - zero) // SECOND_US
    at = np.searchsorted(key[order], asked, side="right") - 1
    row = rows[order[np.maximum(at, 0)]]
    inside = (at >= 0) & (shifts.officer[row] == officer) & (time < shifts.end[row])
    return np.where(inside, row, NONE)


def within(setting: Setting, shift: I64Array, die: I64Array) -> I64Array:
    """Return a time inside each shift, whole seconds."""
    start, end = setting.shifts.start[shift], setting.shifts.end[shift]
    return start + (end - start) // 65536 * die // SECOND_US * SECOND_US


class Run(NamedTuple):
    """The steps of runs: the run of each step, its shift and time."""

    run: I64Array
    time: I64Array
    officer: I64Array
    bits: NDArray[np.uint64]


def steps_of(
    setting: Setting, shifts: ByOfficerWeek, moments: Moments, length: I64Array,
    per_week: I64Array, name: str,
) -> Run:  # fmt: skip
    """Return the steps of runs, each inside a shift of the officer; weeks without shifts skip."""
    run = np.repeat(np.arange(len(length)), length)
    nth = np.arange(len(run)) - np.repeat(np.cumsum(length) - length, length)
    officer, week = moments.officer[run], moments.week[run] + nth // np.maximum(per_week[run], 1)
    bits = setting.officer_dice(officer, moments.week[run] + 1 << 8 | nth, 20).bits(name)
    shift = shifts.pick(officer, week, lane(bits, 0))
    some = (shift >= 0) & (week < setting.clock.weeks)
    run, officer, bits, shift = run[some], officer[some], bits[some], shift[some]
    return Run(run, within(setting, shift, lane(bits, 1)), officer, bits)
