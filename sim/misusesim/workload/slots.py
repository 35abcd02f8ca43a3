"""Slots of time that running numbers are counted in: of two in one slot the later moves on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from misusesim.ordering import by_time

if TYPE_CHECKING:
    from numpy.typing import NDArray

    I64Array = NDArray[np.int64]


def settle(slot: I64Array, serial: NDArray[np.integer], place: NDArray[np.integer]) -> I64Array:
    """Return slots that differ: the lowest serial stays, others move on to the next free one."""
    if not len(slot):
        return slot
    least, room = int(slot.min()), int(np.ptp(slot)) + len(slot) + 1
    base = place * room - least  # agencies do not meet
    slot, tie = slot + base, serial - serial.min()
    if (np.diff(place * (int(tie.max()) + 1) + tie) >= 0).all():
        order = turn = np.argsort(slot, kind="stable")  # mostly in order already, too
    else:
        order = by_time(slot, tie)
        turn = tie[order]
    settled = np.empty_like(slot)
    settled[order] = _queued(slot[order], turn)
    return settled - base


def _queued(slot: I64Array, turn: NDArray[np.integer]) -> I64Array:
    """Return what :func:`_one_by_one` does; the slots ascend, and turns among equal ones.

    Where those who wait stand in the order of their turns, everybody just takes the slot behind the
    one before.
    """
    steps = np.arange(len(slot))
    out = np.maximum.accumulate(slot - steps) + steps
    waits = out > slot
    overtakes = waits[1:] & (turn[1:] < turn[:-1])
    if overtakes.any():
        queue = np.cumsum(~waits)  # each begins with somebody who finds his slot free
        mixed = np.zeros(len(slot) + 1, np.bool_)
        mixed[queue[1:][overtakes]] = True
        at = np.flatnonzero(mixed[queue])
        out[at] = _one_by_one(slot[at], turn[at])
    return out


def _one_by_one(slot: I64Array, turn: NDArray[np.integer]) -> I64Array:
    """Return slots that differ: of two in one slot the lower turn stays, the other moves on."""
    slot = slot.copy()
    while True:
        order = by_time(slot, turn)
        same = slot[order[1:]] == slot[order[:-1]]
        if not same.any():
            return slot
        slot[order[1:][same]] += 1
