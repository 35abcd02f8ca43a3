"""Oddities that are occasions of their own: honest, and strange to look at."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from misusesim import rng
from misusesim.clock import DAY_US, WEEK_US
from misusesim.dataset.schema import INCIDENT_KINDS, ODDITY_KINDS, PURPOSES
from misusesim.dice import lane, table
from misusesim.occasions import NONE, ODDITY, ORDINARY, TEMPLATE, TOPIC, Occasions
from misusesim.plan import SERIAL_BITS
from misusesim.workload.durations import drawn
from misusesim.workload.links import Links
from misusesim.workload.moments import (
    ByOfficerWeek,
    Moments,
    moments_of,
    own_shifts,
    steps_of,
    within,
)
from misusesim.workload.onduty import apart
from misusesim.workload.setting import SECOND_US, Setting

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from misusesim.plan import Cases, Incidents
    from misusesim.scenario.model import Oddity
    from misusesim.world.model import Shifts

    I64Array = NDArray[np.int64]

KIND: Final = {name: code for code, name in enumerate(ODDITY_KINDS)}
_TRAFFIC: Final = INCIDENT_KINDS.index("traffic_stop")
#: Mean occasions of a run that fall before the end of two months and into weeks with shifts (calc);
#: the scenario's rate counts occasions.
_HOTLIST_RUN, _PROTECTION_RUN = 14, 5
_HOTLIST_LENGTH: Final = table({8: 30, 14: 25, 24: 20, 40: 15, 60: 8, 110: 2})
_PROTECTION_LENGTH: Final = table({4: 25, 6: 25, 8: 20, 11: 15, 15: 15})
#: Repeats that a bursty agency has for one of an ordinary one: 18 % of Okaloosa's rows are hits of
#: three plates (domain note 6).
_BURSTY_RUNS: Final = 6


@dataclass(frozen=True)
class Files:
    """What oddities are hung on."""

    setting: Setting
    honest: Occasions  # numbered
    incidents: Incidents  # honest ones, by opening
    cases: Cases

    @cached_property
    def shifts(self) -> ByOfficerWeek:
        """Everybody's shifts by officer and week."""
        return own_shifts(self.setting)

    @cached_property
    def handled(self) -> ByOfficerWeek:
        """Rows of incidents by the officer who handled them and the week."""
        rows = np.flatnonzero(self.incidents.officer >= 0)
        return self._by_week(self.incidents.officer[rows], self.incidents.begun[rows], rows)

    @cached_property
    def own_cases(self) -> ByOfficerWeek:
        """Rows of cases by investigator and the week in which they were opened."""
        rows = np.arange(len(self.cases.serial))
        return self._by_week(self.cases.officer, self.cases.opened, rows)

    def _by_week(
        self, officer: NDArray[np.integer], start: I64Array, rows: I64Array
    ) -> ByOfficerWeek:
        return ByOfficerWeek(self.setting, officer, start, rows)


class Found(NamedTuple):
    """Occasions of one kind and what they add to the files."""

    occasions: Occasions
    links: Links
    shifts: Shifts | None = None  # worked besides those planned


def odd_work(count: int, kind: str, /, **columns: NDArray[np.generic] | int) -> Occasions:
    """Return occasions of an oddity's own."""
    return Occasions.build(count, source=ODDITY, serial=0, oddity=KIND[kind], **columns)


def no_links() -> Links:
    """Return what an oddity adds to the files that adds nothing."""
    return Links.concat([])


def _on_oneself(files: Files, odd: Oddity, template: str, topic: str) -> Found:
    setting = files.setting
    moments = moments_of(setting, odd, np.ones(len(setting.officers), np.bool_))
    shift = files.shifts.pick(moments.officer, moments.week, lane(moments.bits, 0))
    some = shift >= 0
    officer, bits = moments.officer[some], moments.bits[some]
    occasions = odd_work(
        len(officer),
        odd.kind,
        officer=officer,
        start=within(setting, shift[some], lane(bits, 1)),
        n=1 + (lane(bits, 2) >> 15),
        gap_s=30,
        template=TEMPLATE[template],
        topic=TOPIC[topic],
        subject=setting.officers.subject[officer],
    )
    return Found(occasions, no_links())


def self_query(files: Files, odd: Oddity) -> Found:
    """Return self-queries: 33-40 % of officers do so within a year (domain note 6)."""
    return _on_oneself(files, odd, "self_check", "patrol")


