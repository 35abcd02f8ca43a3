"""What an engine does when the fact is missing on which a rule would deny: permit, fail or deny.

For each rule, requests that are denied for that one reason, and the facts on which that turns taken
away one at a time. Facts without which nothing permits either are left: there every engine denies.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from misusebench.policies.language.cases import holds, values_of
from misusebench.policies.language.syntax import facts_of
from misusebench.policies.language.vocabulary import IDS, value_of
from misusebench.policy_bench.agreement import cases, decided, source
from misusebench.policy_bench.asked import Job, Variant, ask, variant

if TYPE_CHECKING:
    from collections.abc import Sequence

    from misusebench.component import Request
    from misusebench.policies.language import Policyfile
    from misusebench.policies.language.policyfile import Rule

#: What every request has by its form.
_ALWAYS: Final = frozenset((*IDS, "action.name"))
#: Random requests to look among, and how often they start from another permitted request.
_POOL: Final = 1_000
_BASES: Final = 8
OUTCOMES: Final = ("permit", "error", "deny")


class Probe(NamedTuple):
    """A request that a rule denies, without a fact on which that turns."""

    rule: str
    fact: str
    request: Request


@dataclass
class Openness:
    """What an engine did with the probes."""

    engine: str
    version: str = ""
    lacking: str = ""
    by_rule: dict[str, Counter[str]] = field(default_factory=dict)  # rule -> OUTCOMES -> probes

    @property
    def total(self) -> Counter[str]:
        """Return permits, errors and denies over all rules."""
        return sum(self.by_rule.values(), Counter[str]())

    @property
    def rate(self) -> float:
        """Return the share of probes that were permitted."""
        return self.total["permit"] / max(1, self.total.total())

    @property
    def opens_on(self) -> list[str]:
        """Return the rules that some probe got past."""
        return [rule for rule, seen in self.by_rule.items() if seen["permit"]]


def raw() -> list[Variant]:
    """Return engines without our guard, read in the ways that are usual."""
    variants = {
        "cedar without schema": variant("cedar", guard=False, schema=False),
        "cedar with schema": variant("cedar", guard=False),
        "cel, one expression read by truth": variant("cel", guard=False, truthy=True),
        "cel, only True or False count": variant("cel", guard=False),
    }
    names = ("rego", "jsonlogic", "duckdb_sql", "numpy_columns", "casbin", "reference")
    variants |= {name: variant(name, guard=False) for name in names}
    return [replace(one, label=label) for label, one in variants.items()]


def guarded() -> list[Variant]:
    """Return engines as they are shipped."""
    names = (
        "cedar", "rego", "cel", "jsonlogic", "duckdb_sql", "numpy_columns", "casbin", "reference",
    )  # fmt: skip
    return [replace(variant(name), label=f"{name}, guarded") for name in names]


def probes(policy: Policyfile, per_fact: int = 20, seed: int = 0) -> list[Probe]:
    """Return requests with a fact missing, at most `per_fact` for each fact of each rule."""
    pool = (cases(policy, _POOL, seed + nth) for nth in range(_BASES))
    asked = [request for some in pool for request in some]
    values = values_of(policy)
    permit = {fact.name for fact in facts_of(policy.permit)}
    found, seen = [], Counter[tuple[str, str]]()
    rules = {rule.id: rule for rule in policy.rules[1:]}
    for request, decision in zip(asked, decided(policy, asked), strict=True):
        if len(decision.reasons) != 1 or decision.reasons[0] not in rules:
            continue
        rule = rules[decision.reasons[0]]
        for fact in _turning(rule, request, policy, values):
            if fact not in permit and seen[rule.id, fact] < per_fact:
                seen[rule.id, fact] += 1
                found.append(Probe(rule.id, fact, _without(request, fact)))
    return found


def _turning(
    rule: Rule, request: Request, policy: Policyfile, values: dict[str, list[Any]]
) -> list[str]:
    """Return the facts of which another value would have kept the rule from denying."""
    facts = {name: value_of(request, name) for name in policy.kinds}
    named = dict.fromkeys(fact.name for fact in facts_of(rule.when))
    return [
        name
        for name in named
        if name not in _ALWAYS
        and name not in policy.defaults
        and not all(holds(rule.when, facts | {name: value}) for value in values[name])
    ]


def _without(request: Request, fact: str) -> Request:
    place, _, short = fact.partition(".")
    part = "action_properties" if place == "action" else place
    changed: dict[str, Any] = {part: dict(getattr(request, part))}
    del changed[part][short]
    return replace(request, **changed)


def measure(
    policy: Policyfile, variants: Sequence[Variant], per_fact: int = 20, seed: int = 0
) -> list[Openness]:
    """Return what engines do with the probes of a policy, each in a process of its own."""
    asked = probes(policy, per_fact, seed)
    return [_measured(policy, engine, asked) for engine in variants]


def _measured(policy: Policyfile, engine: Variant, asked: Sequence[Probe]) -> Openness:
    answered = ask(engine, [Job(source(policy), [one.request for one in asked], 1000)])
    found = Openness(engine.label, answered.version)
    found.lacking = answered.lacking or next(filter(None, answered.refused), "")
    if found.lacking:
        return found
    for probe, decision in zip(asked, answered.decisions[0], strict=True):
        kind = "error" if decision.errors else decision.outcome
        kind = "deny" if kind == "challenge" else kind
        found.by_rule.setdefault(probe.rule, Counter())[kind] += 1
    order = {rule.id: nth for nth, rule in enumerate(policy.rules)}
    found.by_rule = dict(sorted(found.by_rule.items(), key=lambda pair: order[pair[0]]))
    return found


def render(rows: Sequence[Openness]) -> list[str]:
    """Return a table in Markdown."""
    lines = [
        "| engine | version | probes | permits | errors | denies | rules it opens on |",
        "|---|---|---:|---:|---:|---:|---|",
    ]
    for row in rows:
        if row.lacking:
            lines.append(f"| {row.engine} | {row.version} | not asked: {row.lacking} | | | | |")
            continue
        total, opens = row.total, row.opens_on
        which = "all" if len(opens) == len(row.by_rule) else ", ".join(opens) or "none"
        lines.append(
            f"| {row.engine} | {row.version} | {total.total():,} | {total['permit']:,} "
            f"({row.rate:.0%}) | {total['error']:,} | {total['deny']:,} | {which} |"
        )
    return lines
