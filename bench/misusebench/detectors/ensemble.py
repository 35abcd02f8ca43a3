"""The mean rank of several detectors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from misusebench.detectors.inner import Inner, common_needs, common_tiers

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pyarrow as pa
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

MEMBERS: Final = ("peer_z", "ngram", "collaborative", "rules")


class Ensemble:
    """Mean over its members of the share of calibration rows that score lower than a row.

    Ranks within a batch would tell a row's score from later rows; these are ranks among the last
    third of the history, which the members did not learn from. Aggarwal and Sathe, 2015, on
    averaging unlike detectors.

    Known weakness: a member at chance dilutes the others; ties beyond the largest calibration
    score are not told apart.
    """

    name = "ensemble"

    def __init__(
        self, members: Sequence[str] = MEMBERS, parameters: Mapping[str, Any] | None = None,
        share: float = 2 / 3, tier: str = "T1",
    ) -> None:  # fmt: skip
        own = dict(parameters or {})
        self._members = [Inner(name, own.get(name), tier) for name in members]
        self._share = share
        self._calibration: list[Floats] = []
        self.tiers, self.needs = common_tiers(self._members), common_needs(self._members)

    def fit(self, history: pa.Table, context: Mapping[str, pa.Table]) -> None:
        """Let all members learn, and keep what they score rows that they did not learn from."""
        self._calibration = [
            np.sort(member.fit(history, context, self._share)) for member in self._members
        ]

    def observe(self, table: str, rows: pa.Table) -> None:
        """Pass context rows on."""
        for member in self._members:
            member.observe(table, rows)

    def score(self, batch: pa.RecordBatch) -> Floats:
        """Return the mean rank, from 0 to 1; half of the ties count."""
        total = np.zeros(batch.num_rows)
        for member, known in zip(self._members, self._calibration, strict=True):
            score = member.score(batch)
            low, high = (np.searchsorted(known, score, side=s) for s in ("left", "right"))
            total += (low + high) / (2 * max(1, len(known)))
        return total / len(self._members)