def system_test(files: Files, odd: Oddity) -> Found:
    """Return directed tests of a terminal on the officer's own plate and licence."""
    return _on_oneself(files, odd, "system_test", "test")


def same_surname(files: Files, odd: Oddity) -> Found:
    """Return checks on strangers of the officer's name at his own calls or stops."""
    return met_at_work(files, odd, lambda met: _namesakes(files.setting, met.officer, met.week))


def met_at_work(files: Files, odd: Oddity, whom: Callable[[Moments], I64Array]) -> Found:
    """Return checks on people whom officers meet at their own calls or stops.

    Parameters
    ----------
    files
        What oddities are hung on.
    odd
        Kind and rate.
    whom
        Who is met at each moment; -1: nobody.
    """
    setting, incidents = files.setting, files.incidents
    moments = moments_of(setting, odd, np.ones(len(setting.officers), np.bool_))
    row = files.handled.pick(moments.officer, moments.week, lane(moments.bits, 0))
    some = np.flatnonzero(row >= 0)
    officer, bits, row = moments.officer[some], moments.bits[some], row[some]
    subject = whom(Moments(officer, moments.week[some], bits))
    met = subject >= 0
    officer, bits, row, subject = officer[met], bits[met], row[met], subject[met]
    length = incidents.closed[row] - incidents.begun[row]
    start = incidents.begun[row] + length // 65536 * lane(bits, 1) // SECOND_US * SECOND_US
    serial = incidents.serial[row]
    occasions = odd_work(
        len(officer), odd.kind, officer=officer, start=start, n=1 + (lane(bits, 2) * 3 >> 16),
        gap_s=45, template=TEMPLATE["name_check"], topic=incidents.topic[row], subject=subject,
        incident=serial,
    )  # fmt: skip
    links = Links.build(
        len(officer), subject=subject, incident=serial, since=incidents.known[row],
        until=incidents.closed[row],
    )  # fmt: skip
    return Found(occasions, links)


def _namesakes(setting: Setting, officer: I64Array, week: I64Array) -> I64Array:
    """Return a stranger of each officer's surname, -1 where none is found."""
    home, people = setting.place[officer], setting.population
    own = officer - setting.first[home]
    seed, agency = setting.scenario.seed, setting.numbers[home]
    chances = rng.streams(seed, "namesake", agency, own, week + 1)
    code = people.surname_code(setting.officers.subject[officer])
    return people.namesakes(code, list(chances))


def recalled(
    files: Files, things: Cases | Incidents, moments: Moments, wanted: NDArray[np.bool_], days: int
) -> I64Array:
    """Return a wanted case or incident opened shortly before each moment's week, -1 where none."""
    rows = np.flatnonzero(wanted)
    opened = apart(things.opened[rows], things.serial[rows] >> SERIAL_BITS)
    order = np.argsort(opened, kind="stable")
    rows, opened = rows[order], opened[order]
    weeks = np.unique(moments.week)
    starts = np.array([files.setting.clock.week_bounds(int(w))[0] for w in weeks], np.int64)
    time = apart(starts[np.searchsorted(weeks, moments.week)], files.setting.place[moments.officer])
    low, high = (np.searchsorted(opened, t) for t in (time - days * DAY_US, time))
    at = low + (lane(moments.bits, 0) * (high - low) >> 16)
    found = np.append(rows, NONE)[np.minimum(at, len(rows))]
    return np.where(high > low, found, NONE)


def case_run(
    files: Files, moments: Moments, case: I64Array, length: I64Array, per_week: I64Array,
    odd: Oddity, template: str, *, listed: bool,
) -> Found:  # fmt: skip
    """Return a run of repeats on the suspect of a case that the officer is put on."""
    cases, some = files.cases, case >= 0
    moments = Moments(moments.officer[some], moments.week[some], moments.bits[some])
    case = case[some]
    steps = steps_of(
        files.setting, files.shifts, moments, length[some], per_week[some], f"{odd.kind} step"
    )
    row = case[steps.run]
    occasions = odd_work(
        len(row), odd.kind, officer=steps.officer, start=steps.time,
        n=1 + (lane(steps.bits, 2) >> 15) * (lane(steps.bits, 3) >> 15), gap_s=40,
        template=TEMPLATE[template], topic=cases.topic[row], subject=cases.subject[row],
        case=cases.serial[row],
    )  # fmt: skip
    since = np.array(
        [files.setting.clock.week_bounds(w)[0] for w in moments.week.tolist()], np.int64
    )
    weeks = (length[some] - 1) // np.maximum(per_week[some], 1) + 1
    links = Links.build(
        len(case), officer=moments.officer, subject=cases.subject[case], case=cases.serial[case],
        since=since, until=since + weeks * WEEK_US, listed=listed,
    )  # fmt: skip
    return Found(occasions, links)


