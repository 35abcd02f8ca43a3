"""Many configurations by one metric: places with their uncertainty, and every pair's verdict.

A configuration's value is its mean over worlds. Officers are drawn within each world, the same
ones for all configurations, so differences and places are paired.
"""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from misusebench import interval, metrics
from misusebench.compare.differences import value_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from misusebench.compare.configurations import Configuration
    from misusebench.compare.drawing import Floats

LEVEL: Final = 0.05
#: What detectors and policies are ranked by if nobody asks for another metric.
USUAL: Final = {"detector": "campaign_recall", "policy": "misuse_prevented"}
BETTER, EQUIVALENT, UNDECIDED = "better", "equivalent", "undecided"
#: Worlds of one size would else see the same rows of weights.
_SHIFT: Final = 997
#: Decimals to which values and draws are told apart.
_DIGITS: Final = 12


class Standing(NamedTuple):
    """Where a configuration stands."""

    name: str
    value: float
    low: float | None
    high: float | None
    rank: int  # 1 is best; equal values share the better place
    rank_low: float | None  # of the draws, 95 %
    rank_high: float | None


class PairVerdict(NamedTuple):
    """Two configurations, the one ahead first."""

    first: str
    second: str
    difference: float  # first less second, in the metric's unit
    low: float | None
    high: float | None
    p: float | None  # that they are equal, Holm over all pairs
    p_equivalent: float | None  # that they differ by the region or more, Holm over all pairs
    verdict: str  # better (the first), equivalent, undecided


class Ranking(NamedTuple):
    """All configurations of a kind by one metric."""

    kind: str  # detector or policy
    metric: str
    direction: str
    rope: float  # half the width of the region of practical equivalence
    draws: int | None
    worlds: int
    standings: tuple[Standing, ...]
    pairs: tuple[PairVerdict, ...]
    family: int = 0  # tests that Holm corrects for: pairs that say the same count once

    def as_json(self) -> dict[str, Any]:
        """Return the ranking as a JSON object."""
        return {
            **self._asdict(), "standings": [one._asdict() for one in self.standings],
            "pairs": [one._asdict() for one in self.pairs],
        }  # fmt: skip


def rank(
    found: Sequence[Configuration], name: str, rope: float | None, notes: list[str]
) -> Ranking | None:
    """Rank configurations of one kind by a metric; None where none has a value.

    Parameters
    ----------
    found
        Configurations of one kind.
    name
        Of the metric.
    rope
        Half the width of the region of practical equivalence; the metric's tolerance by default.
    notes
        Takes who has no value, and how p came about where draws are few.
    """
    values, drawn = _values(found, name, notes)
    if not values:
        return None
    told = metrics.metric(name)
    sign = -1.0 if told.direction == "lower" else 1.0
    middle = float(np.median(list(values.values())))
    half = told.tolerance.margin(middle) if rope is None else rope
    order = sorted(values, key=lambda one: (-sign * values[one], one))
    places = interval.places({one: sign * drawn[one] for one in order}) if drawn else {}
    standings = []
    for one in order:
        ends = interval.percentile(drawn[one]) if drawn else None
        low, high = ends or (None, None)
        better = sum(sign * other > sign * values[one] for other in values.values())
        standings.append(Standing(
            one, values[one], low, high, 1 + better, *places.get(one, (None, None))
        ))  # fmt: skip
    pairs, family = _pairs(order, values, drawn, half, sign, notes)
    draws = len(next(iter(drawn.values()))) if drawn else None
    return Ranking(
        found[0].kind, name, told.direction, half, draws, len(found[0].runs), tuple(standings),
        tuple(pairs), family,
    )  # fmt: skip


def _values(
    found: Sequence[Configuration], name: str, notes: list[str]
) -> tuple[dict[str, float], dict[str, Floats]]:
    """Return means over worlds, and their draws; no draws at all where some are missing."""
    values, drawn, without = {}, {}, []  # rounded: a sum's last digit makes no order
    for one in found:
        own = [value_of(result, name) for result in one.results]
        known = [value for value in own if value is not None]
        if len(known) < len(own):
            notes.append(f"{one.name} has no {name} and is not ranked")
            continue
        values[one.name] = round(float(np.mean(known)), _DIGITS)
        parts = [run.drawn.get((one.component, name)) for run in one.runs]
        told = [part for part in parts if part is not None]
        if len(told) == len(parts):
            drawn[one.name] = told
        else:
            without.append(one.name)
    if without and drawn:
        notes.append(f"{', '.join(without)}: no draws of {name}, so places have no interval")
    if without or not drawn:
        return values, {}
    # cut before they are moved: else the same draw of two would stand in other places
    least = min(len(part) for parts in drawn.values() for part in parts)
    return values, {key: over_worlds(parts, least) for key, parts in drawn.items()}


