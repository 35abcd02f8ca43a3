"""Who is there at a given moment, and one of them picked by weight."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from misusesim import rng
from misusesim.clock import WEEK_US
from misusesim.occasions import NONE

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from misusesim.workload.setting import Setting

    I64Array = NDArray[np.int64]


_AROUND_US: Final = 52 * WEEK_US
#: So far apart the times of neighbouring agencies are put on one axis: longer than any horizon
#: (ten years and what is remembered before them), and 8,000 agencies fit 63 bits.
APART_US: Final = 1 << 49


def apart(time: I64Array, place: I64Array | int) -> I64Array:
    """Return times of agencies on one axis, so that neighbours never meet."""
    return time + np.asarray(place, np.int64) * APART_US


class OnDuty:
    """Spans of presence (shifts, tenures) that may be cut at every start and end.

    Parameters
    ----------
    start, end
        UTC microseconds of each span.
    officer
        Whose span; ties inside a cell are in this order, so later hires change no earlier pick.
    weight
        Whole numbers above 0 are chances in proportion; 0 is never picked.
    """

    def __init__(
        self, start: I64Array, end: I64Array, officer: NDArray[np.int32], weight: I64Array
    ) -> None:
        self._edges = np.unique(np.concatenate([start, end]))
        order = np.argsort(officer, kind="stable")
        self._officer, self._weight = officer[order], weight[order]
        self._first = np.searchsorted(self._edges, start[order])
        self._last = np.searchsorted(self._edges, end[order])

    def pick(
        self, time: I64Array, bits: NDArray[np.uint64], place: I64Array | int = 0
    ) -> NDArray[np.int32]:
        """Return an officer present at each time in the agency at a place, -1 if there is none."""
        cell = np.searchsorted(self._edges, apart(time, place), side="right")
        asked = np.zeros(len(self._edges) + 1, np.int64)
        asked[cell] = 1
        span, begin = self._present(np.cumsum(asked))
        passed = np.zeros(len(span) + 1, np.int64)
        np.cumsum(self._weight[span], out=passed[1:])
        cell = np.cumsum(asked)[cell] - 1
        low, high = passed[begin[cell]], passed[begin[cell + 1]]
        target = low + (rng.unit(bits) * (high - low)).astype(np.int64)
        at = np.searchsorted(passed, target, side="right") - 1
        there = np.append(self._officer[span], np.int32(NONE))[at]
        return np.where(high > low, there, NONE).astype(np.int32)

    def _present(self, upto: I64Array) -> tuple[I64Array, I64Array]:
        """Return the spans in each cell that is asked for, by officer, and where each cell begins.

        Two in three cells are never asked for and left out. `upto` tells of each edge how many of
        the cells before it are.
        """
        first, count = upto[self._first], int(upto[-1])
        length = upto[self._last] - first
        span = np.repeat(np.arange(len(length)), length)
        cell = np.arange(len(span)) - np.repeat(np.cumsum(length) - length - first, length)
        # small integers are sorted in linear time
        order = np.argsort(cell.astype(np.uint16) if count < 1 << 16 else cell, kind="stable")
        begin = np.zeros(count + 1, np.int64)
        np.cumsum(np.bincount(cell, minlength=count), out=begin[1:])
        return span[order], begin


def on_duty(setting: Setting, officers: NDArray[np.bool_], weight: I64Array | int = 1) -> OnDuty:
    """Return the presence of some officers on their shifts; `weight` is per officer."""
    return on_shifts(setting, setting.shifts_of(officers), weight)


def on_shifts(setting: Setting, rows: I64Array, weight: I64Array | int = 1) -> OnDuty:
    """Return the presence of officers on some shifts; `weight` is per officer."""
    shifts, who = setting.shifts, setting.shifts.officer[rows]
    by_officer = np.broadcast_to(np.asarray(weight, np.int64), len(setting.officers))
    start, end = (apart(time[rows], setting.place[who]) for time in (shifts.start, shifts.end))
    return OnDuty(start, end, who, by_officer[who])


def anybody(
    setting: Setting, officers: NDArray[np.bool_], time: I64Array, place: I64Array | int = 0
) -> NDArray[np.bool_]:
    """Return at which times one of some officers of the agency at a place is on shift."""
    rows, shifts = setting.shifts_of(officers), setting.shifts
    home = setting.place[shifts.officer[rows]]
    time = apart(time, place)
    begun = np.searchsorted(np.sort(apart(shifts.start[rows], home)), time, side="right")
    over = np.searchsorted(np.sort(apart(shifts.end[rows], home)), time, side="right")
    return np.asarray(begun > over)


def in_office(setting: Setting, officers: NDArray[np.bool_], weight: I64Array | int = 1) -> OnDuty:
    """Return who of some officers holds an account at any moment; `weight` is per officer."""
    rows = np.flatnonzero(officers)
    people, horizon = setting.officers, setting.clock.horizon
    by_officer = np.broadcast_to(np.asarray(weight, np.int64), len(people))
    # tenures may be longer than the axis has room for
    bounds = (horizon[0] - _AROUND_US, horizon[1] + _AROUND_US)
    hired, left = (
        apart(np.clip(time[rows], *bounds), setting.place[rows])
        for time in (people.hired, people.left)
    )
    return OnDuty(hired, left, rows.astype(np.int32), by_officer[rows])
