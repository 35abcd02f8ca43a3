"""Trees of depth one to three, learnt on one half of the entities and tried on the other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from misusebench.audit.search import Found, halves

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from misusebench.audit.labelled import Labelled
    from misusebench.audit.probes import Probe

    Ints = NDArray[np.int64]
    Floats = NDArray[np.float64]

_DEPTHS: Final = (1, 2, 3)
_MADE, _TRIED = 200_000, 500_000  # negatives that trees are fitted and tried on
#: Rounds of moved labels: a fit each, so few; asked for only where a bound is broken.
ROUNDS: Final = 9


class _Rows(NamedTuple):
    """Rows of a half, its positives all, its others thinned evenly and weighted back."""

    at: Ints
    label: NDArray[np.bool_]
    weight: Floats


class Trees:
    """Collects what trees learn from, probe by probe; rows that no tree sees are not kept."""

    def __init__(self, table: Labelled, rows: Ints) -> None:
        """Keep a sample of the rows, and all that are positive in one of the labellings."""
        self._halves, self._rows = halves(table), rows
        positive = np.zeros(len(table), np.bool_)
        positive[rows.ravel()] = True
        picked = [np.flatnonzero(positive)]
        for half, most in zip(self._halves, (_MADE, _TRIED), strict=True):
            others = np.flatnonzero(half & ~positive)
            picked.append(others[:: max(1, len(others) // most)])
        self._kept = np.unique(np.concatenate(picked))
        self._columns: list[NDArray[np.float32]] = []

    def add_probe(self, probe: Probe) -> None:
        """Add a column of inputs."""
        self._columns.append(probe.values[self._kept].astype(np.float32))

    def best(self, labelling: int = 0) -> Found | None:
        """Return the best tree on the other half; None without scikit-learn or positives."""
        try:
            from sklearn.metrics import average_precision_score  # noqa: PLC0415 - an extra
            from sklearn.tree import DecisionTreeClassifier  # noqa: PLC0415
        except ImportError:
            return None
        made, tried = (self._side(half, labelling) for half in self._halves)
        if not made.label.any() or not tried.label.any():
            return None
        inputs, found = np.stack(self._columns, axis=1), []
        for depth in _DEPTHS:
            tree = DecisionTreeClassifier(max_depth=depth, class_weight="balanced", random_state=0)
            tree.fit(inputs[made.at], made.label)
            score = tree.predict_proba(inputs[tried.at])[:, 1]
            area = float(average_precision_score(tried.label, score, sample_weight=tried.weight))
            found.append(_told(f"tree of depth {depth}", area, score >= score.max(), tried))
        return max(found, key=lambda one: one.average_precision)

    def by_chance(self) -> list[float]:
        """Return the average precision of the best tree of some other labellings."""
        found = [self.best(n) for n in range(1, min(len(self._rows), 1 + ROUNDS))]
        return [one.average_precision for one in found if one is not None]

    def _side(self, half: NDArray[np.bool_], labelling: int) -> _Rows:
        label = np.isin(self._kept, self._rows[labelling])
        at = np.flatnonzero(half[self._kept])
        mine = label[at]
        others = int(half.sum()) - int(mine.sum())
        return _Rows(at, mine, np.where(mine, 1.0, others / max(int((~mine).sum()), 1)))


def _told(name: str, area: float, hit: Any, tried: _Rows) -> Found:
    caught = int((hit & tried.label).sum())
    weight = float(tried.weight[hit].sum())
    return Found(name, area, caught / max(weight, 1.0), caught / int(tried.label.sum()))
