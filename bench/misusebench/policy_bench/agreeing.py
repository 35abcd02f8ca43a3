"""Whether an engine decides as the reference does: asked before any of its times counts."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from misusebench.policies.language import read_policy
from misusebench.policies.language.cases import clauses, random_requests
from misusebench.policies.reference import Reference
from misusebench.policy_bench.tables import stream_of, table_of
from misusesim import rng

if TYPE_CHECKING:
    from collections.abc import Sequence

    from misusebench.component import Decision, Request
    from misusebench.policies.language import Policyfile
    from misusebench.policy_bench.adapter import Adapter

#: Shares of the requests that are timed: permitted; denied by one rule. The rest: by several.
PERMITTED, BY_ONE = 0.66, 0.27
#: Requests that are permitted, about which others are made up.
_ABOUT: Final = 16
USUAL: Final = "eleven_rules"
#: By their codes in a table.
OUTCOMES: Final = ("permit", "deny", "challenge")


def policy_of(given: Any) -> Policyfile:
    """Return a policy as `load` gets it, read: None, or a table with `name` and `text`."""
    return read_policy(USUAL) if given is None else read_policy(given["name"], given["text"])


def loaded(given: Any) -> Reference:
    """Return the reference with a policy."""
    engine = Reference()
    engine.load(given, None)
    return engine


def sample(policy: Policyfile, count: int, seed: int = 0) -> list[Request]:
    """Return random requests and one for each side of each clause."""
    return [*random_requests(policy, count, seed), *(c.request for c in clauses(policy, seed)[0])]


def mixed(given: Any, count: int, seed: int = 0) -> list[Request]:
    """Return requests for timing: two thirds permitted, most others denied by one rule.

    Engines that stop at the first reason answer a mere random request, which several rules deny,
    faster than what they are asked every day.
    """
    reference, policy = loaded(given), policy_of(given)
    pools: list[list[Request]] = [[], [], []]
    for nth, one in enumerate(_pool(policy, 6 * count, seed)):
        decision = reference.decide(one)
        kind = min(2, len(decision.reasons)) if decision.outcome != "permit" else 0
        pools[kind].append(replace(one, officer_id=f"o{nth}", query_id=f"m{nth}"))
    few = round(PERMITTED * count), round(BY_ONE * count)
    wanted = *few, count - sum(few)
    pools = [_shuffled(pool, seed) for pool in pools]
    taken = [pool[:n] for pool, n in zip(pools, wanted, strict=True)]
    lacking = count - sum(map(len, taken))
    rest = [one for pool, n in zip(pools, wanted, strict=True) for one in pool[n:]]
    found = [one for part in (*taken, rest[:lacking]) for one in part]
    return _shuffled(found, seed)


def _shuffled(requests: list[Request], seed: int) -> list[Request]:
    order = rng.stream(seed, "policy-mix").permutation(len(requests))
    return [requests[at] for at in order]


def _pool(policy: Policyfile, count: int, seed: int) -> list[Request]:
    """Return random requests about several that are permitted, not all about one."""
    each = -(-count // _ABOUT)
    return [r for n in range(_ABOUT) for r in random_requests(policy, each, seed * _ABOUT + n)]


def disagreement(
    adapter: Adapter, slot: str, asked: Sequence[Request], wanted: Sequence[Decision],
    *, reasons: bool = True,
) -> str:  # fmt: skip
    """Return why no time of an engine counts, "" if it decides as it should.

    Where the engine tells an error its reasons are not compared: it must deny, and that is why.

    Parameters
    ----------
    adapter
        With the requests in the slot.
    slot, asked
        What is asked.
    wanted
        The reference's decisions.
    reasons
        Whether the engine can tell all reasons.
    """
    batch, back = (adapter.decisions(slot, way) for way in ("batch", "back"))
    if len(batch) != len(asked):
        return f"{len(batch)} decisions on a batch of {len(asked)}"
    for one, ours, (outcome, why, errors) in zip(asked, wanted, batch, strict=True):
        if outcome != ours.outcome:
            return f"{one.query_id}: {outcome}, the reference says {_told(ours)}"
        if reasons and not errors and not ours.errors and why != ours.reasons:
            return f"{one.query_id}: {outcome} for {', '.join(why)}, the reference {_told(ours)}"
    if batch != back:
        return "a batch in reverse differs from the batch"
    return ""


def batch_differs(adapter: Adapter, slot: str) -> str:
    """Return why batches of an engine do not count, "" if they say what single decisions say."""
    single, batch = (adapter.decisions(slot, way) for way in ("single", "batch"))
    apart = sum(a[:2] != b[:2] for a, b in zip(single, batch, strict=True))
    return f"{apart} of {len(single)} decisions differ in a batch" if apart else ""


def table_differs(adapter: Adapter, asked: Sequence[Request], given: Any) -> str:
    """Return why tables of an engine do not count, "" if their outcomes are the reference's."""
    _, codes = adapter.ask({"op": "table"}, stream_of(table_of(asked)))
    wanted = [OUTCOMES.index(one.outcome) for one in loaded(given).decide_batch(asked)]
    if len(codes) != len(wanted):
        return f"{len(codes)} outcomes of a table of {len(wanted)}"
    apart = sum(a != b for a, b in zip(codes, wanted, strict=True))
    return f"{apart} of {len(wanted)} outcomes differ in a table" if apart else ""


def _told(decision: Decision) -> str:
    return f"{decision.outcome} ({', '.join(decision.reasons + decision.errors) or 'no reason'})"
