"""The same eleven rules in Cedar, through cedarpy (extra `cedar`)."""

from __future__ import annotations

import json
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from misusebench.component import Decision
from misusebench.policies.rulebook import (
    ANY_HOUR_ROLES,
    DATABASES,
    JUSTIFICATION_LEAST,
    LOOKBACK_MOST_DAYS,
    RULES,
)

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    from misusebench.component import Request

_TYPES = {
    "role": "String", "agency": "String", "state": "String", "active": "Bool",
    "training_days_left": "Long", "on_shift": "Bool", "id": "String", "sensitivity": "Long",
    "clets": "Bool", "owner_agency": "String", "shared_with": "Set<String>", "purpose": "String",
    "case_number": "String", "case_exists": "Bool", "case_open": "Bool", "case_agency": "String",
    "warrant": "Bool", "lookback_days": "Long", "recipient_state": "String",
    "break_glass": "Bool", "justification_len": "Long",
}  # fmt: skip
_OFFICER = list(_TYPES)[:6]
_DATABASE = list(_TYPES)[6:11]
_CONTEXT = list(_TYPES)[11:]


def schema_text() -> str:
    """Return the Cedar schema: with it, a request that lacks a fact is an error, not a permit."""

    def record(names: list[str]) -> str:
        return "{ " + ", ".join(f"{name}: {_TYPES[name]}" for name in names) + " }"

    context = (
        f"{{ officer: {record(_OFFICER)}, database: {record(_DATABASE)}, " + record(_CONTEXT)[2:]
    )
    return (
        "entity Officer;\nentity Query;\n"
        "action query, share appliesTo { principal: Officer, resource: Query, "
        f"context: {context} }};\n"
    )


def policy_text() -> str:
    """Return the policies in Cedar's language, one permit and ten forbids named by rule."""
    broken = (
        "(context.break_glass && context.justification_len >= "
        f"{JUSTIFICATION_LEAST} && context.officer.on_shift)"
    )
    may = " || ".join(
        f'(context.database.id == "{name}" && {_among("context.officer.role", about.roles)})'
        for name, about in DATABASES.items()
        if about.roles
    )
    any_hour = _among("context.officer.role", ANY_HOUR_ROLES)
    sensitive = "context.database.sensitivity > 1"
    lacking = (
        'context.case_number == "" || !context.case_exists || '
        "context.case_agency != context.officer.agency"
    )
    own = "context.officer.agency"
    conditions = {
        "ROLE": f"!({may})",
        "ACTIVE": "!context.officer.active",
        "TRAINING": "context.officer.training_days_left < 0",
        "SHIFT": f"!context.officer.on_shift && !({any_hour})",
        "PURPOSE": 'context.purpose == "" || context.purpose == "other"',
        "CCW": 'context.purpose == "ccw" && context.database.clets',
        "CASE": f"!{broken} && {sensitive} && ({lacking})",
        "CASE_OPEN": f"!{broken} && {sensitive} && context.case_exists && !context.case_open "
        '&& context.purpose != "court"',
        "JURIS": f"!{broken} && context.database.owner_agency != {own} "
        f"&& !context.database.shared_with.contains({own})",
        "OUT_OF_STATE": 'action == Action::"share" '
        "&& context.recipient_state != context.officer.state",
        "WARRANT": f'!{broken} && context.database.id == "alpr" '
        f"&& context.lookback_days > {LOOKBACK_MOST_DAYS} && !context.warrant",
    }
    permit = f'@id("MAY")\npermit (principal, action, resource) when {{ {may} }};\n'
    forbids = [
        f'@id("{rule}")\nforbid (principal, action, resource) when {{ {conditions[rule]} }};\n'
        for rule in RULES
    ]
    return "\n".join([permit, *forbids])


def _among(value: str, words: Sequence[str]) -> str:
    return "[" + ", ".join(f'"{word}"' for word in words) + f"].contains({value})"


