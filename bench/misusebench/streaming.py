"""State that grows with the log: what was seen before a row, exactly, for any batch size.

All classes answer for each row of a batch with what came before *that row* (earlier rows of the
same batch included) and then remember the batch. One row at a time or all at once, the answers are
the same bit for bit. Where several answer for the same keys, one :class:`Groups` numbers these for
all: each is given its :class:`Grouped` rows, of every batch and of no other keys.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from misusebench.groups import Grouped, Groups

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Keys = NDArray[np.uint64] | NDArray[np.int64] | Grouped


def combine(*parts: NDArray[np.generic]) -> NDArray[np.uint64]:
    """Return one 64-bit key for several columns (a mixing hash; order matters)."""
    key = np.zeros(len(parts[0]), np.uint64)
    for part in parts:
        key = (key ^ part.astype(np.int64, copy=False).view(np.uint64)) * np.uint64(
            0xBF58476D1CE4E5B9
        )
        key ^= key >> np.uint64(29)
        key *= np.uint64(0x94D049BB133111EB)
        key ^= key >> np.uint64(32)
    return key


def as_integers(keys: NDArray[np.uint64]) -> NDArray[np.int64]:
    """Return 64-bit keys as signed integers, bit for bit, for :func:`combine`."""
    return keys.view(np.int64)


def running(group: NDArray[np.int64], value: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return, for each row, the sum of `value` over earlier rows of the same group.

    Examples
    --------
    >>> running(np.array([0, 1, 0, 0]), np.array([5, 7, 1, 1])).tolist()
    [0, 0, 5, 6]
    """
    used, place = np.unique(group, return_inverse=True)
    return _running(Grouped(used, place.reshape(-1), len(used)), value)


def _running(group: Grouped, value: NDArray[np.int64]) -> NDArray[np.int64]:
    order, starts = group.order, group.head
    before = np.cumsum(value[order]) - value[order]
    base = before[starts][np.cumsum(starts) - 1]
    out = np.empty_like(before)
    out[order] = before - base
    return out


def _grown(array: NDArray[np.int64], size: int, fill: int) -> NDArray[np.int64]:
    if size <= len(array):
        return array
    bigger = np.full(max(size, 2 * len(array)), fill, np.int64)
    bigger[: len(array)] = array
    return bigger


class Counts:
    """How often, or how much, a key was seen before each row."""

    def __init__(self) -> None:
        self._groups = Groups()
        self._total = np.zeros(1024, np.int64)

    def before(self, keys: Keys, weight: NDArray[np.int64] | None = None) -> NDArray[np.int64]:
        """Return the sum of weights (default: the count) of earlier rows with the same key."""
        group = keys if isinstance(keys, Grouped) else self._groups.of(keys)
        slot, place = group.slot, group.place
        self._total = _grown(self._total, group.size, 0)
        value = np.ones(len(place), np.int64) if weight is None else weight.astype(np.int64)
        seen = self._total[slot][place] + _running(group, value)
        np.add.at(self._total, slot[place], value)
        return seen


class Times:
    """When a key was first and last seen before each row."""

    NEVER = -(2**62)

    def __init__(self) -> None:
        self._groups = Groups()
        self._first = np.full(1024, self.NEVER, np.int64)
        self._last = np.full(1024, self.NEVER, np.int64)

    def before(
        self, keys: Keys, time: NDArray[np.int64]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the times of the first and the last earlier row, ``NEVER`` if there is none."""
        group = keys if isinstance(keys, Grouped) else self._groups.of(keys)
        slot, place, order, head = group.slot, group.place, group.order, group.head
        self._first = _grown(self._first, group.size, self.NEVER)
        self._last = _grown(self._last, group.size, self.NEVER)
        first, last = self._first[slot][place], self._last[slot][place]
        follows = order[~head]
        last[follows] = time[order[np.flatnonzero(~head) - 1]]
        opening = np.empty(len(slot), np.int64)
        opening[place[order[head]]] = time[order[head]]
        opening = np.where(self._first[slot] == self.NEVER, opening, self._first[slot])
        first[follows] = opening[place[follows]]
        self._first[slot] = opening
        tail = np.append(head[1:], np.ones(min(1, len(head)), np.bool_))
        self._last[slot[place[order[tail]]]] = time[order[tail]]
        return first, last


class Window:
    """How many earlier rows of a group lie within a trailing span of time.

    Rows must come in non-decreasing order of `time`.
    """

    def __init__(self, span_us: int) -> None:
        self._span = span_us
        self._group = np.empty(0, np.int64)
        self._time = np.empty(0, np.int64)

    def before(self, group: NDArray[np.int64], time: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the number of earlier rows of the group in (time - span, time]."""
        if not len(time):
            return np.empty(0, np.int64)
        kept = self._time > time[0] - self._span
        n_old = int(kept.sum())
        every_group = np.r_[self._group[kept], group]
        every_time = np.r_[self._time[kept], time]
        order = np.argsort(every_group, kind="stable")
        offset = every_time[order] - every_time[0]
        reach = int(offset.max()) + self._span + 1
        _, dense = np.unique(every_group[order], return_inverse=True)
        line = dense.reshape(-1) * (2 * reach) + offset
        left = np.searchsorted(line, line - self._span, side="right")
        counts = np.empty(len(order), np.int64)
        counts[order] = np.arange(len(order)) - np.maximum(
            left, np.searchsorted(dense.reshape(-1), dense.reshape(-1), side="left")
        )
        self._group, self._time = every_group, every_time
        return counts[n_old:]
