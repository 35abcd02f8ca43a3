"""Leak probes: what says nothing of behaviour, and must be at chance on every honest data set."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from misusebench.columns import distinct, keys, micros

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

_SECOND_US = 1_000_000


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
    """How many fields are empty: leaks where misuse rows are filled in by another road."""

    name = "missing_probe"
    needs = ()

    def score(self, batch: pa.RecordBatch) -> Floats:
        """Return the number of empty fields."""
        empty = [column.is_null().to_numpy(zero_copy_only=False) for column in batch.columns]
        return np.asarray(np.sum(empty, axis=0, dtype=np.float64))


class FormatProbe(_Probe):
    """How the reason is written, not what it says: capitals, blanks, digits, punctuation."""

    name = "format_probe"
    needs = ("reason_text",)

    def score(self, batch: pa.RecordBatch) -> Floats:
        """Return the share of letters of the reason that are capitals, blanks or signs."""
        place, words = distinct(batch["reason_text"])
        share = [sum(not letter.islower() for letter in word) / max(1, len(word)) for word in words]
        return np.array([*share, 0.0])[place]
