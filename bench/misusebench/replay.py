"""Feeds a detector in order of arrival: what it is given, when, and what is taken back.

Order and cuts (all by `received_at`, the time at which a row reaches the log):

* the history is the first 40 % of the whole UTC days of the log: unlabelled, unscored, for `fit`,
  with the context known by its end;
* then the log comes in periods, UTC days by default. A row is scored when its period closes, as a
  nightly job would, before reviewers read the day's alerts: first the context rows that became
  known by then are handed over (`known_at` < end of the period), then the period's rows in batches.
  So a call that was opened minutes before a query explains it, and nothing that became known after
  the period can. Periods between which no context row became known are joined;
* where batches are cut within a period is no business of a detector's: the last rows come one by
  one (that is how single-row latency is measured), and `checks.py` compares sizes.

Dictionaries of a batch hold only words that occur in it: a dictionary of the whole log would tell
of the future.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal, Protocol

import numpy as np
import pyarrow as pa

from misusebench.columns import DAY_US, micros

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from misusebench.component import Alert

HISTORY_SHARE: Final = 0.4
BATCH_ROWS: Final = 16_384
SINGLE_ROWS: Final = 1_000
CLOSE_US: Final = DAY_US


class Target(Protocol):
    """What replay drives: a detector in a worker, or one in this process."""

    def fit(self, history: pa.Table, context: Mapping[str, pa.Table]) -> None:
        """Take the history and the context known at its end."""

    def observe(self, table: str, rows: pa.Table) -> None:
        """Take context rows as they become known."""

    def score(
        self, batch: pa.RecordBatch, now_us: int, *, single: bool = False
    ) -> tuple[NDArray[np.float64], list[Alert]]:
        """Return the scores of a batch (row by row if `single`), and the alerts at its end."""

    def feedback(self, outcomes: list[dict[str, Any]]) -> None:
        """Take outcomes of reviews, audits and complaints."""


class Readers(Protocol):
    """Who reads what a component raises, and tells it later what came of it."""

    def read(self, first: int, score: NDArray[np.float64], now_us: int) -> None:
        """Read the rows of a period that closed, from one of the log on, with their scores."""

    def due(self, now_us: int) -> list[dict[str, Any]]:
        """Return the outcomes delivered since the last call."""


@dataclass(frozen=True, slots=True)
class Step:
    """One thing handed over after the history: context rows, or a batch to score."""

    kind: Literal["observe", "score"]
    table: str  # of context rows
    rows: pa.Table  # of context rows, or of the log
    now_us: int  # UTC microseconds: when the period of these rows closes
    single: bool = False  # the rows are to be scored one by one


@dataclass(slots=True)
class Replayed:
    """What a detector said of the scored part of a log."""

    first: int  # rows of the log before the scored part
    query_id: NDArray[np.uint64]
    score: NDArray[np.float64]
    alerts: list[Alert] = field(default_factory=list)


def split_us(log: pa.Table, share: float = HISTORY_SHARE) -> int:
    """Return the end of the history, UTC microseconds: after `share` of the log's whole days.

    Examples
    --------
    Ten days, 40 %: the history is the first four.

    >>> import pyarrow as pa
    >>> days = [day * 86_400_000_000 for day in range(10)]
    >>> log = pa.table({"received_at": pa.array(days, pa.timestamp("us", tz="UTC"))})
    >>> split_us(log) // 86_400_000_000
    4
    """
    received = micros(log["received_at"])
    if not len(received):
        return 0
    first, last = int(received[0]) // DAY_US, int(received[-1]) // DAY_US
    return (first + int((last - first + 1) * share)) * DAY_US


def compact(rows: pa.Table) -> pa.RecordBatch:
    """Return rows as one batch whose dictionaries hold only its words, in order of occurrence."""
    columns = [_compact(column) for column in rows.columns]
    return pa.RecordBatch.from_arrays(columns, schema=rows.schema)


def singles(batch: pa.RecordBatch) -> list[pa.RecordBatch]:
    """Return each row of a batch as a batch of its own, dictionaries included."""
    columns = [_single_values(column) for column in batch.columns]
    return [
        pa.RecordBatch.from_arrays(list(row), schema=batch.schema)
        for row in zip(*columns, strict=True)
    ]


def _is_long_dictionary(kind: pa.DataType) -> bool:
    """Return whether a dictionary could tell of other rows: words of closed lists are public."""
    return bool(pa.types.is_dictionary(kind) and kind.index_type != pa.int8())


def _single_values(column: pa.Array) -> list[pa.Array]:
    if not _is_long_dictionary(column.type):
        return [column.slice(row, 1) for row in range(len(column))]
    kind = column.type.index_type
    here, null = pa.array([0], kind), pa.array([None], kind)
    codes = column.indices.fill_null(-1).to_numpy(zero_copy_only=False).tolist()
    return [
        pa.DictionaryArray.from_arrays(null, column.dictionary.slice(0, 0))
        if code < 0
        else pa.DictionaryArray.from_arrays(here, column.dictionary.slice(code, 1))
        for code in codes
    ]


def _compact(column: pa.ChunkedArray) -> pa.Array:
    kind, long = column.type, _is_long_dictionary(column.type)
    if long and column.num_chunks == 1:
        array = column.chunk(0)
        used = array.indices.dictionary_encode()  # hashes numbers, not words
        words = array.dictionary.take(used.dictionary)
        if not words.null_count and len(words) == len(words.unique()):
            return pa.DictionaryArray.from_arrays(used.indices.cast(kind.index_type), words)
    if long:
        column = column.cast(column.type.value_type)
    array = column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()
    if isinstance(array, pa.ChunkedArray):  # dictionaries stay in chunks
        array = pa.concat_arrays(array.unify_dictionaries().chunks)
    return array.dictionary_encode().cast(kind) if long else array


def known_by(context: Mapping[str, pa.Table], end_us: int) -> dict[str, pa.Table]:
    """Return the context rows with `known_at` before `end_us`; tables must be in that order."""
    return {
        name: rows.slice(0, int(np.searchsorted(micros(rows["known_at"]), end_us)))
        for name, rows in context.items()
    }


def by_known_at(context: Mapping[str, pa.Table]) -> dict[str, pa.Table]:
    """Return the tables with rows in the order in which they become known; those that are, as such.

    A year's dispatch tables are a gigabyte: whoever has them sorted once holds them once.
    """
    return {name: _by_known_at(rows) for name, rows in sorted(context.items())}


def _by_known_at(rows: pa.Table) -> pa.Table:
    known = micros(rows["known_at"])
    if (known[1:] >= known[:-1]).all():
        return rows
    return rows.take(pa.array(np.argsort(known, kind="stable")))


def _cuts(row: int, stop: int, batch_rows: int, single_from: int) -> Iterator[tuple[int, bool]]:
    """Yield (end of batch, whether row by row) from `row` to `stop`."""
    while row < stop:
        single = row >= single_from
        row = min(row + batch_rows, stop if single else min(stop, single_from))
        yield row, single


def steps(
    log: pa.Table,
    context: Mapping[str, pa.Table],
    end_us: int,
    batch_rows: int = BATCH_ROWS,
    single_rows: int = 0,
    close_us: int = CLOSE_US,
    *,
    each: bool = False,
) -> Iterator[Step]:
    """Yield what comes after the history, in order.

    Parameters
    ----------
    log
        In replay order.
    context
        The tier's tables, in the order of `known_at` (see :func:`by_known_at`).
    end_us
        End of the history, UTC microseconds (see :func:`split_us`).
    batch_rows
        Most rows in a batch.
    single_rows
        The last so many rows come one by one.
    close_us
        Length of a period, microseconds; periods begin at multiples of it since the epoch.
    each
        Whether periods are kept apart between which no context row became known.
    """
    received = micros(log["received_at"])
    known = {name: micros(rows["known_at"]) for name, rows in context.items()}
    given = {name: int(np.searchsorted(at, end_us)) for name, at in known.items()}
    row, single_from = int(np.searchsorted(received, end_us)), len(received) - single_rows
    for stop, close in _closes(received, row, known, end_us, close_us, each=each):
        for name, at in known.items():
            upto = int(np.searchsorted(at, close))
            if upto > given[name]:
                fresh = context[name].slice(given[name], upto - given[name])
                yield Step("observe", name, fresh, close)
                given[name] = upto
        for end, single in _cuts(row, stop, batch_rows, single_from):
            yield Step("score", "", log.slice(row, end - row), close, single)
            row = end


def _closes(
    received: NDArray[np.int64],
    row: int,
    known: Mapping[str, NDArray[np.int64]],
    end_us: int,
    close_us: int,
    *,
    each: bool,
) -> Iterator[tuple[int, int]]:
    """Yield (row after the last, closing time) of each run of periods without news in between."""
    periods = received[row:] // close_us
    if not len(periods):
        return
    own, first = np.unique(periods, return_index=True)
    stops = np.append(first[1:], len(periods)) + row
    news = np.sort(np.concatenate([np.empty(0, np.int64), *known.values()]))
    news = news[np.searchsorted(news, end_us) :]
    heard = np.searchsorted(news, (own + 1) * close_us)
    last = np.append((np.diff(heard) > 0) | each, [True])
    for stop, period in zip(stops[last].tolist(), own[last].tolist(), strict=True):
        yield stop, (period + 1) * close_us


def replay(
    target: Target,
    log: pa.Table,
    context: Mapping[str, pa.Table],
    *,
    end_us: int | None = None,
    batch_rows: int = BATCH_ROWS,
    single_rows: int = 0,
    most_rows: int | None = None,
    close_us: int = CLOSE_US,
    readers: Readers | None = None,
) -> Replayed:
    """Drive a detector over a log and return what it said.

    Parameters
    ----------
    target
        The detector.
    log
        In replay order (`received_at`, `query_id`).
    context
        The tables of the tier it was granted, and no others.
    end_us
        End of the history, UTC microseconds; default :func:`split_us`.
    batch_rows, single_rows, close_us
        See :func:`steps`.
    most_rows
        Stop after so many scored rows.
    readers
        Who reads the alerts, where the detector is told what came of them: outcomes delivered by
        the end of a period reach it before the next one's rows.
    """
    end = split_us(log) if end_us is None else end_us
    ordered = by_known_at(context)
    first = int(np.searchsorted(micros(log["received_at"]), end))
    history = pa.Table.from_batches([compact(log.slice(0, first))])
    target.fit(history, {name: _whole(rows) for name, rows in known_by(ordered, end).items()})
    scored = log.slice(first, most_rows)
    scores: list[NDArray[np.float64]] = []
    alerts: list[Alert] = []
    whole = log.slice(0, first + scored.num_rows)
    told = _Told(target, readers, whole, end)
    for step in steps(
        whole, ordered, end, batch_rows, single_rows, close_us, each=readers is not None
    ):
        told.before(step)
        if step.kind == "observe":
            target.observe(step.table, _whole(step.rows))
            continue
        answer, raised = target.score(compact(step.rows), step.now_us, single=step.single)
        scores.append(answer)
        told.after(answer)
        alerts.extend(raised)
    ids = scored["query_id"].to_numpy().astype(np.uint64)
    return Replayed(first, ids, np.concatenate([np.empty(0), *scores]), alerts)


class _Told:
    """Hands each closed period to the readers, and what they found to the detector."""

    def __init__(self, target: Target, readers: Readers | None, log: pa.Table, end_us: int) -> None:
        self._target, self._readers, self._now = target, readers, end_us
        self._row = int(np.searchsorted(micros(log["received_at"]), end_us))
        self._scores: list[NDArray[np.float64]] = []
        self._tell()

    def before(self, step: Step) -> None:
        """Close the period before the first step of another."""
        if self._readers is None or step.now_us == self._now:
            return
        if self._scores:
            score = np.concatenate(self._scores)
            self._readers.read(self._row, score, self._now)
            self._row, self._scores = self._row + len(score), []
            self._tell()
        self._now = step.now_us

    def after(self, score: NDArray[np.float64]) -> None:
        """Keep the scores of a batch."""
        self._scores.append(score)

    def _tell(self) -> None:
        if self._readers is not None and (outcomes := self._readers.due(self._now)):
            self._target.feedback(outcomes)


def _whole(rows: pa.Table) -> pa.Table:
    return pa.Table.from_batches([compact(rows)])


class InProcess:
    """A detector of this process behind the face that replay drives (no isolation, no limits)."""

    def __init__(self, detector: Any) -> None:
        self._detector = detector

    def fit(self, history: pa.Table, context: Mapping[str, pa.Table]) -> None:
        """Pass the history on, if the detector wants one."""
        if callable(getattr(self._detector, "fit", None)):
            self._detector.fit(history, context)

    def observe(self, table: str, rows: pa.Table) -> None:
        """Pass context rows on, if the detector wants them."""
        if callable(getattr(self._detector, "observe", None)):
            self._detector.observe(table, rows)

    def feedback(self, outcomes: list[dict[str, Any]]) -> None:
        """Pass outcomes on, if the detector wants them."""
        if callable(getattr(self._detector, "feedback", None)):
            self._detector.feedback(outcomes)

    def score(
        self, batch: pa.RecordBatch, now_us: int, *, single: bool = False
    ) -> tuple[NDArray[np.float64], list[Alert]]:
        """Return scores and alerts."""
        pieces = singles(batch) if single else [batch]
        scores = np.concatenate([self._detector.score(piece) for piece in pieces])
        raised: Sequence[Alert] = ()
        if callable(getattr(self._detector, "alerts", None)):
            raised = self._detector.alerts(now_us)
        return scores, list(raised)
