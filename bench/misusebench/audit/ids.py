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
_WORK: Final = "work"
_CAUSES: Final = ("oddity", "misuse")


def checks_of_ids(data: Dataset, truth: Truth) -> list[Check]:
    """Return the checks of ids against cause, of the names of parts, and of the order of rows."""
    queries = truth.queries
    cause = np.asarray(queries["cause"].cast(pa.string()).to_pylist(), np.str_)
    marked = {name: queries["query_id"].to_numpy()[cause == name] for name in _CAUSES}
    every = data.log(["query_id"])["query_id"].to_numpy()
    return [
        of_bytes(every, list(marked.values())), of_order(every, marked["misuse"]),
        of_names(data.parts("log")), _of_rows(data),
    ]  # fmt: skip


def of_bytes(every: NDArray[np.uint64], marked: Sequence[NDArray[np.uint64]]) -> Check:
    """Return whether a byte of the ids tells more of the cause than it does of shuffled causes.

    Parameters
    ----------
    every
        All ids.
    marked
        Those of each cause but the commonest.
    """
    chance = np.random.default_rng(0)
    total, some = _counts(every), [_counts(ids) for ids in marked]
    value = max(_information(total[b], [s[b] for s in some]) for b in range(_BYTES))
    shuffled = np.zeros(_ROUNDS)
    for byte in range(_BYTES):
        rest, drawn = np.repeat(total[byte][None], _ROUNDS, axis=0), []
        for ids in marked:
            took = np.stack([
                chance.multivariate_hypergeometric(row, len(ids), method="marginals")
                for row in rest
            ])  # fmt: skip
            drawn.append(took)
            rest = rest - took
        found = [_information(total[byte], [d[n] for d in drawn]) for n in range(_ROUNDS)]
        shuffled = np.maximum(shuffled, found)
    limit = float(np.quantile(shuffled, _QUANTILE))
    what = f"nats of the byte that tells most; causes shuffled {_ROUNDS:,} times"
    return Check("Q3", "id bytes against cause", value, f"≤ {limit:.3g}, by chance",
                 value <= limit, what)  # fmt: skip


def _counts(ids: NDArray[np.uint64]) -> Ints:
    """Return how often each value of each byte occurs, shape (8, 256)."""
    return np.stack([
        np.bincount((ids >> np.uint64(8 * b)).astype(np.uint8), minlength=_VALUES)
        for b in range(_BYTES)
    ])  # fmt: skip


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


def of_order(every: NDArray[np.uint64], marked: NDArray[np.uint64]) -> Check:
    """Return whether ids of misuse come early or late among all, by a test of Wilcoxon."""
    name, bound = "id order against cause", "≤ 3.29 standard errors"
    if not len(marked):
        return Check("Q3", name, None, bound, None, "no misuse")
    place = np.searchsorted(np.sort(every), marked) / len(every)
    far = abs(float(place.mean()) - 0.5) * (12 * len(marked)) ** 0.5
    return Check("Q3", name, far, bound, far <= 3.29, f"mean place of {len(marked):,} ids")  # noqa: PLR2004


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
