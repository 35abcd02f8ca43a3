"""What concerns many officers of many agencies at once: alerts, public figures, mass events.

The statewide pass: when, where and about whom follows from the scenario alone, week by week. Each
agency's pass reads its slice, the scenes: an incident of its own, and officers on duty who ask
under it. A slice depends on the event and the agency and on no other agency.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from misusesim import rng
from misusesim.clock import DAY_US, HOUR_US, LocalClock
from misusesim.dataset.schema import ODDITY_KINDS
from misusesim.dice import Dice, lane, table
from misusesim.occasions import TOPIC
from misusesim.plan import SERIAL_BITS
from misusesim.workload.setting import MINUTE_US, SECOND_US, WEEK_BITS
from misusesim.workload.street import has_patrol
from misusesim.world.agencies import agencies
from misusesim.world.subjects import Population

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from misusesim.scenario.model import Scenario
    from misusesim.workload.setting import Setting

    I64Array = NDArray[np.int64]

EVERYBODY: Final = 1 << 20  # reach of an alert to all agencies


class Sort(NamedTuple):
    """What events of a sort are like; all numbers are assumptions."""

    kind: str  # the oddity that its queries are
    weight: int  # among the sorts of its kind
    topics: dict[str, int]  # of its incidents; the first is that of the event itself
    reach: int  # neighbours besides the home agency: the next ones in the state
    hours: int  # in which people ask
    home: float  # jobs per account of the home agency
    away: float  # jobs per account of any other
    own: float  # share of jobs with an incident of their own
    chief: float  # share of the other jobs that are about the person chiefly concerned


SORTS: Final = (
    # a child abducted in a car; a car or person wanted in the region
    Sort("all_agency_alert", 30, {"missing": 1}, EVERYBODY, 12, 0.12, 0.04, 0.0, 1.0),
    Sort("all_agency_alert", 70, {"robbery": 1}, 8, 8, 0.12, 0.06, 0.0, 1.0),
    # a public figure robbed or threatened; one who is a suspect
    Sort("public_figure_case", 60, {"assault": 1}, 3, 96, 0.25, 0.03, 0.0, 0.8),
    Sort("public_figure_case", 40, {"hit_and_run": 1}, 2, 72, 0.2, 0.03, 0.0, 0.8),
    # a pursuit across borders; many dead; a protest; a flood or fire
    Sort("mass_event", 40, {"vehicle_theft": 1}, 3, 2, 0.15, 0.06, 0.0, 0.8),
    Sort("mass_event", 10, {"homicide": 5, "missing": 3, "welfare": 2}, 4, 24, 0.8, 0.2, 0.3, 0.5),
    Sort("mass_event", 35, {"disturbance": 6, "assault": 2, "larceny": 1, "weapons": 1}, 2, 10,
         0.6, 0.15, 0.8, 0.3),
    Sort("mass_event", 15, {"welfare": 5, "missing": 3, "traffic": 1, "larceny": 1}, 5, 72,
         1.0, 0.4, 0.9, 0.2),
)  # fmt: skip
#: Kinds of oddity that are events, in the order of their codes in an event's number.
KINDS: Final = ("all_agency_alert", "public_figure_case", "mass_event")
#: Bits of an event's number in its week, and of a job's in its scene.
_NTH_BITS, _EVENT_BITS, JOB_BITS = 4, 6, 14
_MOST_JOBS: Final = 4_095
#: Place of events within the serials of incidents of a week; calls, stops, bookings are 0 to 2.
_PLACE: Final = 3 << WEEK_BITS - 2
_WEEKS_PER_YEAR: Final = 365 / 7
_DAY_MINUTES: Final = 1_440
_EARLIEST_MINUTE: Final = 180  # of the day: events are likeliest at three in the afternoon
_PASSED_ON_MINUTES: Final = 15  # at most, from the event to an agency's own record (assumption)
_BY_KIND: Final = {kind: [n for n, sort in enumerate(SORTS) if sort.kind == kind] for kind in KINDS}
_GUIDES: Final = {
    kind: np.array(sorts)[rng.guide([SORTS[n].weight for n in sorts])]
    for kind, sorts in _BY_KIND.items()
}
TOPICS_OF: Final = tuple(
    table({TOPIC[name]: weight for name, weight in sort.topics.items()}) for sort in SORTS
)
CHIEF_TOPIC: Final = np.array([TOPIC[next(iter(sort.topics))] for sort in SORTS], np.int64)
REACH, HOURS = (np.array([getattr(s, n) for s in SORTS], np.int64) for n in ("reach", "hours"))
_HOME, _AWAY = (np.array([getattr(s, n) for s in SORTS], np.float64) for n in ("home", "away"))
CODE: Final = np.array([ODDITY_KINDS.index(sort.kind) for sort in SORTS], np.int64)


class Events(NamedTuple):
    """Columns, one row per event of the state, by week."""

    number: I64Array  # week + 1, and the kind and the place among its kind in that week
    sort: I64Array  # code of SORTS
    begin: I64Array  # UTC microseconds, whole seconds
    home: I64Array  # index in the state of the agency where it happens
    subject: I64Array  # person chiefly concerned


class Scenes(NamedTuple):
    """Columns, one row per event and agency in its reach."""

    sort: I64Array  # code of SORTS
    subject: I64Array  # person chiefly concerned
    place: I64Array  # of the agency in the setting
    home: NDArray[np.bool_]  # it happens here
    serial: I64Array  # of the agency's own incident, with its place on top
    opened: I64Array
    jobs: I64Array  # occasions that it brings


@lru_cache(maxsize=4)
def statewide(scenario: Scenario) -> Events:
    """Return all events of a world, the same for every agency and for any number of days.

    Parameters
    ----------
    scenario
        Its `[[oddity]]` entries of such kinds say how many there are in a year.
    """
    clock = LocalClock(scenario)
    numbers = [
        (week + 1) << _EVENT_BITS | KINDS.index(odd.kind) << _NTH_BITS | nth
        for week in range(-1, clock.weeks)
        for odd in scenario.oddity
        if odd.kind in KINDS and odd.per_year > 0
        for nth in range(_how_many(scenario, odd.kind, odd.per_year, week))
    ]
    number = np.array(numbers if _units(scenario).any() else [], np.int64)
    dice = Dice(scenario.seed, number.astype(np.uint64))
    what, when = dice.bits("event what"), dice.bits("event when")
    kind = number >> _NTH_BITS & (1 << _EVENT_BITS - _NTH_BITS) - 1
    guides = np.stack([_GUIDES[name] for name in KINDS])
    whom = rng.below(dice.bits("event whom"), scenario.population)
    return Events(
        number=number,
        sort=guides[kind, lane(what, 0)],
        begin=_begin(clock, (number >> _EVENT_BITS) - 1, when),
        home=_homes(scenario, dice.bits("event where")),
        subject=Population(scenario).grown(whom),
    )


def _how_many(scenario: Scenario, kind: str, per_year: float, week: int) -> int:
    chance = rng.stream(scenario.seed, f"event {kind}", week + 1)
    return min(int(chance.poisson(per_year / _WEEKS_PER_YEAR)), (1 << _NTH_BITS) - 1)


def _begin(clock: LocalClock, week: I64Array, bits: NDArray[np.uint64]) -> I64Array:
    """Return when events begin: any day, mostly in the afternoon."""
    day = week * 7 + (lane(bits, 0) * 7 >> 16)
    minute = (lane(bits, 1) + lane(bits, 2)) * (_DAY_MINUTES // 2) >> 16
    minute = (minute + _EARLIEST_MINUTE) % _DAY_MINUTES
    second = lane(bits, 3) * 60 >> 16
    return clock.utc((clock.start_day + day) * DAY_US + minute * MINUTE_US + second * SECOND_US)


def _units(scenario: Scenario) -> I64Array:
    """Return the accounts of each agency that has units of its own, else 0."""
    return np.array([
        agency.accounts if agency.group.street and agency.group.type != "dispatch" else 0
        for agency in agencies(scenario)
    ], np.int64)  # fmt: skip


def _homes(scenario: Scenario, bits: NDArray[np.uint64]) -> I64Array:
    """Return where events happen: the larger the agency the likelier."""
    upto = np.cumsum(_units(scenario))
    return np.searchsorted(upto, rng.below(bits, int(upto[-1])), side="right")


def scenes(setting: Setting, events: Events) -> Scenes:
    """Return the slice of some agencies; those without units or consoles have none."""
    state = len(agencies(setting.scenario))
    index = setting.numbers.astype(np.int64)
    far = (index - events.home[:, None]) % state
    concerned = has_patrol(setting) | (setting.of_group("type") == "dispatch")
    event, place = np.nonzero((far <= REACH[events.sort][:, None]) & concerned)
    number, sort = events.number[event], events.sort[event]
    serial = _serials(number) + (place << SERIAL_BITS)
    home = far[event, place] == 0
    dice = setting.dice(serial)
    bits = dice.bits("scene")
    later = (lane(bits, 0) * _PASSED_ON_MINUTES * 60 >> 16) * SECOND_US
    accounts = np.array([agency.accounts for agency in setting.agencies])
    mean = accounts[place] * np.where(home, _HOME[sort], _AWAY[sort])
    mean = mean * ((32_768 + lane(bits, 1)) / 65_536)  # from half to one and a half
    whole = mean.astype(np.int64)
    jobs = whole + dice.chance("scene turnout", mean - whole)
    opened = events.begin[event] + np.where(home, 0, later)
    jobs = np.minimum(jobs, _MOST_JOBS)
    return Scenes(sort, events.subject[event], place, home, serial, opened, jobs)


def _serials(number: I64Array) -> I64Array:
    """Return the serials of the incidents that events are in each agency."""
    nth = number & (1 << _EVENT_BITS) - 1
    return (number >> _EVENT_BITS << WEEK_BITS) + _PLACE + (nth << JOB_BITS)


def delays(bits: NDArray[np.uint64], hours: I64Array) -> I64Array:
    """Return how long after the beginning people ask: mostly early, at most so many hours."""
    share = np.minimum(lane(bits, 0), lane(bits, 1))
    return (share * (hours * (HOUR_US // SECOND_US)) >> 16) * SECOND_US
