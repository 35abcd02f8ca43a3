"""The reference: a policy's rules as one Python function. All engines are held against it."""

from __future__ import annotations

from importlib.metadata import version
from typing import TYPE_CHECKING, Final

from misusebench.policies.engine import PERMIT, Engine, told
from misusebench.policies.language.quick import made, named, reading
from misusebench.policies.language.syntax import (
    Among,
    Compare,
    Every,
    Fact,
    Holds,
    Negation,
    Some,
)
from misusebench.policies.language.vocabulary import MOST

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from misusebench.component import Decision, Request
    from misusebench.policies.language.guard import Parts
    from misusebench.policies.language.policyfile import Policyfile
    from misusebench.policies.language.syntax import Atom, Condition

#: Decisions that are kept by the rules that hold.
_KEPT: Final = 4_096


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


def quick_text(policy: Policyfile) -> str:
    """Return a function that takes a request, checks all its facts, and decides.

    It returns None for a request that is not whole, or that only the guard can tell to be whole.
    """
    names = named(policy)

    def fact(one: Fact) -> str:
        return names[one.name]

    lines = [
        "def decided(request):",
        *(f"    {line}" for line in reading(policy, MOST)),
        "    found = []",
        *(
            f"    if {_condition(rule.when, fact)}:\n        found.append({rule.id!r})"
            for rule in policy.rules
        ),
        "    return composed(found) if found else PERMIT",
    ]
    return "\n".join(lines) + "\n"


def _fact(one: Fact) -> str:
    return f"{one.place}[{one.short!r}]"


def _condition(one: Condition, fact: Callable[[Fact], str] = _fact) -> str:
    if isinstance(one, Negation):
        if isinstance(one.part, Fact):
            return f"{fact(one.part)} is False"  # a fact of another kind is no denial of it
        return f"not ({_condition(one.part, fact)})"
    if isinstance(one, (Every, Some)):
        joined = " and " if isinstance(one, Every) else " or "
        return "(" + joined.join(_condition(part, fact) for part in one.parts) + ")"
    return _atom(one, fact)


def _atom(one: Atom, fact: Callable[[Fact], str]) -> str:
    if isinstance(one, Compare):
        right = fact(one.right) if isinstance(one.right, Fact) else repr(one.right)
        return f"{fact(one.left)} {one.op} {right}"
    if isinstance(one, Among):
        return f"{fact(one.item)} in {one.options!r}"
    if isinstance(one, Holds):
        return f"{fact(one.item)} in {fact(one.texts)}"
    return f"{fact(one)} is True"


def spoken(one: Atom) -> str:
    """Return a comparison as policy files write it."""
    if isinstance(one, Fact):
        return one.name
    return _atom(one, lambda fact: fact.name)


class Reference(Engine):
    """The policy compiled to Python; every reason is told."""

    name = "reference"

    def __init__(self, *, guard: bool = True) -> None:
        super().__init__(guard=guard)
        self.version = version("misusebench")
        self._function: Callable[..., list[str]] | None = None
        self._quick: Callable[[Request], Decision | None] = _nothing
        self._known: dict[tuple[str, ...], Decision] = {}

    def decide(self, request: Request) -> Decision:
        """Return the decision; of a request that is not whole, a deny that says why."""
        return self._quick(request) or super().decide(request)

    def decide_batch(self, requests: Sequence[Request]) -> list[Decision]:
        """Return one decision per request, in order."""
        quick, slow = self._quick, super().decide
        return [quick(request) or slow(request) for request in requests]

    def close(self) -> None:
        """Forget the policy."""
        super().close()
        self._quick, self._known = _nothing, {}

    def _compile(self, policy: Policyfile) -> None:
        self._function = made(python_text(policy), "fired")
        self._known = {}
        if self._guarded:
            self._quick = made(
                quick_text(policy), "decided", composed=self._remembered, PERMIT=PERMIT
            )

    def _remembered(self, fired: list[str]) -> Decision:
        """Return what comes of rules that hold; decisions do not change, so they are kept."""
        found = self._known.get(key := tuple(fired))
        if found is None:
            found = self._composed(fired, ())
            if len(self._known) < _KEPT:
                self._known[key] = found
        return found

    def _fired(self, parts: Parts) -> tuple[Collection[str], Sequence[str]]:
        assert self._function is not None
        try:
            return self._function(**parts), ()
        except (KeyError, TypeError) as error:
            return (), told([error])


def _nothing(_: Request) -> None:
    """Leave every request to the guard."""
