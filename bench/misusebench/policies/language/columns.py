"""Conditions on whole columns of facts: where each comparison holds, row by row."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from misusebench.policies.language.syntax import (
    Among,
    Compare,
    Every,
    Fact,
    Holds,
    Negation,
    Some,
    atoms,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from numpy.typing import NDArray

    from misusebench.policies.language.syntax import Atom, Condition

    Rows = NDArray[np.bool_]

_COMPARED: Final[dict[str, Callable[[Any, Any], Any]]] = {
    "==": pc.equal, "!=": pc.not_equal, "<": pc.less, "<=": pc.less_equal, ">": pc.greater,
    ">=": pc.greater_equal,
}  # fmt: skip


def seen_sides(
    condition: Condition, facts: pa.Table, defaults: Mapping[str, Any]
) -> tuple[int, list[tuple[int, int]]]:
    """Return on how many rows a condition holds, and each comparison's (holds, does not hold).

    Parameters
    ----------
    condition
        Of a rule.
    facts
        One column a fact, named as in conditions; a row that lacks a fact counts nowhere.
    defaults
        Values of facts that a row need not have.
    """
    found = [_atom(one, facts, defaults) for one in atoms(condition)]
    whole = np.ones(facts.num_rows, np.bool_)
    for _, known in found:
        whole &= known
    held = _given(condition, iter([sides for sides, _ in found])) & whole
    sides = [(int((held_ & known).sum()), int((~held_ & known).sum())) for held_, known in found]
    return int(held.sum()), sides


def _given(condition: Condition, seen: Iterator[Rows]) -> Rows:
    if isinstance(condition, (Every, Some)):
        joined = np.logical_and if isinstance(condition, Every) else np.logical_or
        parts = [_given(part, seen) for part in condition.parts]
        return np.asarray(joined.reduce(parts), np.bool_)
    if isinstance(condition, Negation):
        return ~_given(condition.part, seen)
    return next(seen)


def _atom(atom: Atom, facts: pa.Table, defaults: Mapping[str, Any]) -> tuple[Rows, Rows]:
    """Return where a comparison holds, and where its facts are known."""

    def column(fact: Fact) -> Any:
        if fact.name not in facts.column_names:
            value = defaults.get(fact.name)
            return pa.array([value] * facts.num_rows)
        own = facts[fact.name].combine_chunks()
        return pc.fill_null(own, defaults[fact.name]) if fact.name in defaults else own

    if isinstance(atom, Holds):
        texts, item = column(atom.texts).to_pylist(), column(atom.item).to_pylist()
        told = pa.array([None if t is None or i is None else i in t
                         for t, i in zip(texts, item, strict=True)], pa.bool_())  # fmt: skip
    elif isinstance(atom, Among):
        own = column(atom.item)
        told = pc.if_else(pc.is_valid(own), pc.is_in(own, pa.array(list(atom.options))), None)
    elif isinstance(atom, Compare):
        right = column(atom.right) if isinstance(atom.right, Fact) else atom.right
        told = _COMPARED[atom.op](column(atom.left), right)
    else:
        told = column(atom)
    known = np.asarray(pc.is_valid(told))
    return np.asarray(pc.fill_null(told, False), np.bool_) & known, known
