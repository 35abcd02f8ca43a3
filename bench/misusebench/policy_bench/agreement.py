"""Do engines decide as the reference does: decision by decision, reason by reason.

Four questions to each engine, in a process of its own: does it agree on random requests and on both
sides of each comparison; is a batch answered as its parts are, in any order, though officers and
resources repeat; does adding a rule that denies never permit what was denied.
"""

from __future__ import annotations

import json
import random
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

from misusebench.policies.language import read_policy
from misusebench.policies.language.cases import clauses, random_requests, values_of
from misusebench.policies.reference import Reference
from misusebench.policy_bench.asked import Answered, Job, Variant, ask, variant

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from misusebench.component import Decision, Request
    from misusebench.policies.language import Policyfile

#: Engines into which a policy is compiled; Cedar without its memory, or it is not it that answers.
COMPILED: Final = (
    "numpy_columns", "duckdb_sql", "cedar", "rego", "cel", "jsonlogic", "casbin",
)  # fmt: skip
SIZES: Final = (1, 2, 50, 100, 1000)
#: Engines for which a request alone is dear; a tenth is asked one by one, or in small batches.
BATCH_ONLY: Final = ("numpy_columns", "duckdb_sql")
_SMALL: Final = 50
#: Requests in a row that share officer and resource while their facts differ.
_ALIKE: Final = 4
_ADDED: Final = 3


@dataclass
class Conformance:
    """How an engine did; all counts should be 0."""

    engine: str
    version: str = ""
    lacking: str = ""  # why it was not asked
    applicable: bool = True  # False where it said itself that the policy is none for it
    requests: int = 0
    decisions: int = 0  # that differ from the reference's
    reasons: int | None = 0  # that differ; None where the engine tells none
    errors: int = 0
    batch: dict[str, int] = field(default_factory=dict)  # decisions that differ, by size
    opened: int = 0  # denies that an added deny rule turned into something milder
    first: str = ""  # what differs first

    @property
    def conforms(self) -> bool:
        """Return whether it was asked and nothing was wrong."""
        wrong = (self.decisions, self.reasons, self.errors, self.opened, *self.batch.values())
        return not self.lacking and self.requests > 0 and not any(wrong)

    @property
    def verdict(self) -> str:
        """Return in words whether it conforms."""
        if not self.applicable:
            return "not applicable"
        return "conforms" if self.conforms else "does not conform"


def engines(names: Iterable[str] = COMPILED) -> list[Variant]:
    """Return engines as they are examined."""
    return [variant(n, **({"memory": False} if n == "cedar" else {})) for n in names]


def source(policy: Policyfile) -> dict[str, str]:
    """Return what `load` gets for a policy."""
    return {"name": policy.name, "text": policy.text}


def cases(policy: Policyfile, count: int, seed: int = 0) -> list[Request]:
    """Return random requests and those for both sides of each comparison."""
    return [*random_requests(policy, count, seed), *(c.request for c in clauses(policy, seed)[0])]


def decided(policy: Policyfile, requests: Sequence[Request]) -> list[Decision]:
    """Return the reference's decisions."""
    reference = Reference()
    reference.load(source(policy), None)
    return reference.decide_batch(requests)


def agreement(policy: Policyfile, requests: Sequence[Request], engine: Variant) -> Conformance:
    """Return how far an engine agrees with the reference on requests, and nothing else of it."""
    found = Conformance(engine.label)
    answered = ask(engine, [Job(source(policy), requests, 1000)])
    if _taken(found, answered):
        compare(found, requests, decided(policy, requests), answered.decisions[0])
    return found


def summed(parts: Sequence[Conformance]) -> Conformance:
    """Return how an engine agrees on several lots of requests, as one."""
    whole = Conformance(parts[0].engine, parts[0].version)
    whole.reasons = None if parts[0].reasons is None else 0
    for part in parts:
        whole.requests += part.requests
        whole.decisions += part.decisions
        whole.errors += part.errors
        if whole.reasons is not None and part.reasons is not None:
            whole.reasons += part.reasons
        whole.first = whole.first or part.first
        whole.lacking = whole.lacking or part.lacking
        whole.applicable = whole.applicable and part.applicable
    return whole


def examine(
    policy: Policyfile,
    variants: Sequence[Variant],
    *,
    requests: int = 10_000,
    few: int = 2_000,
    seed: int = 0,
    progress: Callable[[str], None] = lambda _: None,
) -> list[Conformance]:
    """Return how engines conform.

    Parameters
    ----------
    policy
        What all are given.
    variants
        Of `engines()`, or others.
    requests
        Random ones, besides those for each comparison.
    few
        Requests on which batches and added rules are tried.
    """
    asked = cases(policy, requests, seed)
    expected = decided(policy, asked)
    rows = []
    for engine in variants:
        rows.append(_examined(policy, engine, asked, expected, asked[:few]))
        progress(f"{engine.label}: {rows[-1].verdict}")
    return rows


