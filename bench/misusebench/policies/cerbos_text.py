"""A policy as data in Cerbos's form: a resource policy in JSON, its conditions in CEL.

Cerbos's conditions see the officer (principal) and the resource. The facts of the context and the
action are read from the resource's attributes `context` and `action`, where the AuthZEN adapter
puts them with `context_in_resource`.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from misusebench.errors import SuiteError
from misusebench.policies.language.dialect import Dialect, joined
from misusebench.policies.language.syntax import Compare, Fact

if TYPE_CHECKING:
    from misusebench.policies.language.policyfile import Policyfile
    from misusebench.policies.language.syntax import Among, Condition

_PLACES: Final = {
    "officer": "request.principal.attr", "database": "request.resource.attr",
    "context": "request.resource.attr.context", "action": "request.resource.attr.action",
}  # fmt: skip
_IDS: Final = {"officer.id": "request.principal.id", "query.id": "request.resource.id"}
_TYPES: Final = {"text": "string", "number": "double", "truth": "bool", "texts": "list"}


def cerbos_text(policy: Policyfile, resource: str = "query", *, guard: bool = True) -> str:
    """Return the policy as the content of a file ``NAME.json`` in Cerbos's policy folder.

    A rule that challenges becomes one that denies: Cerbos knows no third outcome.

    Parameters
    ----------
    policy
        The policy.
    resource
        Kind of resource that it is for: `resource.type` of the requests.
    guard
        Allow only where every fact is there and of its kind. Without it a rule whose fact is
        missing fails to be evaluated and is passed over: Cerbos then permits.
    """
    writer = _Writer(policy)
    allow = writer.condition(policy.permit)
    if guard:
        allow = " && ".join([*writer.guards(), f"({allow})"])
    rules = [_rule(policy.order[0], "EFFECT_ALLOW", allow)]
    rules += [
        _rule(rule.id, "EFFECT_DENY", writer.condition(rule.when)) for rule in policy.rules[1:]
    ]
    return json.dumps({
        "apiVersion": "api.cerbos.dev/v1",
        "resourcePolicy": {"version": "default", "resource": resource, "rules": rules},
    }, ensure_ascii=False, indent=1)  # fmt: skip


def _rule(name: str, effect: str, condition: str) -> dict[str, object]:
    return {"name": name, "actions": ["*"], "roles": ["*"], "effect": effect,
            "condition": {"match": {"expr": condition}}}  # fmt: skip


class _Writer:
    """Writes conditions in CEL."""

    def __init__(self, policy: Policyfile) -> None:
        self._policy = policy

    def guards(self) -> list[str]:
        """Return for each fact that it is there and of its kind."""
        found = []
        for name, kind in self._policy.kinds.items():
            if name in _IDS:
                continue
            path = _path(name)
            lacking = f"!has({path}) || " if name in self._policy.defaults else f"has({path}) && "
            found.append(f"({lacking}type({path}) == {_TYPES[kind]})")
        return found

    def condition(self, one: Condition) -> str:
        """Return a condition as CEL says it."""
        return Dialect[str](
            every=joined("&&"), some=joined("||"), negation=lambda part: f"!({part})",
            truth=self._fact, compare=self._compared, among=self._among,
            holds=lambda it: f"{self._fact(it.item)} in {self._fact(it.texts)}",
        ).said(one)  # fmt: skip

    def _compared(self, one: Compare) -> str:
        right = self._fact(one.right) if isinstance(one.right, Fact) else _constant(one.right)
        return f"{self._fact(one.left)} {one.op} {right}"

    def _among(self, one: Among) -> str:
        options = ", ".join(_constant(option) for option in one.options)
        return f"{self._fact(one.item)} in [{options}]"

    def _fact(self, one: Fact) -> str:
        path = _path(one.name)
        if one.name not in self._policy.defaults:
            return path
        return f"(has({path}) ? {path} : {_default(self._policy.defaults[one.name])})"


def _path(name: str) -> str:
    place, _, short = name.partition(".")
    if name in _IDS:
        return _IDS[name]
    if place not in _PLACES:
        raise SuiteError(
            f"{name}: of the query itself Cerbos is told its id only; name it context.*"
        )
    return f"{_PLACES[place]}.{short}"


def _default(value: object) -> str:
    if isinstance(value, list):
        return "[" + ", ".join(_constant(one) for one in value) + "]"
    return str(value).lower() if isinstance(value, bool) else _constant(value)


def _constant(value: object) -> str:
    """Return a text or a whole number; JSON's escapes are CEL's, as long as letters stay."""
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else f"{value}.0"
