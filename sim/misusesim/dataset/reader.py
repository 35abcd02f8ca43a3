"""Reading: one function reads Parquet in this project, and it always verifies page checksums.

Without verification a flipped bit is read as a wrong value and nobody notices (pyarrow's default,
and DuckDB and Polars reading the files themselves). Hand those an Arrow table from here instead.
"""

from __future__ import annotations

import json
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from misusesim.dataset import layout, schema
from misusesim.dataset.writer import sha256_of
from misusesim.errors import DatasetError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    from misusesim.scenario.model import Scenario


def read_part(path: Path, columns: Sequence[str] | None = None) -> pa.Table:
    """Read one Parquet part with page checksums verified.

    Raises
    ------
    DatasetError
        If the part is missing, cut short or changed.
    """
    try:
        with pq.ParquetFile(path, page_checksum_verification=True) as file:
            return file.read(columns=None if columns is None else list(columns))
    except FileNotFoundError as error:
        raise DatasetError(f"{path} is missing; make the data set again") from error
    except (OSError, pa.ArrowException) as error:
        raise DatasetError(f"{path} is damaged ({_first_line(error)})") from error


def check_parts(dataset: Dataset, folders: Sequence[str]) -> None:
    """Hold the parts below some folders against the manifest's hashes.

    Raises
    ------
    DatasetError
        If a part is missing or was changed: whatever is found on it would carry a false hash.
    """
    for file in dataset.manifest["files"]:
        path = dataset.path / file["path"]
        if file["path"].partition("/")[0] not in folders:
            continue
        if not path.is_file():
            raise DatasetError(f"{path} is missing; make the data set again")
        if sha256_of(path) != file["sha256"]:
            raise DatasetError(
                f"{path} is damaged or was changed: its hash is not the manifest's; "
                "make the data set again"
            )


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0].rstrip(".") or type(error).__name__


def join_parts(parts: Iterable[pa.Table], of: pa.Schema) -> pa.Table:
    """Return all parts as one table of one chunk; dictionaries become one per column."""
    tables = [part.replace_schema_metadata(of.metadata) for part in parts]
    if not tables:
        return of.empty_table()
    for table in tables:
        if odd := sorted(set(of.names) ^ set(table.schema.names)):
            raise DatasetError(
                f"a part lacks columns or has others than its schema: {', '.join(odd)}; "
                "`misusebench verify` says which"
            )
    return pa.concat_tables(tables).unify_dictionaries().combine_chunks()


def load_manifest(path: Path) -> dict[str, Any]:
    """Return the manifest of a finished data set.

    Raises
    ------
    UsageError
        If there is no such folder, or something else lies in it.
    DatasetError
        If the run that made it has not finished, or the manifest is damaged.
    """
    if not path.is_dir():
        raise UsageError(f"{path} is not a folder; make a data set with `misusebench simulate`")
    if not (path / layout.MANIFEST).exists():
        if (path / layout.WORK).exists():
            raise DatasetError(
                f"{path} is unfinished; run the same `simulate` command again, "
                "it goes on where it stopped"
            )
        raise UsageError(f"{path} holds no {layout.MANIFEST}, so it is not a data set")
    try:
        manifest = json.loads((path / layout.MANIFEST).read_text(encoding="utf-8"))
        found = manifest["schema_version"]
        _ = manifest["scenario_hash"], manifest["rows"]["written"]
        for file in manifest["files"]:
            _ = file["path"].partition("/"), file["sha256"].upper(), file["bytes"] + 0
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise DatasetError(f"{path / layout.MANIFEST} is damaged ({error!r})") from error
    if found != schema.SCHEMA_VERSION:
        raise UsageError(
            f"{path} has schema version {found}, this package reads {schema.SCHEMA_VERSION}; "
            "make the data set again"
        )
    return manifest  # type: ignore[no-any-return]


class Dataset:
    """A finished data set on disk. Truth is not reachable from here: see `misusesim.truth`."""

    def __init__(self, path: Path, manifest: dict[str, Any]) -> None:
        self.path = path
        self.manifest = manifest

    @cached_property
    def scenario(self) -> Scenario:
        """The scenario as resolved."""
        from misusesim.scenario.load import load_scenario  # noqa: PLC0415 - readers rarely need it

        return load_scenario(self.path / layout.SCENARIO)

    @cached_property
    def timezone(self) -> str:
        """IANA zone of the agencies: a scenario has one for all; UTC if there is no agency."""
        zones = self.context("T0")["directory/agencies"]["timezone"].to_pylist()
        return zones[0] if zones else "UTC"

    def parts(self, folder: str) -> list[str]:
        """Return the paths of the parts below a folder such as ``log``, in the manifest's order."""
        prefix = f"{folder}/"
        return [f["path"] for f in self.manifest["files"] if f["path"].startswith(prefix)]

    def table(self, folder: str, of: pa.Schema, columns: Sequence[str] | None = None) -> pa.Table:
        """Return all parts below a folder as one table."""
        if columns is not None:
            of = pa.schema([of.field(name) for name in columns], metadata=of.metadata)
        return join_parts(self.part_tables(folder, columns), of)

    def part_tables(self, folder: str, columns: Sequence[str] | None = None) -> Iterator[pa.Table]:
        """Yield the parts below a folder one by one, for tables that do not fit the memory."""
        return (read_part(self.path / part, columns) for part in self.parts(folder))

    def log(self, columns: Sequence[str] | None = None) -> pa.Table:
        """Return the log in replay order (`received_at`, `query_id`).

        Parameters
        ----------
        columns
            Those wanted, in this order; all by default.

        Raises
        ------
        UsageError
            If there is no such column, or no log.
        DatasetError
            If a part is missing or damaged.
        """
        if self.manifest.get("outcomes_only"):
            raise UsageError(
                f"{self.path} holds outcomes only, no log; "
                "make the data set without --outcomes-only in another folder"
            )
        names = schema.LOG.names if columns is None else list(columns)
        if strange := [name for name in names if name not in schema.LOG.names]:
            raise UsageError(f"the log has no column {', '.join(strange)}")
        both = list(dict.fromkeys([*names, "received_at", "query_id"]))
        table = self.table("log", schema.LOG, both)
        return table.take(pa.array(replay_order(table))).select(names)

    def context(self, tier: str) -> dict[str, pa.Table]:
        """Return the context tables of a tier (T0 to T3), keyed for instance ``roster/officers``.

        Rows are in the order of (`known_at`, agency, row), the order in which replay hands them on.

        Raises
        ------
        UsageError
            If there is no such tier.
        """
        if tier not in schema.TIERS:
            raise UsageError(f"no tier {tier}; there are {', '.join(schema.TIERS)}")
        return {
            name: _by_known(self.table(f"context/{name}", of))
            for name, of in layout.context_tables(tier).items()
        }


def replay_order(table: pa.Table) -> NDArray[np.int64]:
    """Return the row order by (`received_at`, `query_id`)."""
    received = table["received_at"].cast(pa.int64()).to_numpy()
    return np.lexsort((table["query_id"].to_numpy(), received))


def _by_known(table: pa.Table) -> pa.Table:
    known = table["known_at"].cast(pa.int64()).to_numpy()
    return table.take(pa.array(np.argsort(known, kind="stable")))


def open_dataset(path: str | Path) -> Dataset:
    """Open a finished data set; only the manifest is read.

    Raises
    ------
    UsageError
        If the folder does not exist or holds something else.
    DatasetError
        If the data set is unfinished or its manifest damaged.
    """
    folder = Path(path)
    return Dataset(folder, load_manifest(folder))
