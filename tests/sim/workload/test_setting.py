"""What all work of an agency stands on: roles, weights, strength, regulars and pace."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from misusesim.clock import DAY_US, HOUR_US
from misusesim.dataset.schema import ROLES, SHIFT_KINDS
from misusesim.occasions import DEFAULT, NONE, WORK
from misusesim.scenario.model import Staffing
from misusesim.workload.setting import join, select, work

COURT = SHIFT_KINDS.index("court")


@pytest.fixture
def everybody(setting):
    return np.ones(len(setting.officers), np.bool_)


def with_activity(setting, *activity):
    """Return the setting with everybody's activity drawn from the values given, in turn."""
    turned = np.resize(np.array(activity), len(setting.officers))
    return replace(setting, officers=replace(setting.officers, activity=turned))


def test_weeks_begin_with_the_warm_up(setting):
    """Three weeks are four with the warm-up before them."""
    assert list(setting.weeks) == [-1, 0, 1, 2]


@pytest.mark.parametrize("role", ROLES)
def test_has_role_is_one_role(setting, role):
    """A role picks exactly those whose code it is."""
    assert (setting.has_role(role) == (setting.officers.role == ROLES.index(role))).all()


def test_several_roles_are_either(setting):
    """Of several roles one is enough."""
    both = setting.has_role("patrol", "jail")
    assert (both == (setting.has_role("patrol") | setting.has_role("jail"))).all()


def test_every_officer_has_one_role(setting):
    """The roles part the officers without remainder."""
    assert sum(setting.has_role(role) for role in ROLES).tolist() == [1] * len(setting.officers)


def test_a_role_that_is_none(setting):
    """No roles pick nobody, an unknown one is an error."""
    assert not setting.has_role().any()
    with pytest.raises(ValueError, match="index"):
        setting.has_role("astronaut")


def test_a_unit_that_is_not_there(setting):
    """Nobody belongs to a unit that the agency does not have."""
    assert not setting.in_unit("submarines").any()
    assert setting.in_unit("licensing").sum() >= 2


@pytest.mark.parametrize(
    ("activity", "appetite"), [(0.0, 0.05), (0.05, 0.05), (1.0, 1.0), (8.0, 8.0), (99.0, 8.0)]
)
def test_appetite_has_bounds(setting, activity, appetite):
    """Activity counts between a twentieth and eight times the mean."""
    assert set(with_activity(setting, activity).appetite().tolist()) == {appetite}


@pytest.mark.parametrize(
    ("base", "weights"),
    [(0.0, [50, 1000, 2500]), (0.3, [335, 1000, 2050]), (1.0, [1000, 1000, 1000])],
)
def test_weights_share_a_base(setting, base, weights):
    """A base is alike for all; only the rest goes by appetite."""
    assert with_activity(setting, 0.0, 1.0, 2.5).weights(base)[:3].tolist() == weights


def test_shifts_of_leaves_court_out(setting, everybody):
    """The shifts of all are all shifts but court, in order of start."""
    rows = setting.shifts_of(everybody)
    assert rows.tolist() == np.flatnonzero(setting.shifts.kind != COURT).tolist()
    assert len(rows) < len(setting.shifts.start)


def test_shifts_of_nobody(setting, everybody):
    """Nobody has no shifts."""
    assert setting.shifts_of(~everybody).tolist() == []


@pytest.mark.parametrize(
    ("duty", "leave", "each"),
    [(4.0, 0.0, 4.0), (4.0, 36.5, 3.3), (5.0, 73.0, 3.6), (1.0, 300.0, 0.0)],
)
def test_strength_takes_leave_off(setting, everybody, duty, leave, each):
    """Each owes the duty days less a week's part of the leave, never less than none."""
    staffing = Staffing(duty_days_per_week=duty, leave_days_per_year=leave)
    scenario = setting.scenario.model_copy(update={"staffing": staffing})
    people = setting.officers
    start = setting.clock.week_bounds(0)[0]
    there = int(((people.hired <= start) & (people.left > start)).sum())
    found = replace(setting, scenario=scenario).strength(everybody, 0)
    assert found == pytest.approx(there * each)


def test_strength_counts_who_is_there_as_the_week_begins(setting, everybody):
    """Who is hired a microsecond later or leaves at that moment does not count."""
    start = setting.clock.week_bounds(1)[0]
    n = len(setting.officers)
    hired, left = np.full(n, start), np.full(n, start + 1)
    hired[0], left[1] = start + 1, start
    people = replace(setting.officers, hired=hired, left=left)
    each = replace(setting, officers=people).strength(everybody, 1) / (n - 2)
    assert each == pytest.approx(4 - 24 * 7 / 365)


def test_streams_repeat_and_differ(setting):
    """A purpose and week have a stream of their own, the same whenever asked."""
    first = setting.stream("a", 0).random(4).tolist()
    assert setting.stream("a", 0).random(4).tolist() == first
    assert setting.stream("a", 1).random(4).tolist() != first
    assert setting.stream("b", 0).random(4).tolist() != first


