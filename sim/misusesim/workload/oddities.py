"""Honest but strange: what innocent officers do that looks like misuse.

Occasions of their own (`odd_occasions`) come from weekly draws per officer; ways of doing other
work are marks on honest occasions. Nothing here changes when or what honest work asks; at a
console that stays logged in, only under whose account.
"""

from __future__ import annotations

from dataclasses import fields, replace
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from misusesim.dataset.schema import SHIFT_KINDS
from misusesim.occasions import NONE, TEMPLATE, TOPIC, Occasions
from misusesim.workload import (
    odd_desks,
    odd_matters,
    odd_occasions,
    odd_people,
    odd_pursuits,
    odd_street,
)
from misusesim.workload.links import Links
from misusesim.workload.moments import shift_of
from misusesim.workload.odd_consoles import shared_console
from misusesim.workload.odd_occasions import KIND, Files, Found
from misusesim.workload.setting import SECOND_US, join, select
from misusesim.world.model import Shifts

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from misusesim.scenario.model import Oddity
    from misusesim.workload.setting import Setting

    I64Array = NDArray[np.int64]

__all__ = ["Files", "Odd", "oddities", "shift_of", "with_shifts"]


class Odd(NamedTuple):
    """What oddities add, and the marks they put on honest occasions."""

    occasions: Occasions  # unnumbered
    links: Links
    shifts: Shifts  # worked besides those planned, by start
    marks: NDArray[np.int8]  # per honest occasion: its oddity code, or NONE
    officer: NDArray[np.int32]  # per honest occasion: under whose account it is logged


def oddities(files: Files) -> Odd:
    """Return the oddities a scenario asks for; without entries there are none."""
    asked = files.setting.scenario.oddity
    found = [_MAKERS[odd.kind](files, odd) for odd in asked if odd.kind in _MAKERS]
    marks = files.honest.oddity.copy()
    for odd in asked:
        if odd.kind in _MARKERS:
            marks[_MARKERS[odd.kind](files, odd) & (marks == NONE)] = KIND[odd.kind]
    officer = files.honest.officer.copy()
    for odd in asked:
        if odd.kind == "shared_console":
            account = shared_console(files, odd)
            logged = (account != NONE) & (marks == NONE)
            marks[logged], officer[logged] = KIND[odd.kind], account[logged]
    return Odd(
        Occasions.concat([f.occasions for f in found]),
        Links.concat([f.links for f in found]),
        _more_shifts([f.shifts for f in found if f.shifts]),
        marks,
        officer,
    )


def _more_shifts(parts: Sequence[Shifts]) -> Shifts:
    """Return shifts in one, by start and officer."""
    time = np.empty(0, np.int64)
    none = Shifts(np.empty(0, np.int32), time, time, np.empty(0, np.int8))
    every = join([none, *parts])
    return select(every, np.lexsort((every.officer, every.start)))  # type: ignore[no-any-return]


def with_shifts(setting: Setting, more: Shifts) -> Setting:
    """Return the setting with more shifts, each where it belongs by its start."""
    at = np.searchsorted(setting.shifts.start, more.start, side="right")
    both = {
        f.name: np.insert(getattr(setting.shifts, f.name), at, getattr(more, f.name))
        for f in fields(Shifts)
    }
    return replace(setting, shifts=Shifts(**both))


def case_in_reason(files: Files, odd: Oddity) -> NDArray[np.bool_]:
    """Return where the number is typed into the reason field."""
    honest = files.honest
    numbered = (honest.incident >= 0) | (honest.case >= 0)
    dice = files.setting.dice(honest.serial)
    return np.asarray(numbered & dice.chance("oddity case_in_reason", odd.share))


def applicant_check(files: Files, odd: Oddity) -> NDArray[np.bool_]:
    """Return checks of applicants for jobs and ride-alongs, under the code that is right for them.

    A share of 1 marks them all; they are work as ever.
    """
    honest = files.honest
    checked = (honest.template == TEMPLATE["background_check"]) & (
        honest.topic == TOPIC["employment"]
    )
    dice = files.setting.dice(honest.serial)
    return np.asarray(checked & dice.chance("oddity applicant_check", odd.share))


def _in_shifts_of(kind: str, usual: float, files: Files, odd: Oddity) -> NDArray[np.bool_]:
    """Return honest occasions inside marked shifts of a kind.

    `share` is of all shifts; it cannot exceed what staffing makes of them.
    """
    setting = files.setting
    shifts = setting.shifts
    special = shifts.kind == SHIFT_KINDS.index(kind)
    second = (shifts.start - setting.clock.week_bounds(-1)[0]) // SECOND_US
    dice = setting.officer_dice(shifts.officer, second, 30)
    marked = special & dice.chance(f"oddity {odd.kind}", min(1.0, odd.share / max(usual, 1e-9)))
    honest = files.honest
    row = shift_of(setting, honest.officer, honest.start, np.flatnonzero(marked))
    return np.asarray(row != NONE)


def overtime(files: Files, odd: Oddity) -> NDArray[np.bool_]:
    """Return work after or before the regular shift."""
    share = files.setting.scenario.staffing.overtime_share
    return _in_shifts_of("overtime", share, files, odd)


def shift_swap(files: Files, odd: Oddity) -> NDArray[np.bool_]:
    """Return work in another watch's hours."""
    return _in_shifts_of("swap", files.setting.scenario.staffing.swap_share, files, odd)


_MAKERS: Final[dict[str, Callable[[Files, Oddity], Found]]] = {
    name: getattr(module, name)
    for module, names in {
        odd_occasions: (
            "self_query", "system_test", "same_surname", "wrong_dropdown", "hotlist_repeat",
            "victim_protection", "plate_before_stop",
        ),
        odd_people: ("relative_in_call", "lives_in_beat"),
        odd_street: ("abandoned_stop", "call_out"),
        odd_desks: (
            "backfill", "case_surge", "nickname_search", "records_counter_day",
            "auto_theft_batch",
        ),
        odd_pursuits: ("warrant_repeat", "sustained_pair", "window_widening"),
        odd_matters: (
            "joint_case", "medical_case", "broadcast_description", "cold_case_search",
            "validation_batch",
        ),
    }.items()
    for name in names
}  # fmt: skip
_MARKERS: Final[dict[str, Callable[[Files, Oddity], NDArray[np.bool_]]]] = {
    "overtime": overtime, "shift_swap": shift_swap, "case_in_reason": case_in_reason,
    "applicant_check": applicant_check,
}  # fmt: skip
