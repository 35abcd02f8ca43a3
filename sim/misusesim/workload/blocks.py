"""Blocks of work become shifts: nobody is in two places, and everybody sleeps."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Final

import numpy as np

from misusesim.clock import HOUR_US
from misusesim.dataset.schema import SHIFT_KINDS
from misusesim.world.model import Shifts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from misusesim.world.model import Officers

    I64Array = NDArray[np.int64]

_OVERTIME, _COURT = SHIFT_KINDS.index("overtime"), SHIFT_KINDS.index("court")
_REST_US: Final = 6 * HOUR_US  # least pause between two shifts, court apart (assumption)
_SHORTEST_US: Final = 2 * HOUR_US  # what is left of a delayed shift is worked if this long
_SHORTEST_COURT_US: Final = HOUR_US // 2


@dataclass(frozen=True, slots=True)
class Blocks:
    """Columns, one row per time at work: a shift with the overtime around it."""

    officer: NDArray[np.int32]
    start: I64Array  # UTC microseconds, overtime apart
    end: I64Array
    before: I64Array  # overtime before the start, microseconds
    after: I64Array
    kind: NDArray[np.int8]  # code of schema.SHIFT_KINDS

    @staticmethod
    def concat(parts: Sequence[Blocks]) -> Blocks:
        """Return all parts in one."""
        names = [f.name for f in fields(Blocks)]
        return Blocks(**{n: np.concatenate([getattr(p, n) for p in parts]) for n in names})

    def take(self, rows: NDArray[np.generic]) -> Blocks:
        """Return the blocks at `rows`."""
        return Blocks(**{f.name: getattr(self, f.name)[rows] for f in fields(self)})


def shifts_of_blocks(blocks: Blocks, officers: Officers) -> Shifts:
    """Return shifts by (start, officer), overtime as shifts of their own."""
    there = blocks.start - blocks.before >= officers.hired[blocks.officer]
    there &= blocks.end + blocks.after <= officers.left[blocks.officer]
    kept = _apart(blocks.take(there))
    early, late = kept.take(kept.before > 0), kept.take(kept.after > 0)
    officer = np.concatenate([kept.officer, early.officer, late.officer])
    start = np.concatenate([kept.start, early.start - early.before, late.end])
    end = np.concatenate([kept.end, early.start, late.end + late.after])
    overtime = np.full(len(early.start) + len(late.start), _OVERTIME, np.int8)
    kind = np.concatenate([kept.kind, overtime])
    order = np.lexsort((officer, start))
    return Shifts(officer=officer[order], start=start[order], end=end[order], kind=kind[order])


def _apart(blocks: Blocks) -> Blocks:
    """Return blocks with rest between them: the later one gives way, first in its overtime."""
    blocks = blocks.take(np.lexsort((blocks.start - blocks.before, blocks.officer)))
    while True:
        begin, finish = blocks.start - blocks.before, blocks.end + blocks.after
        same = blocks.officer[1:] == blocks.officer[:-1]
        court = (blocks.kind[1:] == _COURT) | (blocks.kind[:-1] == _COURT)
        allowed = finish[:-1] + np.where(court, 0, _REST_US)
        late = np.zeros(len(begin), np.int64)
        late[1:] = np.where(same, np.maximum(allowed - begin[1:], 0), 0)
        if not late.any():
            return blocks
        late[1:][late[:-1] > 0] = 0  # one after the other: what gives way may also drop out
        cut = np.minimum(late, blocks.before)
        start = blocks.start + (late - cut)
        least = np.where(blocks.kind == _COURT, _SHORTEST_COURT_US, _SHORTEST_US)
        moved = Blocks(blocks.officer, start, blocks.end, blocks.before - cut, blocks.after,
                       blocks.kind)  # fmt: skip
        blocks = moved.take(blocks.end - start >= least)
