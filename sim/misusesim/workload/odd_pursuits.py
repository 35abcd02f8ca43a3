"""Oddities of those who look for somebody: again and again without a number, ever further back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from misusesim.dice import lane, table
from misusesim.occasions import TEMPLATE, TOPIC
from misusesim.workload.durations import drawn
from misusesim.workload.moments import Moments, moments_of, steps_of, within
from misusesim.workload.odd_occasions import Files, Found, no_links, odd_work, recalled
from misusesim.workload.wanted import LIST_LENGTH, epoch_of, warrants
from misusesim.world.fugitives import ONE_IN, duty
from misusesim.world.readers import can_search

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from misusesim.scenario.model import Oddity


class Course(NamedTuple):
    """How somebody is looked for."""

    template: str
    mean: int  # occasions of a run inside the horizon (calc)
    length: NDArray[np.int32]
    least_per_week: int
    most_more: int


#: Lengths and paces are assumptions; repeats without any number are domain note 6.
_WARRANT: Final = Course("warrant_check", 8, table({6: 30, 9: 35, 13: 25, 20: 10}), 2, 3)
#: 28 of 1,785 pairs of officer and plate last 14 days or more without a case (domain note 6).
_PAIR: Final = Course("hotlist_repeat", 5, table({4: 40, 6: 35, 8: 25}), 1, 2)
#: Windows tried, of 12 h, 24 h, 7 d and 30 d, seconds between them, and for what: calls of the last
#: two weeks in which a car was gone with or stolen (assumptions).
_WINDOWS: Final = table({3: 40, 4: 60})
_BETWEEN_S: Final = 9
_GONE: Final = ("vehicle_theft", "hit_and_run", "robbery", "burglary", "missing")
_GONE_DAYS: Final = 14


def warrant_repeat(files: Files, odd: Oddity) -> Found:
    """Return checks on one wanted person for weeks, as fugitive units make them."""
    return _looked_for(files, odd, _WARRANT)


def sustained_pair(files: Files, odd: Oddity) -> Found:
    """Return searches for one wanted person's car over two weeks or more, without a case."""
    return _looked_for(files, odd, _PAIR)


def _looked_for(files: Files, odd: Oddity, course: Course) -> Found:
    """Return a run on somebody of the officer's own list, as long as the warrant is good."""
    setting = files.setting
    moments = _on_duty(files, odd, course.mean)
    place = lane(moments.bits, 0) * LIST_LENGTH >> 16
    warrant = warrants(setting, moments.officer, epoch_of(moments.week), place)
    length = drawn(course.length, moments.bits, 1)
    per_week = course.least_per_week + (lane(moments.bits, 2) * course.most_more >> 16)
    steps = steps_of(setting, files.shifts, moments, length, per_week, f"{odd.kind} step")
    good = (steps.time >= warrant.since[steps.run]) & (steps.time < warrant.until[steps.run])
    run = steps.run[good]
    occasions = odd_work(
        len(run), odd.kind, officer=steps.officer[good], start=steps.time[good],
        n=1 + (lane(steps.bits[good], 2) >> 15), gap_s=40, template=TEMPLATE[course.template],
        topic=TOPIC["wanted"], subject=warrant.subject[run],
    )  # fmt: skip
    return Found(occasions, no_links())


def _on_duty(files: Files, odd: Oddity, mean: int) -> Moments:
    """Return when pursuits begin: of those in the fugitive unit, of any detective without one."""
    setting = files.setting
    terms = duty(setting.scenario.seed, setting.clock, setting, setting.officers)
    unit = np.zeros(len(setting.agencies), np.bool_)
    unit[setting.place[terms.officer]] = True
    per_run = mean / np.where(unit, ONE_IN, 1)  # as many pursuits, of fewer people
    moments = moments_of(setting, odd, setting.has_role("detective"), per_run)
    start = setting.clock.day_start(7 * moments.week)
    member = terms.holds(moments.officer, np.maximum(start, setting.clock.horizon[0]))
    return moments.at(member | ~unit[setting.place[moments.officer]])


def window_widening(files: Files, odd: Oddity) -> Found:
    """Return searches for one car of a recent call, ever further back within seconds."""
    setting, incidents = files.setting, files.incidents
    searching = can_search(setting.scenario, setting.agencies)[setting.place]
    who = setting.has_role("patrol", "detective", "analyst", "supervisor") & searching
    moments = moments_of(setting, odd, who)
    gone = np.isin(incidents.topic, [TOPIC[name] for name in _GONE])
    row = recalled(files, incidents, moments, gone, _GONE_DAYS)
    shift = files.shifts.pick(moments.officer, moments.week, lane(moments.bits, 1))
    some = (row >= 0) & (shift >= 0)
    row, bits = row[some], moments.bits[some]
    occasions = odd_work(
        len(row), odd.kind, officer=moments.officer[some],
        start=within(setting, shift[some], lane(bits, 2)), n=drawn(_WINDOWS, bits, 3),
        gap_s=_BETWEEN_S, template=TEMPLATE["alpr_widening"], topic=incidents.topic[row],
        subject=incidents.subject[row], incident=incidents.serial[row],
    )  # fmt: skip
    return Found(occasions, no_links())
