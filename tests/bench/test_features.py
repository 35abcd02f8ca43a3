"""The shared features are causal, the same for any batch size, and mean what they say."""

from __future__ import annotations

import numpy as np
import pytest
from tests.bench.dataset import OFFICERS, small_world

from misusebench.features import Features, names


@pytest.fixture(scope="module")
def world():
    return small_world()


def _features(log, context, tier, size):
    features = Features(tier)
    features.start(context)
    batches = log.combine_chunks().to_batches(max_chunksize=size)
    return np.vstack([features.transform(batch) for batch in batches])


@pytest.mark.slow
@pytest.mark.parametrize("tier", ["T0", "T1", "T3"])
def test_streaming_equals_batch_bit_for_bit(world, tier):
    """One row at a time, 97 at a time and all at once give the same bits."""
    log, context, _ = world
    log = log.slice(0, 600)
    whole = _features(log, context, tier, 10_000)
    assert whole.tobytes() == _features(log, context, tier, 97).tobytes()
    assert whole.tobytes() == _features(log, context, tier, 1).tobytes()


def test_a_prefix_has_the_same_features(world):
    """Later rows change nothing."""
    log, context, _ = world
    whole = _features(log, context, "T3", 10_000)
    assert whole[:500].tobytes() == _features(log.slice(0, 500), context, "T3", 10_000).tobytes()


def test_all_are_finite_and_named(world):
    """As many columns as names, no NaN."""
    log, context, _ = world
    found = _features(log, context, "T3", 10_000)
    assert found.shape == (log.num_rows, len(names("T3")))
    assert np.isfinite(found).all()
    assert len(set(names("T3"))) == len(names("T3"))


def test_the_tied_subject_is_tied_for_its_officer_only(world):
    """The ex of the officer of place 3 is tied to him, all other rows are not."""
    log, context, _ = world
    tied = _features(log, context, "T3", 10_000)[:, names("T3").index("tied")]
    who = np.array(log["officer_id"].to_pylist())
    whom = log["subject_key"].to_numpy()
    assert (tied == ((who == OFFICERS[3][0]) & (whom == 900_001))).all()
    assert tied.sum() > 3


def test_repeats_of_a_pair_are_counted_before_the_row(world):
    """The k-th look-up of the same person by the same officer has seen k - 1."""
    log, context, _ = world
    seen = np.expm1(_features(log, context, "T0", 10_000)[:, names("T0").index("pair_seen")])
    mine = seen[log["subject_key"].to_numpy() == 900_001]
    assert np.round(mine).tolist() == list(range(len(mine)))


def test_work_inside_shifts_is_zero_hours_off(world):
    """The hand-made officers query within their shifts."""
    log, context, _ = world
    off = _features(log, context, "T1", 10_000)[:, names("T1").index("off_shift_hours")]
    assert (off == 0).mean() > 0.98
