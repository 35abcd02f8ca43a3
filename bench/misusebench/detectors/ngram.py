"""Surprise at an officer's next step, given his last two."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from misusebench.columns import DAY_US, Words, micros, stable_codes
from misusebench.streaming import Counts, Times, combine

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pyarrow as pa
    from numpy.typing import NDArray

    Ints = NDArray[np.int64]
    Floats = NDArray[np.float64]

#: What a step is: action, purpose and class of target.
STEP: Final = ("system", "message_key", "declared_purpose", "subject_kind", "match", "action")
#: Different steps there may be, before any was seen: each as likely (assumption).
STEPS: Final = 1_000
_MINUTE_US: Final = DAY_US // 1440


class Ngram:
    """Negative log probability of a step after the officer's two steps before it, with back-off.

    Interpolated trigrams of all officers (Witten and Bell 1991), counted row by row; a pause begins
    a new sequence. Sequences of an access log as sentences: Du et al., CCS 2017, with a network.

    Known weakness: whom a step is about is not in it, so a rare person asked for in the usual way
    is no surprise.
    """

    name = "ngram"
    tiers = ("T0", "T1", "T2", "T3")
    needs = ("officer_id", "received_at", *STEP)

    def __init__(self, pause_minutes: int = 30) -> None:
        self._pause_us = pause_minutes * _MINUTE_US
        self._officers = Words()
        self._last, self._seen = Times(), Times()
        self._before_last = Times()
        self._grams = [_Gram() for _ in range(3)]

    def fit(self, history: pa.Table, context: Mapping[str, pa.Table]) -> None:
        """Count the steps of the history."""
        del context
        self._surprise(history)

    def score(self, batch: pa.RecordBatch) -> Floats:
        """Return the surprise of each row, in nats."""
        return self._surprise(batch)

    def _surprise(self, rows: pa.RecordBatch | pa.Table) -> Floats:
        officer, step = self._officers.codes(rows["officer_id"]), self._step(rows)
        one, two = self._contexts(officer, step, micros(rows["received_at"]))
        chance = np.full(len(step), 1.0 / STEPS)
        for gram, context in zip(
            self._grams, (np.zeros_like(step), one, combine(one, two).view(np.int64)), strict=True
        ):
            chance = gram.mixed(context, step, chance)
        return np.asarray(-np.log(chance))

    def _step(self, rows: pa.RecordBatch | pa.Table) -> Ints:
        """Return a hash of each row's step."""
        return combine(*(stable_codes(rows[name]) for name in STEP)).view(np.int64)

    def _contexts(self, officer: Ints, step: Ints, time: Ints) -> tuple[Ints, Ints]:
        """Return the officer's last step and the one before, -1 where a pause lies between."""
        _, last = self._last.before(officer, step)
        _, seen = self._seen.before(officer, time)
        one = np.where(time - seen <= self._pause_us, last, -1)
        _, two = self._before_last.before(officer, one)
        return one, np.where(one == -1, -1, two)


class _Gram:
    """Counts of steps after a context, and how much they weigh against the shorter context."""

    def __init__(self) -> None:
        self._pair, self._total, self._distinct = Counts(), Counts(), Counts()

    def mixed(self, context: Ints, step: Ints, shorter: Floats) -> Floats:
        """Return the chance of each step, mixed with that of the shorter context; counts it."""
        pair = self._pair.before(combine(context, step))
        total = self._total.before(context)
        kinds = self._distinct.before(context, (pair == 0).astype(np.int64))
        return np.asarray((pair + kinds * shorter + shorter) / (total + kinds + 1.0))
