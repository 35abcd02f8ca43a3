"""Tests of what logs do to rows."""

from __future__ import annotations

import numpy as np
import pytest

from misusesim import noise
from misusesim.dice import Dice, exponential, lane, table
from misusesim.scenario.model import Noise

NEEDS = np.arange(200_000, dtype=np.uint64) << np.uint64(8)
HOUR_US = 3_600_000_000


def four_errors(share, n):
    return 4 * (share * (1 - share) / n) ** 0.5


def test_loss_has_the_share_of_the_scenario():
    """Rows lost are within four standard errors of `lost_share`."""
    share = noise.lost(Noise(lost_share=0.01), 1, NEEDS).mean()
    assert share == pytest.approx(0.01, abs=four_errors(0.01, len(NEEDS)))
    assert not noise.lost(Noise(lost_share=0.0), 1, NEEDS).any()
    assert noise.lost(Noise(lost_share=1.0), 1, NEEDS).all()


def test_second_entries_have_the_share_of_the_scenario():
    """Rows entered twice are within four standard errors of `duplicate_share`."""
    share = noise.entered_twice(Noise(duplicate_share=0.004), 1, NEEDS).mean()
    assert share == pytest.approx(0.004, abs=four_errors(0.004, len(NEEDS)))


def test_loss_and_second_entry_are_independent():
    """Being lost says nothing about being entered twice."""
    lost = noise.lost(Noise(lost_share=0.3), 1, NEEDS)
    twice = noise.entered_twice(Noise(duplicate_share=0.3), 1, NEEDS)
    assert (lost & twice).mean() == pytest.approx(0.09, abs=four_errors(0.09, len(NEEDS)))


def test_late_rows_have_share_and_mean():
    """One in a hundred arrives hours late, on average by `late_hours`; the rest within 0.4 s."""
    way = noise.arrival(Noise(late_share=0.05, late_hours=6.0), 1, NEEDS)
    late = way > 400_000
    assert late.mean() == pytest.approx(0.05, abs=four_errors(0.05, len(NEEDS)))
    assert way[late].mean() / HOUR_US == pytest.approx(6, abs=4 * 6 / late.sum() ** 0.5)
    assert way.min() >= 40_000
    assert (way % 1000 == 0).all()


def test_rows_arrive_on_time_without_lateness():
    """With no late share nothing takes longer than the way itself."""
    assert noise.arrival(Noise(late_share=0.0), 1, NEEDS).max() <= 400_000


def test_a_second_entry_follows_within_five_seconds():
    """The copy arrives at least a millisecond and at most five seconds later."""
    later = noise.second_entry(1, NEEDS)
    assert later.min() >= 1000
    assert later.max() <= 5_000_000


def test_clocks_are_off_by_the_mean_of_the_scenario():
    """Skew is symmetric, bounded by three times its mean size, in whole milliseconds."""
    terminal = np.arange(200_000, dtype=np.int32)
    week = np.zeros(200_000, np.int64)
    skew = noise.clock_skew(Noise(skew_seconds=2.0), 1, 0, terminal, week)
    assert np.abs(skew).mean() == pytest.approx(2_000_000, rel=0.02)
    assert abs(skew.mean()) < 4 * skew.std() / len(skew) ** 0.5 + 1000
    assert np.abs(skew).max() <= 6_000_000
    assert (skew % 1000 == 0).all()


def test_a_clock_is_set_weekly_and_is_one_terminals_own():
    """Equal terminal and week give equal skew; another week, terminal or agency another."""
    one = np.array([5, 5, 5, 6], np.int32)
    week = np.array([0, 0, 1, 0])
    skew = noise.clock_skew(Noise(skew_seconds=60.0), 1, 3, one, week)
    assert skew[0] == skew[1]
    assert len({*skew.tolist()}) == 3
    assert noise.clock_skew(Noise(skew_seconds=60.0), 1, 4, one, week)[0] != skew[0]
    assert not noise.clock_skew(Noise(skew_seconds=0.0), 1, 3, one, week).any()


def test_noise_belongs_to_the_need():
    """A row's noise is the same whatever rows stand beside it."""
    settings = Noise(late_share=0.5)
    some = NEEDS[100:200]
    assert (noise.arrival(settings, 9, NEEDS)[100:200] == noise.arrival(settings, 9, some)).all()
    assert (noise.arrival(settings, 8, some) != noise.arrival(settings, 9, some)).any()


def test_exponential_integers():
    """The table has mean one and the quantiles of an exponential to half a per cent."""
    bits = Dice(1, NEEDS).bits("x")
    drawn = exponential(bits, 1_000_000)
    assert drawn.mean() == pytest.approx(1_000_000, rel=4 / len(NEEDS) ** 0.5 + 0.005)
    assert np.median(drawn) == pytest.approx(693_147, rel=0.02)
    assert (drawn > 3_000_000).mean() == pytest.approx(0.0498, abs=four_errors(0.0498, len(NEEDS)))
    assert drawn.min() >= 0


def test_exponential_takes_a_mean_per_row():
    """Means may differ by row and may be as long as a week."""
    bits = Dice(1, NEEDS[:4]).bits("x")
    means = np.array([1_000_000, 2_000_000, 0, 604_800_000_000])
    drawn = exponential(bits, means)
    assert drawn[2] == 0
    assert (drawn >= 0).all()
    assert drawn[1] == exponential(bits, 2_000_000)[1]


def test_lanes_are_the_four_quarters_of_a_word():
    """Lane 0 is the top 16 bits, lane 3 the bottom."""
    word = np.array([0x0001_0002_0003_0004], np.uint64)
    assert [int(lane(word, k)[0]) for k in range(4)] == [1, 2, 3, 4]


def test_table_holds_values_in_proportion():
    """A table of 65,536 entries repeats each value by its weight."""
    entries = table({7: 3, 9: 1})
    assert (entries == 7).sum() == 49152
    assert (entries == 9).sum() == 16384
