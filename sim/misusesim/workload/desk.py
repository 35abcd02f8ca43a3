"""Work at desks, put together; here also searches of plate readers and analysts' help.

Investigations are in `detectives`, the permit desk in `licensing`, lists of wanted persons in
`wanted`, people in custody in `jail`, what comes to a counter in `counters`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from misusesim.dice import lane
from misusesim.occasions import NONE, TEMPLATE, Occasions
from misusesim.plan import SERIAL_BITS
from misusesim.workload import durations, topics
from misusesim.workload.arrivals import DESK, coming
from misusesim.workload.counters import background, counter, court, pace, reviews
from misusesim.workload.detectives import case_load
from misusesim.workload.durations import drawn
from misusesim.workload.jail import bookings, custody
from misusesim.workload.licensing import Applications, permit_desk
from misusesim.workload.onduty import on_duty
from misusesim.workload.past import Past, of
from misusesim.workload.setting import work
from misusesim.workload.wanted import Wanted, lists, warrant_checks

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from misusesim.plan import Cases, Incidents
    from misusesim.workload.setting import Setting

    I64Array = NDArray[np.int64]

#: Plate searches per officer and day of presence; 300-400 a year at one agency, 64 at another
#: (domain note 7.2): between them. A bursty agency's come in waves.
_SEARCHES: Final = {"patrol": 0.45, "detective": 1.6, "analyst": 4.0, "supervisor": 0.25}
_BURSTY_SURGE: Final = 12.0
_SEARCH_HAS_CASE: Final = 0.7
_ANALYST_JOBS: Final = 4.0  # per ten-hour shift (assumption)


class Desks(NamedTuple):
    """What comes of desk work."""

    cases: Cases
    bookings: Incidents
    occasions: Occasions
    applications: Applications
    wanted: Wanted


def desk_work(setting: Setting, street: Incidents) -> Desks:
    """Return the desk work of all weeks.

    Parameters
    ----------
    setting
        The agencies.
    street
        Their calls and stops: what counters, reviews and courts ask about afterwards.
    """
    load = case_load(setting)
    permits, permit_checks = permit_desk(setting)
    people, employment_checks = background(setting)
    booked, booking_queries = bookings(setting)
    past = Past(street)
    parts = [
        load.occasions,
        permit_checks,
        employment_checks,
        booking_queries,
        searches(setting, load.cases),
        counter(setting, past),
        custody(setting, booked),
        warrant_checks(setting),
        reviews(setting, past),
        analysis(setting, load.cases),
        court(setting, past),
    ]
    both = [np.concatenate(pair) for pair in zip(_columns(permits), _columns(people), strict=True)]
    return Desks(load.cases, booked, Occasions.concat(parts), Applications(*both), lists(setting))


def _columns(applications: Applications) -> list[NDArray[np.generic]]:
    return [getattr(applications, name) for name in Applications.__dataclass_fields__]


def searches(setting: Setting, cases: Cases) -> Occasions:
    """Return searches of plate readers, around the clock with the desk's profile."""
    rate, able = np.zeros(len(setting.officers)), np.zeros(len(setting.officers), np.bool_)
    for role, per_day in _SEARCHES.items():
        rate[setting.has_role(role)] = per_day
        able |= setting.has_role(role)
    surge = np.where(setting.of_group("burstiness") == "bursty", _BURSTY_SURGE, 1.0)
    weekly = [
        np.sum(
            [setting.strength(setting.has_role(role), week) * per
             for role, per in _SEARCHES.items()], axis=0,
        )
        for week in setting.weeks
    ]  # fmt: skip
    weekly[0] *= 0  # nothing comes of a search in the warm-up
    time, key = coming(setting, "searches", weekly, DESK, surge)
    dice, place = setting.dice(key), key >> SERIAL_BITS
    weight = np.round(rate * setting.appetite() * 1000).astype(np.int64)
    officer = on_duty(setting, able, weight).pick(time, dice.bits("searcher"), place)
    row = Past(cases).recall(time, dice.bits("search case"), 30, place)
    row = np.where(dice.chance("search has case", _SEARCH_HAS_CASE), row, NONE)
    topic = topics.CASES[lane(dice.bits("search topic"), 0)]
    some = officer >= 0
    return work(
        int(some.sum()),
        officer=officer[some],
        start=time[some],
        n=drawn(durations.SEARCH_QUERIES, dice.bits("search queries"))[some],
        gap_s=60,
        template=TEMPLATE["alpr_search"],
        topic=np.where(row >= 0, of(cases.topic, row), topic)[some],
        subject=of(cases.subject, row)[some],
        case=of(cases.serial, row)[some],
    )


def analysis(setting: Setting, cases: Cases) -> Occasions:
    """Return analysts' help with the agency's cases."""
    rate = _ANALYST_JOBS * pace(setting)
    jobs = setting.paced("analysis", setting.shifts_of(setting.has_role("analyst")), rate)
    past = Past(cases)
    row = past.recall(jobs.time, jobs.dice.bits("analysed"), 60, setting.place[jobs.officer])
    some = row >= 0
    return work(
        int(some.sum()),
        officer=jobs.officer[some],
        start=jobs.time[some],
        n=drawn(durations.COUNTER_QUERIES, jobs.dice.bits("analysis queries"))[some],
        gap_s=90,
        template=TEMPLATE["case_session"],
        topic=of(cases.topic, row)[some],
        subject=past.subject(row)[some],
        case=past.serial(row)[some],
    )
