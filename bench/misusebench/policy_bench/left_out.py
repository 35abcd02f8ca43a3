"""Does a policy open when it knows less? Denied queries again, one fact left out at a time.

A query that is permitted for want of a fact is one that anybody gets who keeps that fact from the
policy, and one that passes when the fact's source is down.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa

from misusebench.metrics.decided import DENY, PERMIT
from misusebench.policies.language import read_policy

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from misusebench.isolated import Decisions

#: Denied queries that are tried; of policies on our side of the boundary, each a round trip.
TRIED: Final = 200
TRIED_REMOTE: Final = 20
#: Of a query that was not tried, that stays denied, and that is permitted once a fact is missing.
NOT_TRIED, HELD, OPENED = -1, 0, 1


def left_out(
    facts: pa.Table,
    said: Decisions,
    ask: Callable[[pa.Table], Decisions],
    names: Sequence[str],
    most: int = TRIED,
) -> NDArray[np.int8]:
    """Return per query whether it is permitted once some fact is missing.

    Parameters
    ----------
    facts
        Of all queries that were decided.
    said
        What the policy said of them; queries that it denied with an error are not tried.
    ask
        Decides tables of facts.
    names
        Facts that are left out in turn.
    most
        Queries that are tried, evenly spread over those denied.
    """
    faulty = np.array([bool(errors) for _, errors in said.explanations] + [False])
    denied = np.flatnonzero((said.outcome == DENY) & ~faulty[said.why])
    places = np.linspace(0, len(denied) - 1, min(most, len(denied))).astype(np.int64)
    rows = denied[np.unique(places)]
    found = np.full(len(said.outcome), NOT_TRIED, np.int8)
    found[rows] = HELD
    asked = facts.take(pa.array(rows))
    for name in names:
        present = np.flatnonzero(asked[name].is_valid().to_numpy())
        if not len(present):
            continue
        part = asked.take(pa.array(present))
        nothing = pa.nulls(len(present), part.schema.field(name).type)
        part = part.set_column(part.column_names.index(name), name, nothing)
        found[rows[present[ask(part).outcome == PERMIT]]] = OPENED
    return found


def names_to_leave_out(facts: pa.Table, source: Any) -> list[str]:
    """Return the facts that a request may lack; of a policy as data, those without a default.

    Parameters
    ----------
    facts
        Of queries.
    source
        What the policy's `load` was given.
    """
    names = [name for name in facts.column_names if "." in name and name != "action.name"]
    if not isinstance(source, dict):
        return names
    policy = read_policy(source["name"], source["text"])
    return [name for name in names if name in policy.kinds and name not in policy.defaults]
