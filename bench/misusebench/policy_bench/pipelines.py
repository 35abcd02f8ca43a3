"""Policy and detector together at one review budget: who stops what, and at what price.

Five ways: the policy alone; the detector alone; the policy, then the detector, which may see what
was denied (`prior_decision`); the policy in shadow, which blocks nothing and counts what it would
have; the detector's score as it comes in raising a challenge.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from misusebench.metrics.burden import false_accusations
from misusebench.metrics.friction import honest_blocked
from misusebench.metrics.prevention import matrix, misuse_prevented, prevented_adjusted

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from misusebench.metrics import Decided, Scored, Tally

    Floats = NDArray[np.float64]

#: Share of a kind from which it counts as stopped or found.
LEAST = 0.5


class Pipeline(NamedTuple):
    """One way of using both, in shares; None where it has no value."""

    name: str
    campaigns: float | None  # stopped or found, in expectation
    prevented: float | None  # misuse queries that do not happen
    challenged: float | None  # misuse queries challenged
    hindered: float | None  # honest queries denied or challenged
    would_block: float | None  # honest queries that a policy in shadow would have denied
    accusations: float | None  # false ones per 1,000 officer-years


def pipelines(
    decided: Decided, alone: Tally, after: Tally | None = None, quantile: float = 0.999
) -> list[Pipeline]:
    """Return the five ways of using a policy and a detector.

    Parameters
    ----------
    decided
        Of the policy.
    alone
        The detector's scores where no policy ran, with the review budget.
    after
        Its scores where it saw what the policy had decided; None: it takes no note of that.
    quantile
        Of all earlier scores, from which a score raises a challenge.
    """
    then = alone if after is None else after
    prevented, blocked = remains(decided), _one(honest_blocked(decided, decided.ones))
    denied = _one(misuse_prevented(decided, decided.ones))
    adjusted = _one(prevented_adjusted(decided, decided.ones))
    stays = denied if adjusted is None else adjusted
    return [
        Pipeline("policy only", _mean(prevented), stays, 0.0, blocked, None, 0.0),
        Pipeline("detector only", _mean(alone.caught), 0.0, 0.0, 0.0, None, _accused(alone)),
        Pipeline("policy, then detector", _mean(1 - (1 - prevented) * (1 - then.caught)), stays,
                 0.0, blocked, None, _accused(then)),
        Pipeline("policy in shadow", _mean(alone.caught), 0.0, 0.0, 0.0, blocked, _accused(alone)),
        _challenging(alone, quantile),
    ]  # fmt: skip


def _challenging(tally: Tally, quantile: float) -> Pipeline:
    scored = tally.scored
    raised = challenged(scored, quantile)
    honest = ~scored.positive & ~scored.ignore
    rows = raised & (scored.campaign >= 0)
    met = np.zeros(len(scored.campaigns.kind))
    met[scored.campaign[rows]] = 1.0
    return Pipeline(
        "score challenges", _mean(met), 0.0, _share(raised, scored.positive),
        _share(raised, honest), None, 0.0,
    )  # fmt: skip


def challenged(scored: Scored, quantile: float) -> NDArray[np.bool_]:
    """Return which queries a score challenges: those at or above a quantile of all earlier days'.

    On the first day nothing is known yet and nobody is challenged. A day's threshold is what all
    officers' scores of the days before it give, so no later score has part in it.

    Examples
    --------
    >>> from misusebench.metrics import labelled
    >>> days = np.array([0, 0, 1, 1])
    >>> rows = labelled(np.array([1.0, 9.0, 8.0, 9.0]), np.zeros(4, bool), day=days)
    >>> challenged(rows, 1.0).tolist()
    [False, False, False, True]
    """
    raised = np.zeros(len(scored.score), np.bool_)
    days = np.unique(scored.day)
    for day in days[1:].tolist():
        own = scored.day == day
        bound = np.quantile(scored.score[scored.day < day], quantile, method="inverted_cdf")
        raised[own] = scored.score[own] >= bound
    return raised


def by_kind(
    scored: Scored, caught: Floats, prevented: Floats
) -> dict[str, dict[str, float | int | None]]:
    """Return the matrix policy only, detector only, both, neither for each kind of misuse.

    Parameters
    ----------
    scored
        Whose campaigns they are.
    caught
        Per campaign: probability that the detector's read alerts show it.
    prevented
        Per campaign: share of its queries that the policy stops.

    Examples
    --------
    >>> from misusebench.metrics.decided import example
    >>> told = by_kind(example().scored, np.array([0.5]), np.array([1.0]))
    >>> told["permit_checks"]["policy_only"], told["permit_checks"]["both"]
    (0.5, 0.5)
    """
    kind = scored.campaigns.kind
    return {
        scored.kinds[k]: matrix(caught[kind == k], prevented[kind == k]) for k in np.unique(kind)
    }


def remains(decided: Decided) -> Floats:
    """Return per campaign the share of its queries that are denied and do not come back and pass.

    Examples
    --------
    >>> from misusebench.metrics.decided import example
    >>> remains(example()).tolist()
    [0.0]
    """
    scored = decided.scored
    rows = scored.campaign >= 0
    size = len(scored.campaigns.kind)
    stays = np.bincount(scored.campaign[rows], decided.stays[rows], size)
    return np.asarray(stays / np.bincount(scored.campaign[rows], minlength=size), np.float64)


def verdict(cells: Mapping[str, Any], least: float = LEAST) -> str:
    """Return who stops at least a share of a kind: policy only, detector only, both, neither.

    Examples
    --------
    >>> verdict({"policy_only": 0.4, "detector_only": 0.1, "both": 0.3, "neither": 0.2})
    'policy only'
    """
    policy = cells["policy_only"] + cells["both"] >= least
    detector = cells["detector_only"] + cells["both"] >= least
    return {
        (True, True): "both", (True, False): "policy only", (False, True): "detector only",
        (False, False): "neither",
    }[policy, detector]  # fmt: skip


def _one(values: Floats) -> float | None:
    return float(values[0]) if np.isfinite(values[0]) else None


def _mean(values: Floats) -> float | None:
    return float(values.mean()) if len(values) else None


def _share(part: NDArray[np.bool_], whole: NDArray[np.bool_]) -> float | None:
    return float((part & whole).sum() / whole.sum()) if whole.any() else None


def _accused(tally: Tally) -> float | None:
    return _one(false_accusations(tally, tally.ones))


def render(found: Sequence[Pipeline]) -> list[str]:
    """Return the ways as lines of Markdown."""
    heads = ("pipeline", "campaigns stopped or found", "misuse prevented", "misuse challenged",
             "honest hindered", "would have blocked", "false accusations")  # fmt: skip
    lines = ["| " + " | ".join(heads) + " |", "|" + "---|" * len(heads)]
    for one in found:
        shares = one[1:-1]
        cells = ["–" if s is None else f"{s:.1%}" for s in shares]  # noqa: RUF001
        told = "–" if one.accusations is None else f"{one.accusations:,.0f}"  # noqa: RUF001
        lines.append(f"| {one.name} | " + " | ".join([*cells, told]) + " |")
    return lines


def render_kinds(told: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Return the matrices of :func:`by_kind` as lines of Markdown, with their verdicts."""
    names = ("policy_only", "detector_only", "both", "neither")
    heads = ["kind", "campaigns", *(n.replace("_", " ") for n in names), "who stops half of it"]
    lines = ["| " + " | ".join(heads) + " |", "|" + "---|" * len(heads)]
    for kind in sorted(told):
        cells = [f"{told[kind][n]:.1%}" for n in names]
        count = f"{told[kind]['campaigns']:,}"
        lines.append("| " + " | ".join([kind, count, *cells, verdict(told[kind])]) + " |")
    return lines
