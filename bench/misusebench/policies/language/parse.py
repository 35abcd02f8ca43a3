"""The text of a condition, a small part of Python's expressions, made into its parts.

``officer.role in any_hour``, ``database.sensitivity > 1 and context.case_number == ""``,
``not officer.active``, ``officer.role in roles[database.id]``, and names of conditions that the
file defines.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, cast

from misusebench.policies.language.syntax import (
    ORDERED,
    Among,
    Compare,
    Condition,
    Every,
    Fact,
    Holds,
    Negation,
    Operator,
    Some,
)
from misusebench.policies.language.vocabulary import KIND_WORDS, MOST, UNSAYABLE, sayable
from misusebench.specs import guess

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from misusebench.policies.language.syntax import Kind

_OPERATORS: Final[dict[type, Operator]] = {
    ast.Eq: "==", ast.NotEq: "!=", ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=",
}  # fmt: skip
_MIRRORED: Final[dict[Operator, Operator]] = {
    "==": "==", "!=": "!=", "<": ">", "<=": ">=", ">": "<", ">=": "<=",
}  # fmt: skip


class ConditionError(ValueError):
    """A condition is not in the language; its message says what was found and what is allowed."""


@dataclass(frozen=True, slots=True)
class Names:
    """What the names in a condition mean."""

    facts: Mapping[str, Kind]
    lists: Mapping[str, Sequence[str] | Sequence[int]]
    tables: Mapping[str, Mapping[str, Sequence[str]]]
    defined: Mapping[str, Condition]


def parse(text: str, names: Names) -> Condition:
    """Return a condition.

    Raises
    ------
    ConditionError
        If it is anything but comparisons, membership, and, or, not, of facts that are known.
    """
    try:
        tree = ast.parse(text.strip(), mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise ConditionError(f"{text!r:.80} is no condition: {error}") from error
    try:
        return _Parser(names).condition(tree.body)
    except RecursionError as error:
        raise ConditionError(f"{text!r:.80} is nested too deep") from error


class _Parser:
    def __init__(self, names: Names) -> None:
        self._names = names

    def condition(self, node: ast.expr) -> Condition:
        if isinstance(node, ast.BoolOp):
            parts = tuple(self.condition(part) for part in node.values)
            return Every(parts) if isinstance(node.op, ast.And) else Some(parts)
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            return Negation(self.condition(node.operand))
        if isinstance(node, ast.Compare):
            return self._compared(node)
        if isinstance(node, ast.Name):
            if node.id in self._names.defined:
                return self._names.defined[node.id]
            raise ConditionError(
                f"nothing is defined as {node.id}{guess(node.id, list(self._names.defined))}"
            )
        fact = self._fact(node)
        if fact.kind != "truth":
            raise ConditionError(
                f"{fact.name} is {KIND_WORDS[fact.kind]}, so it must be compared with something"
            )
        return fact

    def _compared(self, node: ast.Compare) -> Condition:
        if len(node.ops) != 1:
            raise ConditionError("one comparison at a time: join two with `and`")
        op, left, right = node.ops[0], node.left, node.comparators[0]
        if isinstance(op, ast.In):
            return self._member(left, right)
        if isinstance(op, ast.NotIn):
            return Negation(self._member(left, right))
        if type(op) not in _OPERATORS:
            raise ConditionError("comparisons are ==, !=, <, <=, >, >=, in, not in")
        return self._order(_OPERATORS[type(op)], left, right)

    def _order(self, op: Operator, left: ast.expr, right: ast.expr) -> Compare:
        if isinstance(left, ast.Constant) or _signed(left) is not None:
            op, left, right = _MIRRORED[op], right, left
        fact, other = self._fact(left), self._side(right)
        kind = other.kind if isinstance(other, Fact) else _kind(other)
        if fact.kind != kind or kind not in ("text", "number"):
            said = other.name if isinstance(other, Fact) else repr(other)
            raise ConditionError(
                f"{fact.name} is {KIND_WORDS[fact.kind]} and {said} is {KIND_WORDS[kind]}: "
                "texts are compared with texts, numbers with numbers; a fact that is true or false "
                "stands by itself, or behind `not`"
            )
        if op in ORDERED and kind == "text":
            raise ConditionError(f"{fact.name} is a text, which has no order: use == or !=")
        return Compare(op, fact, other)

    def _side(self, node: ast.expr) -> Fact | str | int:
        number = _signed(node)
        if number is not None:
            return number
        if isinstance(node, ast.Constant):
            return _constant(node.value)
        return self._fact(node)

    def _member(self, left: ast.expr, right: ast.expr) -> Condition:
        item = self._fact(left)
        if isinstance(right, ast.Subscript):
            return self._looked_up(item, right)
        if isinstance(right, ast.Attribute):
            texts = self._fact(right)
            if texts.kind != "texts" or item.kind != "text":
                raise ConditionError(f"{item.name} in {texts.name}: a text in a list of texts")
            return Holds(texts, item)
        return Among(item, _same_kind(item, self._options(right)))

    def _options(self, node: ast.expr) -> Sequence[str] | Sequence[int]:
        if isinstance(node, ast.Name):
            lists = self._names.lists
            if node.id not in lists:
                raise ConditionError(f"no list {node.id}{guess(node.id, list(lists))}")
            return lists[node.id]
        if isinstance(node, (ast.List, ast.Tuple, ast.Set)):
            found = [self._side(one) for one in node.elts]
            if any(isinstance(one, Fact) for one in found):
                raise ConditionError("a list holds constants; compare facts with == and `or`")
            return cast("list[str]", found)
        raise ConditionError("after `in` comes a list, the name of one, table[fact], or a fact")

    def _looked_up(self, item: Fact, node: ast.Subscript) -> Condition:
        """Return the condition that a table's line for a fact has the item."""
        tables = self._names.tables
        name = node.value.id if isinstance(node.value, ast.Name) else ""
        if name not in tables:
            raise ConditionError(f"no table {name}{guess(name, list(tables))}")
        key = self._fact(node.slice)
        if key.kind != "text":
            raise ConditionError(f"{key.name} is {KIND_WORDS[key.kind]}; tables have texts as keys")
        lines = [
            Every((Compare("==", key, _constant(line)), Among(item, _same_kind(item, options))))
            for line, options in tables[name].items()
            if options
        ]
        if not lines:
            raise ConditionError(f"table {name} is empty")
        return Some(tuple(lines)) if len(lines) > 1 else lines[0]

    def _fact(self, node: ast.expr) -> Fact:
        if not (isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)):
            raise ConditionError(
                f"{ast.unparse(node)!r:.80} is no fact; facts are named place.name, as officer.role"
            )
        name = f"{node.value.id}.{node.attr}"
        if name not in self._names.facts:
            raise ConditionError(f"no fact {name}{guess(name, list(self._names.facts))}")
        return Fact(name, self._names.facts[name])


def _signed(node: ast.expr) -> int | None:
    """Return the number of a constant with a minus sign before it."""
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        inner = node.operand
        if isinstance(inner, ast.Constant) and type(inner.value) is int:
            return cast("int", _constant(-inner.value))
    return None


def _constant(value: object) -> str | int:
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        raise ConditionError(f"{value!r:.40}: constants are texts and whole numbers")
    if isinstance(value, int) and abs(value) >= MOST:
        raise ConditionError(f"{value}: numbers lie between -2^53 and 2^53")
    if isinstance(value, str) and not sayable(value):
        raise ConditionError(f"{value!r:.40} {UNSAYABLE}: no engine could be asked for it")
    return value


def _kind(value: str | int) -> Kind:
    return "text" if isinstance(value, str) else "number"


def _same_kind(
    item: Fact, options: Sequence[str] | Sequence[int]
) -> tuple[str, ...] | tuple[int, ...]:
    wrong = [one for one in options if _kind(_constant(one)) != item.kind]
    if wrong or not options:
        what = f"{wrong[0]!r}" if wrong else "nothing"
        raise ConditionError(f"{item.name} is {KIND_WORDS[item.kind]}; the list has {what}")
    return cast("tuple[str, ...]", tuple(options))