def telling(request: Request) -> Hashable:
    """Return what of a request the shipped policies can tell apart, types and absences included.

    Of a case number they ask whether it is empty, of three numbers on which side of a bound they
    lie; everything else counts as it is.
    """
    own, data, said = dict(request.officer), dict(request.database), _said(request)
    for facts, name, bound in (
        (own, "training_days_left", 0),
        (said, "lookback_days", LOOKBACK_MOST_DAYS + 1),
        (said, "justification_len", JUSTIFICATION_LEAST),
    ):
        if type(facts.get(name)) is int:
            facts[name] = int(facts[name] >= bound)
    if isinstance(said.get("case_number"), str):
        said["case_number"] = "given" if said["case_number"] else ""
    values = [(k, type(v), str(v)) for part in (own, data, said) for k, v in part.items()]
    return (request.action, len(own), len(data), tuple(values))


def _said(request: Request) -> dict[str, Any]:
    """Return the facts of the context that the schema names: it refuses others."""
    return {name: request.context[name] for name in _CONTEXT if name in request.context}


class Cedar:
    """Cedar with its policy set and schema parsed once.

    A decision of the shipped policies depends on no more of the facts than :func:`telling` keeps,
    so requests alike in that are asked once and remembered. `memory=False` switches that off (for
    timing the engine itself), and so does a policy text of one's own.
    """

    name = "cedar"

    def __init__(self, *, memory: bool = True) -> None:
        self.version = version("cedarpy")
        self._memory: dict[Hashable, Decision] | None = {} if memory else None
        self._policies: Any = None
        self._schema: Any = None

    def load(self, policy: Any, facts: Any) -> None:
        """Parse policies (`policy`: Cedar text, or None for the shipped ones) and schema."""
        import cedarpy  # noqa: PLC0415 - extra `cedar`

        del facts
        if policy is not None:
            self._memory = None
        self._policies = cedarpy.PolicySet.from_str(policy or policy_text())
        self._schema = cedarpy.Schema.from_str(schema_text())

    def decide(self, request: Request) -> Decision:
        """Return the engine's decision; its errors make it a deny."""
        return self.decide_batch([request])[0]

    def decide_batch(self, requests: Sequence[Request]) -> list[Decision]:
        """Return one decision per request, in order."""
        if self._memory is None:
            return self._ask([self._body(request) for request in requests])
        names = [telling(request) for request in requests]
        fresh = {n: r for n, r in zip(names, requests, strict=True) if n not in self._memory}
        answers = self._ask([self._body(request) for request in fresh.values()])
        self._memory.update(zip(fresh, answers, strict=True))
        return [self._memory[name] for name in names]

    @staticmethod
    def _body(request: Request) -> tuple[str, str]:
        context = {
            "officer": dict(request.officer),
            "database": dict(request.database),
            **_said(request),
        }
        return request.action, json.dumps(context, sort_keys=True)

    def _ask(self, asked: list[tuple[str, str]]) -> list[Decision]:
        import cedarpy  # noqa: PLC0415 - extra `cedar`

        found = cedarpy.is_authorized_batch(
            [
                {
                    "principal": 'Officer::"officer"',
                    "action": {"type": "Action", "id": action},
                    "resource": 'Query::"query"',
                    "context": context,
                }
                for action, context in asked
            ],
            self._policies,
            "[]",
            self._schema,
        )
        return [self._decision(answer) for answer in found]

    @staticmethod
    def _decision(answer: Any) -> Decision:
        named = set(answer.diagnostics.id_annotations_by_reason.values())
        reasons = tuple(rule for rule in RULES if rule in named)
        errors = tuple(str(error) for error in answer.diagnostics.errors)
        permitted = answer.allowed is True and not errors
        if not permitted and not reasons and not errors:
            reasons = ("ROLE",)  # nothing forbade, nothing permitted: the default deny
        return Decision("permit" if permitted else "deny", reasons, errors)

    def close(self) -> None:
        """Forget the parsed policies."""
        self._policies = self._schema = None
