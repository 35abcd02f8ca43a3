"""Detectors on any labelled table, through the harness that judges them on logs.

So that anybody can hold the harness against published figures of well-known benchmarks.
"""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
import pyarrow as pa

from misusebench.audit.labelled import labels_of, plain, read_table
from misusebench.component_faults import ComponentFault
from misusebench.confinement import Limits
from misusebench.detectors.on_table import TABULAR
from misusebench.errors import SuiteError
from misusebench.isolated import IsolatedDetector, start
from misusebench.isolation import Worker
from misusebench.metrics.ranking import auroc, average_precision
from misusebench.result import dumps, make_folder, save_scores, write_atomically
from misusebench.suite import ComponentSpec

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray
    from rich.table import Table

SCHEMA_VERSION: Final = "1"
_TEST_WORDS: Final = frozenset({"test", "1", "true", "t", "yes"})
_BATCH: Final = 16_384


class Columns(NamedTuple):
    """A table as numbers."""

    values: pa.Table  # float64 columns
    label: NDArray[np.bool_]
    test: NDArray[np.bool_] | None  # rows of the given test part


@dataclass(frozen=True, slots=True)
class TableBench:
    """What detectors were worth on a table."""

    table: str
    rows: int
    features: int
    positives: int
    test_rows: int
    test_positives: int
    seeds: tuple[int, ...]
    found: dict[str, dict[str, Any]]  # detector -> state, reasons, metrics

    def as_json(self) -> dict[str, Any]:
        """Return what a machine reads."""
        names = ("table", "rows", "features", "positives", "test_rows", "test_positives", "seeds")
        return {**{name: getattr(self, name) for name in names}, "detectors": self.found}

    @property
    def failed(self) -> list[str]:
        """Detectors that failed."""
        return [name for name, one in self.found.items() if one["state"] != "ok"]

    def text(self) -> Table:
        """Return the detectors by average precision."""
        from rich.table import Table  # noqa: PLC0415 - only terminals need it

        title = (
            f"{self.table}: {self.test_rows:,} rows tried, {self.test_positives:,} of them "
            f"positive, {self.features} features, {len(self.seeds)} splits"
        )
        out = Table(title=title, title_justify="left", box=None, pad_edge=False)
        for head in ("detector", "AP", "AUROC", "P@n", "fit s", "rows/s", "state"):
            out.add_column(head, justify="left" if head in {"detector", "state"} else "right")
        for name, one in sorted(self.found.items(), key=lambda item: -(item[1].get("ap") or -1)):
            out.add_row(
                name, *(_digits(one.get(key)) for key in ("ap", "auroc", "p_at_n", "fit_s")),
                f"{one['rows_per_s']:,.0f}" if one.get("rows_per_s") else "-",
                one["state"] + (f": {one['reasons'][0]}" if one["reasons"] else ""),
            )  # fmt: skip
        return out


def _digits(value: float | None) -> str:
    return "-" if value is None else f"{value:.4f}"


def bench_table(
    path: Path, label: str, out: Path, *, detectors: Sequence[str] = TABULAR,
    split: str | None = None, ignore: Sequence[str] = (), share: float = 0.4,
    seeds: Sequence[int] = (0,), unsafe: bool = False,
    progress: Callable[[str], None] = lambda _: None,
) -> TableBench:  # fmt: skip
    """Judge detectors on a labelled table and write ``table.json`` and scores.

    Parameters
    ----------
    path, label
        A CSV, Parquet or NPZ file (arrays ``X`` and ``y``), and its column of labels.
    out
        Folder for ``table.json`` and ``scores/NAME.parquet`` (of the first split).
    detectors
        Of `TABULAR`.
    split
        Column that says which rows are tried ("test"); else a random share of the rows is.
    ignore
        Columns that are no features.
    share, seeds
        Share of rows that is tried, and a seed for each random split; values are means over them.
    unsafe
        Go on where components cannot be shut in.
    progress
        Is told each finished detector.

    Raises
    ------
    SuiteError
        If the table cannot be read or split so, or a detector is none of tables.
    """
    if odd := [name for name in detectors if name not in TABULAR]:
        raise SuiteError(f"{odd[0]} does not work on tables; there are {', '.join(TABULAR)}")
    columns = read_columns(path, label, split=split, ignore=ignore)
    tests = [columns.test] if columns.test is not None else [
        _drawn(columns.label, share, seed) for seed in seeds
    ]  # fmt: skip
    for test in tests:
        _both(path, columns.label[test], "tried")
    make_folder(out)
    found: dict[str, dict[str, Any]] = {}
    for name in detectors:
        found[name] = _judged(name, columns, tests, out, seeds=seeds, unsafe=unsafe)
        progress(f"{name}: {found[name]['state']}")
    first = tests[0]
    told = TableBench(
        path.name, len(columns.label), columns.values.num_columns, int(columns.label.sum()),
        int(first.sum()), int(columns.label[first].sum()),
        tuple(seeds) if columns.test is None else (), found,
    )  # fmt: skip
    body = {"schema_version": SCHEMA_VERSION, **told.as_json()}
    write_atomically(out / "table.json", dumps(body).encode())
    return told


