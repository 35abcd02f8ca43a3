"""When a wish is acted on: in the officer's own shifts, or soon after one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from misusesim.clock import HOUR_US, MINUTE_US
from misusesim.scenario.levels import LEVELS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from misusesim.misuse.writing import Scene

_FREE_US: Final = 3 * HOUR_US
_LEAVING_US: Final = 5 * MINUTE_US


def on_duty_share(scene: Scene) -> float:
    """Return the share of steps that wait for a shift; the others come within hours of one.

    "Part off duty", domain note 5.1; how large a part is an assumption of the level.
    """
    return 1.0 - LEVELS[scene.scenario.level].after_work


def own_shifts(scene: Scene, officer: int) -> NDArray[np.int64]:
    """Return the rows of an officer's shifts, by start."""
    return np.flatnonzero(scene.shifts.officer == officer)


def in_shifts(scene: Scene, mine: NDArray[np.int64], wish: int) -> int:
    """Return a wish of a week as a wish at work: as far through that week's shifts as the week.

    Otherwise whatever is wished for on days off would be done on the first day back. Weeks without
    a shift stay as they are.

    Parameters
    ----------
    scene
        Shifts.
    mine
        The officer's shifts, by start.
    wish
        UTC microseconds.
    """
    week = int(scene.clock.week_of(np.array([wish]))[0])
    first, last = scene.clock.week_bounds(week)
    start, end = scene.shifts.start[mine], scene.shifts.end[mine]
    low, high = np.searchsorted(start, (first, last)).tolist()
    if low == high:
        return wish
    through = (wish - first) * (high - low)
    row, rest = divmod(through, last - first)
    begin, until = int(start[low + row]), int(end[low + row]) - _LEAVING_US
    return begin + int((until - begin) * rest // (last - first)) // 1_000_000 * 1_000_000


def moment(
    scene: Scene, mine: NDArray[np.int64], wish: int, duty: float, place: float
) -> int | None:
    """Return when a wish is acted on: at once on shift, else somewhere in the next shift.

    Before shifts are known, and after, the wish itself stands for the step; None if the officer has
    no shift any more because he left.

    Parameters
    ----------
    scene
        Shifts.
    mine
        The officer's shifts, by start.
    wish
        Not before this time, UTC microseconds.
    duty
        From `on_duty_share` on he acts within three hours after the shift.
    place
        Where in the shift, or after it, [0, 1).
    """
    if wish < scene.known_from:
        return wish
    start, end = scene.shifts.start[mine], scene.shifts.end[mine]
    at = int(np.searchsorted(end, wish + _LEAVING_US))
    if at >= len(mine):
        later = max(wish, scene.known_until)
        gone = not len(mine) or scene.officers.left[scene.shifts.officer[mine[0]]] <= later
        return None if gone else later
    on_duty = duty < on_duty_share(scene)
    if on_duty and start[at] <= wish:
        return wish
    begin, until = int(start[at]), int(end[at]) - _LEAVING_US
    if not on_duty:
        begin, until = int(end[at]), int(end[at]) + _FREE_US
    return begin + int((until - begin) * place) // 1_000_000 * 1_000_000
