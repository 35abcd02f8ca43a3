"""A policy's facts read and checked by one Python function, made for that policy.

What it lets through, :class:`misusebench.policies.language.guard.Guard` would let through as well,
and it says nothing of the rest: then the guard is asked, which names what is wrong. A request of
parts that are no plain dictionaries, or with properties of its action, is left to the guard too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from misusebench.policies.language.vocabulary import TYPES, sayable

if TYPE_CHECKING:
    from collections.abc import Callable

    from misusebench.component import Request
    from misusebench.policies.language.guard import Needs
    from misusebench.policies.language.policyfile import Policyfile

#: Parts of a request that hold facts by name.
_HELD: Final = ("officer", "database", "context")


def named(policy: Policyfile | Needs) -> dict[str, str]:
    """Return the name that each fact of a policy has inside a function, by fact."""
    return {fact: f"f{nth}" for nth, fact in enumerate(policy.kinds)}


def reading(policy: Policyfile | Needs, most: int) -> list[str]:
    """Return lines of a function of `request`: facts by :func:`named`, or None is returned.

    Numbers must be less than `most`, and more than that below zero.
    """
    name = named(policy)
    used = [place for place in _HELD if any(f.startswith(f"{place}.") for f in name)]
    lines = [f"{place} = request.{place}" for place in used]
    plain = [f"type({place}) is not dict" for place in used]
    if any(fact.startswith("action.") for fact in name):
        plain.append("request.action_properties")
    if plain:
        lines.append(f"if {' or '.join(plain)}: return None")
    lines.append("try:")
    lines += [f"    {name[fact]} = {_read(fact, policy)}" for fact in name]
    lines += ["    pass", "except KeyError:", "    return None"]
    lines += [
        f"if {test}: return None"
        for fact, kind in policy.kinds.items()
        for test in [f"type({name[fact]}) is not {TYPES[kind].__name__}"
                     + (f" or not -{most} < {name[fact]} < {most}" if kind == "number" else "")]
    ]  # fmt: skip
    for fact, kind in policy.kinds.items():
        if kind == "texts":
            lines += [f"for one in {name[fact]}:", "    if type(one) is not str: return None"]
    texts = [f"{'*' * (kind == 'texts')}{name[fact]}"
             for fact, kind in policy.kinds.items() if kind in ("text", "texts")]  # fmt: skip
    if texts:  # all at once: a test each would cost more than reading them
        lines += [
            f"texts = ''.join(({', '.join(texts)},))",
            "if '\\0' in texts or not (texts.isascii() or sayable(texts)): return None",
        ]
    return lines


def _read(fact: str, policy: Policyfile | Needs) -> str:
    """Return the expression of a fact; a KeyError if the request lacks it."""
    place, _, short = fact.partition(".")
    if (place, short) == ("action", "name"):
        return "request.action"
    if (place, short) == ("query", "id"):
        return "request.query_id"
    if place not in _HELD:
        return repr(policy.defaults[fact]) if fact in policy.defaults else f"{{}}[{short!r}]"
    if (place, short) == ("officer", "id"):
        return f"officer.get({short!r}, request.officer_id)"
    if fact in policy.defaults:
        return f"{place}.get({short!r}, {policy.defaults[fact]!r})"
    return f"{place}[{short!r}]"


def made(text: str, name: str, **known: Any) -> Any:
    """Return the function `name` of a text; only for texts made of our own syntax tree."""
    space: dict[str, Any] = {"sayable": sayable, **known}
    exec(compile(text, f"<{name}>", "exec"), space)  # noqa: S102 - facts, constants by repr()
    return space[name]


def checker(policy: Policyfile | Needs, most: int) -> Callable[[Request], bool | None]:
    """Return a function that tells whether a request is whole; None: ask the guard."""
    lines = ["def whole(request):", *(f"    {line}" for line in reading(policy, most))]
    return made("\n".join([*lines, "    return True"]), "whole")  # type: ignore[no-any-return]
