"""Whether misuse came out as its scenario says, kind by kind, within three standard errors (Q16).

Per kind: how many campaigns began, how long they are, how much they ask, how well they are covered
up. Each is held against what the scenario and its level imply for those who were really there.
"""

from __future__ import annotations

from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from misusebench.audit import tails
from misusebench.audit.beginnings import Number, number_of
from misusebench.audit.implied import Real, began, like, rung_shares
from misusebench.audit.rolls import Rolls
from misusebench.audit.verdict import Check

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    import pyarrow as pa
    from numpy.typing import NDArray

    from misusesim.scenario.model import Scenario

    Floats = NDArray[np.float64]

_STATISTICS: Final = ("campaigns", "days", "queries", "rungs")
#: Of statistics beyond three standard errors more than a sound data set has in so many cases.
CERTAIN: Final = 0.999


class Part(NamedTuple):
    """One kind in one data set: what came out and what is implied."""

    real: Real
    number: Number
    like: Floats | None  # draws of days and queries
    shares: Floats  # of the rungs
    again: Callable[[int], Floats | None] = lambda _: None  # other such draws, by a seed


class Conformance(NamedTuple):
    """One kind in all data sets; tails are two-sided chances, None where nothing can be said."""

    kind: str
    campaigns: int
    expected: float
    days: float | None  # mean of a campaign
    expected_days: float | None
    queries: float | None
    expected_queries: float | None
    rungs: tuple[int, ...]  # declared, miscoded, under a case
    expected_rungs: tuple[float, ...]
    tails: dict[str, float | None]
    false_alarms: float  # expected number of tails below three sigma, were all as implied

    @property
    def off(self) -> list[str]:
        """Return the statistics that are beyond three standard errors."""
        return [name for name, p in self.tails.items() if p is not None and p < tails.THREE_SIGMA]


def parts_of(
    scenario: Scenario, campaigns: pa.Table, seed: int = 0,
    told: Callable[[str], None] = lambda _: None,
) -> dict[str, Part]:  # fmt: skip
    """Return what came out of a scenario and what it implies, by kind."""
    told(f"who was there in {scenario.name}, seed {scenario.seed}")
    rolls, found = Rolls.of(scenario), dict[str, Part]()
    for place, misuse in enumerate(scenario.misuse):
        chance = np.random.default_rng([seed, scenario.seed, place])
        real = began(campaigns, misuse.kind, rolls.clock.horizon)
        found[misuse.kind] = Part(
            real, number_of(rolls, misuse, chance), like(rolls, misuse, real, chance),
            rung_shares(misuse, scenario.level), partial(_again, scenario, place, real),
        )  # fmt: skip
    return found


def _again(scenario: Scenario, place: int, real: Real, seed: int) -> Floats | None:
    """Return more draws; who was there is found again, since keeping it costs too much memory."""
    chance = np.random.default_rng([scenario.seed, place, seed])
    return like(_rolls(scenario), scenario.misuse[place], real, chance)


@lru_cache(maxsize=1)
def _rolls(scenario: Scenario) -> Rolls:
    return Rolls.of(scenario)


def conforms(found: Sequence[dict[str, Part]], rounds: int = tails.ROUNDS) -> list[Conformance]:
    """Return how each kind came out in all data sets together."""
    kinds = dict.fromkeys(kind for one in found for kind in one)
    return [_kind(kind, [one[kind] for one in found if kind in one], rounds) for kind in kinds]


def _kind(kind: str, parts: list[Part], rounds: int) -> Conformance:
    number = sum(len(part.real.start) for part in parts)
    chances = tails.distribution([part.number for part in parts], number)
    days, queries = (_amount(parts, which, rounds) for which in (0, 1))
    rungs = [np.bincount(p.real.rung, minlength=3).astype(float) for p in parts]
    shares = [p.shares for p in parts]
    mixed = tails.misfit(rungs, shares, rounds, 2) if number else None
    tested = (days.tail, queries.tail, mixed)
    return Conformance(
        kind, number, sum(p.number.expected for p in parts),
        days.mean, days.expected, queries.mean, queries.expected,
        tuple(np.sum(rungs, axis=0).astype(int).tolist()),
        tuple(np.sum([c.sum() * s for c, s in zip(rungs, shares, strict=True)], axis=0).tolist()),
        dict(zip(_STATISTICS, (tails.two_sided(chances, number), *tested), strict=True)),
        tails.false_alarms(chances) + tails.THREE_SIGMA * sum(p is not None for p in tested),
    )  # fmt: skip


