"""Cedar, through cedarpy (extra `cedar`).

Facts travel in the context, as one record a place but for those of `context` itself, so that no
entities have to be loaded for a request: `context.officer.role`, `context.purpose`.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from misusebench.component import Decision
from misusebench.errors import SuiteError
from misusebench.policies.engine import Engine, shortened, version_of
from misusebench.policies.facts import FACTS
from misusebench.policies.language.dialect import Dialect, dotted, joined
from misusebench.policies.language.syntax import Compare, Fact
from misusebench.policies.language.telling import Telling
from misusebench.policies.language.vocabulary import FACT_KINDS

if TYPE_CHECKING:
    from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence

    from misusebench.component import Request
    from misusebench.policies.language.guard import Parts
    from misusebench.policies.language.policyfile import Policyfile
    from misusebench.policies.language.syntax import Kind

_TYPES: Final = {"text": "String", "number": "Long", "truth": "Bool", "texts": "Set<String>"}
_RECORDS: Final = ("officer", "action", "database", "query")
#: The only action of generated policies: what is done is a fact, `context.action.name`.
_ASK: Final = "ask"
_PERMIT: Final = "(permit)"  # no id that a rule can have
#: Remembered decisions; then they are forgotten, for facts may have any number of values.
_MOST: Final = 1 << 17


def _name(fact: Fact) -> str:
    record = "context" if fact.place == "context" else f"context.{fact.place}"
    return dotted(record, fact.short)


def _constant(value: str | int) -> str:
    """Return a constant; Cedar writes what is not plain by number in braces."""
    if isinstance(value, int):
        return str(value)
    plain = (c if " " <= c <= "~" and c not in '"\\' else f"\\u{{{ord(c):x}}}" for c in value)
    return f'"{"".join(plain)}"'


def _compared(one: Compare) -> str:
    right = _name(one.right) if isinstance(one.right, Fact) else _constant(one.right)
    return f"{_name(one.left)} {one.op} {right}"


_CEDAR: Final = Dialect[str](
    every=joined("&&"), some=joined("||"), negation=lambda part: f"!({part})", truth=_name,
    compare=_compared,
    among=lambda one: f"[{', '.join(map(_constant, one.options))}].contains({_name(one.item)})",
    holds=lambda one: f"{_name(one.texts)}.contains({_name(one.item)})",
)  # fmt: skip


def cedar_text(policy: Policyfile) -> str:
    """Return Cedar policies: one permit, and a forbid named by each rule.

    The first forbid is the permit turned round: Cedar names no reason for what nothing permits.
    """
    heads = [f'@id("{_PERMIT}")\npermit', *(f'@id("{r.id}")\nforbid' for r in policy.rules)]
    conditions = [policy.permit, *(rule.when for rule in policy.rules)]
    return "\n".join(
        f"{head} (principal, action, resource) when {{ {_CEDAR.said(condition)} }};\n"
        for head, condition in zip(heads, conditions, strict=True)
    )


def schema_text(
    kinds: Mapping[str, Kind], needed: Collection[str], actions: Iterable[str] = (_ASK,)
) -> str:
    """Return a Cedar schema: with it, a request that lacks a needed fact is an error, no permit."""
    places: dict[str, list[str]] = {place: [] for place in (*_RECORDS, "context")}
    for name, kind in kinds.items():
        place, _, short = name.partition(".")
        places[place].append(f'"{short}"{"" if name in needed else "?"}: {_TYPES[kind]}')
    records = [f"{place}: {{ {', '.join(places[place])} }}" for place in _RECORDS if places[place]]
    return (
        f"entity Officer;\nentity Query;\naction {', '.join(actions)} appliesTo {{ principal: "
        f"Officer, resource: Query, context: {{ {', '.join([*records, *places['context']])} }} }};"
        "\n"
    )


class Cedar(Engine):
    """Cedar with policy set and schema parsed once; decisions on like requests are remembered.

    Parameters
    ----------
    guard
        As for every engine.
    schema
        Whether Cedar checks each request against a schema. Without it a rule that lacks its fact
        is skipped.
    memory
        Whether requests that the policy cannot tell apart are asked once (`telling.py`). Off
        without the guard, for texts in Cedar's language, and to time the engine itself.
    """

    name = "cedar"

    def __init__(self, *, guard: bool = True, schema: bool = True, memory: bool = True) -> None:
        super().__init__(guard=guard)
        self.version = version_of("cedarpy", "cedar")
        self._with_schema, self._remembers = schema, memory and guard
        self._telling: Telling | None = None
        self._memory: dict[Hashable, Decision] = {}
        self._policies: Any = None
        self._schema: Any = None

    def decide(self, request: Request) -> Decision:
        """Return the engine's decision; its errors make it a deny."""
        return self.decide_batch([request])[0]

    def decide_batch(self, requests: Sequence[Request]) -> list[Decision]:
        """Return one decision per request, in order."""
        if self._guard is None or not self._guarded:
            return self._asked([self._question(self._parts(r)) for r in requests])
        checked = [self._guard.whole(request) for request in requests]
        found = iter(self._known([parts for parts, wrong in checked if not wrong]))
        return [Decision("deny", (), wrong) if wrong else next(found) for _, wrong in checked]

    def close(self) -> None:
        """Forget the parsed policies."""
        super().close()
        self._policies = self._schema = self._telling = None
        self._memory = {}

    def _known(self, whole: list[Parts]) -> list[Decision]:
        """Return decisions on facts, asking about each that the policy can tell apart once."""
        if self._telling is None:
            return self._asked([self._question(parts) for parts in whole])
        keys = [self._telling.key(parts) for parts in whole]
        if len(self._memory) > _MOST:
            self._memory = {}
        fresh = {k: p for k, p in zip(keys, whole, strict=True) if k not in self._memory}
        answers = self._asked([self._question(parts) for parts in fresh.values()])
        self._memory.update(zip(fresh, answers, strict=True))
        return [self._memory[key] for key in keys]

    def _compile(self, policy: Policyfile) -> None:
        clash = [name for name in policy.kinds if name in [f"context.{r}" for r in _RECORDS]]
        if clash:
            raise SuiteError(
                f"{policy.name}: Cedar's context has a record of the name of {clash[0]}; give the "
                "fact another name"
            )
        schema = schema_text(policy.kinds, policy.kinds)
        self._parse(cedar_text(policy), schema if self._with_schema else None)
        self._telling, self._memory = Telling(policy) if self._remembers else None, {}

    def _take(self, text: str) -> None:
        self._telling = None
        said = {name: kind for name, kind in FACT_KINDS.items() if not name.startswith("action.")}
        schema = schema_text(said, FACTS, ("query", "share"))
        self._parse(text, schema if self._with_schema else None)

    def _parse(self, text: str, schema: str | None) -> None:
        import cedarpy  # noqa: PLC0415 - extra `cedar`

        self._policies = cedarpy.PolicySet.from_str(text)
        self._schema = None if schema is None else cedarpy.Schema.from_str(schema)

    def _question(self, parts: Parts) -> tuple[str, str]:
        """Return the action and the facts that the policy names, as JSON."""
        if self._policy is None:
            return parts["action"]["name"], _own_context(parts)
        found: dict[str, Any] = {}
        for name in self._policy.kinds:
            place, _, short = name.partition(".")
            record = found if place == "context" else found.setdefault(place, {})
            if short in parts[place]:
                record[short] = parts[place][short]
        return _ASK, json.dumps(found)

    def _asked(self, asked: Sequence[tuple[str, str]]) -> list[Decision]:
        import cedarpy  # noqa: PLC0415 - extra `cedar`

        bodies = [
            {
                "principal": 'Officer::"officer"',
                "action": {"type": "Action", "id": action},
                "resource": 'Query::"query"',
                "context": context,
            }
            for action, context in asked
        ]
        try:
            answers = cedarpy.is_authorized_batch(bodies, self._policies, "[]", self._schema)
        except ValueError as error:  # one request that Cedar cannot read spoils its whole batch
            if len(asked) > 1:
                return [decision for one in asked for decision in self._asked([one])]
            return [Decision("deny", (), (shortened(error),))]
        return [self._decision(answer) for answer in answers]

    def _decision(self, answer: Any) -> Decision:
        """Return a decision; without the guard's errors count only where Cedar itself denies."""
        fired = sorted({*answer.diagnostics.id_annotations_by_reason.values()} - {_PERMIT})
        errors = tuple(str(error)[:300] for error in answer.diagnostics.errors)
        if answer.allowed is True:
            skipped = errors if self._guarded else ()  # Cedar's own way: it skips what fails
            return self._composed((), skipped)
        if not fired and not errors:  # nothing forbade, nothing permitted: the default deny
            return Decision("deny", self._order[:1] or ("DEFAULT",))
        return self._composed(fired, errors)


def _own_context(parts: Parts) -> str:
    """Return what texts in Cedar's own language are given: all facts, the action apart."""
    officer = {name: value for name, value in parts["officer"].items() if name != "id"}
    context = {name: value for name, value in parts["context"].items() if name != "as_of"}
    given = {"officer": officer, "database": parts["database"], **context}  # as the schema has it
    return json.dumps(given, sort_keys=True)
