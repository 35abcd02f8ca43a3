"""Casbin, attribute-based with `eval`, through pycasbin (extra `casbin`).

A policy's text is a model and, below a line ``[policies]``, one line ``p, ID, condition, effect`` a
rule. Casbin says whether, not why: its denies name no rules.
"""

from __future__ import annotations

import logging
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Final

from misusebench.component import Decision
from misusebench.errors import SuiteError
from misusebench.policies.engine import PERMIT, Engine, told, version_of
from misusebench.policies.language.dialect import Dialect, joined
from misusebench.policies.language.syntax import Compare, Fact
from misusebench.policies.language.vocabulary import PLACES

if TYPE_CHECKING:
    from misusebench.policies.language.guard import Parts
    from misusebench.policies.language.policyfile import Policyfile

_MODEL: Final = """\
[request_definition]
r = officer, action, database, query, context

[policy_definition]
p = id, rule, eft

[policy_effect]
e = some(where (p.eft == allow)) && !some(where (p.eft == deny))

[matchers]
m = eval(p.rule)
"""
_POLICIES: Final = "[policies]"
#: Characters of constants that Casbin leaves alone; commas, dots and marks it would read itself.
_PLAIN: Final = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_- ")


def _name(fact: Fact) -> str:
    return f"r.{fact.name}"


def _constant(value: str | int) -> str:
    if isinstance(value, int):
        return str(value)
    return "'" + "".join(c if c in _PLAIN else f"\\U{ord(c):08x}" for c in value) + "'"


def _compared(one: Compare) -> str:
    right = _name(one.right) if isinstance(one.right, Fact) else _constant(one.right)
    return f"{_name(one.left)} {one.op} {right}"


_CASBIN: Final = Dialect[str](
    every=joined("&&"), some=joined("||"), negation=lambda part: f"!({part})",
    truth=lambda fact: f"{_name(fact)} == True", compare=_compared,
    among=lambda one: f"{_name(one.item)} in ({', '.join(map(_constant, one.options))},)",
    holds=lambda one: f"{_name(one.item)} in {_name(one.texts)}",
)  # fmt: skip


def casbin_text(policy: Policyfile) -> str:
    """Return a model and one policy a rule: the permit allows, the others deny."""
    first, *rest = policy.rules
    lines = [f"p, {first.id}, {_CASBIN.said(policy.permit)}, allow"]
    lines += [f"p, {rule.id}, {_CASBIN.said(rule.when)}, deny" for rule in rest]
    return "\n".join([_MODEL, _POLICIES, *lines]) + "\n"


class Casbin(Engine):
    """Casbin's enforcer, decisions only; it parses each rule again for each request."""

    name = "casbin"
    tells_reasons = False

    def __init__(self, *, guard: bool = True) -> None:
        super().__init__(guard=guard)
        self.version = version_of("pycasbin", "casbin")
        self._enforcer: Any = None

    def close(self) -> None:
        """Forget the policy."""
        super().close()
        self._enforcer = None

    def _compile(self, policy: Policyfile) -> None:
        if policy.challenges:
            raise SuiteError(
                f"{policy.name}: rule {min(policy.challenges)} challenges, and casbin names no "
                "rules, so it cannot tell a challenge from a deny; take another engine"
            )
        self._take(casbin_text(policy))

    def _take(self, text: str) -> None:
        import casbin  # noqa: PLC0415 - extra `casbin`

        model_text, found, lines = text.partition(_POLICIES)
        if not found:
            raise ValueError(f"a Casbin policy is a model, a line {_POLICIES} and lines `p, ...`")
        model = casbin.Enforcer.new_model(text=model_text)
        self._enforcer = casbin.Enforcer(model, casbin.StringAdapter(lines.strip()))
        # the enforcer would log each request and each policy
        for name in ("casbin", "casbin.policy", "casbin.enforcer", "casbin.role"):
            logging.getLogger(name).disabled = True

    def _answer(self, parts: Parts) -> Decision:
        facts = self._needed(parts)
        records = [SimpleNamespace(**_frozen(facts[place])) for place in PLACES]
        try:
            allowed = self._enforcer.enforce(*records)
        except Exception as error:  # noqa: BLE001 - whatever its evaluator raises is its answer
            return Decision("deny", (), told([error]))
        return PERMIT if allowed is True else Decision("deny")


def _frozen(record: dict[str, Any]) -> dict[str, Any]:
    """Return facts with tuples for lists: Casbin's evaluator searches in no lists."""
    return {k: tuple(v) if isinstance(v, list) else v for k, v in record.items()}
