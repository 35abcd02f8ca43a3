"""Oddities of those who look for wanted persons: one person again and again, without a number."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from misusesim.dice import lane, table
from misusesim.occasions import TEMPLATE, TOPIC
from misusesim.workload.durations import drawn
from misusesim.workload.moments import moments_of, steps_of
from misusesim.workload.odd_occasions import Files, Found, no_links, odd_work
from misusesim.workload.wanted import LIST_LENGTH, epoch_of, warrants

if TYPE_CHECKING:
    import numpy as np
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


def warrant_repeat(files: Files, odd: Oddity) -> Found:
    """Return checks on one wanted person for weeks, as fugitive units make them."""
    return _looked_for(files, odd, _WARRANT)


def sustained_pair(files: Files, odd: Oddity) -> Found:
    """Return searches for one wanted person's car over two weeks or more, without a case."""
    return _looked_for(files, odd, _PAIR)


def _looked_for(files: Files, odd: Oddity, course: Course) -> Found:
    """Return a run on somebody of the officer's own list, as long as the warrant is good."""
    setting = files.setting
    moments = moments_of(setting, odd, setting.has_role("detective"), course.mean)
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
