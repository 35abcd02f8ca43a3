"""Days that positives overrun, counted by hand and against chance."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from misusebench.audit.density import Days, days
from misusebench.audit.labelled import Labelled

DAY = 86_400_000_000_000


def table(rows):
    """Return a table of (entity, day, positive rows, other rows)."""
    entity = np.concatenate([np.full(p + o, e) for e, _, p, o in rows]).astype(np.int64)
    day = np.concatenate([np.full(p + o, d) for _, d, p, o in rows]).astype(np.int64)
    label = np.concatenate([np.arange(p + o) < p for _, _, p, o in rows])
    columns = pa.table({"x": pa.array(np.arange(len(entity)))})
    return Labelled(columns=columns, label=label, entity=entity, time=day * DAY)


def test_days_are_counted_by_hand():
    """Three of four is most of a day, two of two too few rows, two of four not over half."""
    found = days(table([(1, 0, 3, 1), (1, 1, 2, 0), (1, 2, 2, 2), (2, 0, 0, 9)]), 200, 0)
    assert found is not None
    assert found[:3] == (3, 2, 1)


def test_chance_is_what_other_days_of_the_same_entity_would_do():
    """Two of its three days of work are so short that three rows would be most of them."""
    found = days(table([(1, 0, 3, 40), (1, 1, 0, 1), (1, 2, 0, 2)]), 500, 0)
    assert found == Days(1, 1, 0, 1.0)
    quiet = days(table([(1, 0, 3, 40), (1, 1, 0, 30), (1, 2, 0, 20), (2, 0, 0, 1)]), 500, 0)
    assert quiet == Days(1, 1, 0, 0.0)


def test_days_off_do_not_count_as_quiet_days():
    """An entity that works long days and misuses on its days off is beyond chance."""
    rows = [(1, d, 0, 30) for d in range(20)] + [(1, 20 + d, 4, 0) for d in range(5)]
    found = days(table(rows), 500, 0)
    assert found == Days(5, 0, 5, 0.0)
