"""The fugitive unit: detectives who look for wanted persons, for some weeks each, in turn.

Transfers are what makes a roster hard to read: the same account, another unit from a day on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from misusesim import rng
from misusesim.clock import DAY_US
from misusesim.dataset.schema import ROLES

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from misusesim.clock import LocalClock
    from misusesim.world.model import Neighbours, Officers

    I64Array = NDArray[np.int64]

UNIT: Final = "fugitives"
_DETECTIVE: Final = ROLES.index("detective")
#: Agencies with so many detectives have a unit, and one in so many is in it; who is in it changes
#: after so many weeks (assumptions).
ONE_IN: Final = 8
_TERM_WEEKS: Final = 12


class Duty(NamedTuple):
    """Terms in the unit, one row each, by start."""

    officer: I64Array
    start: I64Array  # UTC microseconds
    end: I64Array

    def holds(self, officer: NDArray[np.integer], time: I64Array) -> NDArray[np.bool_]:
        """Return who is in the unit at each time."""
        terms: dict[int, list[tuple[int, int]]] = {}
        for who, since, until in zip(*(part.tolist() for part in self), strict=True):
            terms.setdefault(who, []).append((since, until))
        known = np.flatnonzero(np.isin(officer, self.officer))
        out = np.zeros(len(officer), np.bool_)
        out[known] = [
            any(since <= now < until for since, until in terms[who])
            for who, now in zip(officer[known].tolist(), time[known].tolist(), strict=True)
        ]
        return out


def unit_size(detectives: int) -> int:
    """Return how many of so many detectives look for wanted persons; 0: there is no unit."""
    return detectives // ONE_IN


def duty(seed: int, clock: LocalClock, staff: Neighbours, officers: Officers) -> Duty:
    """Return who is in the unit of each agency when; seats are counted on the first day.

    Parameters
    ----------
    seed
        The scenario's.
    clock
        Its calendar.
    staff, officers
        Some agencies, and all that hold accounts there.
    """
    rows = np.flatnonzero(officers.role == _DETECTIVE)
    place = staff.place[rows]
    first = np.bincount(
        place[officers.hired[rows] < clock.horizon[0]], minlength=len(staff.agencies)
    )
    size = np.array([unit_size(n) for n in first.tolist()], np.int64)
    rows = rows[size[place] > 0]
    own = (rows - staff.first[staff.place[rows]]).astype(np.uint64)
    entity = staff.numbers[staff.place[rows]] << np.uint64(32) | own
    offset = rng.draw(staff.numbers, rng.salt(seed, "fugitive terms")) % np.uint64(_TERM_WEEKS)
    begins = -offset.astype(np.int64)[staff.place[rows]]  # in weeks: agencies change at other times
    terms = [
        _term(clock, begins + term * _TERM_WEEKS, rows,
              rng.draw(entity, rng.salt(seed, f"fugitive unit {term}")), staff.place[rows], size,
              officers)
        for term in range(1 + -(-clock.weeks // _TERM_WEEKS))
    ]  # fmt: skip
    return Duty(*(np.concatenate(part) for part in zip(*terms, strict=True)))


def _term(
    clock: LocalClock, week: I64Array, rows: I64Array, bits: NDArray[np.uint64], place: I64Array,
    size: I64Array, officers: Officers,
) -> tuple[I64Array, I64Array, I64Array]:  # fmt: skip
    """Return who is drawn for a term, from when to when: only who is there when it begins."""
    start, end = (clock.day_start(7 * one) for one in (week, week + _TERM_WEEKS))
    present = (officers.hired[rows] <= start) & (officers.left[rows] > start + DAY_US)
    there = np.flatnonzero(present & (start < clock.horizon[1]))
    order = there[np.lexsort((bits[there], place[there]))]
    rank = np.arange(len(order)) - np.searchsorted(place[order], place[order])
    drawn = order[rank < size[place[order]]]
    who = rows[drawn]
    return who, start[drawn], np.minimum(officers.left[who], end[drawn])
