"""Spans of time by key: whether any span of a key covers a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

NEVER: Final = 2**62
RECENT: Final = 16_384  # spans kept apart before they become a level
LEVELS_APART: Final = 4  # a level is at least so many times as large as the next one

Columns = tuple["NDArray[np.uint64]", "NDArray[np.int64]", "NDArray[np.int64]"]


class Spans:
    """A growing set of spans, in sorted levels of falling size.

    Adding sorts a small recent part; a level is merged with the next smaller one only when that has
    grown near it, so that each span is sorted a few times in all and not once a day.
    """

    def __init__(self, slack_us: int = 0) -> None:
        self._slack = slack_us
        self._levels: list[_Sorted] = []
        self._recent, self._sorted_recent = _empty(), _Sorted(*_empty())
        self._stale = False

    def add(
        self, key: NDArray[np.uint64], start: NDArray[np.int64], end: NDArray[np.int64]
    ) -> None:
        """Add spans [start, end], both widened by the slack; `end` is NEVER while open."""
        if not len(key):
            return
        end = np.minimum(end, NEVER - self._slack) + self._slack
        self._recent = _joined(self._recent, (key, start - self._slack, end))
        self._stale = True
        if len(self._recent[0]) > RECENT:
            newest, self._recent = self._recent, _empty()
            while self._levels and len(self._levels[-1]) < LEVELS_APART * len(newest[0]):
                newest = _joined(self._levels.pop().columns, newest)
            self._levels.append(_Sorted(*newest))

    def covers(self, key: NDArray[np.uint64], time: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Return whether a span of the key covers each time, shape (rows,)."""
        found = np.zeros(len(key), np.bool_)
        for level in self._all():
            found |= level.covers(key, time)
        return found

    def latest(self, key: NDArray[np.uint64], time: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return when the key's last span began that had begun by each time, -NEVER if none had.

        The slack counts as in `covers`: a span begins that much before what is returned.
        """
        found = np.full(len(key), -NEVER, np.int64)
        for level in self._all():
            found = np.maximum(found, level.latest(key, time))
        return np.where(found > -NEVER, found + self._slack, -NEVER)

    def _all(self) -> list[_Sorted]:
        if self._stale:
            self._sorted_recent, self._stale = _Sorted(*self._recent), False
        return [*self._levels, self._sorted_recent]


def _empty() -> Columns:
    return np.empty(0, np.uint64), np.empty(0, np.int64), np.empty(0, np.int64)


def _joined(left: Columns, right: Columns) -> Columns:
    key, start, end = (np.concatenate([a, b]) for a, b in zip(left, right, strict=True))
    return key, start, end


class _Sorted:
    """Spans by key and start, with the furthest end so far in the key."""

    def __init__(
        self, key: NDArray[np.uint64], start: NDArray[np.int64], end: NDArray[np.int64]
    ) -> None:
        order = np.lexsort((start, key))
        self._key, self._start = key[order], start[order]
        self._reach = furthest(end[order], self._key)

    def __len__(self) -> int:
        return len(self._key)

    @property
    def columns(self) -> Columns:
        """Spans that cover the same times: each ends where the furthest begun by then does."""
        return self._key, self._start, self._reach

    def covers(self, key: NDArray[np.uint64], time: NDArray[np.int64]) -> NDArray[np.bool_]:
        if not len(self._key):
            return np.zeros(len(key), bool)
        at, any_began = self._last_begun(key, time)
        covered: NDArray[np.bool_] = any_began & (self._reach[at] >= time)
        return covered

    def latest(self, key: NDArray[np.uint64], time: NDArray[np.int64]) -> NDArray[np.int64]:
        if not len(self._key):
            return np.full(len(key), -NEVER, np.int64)
        at, any_began = self._last_begun(key, time)
        return np.where(any_began, self._start[at], -NEVER)

    def _last_begun(
        self, key: NDArray[np.uint64], time: NDArray[np.int64]
    ) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """Return the place of the key's last span begun by each time, and whether there is one."""
        first = np.searchsorted(self._key, key, side="left")
        last = np.searchsorted(self._key, key, side="right")
        low, high = first.copy(), last.copy()
        for _ in range(int((last - first).max(initial=0)).bit_length()):  # bisect inside each run
            middle = (low + high) // 2
            early = (low < high) & (self._start[np.minimum(middle, len(self._start) - 1)] <= time)
            low, high = np.where(early, middle + 1, low), np.where(early, high, middle)
        at = low - 1
        return np.maximum(at, 0), at >= first


def _heads(key: NDArray[np.uint64]) -> NDArray[np.bool_]:
    first: NDArray[np.bool_] = np.ones(min(1, len(key)), np.bool_)
    return np.concatenate([first, key[1:] != key[:-1]])


def furthest(end: NDArray[np.int64], key: NDArray[np.uint64]) -> NDArray[np.int64]:
    """Return the running maximum of `end` within each run of equal keys (ranks avoid overflow)."""
    if not len(end):
        return end
    values, rank = np.unique(end, return_inverse=True)
    group = np.cumsum(_heads(key)) - 1
    packed = np.maximum.accumulate(group * len(values) + rank.reshape(-1))
    return values[packed - group * len(values)]  # type: ignore[no-any-return]
