"""A data set of ours made again: by another number of workers, and without misuse (Q9, Q11)."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import duckdb

from misusebench.audit.verdict import Check
from misusesim import shards
from misusesim.dataset import layout
from misusesim.dataset.reader import load_manifest, open_dataset
from misusesim.errors import DatasetError

if TYPE_CHECKING:
    from collections.abc import Callable

    from misusesim.dataset.reader import Dataset

#: Larger sets are not made again; their determinism is that of smaller ones, by the same code.
MOST_ROWS: Final = 200_000_000
#: Of larger ones honest rows are not compared with those of the world without misuse.
MOST_HONEST_ROWS: Final = 50_000_000
_WORKERS, _OTHER_WORKERS = 2, 3
#: What no byte may depend on: how words hash, and where the machine stands.
ELSEWHERE: Final = {"PYTHONHASHSEED": "4711", "TZ": "Pacific/Kiritimati"}
#: What follows a finding and ends somebody's work, for a time or for good.
_LEAVES: Final = ("suspended", "resigned", "dismissed", "charged")
_BYTES, _HONEST, _GONE = "the same bytes again", "honest rows as without misuse", "rows gone"


def checks_made_again(path: Path, told: Callable[[str], None] = lambda _: None) -> list[Check]:
    """Return the checks for which a data set is made two times more, in a temporary folder.

    Raises
    ------
    UsageError, DatasetError
        If it is no data set, or not whole.
    """
    data = open_dataset(path)
    if data.manifest["rows"]["written"] > MOST_ROWS:
        return _untried(f"over {MOST_ROWS:,} rows")
    with tempfile.TemporaryDirectory() as folder:
        told("the data set again")
        again = _made_elsewhere(data, Path(folder) / "again")
        if again["versions"] != data.manifest["versions"]:
            return _untried("made by other package versions than these")
        if data.manifest["rows"]["written"] > MOST_HONEST_ROWS:
            return [_same(data.manifest, again), *_untried(f"over {MOST_HONEST_ROWS:,} rows")[1:]]
        told("the world without misuse")
        clean = Path(folder) / "clean"
        shards.run(data.scenario.model_copy(update={"misuse": ()}), clean, workers=_WORKERS)
        return [_same(data.manifest, again), *_honest(data, clean)]


def _made_elsewhere(data: Dataset, out: Path) -> dict[str, Any]:
    """Make a data set in another process, with other hashes of words and another time zone.

    Raises
    ------
    DatasetError
        If it cannot be made.
    """
    command = [sys.executable, "-m", "misusebench", "simulate", str(data.path / layout.SCENARIO)]
    more = ["-o", str(out), "--workers", str(_OTHER_WORKERS), "-q"]
    done = subprocess.run(  # noqa: S603 - our own command
        [*command, *more], env={**os.environ, **ELSEWHERE}, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    if done.returncode:
        raise DatasetError(f"{data.path} could not be made again: {done.stderr.strip()[-500:]}")
    return load_manifest(out)


def _untried(why: str) -> list[Check]:
    return [
        Check("Q11", _BYTES, None, "0 files differ", None, why),
        Check("Q9", _HONEST, None, "0 rows", None, why),
        Check("Q9", _GONE, None, "0 unexplained", None, why),
    ]


def _same(first: dict[str, Any], second: dict[str, Any]) -> Check:
    """Compare the hashes of all files of two makings."""
    one, other = ({f["path"]: f["sha256"] for f in found["files"]} for found in (first, second))
    differ = sum(one.get(name) != other.get(name) for name in one.keys() | other.keys())
    other_place = ", ".join(f"{name} {what}" for name, what in ELSEWHERE.items())
    what = f"of {len(one):,}, made again by {_OTHER_WORKERS} workers, {other_place}"
    return Check("Q11", _BYTES, differ, "0 files differ", not differ, what)


def _honest(data: Dataset, clean: Path) -> list[Check]:
    """Hold honest rows of the log against the world without misuse, column by column."""
    with duckdb.connect() as db:
        for name, folder in (
            ("log", data.path / "log"), ("truth", data.path / "truth" / "queries"),
            ("outcomes", data.path / "truth" / "outcomes"), ("clean", clean / "log"),
        ):  # fmt: skip
            there = any(folder.rglob("*.parquet"))
            if not there:
                return _untried(f"no {name}")[1:]
            place = str(folder / "**" / "*.parquet").replace("'", "''")
            db.execute(f"create view {name} as select * from '{place}'")  # noqa: S608 - our path
        db.execute(
            "create table honest as select log.* from log anti join "
            "(select query_id from truth where cause::varchar = 'misuse') using (query_id)"
        )
        total = _count(db, "from honest")
        new = _count(db, "from (from honest except all from clean)")
        db.execute("create table gone as (from clean except all from honest)")
        gone, unexplained = _count(db, "from gone"), _count(db, _UNEXPLAINED)
    return [
        Check("Q9", _HONEST, new, "0 rows", not new,
              f"new or changed, of {total:,}, against the same world with misuse switched off"),
        Check("Q9", _GONE, unexplained, "0 unexplained", not unexplained,
              f"of {gone:,}: not of an officer who was found and suspended or left before"),
    ]  # fmt: skip


_UNEXPLAINED: Final = f"""
    from gone where not exists (
        from outcomes where campaign_id is not null
        and outcome::varchar in {_LEAVES}
        and outcomes.officer_id::varchar = gone.officer_id::varchar
        and decided_at <= gone.received_at
    )
"""


def _count(db: duckdb.DuckDBPyConnection, query: str) -> int:
    row = db.execute(f"select count(*) {query}").fetchone()
    return 0 if row is None else int(row[0])
