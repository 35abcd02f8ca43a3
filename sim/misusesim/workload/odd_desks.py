"""Oddities of desks: old cases, many cases, parts of names, printing all day, batches of plates."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from misusesim import rng
from misusesim.clock import WEEK_US
from misusesim.dataset.schema import ACTIONS
from misusesim.dice import lane, table
from misusesim.occasions import TEMPLATE, TOPIC, Occasions
from misusesim.workload import durations
from misusesim.workload.durations import drawn
from misusesim.workload.links import Links
from misusesim.workload.moments import ByOfficerWeek, Moments, moments_of, steps_of, within
from misusesim.workload.odd_occasions import Files, Found, no_links, odd_work, recalled
from misusesim.workload.setting import SECOND_US

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from misusesim.scenario.model import Oddity

    I64Array = NDArray[np.int64]

#: Weeks after which what was done is entered, and queries of such a sitting (assumption).
_BACKFILL_WEEKS: Final = (2, 11)  # least, and at most so many more
_BACKFILL_QUERIES: Final = table({4: 20, 6: 30, 9: 25, 12: 15, 16: 10})
#: A new detective does four times what he did before (domain note 6); here for about four weeks.
_SURGE_RUN: Final = 60
_SURGE_LENGTH: Final = table({45: 30, 60: 40, 75: 30})
_SURGE_PER_WEEK: Final = 16
_SURGE_DAYS: Final = 45
#: Names tried at a sitting: nineteen in the documented one (domain note 5.1, kind 3).
_NAMES: Final = table({5: 20, 7: 25, 10: 25, 14: 20, 19: 10})
_MISHEARD: Final = table({3: 45, 4: 30, 5: 15, 7: 10})
_NICKNAME_WEEKS: Final = 4  # a case is so old at most (assumption)
#: Reports handed out at a counter in a day, of accidents of the last six weeks (assumption).
_REPORTS: Final = (25, 36)
_REPORT_DAYS: Final = 45
_PRINT: Final = ACTIONS.index("print")
#: Cars of an impound or a salvage yard that are checked in one go (assumption).
_CARS: Final = table({15: 30, 22: 30, 32: 20, 45: 14, 60: 6})
_THEFT_DAYS: Final = 60


def backfill(files: Files, odd: Oddity) -> Found:
    """Return look-ups that a detective makes for an old case of his, weeks later."""
    setting, cases = files.setting, files.cases
    moments = moments_of(setting, odd, setting.has_role("detective"))
    least, more = _BACKFILL_WEEKS
    ago = least + (lane(moments.bits, 0) * more >> 16)
    row = own_case(files, moments, ago)
    shift = files.shifts.pick(moments.officer, moments.week, lane(moments.bits, 2))
    some = (row >= 0) & (shift >= 0)
    row, bits = row[some], moments.bits[some]
    occasions = odd_work(
        len(row), odd.kind, officer=moments.officer[some],
        start=within(setting, shift[some], lane(bits, 3)), gap_s=50,
        n=drawn(_BACKFILL_QUERIES, rng.mix(bits)), template=TEMPLATE["case_session"],
        topic=cases.topic[row], subject=cases.subject[row], case=cases.serial[row],
    )  # fmt: skip
    return Found(occasions, no_links())


def own_case(files: Files, moments: Moments, weeks_ago: I64Array) -> I64Array:
    """Return a case of each officer's own that came in so many weeks before, -1 where none did."""
    week = moments.week - weeks_ago
    row = files.own_cases.pick(moments.officer, np.maximum(week, -1), lane(moments.bits, 1))
    return np.where(week >= -1, row, -1)


def case_surge(files: Files, odd: Oddity) -> Found:
    """Return the weeks in which a detective takes over one case after another."""
    setting, cases = files.setting, files.cases
    moments = moments_of(setting, odd, setting.has_role("detective"), _SURGE_RUN)
    length = drawn(_SURGE_LENGTH, moments.bits, 1)
    per_week = np.full(len(length), _SURGE_PER_WEEK)
    steps = steps_of(setting, files.shifts, moments, length, per_week, f"{odd.kind} step")
    bits, week = rng.mix(steps.bits), setting.clock.week_of(steps.time)
    every = np.ones(len(cases.serial), np.bool_)
    row = recalled(files, cases, Moments(steps.officer, week, bits), every, _SURGE_DAYS)
    some = row >= 0
    row, officer, time = row[some], steps.officer[some], steps.time[some]
    occasions = odd_work(
        len(row), odd.kind, officer=officer, start=time,
        n=drawn(durations.SITTING_QUERIES, bits[some], 1), gap_s=70,
        template=TEMPLATE["case_session"], topic=cases.topic[row], subject=cases.subject[row],
        case=cases.serial[row],
    )  # fmt: skip
    return Found(occasions, put_on(files, officer, time, cases.serial[row]))


def put_on(files: Files, officer: I64Array, time: I64Array, case: I64Array) -> Links:
    """Return officers put on cases from the shift of each time on, for a week."""
    since = files.setting.clock.day_start(files.setting.clock.day_index(time))
    return Links.build(len(case), officer=officer, case=case, since=since, until=since + WEEK_US)


