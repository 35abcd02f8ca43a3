"""What changed between runs: differences of metrics with paired intervals.

On the same data every component sees the same bootstrap draws, so a difference is taken draw by
draw. Draws come from the stored raw scores and the data set where both are at hand, otherwise from
the draws kept in the results, otherwise there is a difference without interval.
"""

from __future__ import annotations

import difflib
import itertools
from collections import Counter
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from misusebench import interval, metrics
from misusebench.errors import SuiteError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from collections.abc import Set as AbstractSet

    from misusebench.compare.drawing import Drawn, Floats
    from misusebench.result import Result

_LEVEL: Final = 0.05
#: Condition -> where it comes from, if a reader may not know.
_WHENCE: Final = {
    "review_budget": "; a run has that of its suite, also with --detector (of smoke, 10, unless "
                     "--suite names another)",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Difference:
    """One metric of one component in two runs; head minus base."""

    component: str
    metric: str
    base: float | None
    head: float | None
    change: float | None
    low: float | None
    high: float | None
    p: float | None  # corrected by Holm over components and later runs, metric by metric
    better: bool | None  # None: no direction, no change, or not significant
    draws: int | None = None  # of officers, behind interval and p


def differences(
    told: Sequence[tuple[Mapping[str, Any], Sequence[Result]]],
    drawn: Sequence[Drawn],
    names: Sequence[str] | None,
    notes: list[str],
) -> tuple[tuple[Difference, ...], ...]:
    """Return, for each run after the first, what changed against the first.

    Parameters
    ----------
    told
        Runs with their results.
    drawn
        Draws of each; empty ones give differences without interval.
    names
        Metrics; the gated ones by default.
    notes
        Takes what a reader must know.
    """
    base = {one.name: one for one in told[0][1]}
    found: list[list[Difference]] = []
    for (_, heads), own in zip(told[1:], drawn[1:], strict=True):
        pairs = [
            _difference(base[head.name], head, name, drawn[0], own)
            for head in heads
            if head.name in base
            for name in names or gated(head)
            if name in head.metrics or name in base[head.name].metrics
        ]
        found.append(pairs)
        notes += [f"{h.name} is only in the later run" for h in heads if h.name not in base]
        gone = set(base) - {head.name for head in heads}
        notes += [f"{name} is only in the first run" for name in sorted(gone)]
        notes += _alike(gone, {head.name for head in heads} - set(base))
    flat = [one for pairs in found for one in pairs]
    notes += _too_few(flat)
    notes += _families(flat)
    told_of = iter(_corrected(flat))
    return tuple(tuple(itertools.islice(told_of, len(pairs))) for pairs in found)


def check_names(names: Sequence[str]) -> None:
    """Refuse metrics that do not exist."""
    known = [*metrics.REGISTRY]
    for name in names:
        if name.partition("/")[0] not in known:
            near = difflib.get_close_matches(name, known, 1)
            hint = f"did you mean {near[0]}?" if near else "see `misusebench list metrics`"
            raise SuiteError(f"there is no metric {name}; {hint}")


def check_there(names: Sequence[str], found: Sequence[Result]) -> None:
    """Refuse metrics that no result has: an empty table would look like no difference."""
    there = {name for one in found for name in one.metrics}
    for name in names:
        if name not in there:
            near = difflib.get_close_matches(name, sorted(there), 1)
            hint = f"; did you mean {near[0]}?" if near else ""
            raise SuiteError(f"no result of these runs has the metric {name:.80}{hint}")


def not_paired(runs: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return why the draws of runs do not belong together, nothing if they do."""
    first = runs[0]
    if any(run["dataset"]["hash"] != first["dataset"]["hash"] for run in runs):
        return ["the runs used different data: differences have no interval"]
    return [
        f"the runs differ in {key} ({', '.join(str(run.get(key)) for run in runs)}): "
        f"differences have no interval{_WHENCE.get(key, '')}"
        for key in ("seed", "review_budget", "history_share")
        if any(run.get(key) != first.get(key) for run in runs)
    ]


def gated(one: Result) -> list[str]:
    """Return the gated metrics of a result, without the members of families."""
    return [name for name in one.metrics if "/" not in name and metrics.metric(name).gates]


def value_of(one: Result | Mapping[str, Any], name: str) -> float | None:
    """Return a metric's value, None if it is undefined or missing."""
    told = one["metrics"] if isinstance(one, dict) else one.metrics  # type: ignore[union-attr]
    value = told.get(name, {}).get("value")
    return float(value) if isinstance(value, (int, float)) and np.isfinite(value) else None


def _difference(
    base: Result,
    head: Result,
    name: str,
    base_draws: Mapping[tuple[str, str], Floats],
    head_draws: Mapping[tuple[str, str], Floats],
) -> Difference:
    one, other = value_of(base, name), value_of(head, name)
    if one is None or other is None:
        return Difference(head.name, name, one, other, None, None, None, None, None)
    drawn = base_draws.get((base.name, name)), head_draws.get((head.name, name))
    paired = None
    draws = None
    if drawn[0] is not None and drawn[1] is not None:
        draws = min(len(drawn[0]), len(drawn[1]))  # the same ones come first, however many
        paired = interval.paired(other, one, drawn[1][:draws], drawn[0][:draws])
    if paired is None:
        return Difference(head.name, name, one, other, other - one, None, None, None, None)
    return Difference(
        head.name, name, one, other, paired.value, paired.low, paired.high, paired.p, None,
        draws,
    )  # fmt: skip


def _corrected(found: Sequence[Difference]) -> tuple[Difference, ...]:
    """Return differences with p corrected: a family holds a metric's tests in all later runs."""
    family: dict[str, dict[str, float]] = {}
    for place, d in enumerate(found):
        if d.p is not None:
            family.setdefault(d.metric, {})[str(place)] = d.p
    holm = {name: interval.holm(p) for name, p in family.items()}
    out = []
    for place, d in enumerate(found):
        corrected = holm.get(d.metric, {}).get(str(place))
        direction = metrics.metric(d.metric).direction
        higher, ranked = direction == "higher", direction in ("higher", "lower")
        sure = ranked and corrected is not None and corrected < _LEVEL and d.change
        better = ((d.change or 0.0) > 0) == higher if sure else None
        out.append(Difference(**{**asdict(d), "p": corrected, "better": better}))
    return tuple(out)


def _alike(gone: AbstractSet[str], come: AbstractSet[str]) -> list[str]:
    """Return a note for names that differ in case alone: one component under two names."""
    by = {name.casefold(): name for name in sorted(come)}
    return [
        f"{name} and {by[name.casefold()]} may be the same component, and are not paired: pairs "
        "have one name, which a suite gives (`name`) and --detector takes from the class"
        for name in sorted(gone) if name.casefold() in by
    ]  # fmt: skip


def _families(found: Sequence[Difference]) -> list[str]:
    """Return what p is corrected for, where anything has one."""
    by_metric = Counter(d.metric for d in found if d.p is not None)
    if not by_metric:
        return []
    most = max(by_metric.values())
    told = (
        f"changes: p by Holm, a family a metric (up to {most:,} tests: components by later runs); "
        "in each, the chance of any false alarm at all is 5 % at most"
    )
    return [told]


def _too_few(found: Sequence[Difference]) -> list[str]:
    """Return a note for each number of draws with which nothing could be significant."""
    by_metric = Counter(d.metric for d in found if d.p is not None)
    short = sorted({
        (d.draws, by_metric[d.metric]) for d in found
        if d.draws and d.draws < interval.least_draws(by_metric[d.metric], _LEVEL)
    })  # fmt: skip
    return [
        f"{draws} draws are too few for {family} changes of a metric (Holm, 5 %): it takes "
        f"{interval.least_draws(family, _LEVEL):,}"
        for draws, family in short
    ]
