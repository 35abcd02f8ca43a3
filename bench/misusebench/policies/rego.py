"""Rego, the language of Open Policy Agent, through regorus (extra `rego`)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from misusebench.policies.engine import Engine, told, version_of
from misusebench.policies.language.dialect import dotted, quoted
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
    from collections.abc import Collection, Sequence

    from misusebench.policies.language.guard import Parts
    from misusebench.policies.language.policyfile import Policyfile
    from misusebench.policies.language.syntax import Atom, Condition

#: What is asked: what is undefined in the policy permits nothing and denies nothing.
_ASKED: Final = """\
package bench
default permit := false
permit := data.police.permit
answer := {"permit": permit, "deny": {id | some id in data.police.deny}}
"""


class _Writer:
    """Writes conditions as bodies of rules; what is joined with `or` becomes a rule of its own."""

    def __init__(self) -> None:
        self.parts: list[str] = []
        self._names: dict[Condition, str] = {}

    def body(self, one: Condition) -> list[str]:
        """Return the expressions that all must hold."""
        if isinstance(one, Every):
            return [line for part in one.parts for line in self.body(part)]
        if isinstance(one, Some):
            return [self._named(one)]
        if isinstance(one, Negation):
            inner = one.part
            return [f"not {self._named(inner) if _joins(inner) else _atom(inner)}"]
        return [_atom(one)]

    def _named(self, one: Condition) -> str:
        """Return the name of a rule that holds where the condition does."""
        if one not in self._names:
            self._names[one] = f"part_{len(self._names) + 1}"
            for part in one.parts if isinstance(one, Some) else (one,):
                self.parts.append(f"{self._names[one]} if {{ {'; '.join(self.body(part))} }}")
        return self._names[one]


def _joins(one: Condition) -> bool:
    return isinstance(one, (Every, Some, Negation))


def _atom(one: Condition) -> str:
    assert isinstance(one, (Fact, Compare, Among, Holds))
    return _said(one)


def _said(one: Atom) -> str:
    if isinstance(one, Compare):
        right = _name(one.right) if isinstance(one.right, Fact) else quoted(one.right)
        return f"{_name(one.left)} {one.op} {right}"
    if isinstance(one, Among):
        return f"{_name(one.item)} in {{{', '.join(map(quoted, one.options))}}}"
    return f"{_name(one.item)} in {_name(one.texts)}" if isinstance(one, Holds) else _name(one)


def _name(fact: Fact) -> str:
    return dotted(f"input.{fact.place}", fact.short)


def rego_text(policy: Policyfile) -> str:
    """Return a Rego package `police` with `permit` and the set `deny` of the ids that deny."""
    writer = _Writer()
    first, *rest = policy.rules
    lines = [
        f"permit if {{ {'; '.join(writer.body(policy.permit))} }}",
        f'deny contains "{first.id}" if {{ not permit }}',
        *(
            f'deny contains "{rule.id}" if {{ {"; ".join(writer.body(rule.when))} }}'
            for rule in rest
        ),
    ]
    return "\n".join(["package police\n", "default permit := false", *writer.parts, *lines]) + "\n"


class Rego(Engine):
    """Rego policies in regorus, parsed once; texts need package `police`, `permit` and `deny`."""

    name = "rego"

    def __init__(self, *, guard: bool = True) -> None:
        super().__init__(guard=guard)
        self.version = version_of("gordon-to-regorus", "rego")
        self._engine: Any = None

    def close(self) -> None:
        """Forget the policy."""
        super().close()
        self._engine = None

    def _compile(self, policy: Policyfile) -> None:
        self._take(rego_text(policy))

    def _take(self, text: str) -> None:
        import regorus  # noqa: PLC0415 - extra `rego`

        self._engine = regorus.Engine()
        lines = text.split("\n")  # texts may hold U+2028, which ends no line of Rego
        self._engine.set_policy_length_config(
            max_col=max([1024, *map(len, lines)]) + 1,
            max_file_bytes=2 * len(text.encode()) + 1024,
            max_lines=len(lines) + 1024,
        )
        self._engine.add_policy("police.rego", text)
        self._engine.add_policy("bench.rego", _ASKED)

    def _fired(self, parts: Parts) -> tuple[Collection[str], Sequence[str]]:
        try:
            self._engine.set_input(self._needed(parts))
            answer = self._engine.eval_rule("data.bench.answer")
        except (RuntimeError, TypeError, ValueError) as error:
            return (), told([error])
        if not isinstance(answer, dict):
            return (), ("the policy came to nothing",)
        fired = sorted(answer["deny"])
        if not fired and answer["permit"] is not True:
            return self._order[:1] or ("DEFAULT",), ()
        return fired, ()
