"""Who goes to a call: first come, first served; the unit idle longest goes; else the call waits."""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


def dispatch(
    calls: Sequence[int],
    service: Sequence[int],
    starts: Sequence[int],
    ends: Sequence[int],
    officers: Sequence[int],
) -> tuple[list[int], list[int]]:
    """Return the shift that took each call and when it began, -1 where nobody was left.

    Parameters
    ----------
    calls
        Times of the calls, ascending, integer microseconds.
    service
        How long each call takes, at least 1.
    starts, ends, officers
        Shifts by start; an officer's shifts are disjoint. A job may outlast its shift; the officer
        then begins his next one when he is done.
    """
    took, begin = [-1] * len(calls), [-1] * len(calls)
    idle: list[tuple[int, int]] = []  # (idle since, shift)
    busy: dict[int, int] = {}  # officer -> end of his last job
    posted = 0
    for call, now in enumerate(calls):
        while True:
            while posted < len(starts) and (
                starts[posted] <= now or not idle or starts[posted] <= idle[0][0]
            ):
                free = max(starts[posted], busy.get(officers[posted], 0))
                heapq.heappush(idle, (free, posted))
                posted += 1
            if not idle:
                return took, begin
            free, shift = heapq.heappop(idle)
            at = max(free, now)
            if at < ends[shift]:  # otherwise he has gone home: the unit is dropped
                break
        done = at + service[call]
        took[call], begin[call] = shift, at
        busy[officers[shift]] = done
        heapq.heappush(idle, (done, shift))
    return took, begin
