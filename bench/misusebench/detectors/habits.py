"""Who asks for what, as a table of officers and things, for detectors that compare officers."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, Final, Protocol

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


def surprise(own: Floats, common: Floats, thing: Ints, prior: float) -> Floats:
    """Return -ln of the chance of each query's thing, mixed with what all officers ask for.

    Parameters
    ----------
    own
        Chance of each query's thing for its officer; NaN where one of both is unknown.
    common
        Chance of each thing for all officers together.
    thing
        Column of each query, -1 where unknown.
    prior
        How much the common chance weighs, from 0 to 1.
    """
    known = np.append(common, common.min() / 2)[thing]  # a thing never seen is rarer than any
    return np.asarray(-np.log((1 - prior) * np.where(np.isnan(own), known, own) + prior * known))


class Shares(Protocol):
    """The chance of each thing by officer, computed only where it is asked for.

    As a whole it is as large as officers times things, which in a large world is gigabytes.
    """

    def at(self, officer: Ints, thing: Ints) -> Floats:
        """Return the chance of each thing for the officer beside it, both known."""


class NearShares:
    """The mean of what some officers ask for, for each officer those near him.

    Parameters
    ----------
    own
        What each officer asks for, sparse; rows sum to one.
    near
        The rows to take the mean of, shape (officers, the number of them).
    """

    def __init__(self, own: Any, near: Ints) -> None:
        own = own.tocsr()
        own.sort_indices()
        self._things, self._near = own.shape[1], near
        rows = np.repeat(np.arange(own.shape[0]), np.diff(own.indptr))
        self._key = rows * self._things + own.indices  # sorted, as rows and their columns are
        self._value = np.append(own.data, 0.0)

    def at(self, officer: Ints, thing: Ints) -> Floats:
        """Return the mean share of each thing among those near the officer."""
        pair, back = np.unique(officer * self._things + thing, return_inverse=True)
        officer, thing = np.divmod(pair, self._things)
        found = np.zeros(len(pair))
        for near in self._near[officer].T:  # one by one, so that a batch needs no table either
            wanted = near * self._things + thing
            place = np.minimum(np.searchsorted(self._key, wanted), len(self._key) - 1)
            found += np.where(self._key[place] == wanted, self._value[place], 0.0)
        return np.asarray(found / self._near.shape[1])[back.reshape(-1)]


class FactoredShares:
    """Chances as the product of factors of officers and factors of things, rows made to sum to one.

    Parameters
    ----------
    officers, things
        Non-negative factors, shapes (officers, rank) and (rank, things).
    """

    def __init__(self, officers: Floats, things: Floats) -> None:
        total = officers @ things.sum(axis=1)
        self._officers = officers / np.maximum(total, 1e-12)[:, None]
        self._things = np.ascontiguousarray(things.T)

    def at(self, officer: Ints, thing: Ints) -> Floats:
        """Return the products of the factors of each officer and the thing beside him."""
        return np.asarray((self._officers[officer] * self._things[thing]).sum(axis=1))


class ByHabits(ABC):
    """What detectors share that rate a query by how common its thing is for the officer."""

    tiers = ("T0", "T1", "T2", "T3")
    needs = ("agency_id", "officer_id", "time", "subject_birth_year", *ASKED)

    def __init__(self) -> None:
        self._habits = Habits()
        self._shares: Shares | None = None
        self._common = np.zeros(0)

    def fit(self, history: pa.Table, context: Mapping[str, pa.Table]) -> None:
        """Count the history, and find what is common for each officer."""
        self._habits.learn(history, context)
        counts = self._habits.counts
        if min(counts.shape) > 1:
            self._shares = self.shares(counts)
        else:  # nobody, or nothing, to compare with
            self._shares = NearShares(by_row(counts), np.arange(counts.shape[0])[:, None])
        self._common = (counts.sum(axis=0) + 1) / (counts.sum() + counts.shape[1])

    @abstractmethod
    def shares(self, counts: Any) -> Shares:
        """Return the chance of each thing by officer, of counts of that shape."""

    def score(self, batch: pa.RecordBatch) -> Floats:
        """Return how rare each query is for its officer, in nats."""
        assert self._shares is not None
        officer, thing = self._habits.places(batch)
        known = (officer >= 0) & (thing >= 0)
        own = np.full(len(thing), np.nan)
        own[known] = self._shares.at(officer[known], thing[known])
        return surprise(own, self._common, thing, _PRIOR)


def by_row(counts: Any) -> Any:
    """Return sparse counts as shares of their rows."""
    return counts.multiply(1 / np.maximum(counts.sum(axis=1), 1)[:, None]).tocsr()
