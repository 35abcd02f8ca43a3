"""Whether an engine decides as the reference does: asked before any of its times counts."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from misusebench.component import OUTCOMES
from misusebench.policies.engine import USUAL
from misusebench.policies.language import read_policy
from misusebench.policies.language.cases import random_requests
from misusebench.policy_bench.agreement import Conformance, compare, decided
from misusebench.policy_bench.tables import stream_of, table_of
from misusesim import rng

if TYPE_CHECKING:
    from collections.abc import Sequence

    from misusebench.component import Decision, Request
    from misusebench.policies.language import Policyfile
    from misusebench.policy_bench.adapter import Adapter
    from misusebench.policy_bench.fail_open import Probe

#: Shares of the requests that are timed: permitted; denied by one rule. The rest: by several.
PERMITTED, BY_ONE = 0.66, 0.27
#: Requests that are permitted, about which others are made up.
_ABOUT: Final = 16


def policy_of(given: Any) -> Policyfile:
    """Return a policy as `load` gets it, read: None, or a table with `name` and `text`."""
    return read_policy(USUAL) if given is None else read_policy(given["name"], given["text"])


def mixed(given: Any, count: int, seed: int = 0) -> list[Request]:
    """Return requests for timing: two thirds permitted, most others denied by one rule.

    Engines that stop at the first reason answer a mere random request, which several rules deny,
    faster than what they are asked every day.
    """
    policy = policy_of(given)
    pools: list[list[Request]] = [[], [], []]
    pool = _pool(policy, 6 * count, seed)
    for nth, (one, decision) in enumerate(zip(pool, decided(policy, pool), strict=True)):
        kind = min(2, len(decision.reasons)) if decision.outcome != "permit" else 0
        pools[kind].append(replace(one, officer_id=f"o{nth}", query_id=f"m{nth}"))
    few = round(PERMITTED * count), round(BY_ONE * count)
    wanted = *few, count - sum(few)
    pools = [_shuffled(one, seed) for one in pools]
    taken = [one[:n] for one, n in zip(pools, wanted, strict=True)]
    lacking = count - sum(map(len, taken))
    rest = [one for some, n in zip(pools, wanted, strict=True) for one in some[n:]]
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

    An error where the reference has none disagrees, whatever the outcome beside it.

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
    found = Conformance(adapter.candidate.name, reasons=0 if reasons else None)
    compare(found, asked, wanted, batch)
    if not found.first and batch != back:
        return "a batch in reverse differs from the batch"
    return found.first


def batch_differs(adapter: Adapter, slot: str) -> str:
    """Return why batches of an engine do not count, "" if they say what single decisions say."""
    single, batch = (adapter.decisions(slot, way) for way in ("single", "batch"))
    apart = sum(a != b for a, b in zip(single, batch, strict=True))
    return f"{apart} of {len(single)} decisions differ in a batch" if apart else ""


def table_differs(adapter: Adapter, asked: Sequence[Request], wanted: Sequence[Decision]) -> str:
    """Return why tables of an engine do not count, "" if their outcomes are the reference's."""
    told, codes = adapter.ask({"op": "table"}, stream_of(table_of(asked)))
    if len(codes) != len(wanted):
        return f"{len(codes)} outcomes of a table of {len(wanted)}"
    apart = sum(code != OUTCOMES.index(one.outcome)
                for code, one in zip(codes, wanted, strict=True))  # fmt: skip
    if apart:
        return f"{apart} of {len(wanted)} outcomes differ in a table"
    odd = told["errors"] - sum(bool(one.errors) for one in wanted)
    return f"{odd} errors too many in a table of {len(wanted)}" if odd else ""


def fails_open(
    adapter: Adapter, slot: str, asked: Sequence[Probe], ways: Sequence[str], *, table: bool
) -> str:
    """Return on what an engine permits for want of a fact, "" if it never does.

    Parameters
    ----------
    adapter
        With the probes' requests in the slot.
    slot, asked
        What is asked (:func:`misusebench.policy_bench.fail_open.probes`).
    ways
        How: "single", "batch".
    table
        Whether it takes tables of facts, and is asked for one too.
    """
    said = {way: [one.outcome for one in adapter.decisions(slot, way)] for way in ways}
    if table and asked:
        _, codes = adapter.ask({"op": "table"}, stream_of(table_of([one.request for one in asked])))
        said["table"] = [OUTCOMES[code] for code in codes]
    for way, outcomes in said.items():
        if len(outcomes) != len(asked):
            return f"{len(outcomes)} decisions on {len(asked)} requests, asked {way}"
        opened = [p for p, one in zip(asked, outcomes, strict=True) if one == "permit"]
        if opened:
            return (f"permits {len(opened)} of {len(asked)} requests that lack a fact, the first "
                    f"{opened[0].fact} (rule {opened[0].rule}), asked {way}")  # fmt: skip
    return ""
