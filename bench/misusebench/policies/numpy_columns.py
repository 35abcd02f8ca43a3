"""NumPy over columns of codes: for whole logs, a few operations a rule and not one a request.

Encoding and evaluation are apart, so that they can be timed apart. A text that is only compared
with constants is encoded as the place of its constant; texts that are compared with each other, or
looked for in lists, share one dictionary. Evaluation then compares small numbers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from misusebench.policies.columnar import Columnar, block_rows, patterns_of, words_of
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
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from misusebench.policies.language.policyfile import Policyfile
    from misusebench.policies.language.syntax import Atom, Condition

#: Constants that a byte has room for, and one code for all other texts.
_BYTE: Final = 255


class Lists(NamedTuple):
    """A column of lists of texts."""

    codes: NDArray[np.int32]  # of the texts of all rows, one after the other
    rows: NDArray[np.int64]  # the row of each


class Encoded(NamedTuple):
    """Facts as numbers."""

    rows: int
    columns: dict[str, NDArray[Any]]  # by fact, one entry a row
    lists: dict[str, Lists]


class Codes:
    """Which number stands for which text, fact by fact, for one policy."""

    def __init__(self, policy: Policyfile) -> None:
        self.kinds = policy.kinds
        self.shared: set[str] = set()
        own: dict[str, dict[str, int]] = {}
        everywhere: dict[str, int] = {}
        found = [atom for rule in policy.rules for atom in atoms(rule.when)]
        for atom in found:
            if isinstance(atom, Holds):
                self.shared.update((atom.item.name, atom.texts.name))
            elif isinstance(atom, Compare) and isinstance(atom.right, Fact):
                self.shared.update((atom.left.name, atom.right.name))
        for atom in found:
            for name, constant in _constants(atom):
                codes = everywhere if name in self.shared else own.setdefault(name, {})
                codes.setdefault(constant, len(codes))
        self.everywhere, self.own = everywhere, own

    def of(self, name: str) -> dict[str, int]:
        """Return the codes of a fact's constants."""
        return self.everywhere if name in self.shared else self.own.get(name, {})


def _constants(atom: Condition) -> Iterator[tuple[str, str]]:
    if isinstance(atom, Among):
        yield from ((atom.item.name, one) for one in atom.options if isinstance(one, str))
    elif isinstance(atom, Compare) and isinstance(atom.right, str):
        yield atom.left.name, atom.right


