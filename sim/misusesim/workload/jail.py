"""The jail: people are booked, held, moved and released."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from misusesim import rng
from misusesim.dice import lane
from misusesim.occasions import NONE, TEMPLATE, TOPIC, Occasions
from misusesim.plan import SERIAL_BITS, Incidents
from misusesim.workload import durations, topics
from misusesim.workload.arrivals import STREET, coming
from misusesim.workload.counters import pace
from misusesim.workload.durations import drawn
from misusesim.workload.onduty import on_duty
from misusesim.workload.past import Past
from misusesim.workload.setting import MINUTE_US, SECOND_US, select, work
from misusesim.workload.street import BOOKING, BOOKINGS
from misusesim.world.subjects import AREAS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from misusesim.workload.setting import Setting

    I64Array = NDArray[np.int64]

#: Per ten-hour shift of a jailer (assumptions, so that jailers come near a patrol's volume).
_JAIL_JOBS, _BOOKINGS_PER_SHIFT = 7.0, 0.9


def bookings(setting: Setting) -> tuple[Incidents, Occasions]:
    """Return people booked into jail, and the queries it takes."""
    jailers = setting.has_role("jail")
    expected = [_BOOKINGS_PER_SHIFT * setting.strength(jailers, week) for week in setting.weeks]
    opened, serial = coming(setting, "bookings", expected, STREET)
    serial += BOOKINGS
    dice = setting.dice(serial)
    officer = on_duty(setting, jailers, 1).pick(opened, dice.bits("jailer"), serial >> SERIAL_BITS)
    bits = dice.bits("booking")
    none = np.full(len(serial), NONE, np.int32)
    bookings = Incidents(
        serial=serial, kind=np.full(len(serial), BOOKING, np.int8),
        priority=np.full(len(serial), 4, np.int8),
        topic=topics.BOOKINGS[lane(bits, 0)].astype(np.int16),
        self_initiated=np.zeros(len(serial), np.bool_), opened=opened, begun=opened,
        closed=opened + (25 + (lane(bits, 1) * 40 >> 16)) * MINUTE_US, known=opened,
        officer=officer, dispatcher=none, subject=setting.people(dice, "booked"),
        area=rng.below(dice.bits("area"), AREAS).astype(np.int16),
    )  # fmt: skip
    bookings = select(bookings, officer >= 0)
    asked = select(bookings, setting.asks(bookings.closed))
    bits = setting.dice(asked.serial).bits("booking queries")
    occasions = work(
        len(asked.serial),
        officer=asked.officer,
        start=asked.opened + (60 + (lane(bits, 1) * 300 >> 16)) * SECOND_US,
        n=drawn(durations.BOOKING_QUERIES, bits),
        gap_s=80,
        template=TEMPLATE["booking"],
        topic=asked.topic,
        subject=asked.subject,
        incident=asked.serial,
    )
    return bookings, occasions


def custody(setting: Setting, bookings: Incidents) -> Occasions:
    """Return checks on people in custody: moves, visits, releases."""
    jobs = setting.paced(
        "custody", setting.shifts_of(setting.has_role("jail")), _JAIL_JOBS * pace(setting)
    )
    past = Past(bookings)
    row = past.recall(jobs.time, jobs.dice.bits("inmate"), 21, setting.place[jobs.officer])
    return work(
        len(jobs),
        officer=jobs.officer,
        start=jobs.time,
        n=drawn(durations.JAIL_QUERIES, jobs.dice.bits("custody queries")),
        gap_s=60,
        template=TEMPLATE["jail_check"],
        topic=TOPIC["custody"],
        subject=np.where(row >= 0, past.subject(row), setting.people(jobs.dice, "inmate")),
        incident=past.serial(row),
    )
