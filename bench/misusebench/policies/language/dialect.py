"""How an engine's text says the parts of a condition; the rest is the same for all of them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Generic, TypeVar

from misusebench.policies.language.syntax import (
    Among,
    Compare,
    Every,
    Fact,
    Holds,
    Negation,
    Some,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from misusebench.policies.language.syntax import Condition

Said = TypeVar("Said")
#: Words that some engine does not take behind a dot.
_RESERVED: Final = frozenset((
    "break", "const", "contains", "continue", "default", "else", "every", "false", "for",
    "function", "has", "if", "import", "in", "is", "let", "like", "loop", "namespace", "null",
    "package", "return", "some", "then", "true", "var", "void", "while", "with",
))  # fmt: skip


@dataclass
class Dialect(Generic[Said]):
    """What each part of a condition becomes, a text or a tree."""

    every: Callable[[list[Said]], Said]
    some: Callable[[list[Said]], Said]
    negation: Callable[[Said], Said]
    truth: Callable[[Fact], Said]
    compare: Callable[[Compare], Said]
    among: Callable[[Among], Said]
    holds: Callable[[Holds], Said]

    def said(self, one: Condition) -> Said:
        """Return a whole condition."""
        if isinstance(one, Every):
            return self.every([self.said(part) for part in one.parts])
        if isinstance(one, Some):
            return self.some([self.said(part) for part in one.parts])
        if isinstance(one, Negation):
            return self.negation(self.said(one.part))
        if isinstance(one, Compare):
            return self.compare(one)
        if isinstance(one, Among):
            return self.among(one)
        return self.holds(one) if isinstance(one, Holds) else self.truth(one)


def joined(word: str) -> Callable[[list[str]], str]:
    """Return what joins texts with a word, in brackets.

    Examples
    --------
    >>> joined("&&")(["a", "b"])
    '(a && b)'
    """
    return lambda parts: "(" + f" {word} ".join(parts) + ")"


def quoted(value: str | int) -> str:
    r"""Return a constant as most languages write it: numbers plain, texts in double quotes.

    Examples
    --------
    >>> quoted('a "b"'), quoted(-3)
    ('"a \\"b\\""', '-3')
    """
    return json.dumps(value, ensure_ascii=False)


def dotted(record: str, short: str) -> str:
    """Return a record's entry, behind a dot unless an engine reserves its name.

    Examples
    --------
    >>> dotted("officer", "role"), dotted("context", "default")
    ('officer.role', 'context["default"]')
    """
    return f'{record}["{short}"]' if short in _RESERVED else f"{record}.{short}"
