"""When something odd begins: draws per officer and week, picks and steps inside shifts."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from misusesim.clock import WEEK_US
from misusesim.scenario.model import Oddity
from misusesim.workload.moments import (
    ByOfficerWeek,
    Moments,
    moments_of,
    own_shifts,
    steps_of,
    within,
)

SECOND = 1_000_000
ALWAYS = Oddity(kind="self_query", rate_per_officer_year=60.0)
RARE = Oddity(kind="self_query", rate_per_officer_year=6.0)


@pytest.fixture
def everybody(setting):
    return np.ones(len(setting.officers), np.bool_)


@pytest.fixture
def board(setting):
    """Rows 40 to 44: officer 1 has two in week 0 and one in week 1, officer 2 two in week -1."""
    first = setting.clock.horizon[0]
    start = first + np.array([3, 1, 8, -2, -6]) * WEEK_US // 7
    officer = np.array([1, 1, 1, 2, 2], np.int32)
    return ByOfficerWeek(setting, officer, start, np.arange(40, 45))


def picked(board, officer, week, die):
    found = board.pick(np.array([officer]), np.array([week]), np.array([die]))
    return int(found[0])


@pytest.mark.parametrize(
    ("officer", "week", "die", "row"),
    [
        (1, 0, 0, 41),
        (1, 0, 32_767, 41),
        (1, 0, 32_768, 40),
        (1, 0, 65_535, 40),
        (1, 1, 0, 42),
        (1, 1, 65_535, 42),
        (2, -1, 0, 44),
        (2, -1, 65_535, 43),
        (2, 0, 0, -1),
        (1, 2, 0, -1),
        (3, 0, 65_535, -1),
        (0, 0, 0, -1),
    ],
)
def test_pick_by_officer_and_week(board, officer, week, die, row):
    """The lane of bits shares the officer's week evenly, in order of time; else -1."""
    assert picked(board, officer, week, die) == row


def test_pick_from_an_empty_board(setting):
    """With nothing on the board every pick is -1."""
    none = np.empty(0, np.int64)
    board = ByOfficerWeek(setting, none, none, none)
    assert picked(board, 0, 0, 65_535) == -1


def test_own_shifts_are_those_of_the_officer_and_week(setting):
    """A picked shift belongs to the officer asked for and begins in the week asked for."""
    n = len(setting.officers)
    officer = np.repeat(np.arange(n), 3)
    week = np.tile([0, 1, 2], n)
    row = own_shifts(setting).pick(officer, week, np.full(3 * n, 40_000))
    some = row >= 0
    assert some.mean() > 0.8
    assert (setting.shifts.officer[row[some]] == officer[some]).all()
    assert (setting.clock.week_of(setting.shifts.start[row[some]]) == week[some]).all()


def test_own_shifts_are_no_court_days(setting):
    """Court is not a shift in which something odd begins."""
    n = len(setting.officers)
    die = np.arange(0, 65_536, 8192)
    officer, lane = (a.reshape(-1) for a in np.meshgrid(np.arange(n), die))
    row = own_shifts(setting).pick(officer, np.ones(len(officer), np.int64), lane)
    assert 3 not in setting.shifts.kind[row[row >= 0]].tolist()


@pytest.mark.parametrize(("die", "share"), [(0, 0.0), (16_384, 0.25), (32_768, 0.5)])
def test_within_is_in_proportion(setting, die, share):
    """The lane says how far into the shift, to two seconds."""
    shift = np.arange(50)
    start, end = setting.shifts.start[shift], setting.shifts.end[shift]
    time = within(setting, shift, np.full(50, die))
    assert np.abs(time - start - share * (end - start)).max() <= 2 * SECOND


@given(st.integers(0, 65_535), st.integers(0, 400))
def test_within_never_leaves_the_shift(setting, die, row):
    """Any lane falls into the shift, on a whole second from its start."""
    time = int(within(setting, np.array([row]), np.array([die]))[0])
    start, end = int(setting.shifts.start[row]), int(setting.shifts.end[row])
    assert start <= time < end
    assert (time - start) % SECOND == 0


def test_a_weekly_rate_begins_every_week(setting, everybody):
    """More than 52.14 a year are one beginning for each officer in each week, warm-up included."""
    moments = moments_of(setting, ALWAYS, everybody)
    assert len(moments.officer) == len(setting.officers) * 4
    assert moments.week[:4].tolist() == [-1, 0, 1, 2]
    assert moments.officer[:8].tolist() == [0, 0, 0, 0, 1, 1, 1, 1]


