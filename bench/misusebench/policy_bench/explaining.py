"""Why a policy decides a query of a data set as it does: facts, their age, each rule's parts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa

from misusebench.columns import micros
from misusebench.errors import SuiteError
from misusebench.policies.facts import build_facts, requests
from misusebench.policies.language import Guard, read_policy
from misusebench.policies.language.cases import holds
from misusebench.policies.language.syntax import atoms
from misusebench.policies.reference import spoken
from misusebench.policy_bench.judged import reference

if TYPE_CHECKING:
    from collections.abc import Mapping

    from misusesim.dataset.reader import Dataset

MOST_ID: Final = 2**64 - 1


def explain(dataset: Dataset, query_id: int, policy: str) -> dict[str, Any]:
    """Return a query's facts, the decision, and for each rule what holds of it.

    Nothing of the truth is read: it is what the policy could know when the query was made.

    Parameters
    ----------
    dataset
        Opened.
    query_id
        Of its log.
    policy
        Name of a shipped policy, or a TOML file.

    Raises
    ------
    SuiteError
        If the log has no such query, or there is no such policy.
    """
    if not 0 <= query_id <= MOST_ID:
        raise SuiteError(f"query {query_id} is not in any log: ids go from 0 to 2^64 - 1")
    rules, log = read_policy(policy), dataset.log()
    place = np.flatnonzero(log["query_id"].to_numpy() == np.uint64(query_id))
    if not len(place):
        raise SuiteError(f"query {query_id} is not in the log of {dataset.path}")
    row = log.take(pa.array(place[:1]))
    facts = build_facts(row, dataset.context("T2"))
    (asked,) = requests(facts)
    decision = reference(rules).decide(asked)
    parts, wrong = Guard(rules).whole(asked)
    known = {f"{where}.{name}": v for where, some in parts.items() for name, v in some.items()}
    return {
        "query_id": query_id,
        "time_us": int(micros(row["time"])[0]),
        "policy": rules.name,
        "outcome": decision.outcome,
        "reasons": list(decision.reasons),
        "errors": list(wrong),
        "facts": {name: known.get(name) for name in rules.kinds},
        "as_of_us": dict(asked.context.get("as_of", {})),
        "rules": [] if wrong else [
            {
                "id": rule.id, "says": rule.says, "effect": rule.effect, "line": rule.line,
                "fires": holds(rule.when, known),
                "parts": [{"text": spoken(one), "holds": holds(one, known)}
                          for one in dict.fromkeys(atoms(rule.when))],
            }
            for rule in rules.rules
        ],
    }  # fmt: skip


def render(found: Mapping[str, Any]) -> list[str]:
    """Return it as lines of text."""
    why = f" for {', '.join(found['reasons'])}" if found["reasons"] else ""
    lines = [f"query {found['query_id']}, policy {found['policy']}: {found['outcome']}{why}"]
    lines += [f"error: {error}" for error in found["errors"]]
    lines += ["", "facts at that time:"]
    lines += [f"  {name} = {value!r}" for name, value in found["facts"].items()]
    ages = [
        f"{source} {(found['time_us'] - known) / 3_600_000_000:,.1f} h"
        for source, known in found["as_of_us"].items()
        if source != "log"
    ]
    lines += ["", f"age of what they were read from: {', '.join(ages) or 'nothing was found'}", ""]
    for nth, rule in enumerate(found["rules"]):
        if not rule["fires"]:
            lines.append(f"{rule['id']}: passes")
            continue
        why = f"it does not hold that {rule['says']}" if nth == 0 else rule["says"]
        lines.append(f"{rule['id']}: {rule['effect']}" + (f", {why}" if rule["says"] else ""))
        lines += [f"    {'yes' if one['holds'] else 'no ':<3} {one['text']}"
                  for one in rule["parts"]]  # fmt: skip
    return lines
