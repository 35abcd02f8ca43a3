"""Rules of one line and trees of depth one to three, learnt on one half and tried on the other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from misusebench.audit.labelled import plain
from misusebench.audit.probes import probes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from misusebench.audit.labelled import Labelled

_CUTS: Final = (0.001, 0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99, 0.999)
_VALUES: Final = 40  # commonest values of a column that are tried, and as many of the positives
_DEPTHS: Final = (1, 2, 3)
_MOST_ROWS: Final = 200_000  # negatives a tree is fitted on


class Found(NamedTuple):
    """A rule and how it does on the half it was not made on."""

    rule: str
    average_precision: float
    precision: float
    recall: float


class Halves(NamedTuple):
    """Who made the rule, and on whom it is tried."""

    made: NDArray[np.bool_]
    tried: NDArray[np.bool_]


def halves(table: Labelled, seed: int = 0) -> Halves:
    """Return two halves: by entity where there is one, else by row; no entity is in both."""
    key = np.arange(len(table)) if table.entity is None else table.entity
    side = np.random.default_rng(seed).random(int(key.max()) + 1) < 0.5  # noqa: PLR2004
    made = side[key]
    return Halves(made, ~made)


def average_precision(hit: NDArray[np.bool_], label: NDArray[np.bool_]) -> float:
    """Return the step-wise average precision of a rule that says yes or no.

    >>> average_precision(np.array([True, True, False]), np.array([True, False, False]))
    0.5
    """
    positives = int(label.sum())
    if not positives:
        return 0.0
    caught = int((hit & label).sum())
    precision = caught / max(int(hit.sum()), 1)
    recall = caught / positives
    return precision * recall + positives / len(label) * (1 - recall)


def one_liners(table: Labelled) -> Iterator[tuple[str, NDArray[np.bool_]]]:
    """Yield rules of one line: a value, a bound, an absence."""
    for probe in probes(table):
        for cut in np.unique(np.quantile(probe.values, _CUTS)).tolist():
            yield f"{probe.name} > {cut:g}", probe.values > cut
            yield f"{probe.name} <= {cut:g}", probe.values <= cut
        if probe.what == "value":
            for value in _common(probe.values, table.label):
                yield f"{probe.name} = {value:g}", probe.values == value
    for name in table.columns.column_names:
        column = plain(table.columns[name])
        if name == table.entity_column or not _worded(column.type):
            continue
        encoded = pc.dictionary_encode(column)
        codes = encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False)
        words = encoded.dictionary.to_pylist()
        for code in _common(codes[codes >= 0], table.label[codes >= 0]):
            yield f"{name} = {words[int(code)]}", codes == code


def _worded(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _common(values: NDArray[np.generic], label: NDArray[np.bool_]) -> list[float]:
    """Return the commonest values of all rows, and of the positive ones."""
    out: list[float] = []
    for some in (values, values[label]):
        found, count = np.unique(some, return_counts=True)
        out += found[np.argsort(-count, kind="stable")[:_VALUES]].tolist()
    return list(dict.fromkeys(out))


def best_rule(table: Labelled) -> tuple[Found, int]:
    """Return the rule of one line that is best on the half it was not chosen on, and how many.

    The ten best of the first half are tried on the second one.
    """
    made, tried = halves(table)
    best: list[tuple[float, str, NDArray[np.bool_]]] = []
    count = 0
    for name, hit in one_liners(table):
        count += 1
        score = average_precision(hit[made], table.label[made])
        if len(best) < 10 or score > best[-1][0]:  # noqa: PLR2004 - the ten best
            best = sorted([*best, (score, name, hit)], key=lambda one: (-one[0], one[1]))[:10]
    found = [_tried(name, hit[tried], table.label[tried]) for _, name, hit in best]
    return max(found, key=lambda one: one.average_precision), count


def _tried(name: str, hit: NDArray[np.bool_], label: NDArray[np.bool_]) -> Found:
    caught = int((hit & label).sum())
    return Found(
        name, average_precision(hit, label), caught / max(int(hit.sum()), 1),
        caught / max(int(label.sum()), 1),
    )  # fmt: skip


def best_tree(table: Labelled) -> Found | None:
    """Return the best tree of depth one to three on the other half; None without scikit-learn."""
    try:
        from sklearn.metrics import average_precision_score  # noqa: PLC0415 - an extra
        from sklearn.tree import DecisionTreeClassifier  # noqa: PLC0415
    except ImportError:
        return None
    made, tried = halves(table)
    if not table.label[made].any() or not table.label[tried].any():
        return None
    rows = _fitted_on(table.label, made)
    inputs = np.stack([probe.values.astype(np.float32) for probe in probes(table)], axis=1)
    found = []
    for depth in _DEPTHS:
        tree = DecisionTreeClassifier(max_depth=depth, class_weight="balanced", random_state=0)
        tree.fit(inputs[rows], table.label[rows])
        score = tree.predict_proba(inputs[tried])[:, 1]
        area = float(average_precision_score(table.label[tried], score))
        hit = score >= score.max()
        caught = int((hit & table.label[tried]).sum())
        found.append(Found(f"tree of depth {depth}", area, caught / max(int(hit.sum()), 1),
                           caught / int(table.label[tried].sum())))  # fmt: skip
    return max(found, key=lambda one: one.average_precision)


def _fitted_on(label: NDArray[np.bool_], made: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return the rows a tree is fitted on: all positives of a half, at most so many others."""
    negatives = np.flatnonzero(made & ~label)
    step = max(1, len(negatives) // _MOST_ROWS)
    return np.concatenate([np.flatnonzero(made & label), negatives[::step]])
