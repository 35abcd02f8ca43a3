"""What events bring: incidents, officers who ask under them, hot-listed plates, news."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
import pyarrow as pa

from misusesim import rng
from misusesim.clock import DAY_US, HOUR_US
from misusesim.dataset.schema import CONTEXT, ROLES
from misusesim.dice import Dice, lane, of_65536, table
from misusesim.occasions import DEFAULT, NONE, ODDITY, TEMPLATE, TOPICS, Occasions
from misusesim.plan import Incidents
from misusesim.workload import topics
from misusesim.workload.durations import drawn
from misusesim.workload.events import (
    CHIEF_TOPIC,
    CODE,
    HOURS,
    KINDS,
    SORTS,
    TOPICS_OF,
    Scenes,
    delays,
    scenes,
    statewide,
)
from misusesim.workload.links import Links
from misusesim.workload.onduty import on_shifts
from misusesim.workload.setting import MINUTE_US, SECOND_US, join, select
from misusesim.workload.street import CALL
from misusesim.world.context import table as rows_of
from misusesim.world.subjects import AREAS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from misusesim.scenario.model import Scenario
    from misusesim.workload.setting import Setting

    I64Array = NDArray[np.int64]

#: Who takes part, and what each does: mostly the first, a quarter of the time the second.
_ROLES: Final = ("patrol", "supervisor", "detective", "dispatcher")
_DOES: Final = {
    "all_agency_alert": (
        ("plate_check", "call_field"), ("plate_check", "plate_check"),
        ("alpr_search", "case_session"), ("call_dispatch", "plate_check"),
    ),
    "public_figure_case": (
        ("call_field", "name_check"), ("records_request", "call_field"),
        ("case_session", "records_request"), ("call_dispatch", "call_dispatch"),
    ),
    "mass_event": (
        ("call_field", "pedestrian_stop"), ("call_field", "plate_check"),
        ("case_session", "alpr_search"), ("call_dispatch", "call_dispatch"),
    ),
}  # fmt: skip
_SECOND_SHARE: Final = 0.25
_QUERIES: Final = table({1: 44, 2: 30, 3: 14, 4: 8, 6: 4})  # of a job (assumption)
_EVEN_SHARE: Final = 0.5  # of the work that falls to everybody alike (assumption)
#: People have no number for a broadcast and mostly none for the first hours of an event
#: (assumption).
_NO_NUMBER_SHARE: Final = 0.5
_LISTED_HOURS: Final = 48  # a plate stays on the hot list (assumption)
_ALERT, _FAMOUS = (np.array([sort.kind == kind for sort in SORTS]) for kind in KINDS[:2])
#: News break half an hour to six hours after it happened and are stale in two weeks (assumption).
_NEWS_MINUTES: Final = (30, 360)
NEWS_US: Final = 14 * DAY_US
_HEADLINES: Final = {
    "assault": "{} attacked, police say", "hit_and_run": "{} named in hit-and-run inquiry",
}  # fmt: skip


class Brought(NamedTuple):
    """What events bring to some agencies."""

    incidents: Incidents
    occasions: Occasions  # unnumbered
    links: Links


@dataclass(frozen=True, slots=True)
class Jobs:
    """Columns, one row per handling of an event by an officer."""

    scene: I64Array
    serial: I64Array  # of the incident of its own, where it has one
    time: I64Array  # UTC microseconds, whole seconds
    officer: NDArray[np.int32]
    own: NDArray[np.bool_]  # has an incident of its own
    subject: I64Array  # whom it is about, NONE: strangers


def event_work(setting: Setting) -> Brought:
    """Return what the events of the state bring to some agencies.

    Parameters
    ----------
    setting
        The agencies; without such entries in the scenario there is nothing.
    """
    found = scenes(setting, statewide(setting.scenario))
    jobs = _jobs(setting, found)
    files = [_scene_incidents(setting, found), _own_incidents(setting, jobs, found)]
    return Brought(join(files), _occasions(setting, found, jobs), _links(found, jobs))


def _jobs(setting: Setting, found: Scenes) -> Jobs:
    """Return who asks when; what finds nobody on duty is not done."""
    scene = np.repeat(np.arange(len(found.jobs)), found.jobs)
    nth = np.arange(len(scene)) - np.repeat(np.cumsum(found.jobs) - found.jobs, found.jobs)
    serial = found.serial[scene] + nth + 1
    sort, dice = found.sort[scene], setting.dice(serial)
    bits = dice.bits("event job")
    time = found.opened[scene] + MINUTE_US + delays(bits, HOURS[sort])
    officer = _crew(setting, time, dice, found.place[scene])
    own_share, chief_share = (
        np.array([of_65536(getattr(one, name)) for one in SORTS])[sort] for name in ("own", "chief")
    )
    own = lane(bits, 2) < own_share
    chief = np.where(lane(bits, 3) < chief_share, found.subject[scene], NONE)
    subject = np.where(own, setting.people(dice, "event"), chief)
    return select(Jobs(scene, serial, time, officer, own, subject), officer >= 0)  # type: ignore[no-any-return]


def _crew(setting: Setting, time: I64Array, dice: Dice, place: I64Array) -> NDArray[np.int32]:
    """Return an officer on duty at each time, -1 where there is none."""
    shifts = setting.shifts
    rows = setting.shifts_of(setting.has_role(*_ROLES))
    asked = np.sort(time)
    begun, over = (np.searchsorted(asked, at[rows]) for at in (shifts.start, shifts.end))
    rows = rows[over > begun]  # few shifts of a year have events in them
    crew = on_shifts(setting, rows, setting.weights(_EVEN_SHARE))
    return crew.pick(time, dice.bits("event officer"), place)


def _scene_incidents(setting: Setting, found: Scenes) -> Incidents:
    """Return the incident that an event is in each agency."""
    sort, dice = found.sort, setting.dice(found.serial)
    reported = setting.people(dice, "event")
    subject = np.where(_ALERT[sort], reported, found.subject)
    closed = found.opened + HOURS[sort] * HOUR_US
    return _incidents(found.serial, CHIEF_TOPIC[sort], found.opened, closed, subject, dice)


def _own_incidents(setting: Setting, jobs: Jobs, found: Scenes) -> Incidents:
    """Return the calls that come in because of an event, each with the officer who takes it."""
    own = select(jobs, jobs.own)
    dice = setting.dice(own.serial)
    bits = dice.bits("event call")
    sort = found.sort[own.scene]
    topic = np.stack(TOPICS_OF)[sort, lane(bits, 0)]
    opened = own.time - (60 + (lane(bits, 1) * 600 >> 16)) * SECOND_US
    opened = np.maximum(opened, found.opened[own.scene])
    closed = own.time + (10 + (lane(bits, 2) * 50 >> 16)) * MINUTE_US
    return _incidents(own.serial, topic, opened, closed, own.subject, dice, own.officer, own.time)


def _incidents(
    serial: I64Array, topic: I64Array, opened: I64Array, closed: I64Array, subject: I64Array,
    dice: Dice, officer: NDArray[np.int32] | None = None, begun: I64Array | None = None,
) -> Incidents:  # fmt: skip
    n = len(serial)
    nobody = np.full(n, NONE, np.int32)
    return Incidents(
        serial=serial, kind=np.full(n, CALL, np.int8),
        priority=np.array(topics.PRIORITY, np.int8)[topic], topic=topic.astype(np.int16),
        self_initiated=np.zeros(n, np.bool_), opened=opened,
        begun=opened if begun is None else begun - 30 * SECOND_US, closed=closed,
        known=opened + 5 * SECOND_US, officer=nobody if officer is None else officer,
        dispatcher=nobody, subject=subject,
        area=rng.below(dice.bits("area"), AREAS).astype(np.int16),
    )  # fmt: skip


def _occasions(setting: Setting, found: Scenes, jobs: Jobs) -> Occasions:
    """Return the queries; who has an incident of his own asks under that."""
    sort = found.sort[jobs.scene]
    bits = setting.dice(jobs.serial).bits("event queries")
    scene = found.serial[jobs.scene]
    role = setting.officers.role[jobs.officer]
    second = (lane(bits, 0) < of_65536(_SECOND_SHARE)).astype(np.int64)
    unsaid = ~jobs.own & (lane(bits, 1) < of_65536(_NO_NUMBER_SHARE))
    return Occasions.build(
        len(jobs.time), source=ODDITY, serial=0, oddity=CODE[sort], officer=jobs.officer,
        start=jobs.time, n=drawn(_QUERIES, bits, 2), gap_s=45,
        template=_templates()[sort, role, second], topic=_topic_of(jobs, sort, setting),
        subject=jobs.subject, incident=np.where(jobs.own, jobs.serial, scene),
        says_incident=np.where(unsaid, NONE, DEFAULT),
    )  # fmt: skip


def _topic_of(jobs: Jobs, sort: I64Array, setting: Setting) -> I64Array:
    """Return what each job is about: its own incident or the event."""
    bits = setting.dice(jobs.serial).bits("event call")
    return np.where(jobs.own, np.stack(TOPICS_OF)[sort, lane(bits, 0)], CHIEF_TOPIC[sort])


def _templates() -> NDArray[np.int64]:
    """Return what each role does, by sort, role and whether it is the rarer."""
    out = np.full((len(SORTS), len(ROLES), 2), TEMPLATE["call_field"], np.int64)
    for code, sort in enumerate(SORTS):
        for role, does in zip(_ROLES, _DOES[sort.kind], strict=True):
            out[code, ROLES.index(role)] = [TEMPLATE[name] for name in does]
    return out


def _links(found: Scenes, jobs: Jobs) -> Links:
    """Return the plates that alerts list, and who is put on the incident of an event."""
    alert = np.flatnonzero(_ALERT[found.sort])
    listed = Links.build(
        len(alert), subject=found.subject[alert], incident=found.serial[alert],
        since=found.opened[alert], until=found.opened[alert] + _LISTED_HOURS * HOUR_US,
        listed=True,
    )  # fmt: skip
    put = select(jobs, ~jobs.own & ~_ALERT[found.sort[jobs.scene]])
    assigned = Links.build(
        len(put.time), officer=put.officer, incident=found.serial[put.scene],
        since=np.maximum(found.opened[put.scene], put.time - 10 * MINUTE_US),
        until=put.time + 2 * HOUR_US,
    )  # fmt: skip
    return Links.concat([listed, assigned])


def news_rows(setting: Setting) -> tuple[pa.Table, I64Array]:
    """Return the news about public figures, at the agencies where it happened, and their places.

    Parameters
    ----------
    setting
        The agencies.
    """
    events, numbers = statewide(setting.scenario), setting.numbers.astype(np.int64)
    row = np.flatnonzero(_FAMOUS[events.sort] & np.isin(events.home, numbers))
    since = _out(setting.scenario, row)
    people, subject = setting.population, events.subject[row]
    told = [
        _HEADLINES[TOPICS[code]].format(f"{given} {surname}")
        for code, given, surname in zip(
            CHIEF_TOPIC[events.sort[row]].tolist(), people.given_name(subject),
            people.surname(subject), strict=True,
        )
    ]  # fmt: skip
    rows = rows_of(
        CONTEXT["dispatch"]["news"], len(row), subject_key=people.person_key(subject),
        headline=pa.array(told, pa.string()), valid_from=since,
        valid_to=since + NEWS_US, known_at=since,
    )  # fmt: skip
    return rows, np.searchsorted(numbers, events.home[row])


def _out(scenario: Scenario, row: I64Array) -> I64Array:
    """Return when the news of some events come out."""
    events = statewide(scenario)
    bits = Dice(scenario.seed, events.number[row].astype(np.uint64)).bits("news")
    low, high = _NEWS_MINUTES
    return events.begin[row] + (low + (lane(bits, 0) * (high - low) >> 16)) * MINUTE_US


def news_times(scenario: Scenario, subject: int) -> I64Array:
    """Return when news about a public figure come out, anywhere in the state."""
    events = statewide(scenario)
    return _out(scenario, np.flatnonzero(_FAMOUS[events.sort] & (events.subject == subject)))
