"""Searches of plate readers: threads of searches on one number, around the clock."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from misusesim import rng
from misusesim.clock import DAY_US, HOUR_US
from misusesim.dice import lane
from misusesim.occasions import NONE, TEMPLATE, TOPIC, Occasions
from misusesim.plan import SERIAL_BITS
from misusesim.workload import durations, topics
from misusesim.workload.arrivals import DESK, Profile, coming
from misusesim.workload.durations import drawn
from misusesim.workload.onduty import on_duty
from misusesim.workload.past import Past, of
from misusesim.workload.setting import SECOND_US, work
from misusesim.workload.unlike import begun_more, kept, nights, surges
from misusesim.world.readers import can_search

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from misusesim.dice import Dice
    from misusesim.plan import Cases, Incidents
    from misusesim.scenario.habits import SearchHabits
    from misusesim.workload.setting import Setting

    I64Array = NDArray[np.int64]

_NIGHT: Final = frozenset((20, 21, 22, 23, 0, 1, 2, 3, 4, 5, 6))
_WEEKEND: Final = frozenset((5, 6))
#: Plate searches per officer and day of presence, so that an officer who searches has about four a
#: month at the median and twenty at the 90th percentile (Eugene, domain note 7.2).
_SEARCHES: Final = {"patrol": 0.23, "detective": 0.74, "analyst": 1.85, "supervisor": 0.15}
#: At night and on weekends small agencies have nobody who could search: a little more is begun
#: then, so that what is searched has the desk's profile (calc).
_STARTS: Final = Profile(
    hours=tuple(round(n * (1.25 if hour in _NIGHT else 1)) for hour, n in enumerate(DESK.hours)),
    days=tuple(round(n * (1.07 if day in _WEEKEND else 1)) for day, n in enumerate(DESK.days)),
)
#: Mean searches of a thread (calc, from `durations.THREAD_SEARCHES` and what goes on).
_MEAN_THREAD: Final = 3.2
_THREAD_BITS: Final = 8
_THURSDAY, _SATURDAY, _SUNDAY = 3, 5, 6
#: Who comes back on another day does so at about the same hour (assumption).
_DAY_MINUTES, _NEXT_DAY_MINUTES = 1_440, 180
#: What a thread is about: a job of the last day, a case of the last month, or nothing on file.
_JOB_SHARE, _CASE_SHARE = 0.62, 0.1
_JOB_DAYS, _CASE_DAYS = 1, 30
#: Jobs that nobody searches plate readers for unless there is more to them, and how often there
#: is, of 65,536 (calc: picks of drop-downs, domain note 8).
_WEAK: Final = [TOPIC[t] for t in ("traffic", "patrol", "suspicious", "welfare", "disturbance")]
_MORE_TO_IT: Final = 50_000


def searches(setting: Setting, cases: Cases, street: Incidents) -> Occasions:
    """Return searches of plate readers, around the clock with the desk's profile.

    Parameters
    ----------
    setting
        The agencies.
    cases, street
        What threads are about: their numbers are typed again with every search of the thread.
    """
    begun, key = _threads(setting)
    size = drawn(durations.THREAD_SEARCHES, setting.dice(key).bits("search thread"))
    thread = np.repeat(np.arange(len(key)), size)
    nth = np.arange(len(thread)) - np.repeat(np.cumsum(size) - size, size)
    dice = setting.dice(key[thread], nth, _THREAD_BITS)
    time = begun[thread] + _waited(dice, nth)
    place = key[thread] >> SERIAL_BITS
    officer = _searchers(setting, time, dice, place)
    goes_on = (nth == 0) | (
        rng.unit(dice.bits("search goes on")) < _willingness(setting, time, place)
    )
    usual = dice.chance("search at night", kept(setting, nights(setting), time, place))
    usual &= dice.chance("search on a holiday", _holidays(setting, time))
    made = np.flatnonzero((officer >= 0) & setting.asks(time) & goes_on & usual)
    about = _about(setting, begun, key, cases, street)
    return work(
        len(made),
        officer=officer[made],
        start=time[made],
        n=drawn(durations.SEARCH_QUERIES, dice.bits("search queries")[made]),
        gap_s=60,
        template=TEMPLATE["alpr_search"],
        **{name: column[thread[made]] for name, column in about.items()},
    )


def _threads(setting: Setting) -> tuple[I64Array, I64Array]:
    """Return when threads begin, and their serials."""
    much = can_search(setting.scenario, setting.agencies) * begun_more(nights(setting))
    much = much * [agency.group.searches.rate for agency in setting.agencies]
    weekly = [
        np.sum(
            [setting.strength(setting.has_role(role), week) * much * per / _MEAN_THREAD
             for role, per in _SEARCHES.items()], axis=0,
        ) * [_use(agency.group.searches.weeks, week) for agency in setting.agencies]
        for week in setting.weeks
    ]  # fmt: skip
    habits = [agency.group.searches for agency in setting.agencies]
    surge = surges(setting)
    times, serials = [], []
    for habit in dict.fromkeys(habits):  # few: most agencies search as most do
        own = np.array([one == habit for one in habits])
        time, serial = coming(
            setting, "searches", [week * own for week in weekly], _profile(habit), surge
        )
        times.append(time)
        serials.append(serial)
    serial = np.concatenate(serials)
    order = np.argsort(serial, kind="stable")
    return np.concatenate(times)[order], serial[order]


def _use(weeks: tuple[float, ...] | None, week: int) -> float:
    """Return how much is searched in a week, relative to the mean week."""
    if weeks is None:
        return 1.0
    return weeks[min(max(week, 0), len(weeks) - 1)] * len(weeks) / sum(weeks)


def _profile(habit: SearchHabits) -> Profile:
    """Return when threads of an agency begin; given weights are taken as they are."""
    hours, days = _STARTS.hours, _STARTS.days
    if habit.hours is not None:
        hours = _whole(habit.hours, 10_000)
    if habit.days is not None:
        days = _whole(habit.days, 7_000)
    return Profile(hours, days, (habit.dispersion, habit.daily_dispersion))


def _whole(weights: Sequence[float], total: int) -> tuple[int, ...]:
    return tuple(round(weight * total / sum(weights)) for weight in weights)


def _waited(dice: Dice, nth: I64Array) -> I64Array:
    """Return how long after the start of its thread each search comes."""
    bits = dice.bits("search again")
    minutes = drawn(durations.THREAD_GAP_MINUTES, bits)
    spread = np.where(minutes < _DAY_MINUTES, minutes, _NEXT_DAY_MINUTES)  # half less to half more
    gap = minutes * 60 + ((lane(bits, 1) - 32768) * spread * 60 >> 16)
    gap *= SECOND_US
    passed = np.cumsum(np.where(nth > 0, gap, 0))
    first = np.flatnonzero(nth == 0)
    since: I64Array = passed - np.repeat(passed[first], np.diff(first, append=len(nth)))
    return since


def _willingness(setting: Setting, time: I64Array, place: I64Array) -> NDArray[np.float64]:
    """Return how likely somebody of an agency goes on with a thread at each time."""
    local = setting.clock.local(time)
    weekday = (local // DAY_US + _THURSDAY) % 7  # 1970 began on one
    habits = [agency.group.searches for agency in setting.agencies]
    hours = np.stack([_usual(habit.hours or DESK.hours) for habit in habits])
    days = np.stack([_usual(habit.days or DESK.days) for habit in habits])
    return np.asarray(hours[place, local // HOUR_US % 24] * days[place, weekday])


def _holidays(setting: Setting, time: I64Array) -> NDArray[np.float64]:
    """Return how likely what comes at each time is searched for: a holiday is like a Sunday."""
    day = setting.clock.day_index(time)
    weekday = (day + setting.clock.start_day + _THURSDAY) % 7
    holiday = (weekday < _SATURDAY) & ~setting.clock.business_day(day)
    days = np.array(DESK.days)
    return np.asarray(np.where(holiday, days[_SUNDAY] / days[weekday], 1.0))


def _usual(weights: Sequence[float]) -> NDArray[np.float64]:
    """Return weights relative to their mean, at most one."""
    return np.asarray(np.minimum(np.array(weights) / np.mean(weights), 1.0))


def _searchers(setting: Setting, time: I64Array, dice: Dice, place: I64Array) -> NDArray[np.int32]:
    """Return who makes each search, -1 where nobody who could is on duty."""
    rate = np.zeros(len(setting.officers))
    for role, per_day in _SEARCHES.items():
        rate[setting.has_role(role)] = per_day
    people, habits = np.arange(len(rate)), [agency.group.searches for agency in setting.agencies]
    never_share, power = (
        np.array([getattr(habit, name) for habit in habits])[setting.place]
        for name in ("never_share", "inequality")
    )
    never = setting.officer_dice(people, people * 0, 1).chance("never searches", never_share)
    # rounded before it is used: the last bit of a power may depend on the machine
    appetite = 2.0 ** np.round(np.log2(setting.appetite()) * power, 6)
    weight = np.round(rate * appetite * 1000).astype(np.int64) * ~never
    return on_duty(setting, weight > 0, weight).pick(time, dice.bits("searcher"), place)


def _about(
    setting: Setting, begun: I64Array, key: I64Array, cases: Cases, street: Incidents
) -> dict[str, I64Array]:
    """Return topic, subject, case and incident of each thread."""
    dice, place = setting.dice(key), key >> SERIAL_BITS
    share = lane(dice.bits("search about"), 0) / 65536
    job, file = (
        np.where((low <= share) & (share < high),
                 Past(things).recall(begun, dice.bits(f"search {name}"), days, place), NONE)
        for name, things, days, low, high in (
            ("job", street, _JOB_DAYS, 0.0, _JOB_SHARE),
            ("case", cases, _CASE_DAYS, _JOB_SHARE, _JOB_SHARE + _CASE_SHARE),
        )
    )  # fmt: skip
    bits = dice.bits("search topic")
    topic = topics.SEARCHES[lane(bits, 0)]
    topic = np.where(file >= 0, of(cases.topic, file), topic)
    told = of(street.topic, job)
    as_told = (job >= 0) & ~(np.isin(told, _WEAK) & (lane(bits, 1) < _MORE_TO_IT))
    return {
        "topic": np.where(as_told, told, topic),
        "subject": np.where(job >= 0, of(street.subject, job), of(cases.subject, file)),
        "case": of(cases.serial, file),
        "incident": of(street.serial, job),
    }
