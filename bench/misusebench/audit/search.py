"""Rules of one line, made on one half of the entities, tried on the other, and what chance does.

Rules are added probe by probe; a rule is never kept as rows, only how many it hits, and which of
the positives: the real ones, and those of labels moved among entities.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from misusebench.audit.distinct import Distinct
from misusebench.audit.labelled import plain

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from misusebench.audit.labelled import Labelled
    from misusebench.audit.probes import Probe

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

_CUTS: Final = (0.001, 0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99, 0.999)
_VALUES: Final = 40  # commonest values of a column that are tried, and as many of the positives
_BEST: Final = 10  # rules of the first half that are tried on the second


class Found(NamedTuple):
    """A rule and how it does on the half it was not made on."""

    rule: str
    average_precision: float
    precision: float
    recall: float
    false_alarms: float = 0.0  # share of the other rows that it hits


class Halves(NamedTuple):
    """Who made the rule, and on whom it is tried."""

    made: NDArray[np.bool_]
    tried: NDArray[np.bool_]


def halves(table: Labelled, seed: int = 0) -> Halves:
    """Return two halves: by entity where there is one, else by row; no entity is in both."""
    key = np.arange(len(table)) if table.entity is None else table.entity
    side = np.random.default_rng(seed).random(int(key.max()) + 1) < 0.5  # noqa: PLR2004
    made = side[key]
    counted = np.ones(len(table), np.bool_) if table.aside is None else ~table.aside
    return Halves(made & counted, ~made & counted)


def average_precision(hits: Any, caught: Any, positives: Any, rows: int) -> Any:
    """Return the step-wise average precision of rules that say yes or no.

    Parameters
    ----------
    hits, caught, positives
        Rows hit, positive rows hit, and positive rows, of any shape that fits.
    rows
        Of the half.

    Examples
    --------
    >>> float(average_precision(2, 1, 1, 3))
    0.5
    """
    precision = caught / np.maximum(hits, 1)
    recall = caught / np.maximum(positives, 1)
    return precision * recall + positives / rows * (1 - recall)


class Side(NamedTuple):
    """The positives of one half: which of `rows` they are, in each of the labellings."""

    size: int  # rows of the half
    mask: NDArray[np.bool_]  # shape (labellings, positives)

    @property
    def positives(self) -> Ints:
        """Return how many there are, by labelling."""
        return np.asarray(self.mask.sum(axis=1))


class Rules:
    """Rules of one line over a table and what they catch, for one or more labellings.

    Parameters
    ----------
    table
        The table.
    rows
        Positive rows of each labelling, shape (labellings, positives); the first is the real one.
    """

    def __init__(self, table: Labelled, rows: Ints) -> None:
        self._halves, self._rows, self._table = halves(table), rows, table
        self._sides = [Side(int(half.sum()), half[rows]) for half in self._halves]
        self.names: list[str] = []
        self._hits: list[tuple[int, int]] = []
        self._caught: list[tuple[Ints, Ints]] = []

    def add_probe(self, probe: Probe, distinct: Distinct) -> None:
        """Add the bounds of a probe, and its commonest values where it is a value."""
        seen = probe.values[self._rows]
        counts = [distinct.of(half) for half in self._halves]
        upto = [np.append(0, np.cumsum(count)) for count in counts]
        for cut in distinct.quantiles(_CUTS):
            at = int(np.searchsorted(distinct.values, cut, side="right"))
            below = [int(one[at]) for one in upto]
            above = [int(one[-1]) - n for one, n in zip(upto, below, strict=True)]
            over = seen > cut
            self._add(f"{probe.name} > {cut:g}", above, over)
            self._add(f"{probe.name} <= {cut:g}", below, ~over)
        if probe.what == "value":
            own = Distinct(seen[0]).commonest(_VALUES)
            for value in dict.fromkeys(distinct.commonest(_VALUES) + own):
                at = int(np.searchsorted(distinct.values, value))
                self._add(f"{probe.name} = {value:g}", [int(c[at]) for c in counts], seen == value)

    def add_words(self) -> None:
        """Add the commonest words of each column of words."""
        for name, codes, words in _worded_columns(self._table):
            seen = codes[self._rows]
            sides = [np.bincount(codes[half & (codes >= 0)], minlength=len(words))
                     for half in self._halves]  # fmt: skip
            every, own = (Distinct(c[c >= 0].astype(np.float64)) for c in (codes, seen[0]))
            for code in dict.fromkeys(every.commonest(_VALUES) + own.commonest(_VALUES)):
                hits = [int(side[int(code)]) for side in sides]
                self._add(f"{name} = {words[int(code)]}", hits, seen == code)

    def _add(self, name: str, hits: list[int], seen: NDArray[np.bool_]) -> None:
        self.names.append(name)
        self._hits.append((hits[0], hits[1]))
        made, tried = ((seen & side.mask).sum(axis=1).astype(np.int32) for side in self._sides)
        self._caught.append((made, tried))

    def best(self) -> Found:
        """Return the rule that is best on the half it was not chosen on, of the real labels."""
        return self._best(0)

    def by_chance(self) -> list[Found]:
        """Return the best rule of each other labelling."""
        return [self._best(labelling) for labelling in range(1, len(self._rows))]

    def best_tried(self) -> Found:
        """Return the rule that is best on the tried half itself: no chosen one can do better."""
        return self._best(0, chosen=False)

    def _best(self, labelling: int, *, chosen: bool = True) -> Found:
        hits = np.array(self._hits)
        scores = []
        for half, side in enumerate(self._sides):
            caught = np.array([one[half][labelling] for one in self._caught])
            positives = int(side.positives[labelling])
            scores.append((average_precision(hits[:, half], caught, positives, side.size), caught))
        order = np.arange(len(hits))
        if chosen:
            order = np.lexsort((np.array(self.names), -scores[0][0]))[:_BEST]
        place = int(order[int(np.argmax(scores[1][0][order]))])
        mine, hit, side = int(scores[1][1][place]), int(hits[place, 1]), self._sides[1]
        positives = int(side.positives[labelling])
        return Found(
            self.names[place], float(scores[1][0][place]), mine / max(hit, 1),
            mine / max(positives, 1), (hit - mine) / max(side.size - positives, 1),
        )  # fmt: skip


def _worded_columns(table: Labelled) -> Iterator[tuple[str, Ints, list[Any]]]:
    """Yield the columns of words: name, code of each row (-1: none), words."""
    for name in table.columns.column_names:
        column = plain(table.columns[name])
        if name == table.entity_column or not _worded(column.type):
            continue
        encoded = pc.dictionary_encode(column)
        codes = encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False)
        yield name, codes, encoded.dictionary.to_pylist()


def _worded(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))
