"""JSONLogic, through datalogic (extra `jsonlogic`).

A policy is an object ``{"permit": {ID: logic}, "deny": {ID: logic, ...}}``.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from misusebench.policies.engine import Engine, told, version_of
from misusebench.policies.language.dialect import Dialect
from misusebench.policies.language.syntax import Compare, Fact

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from misusebench.policies.language.guard import Parts
    from misusebench.policies.language.policyfile import Policyfile

_EQUAL: Final = {"==": "===", "!=": "!=="}


def _variable(fact: Fact) -> Any:
    return {"var": fact.name}


def _compared(one: Compare) -> Any:
    right = _variable(one.right) if isinstance(one.right, Fact) else one.right
    return {_EQUAL.get(one.op, one.op): [_variable(one.left), right]}


_LOGIC: Final = Dialect[Any](
    every=lambda parts: {"and": parts}, some=lambda parts: {"or": parts},
    negation=lambda part: {"!": [part]}, truth=_variable, compare=_compared,
    among=lambda one: {"in": [_variable(one.item), list(one.options)]},
    holds=lambda one: {"in": [_variable(one.item), _variable(one.texts)]},
)  # fmt: skip


def jsonlogic_text(policy: Policyfile) -> str:
    """Return a JSON object with the logic of what permits and of each rule that takes back."""
    first, *rest = policy.rules
    found = {
        "permit": {first.id: _LOGIC.said(policy.permit)},
        "deny": {rule.id: _LOGIC.said(rule.when) for rule in rest},
    }
    return json.dumps(found, indent=1)


class Jsonlogic(Engine):
    """JSONLogic, all rules compiled once as one list of truths."""

    name = "jsonlogic"

    def __init__(self, *, guard: bool = True) -> None:
        super().__init__(guard=guard)
        self.version = version_of("datalogic-py", "jsonlogic")
        self._ids: list[str] = []
        self._rules: Any = None

    def close(self) -> None:
        """Forget the policy."""
        super().close()
        self._rules = None

    def _compile(self, policy: Policyfile) -> None:
        self._take(jsonlogic_text(policy))

    def _take(self, text: str) -> None:
        import datalogic_py  # noqa: PLC0415 - extra `jsonlogic`

        given = json.loads(text)
        if not isinstance(given, dict) or set(given) != {"permit", "deny"}:
            raise ValueError('a JSONLogic policy is {"permit": {ID: logic}, "deny": {ID: logic}}')
        if len(given["permit"]) != 1:
            raise ValueError(f"a JSONLogic policy permits once, found {len(given['permit'])}")
        self._ids = [*given["permit"], *given["deny"]]
        logic = [*given["permit"].values(), *given["deny"].values()]
        # JSONLogic's `and` and `or` return one of their parts; `!!` makes that true or false
        self._rules = datalogic_py.Engine().compile_checked([{"!!": [one]} for one in logic])

    def _fired(self, parts: Parts) -> tuple[Collection[str], Sequence[str]]:
        try:
            permit, *denies = self._rules.evaluate(self._needed(parts))
        except Exception as error:  # noqa: BLE001 - the engine's own have no class of Python's
            return (), told([error])
        first, *rest = self._ids
        fired = [] if permit is True else [first]
        return fired + [rule for rule, bad in zip(rest, denies, strict=True) if bad is True], ()
