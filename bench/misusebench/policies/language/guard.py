"""What a request must carry before any engine is asked: every fact of the policy, of its kind.

Most engines permit when the fact is missing on which a rule would deny, so no shipped adapter asks
its engine about a request that is not whole.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from misusebench.policies.language.vocabulary import KIND_WORDS, TYPES, parts_of

if TYPE_CHECKING:
    from misusebench.component import Request
    from misusebench.policies.language.policyfile import Policyfile

Parts = dict[str, dict[str, Any]]
#: Numbers that every engine can hold.
MOST: Final = 2**53


class _Wanted(NamedTuple):
    name: str
    place: str
    short: str
    kind: type
    word: str


class Guard:
    """Checks requests against the facts of one policy."""

    def __init__(self, policy: Policyfile) -> None:
        self._wanted = [
            _Wanted(name, *_split(name), TYPES[kind], KIND_WORDS[kind])
            for name, kind in policy.kinds.items()
        ]
        self._defaults = [(*_split(name), value) for name, value in policy.defaults.items()]

    def whole(self, request: Request) -> tuple[Parts, tuple[str, ...]]:
        """Return the facts by place, and what is wrong with them; then nothing may be asked."""
        parts = parts_of(request)
        for place, short, value in self._defaults:
            parts[place].setdefault(short, value)
        wrong = [
            f"missing fact {name}" if short not in parts[place]
            else f"fact {name} must be {word}, got {parts[place][short]!r:.40}"
            for name, place, short, kind, word in self._wanted
            if type(parts[place].get(short)) is not kind
        ]  # fmt: skip
        return parts, tuple(wrong or self._unsayable(parts))

    def _unsayable(self, parts: Parts) -> list[str]:
        """Return what is of the right kind, yet not what every engine can hold."""
        found = []
        for name, place, short, kind, _ in self._wanted:
            value = parts[place][short]
            if kind is int and not -MOST < value < MOST:
                found.append(f"fact {name} is beyond 2^53")
            if kind is list and not all(type(one) is str for one in value):
                found.append(f"fact {name} must be a list of texts")
        return found


def _split(name: str) -> tuple[str, str]:
    place, _, short = name.partition(".")
    return place, short
