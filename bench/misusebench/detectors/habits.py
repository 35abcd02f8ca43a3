"""Who asks for what, as a table of officers and things, for detectors that compare officers."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from misusebench.columns import (
    DAY_US,
    HOUR_US,
    LocalTime,
    Words,
    distinct,
    micros,
    numbers,
    stable_codes,
)
from misusebench.streaming import combine

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pyarrow as pa
    from numpy.typing import NDArray

    Ints = NDArray[np.int64]
    Floats = NDArray[np.float64]

#: What is asked for, as far as the log says: one word each.
ASKED: Final = ("system", "message_key", "declared_purpose", "subject_kind", "match", "subject_sex")
_HOURS: Final = 4 * HOUR_US
_DECADE: Final = 10
_PRIOR: Final = 0.1  # weight of what all officers ask for


class Habits:
    """Officers by what they ask for: a table of counts that grows in neither direction."""

    def __init__(self) -> None:
        self._officers, self._local = Words(), LocalTime({})
        self._things: dict[int, int] = {}
        self.counts: Any = None  # sparse, shape (officers, things)

    def learn(self, history: pa.Table, context: Mapping[str, pa.Table]) -> None:
        """Count the history."""
        from scipy.sparse import coo_array  # noqa: PLC0415 - extra `ml`

        self._local.learn(context.get("directory/agencies"))
        officer, thing = self._officers.codes(history["officer_id"]), self._things_of(history)
        used, place = np.unique(thing, return_inverse=True)
        self._things = {key: n for n, key in enumerate(used.tolist())}
        shape = (len(self._officers), len(used))
        ones = np.ones(len(officer))
        self.counts = coo_array((ones, (officer, place.reshape(-1))), shape=shape).tocsr()

    def places(self, rows: pa.RecordBatch | pa.Table) -> tuple[Ints, Ints]:
        """Return the row and the column of each query in the table, -1 where there is none."""
        place, names = distinct(rows["officer_id"])
        officer = np.array([*(self._officers.find(name) for name in names), -1], np.int64)[place]
        thing = [self._things.get(key, -1) for key in self._things_of(rows).tolist()]
        return officer, np.array(thing, np.int64)

    def _things_of(self, rows: pa.RecordBatch | pa.Table) -> Ints:
        local = self._local.local(rows["agency_id"], micros(rows["time"]))
        born = numbers(rows["subject_birth_year"], 0.0) // _DECADE
        parts = [stable_codes(rows[name]) for name in ASKED]
        return combine(*parts, born.astype(np.int64), local % DAY_US // _HOURS).view(np.int64)


def surprise(share: Floats, common: Floats, places: tuple[Ints, Ints], prior: float) -> Floats:
    """Return -ln of the chance of each query's thing, mixed with what all officers ask for.

    Parameters
    ----------
    share
        Chance of each thing by officer, shape (officers, things); rows sum to one.
    common
        Chance of each thing for all officers together.
    places
        Row and column of each query, -1 where unknown.
    prior
        How much the common chance weighs, from 0 to 1.
    """
    officer, thing = places
    known = np.append(common, common.min() / 2)[thing]  # a thing never seen is rarer than any
    own = np.where((officer >= 0) & (thing >= 0), share[officer, thing], known)
    return np.asarray(-np.log((1 - prior) * own + prior * known))


class ByHabits(ABC):
    """What detectors share that rate a query by how common its thing is for the officer."""

    tiers = ("T0", "T1", "T2", "T3")
    needs = ("agency_id", "officer_id", "time", "subject_birth_year", *ASKED)

    def __init__(self) -> None:
        self._habits = Habits()
        self._share, self._common = np.zeros((0, 0)), np.zeros(0)

    def fit(self, history: pa.Table, context: Mapping[str, pa.Table]) -> None:
        """Count the history, and find what is common for each officer."""
        self._habits.learn(history, context)
        counts = self._habits.counts
        if min(counts.shape) > 1:
            self._share = self.shares(counts)
        else:  # nobody, or nothing, to compare with
            self._share = counts.toarray() / np.maximum(counts.sum(axis=1), 1)[:, None]
        self._common = (counts.sum(axis=0) + 1) / (counts.sum() + counts.shape[1])

    @abstractmethod
    def shares(self, counts: Any) -> Floats:
        """Return the chance of each thing by officer, of counts of that shape."""

    def score(self, batch: pa.RecordBatch) -> Floats:
        """Return how rare each query is for its officer, in nats."""
        return surprise(self._share, self._common, self._habits.places(batch), _PRIOR)