def read_columns(
    path: Path, label: str, *, split: str | None = None, ignore: Sequence[str] = ()
) -> Columns:
    """Return a table as columns of numbers.

    Words become their place in the alphabet, dates their place in time, and what is missing the
    median of its column.

    Raises
    ------
    SuiteError
        If it cannot be read, lacks a column, has labels of one class only, or no features.
    """
    if path.suffix == ".npz":
        if split is not None or ignore:
            raise SuiteError(f"{path}: arrays have no columns to split by or to leave out")
        return _of_arrays(path, label)
    table = read_table(path)
    for name in (label, split, *ignore):
        if name is not None and name not in table.column_names:
            raise SuiteError(
                f"{path} has no column {name} (it has {', '.join(table.column_names)})"
            )
    aside = {label, split, *ignore}
    try:
        values = {n: _numbers(table[n]) for n in table.column_names if n not in aside}
    except pa.ArrowException as error:
        raise SuiteError(f"{path}: a column is no number, word or date: {error}") from error
    if not values:
        raise SuiteError(f"{path} has no column beside {', '.join(filter(None, aside))}")
    test = None if split is None else _tried(path, table[split])
    return Columns(pa.table(values), labels_of(path, label, table[label]), test)


def _of_arrays(path: Path, label: str) -> Columns:
    try:
        with np.load(path, allow_pickle=False) as arrays:
            names = set(arrays.files)
            if not {"X", "y"} <= names:
                raise SuiteError(
                    f"{path} has the arrays {', '.join(sorted(names))}; X (rows, features) and y "
                    "(labels) are wanted"
                )
            x, y = np.asarray(arrays["X"], np.float64), np.asarray(arrays["y"]).reshape(-1)
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        raise SuiteError(f"{path}: no NPZ file of numbers: {error}") from error
    if x.ndim != 2 or len(x) != len(y):  # noqa: PLR2004 - rows and features
        raise SuiteError(f"{path}: X has shape {x.shape} and y {y.shape}; their rows must be equal")
    values = pa.table({f"x{n}": _filled(column) for n, column in enumerate(x.T)})
    return Columns(values, labels_of(path, label, pa.chunked_array([pa.array(y)])), None)


def _numbers(column: pa.ChunkedArray) -> NDArray[np.float64]:
    whole = plain(column)
    kind = whole.type
    if pa.types.is_temporal(kind):
        wide = pa.types.is_date64(kind) or getattr(kind, "bit_width", 64) == 64  # noqa: PLR2004
        whole = whole.cast(pa.int64() if wide else pa.int32())
    elif not (
        pa.types.is_integer(whole.type) or pa.types.is_floating(whole.type)
        or pa.types.is_boolean(whole.type) or pa.types.is_decimal(whole.type)
    ):  # fmt: skip
        words = whole.cast(pa.string())
        places = {word: n for n, word in enumerate(sorted(set(words.to_pylist()) - {None}))}
        whole = pa.array([None if w is None else places[w] for w in words.to_pylist()], pa.int64())
    if pa.types.is_boolean(whole.type):
        whole = whole.cast(pa.int8())
    return _filled(whole.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False))


