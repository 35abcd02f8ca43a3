"""Earlier queries of the same officer for the same subject, without a join over the past.

Each remembered row knows when a case number was last given for its pair of officer and subject, and
the last row of the pair on another local day. So a row's question is answered from the row before
it, and the other days by walking from day to day. The last row of each pair is found through
`head`, a table of places by a hash of the pair; pairs that share a place hang in a chain of `link`,
the latest row first. Both parts of a pair are compared, so two pairs never mix.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from misusebench.streaming import combine

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Rows = NDArray[np.int64]

#: Other days are counted no farther.
MOST_DAYS: Final = 7
_NEVER: Final = -(2**62)
_NO_DAY: Final = -(2**40)
_FIRST_ROOM: Final = 1 << 14
_PLACES: Final = 1 << 18

_COLUMNS: Final = (
    "_officer", "_subject", "_received", "_day", "_numbered", "_case", "_other", "_link",
)  # fmt: skip


class Asked(NamedTuple):
    """What is taken of each query, one array a column; rows in order of arrival."""

    officer: NDArray[np.int64]
    subject: NDArray[np.int64]
    received: NDArray[np.int64]
    day: NDArray[np.int64]  # local, since the epoch
    with_case: NDArray[np.bool_]


class Again(NamedTuple):
    """What came before each row, of the same officer and subject and within the memory."""

    other_days: NDArray[np.int64]  # local days but the row's own, at most MOST_DAYS
    with_case: NDArray[np.bool_]  # whether any earlier row had a case number


class Repeats:
    """What was asked, as far back as the memory goes."""

    def __init__(self, memory_us: int) -> None:
        self._memory = memory_us
        self._size = 0
        self._room(_FIRST_ROOM)

    def __len__(self) -> int:
        """Return how many rows are remembered."""
        return self._size

    def before(self, asked: Asked) -> Again:
        """Return what came before each row, earlier rows of the batch included; remember all."""
        n = len(asked.officer)
        if not n:
            return Again(np.zeros(0, np.int64), np.zeros(0, bool))
        self._forget(int(asked.received[0]) - self._memory)
        if self._size + n > len(self._link):
            self._grow(self._size + n)
        start, self._size = self._size, self._size + n
        new = slice(start, self._size)
        for name, values in zip(_COLUMNS, asked, strict=False):
            getattr(self, name)[new] = values
        case = self._hang(asked, new)
        return Again(self._days(asked, self._other[new]), case > asked.received - self._memory)

    def _room(self, room: int) -> None:
        self._officer, self._subject, self._received, self._day = (
            np.empty(room, np.int64) for _ in range(4)
        )
        self._numbered = np.empty(room, bool)
        self._case, self._other, self._link = (np.empty(room, np.int64) for _ in range(3))
        self._head = np.full(max(room, _PLACES), -1, np.int64)

    def _grow(self, least: int) -> None:
        """Make room for more rows, much more because all are put in their places anew."""
        columns = [getattr(self, name)[: self._size] for name in _COLUMNS[:5]]
        self._size = 0
        self._room(2 << least.bit_length())
        self.before(Asked(*columns))

    def _forget(self, oldest: int) -> None:
        """Drop rows beyond the memory, as soon as they are half of all."""
        size = self._size
        if not size or self._received[size // 2] > oldest:
            return
        kept = self._received[:size] > oldest
        gone = int(np.argmax(kept)) if kept.any() else size
        for name in _COLUMNS:
            column = getattr(self, name)
            column[: size - gone] = column[gone:size]
        self._size -= gone
        for pointers in (self._head, self._other[: self._size], self._link[: self._size]):
            np.subtract(pointers, gone, out=pointers)
            np.maximum(pointers, -1, out=pointers)

    def _hang(self, asked: Asked, new: slice) -> Rows:
        """Put new rows in their chains; return when a case number was last given before each."""
        key = combine(asked.officer, asked.subject)
        place = (key & np.uint64(len(self._head) - 1)).view(np.int64)
        chain = self._head[place]
        order, follows = self._batched(asked, key, place)
        case, other = self._earlier(asked, chain)
        _within(asked, order, follows, new.start, case, other)
        self._case[new] = np.where(asked.with_case, asked.received, case)
        self._other[new] = other
        leads = np.ones(len(key), bool)
        leads[order[:-1][follows[1:]]] = False
        self._link_leaders(np.flatnonzero(leads), asked, new.start, place, chain)
        return case

    def _batched(
        self, asked: Asked, key: NDArray[np.uint64], place: Rows
    ) -> tuple[Rows, NDArray[np.bool_]]:
        """Return the rows that share a place, pair by pair, and which follow one of their pair."""
        rows = np.arange(len(key))
        self._head[place] = rows  # of rows in one place the last stays
        last = self._head[place]
        lost = np.flatnonzero(last != rows)
        shared = np.zeros(len(rows), bool)
        shared[lost] = True
        shared[last[lost]] = True
        found = np.flatnonzero(shared)
        bits = np.uint64(len(found).bit_length())
        # Key and place in one number: sorting numbers is faster than a stable argsort.
        line = np.sort(((key[found] >> bits) << bits) | np.arange(len(found), dtype=np.uint64))
        order = found[(line & ((np.uint64(1) << bits) - np.uint64(1))).view(np.int64)]
        line >>= bits
        follows = np.zeros(len(order), bool)
        np.equal(line[1:], line[:-1], out=follows[1:])
        if not _alike(asked, order)[follows[1:]].all():  # one hash of two pairs
            order = order[np.lexsort((order, asked.subject[order], asked.officer[order]))]
            follows[1:] = _alike(asked, order)
        return order, follows

    def _same(self, asked: Asked, rows: Rows, at: Rows) -> NDArray[np.bool_]:
        """Return which rows of a batch are of the pair of remembered ones."""
        same: NDArray[np.bool_] = asked.subject[rows] == self._subject[at]
        same &= asked.officer[rows] == self._officer[at]
        return same

    def _earlier(self, asked: Asked, chain: Rows) -> tuple[Rows, Rows]:
        """Return what the last row of each pair before the batch says: its case, another day."""
        case, other = np.full(len(chain), _NEVER), np.full(len(chain), -1)
        going = np.flatnonzero(chain >= 0)
        at = chain[going]
        while len(going):
            same = self._same(asked, going, at)
            rows, last = going[same], at[same]
            case[rows] = self._case[last]
            today = self._day[last] == asked.day[rows]
            other[rows] = np.where(today, self._other[last], last)
            at, going = self._link[at[~same]], going[~same]
            on = np.flatnonzero(at >= 0)
            at, going = at[on], going[on]
        return case, other

    def _link_leaders(
        self, leads: Rows, asked: Asked, start: int, place: Rows, chain: Rows
    ) -> None:
        """Hang the last row of each pair of the batch before the chain of its place."""
        place, chain, rows = place[leads], chain[leads], leads + start
        replaced = np.flatnonzero(chain >= 0)
        replaced = replaced[self._same(asked, leads[replaced], chain[replaced])]
        chain[replaced] = self._link[chain[replaced]]
        self._link[rows] = chain
        self._head[place] = rows
        last = self._head[place]
        lost = np.flatnonzero(last != rows)
        if len(lost):
            crowd = np.zeros(len(asked.officer), bool)
            crowd[leads[lost]] = True
            crowd[last[lost] - start] = True
            crowded = np.flatnonzero(crowd[leads])
            crowded = crowded[np.argsort(place[crowded], kind="stable")]
            joins = place[crowded[1:]] == place[crowded[:-1]]
            self._link[rows[crowded[1:][joins]]] = rows[crowded[:-1][joins]]

    def _days(self, asked: Asked, at: Rows) -> Rows:
        """Return how many other days the rows' pairs were asked for within the memory."""
        count = np.zeros(len(at), np.int64)
        going = np.flatnonzero(at >= 0)
        at, oldest = at[going], asked.received[going] - self._memory
        on = np.flatnonzero(self._received[at] > oldest)
        rows, at, oldest, going = going[on], at[on], oldest[on], np.arange(len(on))
        days = np.full((len(rows), MOST_DAYS + 1), _NO_DAY)
        days[:, 0], days[:, 1] = asked.day[rows], self._day[at]
        found = np.ones(len(rows), np.int64)
        reached = 1
        while len(going):
            at = self._other[at]
            on = np.flatnonzero(
                (at >= 0) & (found[going] < MOST_DAYS) & (self._received[at] > oldest[going])
            )
            at, going = at[on], going[on]
            day = self._day[at]
            new = (days[going, : reached + 1] != day[:, None]).all(axis=1)
            fresh = going[new]
            found[fresh] += 1
            days[fresh, found[fresh]] = day[new]
            reached = min(reached + 1, MOST_DAYS)
        count[rows] = found
        return count


