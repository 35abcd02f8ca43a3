"""Three questions that an auditor asks of a whole data set, put to DuckDB with a memory limit.

DuckDB reads the Parquet files itself, so that a data set may be larger than memory. It does not
check their page checksums: `misusebench verify` does, before.
"""

from __future__ import annotations

import tempfile
import time
from typing import Any, Final

import duckdb
from tests.speed.stopwatch import middle, paired

MEMORY: Final = "3GB"
DAY_US: Final = 86_400_000_000
#: Every question ends in one row, so that all it found is computed and nothing is sent around.
QUESTIONS: Final = {
    "officer_days": f"""
        SELECT count(*), sum(queries), sum(subjects) FROM (
            SELECT count(*) AS queries, count(DISTINCT subject_key) AS subjects
            FROM log GROUP BY officer_id, epoch_us(time) // {DAY_US})""",
    "first_times": """
        SELECT count(*), max(epoch_us(first)), sum(epoch_us(first) % 1000003) FROM (
            SELECT min(time) AS first FROM log GROUP BY officer_id, subject_key)""",
    "as_of_join": """
        SELECT count(*), count(incident_id), sum(epoch_us(time) - epoch_us(valid_from)) FROM (
            SELECT l.time, a.valid_from, a.incident_id FROM log AS l
            ASOF JOIN assignments AS a
            ON l.officer_id = a.officer_id AND a.valid_from <= l.time)""",
}
MEANS: Final = {
    "officer_days": "queries and distinct subjects of every officer on every day",
    "first_times": "first time of every pair of officer and subject",
    "as_of_join": "each query with the officer's latest assignment to an incident or case",
}
#: What every question is compared with: reading the columns that they need.
SCAN: Final = "SELECT max(epoch_us(time)), max(officer_id), max(subject_key) FROM log"


def ask(data: str, question: str, threads: int, rounds: int) -> dict[str, Any]:
    """Ask one question of a data set, in turns with reading its columns.

    Returns
    -------
    dict
        Median seconds, the median ratio to the scan of the same round, and what was counted.
    """
    with tempfile.TemporaryDirectory() as spill, _connect(data, threads, spill) as base:
        pairs = [
            (_seconds(base, SCAN)[0], *_seconds(base, QUESTIONS[question])) for _ in range(rounds)
        ]
    scans, seconds, answers = zip(*pairs, strict=True)
    return {
        "seconds": middle(seconds),
        "ratio": paired(seconds, scans),
        "found": answers[0][0],
    }


def _connect(data: str, threads: int, spill: str) -> duckdb.DuckDBPyConnection:
    base = duckdb.connect(config={
        "memory_limit": MEMORY, "threads": threads, "temp_directory": spill,
        "preserve_insertion_order": False,
    })  # fmt: skip
    for view, folder in (("log", "log"), ("assignments", "context/dispatch/assignments")):
        files = f"{data}/{folder}/*.parquet".replace("'", "''")
        base.execute(f"CREATE VIEW {view} AS SELECT * FROM read_parquet('{files}')")
    return base


def _seconds(base: duckdb.DuckDBPyConnection, query: str) -> tuple[float, tuple[Any, ...]]:
    start = time.perf_counter()
    answer = base.execute(query).fetchone()
    return time.perf_counter() - start, answer or ()
