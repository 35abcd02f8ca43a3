"""Numbers keys as they come, for state by key: an open-addressed table in numpy arrays.

A dictionary of Python's takes some 130 bytes a key, which for the pairs of a year of ten million
queries is gigabytes; this takes 24 to 48, and whole batches are looked up at once.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Keys = NDArray[np.uint64] | NDArray[np.int64]
    Ints = NDArray[np.int64]

#: Odd numbers of the finaliser of SplitMix64 (Steele, Lea, Flood, OOPSLA 2014): each bit of a key
#: bears on each bit of its place, so that no stride of keys falls into few places.
_MIX: Final = (np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB))
_BITS: Final = 64
_FREE: Final = -1
_FIRST_BITS: Final = 8


class Grouped:
    """The rows of a batch by their keys; several counts of one key share it.

    Parameters
    ----------
    slot
        Number of each distinct key.
    place
        Of each row: where its key stands in `slot`.
    size
        How many keys are numbered by now.
    """

    def __init__(self, slot: Ints, place: Ints, size: int) -> None:
        self.slot, self.place, self.size = slot, place, size

    @cached_property
    def order(self) -> Ints:
        """The rows by key, those of one key as they came."""
        few = len(self.slot) <= 1 << 16
        # a stable sort of 16 bits is by radix, several times as fast
        return np.argsort(self.place.astype(np.uint16) if few else self.place, kind="stable")

    @cached_property
    def head(self) -> NDArray[np.bool_]:
        """Whether a row is the first of its key, in that order."""
        sorted_place = self.place[self.order]
        head = np.ones(len(sorted_place), np.bool_)
        head[1:] = sorted_place[1:] != sorted_place[:-1]
        return head


class Groups:
    """Numbers distinct 64-bit keys from 0 on; a key keeps its number.

    Examples
    --------
    >>> groups = Groups()
    >>> first = groups.of(np.array([7, 5, 7]))
    >>> first.slot[first.place].tolist()
    [1, 0, 1]
    >>> later = groups.of(np.array([5, 9]))
    >>> later.slot[later.place].tolist()
    [0, 2]
    """

    def __init__(self) -> None:
        self._make(_FIRST_BITS)
        self._count = 0

    def __len__(self) -> int:
        """Return how many keys are numbered."""
        return self._count

    def of(self, keys: Keys) -> Grouped:
        """Return the rows by key; keys never seen before get numbers in ascending order."""
        used, place = np.unique(keys, return_inverse=True)
        own = used.view(np.uint64)
        slot = self._found(own)
        new = np.flatnonzero(slot == _FREE)
        slot[new] = np.arange(self._count, self._count + len(new))
        self._count += len(new)
        if 2 * self._count > len(self._slot):
            taken = self._slot != _FREE
            old_keys, old_slots = self._keys[taken], self._slot[taken]
            self._make(int(2 * self._count).bit_length())
            self._put(old_keys, old_slots)
        self._put(own[new], slot[new])
        return Grouped(slot, place.reshape(-1), self._count)

    def _make(self, bits: int) -> None:
        self._shift = np.uint64(_BITS - bits)
        self._keys = np.zeros(1 << bits, np.uint64)
        self._slot = np.full(1 << bits, _FREE, np.int64)

    def _home(self, keys: NDArray[np.uint64]) -> Ints:
        mixed = (keys ^ (keys >> np.uint64(30))) * _MIX[0]
        mixed = (mixed ^ (mixed >> np.uint64(27))) * _MIX[1]
        return (mixed >> self._shift).view(np.int64)

    def _found(self, keys: NDArray[np.uint64]) -> Ints:
        """Return the numbers of distinct keys, `_FREE` for those that have none."""
        found, left = np.full(len(keys), _FREE, np.int64), np.arange(len(keys))
        at, last = self._home(keys), len(self._slot) - 1
        while len(left):
            slot = self._slot[at]
            same = (self._keys[at] == keys[left]) & (slot != _FREE)
            found[left[same]] = slot[same]
            go_on = (slot != _FREE) & ~same
            left, at = left[go_on], (at[go_on] + 1) & last
        return found

    def _put(self, keys: NDArray[np.uint64], slots: Ints) -> None:
        """Enter distinct keys that are not there; of those at one place the last one stays."""
        at, last = self._home(keys), len(self._slot) - 1
        while len(keys):
            free = self._slot[at] == _FREE
            self._slot[at[free]] = slots[free]
            stays = free & (self._slot[at] == slots)
            self._keys[at[stays]] = keys[stays]
            keys, slots, at = keys[~stays], slots[~stays], (at[~stays] + 1) & last
