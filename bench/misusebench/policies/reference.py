"""The reference: a policy's rules as one Python function. All engines are held against it."""

from __future__ import annotations

from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from misusebench.policies.engine import Engine, told
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
    from collections.abc import Callable, Collection, Sequence

    from misusebench.policies.language.guard import Parts
    from misusebench.policies.language.policyfile import Policyfile
    from misusebench.policies.language.syntax import Atom, Condition


def python_text(policy: Policyfile) -> str:
    """Return a function that takes the facts by place and returns the ids of rules that hold."""
    lines = [
        "def fired(officer, action, database, query, context):",
        "    found = []",
        *(
            f"    if {_condition(rule.when)}:\n        found.append({rule.id!r})"
            for rule in policy.rules
        ),
        "    return found",
    ]
    return "\n".join(lines) + "\n"


def _condition(one: Condition) -> str:
    if isinstance(one, Negation):
        if isinstance(one.part, Fact):
            return f"{_fact(one.part)} is False"  # a fact of another kind is no denial of it
        return f"not ({_condition(one.part)})"
    if isinstance(one, (Every, Some)):
        joined = " and " if isinstance(one, Every) else " or "
        return "(" + joined.join(_condition(part) for part in one.parts) + ")"
    return _atom(one)


def _atom(one: Atom) -> str:
    if isinstance(one, Compare):
        right = _fact(one.right) if isinstance(one.right, Fact) else repr(one.right)
        return f"{_fact(one.left)} {one.op} {right}"
    if isinstance(one, Among):
        return f"{_fact(one.item)} in {one.options!r}"
    if isinstance(one, Holds):
        return f"{_fact(one.item)} in {_fact(one.texts)}"
    return f"{_fact(one)} is True"


def _fact(one: Fact) -> str:
    return f"{one.place}[{one.short!r}]"


class Reference(Engine):
    """The policy compiled to Python; every reason is told."""

    name = "reference"

    def __init__(self, *, guard: bool = True) -> None:
        super().__init__(guard=guard)
        self.version = version("misusebench")
        self._function: Callable[..., list[str]] | None = None

    def _compile(self, policy: Policyfile) -> None:
        space: dict[str, Any] = {}
        # The text is made of our own syntax tree alone: facts, constants by repr(), operators.
        exec(compile(python_text(policy), f"<{policy.name}>", "exec"), space)  # noqa: S102
        self._function = space["fired"]

    def _fired(self, parts: Parts) -> tuple[Collection[str], Sequence[str]]:
        assert self._function is not None
        try:
            return self._function(**parts), ()
        except (KeyError, TypeError) as error:
            return (), told([error])