class _Amount(NamedTuple):
    mean: float | None
    expected: float | None
    tail: float | None


def _amount(parts: list[Part], which: int, rounds: int) -> _Amount:
    """Return days (0) or queries (1) of the mean campaign, as they are and as they should be."""
    some = [part for part in parts if part.like is not None]
    number = sum(len(part.real.start) for part in some)
    if not number:
        return _Amount(None, None, None)
    tables = [p.like[which] for p in some if p.like is not None]
    drawn = tails.summed(tables, rounds, (which, 0))
    real = sum(float((p.real.days, p.real.queries)[which].sum()) for p in some)
    if not any(np.ptp(table, axis=1).any() for table in tables):  # always the same
        right = abs(real - drawn[0]) < 1e-9  # noqa: PLR2004 - days are fractions
        return _Amount(real / number, float(drawn[0]) / number, None if right else 0.0)

    def more(seed: int) -> Floats:
        if number > 1:
            return tails.summed(tables, rounds, (which, seed))
        other = some[0].again(seed)  # of one campaign there are no other sums
        assert other is not None
        return np.asarray(other[which].ravel())

    tail = tails.beyond(more, real, drawn)
    return _Amount(real / number, float(drawn.mean()) / number, tail)


def beyond_chance(found: Iterable[Conformance]) -> list[tuple[Conformance, str]]:
    """Return which statistics of which kinds are off, where that is more than chance gives.

    Of eighty statistics a sound data set has one beyond three standard errors in one case of six.
    So it takes more of them than 999 of 1,000 sound ones have, all of which are returned then, or
    one so far out that of 999 in 1,000 sound ones that statistic is so far out in no kind.
    """
    kinds = list(found)
    off = [(one, name) for one in kinds for name in one.off]
    alarms = sum(one.false_alarms for one in kinds)
    if float(tails.poisson(alarms, len(off) + 1)[: len(off)].sum()) >= CERTAIN:
        return off
    tested = {name: sum(one.tails[name] is not None for one in kinds) for name in _STATISTICS}
    return [(one, n) for one, n in off if (one.tails[n] or 0) * tested[n] <= 1 - CERTAIN]


def checks_of_conformance(found: Iterable[Conformance]) -> list[Check]:
    """Return a check per statistic, of the kind that is farthest out."""
    kinds = list(found)
    wrong = {name for _, name in beyond_chance(kinds)}
    return [_check(name, kinds, name not in wrong) for name in _STATISTICS]


_NAMES: Final = {
    "campaigns": "campaigns of each kind", "days": "length of campaigns",
    "queries": "queries of campaigns", "rungs": "mix of rungs",
}  # fmt: skip


def _check(name: str, kinds: list[Conformance], passed: bool) -> Check:
    told = [(p, one) for one in kinds if (p := one.tails[name]) is not None]
    bound = f"chance ≥ {tails.THREE_SIGMA:g} (three sigma), unless chance gives as many below"
    if not told:
        return Check("Q16", _NAMES[name], None, bound, None, "no campaign began")
    worst, one = min(told, key=lambda pair: (pair[0], pair[1].kind))
    off = [of.kind for p, of in told if p < tails.THREE_SIGMA]
    alarms = sum(of.false_alarms for of in kinds)
    what = f"{one.kind}: {_versus(name, one)}; of {len(told)} kinds"
    what += f"; beyond three sigma: {', '.join(off)}" if off else ""
    what += f"; expected false alarms of all four checks {alarms:.2g}"
    return Check("Q16", _NAMES[name], worst, bound, passed, what)


def _versus(name: str, one: Conformance) -> str:
    """Return what came out and what was to be expected."""
    pairs: dict[str, tuple[Any, Any]] = {
        "campaigns": (one.campaigns, one.expected),
        "days": (one.days, one.expected_days), "queries": (one.queries, one.expected_queries),
    }  # fmt: skip
    if name in pairs:
        real, expected = pairs[name]
        unit = " days" if name == "days" else ""
        return f"{real:.4g}{unit}, {expected:.4g} expected"
    return f"{_slashed(one.rungs)}, {_slashed(one.expected_rungs)} expected"


def _slashed(numbers: Iterable[float]) -> str:
    return "/".join(f"{n:.3g}" for n in numbers)