def hotlist_repeat(files: Files, odd: Oddity) -> Found:
    """Return runs of searches for the hot-listed plate of a suspect, all under one case."""
    setting = files.setting
    bursty = setting.of_group("burstiness") == "bursty"
    per_run = _HOTLIST_RUN / np.where(bursty, _BURSTY_RUNS, 1)
    who = setting.has_role("detective", "patrol", "analyst")
    moments = moments_of(setting, odd, who, per_run)
    case = recalled(files, files.cases, moments, np.ones(len(files.cases.serial), np.bool_), 60)
    length = drawn(_HOTLIST_LENGTH, moments.bits, 1)
    per_week = 3 + (lane(moments.bits, 2) * 18 >> 16)
    return case_run(files, moments, case, length, per_week, odd, "hotlist_repeat", listed=True)


def victim_protection(files: Files, odd: Oddity) -> Found:
    """Return runs of checks on the partner of a victim by an officer put on the case."""
    setting = files.setting
    moments = moments_of(setting, odd, setting.has_role("detective", "patrol"), _PROTECTION_RUN)
    case = recalled(files, files.cases, moments, files.cases.topic == TOPIC["domestic"], 120)
    length = drawn(_PROTECTION_LENGTH, moments.bits, 1)
    per_week = 1 + (lane(moments.bits, 2) >> 15)
    return case_run(files, moments, case, length, per_week, odd, "victim_protection", listed=False)


def plate_before_stop(files: Files, odd: Oddity) -> Found:
    """Return plates run from behind; the record of the stop appears a minute later."""
    setting, incidents = files.setting, files.incidents
    stops = np.flatnonzero((incidents.kind == _TRAFFIC) & (incidents.officer >= 0))
    own = ByOfficerWeek(setting, incidents.officer[stops], incidents.opened[stops], stops)
    moments = moments_of(setting, odd, setting.has_role("patrol", "supervisor"))
    row = own.pick(moments.officer, moments.week, lane(moments.bits, 0))
    some = row >= 0
    row, bits = row[some], moments.bits[some]
    occasions = odd_work(
        len(row), odd.kind, officer=incidents.officer[row],
        start=incidents.opened[row] - (40 + (lane(bits, 1) * 60 >> 16)) * SECOND_US,
        template=TEMPLATE["plate_check"], topic=incidents.topic[row],
        subject=incidents.subject[row], incident=incidents.serial[row], says_incident=NONE,
    )  # fmt: skip
    return Found(occasions, no_links())


def wrong_dropdown(files: Files, odd: Oddity) -> Found:
    """Return wrong picks in the menu; a minute later the work itself says it right."""
    from misusesim.query.purposes import default_purpose  # noqa: PLC0415 - the expansion's table

    honest = files.honest
    dice = files.setting.dice(honest.serial)
    slip = (honest.subject >= 0) & (honest.oddity == NONE)
    slip &= dice.chance("oddity wrong_dropdown", odd.share)
    first, bits = honest.take(slip), dice.bits("wrong pick")[slip]
    right = default_purpose()[first.template, first.topic].astype(np.int64)
    wrong = (right + 1 + (lane(bits, 0) * (len(PURPOSES) - 1) >> 16)) % len(PURPOSES)
    topic = (first.topic + 1 + (lane(bits, 1) * (len(ORDINARY) - 1) >> 16)) % len(ORDINARY)
    occasions = odd_work(
        len(first), odd.kind, officer=first.officer,
        start=first.start - (40 + (lane(bits, 2) * 45 >> 16)) * SECOND_US,
        template=first.template, topic=first.topic, subject=first.subject,
        incident=first.incident, case=first.case, says_purpose=wrong, says_topic=topic,
    )  # fmt: skip
    return Found(occasions, no_links())