class _Writer:
    """Writes each distinct part of the conditions as one line."""

    def __init__(self, codes: Codes) -> None:
        self.lines: list[str] = []
        self.tables: list[NDArray[np.bool_]] = []
        self._codes = codes
        self._names: dict[Condition, str] = {}

    def name(self, one: Condition) -> str:
        """Return the variable that holds a condition's truths."""
        if one not in self._names:
            text = self._text(one)
            self._names[one] = f"v{len(self._names)}"
            self.lines.append(f"{self._names[one]} = {text}")
        return self._names[one]

    def _text(self, one: Condition) -> str:
        if isinstance(one, Negation):
            return f"~{self.name(one.part)}"
        if isinstance(one, Some) and (found := _looked_up(one)):
            return self._table(*found)
        return self._joined(one) if isinstance(one, (Every, Some)) else self._atom(one)

    def _joined(self, one: Every | Some) -> str:
        joint = " & " if isinstance(one, Every) else " | "
        return joint.join(self.name(part) for part in one.parts)

    def _atom(self, one: Atom) -> str:
        if isinstance(one, Compare):
            return f"f[{one.left.name!r}] {one.op} {self._side(one)}"
        if isinstance(one, Among):
            return self._among(one)
        if isinstance(one, Holds):
            return f"held({one.texts.name!r}, {one.item.name!r})"
        return f"f[{one.name!r}]"

    def _side(self, one: Compare) -> str:
        if isinstance(one.right, Fact):
            return f"f[{one.right.name!r}]"
        if isinstance(one.right, int):
            return str(one.right)
        return str(self._codes.of(one.left.name)[one.right])

    def _among(self, one: Among) -> str:
        name = one.item.name
        if one.item.kind == "number":
            return " | ".join(f"(f[{name!r}] == {option})" for option in one.options)
        codes = [self._codes.of(name)[str(option)] for option in one.options]
        if name in self._codes.shared or len(codes) < 4:  # noqa: PLR2004 - a look-up costs as much
            return " | ".join(f"(f[{name!r}] == {code})" for code in codes)
        table = np.zeros(len(self._codes.of(name)) + 1, bool)
        table[codes] = True
        return f"t[{self._kept(table)}].take(f[{name!r}])"

    def _table(self, key: Fact, item: Fact, lines: dict[str, tuple[str, ...]]) -> str:
        """Return a look-up by two facts at once."""
        if {key.name, item.name} & self._codes.shared:
            return " | ".join(self.name(part) for part in _parts(key, item, lines))
        first, second = self._codes.of(key.name), self._codes.of(item.name)
        table = np.zeros((len(first) + 1, len(second) + 1), bool)
        for line, options in lines.items():
            table[first[line], [second[one] for one in options]] = True
        width = len(second) + 1
        place = f"f[{key.name!r}] * np.int32({width}) + f[{item.name!r}]"
        return f"t[{self._kept(table.ravel())}].take({place})"

    def _kept(self, table: NDArray[np.bool_]) -> int:
        self.tables.append(table)
        return len(self.tables) - 1


def _looked_up(one: Some) -> tuple[Fact, Fact, dict[str, tuple[str, ...]]] | None:
    """Return what `item in table[key]` was made of, if a condition is that."""
    lines: dict[str, tuple[str, ...]] = {}
    pairs = set()
    for part in one.parts:
        if not (isinstance(part, Every) and len(part.parts) == 2):  # noqa: PLR2004 - key and item
            return None
        key, item = part.parts
        if not (isinstance(key, Compare) and isinstance(item, Among) and key.op == "=="):
            return None
        if not isinstance(key.right, str) or item.item.kind != "text" or key.right in lines:
            return None
        lines[key.right] = item.options  # type: ignore[assignment]
        pairs.add((key.left, item.item))
    return (*pairs.pop(), lines) if len(pairs) == 1 else None


def _parts(key: Fact, item: Fact, lines: dict[str, tuple[str, ...]]) -> Iterator[Condition]:
    for line, options in lines.items():
        yield Every((Compare("==", key, line), Among(item, options)))


def _written(policy: Policyfile) -> tuple[str, list[NDArray[np.bool_]]]:
    writer = _Writer(Codes(policy))
    lines = []
    for rule in policy.rules:
        name = writer.name(rule.when)
        lines += [*writer.lines, f"yield {name}  # {rule.id}"]
        writer.lines.clear()
    body = "".join(f"    {line}\n" for line in lines)
    return f"def fired(f, t, held):\n{body}", writer.tables


def numpy_text(policy: Policyfile) -> str:
    """Return a function that yields the truths of each rule, of columns of codes.

    `f` has the columns by fact, `t` look-up tables, `held` looks for a text in lists.
    """
    return _written(policy)[0]


