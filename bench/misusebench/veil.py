"""Other ids in each run, so that nothing hangs on those of a published data set.

Ids of queries, persons, officers and terminals are changed in what a component is handed, and
changed back in what it answers. Equal seeds give equal ids, so equal runs stay equal. Whoever knows
the seed can undo it: judge a component that you do not trust under a seed that nobody knows.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa

from misusesim import rng

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import NDArray

    from misusebench.component import Alert

_TEXT_IDS: Final = ("officer_id", "terminal_id")
_KEY_IDS: Final = ("query_id", "subject_key", "plate_key")
_HALF_BITS: Final = 32


class Veil:
    """Changes ids, one to one, by a seed.

    Parameters
    ----------
    seed
        Of the run.
    name
        What for; other names give other ids.
    """

    def __init__(self, seed: int, name: str = "run") -> None:
        self._key, self._word = rng.salt(seed, f"veil/{name}"), f"{name}/{seed}/"
        self._own: dict[str, str] = {}  # of words: the id shown -> the id of the data set

    def table(self, table: pa.Table) -> pa.Table:
        """Return a table with other ids; columns without any stay as they are."""
        for place, name in enumerate(table.column_names):
            if name not in (*_TEXT_IDS, *_KEY_IDS):
                continue
            column = table[name].combine_chunks()
            fresh = self._keys(column) if name in _KEY_IDS else self._words(column)
            table = table.set_column(place, table.schema.field(name), fresh)
        return table

    def outcomes(self, outcomes: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Return outcomes of an audit with the ids that a component knows."""
        return [
            dict(one) | {
                "query_ids": self.keys(np.array(one["query_ids"], np.uint64)).tolist(),
                "officer_id": self._shown(one["officer_id"]),
            }
            for one in outcomes
        ]  # fmt: skip

    def alerts(self, alerts: Iterable[Alert]) -> list[Alert]:
        """Return a component's alerts with the ids of the data set; an unknown key stays."""
        return [
            one._replace(
                key=self._key_of(one),
                evidence=tuple(self.own_keys(np.array(one.evidence, np.uint64)).tolist()),
            )
            for one in alerts
        ]

    def keys(self, ids: NDArray[np.uint64]) -> NDArray[np.uint64]:
        """Return what is shown instead of 64-bit ids."""
        return rng.feistel(ids, self._key, _HALF_BITS)

    def own_keys(self, shown: NDArray[np.uint64]) -> NDArray[np.uint64]:
        """Return the ids behind those shown."""
        return rng.unfeistel(shown, self._key, _HALF_BITS)

    def _key_of(self, alert: Alert) -> str:
        if alert.level == "officer":
            return self._own.get(alert.key, alert.key)
        if alert.level in ("query", "subject") and alert.key.isdecimal():
            shown = np.array([int(alert.key) % 2**64], np.uint64)
            return str(int(self.own_keys(shown)[0]))
        return alert.key

    def _keys(self, column: pa.Array) -> pa.Array:
        known = column.is_valid().to_numpy(zero_copy_only=False)
        ids = column.fill_null(0).to_numpy(zero_copy_only=False).astype(np.uint64)
        return pa.array(self.keys(ids), pa.uint64(), mask=~known)

    def _words(self, column: Any) -> pa.Array:
        if isinstance(column, pa.ChunkedArray):  # of no rows
            return column
        coded = column if pa.types.is_dictionary(column.type) else column.dictionary_encode()
        shown = pa.array([self._shown(w) for w in coded.dictionary.to_pylist()], pa.string())
        other = pa.DictionaryArray.from_arrays(coded.indices, shown)
        return other if pa.types.is_dictionary(column.type) else other.dictionary_decode()

    def _shown(self, word: str | None) -> str | None:
        if word is None:
            return None
        shown = hashlib.blake2b(f"{self._word}{word}".encode(), digest_size=8).hexdigest()
        self._own[shown] = word
        return shown
