"""Occasions in the order of time, agency by agency, and the serials that follow from it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from misusesim.dice import Dice, lane
from misusesim.occasions import column_of, gathered
from misusesim.ordering import by_place
from misusesim.plan import SERIAL_BITS
from misusesim.workload.setting import SECOND_US, WEEK_BITS

if TYPE_CHECKING:
    from misusesim.occasions import Occasions
    from misusesim.workload.setting import Setting


def numbered(setting: Setting, *occasions: Occasions) -> Occasions:
    """Return occasions of one source by agency and start, with serials by week and place in it.

    What starts after the last week is left out. A place depends on what starts earlier in the same
    week and on nothing later, so a longer horizon changes no serial.
    """
    start, officer = (column_of(occasions, name) for name in ("start", "officer"))
    week = setting.clock.week_of(start)
    inside = np.flatnonzero((week >= -1) & (week < setting.clock.weeks))
    agency, week = setting.place[officer[inside]], week[inside]
    tie = officer[inside].astype(np.int64) << 16 | column_of(occasions, "template")[inside]
    order = by_place(agency, start[inside], tie)
    agency, week = agency[order], week[order]
    first = np.flatnonzero(np.diff(agency * len(setting.weeks) + week, prepend=-2))
    place = np.arange(len(week)) - np.repeat(first, np.diff(first, append=len(week)))
    serial = (agency << SERIAL_BITS) + (week + 1 << WEEK_BITS) + place
    return gathered(occasions, inside[order], serial=serial)


def by_start(setting: Setting, *occasions: Occasions) -> Occasions:
    """Return occasions by agency and start; those of the warm-up are left out.

    Whole seconds of planning become a moment within the second.
    """
    start, serial = (column_of(occasions, name) for name in ("start", "serial"))
    home = setting.place[column_of(occasions, "officer")]
    entity = column_of(occasions, "source").astype(np.int64) << SERIAL_BITS | serial
    here = entity.astype(np.uint64) | setting.numbers[home] << np.uint64(48)
    fraction = lane(Dice(setting.scenario.seed, here).bits("moment"), 0) * 1000 >> 16
    start = start // SECOND_US * SECOND_US + fraction * (SECOND_US // 1000)
    kept = np.flatnonzero(start >= setting.clock.horizon[0])
    order = kept[by_place(home[kept], start[kept], entity[kept])]
    return gathered(occasions, order, start=start[order])
