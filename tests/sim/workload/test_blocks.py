"""Blocks of work made into shifts, by hand."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from misusesim.clock import HOUR_US, NEVER
from misusesim.dataset.schema import SHIFT_KINDS
from misusesim.workload.blocks import Blocks, shifts_of_blocks

REGULAR, OVERTIME, SWAP, COURT = (
    SHIFT_KINDS.index(k) for k in ("regular", "overtime", "swap", "court")
)


def made(*rows, hired=0, left=NEVER):
    """Return the shifts of blocks: officer, start, end, before, after (hours), kind."""
    officer, start, end, before, after, kind = (np.array(c) for c in zip(*rows, strict=True))
    people = SimpleNamespace(hired=np.full(9, hired * HOUR_US), left=np.full(9, left))
    blocks = Blocks(
        officer.astype(np.int32), start * HOUR_US, end * HOUR_US, before * HOUR_US,
        after * HOUR_US, kind.astype(np.int8),
    )  # fmt: skip
    out = shifts_of_blocks(blocks, people)
    return [
        (int(o), s / HOUR_US, e / HOUR_US, SHIFT_KINDS[k])
        for o, s, e, k in zip(
            out.officer, out.start.tolist(), out.end.tolist(), out.kind, strict=True
        )
    ]


def test_a_plain_day():
    """A block without overtime is one shift."""
    assert made((1, 8, 18, 0, 0, REGULAR)) == [(1, 8, 18, "regular")]


def test_overtime_becomes_shifts_of_its_own():
    """Overtime before and after are rows that adjoin."""
    assert made((1, 8, 18, 2, 0, REGULAR), (2, 8, 18, 0, 3, REGULAR)) == [
        (1, 6, 8, "overtime"), (1, 8, 18, "regular"), (2, 8, 18, "regular"),
        (2, 18, 21, "overtime"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("second", "expected"),
    [
        ((1, 20, 30, 0, 0, REGULAR), (1, 24, 30, "regular")),
        ((1, 24, 34, 0, 0, REGULAR), (1, 24, 34, "regular")),
        ((1, 26, 36, 4, 0, REGULAR), (1, 26, 36, "regular")),
        ((1, 18, 22, 0, 0, COURT), (1, 18, 22, "court")),
        ((1, 17, 20, 0, 0, COURT), (1, 18, 20, "court")),
    ],
    ids=["starts later", "enough rest", "gives up overtime", "court needs no rest", "court waits"],
)
def test_the_later_block_gives_way(second, expected):
    """After a shift from 8 to 18 the next begins at midnight at the earliest, court apart."""
    assert expected in made((1, 8, 18, 0, 0, REGULAR), second)


def test_too_little_left_is_not_worked():
    """Of a delayed shift less than two hours are not worth coming in."""
    assert made((1, 8, 18, 0, 0, REGULAR), (1, 15, 25, 0, 0, SWAP)) == [(1, 8, 18, "regular")]


def test_a_dropped_shift_frees_the_next():
    """Who did not come in for the second shift is measured against the first."""
    rows = made((1, 8, 18, 0, 0, REGULAR), (1, 15, 25, 0, 0, SWAP), (1, 30, 40, 0, 0, REGULAR))
    assert rows[1] == (1, 30, 40, "regular")


def test_others_are_not_in_the_way():
    """Two officers may work the same hours."""
    assert len(made((1, 8, 18, 0, 0, REGULAR), (2, 8, 18, 0, 0, REGULAR))) == 2


def test_tenure_is_kept():
    """A block that begins before hiring is left out."""
    assert made((1, 8, 18, 0, 0, REGULAR), (1, 48, 58, 0, 0, REGULAR), hired=20) == [
        (1, 48, 58, "regular")
    ]


def test_no_blocks():
    """Nothing gives nothing."""
    none = np.empty(0, np.int64)
    people = SimpleNamespace(hired=none, left=none)
    blocks = Blocks(none.astype(np.int32), none, none, none, none, none.astype(np.int8))
    assert len(shifts_of_blocks(blocks, people).start) == 0
