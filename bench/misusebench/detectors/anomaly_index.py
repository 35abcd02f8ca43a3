"""The search anomaly index of a public audit of plate-reader searches: the peer to beat."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from misusebench.columns import DAY_US, HOUR_US, LocalTime, Words, distinct, micros
from misusebench.streaming import Counts, combine

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pyarrow as pa
    from numpy.typing import NDArray

    Ints = NDArray[np.int64]
    Floats = NDArray[np.float64]

_HOURS: Final = 24
#: Reach of a search; systems without one have none.
_SCOPES: Final = {"own": 1.0, "region": 2.0, "state": 3.0, "national": 4.0}


def narrowest(hour_counts: Ints, share: float) -> tuple[int, int]:
    """Return start and length of the shortest run of hours with a share of all queries.

    Examples
    --------
    >>> counts = np.zeros(24, int); counts[[23, 0, 1, 12]] = 5, 5, 5, 1
    >>> narrowest(counts, 0.85)
    (23, 3)
    """
    least = share * hour_counts.sum()
    for length in range(1, _HOURS):
        wrapped = np.r_[hour_counts, hour_counts[: length - 1]]
        sums = np.convolve(wrapped, np.ones(length, np.int64), "valid")
        if sums.max() >= least:
            return int(sums.argmax()), length
    return 0, _HOURS


class AnomalyIndex:
    """Weighted volume of the officer's day and reach of the query, as z against his own history.

    As described on the search anomalies page of haveibeenflocked.com: the narrowest window of hours
    with 85 % of an officer's activity; a search outside it counts five times; z-scores of volume
    and scope. There 1.75 is low, 5 medium, 8 high.

    Known weakness: it finds overtime, swapped shifts and busy days, which are honest; whoever
    misuses on duty and seldom is invisible.
    """

    name = "anomaly_index"
    tiers = ("T0", "T1", "T2", "T3")
    needs = ("agency_id", "officer_id", "time", "scope")

    def __init__(self, share: float = 0.85, penalty: int = 5, least_days: int = 10) -> None:
        self._share, self._penalty, self._least_days = share, penalty, least_days
        self._officers, self._local, self._today = Words(), LocalTime({}), Counts()
        self._window = np.zeros((0, 2), np.int64)
        self._usual = np.zeros((0, 4))  # mean and spread of weighted volume, of scope

    def fit(self, history: pa.Table, context: Mapping[str, pa.Table]) -> None:
        """Learn each officer's window, usual day and usual scope."""
        self._local.learn(context.get("directory/agencies"))
        officer, local = self._who_and_when(history)
        n = len(self._officers)
        hours = np.zeros((n, _HOURS), np.int64)
        np.add.at(hours, (officer, local % DAY_US // HOUR_US), 1)
        self._window = np.array([narrowest(row, self._share) for row in hours], np.int64).reshape(
            n, 2
        )
        self._usual = np.column_stack([
            *self._of_days(officer, local, self._weight(officer, local)),
            *_spread(officer, _scope(history), n, 1),
        ])  # fmt: skip

    def score(self, batch: pa.RecordBatch) -> Floats:
        """Return the sum of both z of each row, each at least 0."""
        officer, local = self._who_and_when(batch)
        weight = self._weight(officer, local)
        today = self._today.before(combine(officer, local // DAY_US), weight) + weight
        unknown = np.full((len(self._officers) - len(self._usual), 4), np.nan)
        usual = np.concatenate([self._usual, unknown])[officer]
        volume = (today - usual[:, 0]) / usual[:, 1]
        reach = (_scope(batch) - usual[:, 2]) / usual[:, 3]
        return np.asarray(sum(np.maximum(np.nan_to_num(z), 0) for z in (volume, reach)))

    def _who_and_when(self, rows: pa.RecordBatch | pa.Table) -> tuple[Ints, Ints]:
        local = self._local.local(rows["agency_id"], micros(rows["time"]))
        return self._officers.codes(rows["officer_id"]), local

    def _weight(self, officer: Ints, local: Ints) -> Ints:
        """Return 1 within the officer's window, more outside."""
        unknown = np.tile([0, _HOURS], (len(self._officers) - len(self._window), 1))
        start, length = np.concatenate([self._window, unknown])[officer].T
        after = (local % DAY_US // HOUR_US - start) % _HOURS
        return np.where(after < length, 1, self._penalty)

    def _of_days(self, officer: Ints, local: Ints, weight: Ints) -> tuple[Floats, Floats]:
        """Return mean and spread of each officer's weighted days, NaN where there are too few."""
        days, place = np.unique(
            np.column_stack([officer, local // DAY_US]), axis=0, return_inverse=True
        )
        volume = np.bincount(place.reshape(-1), weight, len(days)).astype(np.float64)
        return _spread(days[:, 0], volume, len(self._officers), self._least_days)


def _scope(rows: pa.RecordBatch | pa.Table) -> Floats:
    place, words = distinct(rows["scope"])
    return np.array([*(_SCOPES.get(word, np.nan) for word in words), np.nan])[place]


def _spread(group: Ints, value: Floats, groups: int, least: int) -> tuple[Floats, Floats]:
    """Return mean and standard deviation by group; NaN where there are fewer than some values."""
    known = ~np.isnan(value)
    group, value = group[known], value[known]
    n = np.bincount(group, minlength=groups)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.where(n >= least, np.bincount(group, value, groups) / n, np.nan)
        square = np.bincount(group, (value - mean[group]) ** 2, groups) / n
    return mean, np.maximum(np.sqrt(square), 1.0)
