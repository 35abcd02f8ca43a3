"""What can be seen of each query at a tier by the time it is judged, as one row of numbers.

More than any one detector uses: the shared features, every closed word as typed, how often a case
number, a reason and a terminal came before, and what the reference detectors say. It is handed over
by `replay`, as to a component, and has no other source.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from misusebench.columns import (
    DAY_US,
    HOUR_US,
    LocalTime,
    Words,
    distinct,
    keys,
    micros,
    numbers,
)
from misusebench.detectors.inner import Inner
from misusebench.facts_of_people import Roster
from misusebench.features import Features
from misusebench.streaming import Counts, Times, as_integers, combine
from misusesim.dataset import schema

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pyarrow as pa
    from numpy.typing import NDArray

    Ints = NDArray[np.int64]
    Floats = NDArray[np.float64]

#: Closed lists of the log, each one category; null is one more.
WORDS: Final[dict[str, tuple[str, ...]]] = {
    "system": schema.SYSTEMS, "message_key": schema.MESSAGE_KEYS,
    "declared_purpose": schema.PURPOSES, "purpose_code": schema.PURPOSE_CODES,
    "subject_kind": schema.SUBJECT_KINDS, "subject_sex": schema.SEXES, "match": schema.MATCHES,
    "scope": schema.SCOPES, "outcome": schema.OUTCOMES, "action": schema.ACTIONS,
}  # fmt: skip
#: Numbers of the log as they are.
NUMBERS: Final = ("subject_birth_year", "records_returned", "justification_length", "break_glass")
#: Whether these were typed at all.
TYPED: Final = (
    "reason_category", "reason_text", "case_number", "requestor", "subject_surname",
    "subject_plate", "recipient_agency_id",
)  # fmt: skip
#: What is counted: columns that together make a key, and how often it came before.
COUNTED: Final[dict[str, tuple[str, ...]]] = {
    "case_before": ("case_number",), "own_case_before": ("officer_id", "case_number"),
    "case_subject_before": ("case_number", "subject_key"),
    "reason_before": ("reason_text",), "own_reason_before": ("officer_id", "reason_text"),
    "terminal_officer_before": ("terminal_id", "officer_id"),
    "officer_before": ("officer_id",), "subject_before": ("subject_key",),
    "agency_subject_before": ("agency_id", "subject_key"),
    "surname_before": ("officer_id", "subject_surname"),
}  # fmt: skip
#: Opinions that count: the lowest tier at which there is one, whose it is, with what parameters.
OPINIONS: Final[dict[str, tuple[str, str, dict[str, Any]]]] = {
    "shift_window": ("T0", "shift_window", {}), "anomaly_index": ("T0", "anomaly_index", {}),
    "fan_in": ("T0", "fan_in", {}), "ngram": ("T0", "ngram", {}), "peer_z": ("T0", "peer_z", {}),
    "rules": ("T0", "rules", {}), "loda": ("T0", "loda", {}), "ecod": ("T0", "ecod", {}),
    "knn": ("T0", "knn", {"sample": 1_000}), "explanation": ("T2", "explanation", {}),
    "explanation_mined": ("T2", "explanation", {"templates": "mined"}),
}  # fmt: skip
_MATTERS_BEFORE: Final = ("subject", "pair", "officer", "officer_day")


class Observed:
    """Collects what is seen of the scored rows; a target of `replay` that scores nothing."""

    def __init__(self, tier: str) -> None:
        self.tier = tier
        self._features, self._roster, self._local = Features(tier), Roster(), LocalTime({})
        self._ids = {name: Words() for name in ("officer_id", "terminal_id", "agency_id")}
        self._counts = {name: Counts() for name in COUNTED}
        self._here, self._elsewhere = Times(), Times()
        self._roles = list(schema.ROLES)
        self._opinions = {
            name: Inner(detector, given, tier)
            for name, (least, detector, given) in OPINIONS.items() if tier >= least
        }  # fmt: skip
        self._parts: list[NDArray[np.float32]] = []
        self._keys: list[Ints] = []

    @property
    def names(self) -> list[str]:
        """Names of the columns of :meth:`rows`."""
        own = [*WORDS, *NUMBERS, *(f"{n}_typed" for n in TYPED), *COUNTED]
        more = ["local_hour", "minutes_at_terminal", "minutes_since", "role"]
        return [*self._features.names, *own, *more, *self._opinions]

    @property
    def categories(self) -> list[int]:
        """Places of the columns that are categories, not amounts."""
        return [self.names.index(name) for name in (*WORDS, "role")]

    def fit(self, history: pa.Table, context: Mapping[str, pa.Table]) -> None:
        """See the history and what is known at its end."""
        self._features.start(context)
        self._local.learn(context.get("directory/agencies"))
        for table, rows in context.items():
            self._roster.learn(table, rows)
        for one in self._opinions.values():
            one.fit(history, context, 1.0)
        self._features.transform(history)
        self._before(history)

    def observe(self, table: str, rows: pa.Table) -> None:
        """See context rows as they become known."""
        self._features.observe(table, rows)
        self._roster.learn(table, rows)
        if table == "directory/agencies":
            self._local.learn(rows)
        for one in self._opinions.values():
            one.observe(table, rows)

    def score(
        self, batch: pa.RecordBatch, now_us: int, *, single: bool = False
    ) -> tuple[Floats, list[Any]]:
        """See the rows of a batch."""
        del now_us, single
        before, shared = self._before(batch)
        self._keys.append(shared)
        seen = [self._features.transform(batch), *self._typed(batch), *before]
        seen += [one.score(batch) for one in self._opinions.values()]
        self._parts.append(np.column_stack(seen).astype(np.float32))
        return np.zeros(batch.num_rows), []

    def feedback(self, outcomes: list[dict[str, Any]]) -> None:
        """Labels are never shown to it.

        Raises
        ------
        AssertionError
            Always.
        """
        raise AssertionError(f"{len(outcomes)} outcomes were shown to the observable oracle")

    def rows(self) -> NDArray[np.float32]:
        """Return the scored rows, shape (rows, len(names))."""
        return np.concatenate([np.empty((0, len(self.names)), np.float32), *self._parts])

    def keys(self) -> dict[str, Ints]:
        """Return what a row shares with others, as whole numbers by name."""
        table = np.concatenate([np.empty((0, len(_MATTERS_BEFORE)), np.int64), *self._keys])
        return {name: table[:, place] for place, name in enumerate(_MATTERS_BEFORE)}

    def _typed(self, batch: pa.RecordBatch) -> list[Floats]:
        words = [_code(batch[name], known) for name, known in WORDS.items()]
        amounts = [numbers(batch[name], -1.0) for name in NUMBERS]
        return words + amounts + [1.0 - numbers(batch[n].is_null(), 1.0) for n in TYPED]

    def _before(self, batch: pa.RecordBatch | pa.Table) -> tuple[list[Floats], Ints]:
        """Return what came before each row and the keys that rows share; remember the rows."""
        column = {name: self._key(batch, name) for key in COUNTED.values() for name in key}
        counted = [
            np.log1p(self._counts[name].before(combine(*(column[part] for part in key))))
            for name, key in COUNTED.items()
        ]
        time, officer = micros(batch["received_at"]), column["officer_id"]
        local = self._local.local(batch["agency_id"], micros(batch["time"]))
        _, here = self._here.before(combine(officer, column["terminal_id"]), time)
        _, last = self._elsewhere.before(officer, time)
        pair = combine(officer, column["subject_key"]).view(np.int64)
        day = combine(officer, local // DAY_US).view(np.int64)
        role = self._role(batch) if self.tier >= "T1" else np.full(len(time), -1.0)
        hour = (local % DAY_US / HOUR_US).astype(np.float64)
        more = [hour, _minutes(time, here), _minutes(time, last), role]
        return [*counted, *more], np.column_stack([column["subject_key"], pair, officer, day])

    def _key(self, batch: pa.RecordBatch | pa.Table, name: str) -> Ints:
        if name in self._ids:
            return self._ids[name].codes(batch[name])
        if name == "subject_key":
            return as_integers(keys(batch[name]))
        place, words = distinct(batch[name])
        hashed = [hash_of(word) for word in words]
        return np.array([*hashed, -1], np.int64)[place]

    def _role(self, batch: pa.RecordBatch | pa.Table) -> Floats:
        officer = self._roster.officers.codes(batch["officer_id"])
        known = [
            self._roles.index(role) if (role := self._roster.role.get(code)) else -1
            for code in range(len(self._roster.officers))
        ]
        return np.array(known, np.float64)[officer]


def hash_of(word: str) -> int:
    """Return a whole number of a word, the same in every process."""
    return int.from_bytes(hashlib.blake2b(word.encode(), digest_size=8).digest()) >> 2


def _minutes(time: Ints, before: Ints) -> Floats:
    since = np.where(before > Times.NEVER, time - before, 30 * DAY_US)
    return np.asarray(np.log1p(np.maximum(since, 0) / 60e6))


def _code(column: pa.Array, known: tuple[str, ...]) -> Floats:
    place, words = distinct(column)
    code = [known.index(word) + 1 if word in known else 0 for word in words]
    return np.array([*code, 0], np.float64)[place]
