"""What is in a data set, in one look."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pyarrow.compute as pc

from misusesim.dataset.reader import open_dataset, read_part
from misusesim.dataset.tally import words

if TYPE_CHECKING:
    from rich.console import RenderableType

    from misusesim.dataset.reader import Dataset


def describe(path: str | Path) -> dict[str, Any]:
    """Return the contents of a data set: scenario, volumes, causes, misuse, tables.

    Raises
    ------
    UsageError, DatasetError
        As :func:`misusesim.dataset.reader.open_dataset`.
    """
    dataset = open_dataset(Path(path))
    found, log = dataset.manifest, _Log.of(dataset)
    return {
        **{
            name: found[name]
            for name in (
                "scenario", "scenario_version", "scenario_hash", "dataset_hash", "seed",
                "start", "days", "truth", "rows", "realised", "volume", "splits", "versions",
            )
        },
        "outcomes_only": found.get("outcomes_only", False),
        "path": str(dataset.path),
        "bytes": sum(file["bytes"] for file in found["files"]),
        "files": len(found["files"]),
        "span": _span(found),
        "agencies": len(log.agencies),
        "officers": len(log.officers),
        "systems": dict(sorted(log.systems.items())),
        "hits": log.hits,
        "tables": _tables(found),
    }  # fmt: skip


class _Log(NamedTuple):
    """What is counted in the log, part by part: a year of a state does not fit the memory."""

    agencies: set[str]
    officers: set[str]
    systems: Counter[str]
    hits: int

    @staticmethod
    def of(dataset: Dataset) -> _Log:
        agencies: set[str] = set()
        officers: set[str] = set()
        systems: Counter[str] = Counter()
        hits = 0
        for path in dataset.parts("log"):
            part = read_part(dataset.path / path, ["system", "agency_id", "officer_id", "hit"])
            agencies.update(words(part["agency_id"]))
            officers.update(words(part["officer_id"]))
            systems.update(words(part["system"]))
            hits += int(pc.sum(part["hit"]).as_py() or 0)
        return _Log(agencies, officers, systems, hits)


def _span(found: dict[str, Any]) -> list[str] | None:
    spans = [file["time"] for file in found["files"] if "time" in file]
    return [min(s[0] for s in spans), max(s[1] for s in spans)] if spans else None


def _tables(found: dict[str, Any]) -> dict[str, int]:
    """Return rows per table, for instance ``context/roster/officers``."""
    rows: dict[str, int] = {}
    for file in found["files"]:
        if file["path"].endswith(".parquet"):
            table = file["path"].rpartition("/")[0]
            rows[table] = rows.get(table, 0) + file["rows"]
    return dict(sorted(rows.items()))


def render(told: dict[str, Any]) -> RenderableType:
    """Return the description for a terminal."""
    from rich.console import Group  # noqa: PLC0415 - only terminals need it
    from rich.text import Text  # noqa: PLC0415

    rows, realised = told["rows"], told["realised"]
    if told["outcomes_only"]:
        return Group(_head_of_outcomes(told), _oversight(told), _misuse(told), _counts(told))
    head = Text.assemble(
        (f"{told['scenario']}", "bold"),
        f" version {told['scenario_version']}, seed {told['seed']}, "
        f"{told['days']} days from {told['start']}\n",
        f"{rows['written']:,} queries of {told['officers']:,} officers in "
        f"{told['agencies']:,} agencies, {told['bytes'] / 1e6:,.1f} MB in "
        f"{told['files']:,} files\n",
        f"generated {rows['generated']:,} = written {rows['written']:,} + lost {rows['lost']:,}"
        f" - duplicates {rows['duplicates']:,}\n",
        f"misuse: {realised['causes'].get('misuse', 0):,} queries "
        f"({realised['misuse_share_of_queries']:.4%}) by {realised['misuse_officers']:,} officers "
        f"({realised['misuse_share_of_officers']:.2%})\n",
        f"split by time: validation from {told['splits']['time']['valid_from']}, "
        f"test from {told['splits']['time']['test_from']}\n",
        (f"data set {told['dataset_hash'][:16]}, scenario {told['scenario_hash'][:16]}", "dim"),
    )
    return Group(
        head, _volume(told), _misuse(told), _oversight(told), _oddities(told), _counts(told)
    )


def _head_of_outcomes(told: dict[str, Any]) -> RenderableType:
    from rich.text import Text  # noqa: PLC0415 - only terminals need it

    return Text.assemble(
        (f"{told['scenario']}", "bold"),
        f" version {told['scenario_version']}, seed {told['seed']}, "
        f"{told['days']} days from {told['start']}\n",
        "outcomes only: campaigns and what became of them, no log\n",
        (f"data set {told['dataset_hash'][:16]}, scenario {told['scenario_hash'][:16]}", "dim"),
    )


def _grid(title: str, *columns: str) -> Any:
    from rich.table import Table  # noqa: PLC0415 - only terminals need it

    table = Table(title=title, title_justify="left", title_style="bold", box=None, padding=(0, 2))
    for place, name in enumerate(columns):
        table.add_column(name, justify="left" if place == 0 else "right", header_style="dim")
    return table


def _volume(told: dict[str, Any]) -> RenderableType:
    names = ("accounts", "queries", "queries_per_account", "shifts", "queries_per_shift")
    table = _grid("\nVolume", "role", *(name.replace("_", " ") for name in names))
    for row in told["volume"]:
        table.add_row(row["role"], *(f"{row[name]:,}" for name in names))
    return table  # type: ignore[no-any-return]


def _misuse(told: dict[str, Any]) -> RenderableType:
    table = _grid("\nMisuse", "kind", "rung", "campaigns", "queries")
    for row in told["realised"]["misuse"]:
        for rung, campaigns in row["campaigns"].items():
            table.add_row(row["kind"], rung, f"{campaigns:,}", f"{row['queries'][rung]:,}")
    return table  # type: ignore[no-any-return]


def _oversight(told: dict[str, Any]) -> RenderableType:
    found = told["realised"].get("oversight", {})
    factor = found.get("actual_factor", 0)
    title = f"\nOversight: {factor:g} queries of misuse for each reported"
    table = _grid(title, "kind/outcome", "officers")
    for name, count in found.get("outcomes", {}).items():
        table.add_row(name, f"{count:,}")
    return table  # type: ignore[no-any-return]


def _oddities(told: dict[str, Any]) -> RenderableType:
    table = _grid("\nOddities", "kind", "occurrences", "queries")
    for row in told["realised"]["oddity"]:
        table.add_row(row["kind"], f"{row['occurrences']:,}", f"{row['queries']:,}")
    return table  # type: ignore[no-any-return]


def _counts(told: dict[str, Any]) -> RenderableType:
    table = _grid("\nTables", "table", "rows")
    for name, rows in told["tables"].items():
        table.add_row(name, f"{rows:,}")
    return table  # type: ignore[no-any-return]
