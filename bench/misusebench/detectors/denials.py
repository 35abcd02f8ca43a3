"""How often an officer was denied of late: what a detector can make of a policy before it.

Tier T0 with the column `prior_decision`, which batches have where a suite names the policy that
ran first (``after = "eleven_rules"``). Reference: NIST SP 800-53 AC-7 counts failed logon attempts
within a span of time the same way; here it is denied queries.
"""

from __future__ import annotations

from collections import defaultdict, deque
from typing import TYPE_CHECKING, Final

import numpy as np

from misusebench.columns import DAY_US, Words, distinct, micros

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

PRIOR: Final = "prior_decision"
_DENIED: Final = "deny"


class Denials:
    """Denied queries of the officer within some days before the row, and the row's own denial.

    Known weakness: whom the policy never denies is invisible, so misuse that is well declared is;
    officers whose work the rules misjudge (a shift not on the roster) collect denials and lead the
    list. Without a policy before it all scores are 0.

    Parameters
    ----------
    days
        How long a denial counts.
    """

    name = "denials"
    tiers = ("T0", "T1", "T2", "T3")
    needs = ("officer_id", "received_at")

    def __init__(self, days: float = 14.0) -> None:
        self._span_us = int(days * DAY_US)
        self._officers = Words()
        self._denied: dict[int, deque[int]] = defaultdict(deque)

    def score(self, batch: pa.RecordBatch) -> NDArray[np.float64]:
        """Return the number of denials."""
        officer = self._officers.codes(batch["officer_id"]).tolist()
        time, denied = micros(batch["received_at"]).tolist(), self._now(batch).tolist()
        found = map(self._one, officer, time, denied)
        return np.fromiter(found, np.float64, len(officer))

    def _one(self, officer: int, time: int, denied: bool) -> int:
        times = self._denied[officer]
        while times and times[0] <= time - self._span_us:
            times.popleft()
        if denied:
            times.append(time)
        return len(times)

    @staticmethod
    def _now(batch: pa.RecordBatch) -> NDArray[np.bool_]:
        if PRIOR not in batch.schema.names:
            return np.zeros(batch.num_rows, np.bool_)
        place, words = distinct(batch[PRIOR])
        return np.array([*(word == _DENIED for word in words), False])[place]
