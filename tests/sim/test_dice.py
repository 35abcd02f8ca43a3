"""Dice: lanes, thresholds, weighted tables and exact exponential integers, worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from misusesim import rng
from misusesim.dice import Dice, exponential, happens, lane, of_65536, raw_lane, table

U = np.uint64
WORDS = st.integers(0, 2**64 - 1)
LANES = st.integers(0, 65_535)
ENTITIES = np.arange(4096, dtype=np.uint64) << U(8)


def bits(*lanes):
    """Return one word made of up to four lanes, the first at the top."""
    filled = (*lanes, 0, 0, 0, 0)[:4]
    return np.array([sum(k << 48 - 16 * i for i, k in enumerate(filled))], np.uint64)


@pytest.mark.parametrize(
    ("word", "lanes"),
    [
        (0, (0, 0, 0, 0)),
        (2**64 - 1, (65_535, 65_535, 65_535, 65_535)),
        (1, (0, 0, 0, 1)),
        (2**16, (0, 0, 1, 0)),
        (2**32, (0, 1, 0, 0)),
        (2**48, (1, 0, 0, 0)),
        (2**63, (32_768, 0, 0, 0)),
        (0xFFFF_0000_8000_0001, (65_535, 0, 32_768, 1)),
        (0x0001_0002_0003_0004, (1, 2, 3, 4)),
        (0xDEAD_BEEF_CAFE_F00D, (0xDEAD, 0xBEEF, 0xCAFE, 0xF00D)),
    ],
)
def test_lanes_of_written_words(word, lanes):
    """Lane 0 is the top quarter of a word and lane 3 the bottom one."""
    one = np.array([word], np.uint64)
    assert tuple(int(lane(one, k)[0]) for k in range(4)) == lanes


@given(word=WORDS)
def test_four_lanes_make_the_word(word):
    """Put together again, the lanes are the word: no bit is in two of them or in none."""
    one = np.array([word], np.uint64)
    parts = [int(lane(one, k)[0]) for k in range(4)]
    assert sum(part << (48 - 16 * k) for k, part in enumerate(parts)) == word


def test_a_lane_is_signed_so_that_differences_can_be_negative():
    """Two lanes may be subtracted: the lane of the highest word is no unsigned number."""
    one = bits(0, 65_535)
    assert lane(one, 0).dtype == np.int64
    assert int((lane(one, 0) - lane(one, 1))[0]) == -65_535


def test_lanes_of_nothing_are_nothing():
    """An empty block has empty lanes of the same type."""
    assert lane(np.empty(0, np.uint64), 2).tolist() == []


@pytest.mark.parametrize(
    ("share", "threshold"),
    [
        (0.0, 0), (1.0, 65_536), (0.5, 32_768), (0.25, 16_384), (0.93, 60_948), (0.06, 3_932),
        (0.02, 1_311), (0.05, 3_277), (0.0015, 98), (1 / 65_536, 1), (0.4 / 65_536, 0),
        (0.6 / 65_536, 1), (0.999_999, 65_536),
    ],
)  # fmt: skip
def test_shares_as_thresholds(share, threshold):
    """A share is rounded to the nearest of 65,536 parts."""
    assert of_65536(share) == threshold


@given(part=st.integers(0, 65_536))
def test_a_share_of_whole_parts_is_exact(part):
    """What is a number of parts already comes back as that number."""
    assert of_65536(part / 65_536) == part


@given(share=st.floats(0, 1))
def test_a_threshold_lets_its_share_of_lanes_pass(share):
    """The lanes below a threshold are its share of all lanes, to half a part."""
    passing = int((np.arange(65_536) < of_65536(share)).sum())
    assert abs(passing - share * 65_536) <= 0.5


@pytest.mark.parametrize(
    ("weights", "counts"),
    [
        ({7: 1}, {7: 65_536}),
        ({0: 1, 1: 1}, {0: 32_768, 1: 32_768}),
        ({10: 3, 20: 1}, {10: 49_152, 20: 16_384}),
        ({-1: 1, 5: 0}, {-1: 65_536}),
        ({1: 1, 2: 1, 3: 1}, {1: 21_846, 2: 21_845, 3: 21_845}),
        ({24: 31, 168: 69}, {24: 20_316, 168: 45_220}),
    ],
)
def test_tables_of_written_weights(weights, counts):
    """Values occur in proportion to their weights; what is left over goes to the largest rest."""
    values, times = np.unique(table(weights), return_counts=True)
    assert dict(zip(values.tolist(), times.tolist(), strict=True)) == dict(sorted(counts.items()))


def test_a_table_keeps_the_order_of_its_weights():
    """The first value has the lowest lanes, whatever its size."""
    made = table({9: 1, 2: 1})
    assert made[[0, 32_767, 32_768, 65_535]].tolist() == [9, 9, 2, 2]


@given(
    weights=st.dictionaries(st.integers(-100, 9000), st.integers(1, 500), min_size=1, max_size=8)
)
def test_every_table_is_full_and_in_proportion(weights):
    """A table has 65,536 places, and each value's share is its weight's to one place."""
    made, total = table(weights), sum(weights.values())
    assert made.shape == (65_536,)
    for value, weight in weights.items():
        assert abs(int((made == value).sum()) - weight * 65_536 / total) < 1


@pytest.mark.parametrize(
    ("top", "second", "fine"),
    [
        (0, 0, 0),                  # nothing at all
        (0, 255, 0),                # below the first step inside a step
        (0, 256, 1),                # a 256th of a step
        (0, 65_535, 255),           # just below the next step
        (1_023, 0, 0),              # 65536 - 65536*63/64 = 1024 places hold the first step
        (1_024, 0, 256),
        (2_031, 0, 256),            # the second step has 64512 - 63504 = 1008 places
        (2_032, 0, 512),
        (2_032, 65_535, 767),
    ],
)  # fmt: skip
def test_first_steps_of_the_exponential(top, second, fine):
    """With a mean of 63.5 steps of 256 the answer is the place in the table itself."""
    assert exponential(bits(top, second), 16_256).tolist() == [fine]


def test_the_longest_exponential_is_less_than_twelve_means():
    """The last place of the table bounds what can be drawn."""
    longest = int(exponential(bits(65_535, 65_535), 16_256)[0])
    assert 10 * 16_256 < longest < 12 * 16_256


@given(first=LANES, second=LANES, fine=LANES)
def test_the_exponential_grows_with_the_upper_lane(first, second, fine):
    """A higher lane never means a shorter time."""
    low, high = sorted((first, second))
    assert exponential(bits(low, fine), 10**6)[0] <= exponential(bits(high, fine), 10**6)[0]


@given(word=WORDS, mean=st.integers(0, 2**43))
def test_the_exponential_scales_with_its_mean(word, mean):
    """Twice the mean is twice the time, but for the last unit."""
    one = np.array([word], np.uint64)
    once, twice = (int(exponential(one, m)[0]) for m in (mean, 2 * mean))
    assert twice - 2 * once in {0, 1}


def test_the_exponential_reads_the_upper_half_only():
    """Lanes 2 and 3 may be used for something else."""
    assert exponential(bits(5000, 77), 900) == exponential(bits(5000, 77, 65_535, 65_535), 900)


def test_a_mean_of_nothing_is_no_time():
    """Without a mean there is no wait whatever is thrown."""
    assert exponential(ENTITIES, 0).max() == 0


def test_the_mean_over_all_lanes_is_the_mean_asked_for():
    """Over the whole table the mean is within one per cent of what was asked."""
    every = np.arange(65_536, dtype=np.uint64) << U(48) | U(0x8000) << U(32)
    assert exponential(every, 10**9).mean() == pytest.approx(1e9, rel=0.01)


def test_half_of_the_waits_are_below_the_median_of_an_exponential():
    """The median of the table is ln 2 of the mean."""
    every = np.arange(65_536, dtype=np.uint64) << U(48)
    assert np.median(exponential(every, 10**6)) == pytest.approx(693_147, rel=0.02)


def test_equal_entities_throw_the_same_wherever_they_stand():
    """A throw belongs to the entity, not to its row or to its block."""
    backwards = Dice(3, ENTITIES[::-1].copy()).bits("gap")[::-1]
    assert (Dice(3, ENTITIES).bits("gap") == backwards).all()
    assert Dice(3, ENTITIES[17:18]).bits("gap")[0] == Dice(3, ENTITIES).bits("gap")[17]


def test_a_throw_is_the_draw_of_seed_and_name():
    """Dice add nothing of their own to the keyed draw."""
    assert (Dice(3, ENTITIES).bits("gap") == rng.draw(ENTITIES, rng.salt(3, "gap"))).all()


@pytest.mark.parametrize(("seed", "name"), [(4, "gap"), (3, "gaps"), (3, "")])
def test_another_seed_or_purpose_throws_anew(seed, name):
    """Neither two seeds nor two purposes share a single throw."""
    assert not (Dice(seed, ENTITIES).bits(name) == Dice(3, ENTITIES).bits("gap")).any()


def test_chance_never_and_always():
    """A share of 0 never happens and a share of 1 always does."""
    dice = Dice(1, ENTITIES)
    assert not dice.chance("late", 0.0).any()
    assert dice.chance("late", 1.0).all()


def test_chance_takes_a_share_per_row():
    """Each row has the share of its own place."""
    share = np.tile([0.0, 1.0], len(ENTITIES) // 2)
    assert Dice(1, ENTITIES).chance("hit", share).tolist() == [False, True] * (len(ENTITIES) // 2)


@given(low=st.floats(0, 1), high=st.floats(0, 1))
def test_a_larger_share_only_adds(low, high):
    """Whoever is hit at a small share is hit at a larger one too."""
    low, high = sorted((low, high))
    dice = Dice(9, ENTITIES[:64])
    assert not (dice.chance("lost", low) & ~dice.chance("lost", high)).any()


@given(WORDS)
def test_a_raw_lane_is_the_same_number(word):
    """Only its kind of integer differs."""
    one = np.array([word], np.uint64)
    assert [int(raw_lane(one, k)[0]) for k in range(4)] == [int(lane(one, k)[0]) for k in range(4)]


@given(WORDS, st.floats(0, 1))
def test_a_chance_by_integers_is_the_chance_by_numbers(word, share):
    """No share is rounded: `happens` and the uniform number agree next to the threshold too."""
    edge = min(int(share * 2**53), 2**53 - 1) << 11
    near = np.array([word, edge, max(edge - 1, 0), min(edge + 2048, 2**64 - 1)], np.uint64)
    assert happens(near, share).tolist() == (rng.unit(near) < share).tolist()


def test_dice_of_some_entities_throw_what_they_threw_among_all():
    """Taking some of the entities changes nothing for them."""
    some = np.array([7, 3, 4000])
    every = Dice(5, ENTITIES)
    assert every.take(some).bits("x").tolist() == every.bits("x")[some].tolist()
