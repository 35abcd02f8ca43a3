"""Counters and reports: records requests, reviews, court, background checks, and their pace."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from misusesim.clock import DAY_US
from misusesim.dataset.schema import SHIFT_KINDS
from misusesim.dice import lane, of_65536
from misusesim.occasions import TEMPLATE, TOPIC, Occasions
from misusesim.plan import SERIAL_BITS
from misusesim.workload import durations
from misusesim.workload.arrivals import OFFICE, coming
from misusesim.workload.durations import drawn
from misusesim.workload.licensing import EMPLOYMENT, LICENSING, OTHERS, RIDE_ALONG, Applications
from misusesim.workload.onduty import on_duty
from misusesim.workload.setting import work

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from misusesim.workload.past import Past
    from misusesim.workload.setting import Paced, Setting

    I64Array = NDArray[np.int64]

#: Jobs per ten-hour shift (assumptions, so that clerks come near a patrol's volume).
_COUNTER_JOBS, _LICENSING_COUNTER_JOBS, _REVIEW_JOBS, _COURT_JOBS = 8.5, 1.5, 1.6, 3.0
#: Applications for work and ride-along per account and week (assumption).
_APPLICATIONS: Final = 0.03
_SHARED_PACE: Final = 0.1  # assumption; Gini of queries per officer (domain note 7.4)
_COURT: Final = SHIFT_KINDS.index("court")


def counter(setting: Setting, past: Past) -> Occasions:
    """Return records requests at the counter: mostly about something that happened."""
    clerks, licensing = setting.has_role("records_clerk"), setting.in_unit(LICENSING)
    rate = np.where(clerks, _COUNTER_JOBS, np.where(licensing, _LICENSING_COUNTER_JOBS, 0.0))
    jobs = setting.paced("counter", setting.shifts_of(clerks | licensing), rate * pace(setting))
    return _about_past(setting, jobs, past, "counter", "records_request", "records", 60)


def reviews(setting: Setting, past: Past) -> Occasions:
    """Return what supervisors look up when they read reports."""
    jobs = setting.paced(
        "reviews", setting.shifts_of(setting.has_role("supervisor")), _REVIEW_JOBS * pace(setting)
    )
    return _about_past(setting, jobs, past, "reviews", "records_request", "patrol", 7)


def court(setting: Setting, past: Past) -> Occasions:
    """Return what officers look up on the day they testify."""
    shifts = np.flatnonzero(setting.shifts.kind == _COURT)
    jobs = setting.paced("court", shifts, _COURT_JOBS)
    return _about_past(setting, jobs, past, "court", "records_request", "court", 120)


def _about_past(
    setting: Setting, jobs: Paced, past: Past, name: str, template: str, topic: str, days: int
) -> Occasions:
    home = setting.place[jobs.officer]
    row = past.recall(jobs.time, jobs.dice.bits(f"{name} incident"), days, home)
    somebody = setting.people(jobs.dice, name)
    return work(
        len(jobs),
        officer=jobs.officer,
        start=jobs.time,
        n=drawn(durations.COUNTER_QUERIES, jobs.dice.bits(f"{name} queries")),
        gap_s=70,
        template=TEMPLATE[template],
        topic=TOPIC[topic],
        subject=np.where(row >= 0, past.subject(row), somebody),
        incident=past.serial(row),
    )


def pace(setting: Setting) -> NDArray[np.float64]:
    """Return the pace of desk workers: mostly appetite, partly what comes to everybody's desk."""
    return _SHARED_PACE + (1 - _SHARED_PACE) * setting.appetite()


def background(setting: Setting) -> tuple[Applications, Occasions]:
    """Return applications for work and ride-along with the checks they bring."""
    able = setting.has_role("records_clerk", "detective", "licensing_clerk", "supervisor")
    expected = _APPLICATIONS * np.array([agency.accounts for agency in setting.agencies])
    filed, serial = coming(setting, "background", [expected] * len(setting.weeks), OFFICE)
    serial += OTHERS
    dice = setting.dice(serial)
    bits = dice.bits("background")
    start = filed + (1 + (lane(bits, 0) * 20 >> 16)) * DAY_US
    clerks = on_duty(setting, able, 1)
    officer = clerks.pick(start, dice.bits("background clerk"), serial >> SERIAL_BITS)
    some = (officer >= 0) & (start < setting.clock.week_bounds(setting.clock.weeks - 1)[1])
    subject = setting.people(dice, "applicant")
    kind = np.where(lane(bits, 1) < of_65536(0.3), RIDE_ALONG, EMPLOYMENT).astype(np.int8)
    occasions = work(
        int(some.sum()),
        officer=officer[some],
        start=start[some],
        n=drawn(durations.BACKGROUND_QUERIES, bits, 3)[some],
        gap_s=120,
        template=TEMPLATE["background_check"],
        topic=TOPIC["employment"],
        subject=subject[some],
    )
    return Applications(serial, kind, subject, filed, officer, start), occasions
