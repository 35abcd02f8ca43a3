from __future__ import annotations

import numpy as np
from tests.bench.dataset import small_world

from misusebench.variations import distance, salted, shuffled

LOG, CONTEXT, _ = small_world()


def test_shuffling_keeps_the_past_and_all_times():
    """Rows before the cut and every time stay; the contents behind it are dealt out anew."""
    other = shuffled(LOG, 900)
    assert other.slice(0, 900).equals(LOG.slice(0, 900))
    for name in ("query_id", "time", "received_at"):
        assert other[name].equals(LOG[name])
    ours, theirs = LOG["subject_key"].to_pylist()[900:], other["subject_key"].to_pylist()[900:]
    assert ours != theirs
    assert sorted(ours) == sorted(theirs)


def test_salting_renames_everywhere_alike():
    """An officer has one new name in the log and in the roster, and none keeps the old."""
    log, roster = salted(LOG), salted(CONTEXT["roster/officers"])
    assert log.schema == LOG.schema
    names = dict(zip(LOG["officer_id"].to_pylist(), log["officer_id"].to_pylist(), strict=True))
    in_roster = dict(
        zip(
            CONTEXT["roster/officers"]["officer_id"].to_pylist(),
            roster["officer_id"].to_pylist(),
            strict=True,
        )
    )
    assert names == {old: in_roster[old] for old in names}
    assert len(set(names.values())) == len(names)
    assert not set(names) & set(names.values())
    tied, tied_log = salted(CONTEXT["ties/relationships"])["subject_key"][0], log["subject_key"]
    assert tied.as_py() in tied_log.to_pylist()


def test_distance_of_two_samples():
    """The largest gap between two distribution functions: 1/2 here, 0 for equal samples."""
    assert distance(np.array([1.0, 2.0]), np.array([2.0, 3.0])) == 0.5
    assert distance(np.arange(5.0), np.arange(5.0)) == 0.0
