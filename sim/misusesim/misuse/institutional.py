"""Institutional kinds: what a unit does as a matter of course, against the rules."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from misusesim.clock import MINUTE_US
from misusesim.dataset.schema import INTENTS, MISUSE_KINDS, PURPOSES, SHIFT_KINDS, VIOLATIONS
from misusesim.misuse.rungs import OWN, PLAUSIBLE, Rung, drawn_rung, story
from misusesim.misuse.writing import LEAD_WEEKS, Application, Campaign, Scene, Step
from misusesim.occasions import TEMPLATE, TOPIC

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from misusesim.scenario.misuse import PermitChecks

    I64Array = NDArray[np.int64]

UNIT: Final = "licensing"
_DAYS_PER_YEAR: Final = 365
_MARGIN_US: Final = 15 * MINUTE_US  # after coming and before going
_SECOND_US: Final = 1_000_000
_CCW: Final = PURPOSES.index("ccw")
_COURT: Final = SHIFT_KINDS.index("court")
_OPENS_S, _OPEN_S = 8 * 3600, 9 * 3600  # the counter takes applications, local seconds
_RECENT_DAYS: Final = 21  # more than enough to hold four business days
_WAITED_DAYS: Final = (0, 0, 0, 1, 1, 2)  # open days from application to check (assumption)


class _Desk(NamedTuple):
    """The unit's shifts and days."""

    rows: I64Array  # shifts of the unit, by start
    day: I64Array  # local day of each
    open_days: NDArray[np.bool_]  # business days of the scenario


class PermitCheckCampaigns:
    """A permit desk checks applicants in systems that the rules forbid for it.

    6,789 checks in 2023 by one sheriff's unit, whose traffic looked ordinary (EFF 2025-01-28).
    Twins: the same desk's lawful checks, and other agencies' at the same rate.
    """

    def campaigns(self, scene: Scene, misuse: PermitChecks) -> Iterator[Campaign]:
        """Yield the unit's one campaign, if this is the agency."""
        if scene.agency.index != _first_of(scene, misuse.agency_group):
            return
        rung = drawn_rung(misuse.rungs, scene.stream("permit_checks rung"))
        if rung.code == OWN:  # clerks have no cases of their own: a colleague's is the best cover
            rung = rung._replace(code=PLAUSIBLE)
        desk, steps, applications = _desk(scene), list[Step](), list[Application]()
        for day, count in enumerate(_counts(scene, misuse, desk)):
            chance = scene.stream("permit_checks day", day)
            steps += _day(scene, desk, day, count, rung, chance)
            applications += _filed(scene, steps[len(applications) :], day, chance)
        if steps:
            yield _campaign(misuse, rung, steps, applications)


def _campaign(
    misuse: PermitChecks, rung: Rung, steps: list[Step], applications: list[Application]
) -> Campaign:
    return Campaign(
        key=(MISUSE_KINDS.index("permit_checks"), LEAD_WEEKS, 0),
        rung=rung.code,
        tie=-1,
        intent=INTENTS.index("institutional"),
        violation=VIOLATIONS.index("false_case" if rung.code == PLAUSIBLE else "purpose"),
        severity=misuse.severity,
        motive="custom of the unit",
        officers=tuple(sorted({step.officer for step in steps})),
        steps=tuple(steps),
        wished=len(steps),
        unit=UNIT,
        applications=tuple(applications),
    )


def _desk(scene: Scene) -> _Desk:
    units, shifts = scene.officers.units, scene.shifts
    clerk = scene.officers.unit == (units.index(UNIT) if UNIT in units else -1)
    rows = np.flatnonzero(clerk[shifts.officer] & (shifts.kind != _COURT))
    return _Desk(
        rows=rows,
        day=scene.clock.day_index(shifts.start[rows]),
        open_days=scene.clock.business_day(np.arange(scene.scenario.days)),
    )


