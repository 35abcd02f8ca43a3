"""P(misuse | what was seen), fitted on sibling worlds: boosted trees in two steps.

The first step rates each query by what was seen of it. The second sees besides how the first rated
earlier queries of the same pair, officer, day and person, so that a campaign adds up. Worlds are
halved and each half is rated by the model of the other, as a classifier's odds on simulated data
are those of the posterior (Cranmer, Brehmer and Louppe, PNAS 117, 2020, call it a learnt ratio).

It is a reference from below: more worlds, or another form, may find more. How near it is to what
its form can reach is shown by its average precision on worlds that a half was fitted on, and on
others.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from misusebench.metrics.ranking import average_precision
from misusebench.streaming import running
from misusesim import rng

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from misusebench.oracle.siblings import World

    Floats = NDArray[np.float64]

#: Honest rows that a model is fitted on, at most; each then counts for several.
MOST_ROWS: Final = 250_000
TREES: Final = 150
_UNIT: Final = 1e-6  # chances are added up in whole millionths, so that sums are exact
_FOLDS: Final = 2


class Fit(NamedTuple):
    """Average precision of the halves on sibling worlds, at the scenario's own rates: means."""

    held_out: float  # of models on worlds they were not fitted on
    own: float  # on those they were fitted on; far above the first: more worlds would help


class NoMisuseError(Exception):
    """There is nothing to learn from."""


class Posterior:
    """A fitted posterior."""

    def __init__(
        self, worlds: Sequence[World], categories: Sequence[int], seed: int = 0, trees: int = TREES
    ) -> None:
        """Fit on worlds.

        Parameters
        ----------
        worlds
            At least two, made by `siblings`.
        categories
            Places of columns that are categories.
        seed
            Of the draws of rows.
        trees
            Of each model.

        Raises
        ------
        ValueError
            If there are fewer than two worlds.
        NoMisuseError
            If there is no misuse in a half of them.
        """
        if len(worlds) < _FOLDS:
            raise ValueError(f"the posterior needs two worlds or more, got {len(worlds)}")
        self._categories, self._seed, self._trees = list(categories), seed, trees
        halves = [list(worlds[half::_FOLDS]) for half in range(_FOLDS)]
        self._first = self._both([[w.rows for w in half] for half in halves], halves, 0)
        wide = [
            [self._wide(world.rows, world.keys, _chance(self._first[1 - n], world.rows))
             for world in half]
            for n, half in enumerate(halves)
        ]  # fmt: skip
        self._second = self._both(wide, halves, 1)
        self.fit = self._fit(wide, halves)

    def of(self, rows: NDArray[np.float32], keys: dict[str, NDArray[np.int64]]) -> Floats:
        """Return the log odds of misuse of each row of a world, but for a common constant."""
        first = np.mean([_chance(model, rows) for model in self._first], axis=0)
        wide = self._wide(rows, keys, first)
        return np.asarray(np.mean([_odds(model, wide) for model in self._second], axis=0))

    def _both(
        self,
        rows: Sequence[Sequence[NDArray[np.float32]]],
        halves: Sequence[Sequence[World]],
        step: int,
    ) -> list[Any]:
        from threadpoolctl import threadpool_limits  # noqa: PLC0415 - comes with scikit-learn

        # one thread: on a busy machine several of OpenMP's wait for each other most of the time
        with threadpool_limits(1, "openmp"):
            return [self._fitted(own, half, step) for own, half in zip(rows, halves, strict=True)]

    def _fitted(
        self, rows: Sequence[NDArray[np.float32]], worlds: Sequence[World], step: int
    ) -> Any:
        from sklearn.ensemble import HistGradientBoostingClassifier  # noqa: PLC0415 - extra `ml`

        picked, label, weight = [], [], []
        honest = sum(int((~w.positive & (w.weight > 0)).sum()) for w in worlds)
        share = min(1.0, MOST_ROWS / max(1, honest))
        for number, (own, world) in enumerate(zip(rows, worlds, strict=True)):
            drawn = rng.stream(self._seed, "oracle-rows", step, number).random(len(own)) < share
            kept = np.flatnonzero((world.positive | drawn) & (world.weight > 0))
            picked.append(own[kept])
            label.append(world.positive[kept])
            weight.append(np.where(world.positive, 1.0, 1 / share)[kept] * world.weight[kept])
        y, w = np.concatenate(label), np.concatenate(weight)
        if not y.any():
            raise NoMisuseError("no misuse in half of the sibling worlds; ask for more of them")
        w[y] *= y.sum() / w[y].sum()  # a constant of the odds, and enough weight to grow leaves
        model = HistGradientBoostingClassifier(
            max_iter=self._trees, learning_rate=0.05, max_leaf_nodes=15, min_samples_leaf=50,
            l2_regularization=20.0, max_features=0.5, early_stopping=False,
            categorical_features=self._categories, random_state=self._seed,
        )  # fmt: skip
        return model.fit(np.concatenate(picked), y, w)

    def _wide(
        self, rows: NDArray[np.float32], keys: dict[str, NDArray[np.int64]], chance: Floats
    ) -> NDArray[np.float32]:
        """Return the rows with what the first step says of them and of earlier ones like them."""
        whole = (chance / _UNIT).astype(np.int64)
        earlier = [np.log1p(running(key, whole)) for key in keys.values()]
        added = np.column_stack([np.log(chance + _UNIT), *earlier])
        return np.hstack([rows, added.astype(np.float32)])

    def _fit(
        self, wide: Sequence[Sequence[NDArray[np.float32]]], halves: Sequence[Sequence[World]]
    ) -> Fit:
        held: list[float] = []
        own: list[float] = []
        for n, half in enumerate(halves):
            for rows, world in zip(wide[n], half, strict=True):
                for model, found in ((self._second[1 - n], held), (self._second[n], own)):
                    found.append(
                        average_precision(_odds(model, rows), world.positive, world.weight)
                    )
        return Fit(float(np.nanmean(held)), float(np.nanmean(own)))


def _odds(model: Any, rows: NDArray[np.float32]) -> Floats:
    from threadpoolctl import threadpool_limits  # noqa: PLC0415 - comes with scikit-learn

    with threadpool_limits(1, "openmp"):
        return np.asarray(model.decision_function(rows), np.float64).reshape(-1)


def _chance(model: Any, rows: NDArray[np.float32]) -> Floats:
    return np.asarray(1 / (1 + np.exp(-_odds(model, rows))))
