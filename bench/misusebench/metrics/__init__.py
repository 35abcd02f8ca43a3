"""Metrics: pure functions of scores and truth (see README.md).

The road in is :func:`compute` for detectors and :func:`compute_policy` for policies; both return
metric values by name, with intervals. :func:`curves` and :func:`policy_curves` return what the
report draws.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from misusebench import interval
from misusebench.metrics import burden, campaigns, prevention, regret, speed
from misusebench.metrics.decided import Decided, Followed
from misusebench.metrics.frame import Campaigns, Scored, frame, labelled, scored_frame
from misusebench.metrics.friction import blocks_by, shifts_per_officer
from misusebench.metrics.points import KEPT_DRAWS, detector_curves, kept
from misusebench.metrics.prevention import matrix, of_campaigns, remains, stopped
from misusebench.metrics.ranking import restricted_auroc
from misusebench.metrics.registry import REGISTRY, Metric, Tolerance, metric, of_kind
from misusebench.metrics.regret import Precision
from misusebench.metrics.tally import BUDGET, Tally

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Weighted = Callable[[Any, Floats], Floats]

__all__ = [
    "BUDGET", "KEPT_DRAWS", "REGISTRY", "Campaigns", "Decided", "Followed", "Metric", "MetricValue",
    "Precision", "Scored", "Tally", "Tolerance", "against", "blocks_by", "bootstrap", "compute",
    "compute_policy", "compute_speed", "curves", "frame", "labelled", "matrix", "metric",
    "of_campaigns", "policy_curves", "remains", "restricted_auroc", "scored_frame",
    "shifts_per_officer", "stopped",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class MetricValue:
    """One number of a result; `value` is None where it is undefined, and `reason` says why."""

    value: float | None
    low: float | None
    high: float | None
    unit: str
    direction: str
    n: int  # independent units behind the interval: misusing officers, ...
    reason: str | None = None
    note: str | None = None  # "interval unreliable" below 30 misusing officers


def compute(scored: Scored | Tally, budget: int = BUDGET, *, draws: int = interval.DRAWS,
            seed: int = 0) -> dict[str, MetricValue]:  # fmt: skip
    """Return every detector metric, with its officer-cluster interval.

    Parameters
    ----------
    scored
        Scores beside truth, or a tally of them.
    budget
        Alerts that can be read a day.
    draws
        Of the bootstrap; the same clusters are drawn for every component on the same data.
    seed
        Of the draws and of the orders of ties.
    """
    tally = scored if isinstance(scored, Tally) else Tally(scored, budget, draws, seed)
    officers = tally.scored.misusing_officers
    innocent = int(tally.innocent.sum())
    return {
        name: _value(name, fn, tally, _units(tally, name, officers, innocent), officers)
        for name, fn in _detector_functions(tally)
    }


def compute_policy(decided: Decided) -> dict[str, MetricValue]:
    """Return every policy metric, with its officer-cluster interval."""
    officers = decided.scored.misusing_officers
    values = {
        name: _value(name, fn, decided, _sides(decided, name), officers)
        for name, fn in _policy_functions(decided)
    }
    one = REGISTRY["rule_count"]
    for rule, sides in prevention.rule_counts(decided).items():
        for side, count in sides.items():
            name = f"rule_count/{rule}/{side}"
            values[name] = MetricValue(float(count), None, None, one.unit, one.direction, count)
    return values


def against(own: Precision, ceiling: Precision) -> dict[str, MetricValue]:
    """Return how far a detector is from the observable oracle of its tier, with intervals.

    Parameters
    ----------
    own, ceiling
        Average precision of the detector and of the oracle, on the same data and draws.
    """
    found = {}
    for name, fn in (("regret", regret.regret), ("below_oracle", regret.below_oracle)):
        one, value = metric(name), fn(own.ones, ceiling.ones)
        drawn = interval.percentile(fn(own.draws, ceiling.draws))
        low, high = (None, None) if drawn is None else drawn
        known = bool(np.isfinite(value).all())
        found[name] = MetricValue(
            float(value[0]) if known else None, low if known else None, high if known else None,
            one.unit, one.direction, own.officers, None if known else regret.UNDEFINED,
            "interval unreliable" if own.officers < interval.LEAST_OFFICERS else None,
        )  # fmt: skip
    return found


def compute_speed(timing: Mapping[str, Any]) -> dict[str, MetricValue]:
    """Return speed and memory as metric values, from `Timing.summary()`; never gated."""
    found: dict[str, float | None] = {
        "rows_per_s": speed.rows_per_s(timing),
        "fit_s": speed.fit_s(timing),
        "peak_mib": speed.peak_mib(timing),
        **{f"single_row_ms/{p}": speed.single_row_ms(timing, p) for p in speed.PERCENTILES},
    }
    return {
        name: MetricValue(value, None, None, metric(name).unit, metric(name).direction, 1,
                          None if value is not None else metric(name).undefined)
        for name, value in found.items()
    }  # fmt: skip


def bootstrap(judged: Tally | Decided, names: Collection[str] | None = None) -> dict[str, Floats]:
    """Return the draws of metrics, by name; paired between components on the same data.

    Parameters
    ----------
    judged
        A detector's tally or a policy's decisions.
    names
        Of metrics; all by default, and those that a component does not have are left out.
    """
    functions = (
        _detector_functions(judged) if isinstance(judged, Tally) else _policy_functions(judged)
    )
    wanted = {name: fn for name, fn in functions if not names or name in names}
    todo = {name: fn for name, fn in wanted.items() if name not in judged.drawn}
    parts: dict[str, list[Floats]] = {name: [] for name in todo}
    for block in interval.blocks(judged.clusters, judged.draws, judged.seed) if todo else ():
        for name, fn in todo.items():
            parts[name].append(fn(judged, block))
    judged.drawn |= {name: np.concatenate(drawn) for name, drawn in parts.items()}
    return {name: judged.drawn[name] for name in wanted}


def curves(scored: Scored | Tally, budget: int = BUDGET, *, draws: int = interval.DRAWS,
           seed: int = 0) -> dict[str, Any]:  # fmt: skip
    """Return what the report draws of a detector, plain JSON of at most 200 points a curve."""
    tally = scored if isinstance(scored, Tally) else Tally(scored, budget, draws, seed)
    gated = {n: _drawn(n, fn, tally) for n, fn in _detector_functions(tally) if metric(n).gates}
    return detector_curves(tally, gated)


def policy_curves(decided: Decided) -> dict[str, Any]:
    """Return what the report draws of a policy: prevented by kind and rung, rules, draws."""
    scored, rows = decided.scored, []
    for kind, rung in _misuse(scored):
        own = scored.positive & (scored.kind == scored.kinds.index(kind))
        if rung is not None:
            own &= scored.rung == scored.rungs.index(rung)
        share = prevention.misuse_prevented(decided, decided.ones, kind, rung)[0]
        rows.append({"kind": kind, "rung": rung, "n": int(own.sum()), "prevented": float(share)})
        if decided.followed is not None:
            stays = prevention.prevented_adjusted(decided, decided.ones, kind, rung)[0]
            rows[-1]["prevented_adjusted"] = float(stays)
    gated = {n: _drawn(n, fn, decided) for n, fn in _policy_functions(decided) if metric(n).gates}
    return {
        "kinds": rows,
        "rules": prevention.rule_counts(decided),
        "misusing_officers": scored.misusing_officers,
        "interval_reliable": scored.misusing_officers >= interval.LEAST_OFFICERS,
        "draws": kept(decided.seed, gated),
    }


def _detector_functions(tally: Tally) -> Iterator[tuple[str, Weighted]]:
    for name, one in of_kind("detector"):
        if name != "alert_rate":
            yield name, one.fn  # type: ignore[misc]
    for kind in campaigns.kinds(tally):
        yield f"campaign_recall/{kind}", partial(campaigns.campaign_recall, kind=kind)
    for kind, rung in campaigns.kinds_and_rungs(tally):
        fn = partial(campaigns.campaign_recall, kind=kind, rung=rung)
        yield f"campaign_recall/{kind}/{rung}", fn
    for oddity in burden.oddities(tally):
        yield f"alert_rate/{oddity}", partial(burden.alert_rate, oddity=oddity)


def _policy_functions(decided: Decided) -> Iterator[tuple[str, Weighted]]:
    for name, one in of_kind("policy"):
        if name != "rule_count":
            yield name, one.fn  # type: ignore[misc]
    for kind, rung in _misuse(decided.scored):
        name = f"misuse_prevented/{kind}" + (f"/{rung}" if rung else "")
        yield name, partial(prevention.misuse_prevented, kind=kind, rung=rung)
        if decided.followed is not None:
            fn = partial(prevention.prevented_adjusted, kind=kind, rung=rung)
            yield name.replace("misuse_prevented", "prevented_adjusted"), fn


def _misuse(scored: Scored) -> list[tuple[str, str | None]]:
    """Return the kinds of the misuse queries, then their pairs of kind and rung."""
    rows = np.flatnonzero(scored.positive & (scored.kind >= 0))
    kinds = [(scored.kinds[k], None) for k in np.unique(scored.kind[rows])]
    pairs = np.unique(np.stack([scored.kind[rows], scored.rung[rows].astype(np.int16)]), axis=1)
    return [*kinds, *((scored.kinds[k], scored.rungs[r]) for k, r in pairs.T if r >= 0)]


def _drawn(name: str, fn: Weighted, judged: Tally | Decided) -> Floats:
    if name not in judged.drawn:
        judged.drawn[name] = fn(judged, judged.weights)
    return judged.drawn[name]


def _value(
    name: str, fn: Weighted, judged: Tally | Decided, units: int, officers: int
) -> MetricValue:
    one = metric(name)
    value = float(fn(judged, judged.ones)[0])
    if not np.isfinite(value):
        return MetricValue(None, None, None, one.unit, one.direction, units, one.undefined)
    found = interval.percentile(_drawn(name, fn, judged))
    low, high = (None, None) if found is None else found
    note = "interval unreliable" if officers < interval.LEAST_OFFICERS else None
    return MetricValue(
        value, _finite(low), _finite(high), one.unit, one.direction, units, note=note
    )


def _finite(end: float | None) -> float | None:
    return end if end is not None and np.isfinite(end) else None


def _units(tally: Tally, name: str, officers: int, innocent: int) -> int:
    """Return how many independent units stand behind a metric."""
    family, _, member = name.partition("/")
    if family == "alert_rate":
        return burden.officer_days(tally, member)
    if family == "campaign_recall" and member:
        kind, _, rung = member.partition("/")
        own = tally.scored.campaigns.kind == tally.scored.kinds.index(kind)
        if rung:
            own &= tally.scored.campaigns.rung == tally.scored.rungs.index(rung)
        return int(own.sum())
    if metric(name).fn.__module__ == campaigns.__name__:
        return len(tally.caught)
    if family.startswith(("false", "accusation", "repeat")):
        return innocent
    return officers


def _sides(decided: Decided, name: str) -> int:
    scored = decided.scored
    if name.startswith(("misuse", "prevented")):
        return scored.misusing_officers
    return len(np.unique(scored.officer[decided.honest]))