def over_worlds(parts: Sequence[Floats], least: int) -> Floats:
    """Return the mean over worlds of draws that are made in each of them apart.

    Parameters
    ----------
    parts
        Draws by world.
    least
        How many of each are used: as many as every configuration has on every world.
    """
    moved = [np.roll(part[:least], place * _SHIFT) for place, part in enumerate(parts)]
    return np.asarray(np.round(np.mean(moved, axis=0), _DIGITS), np.float64)


def _pairs(
    order: Sequence[str], values: Mapping[str, float], drawn: Mapping[str, Floats],
    rope: float, sign: float, notes: list[str],
) -> tuple[list[PairVerdict], int]:  # fmt: skip
    """Return all pairs, the one ahead first, and how many of them say something of their own."""
    names = list(itertools.combinations(order, 2))
    told = {pair: values[pair[0]] - values[pair[1]] for pair in names}
    if not drawn:
        found = [PairVerdict(*p, d, None, None, None, None, UNDECIDED) for p, d in told.items()]
        return found, 0
    keys = _tests(names, values, drawn)
    family = len(set(keys.values()))
    draws = len(next(iter(drawn.values())))
    few = draws < interval.least_draws(family, LEVEL)
    if few and family > 1:
        notes.append(
            f"{draws:,} draws are too few for {family:,} pairs (Holm, 5 %): p comes from the "
            "standard error over draws"
        )
    raw, same, ends = {}, {}, {}
    for pair in names:
        with np.errstate(invalid="ignore"):  # never reached in both: undefined
            gap = drawn[pair[0]] - drawn[pair[1]]
        ends[pair] = interval.percentile(gap)
        if ends[pair] is not None:  # mostly undefined: no interval, no p, no verdict
            raw[keys[pair]], same[keys[pair]] = _chances(
                told[pair], gap[~np.isnan(gap)], rope, few=few
            )
    raw, same = interval.holm(raw), interval.holm(same)
    found = []
    for pair in names:
        (low, high), key = ends[pair] or (None, None), keys[pair]
        p, p_same = (None, None) if low is None else (raw[key], same[key])
        word = _verdict(sign * told[pair], rope, p, p_same)
        found.append(PairVerdict(*pair, told[pair], low, high, p, p_same, word))
    return found, len(raw)


def _tests(
    names: Sequence[tuple[str, str]], values: Mapping[str, float], drawn: Mapping[str, Floats]
) -> dict[tuple[str, str], str]:
    """Return the test that each pair is: configurations with the same draws are the same one.

    Twenty copies of one detector are no twenty chances to be wrong.
    """
    seen: dict[tuple[float, bytes], int] = {}
    which = {one: seen.setdefault((values[one], own.tobytes()), len(seen))
             for one, own in drawn.items()}  # fmt: skip
    return {pair: "-".join(map(str, sorted(which[one] for one in pair))) for pair in names}


def _chances(difference: float, gap: Floats, rope: float, *, few: bool) -> tuple[float, float]:
    """Return the p that two are equal, and the p that they differ by the region or more."""
    if not few or not np.isfinite(gap).all():
        tails = 1 + min(int((gap <= 0).sum()), int((gap >= 0).sum()))
        beyond = 1 + max(int((gap >= rope).sum()), int((gap <= -rope).sum()))
        size = len(gap) + 1
        return min(1.0, 2 * tails / size), min(1.0, beyond / size) if rope else 1.0
    error = float(np.std(gap, ddof=1)) if len(gap) > 1 else 0.0
    if not error > 0:
        return float(difference == 0), 1.0 - float(abs(difference) < rope)
    outside = math.erfc((rope - abs(difference)) / error / math.sqrt(2)) / 2
    return math.erfc(abs(difference) / error / math.sqrt(2)), outside if rope else 1.0


def _verdict(ahead: float, rope: float, p: float | None, p_equivalent: float | None) -> str:
    """Return what is said of a pair whose first is ahead by so much."""
    if p is None or p_equivalent is None:
        return UNDECIDED
    if p_equivalent < LEVEL:
        return EQUIVALENT
    return BETTER if p < LEVEL and ahead > rope else UNDECIDED
