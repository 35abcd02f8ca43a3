"""Consoles that stay logged in: what colleagues ask is logged under the account of who left."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from misusesim.clock import DAY_US
from misusesim.dataset.schema import ROLES
from misusesim.occasions import NONE
from misusesim.workload.setting import SECOND_US

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from misusesim.scenario.model import Oddity
    from misusesim.workload.odd_occasions import Files

    I64Array = NDArray[np.int64]

#: Units that sit around the clock at consoles of their own (domain note 6: a 24-hour console id).
_MANNED: Final = ("dispatcher", "jail")
_STAYS_US: Final = DAY_US  # nobody logs out for a day
_SITS_THERE: Final = (
    0.34  # of those who come on after him, whoever sits at his console (assumption)
)
_PLACE_BITS: Final = 36  # seconds of the longest horizon and more


def shared_console(files: Files, odd: Oddity) -> NDArray[np.int32]:
    """Return under whose account each honest occasion is logged; NONE: the officer's own.

    Parameters
    ----------
    files
        What oddities are hung on.
    odd
        Its share is of the shifts at consoles after which nobody logs out.
    """
    setting, honest = files.setting, files.honest
    left = _left_logged_in(files, odd)
    account = np.full(len(honest), NONE, np.int32)
    if not len(left):
        return account
    shifts, zero = setting.shifts, setting.clock.week_bounds(-2)[0]
    unit = _units(files)
    ended = unit[shifts.officer[left]] << _PLACE_BITS | (shifts.end[left] - zero) // SECOND_US
    order = np.argsort(ended, kind="stable")
    left, ended = left[order], ended[order]
    rows = np.flatnonzero(setting.has_role(*_MANNED)[honest.officer])
    mine, start = honest.officer[rows], honest.start[rows]
    asked = unit[mine] << _PLACE_BITS | (start - zero) // SECOND_US
    at = np.maximum(np.searchsorted(ended, asked, side="right") - 1, 0)
    shift = left[at]
    holder = shifts.officer[shift]
    open_ = (ended[at] <= asked) & (unit[holder] == unit[mine]) & (holder != mine)
    open_ &= start < np.minimum(shifts.start[shift] + _STAYS_US, setting.officers.left[holder])
    second = (shifts.start[shift] - zero) // SECOND_US
    open_ &= setting.officer_dice(mine, second, 30).chance("sits at the console", _SITS_THERE)
    account[rows[open_]] = holder[open_]
    return account


def _left_logged_in(files: Files, odd: Oddity) -> I64Array:
    """Return the rows of shifts at consoles after which nobody logs out."""
    setting = files.setting
    rows = np.flatnonzero(setting.has_role(*_MANNED)[setting.shifts.officer])
    second = (setting.shifts.start[rows] - setting.clock.week_bounds(-2)[0]) // SECOND_US
    dice = setting.officer_dice(setting.shifts.officer[rows], second, 30)
    return rows[dice.chance(f"oddity {odd.kind}", odd.share)]


def _units(files: Files) -> I64Array:
    """Return a number of each officer's agency and role."""
    setting = files.setting
    role = setting.officers.role.astype(np.int64)
    return np.asarray(setting.place * len(ROLES) + role)