def _alike(asked: Asked, order: Rows) -> NDArray[np.bool_]:
    """Return which rows, but the first, are of the pair of the one before."""
    subject, officer = asked.subject[order], asked.officer[order]
    same: NDArray[np.bool_] = subject[1:] == subject[:-1]
    same &= officer[1:] == officer[:-1]
    return same


def _within(
    asked: Asked, order: Rows, follows: NDArray[np.bool_], start: int, case: Rows, other: Rows
) -> None:
    """Correct, for rows with an earlier one of their pair in the batch, what came before."""
    # Only the groups of several rows count; most rows that share a place are alone in theirs.
    grouped = follows.copy()
    grouped[:-1] |= follows[1:]
    order, follows = order[grouped], follows[grouped]
    if not len(order):
        return
    at = np.arange(len(order))
    first = np.maximum.accumulate(np.where(follows, 0, at))
    numbered = np.full(len(at), -1)
    numbered[1:] = np.maximum.accumulate(np.where(asked.with_case[order], at, -1))[:-1]
    given = np.flatnonzero(numbered >= first)
    case[order[given]] = asked.received[order[numbered[given]]]
    day = asked.day[order]
    stays = follows.copy()
    stays[1:] &= day[1:] == day[:-1]
    run = np.maximum.accumulate(np.where(stays, 0, at))
    later = np.flatnonzero(run > first)
    other[order[later]] = order[run[later] - 1] + start
