"""Gradient boosting on labels that the audit process brings: few, late and sometimes wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from misusebench.columns import DAY_US, keys, micros
from misusebench.features import Features

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pyarrow as pa
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

_AGAIN_US: Final = 7 * DAY_US
_MOST_ROWS: Final = 2_000_000


class Supervised:
    """scikit-learn's histogram gradient boosting, fitted again each week on outcomes so far.

    Queries of confirmed outcomes are positive; those of unfounded ones, and a sample of rows that
    nobody looked at, are negative (so unfound misuse counts as honest). A score is the share of
    that sample that the model rates lower, so that models of all weeks are on one scale; before
    enough officers were confirmed it is 0. Leaves are large and regularised: with defaults such
    models are at chance at low base rates. Features of the last two million rows are kept; outcomes
    about older ones come too late.

    Known weakness: it learns what audits find. Kinds that nobody complains of are never in its
    labels, and it ranks them below honest work. It needs many officers rightly
    confirmed. Half a year of S-HI-medium (five seeds) brings 2 to 6 true findings while it scores
    or before, and audits alone 0 to 4 wrong confirmations; of about a thousand reviews 1 % are to
    be wrong. So it is near chance there (mean area 0.53). With all labels of four such worlds (310
    queries, none wrong) the same model had an area of 0.83 on part of a fifth with these features
    (T1), 0.98 with those of T3; one world was tried, so this shows that it can learn, not how well.
    """

    name = "supervised"
    tiers = ("T0", "T1", "T2", "T3")
    needs = ("query_id", "agency_id", "officer_id", "time", "received_at", "system", "subject_key")

    def __init__(
        self, tier: str = "T1", least: int = 3, sample: int = 30_000, seed: int = 0
    ) -> None:
        self._features = Features(tier)
        self._least, self._sample = least, sample
        self._chance, self._seed = np.random.default_rng(seed), seed
        self._ids: list[NDArray[np.uint64]] = []
        self._values: list[NDArray[np.float32]] = []
        self._told: dict[int, bool] = {}
        self._confirmed: set[str] = set()
        self._model: Any = None
        self._known = np.zeros(0)
        self._fitted_us, self._news = -(2**62), False

    def fit(self, history: pa.Table, context: Mapping[str, pa.Table]) -> None:
        """Remember the rows of the history; labels come by `feedback` only."""
        self._features.start(context)
        self._remember(history)

    def observe(self, table: str, rows: pa.Table) -> None:
        """Take over context rows as they become known."""
        self._features.observe(table, rows)

    def feedback(self, outcomes: Sequence[Mapping[str, Any]]) -> None:
        """Take over labels; what is unresolved says nothing."""
        for one in outcomes:
            if one["verdict"] == "unresolved":
                continue
            confirmed = one["verdict"] == "confirmed"
            self._told |= dict.fromkeys(map(int, one["query_ids"]), confirmed)
            self._news |= confirmed
            if confirmed:
                self._confirmed.add(str(one["officer_id"]))

    def score(self, batch: pa.RecordBatch) -> Floats:
        """Return how much of the sample a row outranks, 0 while nothing is known."""
        if batch.num_rows:
            self._learn(int(micros(batch["received_at"])[0]) // DAY_US * DAY_US)
        value = self._remember(batch)
        if self._model is None or not len(value):
            return np.zeros(len(value))
        odds = np.asarray(self._model.decision_function(value), np.float64).reshape(-1)
        lower = np.searchsorted(self._known, odds, side="right").astype(np.float64)
        return (lower + 1.0) / (len(self._known) + 1.0)

    def _remember(self, rows: pa.RecordBatch | pa.Table) -> Floats:
        value = self._features.transform(rows)
        self._ids.append(keys(rows["query_id"]))
        self._values.append(value.astype(np.float32))
        kept = sum(map(len, self._ids))
        while kept - len(self._ids[0]) >= _MOST_ROWS:
            kept -= len(self._ids.pop(0))
            self._values.pop(0)
        return value

    def _learn(self, today_us: int) -> None:
        """Fit again on what is known at the start of a day, once a week and if there is news."""
        enough = len(self._confirmed) >= self._least
        if not (enough and self._news and today_us - self._fitted_us >= _AGAIN_US):
            return
        from sklearn.ensemble import HistGradientBoostingClassifier  # noqa: PLC0415 - extra `ml`

        self._fitted_us, self._news = today_us, False
        ids, values = np.concatenate(self._ids), np.concatenate(self._values)
        told = np.isin(ids, np.fromiter(self._told, np.uint64, len(self._told)))
        drawn = self._chance.choice(len(ids), min(self._sample, len(ids)), replace=False)
        rows = np.union1d(np.flatnonzero(told), drawn)
        label = np.array([self._told.get(int(query), False) for query in ids[rows].tolist()])
        model = HistGradientBoostingClassifier(
            max_iter=100, learning_rate=0.05, max_leaf_nodes=15, min_samples_leaf=20,
            l2_regularization=5.0, class_weight="balanced", random_state=self._seed,
        )  # fmt: skip
        self._model = model.fit(values[rows], label)
        self._known = np.sort(np.asarray(model.decision_function(values[np.sort(drawn)])))
