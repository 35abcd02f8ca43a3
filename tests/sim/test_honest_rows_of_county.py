"""Honest rows are those of the same world without misuse, in every shard of `county`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb
import pytest

from misusesim import shards
from misusesim.scenario.load import load_scenario

if TYPE_CHECKING:
    from pathlib import Path

#: What follows a finding and ends somebody's work, for a time or for good.
LEAVES = ("suspended", "resigned", "dismissed", "charged")


@pytest.fixture(scope="module", params=[2024, pytest.param(7, marks=pytest.mark.long)])
def tables(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> duckdb.DuckDBPyConnection:
    """Return a database with the logs of both worlds and the truth of the one with misuse."""
    base = tmp_path_factory.mktemp("county")
    seed = f"seed={request.param}"
    shards.run(load_scenario("county", [seed]), base / "with")
    shards.run(load_scenario("county", [seed, "misuse=[]"]), base / "without")
    db = duckdb.connect()
    for name, folder in _views(base).items():
        # all parts: a shard that differs cannot hide
        db.execute(f"create view {name} as select * from '{folder}/**/*.parquet'")
    return db


def _views(base: Path) -> dict[str, Path]:
    return {
        "log": base / "with" / "log",
        "truth": base / "with" / "truth" / "queries",
        "clean": base / "without" / "log",
        "outcomes": base / "with" / "truth" / "outcomes",
    }


def _one(db: duckdb.DuckDBPyConnection, query: str) -> int:
    row = db.execute(query).fetchone()
    assert row is not None
    return int(row[0])


HONEST = "select log.* from log join truth using (query_id) where cause::varchar <> 'misuse'"


def test_no_honest_row_is_new_or_changed(tables: duckdb.DuckDBPyConnection) -> None:
    assert _one(tables, "select count(*) from truth where cause::varchar = 'misuse'") > 1_000
    assert _one(tables, f"select count(*) from ({HONEST})") > 300_000
    assert _one(tables, f"select count(*) from ({HONEST} except all select * from clean)") == 0


def test_gone_rows_are_those_of_officers_who_were_found(tables: duckdb.DuckDBPyConnection) -> None:
    tables.execute(f"create or replace table gone as select * from clean except all {HONEST}")
    assert _one(tables, "select count(*) from gone") > 0
    words = ", ".join(f"'{word}'" for word in LEAVES)
    punished = f"""
        select officer_id::varchar officer_id, decided_at from outcomes
        where campaign_id is not null and outcome::varchar in ({words})
    """
    unexplained = f"""
        select count(*) from gone where not exists (
            select 1 from ({punished}) p
            where p.officer_id = gone.officer_id::varchar and p.decided_at <= gone.received_at
        )
    """
    assert _one(tables, unexplained) == 0
