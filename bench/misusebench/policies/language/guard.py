"""What a request must carry before any engine is asked: every fact of the policy, of its kind.

Most engines permit when the fact is missing on which a rule would deny, so no shipped adapter asks
its engine about a request that is not whole.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

from misusebench.policies.language.quick import checker
from misusebench.policies.language.vocabulary import (
    FACT_KINDS,
    KIND_WORDS,
    MOST,
    TYPES,
    UNSAYABLE,
    parts_of,
    sayable,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from misusebench.component import Request
    from misusebench.policies.language.policyfile import Policyfile
    from misusebench.policies.language.syntax import Kind

Parts = dict[str, dict[str, Any]]


class Needs(NamedTuple):
    """Facts that requests must have, where there is no policy as data."""

    kinds: Mapping[str, Kind]
    defaults: Mapping[str, Any]


class _Wanted(NamedTuple):
    name: str
    place: str
    short: str
    kind: type
    word: str


class Guard:
    """Checks requests against the facts of one policy."""

    def __init__(self, policy: Policyfile | Needs) -> None:
        self._wanted = [
            _Wanted(name, *_split(name), TYPES[kind], KIND_WORDS[kind])
            for name, kind in policy.kinds.items()
        ]
        self._defaults = [(*_split(name), value) for name, value in policy.defaults.items()]
        self._quick = checker(policy, MOST)
        self.names = frozenset(policy.kinds)

    def whole(self, request: Request) -> tuple[Parts, tuple[str, ...]]:
        """Return the facts by place, and what is wrong with them; then nothing may be asked."""
        parts = parts_of(request)
        for place, short, value in self._defaults:
            parts[place].setdefault(short, value)
        if self._quick(request):
            return parts, ()
        wrong = [
            f"missing fact {name}" if short not in parts[place]
            else f"fact {name} must be {word}, got {parts[place][short]!r:.40}"
            for name, place, short, kind, word in self._wanted
            if type(parts[place].get(short)) is not kind
        ]  # fmt: skip
        return parts, tuple(wrong or self._unsayable(parts))

    def _unsayable(self, parts: Parts) -> list[str]:
        """Return what is of the right kind, yet not what every engine can hold."""
        told = ((one.name, unsayable(parts[one.place][one.short])) for one in self._wanted)
        return [f"fact {name} {why}" for name, why in told if why]


class TextGuard(Guard):
    """Checks requests for a policy in an engine's own language.

    Parameters
    ----------
    text
        The policy. A fact that it names by its short name is wanted too: languages with records
        have many ways to come to one. So a text that only seems to name a fact wants it.
    """

    def __init__(self, text: str) -> None:
        super().__init__(Needs(named_in(text), {}))

    def whole(self, request: Request) -> tuple[Parts, tuple[str, ...]]:
        """Return the facts by place, and what is wrong with them; then nothing may be asked."""
        parts, wrong = super().whole(request)
        if wrong:
            return parts, wrong
        # the engine gets all facts, and an own text may read those that we have no name for
        odd = [f"fact {place}.{short} {UNSAYABLE}" for place, facts in parts.items()
               for short, value in facts.items()
               if not all(map(sayable, _texts([short, value])))]  # fmt: skip
        return parts, tuple(odd)


def named_in(text: str) -> dict[str, Kind]:
    """Return the facts that a text names, by their short names or whole, with their kinds.

    Examples
    --------
    >>> list(named_in("permit MAY: officer.role in roles && !context['warrant']"))
    ['officer.role', 'context.warrant']
    """
    words = set(re.findall(r"\w+", text))
    return {name: kind for name, kind in FACT_KINDS.items() if _split(name)[1] in words}


def unsayable(value: Any) -> str:
    """Return why not every engine can hold a value of the right kind, "" if they can."""
    if type(value) is int and not -MOST < value < MOST:
        return "is beyond 2^53"
    if type(value) is list and not all(type(one) is str for one in value):
        return "must be a list of texts"
    return "" if all(map(sayable, _texts(value))) else UNSAYABLE


def _texts(value: Any) -> Iterator[str]:
    """Yield the texts in a value, however deep."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        yield from _texts([*value, *value.values()])
    elif isinstance(value, (list, tuple)):
        for one in value:
            yield from _texts(one)


def _split(name: str) -> tuple[str, str]:
    place, _, short = name.partition(".")
    return place, short
