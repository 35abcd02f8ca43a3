"""What a condition is made of: comparisons, membership, and, or, not. Nothing else.

Every engine that we know can say these. No arithmetic, no text functions: what needs them is a fact
that is resolved before the policy is asked.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Iterator

Kind = Literal["text", "number", "truth", "texts"]
Operator = Literal["==", "!=", "<", "<=", ">", ">="]
#: Operators that need an order, which texts do not have here.
ORDERED: Final = ("<", "<=", ">", ">=")


@dataclass(frozen=True, slots=True)
class Fact:
    """A fact of the request, ``place.name``; one of kind `truth` is a condition by itself."""

    name: str
    kind: Kind

    @property
    def place(self) -> str:
        """Return the part of the request that it belongs to."""
        return self.name.partition(".")[0]

    @property
    def short(self) -> str:
        """Return its name within that part."""
        return self.name.partition(".")[2]


@dataclass(frozen=True, slots=True)
class Compare:
    """A fact against a constant or against another fact of its kind."""

    op: Operator
    left: Fact
    right: Fact | str | int


@dataclass(frozen=True, slots=True)
class Among:
    """A fact is one of some constants."""

    item: Fact
    options: tuple[str, ...] | tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Holds:
    """A fact that is a list of texts holds another fact."""

    texts: Fact
    item: Fact


@dataclass(frozen=True, slots=True)
class Every:
    """All parts hold."""

    parts: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Some:
    """At least one part holds."""

    parts: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Negation:
    """The part does not hold."""

    part: Condition


Condition = Fact | Compare | Among | Holds | Every | Some | Negation
#: What is asked of facts; the rest joins.
Atom = Fact | Compare | Among | Holds


def atoms(condition: Condition) -> Iterator[Atom]:
    """Yield the conditions that are not made of others, in order, repeated as they are.

    Examples
    --------
    >>> on = Fact("officer.on_shift", "truth")
    >>> [one.name for one in atoms(Every((on, Negation(on))))]
    ['officer.on_shift', 'officer.on_shift']
    """
    if isinstance(condition, (Every, Some)):
        for part in condition.parts:
            yield from atoms(part)
    elif isinstance(condition, Negation):
        yield from atoms(condition.part)
    else:
        yield condition


def facts_of(condition: Condition) -> Iterator[Fact]:
    """Yield the facts of a condition, repeated as they are."""
    for atom in atoms(condition):
        if isinstance(atom, Fact):
            yield atom
        elif isinstance(atom, Compare):
            yield atom.left
            if isinstance(atom.right, Fact):
                yield atom.right
        elif isinstance(atom, Among):
            yield atom.item
        else:
            yield from (atom.texts, atom.item)
