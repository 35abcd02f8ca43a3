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
    """Spans of presence (shifts, tenures) cut at every start and end.

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
        by_officer = np.argsort(officer, kind="stable")
        start, end, officer = start[by_officer], end[by_officer], officer[by_officer]
        first = np.searchsorted(self._edges, start)
        span = np.searchsorted(self._edges, end) - first
        row = np.repeat(np.arange(len(start)), span)
        cell = np.arange(len(row)) - np.repeat(np.cumsum(span) - span - first, span)
        # small integers are sorted in linear time
        small = len(self._edges) < 1 << 16
        order = np.argsort(cell.astype(np.uint16) if small else cell, kind="stable")
        self._officer = officer[row[order]]
        self._passed = np.zeros(len(row) + 1, np.int64)
        np.cumsum(weight[by_officer][row[order]], out=self._passed[1:])
        self._begin = np.zeros(len(self._edges) + 1, np.int64)
        np.cumsum(np.bincount(cell, minlength=len(self._edges)), out=self._begin[1:])

    def pick(
        self, time: I64Array, bits: NDArray[np.uint64], place: I64Array | int = 0
    ) -> NDArray[np.int32]:
        """Return an officer present at each time in the agency at a place, -1 if there is none."""
        low, high = self._range(apart(time, place))
        target = low + (rng.unit(bits) * (high - low)).astype(np.int64)
        at = np.searchsorted(self._passed, target, side="right") - 1
        officer = np.append(self._officer, np.int32(NONE))[np.minimum(at, len(self._officer))]
        return np.where(high > low, officer, NONE).astype(np.int32)

    def _range(self, time: I64Array) -> tuple[I64Array, I64Array]:
        cell = np.searchsorted(self._edges, time, side="right") - 1
        inside = (cell >= 0) & (cell < len(self._edges) - 1)
        cell = np.where(inside, cell, 0)
        low = self._passed[self._begin[cell]] if len(self._edges) else np.zeros(len(time), np.int64)
        high = self._passed[self._begin[cell + 1]] if len(self._edges) else low
        return np.where(inside, low, 0), np.where(inside, high, 0)


def on_duty(setting: Setting, officers: NDArray[np.bool_], weight: I64Array | int = 1) -> OnDuty:
    """Return the presence of some officers on their shifts; `weight` is per officer."""
    rows = setting.shifts_of(officers)
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
