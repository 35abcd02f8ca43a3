"""What engines that decide whole tables of facts share: the guard by column, reasons by pattern."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from misusebench.component import OUTCOMES, Decision
from misusebench.policies.engine import Engine
from misusebench.policies.language.guard import unsayable
from misusebench.policies.language.vocabulary import (
    FACT_KINDS,
    IDS,
    KIND_WORDS,
    MOST,
    TYPES,
    UNSAYABLE,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from misusebench.component import Request
    from misusebench.policies.language.guard import Parts
    from misusebench.policies.language.syntax import Kind

    Explanations = list[tuple[tuple[str, ...], tuple[str, ...]]]
    Answers = tuple[NDArray[np.int8], NDArray[np.int32], Explanations]

ARROW: Final[dict[Kind, pa.DataType]] = {
    "text": pa.string(), "number": pa.int64(), "truth": pa.bool_(),
    "texts": pa.list_(pa.string()),
}  # fmt: skip
#: Columns of a facts table that are not named as their facts are.
_COLUMNS: Final = {"officer.id": "officer_id", "query.id": "query_id"}
#: Rules in one word of a pattern.
WORD: Final = 32
#: Truths held at once while rules are evaluated.
_CELLS: Final = 1 << 25
_BLOCK: Final = 1 << 16


class Columnar(Engine):
    """An engine that answers tables; a single request is a table of one row, and dear."""

    single = False  # whether single decisions are what it is made for

    def decide_table(self, facts: pa.Table) -> Answers:
        """Return decisions on a table of facts.

        Parameters
        ----------
        facts
            One row a request, as `facts.build_facts` makes them; a null is a missing fact.

        Returns
        -------
        outcome, why, explanations
            Codes of OUTCOMES and places in `explanations`, one entry a row; (reasons, errors).
        """
        table, errors = self._sound(facts)
        codes, patterns = self._patterns(table)
        decided = [self._composed(fired, ()) for fired in patterns]
        explanations: Explanations = [(one.reasons, ()) for one in decided]
        outcome = np.array([OUTCOMES.index(one.outcome) for one in decided], np.int8)[codes]
        if not (self._guarded and errors):
            return outcome, codes, explanations
        faults, lists = patterns_of(words_of(errors.values(), facts.num_rows), list(errors))
        bad = np.array([bool(one) for one in lists])[faults]
        why = np.where(bad, faults + len(explanations), codes).astype(np.int32)
        explanations += [((), one) for one in lists]
        return np.where(bad, np.int8(1), outcome), why, explanations

    def decide(self, request: Request) -> Decision:
        """Return the decision on one request."""
        return self.decide_batch([request])[0]

    def decide_batch(self, requests: Sequence[Request]) -> list[Decision]:
        """Return one decision per request, in order."""
        checked = [self._checked(request) for request in requests]
        whole = [parts for parts, wrong in checked if not wrong]
        found = iter(self._decided(whole) if whole else [])
        return [Decision("deny", (), wrong) if wrong else next(found) for _, wrong in checked]

    def _checked(self, request: Request) -> tuple[Parts, tuple[str, ...]]:
        parts, wrong = self._parts(request), tuple[str, ...]()
        if self._guard is not None and self._guarded:
            parts, wrong = self._guard.whole(request)
            if wrong or self._policy is not None:
                return parts, wrong
        told = ((n, _amiss(_value(parts, n), kind)) for n, kind in self._kinds().items())
        return parts, tuple(f"fact {name} {why}" for name, why in told if why)

    def _decided(self, whole: list[Parts]) -> list[Decision]:
        columns = {
            _COLUMNS.get(name, name): pa.array([_value(p, name) for p in whole], ARROW[kind])
            for name, kind in self._kinds().items()
        }
        columns["rows"] = pa.nulls(len(whole))  # of a policy that names no facts
        outcome, why, explanations = self.decide_table(pa.table(columns))
        return [
            Decision(OUTCOMES[code], *explanations[place])
            for code, place in zip(outcome.tolist(), why.tolist(), strict=True)
        ]

    def _kinds(self) -> Mapping[str, Kind]:
        return self._policy.kinds if self._policy else {**FACT_KINDS, **IDS}

    def _sound(self, facts: pa.Table) -> tuple[pa.Table, dict[str, NDArray[np.bool_]]]:
        """Return the policy's facts with their own types, and which rows have what wrong."""
        columns: dict[str, pa.Array] = {}
        errors: dict[str, NDArray[np.bool_]] = {}
        odd: dict[str, NDArray[np.bool_]] = {}
        for name, kind in self._kinds().items():
            column, wrong = _column(facts, name, kind)
            default = self._policy.defaults.get(name) if self._policy else None
            if default is not None:
                column = _filled(column, default, kind)
            columns[name] = column
            needed = self._guard is not None and name in self._guard.names
            if needed and column.null_count and not wrong:
                wrong = {f"missing fact {name}": _nulls(column)}
            errors.update(wrong)
            odd.update(_unsayable(column, name, kind))
        if errors and odd:  # as the guard says it: what is missing first, and then no more
            whole = ~np.logical_or.reduce(list(errors.values()))
            odd = {text: rows & whole for text, rows in odd.items()}
        columns["rows"] = pa.nulls(facts.num_rows)
        return pa.table(columns), {**errors, **odd}

    def _patterns(self, facts: pa.Table) -> tuple[NDArray[np.int32], list[tuple[str, ...]]]:
        """Return each row's place in the list of patterns: the ids of the rules that hold."""
        raise NotImplementedError


