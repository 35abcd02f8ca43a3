from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from tests.bench.dataset import DAY_US, small_world

from misusebench.columns import HOUR_US, micros
from misusebench.component import Alert
from misusebench.replay import (
    InProcess,
    by_known_at,
    compact,
    known_by,
    replay,
    singles,
    split_us,
    steps,
)
from misusesim.dataset import schema

LOG, CONTEXT, _ = small_world()
END = split_us(LOG)


class Recorder:
    """Notes what it is handed; scores rows by their place."""

    def __init__(self) -> None:
        self.fitted = None
        self.context = {}
        self.seen = []
        self.rows = 0

    def fit(self, history, context):
        self.fitted, self.context = history, context

    def observe(self, table, rows):
        self.seen.append(("observe", table, rows))

    def score(self, batch):
        self.seen.append(("score", "", batch))
        self.rows += batch.num_rows
        return np.arange(self.rows - batch.num_rows, self.rows, dtype=np.float64)


def log_of(hours: list[float]) -> pa.Table:
    """Return a log of rows received at these hours."""
    times = [int(h * HOUR_US) for h in hours]
    return pa.table({
        "query_id": pa.array(range(len(times)), pa.uint64()),
        "received_at": pa.array(times, schema.TIME),
    })  # fmt: skip


def news_of(hours: list[float]) -> dict[str, pa.Table]:
    """Return one context table whose rows become known at these hours."""
    times = pa.array([int(h * HOUR_US) for h in hours], schema.TIME)
    return {"dispatch/incidents": pa.table({"known_at": times, "nth": range(len(hours))})}


def script(log, context, **options) -> list[tuple[str, list[int]]]:
    """Return what is handed over: rows of the log by id, context rows by number."""
    return [
        (step.kind, step.rows["query_id" if step.kind == "score" else "nth"].to_pylist())
        for step in steps(log, by_known_at(context), 0, close_us=HOUR_US, **options)
    ]


def test_the_history_is_forty_percent_of_whole_days():
    """Twenty-one UTC days are touched, eight whole ones are history."""
    first = int(micros(LOG["received_at"])[0]) // DAY_US
    assert (first + 8) * DAY_US == END


def test_an_empty_log_has_no_history():
    """Without rows the history ends at zero and nothing is scored."""
    assert split_us(LOG.slice(0, 0)) == 0
    replayed = replay(InProcess(Recorder()), LOG.slice(0, 0), CONTEXT)
    assert (replayed.first, len(replayed.score)) == (0, 0)


def test_context_of_an_hour_comes_before_its_rows():
    """A row known by the end of an hour precedes that hour's queries; a later one follows them."""
    found = script(log_of([1.1, 1.9, 2.5]), news_of([0.5, 1.5, 2.0, 2.9, 3.0]))
    assert found == [
        ("observe", [0, 1]), ("score", [0, 1]), ("observe", [2, 3]), ("score", [2]),
    ]  # fmt: skip


def test_hours_without_news_are_one_batch():
    """Without context in between hours are joined, up to the largest batch."""
    log = log_of([1.1, 2.1, 3.1, 4.1])
    assert script(log, news_of([0.1])) == [("observe", [0]), ("score", [0, 1, 2, 3])]
    assert script(log, news_of([0.1, 3.0])) == [
        ("observe", [0]), ("score", [0, 1]), ("observe", [1]), ("score", [2, 3]),
    ]  # fmt: skip
    assert script(log, {}, batch_rows=3) == [("score", [0, 1, 2]), ("score", [3])]


def test_a_period_is_a_day_unless_said_otherwise():
    """By default the context of a UTC day comes before all its rows."""
    found = [step.kind for step in steps(log_of([1, 20, 25]), news_of([22, 23, 26]), 0)]
    assert found == ["observe", "score", "observe", "score"]


def test_the_last_rows_come_one_by_one():
    """The last rows are marked for single scoring, whatever batch they fall into."""
    found = [
        (step.rows["query_id"].to_pylist(), step.single)
        for step in steps(
            log_of([1, 1.1, 1.2, 2]),
            by_known_at(news_of([2.5])),
            0,
            single_rows=2,
            close_us=HOUR_US,
        )
        if step.kind == "score"
    ]
    assert found == [([0, 1], False), ([2], True), ([3], True)]


