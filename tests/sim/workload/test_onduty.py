"""Who is there at a moment, and whom a draw picks."""

from __future__ import annotations

import numpy as np
import pytest

from misusesim.workload.onduty import OnDuty, anybody, in_office, on_duty

TOP = np.uint64(2**64 - 1)


def presence(*spans):
    start, end, officer, weight = (np.array(c, np.int64) for c in zip(*spans, strict=True))
    return OnDuty(start, end, officer.astype(np.int32), weight)


def picked(duty, times, bits):
    return duty.pick(np.array(times), np.array(bits, np.uint64)).tolist()


@pytest.fixture
def two():
    """Officer 3 from 10 to 20 with weight 1, officer 5 from 15 to 30 with weight 3."""
    return presence((10, 20, 3, 1), (15, 30, 5, 3))


def test_nobody_outside(two):
    """Before the first start and from the last end on nobody is picked."""
    assert picked(two, [9, 30, 99], [0, 0, 0]) == [-1, -1, -1]


def test_alone(two):
    """Who is alone is picked by any draw; a start is inside, an end outside."""
    assert picked(two, [10, 14, 20, 29], [0, TOP, 0, TOP]) == [3, 3, 5, 5]


def test_weights_share_the_draws(two):
    """A quarter of the draws goes to weight 1 of 4."""
    bits = [0, 2**62 - 1, 2**62, TOP]
    assert picked(two, [17] * 4, bits) == [3, 3, 5, 5]


def test_gap_between_spans():
    """Between two shifts of everybody there is nobody."""
    duty = presence((0, 10, 1, 1), (20, 30, 1, 1))
    assert picked(duty, [5, 15, 25], [0, 0, 0]) == [1, -1, 1]


def test_weight_zero_is_never_picked():
    """Weight 0 is present and not picked."""
    duty = presence((0, 10, 1, 0), (0, 10, 2, 1))
    assert picked(duty, [5, 5], [0, TOP]) == [2, 2]


def test_only_weight_zero():
    """If all have weight 0, nobody is picked."""
    assert picked(presence((0, 10, 1, 0)), [5], [TOP]) == [-1]


def test_no_spans_at_all():
    """An agency without such people answers nobody."""
    none = np.empty(0, np.int64)
    duty = OnDuty(none, none, none.astype(np.int32), none)
    assert picked(duty, [1, 2], [0, 0]) == [-1, -1]


def test_later_colleague_changes_no_earlier_pick(two):
    """A span that begins later leaves picks before it alone."""
    more = presence((10, 20, 3, 1), (15, 30, 5, 3), (25, 40, 9, 50))
    times, bits = np.arange(10, 25), np.arange(15, dtype=np.uint64) << np.uint64(60)
    assert np.array_equal(two.pick(times, bits), more.pick(times, bits))


def test_on_duty_reads_the_shifts(setting):
    """Everybody picked on duty is inside one of his shifts."""
    patrol = setting.has_role("patrol")
    time = np.arange(setting.clock.horizon[0], setting.clock.horizon[1], 3_600_000_000)
    officer = on_duty(setting, patrol).pick(time, np.full(len(time), 2**63, np.uint64))
    shifts = setting.shifts
    for when, who in zip(time.tolist(), officer.tolist(), strict=True):
        if who >= 0:
            mine = shifts.officer == who
            assert ((shifts.start[mine] <= when) & (when < shifts.end[mine])).any()


def test_in_office_needs_no_shift(setting):
    """A tenure counts day and night."""
    detectives = setting.has_role("detective")
    start = setting.clock.horizon[0]
    night = np.full(20_000, start + 3 * 3_600_000_000)
    bits = np.random.default_rng(1).integers(0, 2**64, len(night), np.uint64)
    picked = np.unique(in_office(setting, detectives).pick(night, bits))
    there = np.flatnonzero(detectives & (setting.officers.hired <= start))
    assert picked.tolist() == there.tolist()


def test_anybody_is_there_in_a_shift(setting):
    """Somebody is on duty exactly where one of their shifts has begun and is not over."""
    patrol = setting.has_role("patrol")
    few = patrol & (np.cumsum(patrol) <= 2)
    edges = np.concatenate([setting.shifts.start, setting.shifts.end])
    time = np.unique(np.concatenate([edges - 1, edges, edges + 1]))
    there = anybody(setting, few, time)
    rows = setting.shifts_of(few)
    begun = setting.shifts.start[rows] <= time[:, None]
    assert np.array_equal(there, (begun & (time[:, None] < setting.shifts.end[rows])).any(axis=1))
    assert 0 < there.mean() < 1