def _value(parts: Parts, name: str) -> Any:
    place, _, short = name.partition(".")
    return parts[place].get(short)


def _amiss(value: Any, kind: Kind) -> str:
    """Return why a column cannot hold a fact; it may be missing."""
    if value is None:
        return ""
    return f"must be {KIND_WORDS[kind]}" if type(value) is not TYPES[kind] else unsayable(value)


def _column(
    facts: pa.Table, name: str, kind: Kind
) -> tuple[pa.Array, dict[str, NDArray[np.bool_]]]:
    """Return a fact's column with the type of its kind, and what is wrong with all of it."""
    wanted = ARROW[kind]
    label = _COLUMNS.get(name, name)
    if label not in facts.column_names:
        column = pa.nulls(facts.num_rows, wanted)
    else:
        column = facts[label].combine_chunks()
        if isinstance(column, pa.ChunkedArray):
            column = (
                pa.concat_arrays(column.chunks) if column.num_chunks else pa.array([], column.type)
            )
    if pa.types.is_dictionary(column.type) or name in _COLUMNS:
        column = column.cast(wanted)
    if pa.types.is_integer(column.type) and kind == "number":
        column = column.cast(wanted, safe=False)
    if column.type == wanted or pa.types.is_null(column.type):
        column = column.cast(wanted)
        return (pc.fill_null(column, "") if name == "action.name" else column), {}
    text = f"fact {name} must be {KIND_WORDS[kind]}, got {column.type}"
    return pa.nulls(facts.num_rows, wanted), {text: np.ones(facts.num_rows, bool)}


def _filled(column: pa.Array, default: Any, kind: Kind) -> pa.Array:
    if kind != "texts":
        return pc.fill_null(column, default)
    both = pa.concat_arrays([column, pa.array([default], ARROW[kind])])
    at = np.where(_nulls(column), len(column), np.arange(len(column)))
    return both.take(pa.array(at))


def _nulls(column: pa.Array) -> NDArray[np.bool_]:
    found: NDArray[np.bool_] = column.is_null().to_numpy(zero_copy_only=False)
    return found


def _unsayable(column: pa.Array, name: str, kind: Kind) -> dict[str, NDArray[np.bool_]]:
    """Return rows with what is of the right kind, yet not what every engine can hold."""
    if kind == "number":
        values = pc.fill_null(column, 0).to_numpy()
        far = (values <= -MOST) | (values >= MOST)
        return {f"fact {name} is beyond 2^53": far} if far.any() else {}
    if kind not in ("text", "texts"):
        return {}
    found, holed = {}, np.zeros(len(column), bool)
    rows = np.arange(len(column)) if kind == "text" else np.asarray(pc.list_parent_indices(column))
    flat = column if kind == "text" else column.flatten()
    if kind == "texts" and flat.null_count:
        holed[rows[_nulls(flat)]] = True
        found[f"fact {name} must be a list of texts"] = holed
    data = flat.buffers()[2]
    if data is None or np.frombuffer(data, np.uint8).all():  # no NUL in any: the search is dear
        return found
    cut = np.zeros(len(column), bool)
    cut[rows[np.asarray(pc.fill_null(pc.match_substring(flat, "\0"), False))]] = True
    cut &= ~holed
    return {**found, f"fact {name} {UNSAYABLE}": cut} if cut.any() else found


def block_rows(rules: int) -> int:
    """Return how many rows to evaluate at a time."""
    return max(1024, min(_BLOCK, _CELLS // max(1, rules)))


def words_of(truths: Iterable[NDArray[np.bool_]], rows: int) -> list[NDArray[np.uint32]]:
    """Return truths, one array a rule, as bits of words of 32 rules; row by row."""
    words: list[NDArray[np.uint32]] = []
    for nth, truth in enumerate(truths):
        if not nth % WORD:
            words.append(np.zeros(rows, np.uint32))
        words[-1] |= truth.astype(np.uint32) << np.uint32(nth % WORD)
    return words


def patterns_of(
    words: Sequence[NDArray[np.uint32]], names: Sequence[str]
) -> tuple[NDArray[np.int32], list[tuple[str, ...]]]:
    """Return each row's place in the list of distinct patterns, and the names in each of them."""
    if not words:
        return np.empty(0, np.int32), []
    code = np.zeros(len(words[0]), np.int64)
    found: list[tuple[str, ...]] = [()]
    for nth, word in enumerate(words):
        pairs = pa.array((code << WORD) | word.astype(np.int64)).dictionary_encode()
        code = pairs.indices.to_numpy().astype(np.int64)
        some = names[nth * WORD : (nth + 1) * WORD]
        found = [
            found[pair >> WORD] + tuple(n for bit, n in enumerate(some) if pair >> bit & 1)
            for pair in pairs.dictionary.to_pylist()
        ]
    return code.astype(np.int32), found
