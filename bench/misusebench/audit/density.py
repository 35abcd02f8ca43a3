"""How dense positives are, on which days, when in the table's time and in their entity's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from misusebench.audit.permutation import auc, ranks, rotated

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from misusebench.audit.labelled import Labelled

_DAY_NS: Final = 86_400_000_000_000
#: Rows that a day must have before it can be one of nothing but misuse.
_SOME: Final = 3
_QUANTILE: Final = 0.999


class Days(NamedTuple):
    """Days of entities."""

    positive: int  # with a positive row
    mixed: int  # of those, with a negative one too
    overrun: int  # of those with three rows or more, where over half is positive
    chance: float  # 99.9 % quantile of that, were the same rows added to other days of theirs


def days(table: Labelled, rounds: int, seed: int) -> Days | None:
    """Return how days of entities mix; None where times or entities are not known.

    People have quiet days, on which anything they do besides is most of it. So the days that
    positives overrun are held against chance: the positives of a day, put on any other day on which
    their entity has negative rows.
    """
    if table.time is None or table.entity is None:
        return None
    day = table.time // _DAY_NS if table.day is None else table.day
    label = table.label if table.exempt is None else table.label & ~table.exempt
    key = np.stack([table.entity, day], axis=1)
    distinct, place = np.unique(key, axis=0, return_inverse=True)
    total = np.bincount(place)
    some = np.bincount(place, label)
    there = some > 0
    over = there & _overrun(some, total)
    drawn = _overrun_elsewhere(distinct[:, 0], some, total - some, rounds, seed)
    return Days(
        int(there.sum()), int((there & (some < total)).sum()), int(over.sum()),
        float(np.quantile(drawn, _QUANTILE)),
    )  # fmt: skip


def _overrun(some: NDArray[Any], total: NDArray[Any]) -> NDArray[np.bool_]:
    return np.asarray((total >= _SOME) & (some > total / 2))


def _overrun_elsewhere(
    entity: NDArray[np.int64], some: NDArray[Any], others: NDArray[Any], rounds: int, seed: int
) -> NDArray[np.int64]:
    """Return how many days would be overrun, were positives on other days, by round.

    Parameters
    ----------
    entity, some, others
        Of each day: whose it is (in ascending order), its positive and its other rows.
    rounds, seed
        Of the draws.
    """
    work, days_of = others[others > 0], entity[others > 0]
    mine = np.flatnonzero(some > 0)
    first = np.searchsorted(days_of, entity[mine], side="left")
    number = np.searchsorted(days_of, entity[mine], side="right") - first
    mine, first, number = mine[number > 0], first[number > 0], number[number > 0]
    generator = np.random.default_rng(seed)
    drawn = np.empty(rounds, np.int64)
    for turn in range(rounds):
        day = first + (generator.random(len(mine)) * number).astype(np.int64)
        drawn[turn] = _overrun(some[mine], some[mine] + work[day]).sum()
    return drawn


class Course(NamedTuple):
    """When positives come, and what would be if each entity's came at another time."""

    distance: float  # of Kolmogorov and Smirnov, from when all rows come
    chance: float  # 99.9 % quantile of it
    last_tenth: float  # share of positives in the last tenth of the table's time
    chances: tuple[float, float]  # 0.1 and 99.9 % quantiles of that


def course(table: Labelled, rounds: int, seed: int) -> Course | None:
    """Return when positives come; None where times or entities are not known."""
    if table.time is None or table.entity is None:
        return None
    begin, end = int(table.time.min()), int(table.time.max())
    placed = np.searchsorted(np.sort(table.time), table.time, side="right") / len(table)
    late = table.time > begin + (end - begin) * 9 // 10
    drawn = [
        (_distance(placed[rows]), float(late[rows].mean()))
        for rows in rotated(table.label, table.entity, table.time, rounds, seed)
    ]
    distances, tenths = np.array(drawn).T
    low, high = np.quantile(tenths, [1 - _QUANTILE, _QUANTILE]).tolist()
    return Course(
        _distance(placed[table.label]), float(np.quantile(distances, _QUANTILE)),
        float(late[table.label].mean()), (low, high),
    )  # fmt: skip


def _distance(placed: NDArray[np.float64]) -> float:
    """Return the largest distance of a sample's distribution from an even one on [0, 1]."""
    n, one = len(placed), np.sort(placed)
    upper, lower = np.arange(1, n + 1) / n - one, one - np.arange(n) / n
    return float(max(upper.max(), lower.max()))


def towards_the_end(table: Labelled) -> float | None:
    """Return how far positives come last among their entity's rows, as an area.

    Among entities with positive rows only; folded, so 0.5 is nowhere in particular. None without
    times or entities.
    """
    if table.time is None or table.entity is None:
        return None
    order = np.lexsort((table.time, table.entity))
    _, first, size = np.unique(table.entity[order], return_index=True, return_counts=True)
    which = np.repeat(np.arange(len(size)), size)
    part = np.empty(len(table))
    part[order] = (np.arange(len(table)) - first[which]) / np.maximum(size[which] - 1, 1)
    guilty = np.isin(table.entity, table.entity[table.label])
    if table.label[guilty].all():
        return None
    rank = ranks(part[guilty])
    return auc(rank, np.flatnonzero(table.label[guilty]))
