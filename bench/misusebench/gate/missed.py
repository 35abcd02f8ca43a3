"""What a loss is about: the kind of misuse that lost most, a campaign that is no longer found."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from misusebench import metrics

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    #: What base and head say of a component, as `baselines.py` keeps it.
    Pair = tuple[Mapping[str, Any], Mapping[str, Any]]

#: Families of metrics with a member for each kind of misuse.
BY_KIND: Final = ("campaign_recall", "misuse_prevented")


def is_of_misuse(metric: str) -> bool:
    """Tell whether a loss is of misuse found or prevented, and not of what honest people bear.

    Examples
    --------
    >>> [is_of_misuse(name) for name in ("campaign_recall/favour", "time_to_detect_rmst_30d")]
    [True, True]
    >>> [is_of_misuse(name) for name in ("false_accusations", "honest_blocked")]
    [False, False]
    """
    family = metric.partition("/")[0]
    return family.startswith("time_to_detect") or metrics.metric(family).direction == "higher"


def worst_kind(pairs: Sequence[Pair], metric: str = "") -> tuple[str, float] | None:
    """Return the kind that lost most, and how much of its recall; None if none lost anything.

    Parameters
    ----------
    pairs
        Base and head of one component, one a data set; losses are averaged.
    metric
        What the loss is of; one kind's metric is about that kind.
    """
    losses: dict[str, float] = {}
    for base, head in pairs:
        for name, told in base["metrics"].items():
            family, _, kind = name.partition("/")
            after = head["metrics"].get(name, {}).get("value")
            if family in BY_KIND and kind and told["value"] is not None and after is not None:
                losses[kind] = losses.get(kind, 0.0) + (told["value"] - after) / len(pairs)
    family, _, own = metric.partition("/")
    if family in BY_KIND and own in losses:
        losses = {own: losses[own]}
    kind = max(losses, key=losses.__getitem__, default="")
    return (kind, losses[kind]) if kind and losses[kind] > 0 else None


def missed_campaign(pair: Pair, kind: str | None = None) -> tuple[str, str] | None:
    """Return (id, kind) of a campaign that base finds and head does not, of a kind if there is one.

    Found is: by the evidence of an alert that is read at the budget, or at least half of its
    queries denied for good by a policy.

    Examples
    --------
    >>> base, head = {"found": {"snooping": ["c1", "c2"]}}, {"found": {"snooping": ["c2"]}}
    >>> missed_campaign((base, head)), missed_campaign((head, base))
    (('c1', 'snooping'), None)
    """
    base, head = (one.get("found") or {} for one in pair)
    still = {name for names in head.values() for name in names}
    lost = [(name, k) for k in sorted(base) for name in sorted(set(base[k]) - still)]
    return min(lost, key=lambda one: (one[1] != kind, one[1], one[0]), default=None)


def lost_rule(pair: Pair) -> str | None:
    """Return the rule that lost most campaigns, then most misuse queries; None if none lost any.

    Examples
    --------
    >>> base = {"rules": {"a": {"campaigns": 3, "queries": 9}, "b": {"campaigns": 2, "queries": 8}}}
    >>> lost_rule((base, {"rules": {"a": {"campaigns": 3, "queries": 8}}}))
    'b'
    """
    base, head = (one.get("rules") or {} for one in pair)
    losses = {
        rule: tuple(
            told.get(part, 0) - head.get(rule, {}).get(part, 0) for part in ("campaigns", "queries")
        )
        for rule, told in base.items()
    }
    rule = max(losses, key=lambda name: (*losses[name], name), default=None)
    return rule if rule is not None and losses[rule] > (0, 0) else None
