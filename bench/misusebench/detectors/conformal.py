"""A layer over any detector that says how sure an alert is, and controls false discoveries."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from misusebench.columns import DAY_US, Words, keys, micros
from misusebench.component import Alert
from misusebench.detectors.inner import Inner
from misusebench.streaming import combine

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pyarrow as pa
    from numpy.typing import NDArray

    Ints = NDArray[np.int64]
    Floats = NDArray[np.float64]


class Conformal:
    """Conformal p-values of officer-days, and alerts by Benjamini and Hochberg.

    Vovk, Gammerman and Shafer, 2005; Bates, Candes, Lei, Romano and Sesia, Annals of Statistics 51,
    2023, on testing for outliers. An officer's day is the largest score of its rows; p = (1 + days
    of the calibration that score as high) / (days + 1). Officer-days and not rows are calibrated,
    since an officer's rows hang together. Rows keep the order of the detector within: the score is
    the row's own -ln p, small ties apart.

    Known weakness: officers are not exchangeable either (new ones, new units), which conformal
    control assumes; of n days of calibration no p is below 1 / (n + 1), so few raise no alert.
    """

    name = "conformal"

    def __init__(
        self, detector: str = "peer_z", parameters: Mapping[str, Any] | None = None,
        share: float = 0.5, q: float = 0.1, tier: str = "T1",
    ) -> None:  # fmt: skip
        self._inner, self._share, self._q = Inner(detector, parameters, tier), share, q
        self._officers = Words()
        self._known = np.zeros(0)
        self._day: dict[int, dict[int, tuple[float, int]]] = {}
        self._when = 0
        self.tiers, self.needs = self._inner.tiers, tuple(
            dict.fromkeys(("query_id", "officer_id", "received_at", *self._inner.needs))
        )  # fmt: skip

    def fit(self, history: pa.Table, context: Mapping[str, pa.Table]) -> None:
        """Let the detector learn from a part of the history and calibrate on the rest."""
        score = self._inner.fit(history, context, self._share)
        rest = history.slice(len(history) - len(score))
        officer, day = self._officers.codes(rest["officer_id"]), micros(rest["received_at"])
        _, place = np.unique(combine(officer, day // DAY_US), return_inverse=True)
        best = np.full(int(place.max(initial=-1)) + 1, -np.inf)
        np.maximum.at(best, place.reshape(-1), score)
        self._known = np.sort(best)

    def observe(self, table: str, rows: pa.Table) -> None:
        """Pass context rows on."""
        self._inner.observe(table, rows)

    def score(self, batch: pa.RecordBatch) -> Floats:
        """Return -ln p of each row's own score."""
        score = self._inner.score(batch)
        officer = self._officers.codes(batch["officer_id"]).tolist()
        day = (micros(batch["received_at"]) // DAY_US).tolist()
        for one in zip(officer, day, score.tolist(), keys(batch["query_id"]).tolist(), strict=True):
            self._remember(*one)
        return -np.log(self._p(score))

    def alerts(self, now: int) -> list[Alert]:
        """Return the discoveries of all days before that of the last row.

        A day is over when a row of a later one came, however rows are cut into batches; the last
        day of a log is never known to be over.
        """
        del now
        over = sorted(self._day)[:-1]
        return [alert for day in over for alert in self._discovered(day, self._day.pop(day))]

    def _remember(self, officer: int, day: int, score: float, query: int) -> None:
        own = self._day.setdefault(day, {})
        if officer not in own or score > own[officer][0]:
            own[officer] = (score, query)

    def _p(self, score: Floats) -> Floats:
        above = len(self._known) - np.searchsorted(self._known, score, side="left")
        return np.asarray((1.0 + above) / (len(self._known) + 1.0))

    def _discovered(self, day: int, own: dict[int, tuple[float, int]]) -> list[Alert]:
        names = self._officers.words()
        rows = sorted(own.items(), key=lambda row: (-row[1][0], names[row[0]]))
        p = self._p(np.array([score for _, (score, _) in rows]))
        passed = np.flatnonzero(p <= self._q * np.arange(1, len(p) + 1) / len(p))
        return [
            Alert("officer", names[officer], (day + 1) * DAY_US, float(-np.log(chance)), (query,),
                  f"{self._inner.name}: p {chance:.2g} among {len(self._known):,} earlier days",
                  "conformal")
            for (officer, (_, query)), chance in zip(
                rows[: int(passed[-1]) + 1 if len(passed) else 0], p.tolist(), strict=False
            )
        ]  # fmt: skip
