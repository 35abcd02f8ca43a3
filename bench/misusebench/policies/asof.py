"""What was known to hold at a time, and when the row that says so became known.

A row counts from its `known_at` on, never before; a later row of the same thing takes its place
from the moment when that one is known.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from misusebench.spans import NEVER, furthest

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Times = NDArray[np.int64]
    Keys = NDArray[np.uint64]
    Codes = NDArray[np.uint64] | NDArray[np.int64]

#: What is answered where no row says it.
NOTHING: Final = -1


class Held:
    """Spans of time by key, each with the moment at which its row became known.

    Examples
    --------
    One row of key 7 that holds from 10 to 20 and was known at 12:

    >>> held = Held()
    >>> held.add(np.array([7], np.uint64), *(np.array([t]) for t in (10, 20, 12)))
    >>> held.known(np.full(3, 7, np.uint64), np.array([11, 12, 21])).tolist()
    [-1, 12, -1]
    """

    def __init__(self) -> None:
        self._parts: list[tuple[Keys, Times, Times, Times]] = []

    def add(self, key: Keys, start: Times, end: Times, known: Times) -> None:
        """Add spans [start, end], both included, of rows known at a time; none counts before."""
        if len(key):
            self._parts.append((key, np.maximum(start, known), end, known))

    def known(self, key: Keys, time: Times) -> Times:
        """Return when the row that covers each time became known, NOTHING where none does.

        Of several rows the one that began last answers; if that one has ended and an older one has
        not, the answer rests on all that began, and the one known last counts.
        """
        if not self._parts or not len(key):
            return np.full(len(key), NOTHING, np.int64)
        columns = [np.concatenate(part) for part in zip(*self._parts, strict=True)]
        order = np.lexsort((columns[3], columns[1], columns[0]))
        own, start, end, known = (column[order] for column in columns)
        at = last_begun(own, start, key, time)
        row = np.maximum(at, 0)
        begun = (at >= 0) & (own[row] == key)
        covered = begun & (furthest(end, own)[row] >= time)
        told = np.where(end[row] >= time, known[row], furthest(known, own)[row])
        return np.where(covered, told, NOTHING)


def last_begun(own: Codes, start: Times, key: Codes, time: Times) -> NDArray[np.int64]:
    """Return the place of the last span at or before each (key, time), -1 where there is none.

    Spans are in order of key and start; the one at that place may be of a smaller key.
    """
    rows = np.r_[own, key]
    asked = np.r_[np.zeros(len(own), np.int8), np.ones(len(key), np.int8)]
    order = np.lexsort((asked, np.r_[start, time], rows))
    before = np.cumsum(asked[order] == 0) - 1
    at = np.empty(len(rows), np.int64)
    at[order] = before
    return at[len(own) :]


def revised(thing: Keys, known: Times, end: Times) -> Times:
    """Return until when each row is the last word on its thing: its end, or the next one's news.

    Parameters
    ----------
    thing
        What a row is about.
    known, end
        When it became known and until when it says that it holds, UTC microseconds.

    Examples
    --------
    What has no end is known at 9 to have ended at 8:

    >>> ends = np.array([NEVER, 8])
    >>> revised(np.zeros(2, np.uint64), np.array([1, 9]), ends).tolist()
    [8, 8]
    """
    order = np.lexsort((known, thing))
    upto = np.full(len(thing), NEVER, np.int64)
    same = thing[order][1:] == thing[order][:-1]
    upto[order[:-1][same]] = known[order[1:][same]] - 1
    return np.minimum(end, upto)
