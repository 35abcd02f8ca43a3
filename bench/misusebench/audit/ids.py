"""Whether ids, parts and the order of rows say what caused a query (Q3)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import pyarrow as pa

from misusebench.audit.verdict import Check
from misusesim.dataset import schema
from misusesim.dataset.reader import read_part

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from misusesim.dataset.reader import Dataset
    from misusesim.truth import Truth

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

_BYTES, _VALUES = 8, 256
_ROUNDS, _QUANTILE = 1_000, 0.999
_MOST_DRAWN_FROM: Final = 900_000_000
_WORK: Final = "work"
_CAUSES: Final = ("oddity", "misuse")


def checks_of_ids(data: Dataset, truth: Truth) -> list[Check]:
    """Return the checks of ids against cause, of the names of parts, and of the order of rows."""
    marked = [truth.of_cause(name, ["query_id"])["query_id"].to_numpy() for name in _CAUSES]
    every = Counted(marked[-1])
    for part in data.part_tables("log", ["query_id"]):
        every.count(part["query_id"].to_numpy())
    return [
        of_bytes(every.by_byte, marked), of_bits(every.by_bit, marked), of_order(every),
        of_names(data.parts("log")), _of_rows(data),
    ]  # fmt: skip


class Counted:
    """What is counted of all ids of a log, part by part, whose ids together may not fit."""

    def __init__(self, misuse: NDArray[np.uint64]) -> None:
        self.misuse = np.sort(misuse)
        self.by_byte = np.zeros((_BYTES, _VALUES), np.int64)
        self.by_bit = np.zeros((8 * _BYTES, 2), np.int64)
        self.below = np.zeros(len(misuse), np.int64)  # ids smaller than each of misuse
        self.number = 0

    def count(self, ids: NDArray[np.uint64]) -> None:
        """Add some ids."""
        self.by_byte += _by_byte(ids)
        self.by_bit += _by_bit(ids)
        self.below += np.searchsorted(np.sort(ids), self.misuse)
        self.number += len(ids)


def of_bytes(every: Ints, marked: Sequence[NDArray[np.uint64]]) -> Check:
    """Return whether a byte of the ids tells more of the cause than it does of shuffled causes.

    Parameters
    ----------
    every
        How often each value of each byte occurs in all ids, shape (8, 256).
    marked
        Ids of each cause but the commonest.
    """
    return _against_shuffled("byte", every, [_by_byte(ids) for ids in marked])


def of_bits(every: Ints, marked: Sequence[NDArray[np.uint64]]) -> Check:
    """Return the same of single bits, shape (64, 2), which show a bias that bytes cannot."""
    return _against_shuffled("bit", every, [_by_bit(ids) for ids in marked])


def _against_shuffled(what: str, total: Ints, some: Sequence[Ints]) -> Check:
    """Compare counts of values, shape (parts of an id, values), with those of shuffled causes."""
    chance, shuffled = np.random.default_rng(0), np.zeros(_ROUNDS)
    value = max(_information(row, [s[n] for s in some]) for n, row in enumerate(total))
    # draws from more are not to be had, and beyond it nothing changes but their cost
    total = total // (1 + int(total[0].sum()) // _MOST_DRAWN_FROM)
    for place, row in enumerate(total):
        rest, drawn = np.repeat(row[None], _ROUNDS, axis=0), []
        for one in some:
            number = int(one[place].sum())
            took = np.stack([
                chance.multivariate_hypergeometric(left, number, method="marginals")
                for left in rest
            ])  # fmt: skip
            drawn.append(took)
            rest = rest - took
        found = [_information(row, [d[n] for d in drawn]) for n in range(_ROUNDS)]
        shuffled = np.maximum(shuffled, found)
    limit = float(np.quantile(shuffled, _QUANTILE))
    told = f"nats of the {what} that tells most; causes shuffled {_ROUNDS:,} times"
    return Check("Q3", f"id {what}s against cause", value, f"≤ {limit:.3g}, by chance",
                 value <= limit, told)  # fmt: skip


def _by_byte(ids: NDArray[np.uint64]) -> Ints:
    """Return how often each value of each byte occurs, shape (8, 256)."""
    return np.stack([
        np.bincount((ids >> np.uint64(8 * b)).astype(np.uint8), minlength=_VALUES)
        for b in range(_BYTES)
    ])  # fmt: skip


def _by_bit(ids: NDArray[np.uint64]) -> Ints:
    """Return how often each bit is 0 and 1, shape (64, 2)."""
    ones = np.array([int((ids >> np.uint64(b) & np.uint64(1)).sum()) for b in range(8 * _BYTES)])
    return np.stack([len(ids) - ones, ones], axis=1)


def _information(total: Ints, some: Sequence[Ints]) -> float:
    """Return the mutual information of a byte and the cause, in nats.

    >>> a, b = np.array([2, 2]), np.array([2, 0])
    >>> round(_information(a, [b]), 4), round(float(np.log(2)), 4)
    (0.6931, 0.6931)
    """
    table = np.stack([total - sum(some), *some]).astype(np.float64)
    n = table.sum()
    expected = table.sum(axis=1)[:, None] * table.sum(axis=0)[None] / n
    there = table > 0
    return float((table[there] * np.log(table[there] / expected[there])).sum() / n)


def of_order(every: Counted) -> Check:
    """Return whether ids of misuse come early or late among all, by a test of Wilcoxon."""
    name, bound = "id order against cause", "≤ 3.29 standard errors"
    marked = len(every.misuse)
    if not marked:
        return Check("Q3", name, None, bound, None, "no misuse")
    place = every.below / every.number
    far = abs(float(place.mean()) - 0.5) * (12 * marked) ** 0.5
    return Check("Q3", name, far, bound, far <= 3.29, f"mean place of {marked:,} ids")  # noqa: PLR2004


def of_names(parts: Sequence[str]) -> Check:
    """Return whether names of parts hold a word of the truth."""
    words = {_WORK, *_CAUSES, *schema.MISUSE_KINDS, *schema.ODDITY_KINDS, *schema.RUNGS}
    told = [part for part in parts if any(word in part for word in words)]
    what = f"of {len(parts):,} parts of the log name a cause, kind or rung"
    return Check("Q3", "names of parts", len(told), "0 parts", not told, what)


def _of_rows(data: Dataset) -> Check:
    """Return whether rows of each part are in the order of time, which says nothing of a cause."""
    bad, parts = 0, data.parts("log")
    for part in parts:
        rows = read_part(data.path / part, ["time"])
        bad += not (np.diff(rows["time"].cast(pa.int64()).to_numpy()) >= 0).all()
    what = f"of {len(parts):,} parts have rows in another order than that of time"
    return Check("Q3", "order of rows", bad, "0 parts", not bad, what)