@pytest.mark.parametrize("per_run", [1.0, 3.0])
def test_runs_begin_less_often_than_occasions(setting, everybody, per_run):
    """With several occasions a run, so many fewer runs begin."""
    odd = Oddity(kind="self_query", rate_per_officer_year=26.07)
    n = len(moments_of(setting, odd, everybody, per_run).officer)
    expected = len(setting.officers) * 4 * 0.5 / per_run
    assert abs(n - expected) < 4 * np.sqrt(expected)


def test_a_rarer_oddity_begins_at_some_of_the_same_moments(setting, everybody):
    """A lower rate takes moments away and adds none."""
    often = {*zip(*moments_of(setting, ALWAYS, everybody)[:2], strict=True)}
    rare = {*zip(*moments_of(setting, RARE, everybody)[:2], strict=True)}
    assert rare < often


def test_kinds_begin_apart(setting, everybody):
    """Two kinds of the same rate do not begin at the same moments."""
    other = Oddity(kind="system_test", rate_per_officer_year=6.0)
    first, second = (moments_of(setting, odd, everybody) for odd in (RARE, other))
    assert first.officer.tolist() != second.officer.tolist()


def test_only_those_asked_for(setting, everybody):
    """Who is left out has no moments, and the others keep theirs."""
    some = everybody.copy()
    some[::2] = False
    whole, part = (moments_of(setting, RARE, who) for who in (everybody, some))
    mine = whole.officer % 2 == 1
    assert part.officer.tolist() == whole.officer[mine].tolist()
    assert part.bits.tolist() == whole.bits[mine].tolist()


def test_nobody_has_no_moments(setting, everybody):
    """Without people there are no moments."""
    assert len(moments_of(setting, ALWAYS, ~everybody).officer) == 0


def run_of(setting, length, per_week, week=0):
    officers = np.arange(len(setting.officers))
    n = len(officers)
    moments = Moments(officers, np.full(n, week), np.zeros(n, np.uint64))
    count, weekly = np.full(n, length), np.full(n, per_week)
    return steps_of(setting, own_shifts(setting), moments, count, weekly, "test step")


def weeks_of(setting, run):
    """Return the week in which the shift around each step begins; night shifts may end later."""
    shifts = setting.shifts
    around = shifts.officer == run.officer[:, None]
    around &= (shifts.start <= run.time[:, None]) & (run.time[:, None] < shifts.end)
    assert around.any(axis=1).all()
    return setting.clock.week_of(shifts.start[around.argmax(axis=1)])


def test_steps_fall_into_successive_weeks(setting):
    """Three steps at one a week are in three weeks, each inside a shift of the officer."""
    run = run_of(setting, 3, 1)
    week = weeks_of(setting, run)
    assert set(week.tolist()) == {0, 1, 2}
    assert np.bincount(week).max() <= len(setting.officers)
    assert (run.officer == run.run).all()


def test_steps_of_a_week_stay_in_it(setting):
    """Five steps at five a week are all in the week of the run's beginning."""
    run = run_of(setting, 5, 5, week=1)
    assert set(weeks_of(setting, run).tolist()) == {1}
    assert np.bincount(run.run).max() == 5


def test_steps_beyond_the_last_week_are_left_out(setting):
    """A run of eight weeks that begins in the last week has one step left."""
    run = run_of(setting, 8, 1, week=2)
    assert set(weeks_of(setting, run).tolist()) == {2}
    assert np.bincount(run.run).max() == 1


def test_a_pace_of_zero_is_one_a_week(setting):
    """A run without a pace goes on once a week."""
    slow, plain = run_of(setting, 3, 0), run_of(setting, 3, 1)
    assert slow.time.tolist() == plain.time.tolist()


def test_a_longer_run_keeps_its_first_steps(setting):
    """Two more steps change none of the steps before them."""
    short, long = run_of(setting, 2, 2), run_of(setting, 4, 2)
    assert {*short.bits.tolist()} < {*long.bits.tolist()}
    assert {*short.time.tolist()} <= {*long.time.tolist()}


def test_runs_without_steps(setting):
    """Runs of length zero have no steps."""
    assert len(run_of(setting, 0, 1).time) == 0
