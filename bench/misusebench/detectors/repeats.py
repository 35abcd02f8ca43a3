"""Earlier queries of the same officer for the same subject, without a join over the past.

Each remembered row knows when a case number was last given for its pair of officer and subject, and
the last row of the pair on another local day. So a row's question is answered from the row before
it, and the other days by walking from day to day. The last row of each pair is found through
`head`, a table of places by a hash of the pair; pairs that share a place hang in a chain of `link`.
Both parts of a pair are compared, so two pairs never mix.
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
    "_officer", "_subject", "_received", "_day", "_case", "_other", "_numbered", "_link",
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
        self._room(_FIRST_ROOM, _PLACES)

    def __len__(self) -> int:
        """Return how many rows are remembered."""
        return self._size

    def before(self, asked: Asked) -> Again:
        """Return what came before each row, earlier rows of the batch included; remember all."""
        n = len(asked.officer)
        if not n:
            return Again(np.zeros(0, np.int64), np.zeros(0, bool))
        self._forget(asked)
        base = self._size
        if base + n > len(self._link):
            self._grow(1 << (base + n - 1).bit_length())
        self._size += n
        rows = np.arange(base, base + n)
        columns = (self._officer, self._subject, self._received, self._day, self._numbered)
        for column, new in zip(columns, asked, strict=True):
            column[rows] = new
        case = self._hang(rows)
        return Again(self._days(rows), case > asked.received - self._memory)

    def _room(self, room: int, places: int) -> None:
        self._officer, self._subject, self._received, self._day, self._case, self._other = (
            np.empty(room, np.int64) for _ in range(6)
        )
        self._numbered = np.empty(room, bool)
        self._link = np.empty(room, np.int64)
        self._head = np.full(places, -1, np.int64)

    def _grow(self, room: int) -> None:
        """Make room for more rows, and for more pairs if chains get long."""
        if room > 2 * len(self._head):
            self._keep(np.arange(self._size), room)
            return
        for name in _COLUMNS:
            wider = np.empty(room, getattr(self, name).dtype)
            wider[: self._size] = getattr(self, name)[: self._size]
            setattr(self, name, wider)

    def _forget(self, asked: Asked) -> None:
        """Drop rows beyond the memory, as soon as they are half of all."""
        if not self._size:
            return
        oldest = int(asked.received[0]) - self._memory
        if self._received[self._size // 2] <= oldest:
            self._keep(np.flatnonzero(self._received[: self._size] > oldest), len(self._link))

    def _keep(self, kept: Rows, room: int) -> None:
        """Begin anew with some of the rows."""
        asked = Asked(
            self._officer[kept], self._subject[kept], self._received[kept], self._day[kept],
            self._numbered[kept],
        )  # fmt: skip
        self._size = 0
        self._room(room, max(room, _PLACES))
        if len(kept):
            self.before(asked)

    def _hang(self, rows: Rows) -> Rows:
        """Put new rows in their chains; return when a case number was last given before each."""
        start = int(rows[0])
        key = combine(self._officer[rows], self._subject[rows])
        place = (key & np.uint64(len(self._head) - 1)).astype(np.int64)
        chain = self._head[place]
        order, follows = self._batched(rows, key, place)
        old = self._last_of_pair(rows, chain)
        known = np.flatnonzero(old >= 0)
        last = old[known]
        case, other = np.full(len(rows), _NEVER), np.full(len(rows), -1)
        case[known] = self._case[last]
        today = self._day[last] == self._day[rows[known]]
        other[known] = np.where(today, self._other[last], last)
        self._within(order, follows, start, case, other)
        self._case[rows] = np.where(self._numbered[rows], self._received[rows], case)
        self._other[rows] = other
        leads = np.ones(len(rows), bool)
        leads[order[:-1][follows[1:]] - start] = False
        self._link_leaders(rows[leads], place[leads], chain[leads])
        return case

    def _batched(
        self, rows: Rows, key: NDArray[np.uint64], place: Rows
    ) -> tuple[Rows, NDArray[np.bool_]]:
        """Return the rows that share a place, pair by pair, and which follow one of their pair."""
        self._head[place] = rows  # of rows in one place the last stays
        last = self._head[place]
        shared = np.zeros(len(rows), bool)
        shared[last != rows] = True
        shared[last[last != rows] - rows[0]] = True
        found = np.flatnonzero(shared)
        bits = np.uint64(len(found).bit_length())
        # Key and place in one number: sorting numbers is faster than a stable argsort.
        line = np.sort(((key[found] >> bits) << bits) | np.arange(len(found), dtype=np.uint64))
        order = rows[found[(line & ((np.uint64(1) << bits) - np.uint64(1))).astype(np.int64)]]
        key = line >> bits
        follows = np.r_[False, key[1:] == key[:-1]]
        if not self._same(order[1:], order[:-1])[follows[1:]].all():  # one hash of two pairs
            order = order[np.lexsort((order, self._subject[order], self._officer[order]))]
            follows = np.r_[False, self._same(order[1:], order[:-1])]
        return order, follows[: len(order)]

    def _same(self, one: Rows, other: Rows) -> NDArray[np.bool_]:
        same: NDArray[np.bool_] = self._subject[one] == self._subject[other]
        same &= self._officer[one] == self._officer[other]
        return same

    def _last_of_pair(self, rows: Rows, chain: Rows) -> Rows:
        """Return the last row of each row's pair before the batch, -1 if there is none."""
        old = np.full(len(rows), -1)
        going = np.flatnonzero(chain >= 0)
        at = chain[going]
        while len(going):
            same = self._same(rows[going], at)
            old[going[same]] = at[same]
            at, going = self._link[at[~same]], going[~same]
            at, going = at[at >= 0], going[at >= 0]
        return old

    def _within(
        self, order: Rows, follows: NDArray[np.bool_], start: int, case: Rows, other: Rows
    ) -> None:
        """Correct, for rows with an earlier one of their pair in the batch, what came before."""
        at = np.arange(len(order))
        first = np.maximum.accumulate(np.where(follows, 0, at))
        numbered = np.maximum.accumulate(np.where(self._numbered[order], at, -1))
        numbered = np.r_[-1, numbered[:-1]][: len(at)]
        given = numbered >= first
        case[order[given] - start] = self._received[order[numbered[given]]]
        day = self._day[order]
        stays = follows & np.r_[False, day[1:] == day[:-1]][: len(at)]
        run = np.maximum.accumulate(np.where(stays, 0, at))
        later = run > first
        other[order[later] - start] = order[run[later] - 1]

    def _link_leaders(self, rows: Rows, place: Rows, chain: Rows) -> None:
        """Hang the last row of each pair of the batch before the chain of its place."""
        replaced = np.flatnonzero(chain >= 0)
        replaced = replaced[self._same(rows[replaced], chain[replaced])]
        chain[replaced] = self._link[chain[replaced]]
        self._link[rows] = chain
        self._head[place] = rows
        last = self._head[place]
        lost = last[last != rows]
        if len(lost):
            won = np.zeros(int(rows[-1]) - int(rows[0]) + 1, bool)
            won[lost - rows[0]] = True
            crowded = np.flatnonzero(won[last - rows[0]])
            crowded = crowded[np.argsort(place[crowded], kind="stable")]
            joins = place[crowded][1:] == place[crowded][:-1]
            self._link[rows[crowded[1:][joins]]] = rows[crowded[:-1][joins]]

    def _days(self, rows: Rows) -> Rows:
        """Return how many other days the rows' pairs were asked for within the memory."""
        count = np.zeros(len(rows), np.int64)
        at = self._other[rows]
        oldest = self._received[rows] - self._memory
        asked = np.flatnonzero((at >= 0) & (self._received[at] > oldest))
        if not len(asked):
            return count
        at, oldest, going = at[asked], oldest[asked], np.arange(len(asked))
        days = np.full((len(asked), MOST_DAYS + 1), _NO_DAY)
        days[:, 0] = self._day[rows[asked]]
        found = np.zeros(len(asked), np.int64)
        while len(going):
            day = self._day[at]
            new = (days[going] != day[:, None]).all(axis=1)
            fresh = going[new]
            found[fresh] += 1
            days[fresh, found[fresh]] = day[new]
            at = self._other[at]
            on = (at >= 0) & (found[going] < MOST_DAYS)
            on &= self._received[at] > oldest[going]
            at, going = at[on], going[on]
        count[asked] = found
        return count
