"""What each task counts while it has the rows at hand; the manifest only adds up.

A tally is a JSON object of counters, so that it survives in the ledger of an unfinished run.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from misusesim.dataset import schema

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from misusesim.plan import AgencyPlan, Block
    from misusesim.world.model import Officers, Shifts


def words(column: pa.ChunkedArray) -> dict[str, int]:
    """Return how often each word of a column occurs, sorted by word; nulls are not counted.

    Examples
    --------
    >>> import pyarrow as pa
    >>> words(pa.chunked_array([["b", "a", None, "b"]]))
    {'a': 1, 'b': 2}
    """
    found: dict[str, int] = {}
    for chunk in column.chunks:
        coded = chunk if pa.types.is_dictionary(chunk.type) else chunk.dictionary_encode()
        counts = np.bincount(coded.indices.drop_null(), minlength=len(coded.dictionary))
        for word, count in zip(coded.dictionary.to_pylist(), counts.tolist(), strict=True):
            if count:
                found[word] = found.get(word, 0) + count
    return dict(sorted(found.items()))


def pairs(table: pa.Table, left: str, right: str) -> dict[str, int]:
    """Return how often each pair of words occurs, keyed ``left/right``."""
    text = [table[name].cast("string").fill_null("") for name in (left, right)]
    return words(pc.binary_join_element_wise(*text, "/"))


def per_role(role: NDArray[np.int8], weight: NDArray[np.int64] | None = None) -> dict[str, int]:
    """Return the sum of `weight` (1 by default) per role, roles without any left out."""
    sums = np.zeros(len(schema.ROLES), np.int64)
    np.add.at(sums, role, 1 if weight is None else weight)
    return {schema.ROLES[code]: int(n) for code, n in enumerate(sums) if n}


def pass_tally(
    officers: Officers, shifts: Shifts, truth: Mapping[str, pa.Table], horizon: tuple[int, int]
) -> dict[str, Any]:
    """Count what the causal passes of some agencies planned.

    Parameters
    ----------
    officers, shifts
        All accounts, and the shifts of people.
    truth
        Tables of `truth/`.
    horizon
        First and end UTC microsecond of the scenario: accounts and shifts outside do not count.
    """
    start, end = horizon
    there = (officers.hired < end) & (officers.left > start)
    within = (shifts.start >= start) & (shifts.start < end)
    tally: dict[str, Any] = {
        "accounts": per_role(officers.role[there]),
        "shifts": per_role(officers.role[shifts.officer[within]]),
    }
    if (campaigns := truth.get("campaigns")) is not None:
        tally["campaigns"] = pairs(campaigns, "kind", "rung")
    if campaigns is not None and (outcomes := truth.get("outcomes")) is not None:
        tally |= outcomes_tally(campaigns, outcomes)
    if (oddities := truth.get("oddities")) is not None:
        tally["oddities"] = words(oddities["kind"])
    return tally


def outcomes_tally(campaigns: pa.Table, outcomes: pa.Table) -> dict[str, Any]:
    """Count what was found and decided: officers by kind and outcome, queries by kind.

    Parameters
    ----------
    campaigns, outcomes
        Tables of `truth/`; an accusation without a campaign has the kind ``accusation``.
    """
    kind_of = dict(
        zip(campaigns["campaign_id"].to_pylist(), campaigns["kind"].to_pylist(), strict=True)
    )
    counts: dict[str, Counter[str]] = {
        name: Counter() for name in ("found_by", "outcomes", "actual_queries", "reported_queries")
    }
    columns = ("campaign_id", "found_by", "outcome", "n_queries")
    rows = zip(*(outcomes[name].to_pylist() for name in columns), strict=True)
    for campaign, found_by, outcome, queries in rows:
        kind = kind_of.get(campaign, "accusation")
        counts["found_by"][f"{kind}/{found_by}"] += 1
        counts["outcomes"][f"{kind}/{outcome or 'open'}"] += 1
        counts["actual_queries"][kind] += queries
        if outcome not in {None, "unfounded"}:
            counts["reported_queries"][kind] += queries
    return {name: dict(found) for name, found in counts.items()}


def shard_tally(
    plan: AgencyPlan | Block, log: pa.Table, truth: pa.Table, lost: int, generated: int
) -> dict[str, Any]:
    """Count the rows of one shard.

    Parameters
    ----------
    plan
        Of the shard's agencies.
    log, truth
        As they will be written; a truth that leaves out plain work has fewer rows.
    lost
        Needs that never reached the log.
    generated
        Needs expanded, before loss and duplication.
    """
    strange = truth.filter(pc.not_equal(truth["cause"].cast("string"), "work"))
    misuse = strange.filter(pc.equal(strange["cause"].cast("string"), "misuse"))
    oddity = strange.filter(pc.equal(strange["cause"].cast("string"), "oddity"))
    plain = log.num_rows - strange.num_rows
    causes = {"work": plain, "oddity": oddity.num_rows, "misuse": misuse.num_rows}
    labels = words(truth["label"])
    labels["negative"] = labels.get("negative", 0) + log.num_rows - truth.num_rows
    return {
        "rows": {
            "generated": generated,
            "written": log.num_rows,
            "lost": lost,
            "duplicates": len(truth) - truth["duplicate_of"].null_count,
        },
        "causes": causes,
        "labels": labels,
        "misuse_queries": pairs(misuse, "kind", "rung"),
        "oddity_queries": words(oddity["kind"].cast("string")),
        "queries_by_role": _queries_by_role(plan, log["officer_id"]),
        "misuse_officers": _officers_of(log, misuse["query_id"]),
    }


def _queries_by_role(plan: AgencyPlan | Block, officer_id: pa.ChunkedArray) -> dict[str, int]:
    counts = words(officer_id)
    weight = np.array([counts.get(o, 0) for o in plan.officers.officer_id.tolist()], np.int64)
    return per_role(plan.officers.role, weight)


def _officers_of(log: pa.Table, query_ids: pa.ChunkedArray) -> list[str]:
    there = pc.is_in(log["query_id"], value_set=query_ids.combine_chunks())
    return list(words(log["officer_id"].filter(there)))
