"""Why a query happened: its row, its hidden cause, and what a lawful reader could have joined.

Reads the truth; for people who study a data set, never for components.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from misusesim.dataset import layout
from misusesim.dataset.reader import Dataset, open_dataset, read_part
from misusesim.errors import UsageError
from misusesim.truth import open_truth

if TYPE_CHECKING:
    import datetime as dt

    from rich.console import RenderableType

Row = dict[str, Any]


def explain(path: str | Path, query_id: int) -> dict[str, Any]:
    """Return everything a data set knows about one query.

    Returns
    -------
    dict
        ``query`` (the log row), ``truth`` (None where truth is sparse and the cause plain work),
        ``sentence`` (the cause in words), ``officer``, ``shift`` (the one around the query's time,
        None outside any), ``context`` (rows about its incident, its case and its tie),
        ``campaign``, ``reasons`` (why that is misuse), ``outcomes``, ``person`` (the truth of the
        officer), ``oddities`` (of the officer within an hour) and ``reactions``.

    Raises
    ------
    UsageError
        If no query has this id.
    DatasetError
        If the data set is unfinished or damaged.
    """
    dataset = open_dataset(Path(path))
    query, shard = _find(dataset, query_id)
    truth = _truth_row(dataset, query_id, shard)
    agency = shard.partition("-")[0]
    reader = _Agency(dataset, agency)
    officer, time = query["officer_id"], query["time"]
    told = {
        "query": query,
        "truth": truth,
        "officer": reader.first("roster/officers", officer_id=officer),
        "shift": reader.around("roster/shifts", time, officer_id=officer),
        "context": _context(reader, query, truth),
        **_deeds(dataset, query, truth),
        "reactions": _shard_rows(dataset, f"truth/reactions/{shard}.parquet", query_id),
    }
    return {"sentence": _sentence(told), **told}


def _find(dataset: Dataset, query_id: int) -> tuple[Row, str]:
    """Return the log row with an id and the shard it lies in."""
    for part in dataset.parts("log"):
        ids = read_part(dataset.path / part, ["query_id"])["query_id"]
        place = pc.index(ids, pa.scalar(query_id, pa.uint64())).as_py()
        if place >= 0:
            row = read_part(dataset.path / part).slice(place, 1).to_pylist()[0]
            return row, Path(part).stem
    raise UsageError(f"no query {query_id} in {dataset.path}; ids are in the log's query_id column")


def _shard_rows(dataset: Dataset, part: str, query_id: int) -> list[Row]:
    """Return the rows about a query in one part of a truth table, which may not exist."""
    if part not in dataset.parts("truth"):
        return []
    table = read_part(dataset.path / part)
    hit = pc.equal(table["query_id"], pa.scalar(query_id, pa.uint64()))
    return table.filter(hit).to_pylist()  # type: ignore[no-any-return]


def _truth_row(dataset: Dataset, query_id: int, shard: str) -> Row | None:
    rows = _shard_rows(dataset, f"truth/queries/{shard}.parquet", query_id)
    return rows[0] if rows else None


class _Agency:
    """Looks rows up in one agency's part of the context tables."""

    def __init__(self, dataset: Dataset, agency: str) -> None:
        self._dataset, self._agency = dataset, agency
        self._there = set(dataset.parts("context"))

    def rows(self, table: str, **wanted: object) -> list[Row]:
        """Return the rows whose columns hold the wanted values."""
        part = layout.context_part(table, self._agency)
        if part not in self._there:
            return []
        found = read_part(self._dataset.path / part)
        for name, value in wanted.items():
            column = found[name]
            if pa.types.is_dictionary(column.type):
                column = column.cast(pa.string())
            found = found.filter(pc.equal(column, pa.scalar(value, column.type)))
        return found.to_pylist()  # type: ignore[no-any-return]

    def first(self, table: str, **wanted: object) -> Row | None:
        """Return the first such row."""
        return next(iter(self.rows(table, **wanted)), None)

    def around(self, table: str, time: dt.datetime, **wanted: object) -> Row | None:
        """Return the first such row that is valid at an instant."""
        for row in self.rows(table, **wanted):
            if row["valid_from"] <= time and (row["valid_to"] is None or time < row["valid_to"]):
                return row
        return None


