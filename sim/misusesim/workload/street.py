"""Work on the street: calls for service and stops, and the queries of units and dispatchers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from misusesim import rng
from misusesim.dataset.schema import INCIDENT_KINDS
from misusesim.dice import Dice, lane, of_65536
from misusesim.occasions import NONE, TEMPLATE, TOPIC, Occasions
from misusesim.plan import SERIAL_BITS, Incidents
from misusesim.workload import durations, topics
from misusesim.workload.arrivals import CALLS, STREET, coming
from misusesim.workload.dispatch import dispatch
from misusesim.workload.durations import drawn
from misusesim.workload.onduty import anybody, on_duty
from misusesim.workload.setting import MINUTE_US, SECOND_US, WEEK_BITS, join, select, work
from misusesim.world.subjects import AREAS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from misusesim.workload.setting import Setting

    I64Array = NDArray[np.int64]

CALL, TRAFFIC, PEDESTRIAN, BOOKING, TOW = range(len(INCIDENT_KINDS))
#: Places of the sources of incidents within the serials of a week.
_CALLS, _STOPS, BOOKINGS = (k << WEEK_BITS - 2 for k in range(3))
#: Queries of a patrol officer that come from plates run in passing, and from plate readers.
_PASSING_SHARE: Final = 0.12
_SEARCHES_PER_SHIFT: Final = 0.6
#: Mean queries of patrol per call and per stop, from the tables of `durations` (calc); a few stops
#: are made by supervisors.
_PER_CALL, _PER_STOP = 1.60, 2.45
_TRAFFIC_SHARE: Final = 0.66  # of stops (assumption)
_TOW_SHARE: Final = 0.06  # of traffic stops that end with a tow (assumption)
_SUPERVISOR_SHARE: Final = 0.25  # a supervisor's appetite for stops beside patrol's (assumption)
_CALLS_PER_CONSOLE_SHIFT: Final = 16  # of a dispatcher without own units (assumption)
_MEAN_EAGER: Final = 1.4  # of appetite to the power 1.5 at sigma 1 (calc)
_LATE_SHARE: Final = 0.02  # stops entered only when they are over (assumption)
#: Appetites from which on an officer asks at calls now and then, and mostly (assumption).
_SOME_APPETITE, _GREAT_APPETITE = 0.5, 1.3
_EVEN_SHARE: Final = 0.3  # of calls all consoles take alike (assumption)
_UNASSIGNED_MINUTES: Final = 12


class Street(NamedTuple):
    """Incidents of the street and what they cause."""

    incidents: Incidents
    occasions: Occasions


def street_work(setting: Setting) -> Street:
    """Return calls and stops of all weeks with the occasions they cause.

    Parameters
    ----------
    setting
        The agencies. One without patrol has calls of its own that dispatchers handle alone.
    """
    calls = _calls(setting)
    stops = _stops(setting)
    parts = [
        _field_occasions(setting, calls),
        _console_occasions(setting, calls),
        _stop_occasions(setting, stops),
        _plates_in_passing(setting),
    ]
    return Street(join([calls, stops]), Occasions.concat(parts))


def _incidents_per_shift(setting: Setting) -> float:
    """Return incidents per patrol shift that make up the scenario's queries per shift."""
    load = setting.scenario.workload
    per_incident = load.calls_share * _PER_CALL + (1 - load.calls_share) * _PER_STOP
    queries = load.queries_per_shift * (1 - _PASSING_SHARE) - _SEARCHES_PER_SHIFT
    return max(0.0, queries) / per_incident


def has_patrol(setting: Setting) -> NDArray[np.bool_]:
    """Return which agencies serve calls with units of their own."""
    return np.asarray(setting.of_group("street") & (setting.of_group("type") != "dispatch"))


