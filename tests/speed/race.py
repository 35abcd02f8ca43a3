"""The simulator against the write limit and against its peers, all in one process, in turns."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from unittest import mock

from tests.speed import naive_simpy_faker, simpy_per_query
from tests.speed.stopwatch import Timing, in_turns, measure, middle, paired, timed

from misusesim import shards
from misusesim.dataset.writer import Entry, write_part

if TYPE_CHECKING:
    from collections.abc import Callable

    import pyarrow as pa

    from misusesim.scenario.model import Scenario

PEERS = {"naive_simpy_faker": naive_simpy_faker.run, "simpy_per_query": simpy_per_query.run}


class Part(NamedTuple):
    """A table as it was handed to the writer."""

    path: str
    table: pa.Table
    of: pa.Schema


def race(scenario: Scenario, rounds: int, peer_rows: int) -> list[dict[str, Any]]:
    """Return the rate of the simulator, and what it is against writing and against each peer.

    Parameters
    ----------
    scenario
        What the simulator makes, with log, truth and context, on one worker.
    rounds
        How often all are timed in turns.
    peer_rows
        Rows of each peer; rates are compared, so peers may make fewer.
    """
    parts = captured(scenario)  # also the simulator's warm-up
    log = [part for part in parts if part.path.startswith("log/")]
    for peer in PEERS.values():
        _in_folder(lambda out, peer=peer: peer(100, out))
    jobs: dict[str, Callable[[], Timing]] = {
        "simulate": lambda: timed(lambda: _in_folder(lambda out: simulated(scenario, out))),
        "write again": lambda: timed(lambda: _in_folder(lambda out: written(parts, out))),
        "write log": lambda: timed(lambda: _in_folder(lambda out: written(log, out))),
    }
    for name, peer in PEERS.items():
        jobs[name] = lambda peer=peer: timed(lambda: _in_folder(lambda out: peer(peer_rows, out)))
    found = in_turns(jobs, rounds)
    return [
        _rate(found),
        _limit(found, "write again", "write_limit", "the same tables"),
        _limit(found, "write log", "log_write_limit", "the log alone"),
        *(_against(name, found) for name in PEERS),
    ]


def _in_folder(do: Callable[[Path], int]) -> int:
    """Do something in a new folder, which is gone afterwards."""
    with tempfile.TemporaryDirectory() as folder:
        return do(Path(folder) / "data")


def simulated(scenario: Scenario, out: Path) -> int:
    """Make the data set and return its number of queries."""
    return int(shards.run(scenario, out)["rows"]["written"])


def captured(scenario: Scenario) -> list[Part]:
    """Return the tables that a run hands to the writer: log, truth and context."""
    parts: list[Part] = []

    def keep(root: Path, path: str, table: pa.Table, of: pa.Schema) -> Entry:
        parts.append(Part(path, table, of))
        return write_part(root, path, table, of)

    with mock.patch.object(shards, "write_part", keep):
        _in_folder(lambda out: simulated(scenario, out))
    return parts


def written(parts: list[Part], out: Path) -> int:
    """Write tables again, as the simulator does, and return the number of queries in them."""
    entries = [write_part(out, part.path, part.table, part.of) for part in parts]
    return sum(entry.rows or 0 for entry in entries if entry.path.startswith("log/"))


def _rate(found: dict[str, list[Timing]]) -> dict[str, Any]:
    runs = found["simulate"]
    return measure(
        "end_to_end", middle([t.per_core for t in runs]), "queries/s/core", None,
        "log, truth and context of a scenario to Parquet, one worker",
        per_wall=middle([t.per_wall for t in runs]), rows=runs[0].rows, rounds=len(runs),
    )  # fmt: skip


def _limit(found: dict[str, list[Timing]], job: str, name: str, what: str) -> dict[str, Any]:
    total, write = found["simulate"], found[job]
    return measure(
        name, middle([t.per_core for t in write]), "queries/s/core",
        paired([t.cpu for t in total], [t.cpu for t in write]),
        f"writing {what} again and nothing else; ratio: total time ÷ this time",
        per_wall=middle([t.per_wall for t in write]),
        wall_ratio=paired([t.wall for t in total], [t.wall for t in write]),
        rows=write[0].rows, rounds=len(write),
    )  # fmt: skip


def _against(name: str, found: dict[str, list[Timing]]) -> dict[str, Any]:
    ours, peer = found["simulate"], found[name]
    return measure(
        name, middle([t.per_core for t in peer]), "rows/s/core",
        paired([t.per_core for t in ours], [t.per_core for t in peer]),
        "a peer: a log only, without causes or truth; ratio: our rate ÷ its rate",
        per_wall=middle([t.per_wall for t in peer]),
        wall_ratio=paired([t.per_wall for t in ours], [t.per_wall for t in peer]),
        rows=peer[0].rows, rounds=len(peer),
    )  # fmt: skip