class NumpyColumns(Columnar):
    """The policy over columns of codes; whole logs at once."""

    name = "numpy_columns"
    version = np.__version__

    def __init__(self, *, guard: bool = True) -> None:
        super().__init__(guard=guard)
        self._codes: Codes | None = None
        self._tables: list[NDArray[np.bool_]] = []
        self._function: Callable[..., Iterator[NDArray[np.bool_]]] | None = None

    def encode(self, facts: pa.Table) -> Encoded:
        """Return facts as numbers; where one is missing it counts as empty, 0 or false."""
        assert self._codes is not None
        return _encoded(self._sound(facts)[0], self._codes)

    def evaluate(self, encoded: Encoded) -> list[NDArray[np.uint32]]:
        """Return which rules hold, as bits of words of 32 rules in the policy's order."""
        assert self._function is not None
        step = block_rows(len(self._order))
        blocks = [
            words_of(
                self._function(*self._block(encoded, at, at + step)), min(step, encoded.rows - at)
            )
            for at in range(0, encoded.rows, step)
        ]
        return [np.concatenate(words) for words in zip(*blocks, strict=True)]

    def _block(self, encoded: Encoded, start: int, stop: int) -> tuple[Any, ...]:
        columns = {name: column[start:stop] for name, column in encoded.columns.items()}

        def held(texts: str, item: str) -> NDArray[np.bool_]:
            codes, rows = encoded.lists[texts]
            first, last = np.searchsorted(rows, (start, stop))
            own = rows[first:last] - start
            found = np.zeros(len(columns[item]), bool)
            found[own[codes[first:last] == columns[item][own]]] = True
            return found

        return columns, self._tables, held

    def _compile(self, policy: Policyfile) -> None:
        self._codes = Codes(policy)
        text, self._tables = _written(policy)
        space: dict[str, Any] = {"np": np}
        # The text is made of our own syntax tree alone: facts, codes, operators.
        exec(compile(text, f"<{policy.name} in NumPy>", "exec"), space)  # noqa: S102
        self._function = space["fired"]

    def _patterns(self, facts: pa.Table) -> tuple[NDArray[np.int32], list[tuple[str, ...]]]:
        assert self._codes is not None
        return patterns_of(self.evaluate(_encoded(facts, self._codes)), self._order)


def _encoded(facts: pa.Table, codes: Codes) -> Encoded:
    columns: dict[str, NDArray[Any]] = {}
    for name, kind in codes.kinds.items():
        column = facts[name].combine_chunks() if kind != "texts" else None
        if kind == "truth":
            columns[name] = pc.fill_null(column, False).to_numpy(zero_copy_only=False)
        elif kind == "number":
            columns[name] = pc.fill_null(column, 0).to_numpy()
        elif kind == "text" and name not in codes.shared:
            columns[name] = _own(pc.fill_null(column, ""), codes.of(name))
    lists = _shared(facts, codes, columns)
    return Encoded(facts.num_rows, columns, lists)


def _own(column: pa.Array, constants: dict[str, int]) -> NDArray[Any]:
    """Return the place of each text among the constants, one more for all others."""
    found = pc.index_in(column, value_set=pa.array(list(constants), pa.string()))
    codes: NDArray[Any] = pc.fill_null(found, len(constants)).to_numpy()
    return codes.astype(np.uint8) if len(constants) < _BYTE else codes


def _shared(facts: pa.Table, codes: Codes, columns: dict[str, NDArray[Any]]) -> dict[str, Lists]:
    """Encode texts that are compared with each other, and lists, by one dictionary."""
    texts = [n for n in sorted(codes.shared) if codes.kinds[n] == "text"]
    lists = [n for n in sorted(codes.shared) if codes.kinds[n] == "texts"]
    if not texts:
        return {}
    parts = [pa.array(list(codes.everywhere), pa.string())]
    parts += [pc.fill_null(facts[name].combine_chunks(), "") for name in texts]
    whole = [facts[name].combine_chunks() for name in lists]
    parts += [pc.fill_null(column.flatten(), "") for column in whole]
    found = pa.concat_arrays(parts).dictionary_encode().indices.to_numpy()
    ends = np.cumsum([len(part) for part in parts])
    pieces = np.split(found, ends[:-1])[1:]
    columns.update(zip(texts, pieces, strict=False))
    return {
        name: Lists(piece, pc.list_parent_indices(column).to_numpy())
        for name, piece, column in zip(lists, pieces[len(texts) :], whole, strict=True)
    }
