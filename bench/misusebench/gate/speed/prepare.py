"""What is timed on: rows of one data set as components of both sides get them, written once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa

from misusebench.outcomes import Bench
from misusebench.replay import by_known_at, compact, known_by
from misusebench.suite import Suite
from misusesim.dataset import schema
from misusesim.dataset.reader import open_dataset

if TYPE_CHECKING:
    from pathlib import Path

#: Rows after the history that are scored, over and over if need be.
MOST_ROWS: Final = 200_000
#: Rows of history that are learnt from; more would make each launch longer and time no better.
MOST_HISTORY: Final = 200_000


def prepare(data: str | Path, folder: Path, suite: dict[str, Any], *, facts: bool) -> str:
    """Write what is timed on below a folder; return the data set's name.

    Parameters
    ----------
    data
        A data set.
    folder
        New.
    suite
        `seed` and `history_share` of the suite.
    facts
        Whether a policy is timed, which needs facts.
    """
    cut = Suite("timed", (), seed=suite["seed"], history_share=suite["history_share"])
    bench = Bench(open_dataset(data), cut)
    shown = bench.shown
    history = shown.slice(max(0, bench.first - MOST_HISTORY), min(bench.first, MOST_HISTORY))
    rows = shown.slice(bench.first, MOST_ROWS)
    context = by_known_at(bench.context("T3"))
    known = known_by(context, bench.end_us)
    later = {name: table.slice(len(known[name])) for name, table in context.items()}
    _write(pa.Table.from_batches([compact(history)]), folder / "history.arrow")
    _write(pa.Table.from_batches([compact(rows)]), folder / "rows.arrow")
    for place, tables in (("context", known), ("later", later)):
        for name, table in tables.items():
            _write(table, folder / place / f"{name}.arrow")
    if facts:
        bench.prepare_facts()
        assert bench.facts is not None
        _write(bench.facts.slice(0, MOST_ROWS), folder / "facts.arrow")
    return str(bench.dataset.manifest["scenario"])


def tiers() -> dict[str, list[str]]:
    """Return the folders of context tables by tier."""
    return {tier: list(folders) for tier, folders in schema.TIERS.items()}


def _write(table: pa.Table, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if any(pa.types.is_dictionary(one) for one in table.schema.types):
        table = table.unify_dictionaries()  # a file holds one dictionary a column
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)