def _calls(setting: Setting) -> Incidents:
    """Return calls, dispatched where the agency has units."""
    share = setting.scenario.workload.calls_share
    patrol, consoles = setting.has_role("patrol"), setting.has_role("dispatcher")
    per_shift, served = share * _incidents_per_shift(setting), has_patrol(setting)
    rates = [
        np.where(
            served,
            per_shift * setting.strength(patrol, week),
            _CALLS_PER_CONSOLE_SHIFT * setting.strength(consoles, week),
        )
        for week in setting.weeks
    ]
    opened, serial = coming(setting, "calls", rates, CALLS)
    serial += _CALLS
    dice = setting.dice(serial)
    service = drawn(durations.SERVICE_MINUTES, dice.bits("service")) * MINUTE_US
    place = serial >> SERIAL_BITS
    officer, begun = _units(setting, opened, service, place)
    service = np.where(officer < 0, _UNASSIGNED_MINUTES * MINUTE_US, service)
    topic = topics.CALLS[lane(dice.bits("call topic"), 0)].astype(np.int16)
    desk = on_duty(setting, consoles, setting.weights(_EVEN_SHARE))
    return Incidents(
        serial=serial,
        kind=np.full(len(serial), CALL, np.int8),
        priority=np.array(topics.PRIORITY, np.int8)[topic],
        topic=topic,
        self_initiated=np.zeros(len(serial), np.bool_),
        opened=opened,
        begun=begun,
        closed=begun + service,
        known=opened + 5 * SECOND_US,
        officer=officer,
        dispatcher=desk.pick(opened, dice.bits("console"), place),
        subject=setting.people(dice, "call"),
        area=_area(dice),
    )


def _area(dice: Dice) -> NDArray[np.int16]:
    return rng.below(dice.bits("area"), AREAS).astype(np.int16)


def _units(
    setting: Setting, opened: I64Array, service: I64Array, place: I64Array
) -> tuple[NDArray[np.int32], I64Array]:
    """Return which officer takes each call and when; nobody on duty: the neighbours help out."""
    officer, begun = np.full(len(opened), NONE, np.int32), opened.copy()
    patrol, shifts = setting.has_role("patrol"), setting.shifts
    there = anybody(setting, patrol, opened, place) & has_patrol(setting)[place]
    rows = setting.shifts_of(patrol)
    home = setting.place[shifts.officer[rows]]
    rows = rows[np.argsort(home, kind="stable")]
    places = np.arange(len(setting.agencies) + 1)
    calls, posts = np.searchsorted(place, places), np.searchsorted(np.sort(home), places)
    for which in np.unique(place[there]).tolist():
        own = slice(int(calls[which]), int(calls[which + 1]))
        asked = own.start + np.flatnonzero(there[own])
        units = rows[posts[which] : posts[which + 1]]
        took, begin = dispatch(
            opened[asked].tolist(), service[asked].tolist(), shifts.start[units].tolist(),
            shifts.end[units].tolist(), shifts.officer[units].tolist(),
        )  # fmt: skip
        shift = np.array(took, np.int64)
        served = shift >= 0
        officer[asked[served]] = shifts.officer[units[shift[served]]]
        begun[asked[served]] = np.array(begin, np.int64)[served]
    return officer, begun


def _stops(setting: Setting) -> Incidents:
    """Return stops on officers' own initiative; who is eager makes more of them."""
    patrol, bosses = setting.has_role("patrol"), setting.has_role("supervisor")
    share = 1 - setting.scenario.workload.calls_share
    per_shift = share * _incidents_per_shift(setting) * has_patrol(setting)
    rates = [per_shift * setting.strength(patrol, week) for week in setting.weeks]
    opened, serial = coming(setting, "stops", rates, STREET)
    serial += _STOPS
    dice = setting.dice(serial)
    eager = setting.appetite() * np.where(bosses, _SUPERVISOR_SHARE, 1.0)
    crew = on_duty(setting, patrol | bosses, _weights(eager))
    officer = crew.pick(opened, dice.bits("eager"), serial >> SERIAL_BITS)
    kinds = lane(dice.bits("stop kind"), 0) < of_65536(_TRAFFIC_SHARE)
    towed = lane(dice.bits("stop kind"), 1) < of_65536(_TOW_SHARE)
    bits = dice.bits("stop topic")
    topic = np.where(
        kinds, topics.TRAFFIC_STOPS[lane(bits, 0)], topics.PEDESTRIAN_STOPS[lane(bits, 1)]
    ).astype(np.int16)
    closed = opened + drawn(durations.STOP_MINUTES, dice.bits("stop length")) * MINUTE_US
    late = dice.chance("stop entered late", _LATE_SHARE)
    stops = Incidents(
        serial=serial,
        kind=np.where(kinds, np.where(towed, TOW, TRAFFIC), PEDESTRIAN).astype(np.int8),
        priority=np.full(len(serial), 3, np.int8),
        topic=topic,
        self_initiated=np.ones(len(serial), np.bool_),
        opened=opened,
        begun=opened,
        closed=closed,
        known=np.where(late, closed, opened),
        officer=officer,
        dispatcher=np.full(len(serial), NONE, np.int32),
        subject=setting.people(dice, "stop"),
        area=_area(dice),
    )
    return select(stops, officer >= 0)  # type: ignore[no-any-return]


