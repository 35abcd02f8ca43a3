"""The permit desk: lawful applications queue for the clerks of the licensing unit.

One SimPy process opens the desk each business day: applications that came in wait in a store, the
clerks on duty take them in order, each at his own pace; what is left waits for the next day.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import simpy

from misusesim.clock import HOUR_US, NEVER
from misusesim.dataset.schema import ODDITY_KINDS
from misusesim.dice import lane
from misusesim.occasions import NONE, TEMPLATE, TOPIC, Occasions
from misusesim.plan import SERIAL_BITS
from misusesim.workload.arrivals import OFFICE, coming
from misusesim.workload.setting import MINUTE_US, SECOND_US, WEEK_BITS, work

if TYPE_CHECKING:
    from collections.abc import Generator

    from numpy.typing import NDArray

    from misusesim.workload.setting import Setting

    I64Array = NDArray[np.int64]

KINDS: Final = ("ccw", "employment", "ride_along")
CCW, EMPLOYMENT, RIDE_ALONG = range(len(KINDS))
LICENSING: Final = "licensing"
_BUSINESS_DAYS: Final = 5
_BUSY_FACTOR: Final = 1.6  # a clerk can do this much more than comes in on average
_LAWFUL: Final = ODDITY_KINDS.index("lawful_licensing")
#: Part of the serials of a week that applications for permits take; others stand behind.
OTHERS: Final = 1 << WEEK_BITS - 1


@dataclass(frozen=True, slots=True)
class Applications:
    """Columns, one row per application."""

    serial: I64Array
    kind: NDArray[np.int8]  # code of KINDS
    subject: I64Array
    filed: I64Array  # UTC microseconds
    clerk: NDArray[np.int32]  # who made its check, -1 nobody yet
    checked: I64Array  # when; clock.NEVER while not


def permit_desk(setting: Setting) -> tuple[Applications, Occasions]:
    """Return applications for concealed-carry permits and their lawful checks.

    The checks go to the LICENSING system. They are honest work; their oddity code marks them as the
    twin of prohibited permit checks, so that alerts on them can be counted.
    """
    filed, serial = _filed(setting)
    env, taken = simpy.Environment(), list[tuple[int, int, int]]()
    for place in np.unique(serial >> SERIAL_BITS).tolist():
        desk = Desk(setting, np.flatnonzero(serial >> SERIAL_BITS == place), filed, place)
        env.process(desk.open_daily(env, taken))
    env.run()
    taken.sort()
    row, officer, start = np.array(taken, np.int64).reshape(-1, 3).T
    dice = setting.dice(serial)
    subject = setting.people(dice, "applicant")
    occasions = work(
        len(row),
        officer=officer,
        start=start,
        template=TEMPLATE["permit_desk"],
        topic=TOPIC["permit"],
        subject=subject[row],
        oddity=_LAWFUL,
    )
    clerk, checked = np.full(len(serial), NONE, np.int32), np.full(len(serial), NEVER, np.int64)
    clerk[row], checked[row] = officer, start
    kind = np.full(len(serial), CCW, np.int8)
    return Applications(serial, kind, subject, filed, clerk, checked), occasions


def _filed(setting: Setting) -> tuple[I64Array, I64Array]:
    """Return when applications come in, and their serials."""
    clerks = setting.in_unit(LICENSING)
    daily = setting.scenario.workload.permits_per_clerk_day
    expected = [daily * _BUSINESS_DAYS * setting.there(clerks, week) for week in setting.weeks]
    return coming(setting, "applications", expected, OFFICE)


class Desk:
    """The queue of one agency, and who works it.

    Parameters
    ----------
    setting
        The agencies.
    rows, filed
        The applications to this desk, by time, and when each of all was filed.
    place
        Which of the agencies.
    """

    def __init__(self, setting: Setting, rows: I64Array, filed: I64Array, place: int) -> None:
        self._setting = setting
        self._applications, self._filed = rows.tolist(), filed[rows].tolist()
        self._capacity = _BUSY_FACTOR * setting.scenario.workload.permits_per_clerk_day
        rows = setting.shifts_of(setting.in_unit(LICENSING) & (setting.place == place))
        self._day = setting.clock.day_index(setting.shifts.start[rows])
        order = np.lexsort((setting.shifts.officer[rows], self._day))
        self._rows, self._day = rows[order], self._day[order]

    def open_daily(
        self, env: simpy.Environment, taken: list[tuple[int, int, int]]
    ) -> Generator[simpy.Event, Any, None]:
        """Open the desk day after day; note application, officer and start in `taken`."""
        queue, came = simpy.Store(env), 0
        for day in range(-7, 7 * self._setting.clock.weeks):
            slots = self._slots(day)
            for time, officer in slots:
                while came < len(self._filed) and self._filed[came] < time:
                    yield queue.put(came)
                    came += 1
                if queue.items:
                    application: int = yield queue.get()
                    taken.append((self._applications[application], officer, time))
            yield env.timeout(1)

    def _slots(self, day: int) -> list[tuple[int, int]]:
        """Return when each clerk on duty is free for an application, in the order of time."""
        at = slice(*np.searchsorted(self._day, [day, day + 1]))
        if at.start == at.stop:
            return []
        rows, shifts = self._rows[at], self._setting.shifts
        start, end = shifts.start[rows] + 15 * MINUTE_US, shifts.end[rows] - 20 * MINUTE_US
        share = (end - start) / (9 * HOUR_US)
        count = np.maximum(0, np.round(share * self._capacity).astype(np.int64))
        row = np.repeat(np.arange(len(rows)), count)
        nth = np.arange(len(row)) - np.repeat(np.cumsum(count) - count, count)
        officer = shifts.officer[rows[row]].astype(np.int64)
        dice = self._setting.officer_dice(officer, (day + 7) << 8 | nth, 22)
        step = (end - start)[row] // np.maximum(count[row], 1)
        time = start[row] + nth * step + (lane(dice.bits("permit slot"), 0) * (step // 4096) >> 4)
        time = time // SECOND_US * SECOND_US
        return sorted(zip(time.tolist(), officer.tolist(), strict=True))
