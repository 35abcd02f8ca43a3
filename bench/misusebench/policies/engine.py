"""What all adapters of policy engines share: the policy's text, the guard, what reasons come to.

An adapter turns a policy into its engine's own text once, in `load`; then it is asked for the ids
of the rules that hold. What comes of them is the same for all: an error denies, then a rule that
denies, then one that challenges.
"""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any, Final

from misusebench.component import Decision
from misusebench.errors import SuiteError
from misusebench.policies.language import Guard, Policyfile, read_policy
from misusebench.policies.language.guard import TextGuard
from misusebench.policies.language.vocabulary import PLACES, parts_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from misusebench.component import Request
    from misusebench.policies.language.guard import Parts

#: What adapters decide by when they are given nothing else.
USUAL: Final = "eleven_rules"
PERMIT: Final = Decision("permit")


class Engine:
    """An adapter; each engine has its own `_compile` and `_fired`.

    Parameters
    ----------
    guard
        Whether a request that lacks a fact, or has one of another kind, is refused before the
        engine sees it. Without it the engine's own ways show: most permit. A policy in the engine's
        own language wants every fact that its text names.
    """

    name = ""
    version = ""
    tells_reasons = True  # whether a deny names all the rules that deny

    def __init__(self, *, guard: bool = True) -> None:
        self._guarded = guard
        self._policy: Policyfile | None = None
        self._guard: Guard | None = None
        self._order: tuple[str, ...] = ()
        self._rank: dict[str, int] = {}
        self._challenges: frozenset[str] = frozenset()
        self._named: list[tuple[str, str]] = []  # place and name of the policy's facts

    def load(self, policy: Any, facts: Any) -> None:
        """Parse the policy: None for the eleven rules, a table with `name` and `text` for TOML, or
        a text in the engine's own language.
        """  # noqa: D205 - one sentence
        del facts
        if isinstance(policy, str):
            self._policy, self._guard, self._order = None, TextGuard(policy), ()
            self._rank, self._challenges = {}, frozenset()
            self._take(policy)
            return
        given: dict[str, Any] = {"name": USUAL, "text": None} if policy is None else policy
        self._policy = read_policy(given["name"], given["text"])
        self._guard, self._order = Guard(self._policy), self._policy.order
        self._rank = {rule: nth for nth, rule in enumerate(self._order)}
        self._challenges = self._policy.challenges
        names = (name.partition(".") for name in self._policy.kinds)
        self._named = [(place, short) for place, _, short in names]
        self._compile(self._policy)

    def decide(self, request: Request) -> Decision:
        """Return the engine's decision; an error makes it a deny."""
        if self._guard is None or not self._guarded:
            return self._answer(self._parts(request))
        parts, wrong = self._guard.whole(request)
        if wrong:
            return Decision("deny", (), wrong)
        return self._answer(parts)

    def decide_batch(self, requests: Sequence[Request]) -> list[Decision]:
        """Return one decision per request, in order."""
        return [self.decide(request) for request in requests]

    def close(self) -> None:
        """Forget the policy."""
        self._policy = self._guard = None

    def _parts(self, request: Request) -> Parts:
        parts = parts_of(request)
        for name, value in (self._policy.defaults if self._policy else {}).items():
            place, _, short = name.partition(".")
            parts[place].setdefault(short, value)
        return parts

    def _needed(self, parts: Parts) -> Parts:
        """Return the facts that the policy names, for engines that take whatever they are given."""
        if self._policy is None:
            return parts
        found: Parts = {place: {} for place in PLACES}
        for place, short in self._named:
            if short in parts[place]:
                found[place][short] = parts[place][short]
        return found

    def _answer(self, parts: Parts) -> Decision:
        """Return the decision on facts that the guard let through."""
        return self._composed(*self._fired(parts))

    def _composed(self, fired: Collection[str], errors: Sequence[str]) -> Decision:
        """Return what comes of the rules that hold and of errors."""
        if not fired and not errors:
            return PERMIT
        told = self._in_order(fired) if self._order else tuple(fired)
        if errors:
            return Decision("deny", told, tuple(errors))
        mild = bool(told) and self._challenges.issuperset(told)
        return Decision("challenge" if mild else "deny", told)

    def _in_order(self, fired: Collection[str]) -> tuple[str, ...]:
        """Return ids in the policy's order, each once, others left out."""
        if len(fired) == 1 and next(iter(fired)) in self._rank:
            return tuple(fired)
        return tuple(sorted(self._rank.keys() & fired, key=self._rank.__getitem__))

    def _compile(self, policy: Policyfile) -> None:
        """Turn the policy into the engine's own text, and have it parsed."""
        raise NotImplementedError

    def _take(self, text: str) -> None:
        """Parse a policy that was written in the engine's own language."""
        raise ValueError(
            f"{self.name} takes policies as TOML only, not in a text of its own: {text[:40]!r}"
        )

    def _fired(self, parts: Parts) -> tuple[Collection[str], Sequence[str]]:
        """Return the ids of the rules that hold, in any order, and the engine's errors."""
        raise NotImplementedError


def is_usual(policy: Any) -> bool:
    """Return whether what `load` gets is the eleven rules: None, their name, or their own text."""
    if policy is None:
        return True
    if not isinstance(policy, dict):
        return False
    text = policy.get("text")
    return policy.get("name") == USUAL if text is None else bool(text == read_policy(USUAL).text)


def told(errors: Iterable[object]) -> tuple[str, ...]:
    """Return errors of an engine as short texts."""
    return tuple(
        f"{type(e).__name__}: {shortened(e)}"[:300] if isinstance(e, Exception) else str(e)[:300]
        for e in errors
    )


def version_of(package: str, extra: str) -> str:
    """Return the version of an engine's package.

    Raises
    ------
    SuiteError
        If it is not installed.
    """
    try:
        return version(package)
    except PackageNotFoundError as error:
        raise SuiteError(
            f"the policy engine {extra} needs the package {package}, which is not installed; "
            f"install the extra: pip install 'misusebench[{extra}]'"
        ) from error


def shortened(error: Exception) -> str:
    """Return the first lines of what an engine says, without its own stack."""
    return str(error).partition("Stack backtrace")[0].strip()[:300]
