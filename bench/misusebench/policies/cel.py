"""CEL, the Common Expression Language, through Google's C++ engine (extra `cel`).

CEL has expressions only, so a policy is one a line: ``permit ID: expression`` and
``deny ID: expression``; ``//`` begins a remark.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from misusebench.policies.engine import Engine, told, version_of
from misusebench.policies.language.dialect import Dialect, dotted, joined, quoted
from misusebench.policies.language.syntax import Compare, Fact
from misusebench.policies.language.vocabulary import PLACES

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from misusebench.policies.language.guard import Parts
    from misusebench.policies.language.policyfile import Policyfile

#: Letters of a list of all rules; CEL takes no expression of more than 100,000.
_TOGETHER: Final = 50_000
_LINE: Final = re.compile(r"(permit|deny)\s+(\w+)\s*:\s*(.+)")


def _name(fact: Fact) -> str:
    return dotted(fact.place, fact.short)


def _compared(one: Compare) -> str:
    right = _name(one.right) if isinstance(one.right, Fact) else quoted(one.right)
    return f"{_name(one.left)} {one.op} {right}"


_CEL: Final = Dialect[str](
    every=joined("&&"), some=joined("||"), negation=lambda part: f"!({part})", truth=_name,
    compare=_compared,
    among=lambda one: f"{_name(one.item)} in [{', '.join(map(quoted, one.options))}]",
    holds=lambda one: f"{_name(one.item)} in {_name(one.texts)}",
)  # fmt: skip


def cel_text(policy: Policyfile) -> str:
    """Return one expression for what permits and one for each rule that takes back."""
    first, *rest = policy.rules
    lines = [f"permit {first.id}: {_CEL.said(policy.permit)}"]
    return "\n".join([*lines, *(f"deny {r.id}: {_CEL.said(r.when)}" for r in rest)]) + "\n"


class Cel(Engine):
    """CEL expressions, compiled once: all as one list, and each by itself for when one fails.

    Parameters
    ----------
    guard
        As for every engine.
    truthy
        Reads all rules as one expression by Python's truth, as is easily done. An error is a value
        in CEL and a text in Python, so it would permit: only with `guard=False`, to show that.
    """

    name = "cel"

    def __init__(self, *, guard: bool = True, truthy: bool = False) -> None:
        super().__init__(guard=guard)
        self.version = version_of("cel-expr-python", "cel")
        if truthy and guard:
            raise ValueError("truthy=True shows what goes wrong: give guard=False with it")
        self._truthy = truthy
        self._space: Any = None
        self._permit: tuple[str, Any] = ("", None)
        self._denies: list[tuple[str, Any]] = []
        self._whole: Any = None
        self._together: Any = None  # all rules as one list

    def close(self) -> None:
        """Forget the policy."""
        super().close()
        self._space = self._whole = self._together = None
        self._permit, self._denies = ("", None), []

    def _compile(self, policy: Policyfile) -> None:
        self._take(cel_text(policy))

    def _take(self, text: str) -> None:
        from cel_expr_python import cel  # noqa: PLC0415 - extra `cel`

        facts = cel.Type.Map(cel.Type.STRING, cel.Type.DYN)
        self._space = cel.NewEnv(variables=dict.fromkeys(PLACES, facts))
        permits, denies = _lines(text)
        if len(permits) != 1:
            raise ValueError(f"a CEL policy has one line `permit ID: ...`, found {len(permits)}")
        self._permit = (permits[0][0], self._space.compile(permits[0][1]))
        self._denies = [(rule, self._space.compile(one)) for rule, one in denies]
        together = f"[{', '.join(f'({one})' for _, one in [*permits, *denies])}]"
        small = len(together) <= _TOGETHER
        self._together = self._space.compile(together) if small else None
        if self._truthy:
            bad = " || ".join(f"({one})" for _, one in denies) or "false"
            self._whole = self._space.compile(f"({permits[0][1]}) && !({bad})")

    def _fired(self, parts: Parts) -> tuple[Collection[str], Sequence[str]]:
        try:
            asked = self._space.Activation(self._needed(parts))
            if self._truthy:
                return (() if self._whole.eval(asked).value() else self._permit[:1]), ()
            return self._at_once(asked) or self._all(asked)
        except (RuntimeError, TypeError, ValueError) as error:
            return (), told([error])

    def _at_once(self, asked: Any) -> tuple[Collection[str], Sequence[str]] | None:
        """Return what denies, asked in one go; None if that came to anything but truths."""
        if self._together is None:
            return None
        values = self._together.eval(asked).plain_value()
        if not (isinstance(values, list) and all(isinstance(one, bool) for one in values)):
            return None  # an error in one of them is an error of the list
        first, *rest = values
        fired = [rule for (rule, _), bad in zip(self._denies, rest, strict=True) if bad]
        return fired if first else [self._permit[0], *fired], ()

    def _all(self, asked: Any) -> tuple[Collection[str], Sequence[str]]:
        """Return what denies; an answer counts only if it is True or False itself."""
        rule, permit = self._permit
        value = permit.eval(asked).value()
        fired = [] if value is True else [rule]
        errors = [] if isinstance(value, bool) else [f"{rule}: {value}"]
        for deny, expression in self._denies:
            value = expression.eval(asked).value()
            if value is True:
                fired.append(deny)
            elif value is not False:
                errors.append(f"{deny}: {value}")
        return fired, told(errors)


def _lines(text: str) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """Return ids and expressions of what permits and of what denies."""
    found: dict[str, list[tuple[str, str]]] = {"permit": [], "deny": []}
    for nth, line in enumerate(text.split("\n"), 1):  # texts may hold U+2028
        if not line.strip() or line.lstrip().startswith("//"):
            continue
        parts = _LINE.fullmatch(line.strip())
        if parts is None:
            raise ValueError(f"line {nth} must be `permit ID: ...` or `deny ID: ...`: {line:.60}")
        found[parts[1]].append((parts[2], parts[3]))
    return found["permit"], found["deny"]
