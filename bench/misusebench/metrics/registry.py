"""What every metric is called, means and tolerates: one entry a metric, and nothing else knows.

Some entries are families with one member per kind, oddity or rule: `campaign_recall/retaliation`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from misusebench.metrics import burden, campaigns, friction, prevention, ranking, regret, speed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Direction = Literal["higher", "lower", "none"]


@dataclass(frozen=True, slots=True)
class Tolerance:
    """How far a metric may move for the worse: the larger of both bounds."""

    absolute: float = 0.0
    relative: float = 0.0

    def margin(self, base: float) -> float:
        """Return the largest loss from `base` that is no regression.

        Examples
        --------
        >>> Tolerance(0.01, 0.1).margin(0.5)
        0.05
        """
        return max(self.absolute, abs(base) * self.relative)


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric: how it is computed and how its values are read."""

    fn: Callable[..., object]
    unit: str  # share, days, ratio, per_1000_officer_years, ...
    direction: Direction  # which way is better
    tolerance: Tolerance = Tolerance()
    gates: bool = False  # whether a loss can fail CI
    undefined: str = ""  # why it may have no value
    of: str = "detector"  # detector, policy, component or pair (of a detector and its oracle)

    @property
    def doc(self) -> str:
        """The first line of what it means."""
        return (self.fn.__doc__ or "").strip().partition("\n")[0]


_NO_MISUSE: Final = "no misuse among the scored queries"
_NO_CAMPAIGN: Final = "no campaign among the scored queries"
_NO_ALERT: Final = "nobody was accused wrongly"
_NOT_FOLLOWED: Final = "nothing of the kind was denied, or reactions to denials were not asked"
_SHARE: Final = Tolerance(absolute=0.005)
_RECALL: Final = Tolerance(absolute=0.01)