def _filled(values: NDArray[np.float64]) -> NDArray[np.float64]:
    known = np.isfinite(values)
    middle = float(np.median(values[known])) if known.any() else 0.0
    return np.where(known, values, middle)


def _tried(path: Path, column: pa.ChunkedArray) -> NDArray[np.bool_]:
    words = [str(value).lower() for value in column.to_pylist()]
    test = np.array([word in _TEST_WORDS for word in words])
    if not test.any() or test.all():
        raise SuiteError(
            f"{path}: the column of the split must say test for some rows and something else for "
            f"others; it has {', '.join(sorted(set(words))[:5])}"
        )
    return test


def _drawn(label: NDArray[np.bool_], share: float, seed: int) -> NDArray[np.bool_]:
    """Return a random share of the rows of each class."""
    chance, test = np.random.default_rng(seed), np.zeros(len(label), np.bool_)
    for value in (False, True):
        rows = np.flatnonzero(label == value)
        test[chance.permutation(rows)[: round(share * len(rows))]] = True
    return test


def _both(path: Path, label: NDArray[np.bool_], what: str) -> None:
    if label.all() or not label.any():
        raise SuiteError(f"{path}: the rows {what} are of one class only; split them another way")


def _judged(
    name: str, columns: Columns, tests: Sequence[NDArray[np.bool_]], out: Path, *,
    seeds: Sequence[int], unsafe: bool,
) -> dict[str, Any]:  # fmt: skip
    """Return what a detector was worth, the mean over the splits."""
    told: list[dict[str, float]] = []
    for nth, test in enumerate(tests):
        try:
            score, times = _scored(name, columns.values, test, seeds[nth], unsafe=unsafe)
        except ComponentFault as fault:
            return {"state": fault.state, "reasons": [fault.reason]}
        label = columns.label[test]
        told.append({
            "ap": average_precision(score, label), "auroc": auroc(score, label),
            "p_at_n": precision_at_n(score, label), **times,
        })  # fmt: skip
        if not nth:
            rows = pa.array(np.flatnonzero(test).astype(np.uint64))
            save_scores(pa.table({"query_id": rows, "score": score}), out, name)
    means = {key: float(np.mean([one[key] for one in told])) for key in told[0]}
    return {"state": "ok", "reasons": [], **means}


def _scored(
    name: str, values: pa.Table, test: NDArray[np.bool_], seed: int, *, unsafe: bool
) -> tuple[NDArray[np.float64], dict[str, float]]:
    given: dict[str, Any] = {"detector": name}
    if name not in {"constant", "ecod"}:
        given["parameters"] = {"seed": seed}
    spec = ComponentSpec("detector", name, "misusebench.detectors.on_table:OnTable", given)
    with Worker(Limits(), module=spec.module, unsafe=unsafe) as worker:
        detector = IsolatedDetector(worker, start(worker, spec))
        detector.fit(values.filter(pa.array(~test)).combine_chunks(), {})
        rest = values.filter(pa.array(test)).combine_chunks().to_batches(max_chunksize=_BATCH)
        score = np.concatenate([detector.score(batch, 0)[0] for batch in rest])
        detector.close()
    spent = sum(ns for _, ns in detector.timing.batches) / 1e9
    speed = len(score) / spent if spent else float("nan")
    return score, {"fit_s": detector.timing.fit_ns / 1e9, "rows_per_s": speed}


def precision_at_n(score: NDArray[np.float64], positive: NDArray[np.bool_]) -> float:
    """Return the share of positives among the n highest, n of them positive; ties count in part.

    Examples
    --------
    Two positives: the highest row is one, and of the three that share the second place one is.

    >>> score = np.array([3.0, 2.0, 2.0, 2.0, 1.0])
    >>> round(precision_at_n(score, np.array([True, False, True, False, False])), 4)
    0.6667
    """
    n = int(positive.sum())
    cut = np.sort(score)[-n]
    above, at = score > cut, score == cut
    left = n - int(above.sum())
    return float((positive[above].sum() + left * positive[at].mean()) / n)