def _context(reader: _Agency, query: Row, truth: Row | None) -> dict[str, list[Row]]:
    """Return the context rows that justify a query, or would have to."""
    officer, subject = query["officer_id"], query["subject_key"]
    found = {}
    for key, table in (("incident_id", "dispatch/incidents"), ("case_id", "dispatch/cases")):
        if truth is not None and truth[key] is not None:
            wanted = {key: truth[key]}
            found[table] = reader.rows(table, **wanted)
            assigned = reader.rows("dispatch/assignments", officer_id=officer, **wanted)
            found.setdefault("dispatch/assignments", []).extend(assigned)
    for table in ("dispatch/involved", "dispatch/warrants", "dispatch/applications"):
        found[table] = reader.rows(table, subject_key=subject)
    found["ties/relationships"] = reader.rows(
        "ties/relationships", officer_id=officer, subject_key=subject
    )
    return {table: rows for table, rows in found.items() if rows}


def _deeds(dataset: Dataset, query: Row, truth: Row | None) -> dict[str, Any]:
    """Return the campaign, its outcomes, and the officer's oddities close in time."""
    known = open_truth(dataset)
    person = pc.equal(known.officers["officer_id"], pa.scalar(query["officer_id"]))
    deeds: dict[str, Any] = {
        "campaign": None, "reasons": [], "outcomes": [], "oddities": [],
        "person": next(iter(known.officers.filter(person).to_pylist()), None),
    }  # fmt: skip
    if truth is None or truth["cause"] == "work":
        return deeds
    if truth["campaign_id"] is not None:
        own = pa.scalar(truth["campaign_id"])
        campaigns = known.campaigns.filter(pc.equal(known.campaigns["campaign_id"], own))
        deeds["campaign"] = next(iter(campaigns.to_pylist()), None)
        for name, table in (("reasons", known.reasons), ("outcomes", known.outcomes)):
            deeds[name] = table.filter(pc.equal(table["campaign_id"], own)).to_pylist()
    if truth["cause"] == "oddity":
        hour = 3600
        deeds["oddities"] = [
            row
            for row in known.oddities.to_pylist()
            if row["officer_id"] == query["officer_id"]
            and abs((row["time"] - query["time"]).total_seconds()) <= hour
        ]
    return deeds


def _sentence(told: dict[str, Any]) -> str:
    """Return the cause in words."""
    truth, shift = told["truth"], told["shift"]
    on_shift = "on shift" if shift is not None else "off shift"
    if truth is None:
        return f"Plain work, {on_shift} (truth of this data set is sparse)."
    because = [f"{name[:-3]} {truth[name]}" for name in ("incident_id", "case_id") if truth[name]]
    ground = " for " + " and ".join(because) if because else ""
    if truth["cause"] == "work":
        return f"Plain work{ground}, {on_shift}."
    if truth["cause"] == "oddity":
        return f"Honest but strange ({truth['kind']}){ground}, {on_shift}."
    tie = f" with a tie ({truth['tie']})" if truth["tie"] else ""
    return (
        f"Misuse ({truth['kind']}, {truth['rung']}, cover {truth['cover']}){tie}, "
        f"campaign {truth['campaign_id']}, {on_shift}; breaks: {truth['violation']}."
    )


def render(told: dict[str, Any]) -> RenderableType:
    """Return the explanation for a terminal."""
    from rich.console import Group  # noqa: PLC0415 - only terminals need it
    from rich.text import Text  # noqa: PLC0415

    parts: list[RenderableType] = [Text(told["sentence"], style="bold")]
    single = ("query", "truth", "officer", "shift", "campaign", "person")
    tables = {name: [told[name]] for name in single if told[name] is not None}
    tables |= {f"context/{name}": rows for name, rows in told["context"].items()}
    facts = ("reasons", "outcomes", "oddities", "reactions")
    tables |= {f"truth/{name}": told[name] for name in facts}
    parts += [_row_table(name, rows) for name, rows in tables.items() if rows]
    return Group(*parts)


def _row_table(title: str, rows: list[Row]) -> RenderableType:
    """Return rows one below the other, empty values left out."""
    from rich.table import Table  # noqa: PLC0415 - only terminals need it
    from rich.text import Text  # noqa: PLC0415

    table = Table(title=title, title_justify="left", show_header=False, box=None, padding=(0, 2))
    for row in rows:
        for name, value in row.items():
            if value is not None:
                table.add_row(Text(name, style="dim"), Text(str(value)))
        table.add_row("", "")
    return table
