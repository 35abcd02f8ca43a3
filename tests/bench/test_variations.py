from __future__ import annotations

import numpy as np
from tests.bench.dataset import small_world

from misusebench.variations import distance, shuffled

LOG, _, _ = small_world()


def test_shuffling_keeps_the_past_and_all_times():
    """Rows before the cut and every time stay; the contents behind it are dealt out anew."""
    other = shuffled(LOG, 900)
    assert other.slice(0, 900).equals(LOG.slice(0, 900))
    for name in ("query_id", "time", "received_at"):
        assert other[name].equals(LOG[name])
    ours, theirs = LOG["subject_key"].to_pylist()[900:], other["subject_key"].to_pylist()[900:]
    assert ours != theirs
    assert sorted(ours) == sorted(theirs)


def test_distance_of_two_samples():
    """The largest gap between two distribution functions: 1/2 here, 0 for equal samples."""
    assert distance(np.array([1.0, 2.0]), np.array([2.0, 3.0])) == 0.5
    assert distance(np.arange(5.0), np.arange(5.0)) == 0.0
