"""Whether a batch is decided as its requests are one by one.

AuthZEN says that evaluations are independent. A server that keeps an answer by officer and resource
gives the second of two items the first one's decision, so the same requests are asked twice: with
one officer and one resource id for all, and with an id each.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from misusebench.component import Decision, Policy, Request

SIZES: Final = (1, 2, 50, 100, 1000)
REPEATED: Final = "repeated"
UNIQUE: Final = "unique"


@dataclass(frozen=True, slots=True)
class Difference:
    """What batches of one size came to, beside the same requests one by one."""

    ids: str  # REPEATED or UNIQUE
    size: int
    asked: int
    wrong: int  # another outcome, other reasons, or no answer
    opened: int  # a permit where the single one is none
    permits: int  # of the single ones: without both kinds nothing is shown
    unanswered: int  # of either, with an error
    apart: int = 0  # not the same, errors among them: an error in both is none of the batch's


def compare(
    policy: Policy, requests: Sequence[Request], sizes: Sequence[int] = SIZES, seed: int = 0
) -> list[Difference]:
    """Ask each request singly and in batches of each size, in two orders.

    Parameters
    ----------
    policy
        A policy that is loaded; one that asks a server needs a `batch` of the largest size.
    requests
        Some that are permitted and some that are not; their ids are replaced.
    sizes
        Requests a batch; those above the number of requests are cut.
    seed
        Of the second order.
    """
    found = []
    for ids, asked in ((REPEATED, repeated(requests)), (UNIQUE, unique(requests))):
        singles = [policy.decide(one) for one in asked]
        order = list(range(len(asked)))
        random.Random(f"batches {seed}").shuffle(order)  # noqa: S311 - test cases, not secrets
        for size in sizes:
            straight = _batched(policy, asked, size)
            mixed = _batched(policy, [asked[at] for at in order], size)
            pairs = list(zip(singles, straight, strict=True))
            pairs += [(singles[at], one) for at, one in zip(order, mixed, strict=True)]
            found.append(_difference(ids, size, pairs))
    return found


def repeated(requests: Sequence[Request]) -> list[Request]:
    """Return the requests with one officer id and one resource id for all."""
    return [replace(one, officer_id="officer", query_id="query") for one in requests]


def unique(requests: Sequence[Request]) -> list[Request]:
    """Return the requests with one officer id for all and a resource id each."""
    return [replace(one, officer_id="officer", query_id=f"q{nth}")
            for nth, one in enumerate(requests)]  # fmt: skip


def _batched(policy: Policy, requests: Sequence[Request], size: int) -> list[Decision]:
    parts = (requests[at : at + size] for at in range(0, len(requests), size))
    return [one for part in parts for one in policy.decide_batch(part)]


def _difference(ids: str, size: int, pairs: Sequence[tuple[Decision, Decision]]) -> Difference:
    wrong = [(one, other) for one, other in pairs
             if (one.outcome, one.reasons) != (other.outcome, other.reasons)
             or one.errors or other.errors]  # fmt: skip
    return Difference(
        ids, size, len(pairs), len(wrong),
        sum(other.outcome == "permit" and one.outcome != "permit" for one, other in wrong),
        sum(one.outcome == "permit" for one, _ in pairs),
        sum(bool(one.errors or other.errors) for one, other in pairs),
        sum(_said(one) != _said(other) for one, other in pairs),
    )  # fmt: skip


def _said(one: Decision) -> tuple[str, tuple[str, ...], bool]:
    return one.outcome, one.reasons, bool(one.errors)


def verdict(found: Iterable[Difference]) -> str:
    """Return in words what the differences come to."""
    rows = list(found)
    if any(one.unanswered for one in rows):
        return "not shown: requests went without an answer"
    if not all(0 < one.permits < one.asked for one in rows):
        return "not shown: the requests have no permit, or nothing else"
    wrong = {ids: sum(one.wrong for one in rows if one.ids == ids) for ids in (REPEATED, UNIQUE)}
    if wrong[UNIQUE]:
        return "a batch differs from its requests one by one"
    if wrong[REPEATED]:
        return "a batch differs where one officer and one resource id repeat, not otherwise"
    return "a batch is decided as its requests one by one"


def render(found: Iterable[Difference]) -> list[str]:
    """Return the differences as a Markdown table, and the verdict."""
    rows = list(found)
    table = ["| resource ids | batch | asked | wrong | of these permits | unanswered |",
             "|---|---:|---:|---:|---:|---:|"]  # fmt: skip
    table += [f"| {one.ids} | {one.size} | {one.asked} | {one.wrong} | {one.opened} | "
              f"{one.unanswered} |" for one in rows]  # fmt: skip
    return [*table, "", f"Verdict: {verdict(rows)}."]


class FirstDecides:
    """A planted fault: in a batch the first of all items with one officer and resource id decides.

    What Cerbos 0.55.0 does. The check must catch it.

    Parameters
    ----------
    policy
        What decides.
    """

    name = "first_decides"
    version = "1"

    def __init__(self, policy: Policy) -> None:
        self._policy = policy

    def load(self, policy: object, facts: object) -> None:
        """Nothing to parse: the policy inside is loaded."""

    def decide(self, request: Request) -> Decision:
        """Return the right decision."""
        return self._policy.decide(request)

    def decide_batch(self, requests: Sequence[Request]) -> list[Decision]:
        """Return for each the decision on the first of the same officer and resource id."""
        first: dict[tuple[str, str], Decision] = {}
        for one in requests:
            key = (one.officer_id, one.query_id)
            if key not in first:
                first[key] = self._policy.decide(one)
        return [first[one.officer_id, one.query_id] for one in requests]

    def close(self) -> None:
        """Close the policy inside."""
        self._policy.close()
