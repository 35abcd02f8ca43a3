"""Who goes to a call: first come, first served; the unit idle longest goes; else the call waits."""

from __future__ import annotations

from heapq import heappop, heappush, heapreplace
from typing import TYPE_CHECKING

from misusesim.clock import NEVER

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
    nobody = len(starts)  # a shift that nobody works stands last in the queue and never goes
    free, ends, upcoming = [0] * nobody + [NEVER], [*ends, 0], [*starts, NEVER + 1]
    # whole numbers (idle since, shift) are compared in a third of the time of pairs
    bits, latest = nobody.bit_length(), dict.fromkeys(officers, nobody)
    mask, posted, soon = (1 << bits) - 1, 0, upcoming[0]
    idle = [NEVER << bits | nobody]
    for call, (now, length) in enumerate(zip(calls, service, strict=True)):
        while True:
            shift = idle[0] & mask
            at = free[shift]
            if soon <= now or soon <= at:
                before, latest[officers[posted]] = latest[officers[posted]], posted
                free[posted] = soon if before == nobody else max(soon, free[before])
                heappush(idle, free[posted] << bits | posted)
                posted += 1
                soon = upcoming[posted]
                continue
            if at < now:  # noqa: PLR1730 - a call of max takes as long as the rest
                at = now
            if at < ends[shift]:
                break
            if shift == nobody:
                return took, begin
            heappop(idle)  # he has gone home: the unit is dropped
        took[call], begin[call] = shift, at
        free[shift] = done = at + length
        heapreplace(idle, done << bits | shift)
    return took, begin
