"""Points of the report's figures, so that a figure never computes: at most 200 a curve."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from misusebench import interval
from misusebench.metrics import burden, campaigns
from misusebench.metrics.alerts import Verdict, review

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from misusebench.metrics.tally import Tally

    Floats = NDArray[np.float64]

POINTS: Final = 200
#: Draws kept per gated metric, for paired differences where raw scores or data are gone.
KEPT_DRAWS: Final = 500
BUDGETS: Final = (1, 2, 5, 10, 20, 50, 100)
#: Price of a misuse query that nobody stops, in reviews of one alert.
RATIOS: Final = (0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0)
#: Price of a false accusation, in reviews of one alert (assumption).
ACCUSATION_PRICE: Final = 10.0
#: Orders averaged where ties decide: fewer than for the metrics, for there are seven budgets.
_ORDERS: Final = 40


def detector_curves(tally: Tally, gated: Mapping[str, Floats]) -> dict[str, Any]:
    """Return what the report draws of a detector: plain JSON.

    Parameters
    ----------
    tally
        Scores, truth and reviews.
    gated
        Draws of the gated metrics, kept for later comparisons.
    """
    return {
        "precision_recall": precision_recall(tally),
        "time_to_detect": time_to_detect(tally),
        "kinds": kinds(tally),
        "oddities": oddity_rates(tally),
        "cost": cost(tally),
        "alerts": alert_counts(tally),
        "misusing_officers": tally.scored.misusing_officers,
        "interval_reliable": tally.scored.misusing_officers >= interval.LEAST_OFFICERS,
        "budget": tally.budget,
        "draws": kept(tally.seed, gated),
    }


def kept(seed: int, gated: Mapping[str, Floats]) -> dict[str, Any]:
    """Return the first draws of each metric, six digits, with what they depend on."""
    return {
        "seed": seed,
        "values": {
            name: [float(f"{v:.6g}") if np.isfinite(v) else None for v in drawn[:KEPT_DRAWS]]
            for name, drawn in gated.items()
        },
    }


def _thinned(x: Floats, most: int = POINTS) -> NDArray[np.int64]:
    """Return places that are evenly spread over x, with both ends, at most `most`."""
    if len(x) <= most:
        return np.arange(len(x))
    wanted = np.linspace(x[0], x[-1], most)
    return np.unique(np.append(np.searchsorted(x, wanted[:-1]), len(x) - 1))


def precision_recall(tally: Tally) -> dict[str, Any]:
    """Return the precision-recall steps over distinct scores, and the point of the budget.

    The point is where as many queries are flagged as alerts can be read in the scored days.
    """
    scored = tally.scored
    rows = ~scored.ignore
    positive, score = scored.positive[rows], scored.score[rows]
    order = np.argsort(-score, kind="stable")
    last = np.ones(len(order), np.bool_)
    last[:-1] = score[order[1:]] != score[order[:-1]]
    flagged = np.flatnonzero(last) + 1
    true = positive[order].cumsum()[flagged - 1]
    total = int(positive.sum())
    if not total:
        return {"recall": [], "precision": [], "base_rate": 0.0, "budget": None}
    recall, precision = true / total, true / flagged
    reached = int(np.searchsorted(flagged, tally.budget * scored.days))
    at = min(reached, len(flagged) - 1)
    keep = _thinned(recall)
    return {
        "recall": _digits(recall[keep]),
        "precision": _digits(precision[keep]),
        "base_rate": total / len(positive),
        "budget": {"recall": float(recall[at]), "precision": float(precision[at]),
                   "flagged": int(flagged[at])},
    }  # fmt: skip


def time_to_detect(tally: Tally) -> dict[str, Any]:
    """Return the share of campaigns still undetected by day, and for how long some were seen.

    Empty without campaigns.
    """
    if not len(tally.caught):
        return {}
    days, left = next(campaigns.undetected(tally, tally.ones))
    keep = _thinned(days)
    _, observed, _, _ = campaigns.entries(tally)
    return {
        "days": _digits(days[keep]), "undetected": _digits(left[0, keep]),
        "until": float(observed.max(initial=0.0)), "campaigns": len(tally.caught),
    }  # fmt: skip


def kinds(tally: Tally) -> list[dict[str, Any]]:
    """Return campaigns and the share caught per kind and rung, and per kind (rung None)."""
    found = []
    told = tally.scored.campaigns
    pairs = [(kind, None) for kind in campaigns.kinds(tally)]
    for kind, rung in [*pairs, *campaigns.kinds_and_rungs(tally)]:
        own = told.kind == tally.scored.kinds.index(kind)
        if rung is not None:
            own &= told.rung == tally.scored.rungs.index(rung)
        recall = campaigns.campaign_recall(tally, tally.ones, kind, rung)[0]
        found.append({"kind": kind, "rung": rung, "n": int(own.sum()), "recall": float(recall)})
    return found


def oddity_rates(tally: Tally) -> list[dict[str, Any]]:
    """Return the alert rate and the officer-days of each oddity."""
    found = []
    for name in burden.oddities(tally):
        own = tally.scored.oddity == tally.scored.oddities.index(name)
        days = np.unique(np.stack([tally.scored.officer[own], tally.scored.day[own]]), axis=1)
        rate = float(burden.alert_rate(tally, tally.ones, name)[0])
        found.append({"oddity": name, "officer_days": days.shape[1], "rate": rate})
    return found


def alert_counts(tally: Tally) -> dict[str, float]:
    """Return how many alerts are read, by what the review finds; expected where ties decide."""
    return {
        verdict.name.lower(): float(tally.reviews.chance[tally.alerts.verdict == verdict].sum())
        for verdict in Verdict
    }


def cost(tally: Tally) -> dict[str, Any]:
    """Return the price of misuse and of looking for it, per budget and price of misuse.

    C = alerts read + 10 · false accusations + price · misuse queries that were not stopped
    (weighted by severity), in reviews of one alert; `best` is the lower envelope over budgets,
    reading nothing among them. Empty without campaigns.

    Examples
    --------
    One misuse at the top, three honest rows: at a budget of 1 the alert costs 1 and nothing else
    leaks after it, but the one query has been made.

    >>> from misusebench.metrics.frame import labelled
    >>> from misusebench.metrics.tally import Tally
    >>> small = Tally(labelled(np.array([0.9, 0.3, 0.2, 0.1]), np.array([1, 0, 0, 0], bool),
    ...                        campaign=np.array([0, -1, -1, -1])))
    >>> found = cost(small)
    >>> found["budgets"][1], found["price"][2], found["cost"][1][2]
    (1, 1.0, 2.0)
    """
    if not len(tally.caught):
        return {}
    rows = [np.array(RATIOS) * _harm(tally)[0]]
    for budget in BUDGETS:
        reviews = review(
            tally.alerts, budget, pause_days=tally.pause_days, orders=_ORDERS, seed=tally.seed
        )
        other = type(tally)(tally.scored, budget, tally.draws, tally.seed, tally.pause_days)
        other.__dict__ |= {"alerts": tally.alerts, "reviews": reviews, "cluster": tally.cluster}
        false = reviews.chance[tally.alerts.verdict == Verdict.FALSE].sum()
        total, after = _harm(other)
        rows.append(
            reviews.chance.sum() + ACCUSATION_PRICE * false + np.array(RATIOS) * (total - after)
        )
    return {
        "budgets": [0, *BUDGETS], "price": list(RATIOS),
        "cost": [_digits(row) for row in rows], "best": _digits(np.min(rows, axis=0)),
    }  # fmt: skip


def _harm(tally: Tally) -> tuple[float, float]:
    """Return all misuse queries of campaigns, and those after the first alert, by severity."""
    total, after = campaigns.queries(tally)
    severity = tally.scored.campaigns.severity
    return float(severity @ total), float(severity @ after)


def _digits(values: NDArray[np.floating]) -> list[float]:
    return [float(f"{v:.6g}") for v in values]