def _weights(appetite: NDArray[np.float64]) -> I64Array:
    """Return whole weights in thousandths."""
    return np.round(appetite * 1000).astype(np.int64)


def _field_occasions(setting: Setting, calls: Incidents) -> Occasions:
    """Return what units query at calls: the query-minded more often."""
    taken = select(calls, (calls.officer >= 0) & setting.asks(calls.closed))
    dice = setting.dice(taken.serial)
    bits = dice.bits("call queries")
    appetite = setting.officers.activity[taken.officer]
    level = (appetite > _SOME_APPETITE).astype(np.int64) + (appetite > _GREAT_APPETITE)
    n = np.choose(level, [drawn(values, bits) for values in durations.CALL_QUERIES])
    home = (taken.topic == TOPIC["domestic"]) & (n > 0)
    n[home] = drawn(durations.DOMESTIC_QUERIES, bits[home], 1)
    travel = 2 + (lane(bits, 2) * 9 >> 16)  # minutes to the scene and to the first name
    start = taken.begun + np.minimum(travel * MINUTE_US, (taken.closed - taken.begun) // 2)
    some = n > 0
    return work(
        int(some.sum()),
        officer=taken.officer[some],
        start=(start + (lane(bits, 3) * 60 >> 16) * SECOND_US)[some],
        n=n[some],
        gap_s=75,
        template=TEMPLATE["call_field"],
        topic=taken.topic[some],
        subject=taken.subject[some],
        incident=taken.serial[some],
    )


def _console_occasions(setting: Setting, calls: Incidents) -> Occasions:
    """Return what dispatchers query as a call comes in."""
    taken = select(calls, (calls.dispatcher >= 0) & setting.asks(calls.closed))
    bits = setting.dice(taken.serial).bits("console queries")
    n = drawn(durations.DISPATCH_QUERIES, bits)
    some = n > 0
    return work(
        int(some.sum()),
        officer=taken.dispatcher[some],
        start=(taken.opened + (15 + (lane(bits, 1) * 120 >> 16)) * SECOND_US)[some],
        n=n[some],
        gap_s=45,
        template=TEMPLATE["call_dispatch"],
        topic=taken.topic[some],
        subject=taken.subject[some],
        incident=taken.serial[some],
    )


def _stop_occasions(setting: Setting, stops: Incidents) -> Occasions:
    """Return the queries at stops; the record is opened first."""
    stops = select(stops, setting.asks(stops.closed))
    bits = setting.dice(stops.serial).bits("stop queries")
    traffic = stops.kind != PEDESTRIAN
    return work(
        len(stops.serial),
        officer=stops.officer,
        start=stops.opened + (10 + (lane(bits, 1) * 80 >> 16)) * SECOND_US,
        n=drawn(durations.STOP_QUERIES, bits),
        gap_s=50,
        template=np.where(traffic, TEMPLATE["traffic_stop"], TEMPLATE["pedestrian_stop"]),
        topic=stops.topic,
        subject=stops.subject,
        incident=stops.serial,
    )


def _plates_in_passing(setting: Setting) -> Occasions:
    """Return plates run at a light or in a car park, without any record."""
    mean = _PASSING_SHARE * setting.scenario.workload.queries_per_shift
    per_shift = mean * has_patrol(setting)[setting.place]
    shifts = setting.shifts_of(setting.has_role("patrol"))
    eager = setting.appetite() * np.sqrt(setting.appetite()) / _MEAN_EAGER
    jobs = setting.paced("plates in passing", shifts, per_shift * eager)
    return work(
        len(jobs),
        officer=jobs.officer,
        start=jobs.time,
        template=TEMPLATE["plate_check"],
        topic=topics.PLATE_CHECKS[lane(jobs.dice.bits("passing topic"), 0)],
    )