def test_dice_differ_between_agencies(setting):
    """Entities of the same number at two agencies throw differently."""
    other = replace(setting, agencies=(replace(setting.agency, index=1),))
    here, there = (s.dice(np.arange(9)).bits("x") for s in (setting, other))
    assert not {*here.tolist()} & {*there.tolist()}


def test_regulars_are_a_tenth_and_come_back(setting):
    """About a tenth of the people of jobs are met again, and the rest hardly ever."""
    people = setting.people(setting.dice(np.arange(20_000)), "job")
    _, times = np.unique(people, return_counts=True)
    again = times[times > 3].sum() / len(people)
    assert again == pytest.approx(0.10, abs=0.02)


def test_people_are_of_the_population(setting):
    """Whoever a job is about is one of the population, and grown up."""
    people = setting.people(setting.dice(np.arange(5_000)), "job")
    assert 0 <= people.min() <= people.max() < setting.scenario.population
    assert (setting.population.grown(people) == people).all()


def test_paced_work_is_inside_its_shift(setting, everybody):
    """Jobs are taken up in whole seconds of a shift by the officer whose it is."""
    jobs = setting.paced("test", setting.shifts_of(everybody), 2.0)
    shifts = setting.shifts
    assert (jobs.time >= shifts.start[jobs.shift]).all()
    assert (jobs.time < shifts.end[jobs.shift]).all()
    assert (jobs.officer == shifts.officer[jobs.shift]).all()
    assert len(jobs) == len(jobs.time)


@pytest.mark.parametrize("rate", [0.5, 2.0, 9.0])
def test_paced_work_is_in_proportion(setting, everybody, rate):
    """Jobs are as many as the rate and the hours of the shifts say."""
    rows = setting.shifts_of(everybody)
    week = setting.clock.week_of(setting.shifts.start[rows])
    rows = rows[(week >= 0) & (week < setting.clock.weeks)]
    hours = (setting.shifts.end[rows] - setting.shifts.start[rows]).sum() / HOUR_US
    jobs = setting.paced("test", rows, rate)
    assert len(jobs) == pytest.approx(rate * hours / 10, rel=0.15)


def test_nothing_is_taken_up_in_the_warm_up(setting, everybody):
    """A shift that ends with the warm-up has no jobs: nothing of them would be kept."""
    jobs = setting.paced("test", setting.shifts_of(everybody), 2.0)
    ends = setting.shifts.end[jobs.shift]
    assert (ends > setting.clock.horizon[0] - HOUR_US).all()


def test_a_rate_per_officer(setting, everybody):
    """Who has rate zero takes nothing up."""
    rate = np.zeros(len(setting.officers))
    rate[3] = 5.0
    jobs = setting.paced("test", setting.shifts_of(everybody), rate)
    assert set(jobs.officer.tolist()) == {3}


def test_no_shift_takes_more_than_1023(setting, everybody):
    """However large the rate, a shift holds at most 1,023 jobs."""
    rows = setting.shifts_of(everybody)
    rows = rows[setting.clock.week_of(setting.shifts.start[rows]) == 0][:5]
    jobs = setting.paced("test", rows, 1e6)
    assert set(np.bincount(jobs.shift)[np.unique(jobs.shift)].tolist()) == {1023}


def test_paced_work_of_nothing(setting):
    """No shifts and no rate give no jobs."""
    assert len(setting.paced("test", np.empty(0, np.int64), 3.0)) == 0
    assert len(setting.paced("test", np.arange(20), 0.0)) == 0


def test_jobs_throw_dice_of_their_own(setting, everybody):
    """No two jobs share their chance, even if one officer has two shifts on a day."""
    bits = setting.paced("test", setting.shifts_of(everybody), 6.0).dice.bits("x")
    assert len(np.unique(bits)) == len(bits)


def test_honest_occasions_wait_for_their_numbers():
    """Work is of source work, serial zero, and otherwise as the template says."""
    made = work(2, officer=3, start=DAY_US, template=4)
    assert (made.source.tolist(), made.serial.tolist()) == ([WORK] * 2, [0, 0])
    assert made.subject.tolist() == [NONE, NONE]
    assert made.says_topic.tolist() == [DEFAULT, DEFAULT]


@settings(max_examples=20)
@given(st.lists(st.integers(0, 40), min_size=1, max_size=8))
def test_join_undoes_select(street, cuts):
    """Incidents cut in pieces and joined are the incidents of before."""
    whole = select(street.incidents, slice(0, 41))
    edges = [0, *sorted(cuts), 41]
    pieces = [select(whole, slice(*pair)) for pair in pairwise(edges)]
    joined = join(pieces)
    assert joined.serial.tolist() == whole.serial.tolist()
    assert joined.topic.dtype == whole.topic.dtype


def test_select_takes_rows_of_every_column(street):
    """Rows come in the order of the index, in all columns alike."""
    some = select(street.incidents, np.array([5, 2]))
    for name in street.incidents.__dataclass_fields__:
        column = getattr(street.incidents, name)
        assert getattr(some, name).tolist() == [column[5], column[2]]
