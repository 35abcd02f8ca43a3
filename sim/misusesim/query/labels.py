"""The truth of each row, made in the same step as the row."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import pyarrow as pa

from misusesim.dataset.schema import (
    CAUSES,
    COVERS,
    INTENTS,
    LABELS,
    MISUSE_KINDS,
    ODDITY_KINDS,
    PURPOSES,
    RUNGS,
    TIE_KINDS,
    TRUTH_QUERIES,
    VIOLATIONS,
)
from misusesim.occasions import MISUSE, ODDITY, TOPIC, WORK
from misusesim.query.columns import numbers, texts, words
from misusesim.query.purposes import true_purposes
from misusesim.workload.numbers import opaque_id_in

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from misusesim.occasions import Occasions
    from misusesim.plan import Campaigns
    from misusesim.query.rows import Rows

_KINDS: Final = (*MISUSE_KINDS, *ODDITY_KINDS)
_POSITIVE, _NEGATIVE, _IGNORE = range(len(LABELS))
#: Oddities that are slips: friction to a policy, no accusation by a detector.
_SLIPS: Final = (ODDITY_KINDS.index("wrong_dropdown"),)
_ACCIDENTAL: Final = INTENTS.index("accidental")


def truth_table(rows: Rows) -> pa.Table:
    """Return `truth.queries`, row by row with the log.

    Where the scenario says sparse, plain work is left out, but for second entries of a query.
    """
    needs = rows.needs
    cause = _causes(rows)
    kept = np.arange(len(needs))
    copied = needs.original != needs.query_id
    if rows.scenario.truth == "sparse":
        kept = np.flatnonzero(rows.spread(cause != WORK) | copied)
    copied = copied[kept]
    some, occasion = _mentioned(rows, kept)
    by_occasion = {
        **_campaign_columns(rows.plan.campaigns, rows.occasions.take(some), cause[some]),
        **_justifications(rows, some),
    }
    columns = {
        "query_id": numbers(needs.query_id[kept], pa.uint64()),
        "duplicate_of": numbers(needs.original[kept], pa.uint64(), ~copied),
    }
    for name, (codes, values) in by_occasion.items():
        if values is None:
            columns[name] = numbers(codes[occasion], pa.int8())
        elif TRUTH_QUERIES.field(name).type == pa.string():
            columns[name] = texts(codes[occasion], values)
        else:
            columns[name] = words(codes[occasion], values)
    return pa.table([columns[name] for name in TRUTH_QUERIES.names], schema=TRUTH_QUERIES)


def _mentioned(rows: Rows, kept: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the occasions of the rows kept, and which of those each row has."""
    occasion, mentioned = rows.occasion[kept], np.zeros(len(rows.occasions), np.bool_)
    mentioned[occasion] = True
    return np.flatnonzero(mentioned), (np.cumsum(mentioned) - 1)[occasion]


def is_misuse(rows: Rows) -> NDArray[np.bool_]:
    """Return which occasions are misuse."""
    return np.asarray(rows.occasions.source == MISUSE)


def is_odd(rows: Rows) -> NDArray[np.bool_]:
    """Return which occasions are oddities, or work that is odd."""
    return np.asarray(_causes(rows) == ODDITY)


def _causes(rows: Rows) -> NDArray[np.int8]:
    source, odd = rows.occasions.source.astype(np.int8), rows.occasions.oddity >= 0
    return np.where((source == WORK) & odd, np.int8(ODDITY), source)


def _campaign_columns(
    campaigns: Campaigns, occasions: Occasions, cause: NDArray[np.int8]
) -> dict[str, tuple[NDArray[np.integer], tuple[str, ...] | None]]:
    """Return columns by occasion: codes, and the words they stand for."""
    campaign, misuse = occasions.campaign, occasions.source == MISUSE

    def told(column: NDArray[np.int8], otherwise: int) -> NDArray[np.int8]:
        return np.where(misuse, np.append(column, otherwise)[campaign], otherwise).astype(np.int8)

    slip = (cause == ODDITY) & np.isin(occasions.oddity, _SLIPS)
    intent = told(campaigns.intent, INTENTS.index("none"))
    intent[slip] = _ACCIDENTAL
    label = np.where(misuse, _POSITIVE, _NEGATIVE).astype(np.int8)
    label[intent == _ACCIDENTAL] = _IGNORE
    violation = told(campaigns.violation, VIOLATIONS.index("none"))
    violation[slip] = VIOLATIONS.index("purpose")
    odd = np.where(cause == ODDITY, occasions.oddity + len(MISUSE_KINDS), -1)
    odd[(cause == ODDITY) & (occasions.oddity < 0)] = -1
    kind = np.where(misuse, told(campaigns.kind, -1), odd).astype(np.int8)
    purpose = true_purposes(occasions)
    purpose[misuse & (occasions.topic != TOPIC["permit"])] = -1
    return {
        "cause": (cause, CAUSES),
        "kind": (kind, _KINDS),
        "label": (label, LABELS),
        "violation": (violation, VIOLATIONS),
        "campaign_id": (np.where(misuse, campaign, -1), tuple(campaigns.campaign_id.tolist())),
        "rung": (told(campaigns.rung, -1), RUNGS),
        "cover": (told(campaigns.cover, -1), COVERS),
        "intent": (intent, INTENTS),
        "tie": (told(campaigns.tie, -1), TIE_KINDS),
        "true_purpose": (purpose, PURPOSES),
        "severity": (told(campaigns.severity, 0), None),
    }


def _justifications(
    rows: Rows, some: NDArray[np.int64]
) -> dict[str, tuple[NDArray[np.integer], tuple[str, ...]]]:
    """Return the incident and the case that truly justify some occasions, as opaque ids."""
    out: dict[str, tuple[NDArray[np.integer], tuple[str, ...]]] = {}
    for kind, serial in (("incident", rows.occasions.incident), ("case", rows.occasions.case)):
        distinct, place = np.unique(serial[some], return_inverse=True)
        none = int(distinct.size > 0 and distinct[0] < 0)
        ids = opaque_id_in(rows.scenario, kind, rows.plan, distinct[none:])
        out[f"{kind}_id"] = (place - none, tuple(ids.tolist()))
    return out
