"""Requests that try a policy: at random from the values it asks for, and one per side of a clause.

For each comparison in each rule there is a request in which it holds and one in which it does not,
and in both the rule's outcome turns with it: were it the other way round, so would be the rule
(modified condition/decision coverage).
"""

from __future__ import annotations

import operator
import random
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from misusebench.component import Request
from misusebench.policies.language.syntax import (
    Among,
    Compare,
    Every,
    Fact,
    Holds,
    Negation,
    Some,
    atoms,
    facts_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from misusebench.policies.language.policyfile import Policyfile
    from misusebench.policies.language.syntax import Atom, Condition

#: Values of facts that no policy has to name, so that equalities between facts hold now and then.
_TEXTS: Final = ("", "A", "B")
_SEED: Final = 20231130
#: Tries to find both sides of a clause by chance, then by small changes to what was found.
_TRIES: Final = 4_000

_COMPARED: Final[dict[str, Callable[[Any, Any], bool]]] = {
    "==": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt,
    ">=": operator.ge,
}  # fmt: skip

Facts = dict[str, Any]


class Clause(NamedTuple):
    """One side of one comparison in one rule, and a request that shows it."""

    rule: str
    nth: int  # of the rule's comparisons
    holds: bool
    request: Request


def values_of(policy: Policyfile) -> dict[str, list[Any]]:
    """Return the values of each fact that the policy can tell apart, and one it cannot.

    Around a bound: the bound, one less and one more. Of a text: each constant, and others.
    """
    return _values([rule.when for rule in policy.rules], policy.kinds)


def _values(conditions: Iterable[Condition], kinds: Mapping[str, str]) -> dict[str, list[Any]]:
    found: dict[str, set[Any]] = {}
    for condition in conditions:
        for fact in facts_of(condition):
            found.setdefault(fact.name, set())
        for atom in atoms(condition):
            _note(atom, found)
    return {name: _filled(kinds[name], known) for name, known in sorted(found.items())}


def _note(atom: Atom, found: dict[str, set[Any]]) -> None:
    if isinstance(atom, Among):
        found[atom.item.name].update(atom.options)
    elif isinstance(atom, Compare) and not isinstance(atom.right, Fact):
        value = atom.right
        near = (value - 1, value, value + 1) if isinstance(value, int) else (value,)
        found[atom.left.name].update(near)


def _filled(kind: str, known: set[Any]) -> list[Any]:
    if kind == "truth":
        return [False, True]
    if kind == "number":
        return sorted(known | {0, 1})
    if kind == "texts":
        return [[], ["A"], ["B"], ["A", "B"]]
    return sorted({*known, *_TEXTS, "unknown"})


def random_requests(policy: Policyfile, count: int, seed: int = 0) -> list[Request]:
    """Return requests with values at random: of half of them each fact is, mostly, as one wants.

    Purely random ones are nearly all denied for several reasons at once, so every second request
    starts from one that is permitted and has a few of its facts changed.
    """
    chance = random.Random(f"{_SEED} {seed}")  # noqa: S311 - test cases, not secrets
    values = values_of(policy)
    good = next(_permitted(policy, values, chance), None)
    made = []
    for nth in range(count):
        facts = {name: chance.choice(options) for name, options in values.items()}
        if good is not None and nth % 2:
            few = chance.sample(sorted(values), min(len(values), chance.randint(0, 3)))
            facts = good | {name: facts[name] for name in few}
        made.append(request_of(facts, f"r{nth}"))
    return made


def _permitted(
    policy: Policyfile, values: dict[str, list[Any]], chance: random.Random
) -> Iterator[Facts]:
    """Yield facts that no rule denies: random ones, changed while that lets fewer rules hold."""
    names = sorted(values)
    asking = {name: [r.when for r in policy.rules if _names(r.when, name)] for name in names}
    for _ in range(50):
        facts = {name: chance.choice(options) for name, options in values.items()}
        bad = sum(holds(rule.when, facts) for rule in policy.rules)
        for _ in range(20 * len(values)):
            if not bad:
                yield facts
                break
            name = chance.choice(names)
            other = facts | {name: chance.choice(values[name])}
            more = sum(holds(one, other) - holds(one, facts) for one in asking[name])
            if more <= 0:
                facts, bad = other, bad + more


def _names(condition: Condition, fact: str) -> bool:
    return any(one.name == fact for one in facts_of(condition))


def clauses(policy: Policyfile, seed: int = 0) -> tuple[list[Clause], list[str]]:
    """Return requests for both sides of each comparison, and the sides that none was found for."""
    chance = random.Random(f"{_SEED} clauses {seed}")  # noqa: S311 - test cases
    values = values_of(policy)
    found: dict[tuple[str, int, bool], Facts] = {}
    usual = {name: options[0] for name, options in values.items()}
    good = next(_permitted(policy, values, chance), None)
    for rule in policy.rules:
        for nth, _ in enumerate(atoms(rule.when)):
            for side in (True, False):
                own = _values([rule.when], policy.kinds)
                one = _shown(rule.when, nth, side, own, good or usual, chance)
                if one is not None:
                    found[rule.id, nth, side] = one
    lacking = [
        f"{rule.id}, comparison {nth + 1} {'holds' if side else 'does not hold'}"
        for rule in policy.rules
        for nth, _ in enumerate(atoms(rule.when))
        for side in (True, False)
        if (rule.id, nth, side) not in found
    ]
    made = [
        Clause(*key, request_of(facts, f"c{nth}")) for nth, (key, facts) in enumerate(found.items())
    ]
    return made, lacking


def _shown(
    condition: Condition, nth: int, side: bool, values: dict[str, list[Any]], base: Facts,
    chance: random.Random,
) -> Facts | None:  # fmt: skip
    """Return facts in which a comparison has a side and the rule's outcome turns with it."""
    for _ in range(_TRIES):
        facts = base | {name: chance.choice(options) for name, options in values.items()}
        seen = [_atom(one, facts) for one in atoms(condition)]
        if seen[nth] is side and _turned(condition, seen, nth) != _given(condition, iter(seen)):
            return facts
    return None


def _turned(condition: Condition, seen: list[bool], nth: int) -> bool:
    """Return the outcome were the nth comparison the other way round."""
    return _given(condition, iter([*seen[:nth], not seen[nth], *seen[nth + 1 :]]))


def _given(condition: Condition, seen: Iterator[bool]) -> bool:
    """Return the outcome of a condition whose comparisons came out so, in order."""
    if isinstance(condition, (Every, Some)):
        parts = [_given(part, seen) for part in condition.parts]  # all: each takes its own
        return all(parts) if isinstance(condition, Every) else any(parts)
    if isinstance(condition, Negation):
        return not _given(condition.part, seen)
    return next(seen)


def holds(condition: Condition, facts: Facts) -> bool:
    """Return whether a condition holds of whole facts."""
    return _given(condition, iter([_atom(one, facts) for one in atoms(condition)]))


def _atom(atom: Atom, facts: Facts) -> bool:
    if isinstance(atom, Fact):
        return bool(facts[atom.name])
    if isinstance(atom, Among):
        return facts[atom.item.name] in atom.options
    if isinstance(atom, Holds):
        return facts[atom.item.name] in facts[atom.texts.name]
    left = facts[atom.left.name]
    right = facts[atom.right.name] if isinstance(atom.right, Fact) else atom.right
    return bool(_COMPARED[atom.op](left, right))


def request_of(facts: Facts, query_id: str) -> Request:
    """Return facts by name as a request; its ids are those among the facts, or made up."""
    parts: dict[str, Facts] = {
        "officer": {},
        "action": {},
        "database": {},
        "query": {},
        "context": {},
    }
    for name, value in facts.items():
        place, _, short = name.partition(".")
        parts[place][short] = value
    return Request(
        officer_id=str(parts["officer"].pop("id", f"o-{query_id}")),
        officer=parts["officer"], action=str(parts["action"].pop("name", "query")),
        query_id=str(parts["query"].pop("id", query_id)), database=parts["database"],
        context=parts["context"], action_properties=parts["action"],
    )  # fmt: skip