REGISTRY: Final[dict[str, Metric]] = {
    "average_precision": Metric(
        ranking.tally_average_precision, "share", "higher", _SHARE, gates=True,
        undefined=_NO_MISUSE,
    ),
    "lift": Metric(ranking.tally_lift, "times", "higher", undefined=_NO_MISUSE),
    "regret": Metric(
        regret.regret, "share", "lower", undefined="no oracle of this tier was run", of="pair"
    ),
    "below_oracle": Metric(
        regret.below_oracle, "share", "lower", undefined="no oracle of this tier was run",
        of="pair",
    ),
    "auroc": Metric(ranking.tally_auroc, "share", "higher", undefined=_NO_MISUSE),
    "partial_auroc": Metric(ranking.tally_partial_auroc, "share", "higher", undefined=_NO_MISUSE),
    "precision_at_budget": Metric(
        burden.precision_at_budget, "share", "higher", _RECALL, gates=True,
        undefined="no alert was read",
    ),
    "recall_at_budget": Metric(
        burden.recall_at_budget, "share", "higher", _RECALL, gates=True, undefined=_NO_MISUSE
    ),
    "campaign_recall": Metric(
        campaigns.campaign_recall, "share", "higher", _RECALL, gates=True, undefined=_NO_CAMPAIGN
    ),
    "recall_macro": Metric(
        campaigns.recall_macro, "share", "higher", _RECALL, gates=True, undefined=_NO_CAMPAIGN
    ),
    "recall_min": Metric(
        campaigns.recall_min, "share", "higher", _RECALL, gates=True, undefined=_NO_CAMPAIGN
    ),
    "harm_weighted_recall": Metric(
        campaigns.harm_weighted_recall, "share", "higher", _RECALL, undefined=_NO_CAMPAIGN
    ),
    "leaked_queries": Metric(
        campaigns.leaked_queries, "queries_per_campaign", "lower", undefined=_NO_CAMPAIGN
    ),
    "time_to_detect_median": Metric(
        campaigns.time_to_detect_median, "days", "lower",
        undefined="fewer than half of the campaigns were caught",
    ),
    "time_to_detect_q80": Metric(
        campaigns.time_to_detect_q80, "days", "lower",
        undefined="fewer than 80 % of the campaigns were caught",
    ),
    "time_to_detect_rmst_30d": Metric(
        campaigns.time_to_detect_rmst, "days", "lower", Tolerance(absolute=0.25), gates=True,
        undefined="no campaign was observed for 30 days",
    ),
    "false_accusations": Metric(
        burden.false_accusations, "per_1000_officer_years", "lower", Tolerance(relative=0.02),
        gates=True, undefined="no innocent officer",
    ),
    "false_accusations_per_100k": Metric(
        burden.false_accusations_per_100k, "per_100000_queries", "lower",
        undefined="no honest query",
    ),
    "accusation_disparity": Metric(
        burden.accusation_disparity, "ratio", "lower",
        undefined="fewer than two agencies of an innocent officer-year",
    ),
    "repeat_flag_gini": Metric(burden.repeat_flag_gini, "share", "lower", undefined=_NO_ALERT),
    "repeat_flag_top_share": Metric(
        burden.repeat_flag_top_share, "share", "lower", undefined=_NO_ALERT
    ),
    "alert_rate": Metric(burden.alert_rate, "share", "lower", undefined="no such oddity"),
    "misuse_prevented": Metric(
        prevention.misuse_prevented, "share", "higher", _SHARE, gates=True,
        undefined=_NO_MISUSE, of="policy",
    ),
    "prevented_macro": Metric(
        prevention.prevented_macro, "share", "higher", _SHARE, gates=True,
        undefined=_NO_MISUSE, of="policy",
    ),
    "prevented_min": Metric(
        prevention.prevented_min, "share", "higher", _SHARE, gates=True,
        undefined=_NO_MISUSE, of="policy",
    ),
    "prevented_adjusted": Metric(
        prevention.prevented_adjusted, "share", "higher", _SHARE, undefined=_NOT_FOLLOWED,
        of="policy",
    ),
    "misuse_returned": Metric(
        prevention.misuse_returned, "share", "lower", _SHARE, undefined=_NOT_FOLLOWED, of="policy"
    ),
    "honest_blocked": Metric(
        friction.honest_blocked, "share", "lower", _SHARE, gates=True,
        undefined="no honest query", of="policy",
    ),
    "honest_blocked_per_100_shifts": Metric(
        friction.honest_blocked_per_100_shifts, "queries_per_100_shifts", "lower",
        Tolerance(absolute=0.1, relative=0.02), gates=True,
        undefined="no shift in the scored part", of="policy",
    ),
    "urgent_blocked_per_100_shifts": Metric(
        friction.urgent_blocked_per_100_shifts, "queries_per_100_shifts", "lower",
        Tolerance(absolute=0.1, relative=0.02),
        undefined="no shift in the scored part, or no incidents are known", of="policy",
    ),
    "honest_challenged": Metric(
        friction.honest_challenged, "share", "lower", _SHARE, undefined="no honest query",
        of="policy",
    ),
    "honest_recovered": Metric(
        friction.honest_recovered, "share", "higher", _SHARE, undefined=_NOT_FOLLOWED, of="policy"
    ),
    "honest_delay": Metric(
        friction.honest_delay, "s", "lower", undefined=_NOT_FOLLOWED, of="policy"
    ),
    "break_glass_rate": Metric(
        friction.break_glass_rate, "share", "none", undefined="no query", of="policy"
    ),
    "break_glass_abuse": Metric(
        friction.break_glass_abuse, "share", "lower",
        undefined="no permitted query set the emergency flag", of="policy",
    ),
    "lawful_licensing_blocked": Metric(
        friction.lawful_licensing_blocked, "share", "lower", Tolerance(absolute=0.001),
        gates=True, undefined="no lawful licensing query", of="policy",
    ),
    "fail_open": Metric(
        prevention.fail_open, "share", "lower", gates=True,
        undefined="no answer with an error", of="policy",
    ),
    "fail_open_rate": Metric(
        prevention.fail_open_rate, "share", "lower", gates=True,
        undefined="nothing was denied, or it was not asked again", of="policy",
    ),
    "error_rate": Metric(
        prevention.error_rate, "share", "lower", undefined="no query", of="policy"
    ),
    "rule_count": Metric(prevention.rule_counts, "queries", "none", of="policy"),
    "rows_per_s": Metric(speed.rows_per_s, "rows_per_s", "higher", of="component",
                         undefined="no batch was timed"),
    "single_row_ms": Metric(speed.single_row_ms, "ms", "lower", of="component",
                            undefined="too few single rows were timed"),
    "fit_s": Metric(speed.fit_s, "s", "lower", of="component", undefined="not timed"),
    "peak_mib": Metric(speed.peak_mib, "MiB", "lower", of="component", undefined="not measured"),
}  # fmt: skip


def metric(name: str) -> Metric:
    """Return the metric of a name or of a member of a family (`family/member`).

    Raises
    ------
    KeyError
        If there is none.
    """
    return REGISTRY[name.partition("/")[0]]


def of_kind(kind: str) -> Iterator[tuple[str, Metric]]:
    """Yield the (name, metric) pairs of detectors or policies, without the families' members."""
    return ((name, one) for name, one in REGISTRY.items() if one.of == kind)
