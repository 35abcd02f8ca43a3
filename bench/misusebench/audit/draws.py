"""Campaigns drawn as a scenario implies them: when they begin, how long they last, how much."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from misusesim.clock import DAY_US, HOUR_US, MINUTE_US, NEVER, WEEK_US
from misusesim.misuse import curiosity, personal
from misusesim.misuse.spells import STRETCH
from misusesim.workload.durations import STOP_QUERIES

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from misusebench.audit.gaits import Gait
    from misusebench.audit.rolls import Rolls

    Ints = NDArray[np.int64]
    Floats = NDArray[np.float64]

_AT_ONCE: Final = 50_000  # campaigns drawn in one go


class Drawn(NamedTuple):
    """Campaigns as they might have been; those that found no occasion have no query."""

    days: Floats  # from the first step to the last
    queries: Floats


def spells(
    rolls: Rolls, gait: Gait, officer: Ints, begin: Ints, chance: np.random.Generator
) -> Drawn:
    """Return one campaign of each of some officers, begun in the weeks that begin then.

    Parameters
    ----------
    rolls
        Their shifts.
    gait
        How they go about it.
    officer, begin
        Who, and UTC microseconds.
    chance
        Of the draws.
    """
    parts = [
        _spells(rolls, gait, officer[at : at + _AT_ONCE], begin[at : at + _AT_ONCE], chance)
        for at in range(0, len(officer), _AT_ONCE)
    ]
    return Drawn(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def _spells(
    rolls: Rolls, gait: Gait, officer: Ints, begin: Ints, chance: np.random.Generator
) -> Drawn:
    counts = gait.counts(len(officer), chance)
    row, week = np.nonzero(counts)
    number = counts[row, week]
    row, week = np.repeat(row, number), np.repeat(week, number)
    wish = begin[row] + week * WEEK_US + (chance.random(len(row)) * WEEK_US).astype(np.int64)
    if gait.by_shift:
        wish = rolls.at_work(officer[row], wish)
    until = rolls.last_chance(officer) if gait.by_shift else np.full(len(officer), NEVER)
    done = wish < until[row]
    queries = np.array(gait.queries)[chance.integers(0, len(gait.queries), len(row))]
    asked = np.bincount(row, queries * done, len(officer)).astype(np.float64)
    first, last = np.full(len(officer), NEVER), np.full(len(officer), -NEVER)
    np.minimum.at(first, row[done], wish[done])
    np.maximum.at(last, row[done], wish[done])
    some, once = asked > 0, first == last
    if gait.by_shift and some.any():
        ends = [_acted(rolls, gait, officer[some], one[some], chance) for one in (first, last)]
        first[some], last[some] = ends[0], np.where(once[some], ends[0], ends[1])
    return Drawn(np.where(some, np.abs(last - first) / DAY_US, 0.0), asked)


def _acted(
    rolls: Rolls, gait: Gait, officer: Ints, wish: Ints, chance: np.random.Generator
) -> Ints:
    after, place = chance.random(len(wish)) < gait.after, chance.random(len(wish))
    return rolls.acted(officer, wish, after, place)


def first_steps(
    rolls: Rolls, gait: Gait, officer: Ints, begin: Ints, chance: np.random.Generator
) -> Ints:
    """Return when the first step of campaigns is, NEVER of those that found no occasion."""
    short = gait._replace(weeks_median=1.0, cap=1)
    number = short.counts(len(officer), chance)[:, 0]
    offset = 1 - chance.random(len(officer)) ** (1 / number)  # the least of so many
    wish = begin + (offset * WEEK_US).astype(np.int64)
    if not gait.by_shift:
        return wish
    return _acted(rolls, gait, officer, rolls.at_work(officer, wish), chance)


def quarrels(
    rolls: Rolls, misuse: Any, officer: Ints, begin: Ints, chance: np.random.Generator
) -> Drawn:
    """Return one campaign of retaliation of each of some officers: look-ups, each with a stop."""
    n = len(officer)
    stretch = np.array(STRETCH)[chance.integers(0, len(STRETCH), n)]
    rounds = np.maximum(1, np.round(misuse.steps_median * stretch / 10)).astype(np.int64)
    now = begin + (chance.random(n) * WEEK_US).astype(np.int64)
    first, last, asked = np.full(n, NEVER), np.full(n, -NEVER), np.zeros(n)
    hours = max(2, 2 * round(misuse.days_between * 24))
    going, never = rounds > 0, np.zeros(n, np.bool_)
    for turn in range(int(rounds.max())):
        going &= turn < rounds
        look = rolls.acted(officer, now, never, chance.random(n))
        going &= look < NEVER
        asked[going] += 1
        first, last = np.where(going, np.minimum(first, look), first), np.where(going, look, last)
        delay = np.array(personal.DELAYS)[chance.integers(0, len(personal.DELAYS), n)]
        delay = delay // 100 * chance.integers(50, 150, n)
        wish = np.where(going, look + MINUTE_US + delay, begin)
        stop = rolls.acted(officer, wish, never, chance.random(n))
        going &= stop < NEVER
        asked[going] += STOP_QUERIES[chance.integers(0, len(STOP_QUERIES), n)][going]
        last = np.where(going, stop, last)
        pause = chance.integers(1, hours, n) * HOUR_US
        now = np.where(going, stop + pause, begin)
    return Drawn(np.where(asked > 0, (last - first) / DAY_US, 0.0), asked)


def crowds(
    rolls: Rolls, mean: Floats, begun: Ints, officers: list[Ints], chance: np.random.Generator
) -> Drawn:
    """Return one campaign of curiosity of each of some agencies after the news of a time.

    Parameters
    ----------
    rolls
        Shifts.
    mean
        How many officers look, where that is not none.
    begun
        UTC microseconds of the news.
    officers
        Who may look.
    chance
        Of the draws.
    """
    number = _at_least_one(mean, chance)
    row = np.repeat(np.arange(len(mean)), number)
    size = np.array([len(some) for some in officers])
    flat, first = np.concatenate(officers), np.cumsum(size) - size
    who = flat[first[row] + (chance.random(len(row)) * size[row]).astype(np.int64)]
    time = looked(rolls, who, begun[row], chance)
    some = np.array(curiosity.QUERIES)[chance.integers(0, len(curiosity.QUERIES), len(row))]
    done = time < NEVER
    early, late = np.full(len(mean), NEVER), np.full(len(mean), -NEVER)
    np.minimum.at(early, row[done], time[done])
    np.maximum.at(late, row[done], time[done])
    asked = np.bincount(row, some * done, len(mean)).astype(np.float64)
    return Drawn(np.where(asked > 0, (late - early) / DAY_US, 0.0), asked)


def looked(rolls: Rolls, officer: Ints, begun: Ints, chance: np.random.Generator) -> Ints:
    """Return when officers look who are curious about the news of a time."""
    eager = chance.random((len(officer), curiosity.EAGER)).min(axis=1)
    wish = begun + (curiosity.CURIOUS_US * eager).astype(np.int64)
    return rolls.acted(officer, wish, np.zeros(len(wish), np.bool_), chance.random(len(wish)))


def _at_least_one(mean: Floats, chance: np.random.Generator) -> Ints:
    """Return Poisson numbers of which none is zero."""
    first = -np.log1p(chance.random(len(mean)) * np.expm1(-mean))  # of them, in [0, mean)
    return np.asarray(1 + chance.poisson(np.maximum(0.0, mean - first)))
