"""All that the metrics of one component share, each part worked out once, when first asked for.

A metric is a function of a tally and of weights, one row of cluster weights per draw; weights of 1
give its value, drawn weights its interval.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Final

import numpy as np

from misusebench import interval
from misusebench.metrics import alerts as alerting
from misusebench.metrics.alerts import Verdict
from misusebench.metrics.frame import NEVER
from misusebench.metrics.ranking import of_tally

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from misusebench.metrics.alerts import Alerts, Reviews
    from misusebench.metrics.frame import Scored
    from misusebench.metrics.ranking import Segments

BUDGET: Final = 10


@dataclass
class Tally:
    """A scored frame, the way it is reviewed, and what both give."""

    scored: Scored
    budget: int = BUDGET  # alerts read a day
    draws: int = interval.DRAWS
    seed: int = 0
    pause_days: int = alerting.PAUSE_DAYS
    orders: int = alerting.ORDERS
    drawn: dict[str, NDArray[np.float64]] = field(default_factory=dict, repr=False)

    @cached_property
    def cluster(self) -> NDArray[np.int32]:
        """Cluster of each officer."""
        together = [tuple(map(int, who)) for who in self.scored.campaigns.officers]
        return interval.clusters(len(self.scored.officers), together)

    @cached_property
    def clusters(self) -> int:
        """Number of clusters."""
        return int(self.cluster.max(initial=-1)) + 1

    @cached_property
    def ones(self) -> NDArray[np.float64]:
        """Weights that change nothing, one row."""
        return np.ones((1, self.clusters))

    @cached_property
    def weights(self) -> NDArray[np.float64]:
        """Drawn weights: draws x clusters, the same for every component on the same data."""
        return interval.weights(self.clusters, self.draws, self.seed)

    @cached_property
    def segments(self) -> Segments:
        """Rows counted by cluster and score, for ranking."""
        return of_tally(self)

    @cached_property
    def alerts(self) -> Alerts:
        """One alert per officer and day."""
        return alerting.officer_days(self.scored)

    @cached_property
    def reviews(self) -> Reviews:
        """Which alerts are read at the budget."""
        return alerting.review(
            self.alerts, self.budget, pause_days=self.pause_days, orders=self.orders,
            seed=self.seed,
        )  # fmt: skip

    @cached_property
    def campaign_cluster(self) -> NDArray[np.int32]:
        """Cluster of each campaign."""
        first = np.full(len(self.scored.campaigns.kind), -1, np.int32)
        rows = np.flatnonzero(self.scored.campaign >= 0)[::-1]
        first[self.scored.campaign[rows]] = self.cluster[self.scored.officer[rows]]
        return first

    @cached_property
    def caught(self) -> NDArray[np.float64]:
        """Probability, per campaign, that a read alert's evidence holds one of its queries."""
        alert, campaign = self.alerts.pairs(self.scored.campaign)
        return self.reviews.any_of(alert, campaign, len(self.scored.campaigns.kind))

    @cached_property
    def catches(self) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
        """Return (campaign, first time read, probability) of all ways to catch a campaign."""
        alert, campaign = self.alerts.pairs(self.scored.campaign)
        place, pair = self.reviews.read(alert)
        order, who = self.reviews.order[place], campaign[pair]
        when = self.alerts.read_us[alert[pair]]
        by = np.lexsort((when, who, order))
        new = np.ones(len(by), np.bool_)
        new[1:] = (np.diff(order[by]) != 0) | (np.diff(who[by]) != 0)
        who, when = who[by][new], when[by][new]
        both, count = np.unique(np.stack([who, when]), axis=1, return_counts=True)
        return both[0], both[1], count / self.reviews.orders

    @cached_property
    def innocent_years(self) -> NDArray[np.float64]:
        """Years, per officer, without any misuse so far."""
        until = np.clip(self.scored.guilty_us, self.scored.start_us, self.scored.end_us)
        return (until - self.scored.start_us) / (365.25 * 86_400e6)

    @cached_property
    def accused(self) -> NDArray[np.float64]:
        """Expected false accusations per officer."""
        false = self.alerts.verdict == Verdict.FALSE
        return totals(
            self.alerts.officer[false], self.reviews.chance[false], len(self.scored.officers)
        )

    @cached_property
    def innocent(self) -> NDArray[np.bool_]:
        """Officers who never do misuse."""
        return np.asarray(self.scored.guilty_us == NEVER)

    def per_cluster(
        self, officer: NDArray[np.int32], amount: NDArray[np.generic] | None = None
    ) -> NDArray[np.float64]:
        """Return the sum of an amount (1 by default) over each cluster."""
        return totals(self.cluster[officer], amount, self.clusters)


def totals(
    at: NDArray[np.integer], amount: NDArray[np.generic] | None, size: int
) -> NDArray[np.float64]:
    """Return the sum of an amount (1 by default) at each place from 0 to `size` - 1."""
    given = None if amount is None else amount.astype(np.float64)
    return np.bincount(at, given, size).astype(np.float64)


def ratio(
    weights: NDArray[np.float64], above: NDArray[np.float64], below: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return weighted sums of `above` over those of `below` per draw, NaN where that is 0."""
    num, den = weights @ above, weights @ below
    out = np.full(num.shape, np.nan)
    np.divide(num, den, out=out, where=den > 0)
    return out
