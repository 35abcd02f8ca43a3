"""Occasions numbered by week and place in it, and what the warm-up is for."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from misusesim.clock import DAY_US, HOUR_US, WEEK_US
from misusesim.occasions import WORK, Occasions
from misusesim.workload.inorder import by_start, numbered
from misusesim.workload.setting import WEEK_BITS, within_weeks, work

SECOND = 1_000_000
FIRST = 1 << WEEK_BITS


def at(setting, *hours, officer=0, template=0):
    """Return occasions at hours after the beginning of the scenario."""
    start = setting.clock.horizon[0] + np.array(hours, np.int64) * HOUR_US
    return work(len(hours), officer=officer, start=start, template=template)


@pytest.mark.parametrize(
    ("hours", "serials"),
    [
        ([], []),
        ([0], [FIRST]),
        ([1, 2, 3], [FIRST, FIRST + 1, FIRST + 2]),
        ([-1], [0]),
        ([-5, -1, 0], [0, 1, FIRST]),
        ([1, 169, 170], [FIRST, 2 * FIRST, 2 * FIRST + 1]),
        ([3, 1], [FIRST, FIRST + 1]),
        ([5, 503, 504, 900], [FIRST, 3 * FIRST]),
    ],
)
def test_serials_by_hand(setting, hours, serials):
    """A serial is the week, warm-up 0, and the place in it; from the fourth week on all is left."""
    spring = [h - 1 if h > 150 else h for h in hours]  # the clocks go forward in the first week
    assert numbered(setting, at(setting, *spring)).serial.tolist() == serials


def test_numbered_occasions_are_in_order(setting):
    """Occasions come by start, of one moment by officer, and then by template."""
    mixed = Occasions.concat([
        at(setting, 4, officer=2, template=1),
        at(setting, 4, officer=1, template=5),
        at(setting, 4, officer=1, template=3),
        at(setting, 2, officer=9),
    ])  # fmt: skip
    made = numbered(setting, mixed)
    assert made.officer.tolist() == [9, 1, 1, 2]
    assert made.template.tolist() == [0, 3, 5, 1]


@settings(max_examples=40)
@given(st.lists(st.integers(-168, 500), max_size=20), st.integers(-168, 500))
def test_what_comes_later_changes_no_serial(setting, hours, last):
    """Occasions before a moment have the serials that they have without what follows."""
    early = [hour for hour in hours if hour < last]
    whole = numbered(setting, at(setting, *hours)).serial.tolist()
    alone = numbered(setting, at(setting, *early)).serial.tolist()
    assert whole[: len(alone)] == alone


@settings(max_examples=40)
@given(st.lists(st.integers(-168, 500), max_size=30))
def test_serials_are_unique_and_rise(setting, hours):
    """Serials of one source are strictly ascending in the order of start."""
    serial = numbered(setting, at(setting, *hours)).serial
    assert (np.diff(serial) > 0).all()
    assert ((serial >= 0) & (serial < 2**38)).all()


def test_moments_are_inside_their_second(setting):
    """Planning is in whole seconds; the moment is moved within the second in milliseconds."""
    plan = numbered(setting, at(setting, *range(400)))
    moved = by_start(setting, plan)
    assert (moved.start // SECOND == plan.start // SECOND).all()
    within = moved.start % SECOND
    assert not (within % 1000).any()
    assert len(np.unique(within)) > 200
    assert within.max() < SECOND


def test_moving_again_changes_nothing(setting):
    """The moment is of the occasion's serial, so a second pass gives the same."""
    once = by_start(setting, numbered(setting, at(setting, *range(100))))
    assert by_start(setting, once).start.tolist() == once.start.tolist()


def test_occasions_of_one_second_are_ordered_by_their_moments(setting):
    """Several occasions of a second come in order of the moments they are given."""
    crowd = Occasions.concat([at(setting, 7, officer=k) for k in range(60)])
    moved = by_start(setting, numbered(setting, crowd))
    assert (np.diff(moved.start) >= 0).all()
    assert sorted(moved.officer.tolist()) == list(range(60))
    assert moved.officer.tolist() != list(range(60))


def test_sources_of_one_serial_have_moments_of_their_own(setting):
    """The same serial of work and of an oddity is not the same moment everywhere."""
    plan = numbered(setting, at(setting, *range(50)))
    other = Occasions.build(
        50, source=1, serial=plan.serial, officer=0, start=plan.start, template=0
    )
    both = by_start(setting, Occasions.concat([plan, other]))
    mine = both.start[both.source == WORK]
    assert (mine != both.start[both.source != WORK]).sum() > 40


def test_shifts_beyond_the_scenario_are_left_out(setting):
    """The plan keeps every shift that begins before the last week ends, and no other."""
    end = setting.clock.horizon[0] + 3 * WEEK_US - HOUR_US  # an hour lost in March
    kept = within_weeks(setting).shifts
    assert kept.start.max() < end
    assert len(kept.start) == int((setting.shifts.start < end).sum()) < len(setting.shifts.start)
    assert kept.end.max() > end - DAY_US


def test_shifts_keep_their_columns(setting):
    """Cutting shifts keeps officer, end and kind with their starts."""
    kept, whole = within_weeks(setting).shifts, setting.shifts
    n = len(kept.start)
    for name in ("officer", "start", "end", "kind"):
        assert getattr(kept, name).tolist() == getattr(whole, name)[:n].tolist()