def nickname_search(files: Files, odd: Oddity) -> Found:
    """Return who looks for a nickname of a case, or for a name misheard on the telephone."""
    return Found(Occasions.concat([_nicknames(files, odd), _misheard(files, odd)]), no_links())


def _nicknames(files: Files, odd: Oddity) -> Occasions:
    cases = files.cases
    moments = moments_of(files.setting, odd, files.setting.has_role("detective"))
    row = own_case(files, moments, 1 + (lane(moments.bits, 0) * _NICKNAME_WEEKS >> 16))
    shift = files.shifts.pick(moments.officer, moments.week, lane(moments.bits, 2))
    some = (row >= 0) & (shift >= 0)
    row, bits = row[some], moments.bits[some]
    return odd_work(
        len(row), odd.kind, officer=moments.officer[some],
        start=within(files.setting, shift[some], lane(bits, 3)), n=drawn(_NAMES, rng.mix(bits)),
        gap_s=25, template=TEMPLATE["nickname_search"], topic=cases.topic[row],
        subject=cases.subject[row], case=cases.serial[row],
    )  # fmt: skip


def _misheard(files: Files, odd: Oddity) -> Occasions:
    incidents = files.incidents
    moments = moments_of(files.setting, odd, files.setting.has_role("dispatcher"))
    row = _answered(files, moments).pick(moments.officer, moments.week, lane(moments.bits, 0))
    moments, row = moments.at(row >= 0), row[row >= 0]
    heard = (30 + (lane(moments.bits, 1) * 120 >> 16)) * SECOND_US
    return odd_work(
        len(row), odd.kind, officer=moments.officer, start=incidents.opened[row] + heard,
        n=drawn(_MISHEARD, moments.bits, 2), gap_s=15, template=TEMPLATE["nickname_search"],
        topic=incidents.topic[row], subject=incidents.subject[row], incident=incidents.serial[row],
    )  # fmt: skip


def _answered(files: Files, moments: Moments) -> ByOfficerWeek:
    """Return the rows of calls that some dispatchers took, by dispatcher and week."""
    incidents = files.incidents
    some = np.zeros(len(files.setting.officers) + 1, np.bool_)  # the last: nobody took it
    some[moments.officer] = True
    rows = np.flatnonzero(some[incidents.dispatcher])
    return ByOfficerWeek(files.setting, incidents.dispatcher[rows], incidents.opened[rows], rows)


def records_counter_day(files: Files, odd: Oddity) -> Found:
    """Return a clerk's day at the counter, handing out and printing reports of accidents."""
    incidents = files.incidents
    officer, week, start, bits = _all_day(files, odd)
    accidents = np.isin(incidents.topic, (TOPIC["traffic"], TOPIC["hit_and_run"]))
    asked = Moments(officer, week, rng.mix(bits))
    row = recalled(files, incidents, asked, accidents, _REPORT_DAYS)
    some = row >= 0
    row = row[some]
    occasions = odd_work(
        len(row), odd.kind, officer=officer[some], start=start[some],
        n=1 + (lane(bits[some], 1) >> 15), gap_s=40, template=TEMPLATE["records_request"],
        topic=TOPIC["records"], subject=incidents.subject[row], incident=incidents.serial[row],
        action=_PRINT,
    )  # fmt: skip
    return Found(occasions, no_links())


def _all_day(files: Files, odd: Oddity) -> tuple[I64Array, I64Array, I64Array, NDArray[np.uint64]]:
    """Return officer, week, time and bits of each customer, one after the other over a shift."""
    setting, (least, more) = files.setting, _REPORTS
    moments = moments_of(setting, odd, setting.has_role("records_clerk"))
    shift = files.shifts.pick(moments.officer, moments.week, lane(moments.bits, 0))
    moments, shift = moments.at(shift >= 0), shift[shift >= 0]
    count = least + (lane(moments.bits, 1) * more >> 16)
    day = np.repeat(np.arange(len(count)), count)
    nth = np.arange(len(day)) - np.repeat(np.cumsum(count) - count, count)
    officer, week = moments.officer[day], moments.week[day]
    bits = setting.officer_dice(officer, week + 1 << 8 | nth, 20).bits("counter day")
    start = within(setting, shift[day], (nth * 65_536 + lane(bits, 0)) // count[day])
    return officer, week, start, bits


def auto_theft_batch(files: Files, odd: Oddity) -> Found:
    """Return plates of an impound or a salvage yard, run one after the other under a case."""
    setting, cases = files.setting, files.cases
    moments = moments_of(setting, odd, setting.has_role("detective", "patrol"))
    thefts = cases.topic == TOPIC["vehicle_theft"]
    row = recalled(files, cases, moments, thefts, _THEFT_DAYS)
    shift = files.shifts.pick(moments.officer, moments.week, lane(moments.bits, 2))
    some = (row >= 0) & (shift >= 0)
    row, bits, officer = row[some], moments.bits[some], moments.officer[some]
    start = within(setting, shift[some], lane(bits, 3) * 7 // 8)  # and it takes its time
    occasions = odd_work(
        len(row), odd.kind, officer=officer, start=start, n=drawn(_CARS, bits, 1), gap_s=22,
        template=TEMPLATE["plate_check"], topic=TOPIC["vehicle_theft"], case=cases.serial[row],
    )  # fmt: skip
    return Found(occasions, put_on(files, officer, start, cases.serial[row]))
