"""When campaigns ran on record, once oversight has had its way: their side of the split by time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from misusesim import splits
from misusesim.clock import NEVER
from misusesim.dataset.schema import SIDES, TRUTH_CAMPAIGNS, coded

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from misusesim.misuse import MisusePlan
    from misusesim.oversight import Oversight

_SECOND_US = 1_000_000


def split_by_time(plot: MisusePlan, watched: Oversight, horizon: tuple[int, int]) -> pa.Table:
    """Return the truth of an agency's campaigns with `split_time`: null where nothing is left.

    Parameters
    ----------
    plot, watched
        Campaigns, and what became of them.
    horizon
        First and end UTC microsecond of the scenario.
    """
    first, last = _spans(plot, watched, horizon)
    begun, ended = splits.by_time(first, horizon), splits.by_time(last, horizon)
    side = np.where(begun == ended, begun, splits.STRADDLES).astype(np.int8)
    codes = pa.array(side, pa.int8(), mask=first == NEVER)
    at = TRUTH_CAMPAIGNS.names.index("split_time")
    return plot.truth.set_column(at, TRUTH_CAMPAIGNS.field(at), coded(codes, SIDES))


def _spans(
    plot: MisusePlan, watched: Oversight, horizon: tuple[int, int]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return about when the first and the last query of each campaign fall."""
    steps, count = watched.occasions, len(plot.planned)
    within = np.flatnonzero((steps.start >= horizon[0]) & (steps.start < horizon[1]))
    campaign, start = steps.campaign[within], steps.start[within]
    length = (steps.n[within].astype(np.int64) - 1) * steps.gap_s[within] * _SECOND_US
    first, last = np.full(count, NEVER), np.full(count, -NEVER)
    np.minimum.at(first, campaign, start)
    np.maximum.at(last, campaign, np.minimum(start + length, horizon[1] - 1))
    return first, last
