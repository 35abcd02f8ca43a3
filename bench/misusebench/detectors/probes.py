"""Leak probes: what says nothing of behaviour, and must be at chance on every honest data set."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from misusebench.columns import distinct, keys, micros, stable_codes
from misusebench.streaming import Counts, combine
from misusesim import rng
from misusesim.dataset import schema

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pyarrow as pa
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

_SECOND_US = 1_000_000
_ROWS: Final = 65_536
_SHARES: Final = 20  # steps in which a share is told
_SCREEN: Final = ("agency_id", "system", "message_key", "subject_kind")


class _Probe:
    """Needs nothing but the log."""

    tiers = ("T0", "T1", "T2", "T3")


class IdProbe(_Probe):
    """The query id itself: leaks where ids are given in the order of making, or by cause."""

    name = "id_probe"
    needs = ("query_id",)

    def score(self, batch: pa.RecordBatch) -> Floats:
        """Return each id as a share of the largest possible."""
        return keys(batch["query_id"]).astype(np.float64) / 2.0**64


class OfficerProbe(_Probe):
    """A hash of the officer id: one number an officer, so it needs the chance of officers."""

    name = "officer_probe"
    needs = ("officer_id",)

    def score(self, batch: pa.RecordBatch) -> Floats:
        """Return the last letters of the id as a number."""
        place, names = distinct(batch["officer_id"])
        last = [int.from_bytes(name.encode()[-6:], "big") for name in names]
        return np.array([*last, 0.0])[place]


class FractionProbe(_Probe):
    """The fraction of the second: leaks where two hands write times."""

    name = "fraction_probe"
    needs = ("time",)

    def score(self, batch: pa.RecordBatch) -> Floats:
        """Return the microseconds within the second."""
        return (micros(batch["time"]) % _SECOND_US).astype(np.float64)


class OrderProbe(_Probe):
    """The row's place in the replay: leaks where misuse comes early, or late (run to failure)."""

    name = "order_probe"
    needs = ("received_at",)

    def __init__(self) -> None:
        self._seen = 0

    def score(self, batch: pa.RecordBatch) -> Floats:
        """Return how many rows came before."""
        first, self._seen = self._seen, self._seen + batch.num_rows
        return np.arange(first, self._seen, dtype=np.float64)


class MissingProbe(_Probe):
    """Empty fields beyond the usual of the screen: leaks where misuse is filled in by another road.

    Which fields are empty says first of all which screen was used, and whether a case number was
    given; both are behaviour, and honest signs. So a row's number of empty fields is ranked among
    the earlier rows of the same agency, system, message key and kind of person or thing, with or
    without a case number. So chance is one half, whatever screens misuse prefers.
    """

    name = "missing_probe"
    needs = ("query_id", *_SCREEN)

    def __init__(self) -> None:
        self._ranks = Ranks("missing_probe", len(schema.LOG))

    def fit(self, history: pa.Table, context: Mapping[str, pa.Table]) -> None:
        """Learn how many fields each screen leaves empty."""
        del context
        for batch in history.combine_chunks().to_batches(max_chunksize=_ROWS):
            self.score(batch)

    def score(self, batch: pa.RecordBatch) -> Floats:
        """Return the rank of each row's number of empty fields, from 0 to 1."""
        fields = zip(batch.schema.names, batch.columns, strict=True)
        empty = {n: column.is_null().to_numpy(zero_copy_only=False) for n, column in fields}
        no_case = empty.pop("case_number", np.ones(batch.num_rows, bool)).astype(np.int64)
        number = np.array([*empty.values()]).sum(axis=0).astype(np.int64)
        return self._ranks.of(combine(_screen(batch), no_case), number, keys(batch["query_id"]))


class FormatProbe(_Probe):
    """How the reason is written, not what it says: capitals, blanks, digits, punctuation.

    People and screens have ways of their own, and few people misuse; so it is ranked, as empty
    fields are, among what the same officer wrote at the same screen before.
    """

    name = "format_probe"
    needs = ("query_id", "officer_id", "reason_text", *_SCREEN)

    def __init__(self) -> None:
        self._ranks = Ranks("format_probe", _SHARES)

    def fit(self, history: pa.Table, context: Mapping[str, pa.Table]) -> None:
        """Learn how reasons are written at each screen."""
        del context
        for batch in history.combine_chunks().to_batches(max_chunksize=_ROWS):
            self.score(batch)

    def score(self, batch: pa.RecordBatch) -> Floats:
        """Return the rank of the share of letters that are capitals, blanks or signs."""
        place, words = distinct(batch["reason_text"])
        share = [sum(not letter.islower() for letter in word) / max(1, len(word)) for word in words]
        level = (np.array([*share, 0.0])[place] * _SHARES).astype(np.int64)
        own = combine(_screen(batch), stable_codes(batch["officer_id"]), (place < 0).astype(int))
        return self._ranks.of(own, level, keys(batch["query_id"]))


class Ranks:
    """Ranks whole numbers among the earlier ones of their stratum, ties drawn by a hash.

    Where the rows of a stratum come in any order a rank is uniform from 0 to 1, whatever the
    stratum (a sequential, randomised probability integral transform).

    Parameters
    ----------
    name
        Of the stream that ties are drawn from.
    most
        The largest number there can be.
    """

    def __init__(self, name: str, most: int) -> None:
        self._salt, self._most = rng.salt(0, name), most
        self._all, self._by_number = Counts(), Counts()

    def of(
        self, stratum: NDArray[np.uint64], number: NDArray[np.int64], tie: NDArray[np.uint64]
    ) -> Floats:
        """Return the rank of each number, and remember them."""
        fewer, same = np.zeros(len(number), np.int64), np.zeros(len(number), np.int64)
        for level in range(self._most + 1):
            one = combine(stratum.view(np.int64), np.full(len(number), level))
            before = self._by_number.before(one, (number == level).astype(np.int64))
            fewer += np.where(level < number, before, 0)
            same += np.where(level == number, before, 0)
        luck = rng.unit(rng.draw(tie, self._salt))
        return np.asarray((fewer + luck * (same + 1)) / (self._all.before(stratum) + 1))


def _screen(batch: pa.RecordBatch) -> NDArray[np.int64]:
    """Return a hash of the agency and the screen of each row."""
    return combine(*(stable_codes(batch[name]) for name in _SCREEN)).view(np.int64)
