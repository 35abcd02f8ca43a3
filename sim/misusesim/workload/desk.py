"""Work at desks, put together; here also analysts' help.

Investigations are in `detectives`, the permit desk in `licensing`, lists of wanted persons in
`wanted`, people in custody in `jail`, what comes to a counter in `counters`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from misusesim.occasions import TEMPLATE, Occasions
from misusesim.workload import durations
from misusesim.workload.counters import background, counter, court, pace, reviews
from misusesim.workload.detectives import case_load
from misusesim.workload.durations import drawn
from misusesim.workload.jail import bookings, custody
from misusesim.workload.licensing import Applications, permit_desk
from misusesim.workload.past import Past, of
from misusesim.workload.searching import searches
from misusesim.workload.setting import work
from misusesim.workload.wanted import Wanted, lists, warrant_checks

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from misusesim.plan import Cases, Incidents
    from misusesim.workload.setting import Setting

    I64Array = NDArray[np.int64]

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
        searches(setting, load.cases, street),
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
