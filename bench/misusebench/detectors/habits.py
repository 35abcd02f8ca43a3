"""Who asks for what, as a table of officers and things, for detectors that compare officers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from misusebench.columns import DAY_US, HOUR_US, LocalTime, Words, distinct, micros, numbers
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
        parts = [_stable(rows[name]) for name in ASKED]
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


def _stable(column: pa.Array | pa.ChunkedArray) -> Ints:
    """Return a hash of each row's word, the same in every batch (null has one too)."""
    place, words = distinct(column)
    hashed = [int.from_bytes(word.encode()[-7:], "big") for word in words]
    return np.array([*hashed, -1], np.int64)[place]
