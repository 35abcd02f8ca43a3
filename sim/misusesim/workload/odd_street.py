"""Oddities of the street: stops that come to nothing, and calls from home."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from misusesim.clock import HOUR_US, MINUTE_US, NEVER
from misusesim.dataset.schema import SHIFT_KINDS
from misusesim.dice import lane
from misusesim.occasions import NONE, TEMPLATE, TOPIC
from misusesim.plan import SERIAL_BITS
from misusesim.workload.links import Links
from misusesim.workload.moments import moments_of, within
from misusesim.workload.odd_occasions import Files, Found, no_links, odd_work
from misusesim.workload.onduty import apart
from misusesim.workload.setting import SECOND_US, select
from misusesim.workload.street import CALL, has_patrol
from misusesim.world.model import Shifts

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from misusesim.scenario.model import Oddity
    from misusesim.workload.setting import Setting

    I64Array = NDArray[np.int64]

_OVERTIME: Final = SHIFT_KINDS.index("overtime")
#: A call-out comes two to six hours after a shift, lasts two to four, and leaves an hour before the
#: next; for something reported between three hours and 35 minutes before it (assumptions).
_CALLED_AFTER_S, _LASTS_S = (7_200, 14_400), (7_200, 7_200)  # least, and at most so much more
_REST_US: Final = HOUR_US
_REPORTED_US: Final = (3 * HOUR_US, 35 * MINUTE_US)


def abandoned_stop(files: Files, odd: Oddity) -> Found:
    """Return a plate and its owner run at a light; no stop follows, so there is no record."""
    setting = files.setting
    moments = moments_of(setting, odd, _afield(setting, "patrol", "supervisor"))
    shift = files.shifts.pick(moments.officer, moments.week, lane(moments.bits, 0))
    some = shift >= 0
    officer, bits = moments.officer[some], moments.bits[some]
    dice = setting.officer_dice(officer, moments.week[some] + 1, 16)
    occasions = odd_work(
        len(officer), odd.kind, officer=officer, start=within(setting, shift[some], lane(bits, 1)),
        n=1 + (lane(bits, 2) * 3 >> 16), gap_s=35, template=TEMPLATE["traffic_stop"],
        topic=TOPIC["traffic"], subject=setting.people(dice, "abandoned stop"),
    )  # fmt: skip
    return Found(occasions, no_links())


def call_out(files: Files, odd: Oddity) -> Found:
    """Return work of officers who are called from home to something that has just happened."""
    called, row = _called(files, odd)
    incidents, officer = files.incidents, called.shifts.officer
    arrived = called.shifts.start + _seconds((600, 3_000), lane(called.bits, 1))
    occasions = odd_work(
        len(row), odd.kind, officer=officer, start=arrived, n=2 + (lane(called.bits, 0) * 4 >> 16),
        gap_s=75, template=TEMPLATE["call_field"], topic=incidents.topic[row],
        subject=incidents.subject[row], incident=incidents.serial[row],
    )  # fmt: skip
    links = Links.build(
        len(row), officer=officer, incident=incidents.serial[row], since=called.shifts.start,
        until=called.shifts.end,
    )  # fmt: skip
    return Found(occasions, links, called.shifts)


class _Called(NamedTuple):
    """Shifts of those who are called out, and the bits of each."""

    shifts: Shifts
    bits: NDArray[np.uint64]


def _called(files: Files, odd: Oddity) -> tuple[_Called, I64Array]:
    """Return who is called from home when, and the rows of what for."""
    setting = files.setting
    moments = moments_of(setting, odd, _afield(setting, "patrol", "supervisor", "detective"))
    shift = files.shifts.pick(moments.officer, moments.week, lane(moments.bits, 0))
    moments, shift = moments.at(shift >= 0), shift[shift >= 0]
    start = setting.shifts.end[shift] + _seconds(_CALLED_AFTER_S, lane(moments.bits, 1))
    end = start + _seconds(_LASTS_S, lane(moments.bits, 2))
    row = _just_reported(files, moments.officer, start, lane(moments.bits, 3))
    left = setting.officers.left[moments.officer]
    could = (end + _REST_US <= np.minimum(_next(setting, shift), left)) & (row >= 0)
    kind = np.full(len(row), _OVERTIME, np.int8)
    every = Shifts(moments.officer.astype(np.int32), start, end, kind)
    return _Called(select(every, could), moments.bits[could]), row[could]


def _afield(setting: Setting, *roles: str) -> NDArray[np.bool_]:
    """Return who holds one of the roles in an agency with units of its own."""
    return np.asarray(setting.has_role(*roles) & has_patrol(setting)[setting.place])


def _seconds(span: tuple[int, int], die: I64Array) -> I64Array:
    """Return microseconds between a least number of seconds and so many more."""
    least, more = span
    return (least + (die * more >> 16)) * SECOND_US


def _next(setting: Setting, shift: I64Array) -> I64Array:
    """Return when the officer of each shift begins the one after it."""
    shifts = setting.shifts
    who = np.isin(shifts.officer, shifts.officer[shift])
    rows = np.flatnonzero(who)
    rows = rows[np.lexsort((shifts.start[rows], shifts.officer[rows]))]
    after = np.append(rows[1:], NONE)
    same = shifts.officer[rows] == shifts.officer[after]
    same[-1:] = False
    begins = np.full(len(shifts.start), NEVER, np.int64)
    begins[rows] = np.where(same, shifts.start[after], NEVER)
    return begins[shift]


def _just_reported(files: Files, officer: I64Array, start: I64Array, die: I64Array) -> I64Array:
    """Return the row of a call that came in shortly before at the agency of each officer, or -1."""
    incidents = files.incidents
    calls = np.flatnonzero(incidents.kind == CALL)  # nobody is called from home to a stop
    opened = apart(incidents.opened[calls], incidents.serial[calls] >> SERIAL_BITS)
    order = np.argsort(opened, kind="stable")
    time = apart(start, files.setting.place[officer])
    low, high = (np.searchsorted(opened[order], time - before) for before in _REPORTED_US)
    at = low + (die * (high - low) >> 16)
    found = np.append(calls[order], NONE)[np.minimum(at, len(order))]
    return np.where(high > low, found, NONE)