def test_every_row_and_every_context_row_once_in_order():
    """Over a real log nothing is lost, repeated or out of order, and nothing known later leaks."""
    ordered = by_known_at(CONTEXT)
    rows, given = [], dict.fromkeys(ordered, 0)
    for step in steps(LOG, ordered, END, batch_rows=100):
        if step.kind == "score":
            rows += step.rows["query_id"].to_pylist()
            assert micros(step.rows["received_at"]).max() < step.now_us
        else:
            given[step.table] += step.rows.num_rows
            assert micros(step.rows["known_at"]).max() < step.now_us
    first = LOG.num_rows - len(rows)
    assert rows == LOG["query_id"].to_pylist()[first:]
    for name, table in ordered.items():
        known = micros(table["known_at"])
        last = (int(micros(LOG["received_at"])[-1]) // DAY_US + 1) * DAY_US
        assert given[name] == int(((known >= END) & (known < last)).sum())


def test_fit_gets_only_the_past():
    """The history ends at the cut, and so does the context that comes with it."""
    recorder = Recorder()
    replay(InProcess(recorder), LOG, CONTEXT)
    assert micros(recorder.fitted["received_at"]).max() < END
    assert all(
        rows.num_rows == 0 or micros(rows["known_at"]).max() < END
        for rows in recorder.context.values()
    )
    assert recorder.context["dispatch/cases"].num_rows < 40


@pytest.mark.parametrize("options", [{}, {"batch_rows": 7}, {"single_rows": 50}])
def test_scores_belong_to_their_rows(options):
    """However batches are cut, the scores come back in the order of the log."""
    replayed = replay(InProcess(Recorder()), LOG, CONTEXT, **options)
    assert replayed.score.tolist() == list(range(LOG.num_rows - replayed.first))
    assert replayed.query_id.tolist() == LOG["query_id"].to_pylist()[replayed.first :]


def test_most_rows_stops_early():
    """A replay can be cut short."""
    assert len(replay(InProcess(Recorder()), LOG, CONTEXT, most_rows=33).score) == 33


def test_dictionaries_do_not_tell_the_future():
    """A batch's dictionaries hold its own words only, in order of occurrence; values are equal."""
    rows = LOG.slice(700, 60)
    batch = compact(rows)
    assert batch.to_pylist() == rows.to_pylist()
    officers = batch["officer_id"]
    seen = list(dict.fromkeys(officers.to_pylist()))
    assert officers.dictionary.to_pylist() == seen
    assert batch["system"].dictionary.to_pylist() == list(schema.SYSTEMS)


@pytest.mark.parametrize("words", [["a", "b", "c"], ["a", None, "b"], ["a", "b", "a"]])
def test_compact_is_the_same_in_one_chunk_and_in_several(words):
    """Though a dictionary may hold null, or a word twice."""
    codes = pa.array([2, 1, None, 0, 2, 2, 0], pa.int32())
    whole = pa.DictionaryArray.from_arrays(codes, pa.array(words))
    one, several = (
        compact(pa.table({"x": pa.chunked_array(parts)}))["x"]
        for parts in ([whole], [whole.slice(0, 3), whole.slice(3)])
    )
    assert one.equals(several)
    assert one.dictionary.null_count == 0
    assert len(set(one.dictionary.to_pylist())) == len(one.dictionary)
    assert one.to_pylist() == whole.to_pylist()


def test_compact_keeps_nulls_and_empty_tables():
    """Null stays null in a dictionary; a table without rows or chunks stays a batch."""
    column = pa.chunked_array([pa.array(["a", None, "a"]).dictionary_encode()])
    assert compact(pa.table({"x": column}))["x"].to_pylist() == ["a", None, "a"]
    for name, rows in CONTEXT.items():
        assert compact(rows.slice(0, 0)).num_rows == 0, name
    assert compact(schema.LOG.empty_table()).schema == schema.LOG


def test_singles_are_rows_of_their_own():
    """Each row becomes a batch with its own dictionaries."""
    rows = singles(compact(LOG.slice(5, 3)))
    assert [r["query_id"][0].as_py() for r in rows] == LOG["query_id"].to_pylist()[5:8]
    assert all(len(r["officer_id"].dictionary) == 1 for r in rows)


def test_known_by_is_strict():
    """A row known exactly at the end is not known by then."""
    context = by_known_at(news_of([2, 1, 3]))
    assert known_by(context, 2 * HOUR_US)["dispatch/incidents"]["nth"].to_pylist() == [1]


def test_alerts_are_collected():
    """Alerts of all batches come back in order."""

    class Alerting(Recorder):
        def alerts(self, now):
            return [Alert("officer", "o", now, 1.0, (), "why")]

    found = replay(
        InProcess(Alerting()), log_of([1, 30]), news_of([29.5]), end_us=0, close_us=HOUR_US
    ).alerts
    assert [a.time_us // HOUR_US for a in found] == [2, 31]