def _examined(
    policy: Policyfile, engine: Variant, asked: Sequence[Request], expected: Sequence[Decision],
    few: Sequence[Request],
) -> Conformance:  # fmt: skip
    """Ask everything of one engine in one process."""
    given, repeated = source(policy), _repeated(few)
    single = len(few) if engine.label not in BATCH_ONLY else len(few) // 10
    parts = [repeated[:single] if size < _SMALL else repeated for size in SIZES]
    order = list(range(len(repeated)))
    random.Random(len(repeated)).shuffle(order)  # noqa: S311 - an order, not a secret
    jobs = [Job(given, asked, 1000), Job(given, repeated[:single])]
    jobs += [Job(given, part, size) for part, size in zip(parts, SIZES, strict=True)]
    jobs += [Job(given, [repeated[place] for place in order], 100)]
    jobs += [Job(one, few, 1000) for one in stricter(policy)]
    found = Conformance(engine.label)
    answered = ask(engine, jobs)
    if not _taken(found, answered):
        return found
    whole, alone, *rest = answered.decisions
    compare(found, asked, expected, whole)
    alone = [*alone, *rest[len(SIZES) - 1][single:]]
    for size, batch in zip(SIZES, rest, strict=False):
        found.batch[str(size)] = _apart(alone[: len(batch)], batch)
    found.batch["shuffled"] = _apart([alone[place] for place in order], rest[len(SIZES)])
    before = whole[: len(few)]
    found.opened = sum(_opened(before, after) for after in rest[len(SIZES) + 1 :])
    return found


def _taken(found: Conformance, answered: Answered) -> bool:
    """Note version and whatever kept the engine from answering; return whether it did answer."""
    found.version = answered.version
    found.reasons = 0 if answered.tells_reasons else None
    found.applicable = answered.applicable
    found.lacking = answered.lacking or next(filter(None, answered.refused), "")
    return not found.lacking


def compare(
    found: Conformance, asked: Sequence[Request], expected: Sequence[Decision],
    answers: Sequence[Decision],
) -> None:  # fmt: skip
    """Count what is wrong with an engine's answers, one a request, and note the first of it."""
    found.requests += len(asked)
    for request, one, other in zip(asked, expected, answers, strict=True):
        wrong = one.outcome != other.outcome
        found.decisions += wrong
        if found.reasons is not None and one.reasons != other.reasons:
            found.reasons += 1
            wrong = True
        if other.errors and not one.errors:
            found.errors += 1
            wrong = True
        if wrong and not found.first:
            found.first = f"{request.query_id}: {_told(other)}, the reference says {_told(one)}"


def _told(decision: Decision) -> str:
    why = ", ".join(decision.reasons + decision.errors) or "no reason"
    return f"{decision.outcome} ({why:.150})"


def _repeated(requests: Sequence[Request]) -> list[Request]:
    """Return requests of which every few in a row have the same officer and resource."""
    return [
        replace(one, officer_id=f"o-{nth // _ALIKE}", query_id=f"q-{nth // _ALIKE}")
        for nth, one in enumerate(requests)
    ]


def _apart(one: Sequence[Decision], other: Sequence[Decision]) -> int:
    return sum(a != b for a, b in zip(one, other, strict=True))


def _opened(before: Sequence[Decision], after: Sequence[Decision]) -> int:
    """Return how many became milder: of deny, challenge and permit the latter is the milder."""
    strict = ("permit", "challenge", "deny").index
    pairs = zip(before, after, strict=True)
    return sum(strict(b.outcome) < strict(a.outcome) for a, b in pairs)


def stricter(policy: Policyfile, count: int = _ADDED, seed: int = 0) -> list[dict[str, str]]:
    """Return sources of the policy with one more rule that denies, on values of its own facts."""
    chance = random.Random(f"added {seed}")  # noqa: S311 - test cases, not secrets
    values = values_of(policy)
    usable = sorted(name for name, kind in policy.kinds.items() if kind != "texts")
    made = []
    for name in chance.sample(usable, min(count, len(usable))):
        when = _equal(name, chance.choice(values[name]))
        rule = f'\n[[rule]]\nid = "ADDED_"\nwhen = {json.dumps(when, ensure_ascii=False)}\n'
        made.append({"name": policy.name, "text": policy.text.rstrip() + "\n" + rule})
        read_policy(**_named(made[-1]))
    return made


def _named(given: dict[str, str]) -> dict[str, Any]:
    return {"source": given["name"], "text": given["text"]}


def _equal(name: str, value: Any) -> str:
    if isinstance(value, bool):
        return name if value else f"not {name}"
    return f"{name} == {value!r}"


def render(rows: Sequence[Conformance]) -> list[str]:
    """Return a table in Markdown."""
    heads = (
        "engine", "version", "requests", "decisions that differ", "reasons that differ", "errors",
        "batch differs from single", "denies opened by one more deny",
    )  # fmt: skip
    lines = [f"| {' | '.join(heads)} |", "|---|---|---:|---:|---:|---:|---:|---:|"]
    for row in rows:
        if row.lacking:
            why = "not asked" if row.applicable else "not applicable"
            lines.append(f"| {row.engine} | {row.version} | {why}: {row.lacking} | | | | | |")
            continue
        reasons = "tells none" if row.reasons is None else f"{row.reasons:,}"
        batch = f"{sum(row.batch.values()):,}" if row.batch else ""
        lines.append(
            f"| {row.engine} | {row.version} | {row.requests:,} | {row.decisions:,} | {reasons} "
            f"| {row.errors:,} | {batch} | {row.opened if row.batch else ''} |"
        )
    return lines