def _counts(scene: Scene, misuse: PermitChecks, desk: _Desk) -> list[int]:
    """Return the unit's checks per day of the scenario; they wait for a day with a clerk.

    An exact yearly number falls on the year's business days at random.
    """
    days = scene.scenario.days
    if misuse.per_year is None:
        wanted = [
            int(scene.stream("permit_checks number", day).poisson(misuse.per_business_day))
            if desk.open_days[day] else 0
            for day in range(days)
        ]  # fmt: skip
    else:
        wanted = np.concatenate([
            _year(scene, misuse.per_year, year) for year in range(-(-days // _DAYS_PER_YEAR))
        ])[:days].tolist()  # fmt: skip
    staffed = np.zeros(days, np.bool_)
    staffed[desk.day[(desk.day >= 0) & (desk.day < days)]] = True
    counts = [0] * days
    for day in np.flatnonzero(wanted).tolist():
        at = _served(day, staffed & desk.open_days)
        if at is not None:
            counts[at] += wanted[day]
    return counts


def _served(day: int, staffed: NDArray[np.bool_]) -> int | None:
    """Return the day on which a check is made: the next with a clerk, else the year's last one."""
    start = day // _DAYS_PER_YEAR * _DAYS_PER_YEAR
    year = np.flatnonzero(staffed[start : start + _DAYS_PER_YEAR]) + start
    at = int(np.searchsorted(year, day))
    if at < len(year):
        return int(year[at])
    over = len(staffed) >= start + _DAYS_PER_YEAR
    return int(year[-1]) if over and len(year) else None


def _year(scene: Scene, number: int, year: int) -> I64Array:
    """Return an exact number spread over the business days of one year, per day."""
    first = year * _DAYS_PER_YEAR
    open_days = np.flatnonzero(scene.clock.business_day(np.arange(first, first + _DAYS_PER_YEAR)))
    chance = scene.stream("permit_checks year", year)
    drawn = open_days[chance.integers(0, len(open_days), number)]
    return np.bincount(drawn, minlength=_DAYS_PER_YEAR)


def _day(
    scene: Scene, desk: _Desk, day: int, count: int, rung: Rung, chance: np.random.Generator
) -> list[Step]:
    """Return the checks of one local day, spread over the hours of the clerks on duty."""
    rows = desk.rows[desk.day == day]
    begin = scene.shifts.start[rows] + _MARGIN_US
    passed = np.cumsum((scene.shifts.end[rows] - _MARGIN_US - begin) // _SECOND_US)
    places = chance.integers(0, max(1, int(passed[-1])) if len(rows) else 1, count)
    who = chance.integers(0, 2**31, count)
    if not count:
        return []
    at = np.searchsorted(passed, places, side="right")
    time = begin[at] + (places - np.append(0, passed)[at]) * _SECOND_US
    officer = scene.shifts.officer[rows[at]]
    applicants = scene.population.adult(who)
    return [
        Step(o, t, 1, TEMPLATE["background_check"], TOPIC["permit"], subject,
             story(scene, rung, o, t, _CCW, TOPIC["permit"], chance))
        for o, t, subject in zip(officer.tolist(), time.tolist(), applicants.tolist(), strict=True)
    ]  # fmt: skip


def _filed(
    scene: Scene, steps: list[Step], day: int, chance: np.random.Generator
) -> list[Application]:
    """Return the application behind each check of a day: filed at the counter shortly before."""
    near = np.arange(day - _RECENT_DAYS, day + 1)
    counter = scene.clock.day_start(near[scene.clock.business_day(near)][::-1]).tolist()
    return [
        Application(
            subject=step.subject,
            filed=_came_in(counter, step.time, chance),
        )
        for step in steps
    ]


def _came_in(counter: list[int], check: int, chance: np.random.Generator) -> int:
    """Return when an application came in: in office hours, on a business day, before its check.

    Parameters
    ----------
    counter
        Midnights of the last business days, the latest first, UTC microseconds.
    check
        When it is checked.
    chance
        Of the day.
    """
    waited = _WAITED_DAYS[int(chance.integers(len(_WAITED_DAYS)))]
    since_midnight = (_OPENS_S + int(chance.integers(0, _OPEN_S))) * _SECOND_US
    return next(m + since_midnight for m in counter[waited:] if m + since_midnight < check)


def _first_of(scene: Scene, group: str) -> int:
    """Return the index of the first agency of a group, -1 if there is no such group."""
    index = 0
    for entry in scene.scenario.groups:
        if entry.name == group:
            return index
        index += entry.count
    return -1
