"""What each rule is worth, and whether each was seen at work.

Reasons of one full run are enough: without a rule, a query is still denied if another rule gave a
reason too. So nothing is asked again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from misusebench.metrics.decided import CHALLENGE, DENY, PERMIT
from misusebench.policies.language.columns import seen_sides
from misusebench.policies.language.policyfile import only

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pyarrow as pa
    from numpy.typing import NDArray

    from misusebench.isolated import Decisions
    from misusebench.metrics import Decided
    from misusebench.policies.language import Policyfile


class Worth(NamedTuple):
    """What one rule does on a log, beside the truth."""

    rule: str
    fires: int  # queries for which it is a reason
    misuse: int  # of these, misuse
    honest: int
    misuse_alone: int  # denied by it and by nothing else
    honest_alone: int  # denied or challenged by it and by nothing else
    prevented: float | None  # share of misuse that would be denied no more without it
    friction: float | None  # share of honest queries that would be hindered no more


class Coverage(NamedTuple):
    """How often a rule fired, and which sides of its comparisons a log has."""

    rule: str
    fires: int
    clauses: int  # comparisons of the rule
    seen: int  # sides of comparisons seen, of two each
    lacking: tuple[str, ...]  # sides never seen, in words


def without(said: Decisions, rule: str, challenges: frozenset[str]) -> NDArray[np.int8]:
    """Return the outcomes had a rule not been in the policy.

    Parameters
    ----------
    said
        Decisions of the whole policy, with all reasons.
    rule
        Which.
    challenges
        Rules that challenge; the others deny.

    Examples
    --------
    >>> from misusebench.isolated import Decisions
    >>> two = Decisions(np.array([1, 1], np.int8), np.array([0, 1], np.int32),
    ...                 [(["A"], []), (["A", "B"], [])])
    >>> without(two, "A", frozenset()).tolist()
    [0, 1]
    """
    outcome = np.empty(len(said.explanations) + 1, np.int8)
    for place, (reasons, errors) in enumerate(said.explanations):
        left = [reason for reason in reasons if reason != rule]
        mild = bool(left) and challenges.issuperset(left)
        outcome[place] = DENY if errors or (left and not mild) else CHALLENGE if left else PERMIT
    named = np.array([rule in reasons for reasons, _ in said.explanations] + [False])
    return np.where(named[said.why], outcome[said.why], said.outcome).astype(np.int8)


def ablation(policy: Policyfile, said: Decisions, decided: Decided) -> list[Worth]:
    """Return what each rule of a policy is worth alone, in the policy's order.

    Parameters
    ----------
    policy
        As read.
    said
        Its decisions on the judged rows.
    decided
        The same beside the truth.
    """
    misuse, honest = decided.scored.positive, decided.honest
    found = []
    for rule in policy.order:
        fires = np.array([rule in reasons for reasons, _ in said.explanations] + [False])[said.why]
        left = without(said, rule, policy.challenges)
        stopped = misuse & (said.outcome == DENY) & (left != DENY)
        freed = honest & (said.outcome != PERMIT) & (left == PERMIT)
        found.append(Worth(
            rule, int(fires.sum()), int((fires & misuse).sum()), int((fires & honest).sum()),
            int(stopped.sum()), int(freed.sum()), _share(stopped, misuse), _share(freed, honest),
        ))  # fmt: skip
    return found


def _share(part: NDArray[np.bool_], whole: NDArray[np.bool_]) -> float | None:
    return float(part.sum() / whole.sum()) if whole.any() else None


def lesser(policy: Policyfile, rule: str) -> Policyfile:
    """Return the policy without a rule, as one that can be asked: what :func:`without` stands for.

    The rule that permits cannot be left out.
    """
    return only(policy, set(policy.order) - {rule})


def coverage(policy: Policyfile, facts: pa.Table) -> list[Coverage]:
    """Return how often each rule fires on a log, and which sides of its comparisons it has.

    Parameters
    ----------
    policy
        As read.
    facts
        Of a log (:func:`misusebench.policies.facts.build_facts`); null facts count on no side.
    """
    found = []
    for rule in policy.rules:
        fires, sides = seen_sides(rule.when, facts, policy.defaults)
        lacking = tuple(
            f"comparison {nth + 1} {'never holds' if side else 'always holds'}"
            for nth, both in enumerate(sides)
            for side, count in ((True, both[0]), (False, both[1]))
            if not count
        )
        seen = 2 * len(sides) - len(lacking)
        found.append(Coverage(rule.id, fires, len(sides), seen, lacking))
    return found


def render(worth: Sequence[Worth], seen: Sequence[Coverage] = ()) -> list[str]:
    """Return both as lines of Markdown."""
    heads = ("rule", "fires", "misuse", "honest", "misuse by it alone", "honest by it alone",
             "prevented lost", "friction saved")  # fmt: skip
    lines = ["| " + " | ".join(heads) + " |", "|" + "---|" * len(heads)]
    for one in worth:
        shares = [_percent(one.prevented), _percent(one.friction)]
        counts = [one.fires, one.misuse, one.honest, one.misuse_alone, one.honest_alone]
        cells = [one.rule, *(f"{count:,}" for count in counts), *shares]
        lines.append("| " + " | ".join(cells) + " |")
    if seen:
        lines += ["", "| rule | fires | sides of comparisons seen | never seen |"]
        lines += ["|---|---|---|---|"]
        lines += [
            f"| {one.rule} | {one.fires:,} | {one.seen} of {2 * one.clauses} |"
            f" {'; '.join(one.lacking)} |"
            for one in seen
        ]
    return lines


def _percent(share: Any) -> str:
    return "–" if share is None else f"{share:.2%}"  # noqa: RUF001
