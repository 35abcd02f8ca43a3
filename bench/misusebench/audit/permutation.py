"""What chance does: labels moved from entity to entity as they stand, so that clusters stay."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

ROUNDS: Final = 1_000


def ranks(values: Floats) -> Floats:
    """Return the ranks of values from 1, ties at their mean.

    >>> ranks(np.array([3.0, 1.0, 3.0])).tolist()
    [2.5, 1.0, 2.5]
    """
    _, place, count = np.unique(values, return_inverse=True, return_counts=True)
    upto = np.cumsum(count)
    return np.asarray((upto - (count - 1) / 2)[place], np.float64)


def auc(rank: Floats, positives: NDArray[np.int64]) -> float:
    """Return the area under the ROC curve of what was ranked, folded to 0.5 and above.

    >>> auc(ranks(np.array([1.0, 2.0, 3.0])), np.array([2]))
    1.0
    """
    n, k = len(rank), len(positives)
    area = (rank[positives].sum() - k * (k + 1) / 2) / (k * (n - k))
    return float(min(1.0, max(area, 1 - area)))


class Permuted:
    """Rows that are positive when whole entities swap their labels.

    A row at a part of the way through an entity's rows becomes the row at the same part of
    another's, so bursts stay bursts; where that one has fewer rows they count more than once, so
    an entity with many positives weighs as much wherever it goes. Without entities, rows are drawn.
    """

    def __init__(
        self, label: NDArray[np.bool_], entity: NDArray[np.int64] | None, rounds: int, seed: int
    ) -> None:
        chance = np.random.default_rng(seed)
        positives = np.flatnonzero(label)
        if entity is None:
            self.rows = [
                np.sort(chance.choice(len(label), len(positives), replace=False))
                for _ in range(rounds)
            ]
            return
        order = np.argsort(entity, kind="stable")
        _, first, size = np.unique(entity[order], return_index=True, return_counts=True)
        place = np.empty(len(label), np.int64)
        place[order] = np.arange(len(label))
        mine = np.searchsorted(first, place[positives], side="right") - 1
        part = (place[positives] - first[mine]) / size[mine]
        self.rows = []
        for _ in range(rounds):
            other = chance.permutation(len(size))[mine]
            at = first[other] + (part * size[other]).astype(np.int64)
            self.rows.append(order[at])


class Moved:
    """Labels moved among the entities of each table of a pool, and areas within the tables."""

    def __init__(
        self, label: NDArray[np.bool_], entity: NDArray[np.int64] | None, parts: Sequence[slice],
        rounds: int, seed: int,
    ) -> None:  # fmt: skip
        self._parts = [rows for rows in parts if label[rows].any()]
        self._real = [np.flatnonzero(label[rows])[None, :] for rows in self._parts]
        self._moved = [
            np.stack(
                Permuted(label[rows], None if entity is None else entity[rows], rounds, seed).rows
            )
            for rows in self._parts
        ]

    @property
    def rows(self) -> NDArray[np.int64]:
        """Return the rows that are positive in each round, shape (rounds, positives)."""
        each = zip(self._parts, self._moved, strict=True)
        return np.concatenate([part.start + moved for part, moved in each], axis=1)

    def area(self, rank: Floats) -> float:
        """Return the area under the curve of what was ranked, table by table, folded."""
        return float(self._areas(rank, self._real)[0])

    def areas(self, rank: Floats) -> Floats:
        """Return the same of each round."""
        return self._areas(rank, self._moved)

    def _areas(self, rank: Floats, rows: Sequence[NDArray[np.int64]]) -> Floats:
        total, weight = np.zeros(len(rows[0])), 0
        for part, some in zip(self._parts, rows, strict=True):
            own = rank[part]
            n, k = len(own), some.shape[1]
            total += (own[some].sum(axis=1) - k * (k + 1) / 2) / (n - k)
            weight += k
        area = total / weight
        return np.asarray(np.minimum(1.0, np.maximum(area, 1 - area)))


def rotated(
    label: NDArray[np.bool_], entity: NDArray[np.int64], time: NDArray[np.int64], rounds: int,
    seed: int,
) -> Iterator[NDArray[np.int64]]:  # fmt: skip
    """Yield rows that are positive when each entity's labels turn round its own rows in time.

    Who misuses stays, bursts stay, when it was does not.
    """
    chance = np.random.default_rng(seed)
    order = np.lexsort((time, entity))
    _, first, size = np.unique(entity[order], return_index=True, return_counts=True)
    place = np.flatnonzero(label[order])
    mine = np.searchsorted(first, place, side="right") - 1
    for _ in range(rounds):
        turn = (chance.random(len(size)) * size).astype(np.int64)
        yield order[first[mine] + (place - first[mine] + turn[mine]) % size[mine]]
