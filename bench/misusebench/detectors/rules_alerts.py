"""Alerts of rules: one a rule, officer and local day, raised by the first query that hits."""

from __future__ import annotations

from itertools import repeat
from typing import TYPE_CHECKING

import numpy as np

from misusebench.columns import DAY_US, micros, places
from misusebench.component import Alert

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

    from misusebench.detectors.rules_file import Rule


class Raised:
    """What was raised, so that later hits of the day add nothing, and what was not fetched yet."""

    def __init__(self) -> None:
        self._seen: dict[str, set[int]] = {}
        self._alerts: list[Alert] = []

    def alerts(self) -> list[Alert]:
        """Return what was raised since the last call."""
        found, self._alerts = self._alerts, []
        return found

    def begin(self, rows: pa.Table) -> None:
        """Go on to a batch."""
        self._officer, words = places(rows["officer_id"])
        self._officers: list[str | None] = [*words, None]  # the last is that of null, -1
        self._query = rows["query_id"].to_numpy()
        self._received = micros(rows["received_at"])
        officer = rows["officer_no"].fill_null(-1).to_numpy().astype(np.int64)
        self._key = (officer << 32) + micros(rows["local_time"]) // DAY_US

    def take(self, rule: Rule, hits: NDArray[np.int64]) -> None:
        """Raise what is new among the hits of a rule, in the order of the rows."""
        if not len(hits):
            return
        # The first row of each officer and day is all that can be new.
        first = np.sort(np.unique(self._key[hits], return_index=True)[1])
        seen = self._seen.setdefault(rule.id, set())
        hit = hits[first]
        keys = self._key[hit].tolist()
        hit = hit[[key not in seen for key in keys]]
        seen.update(keys)
        # Fields in the order of `Alert`; many are raised at once, so none is built by keyword.
        officers = map(self._officers.__getitem__, self._officer[hit].tolist())
        queries = zip(self._query[hit].tolist())
        self._alerts += map(
            Alert._make,
            zip(
                repeat("officer"), officers, self._received[hit].tolist(), repeat(rule.weight),
                queries, repeat(rule.reason), repeat(rule.id),
            ),
        )  # fmt: skip
