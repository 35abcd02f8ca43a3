"""The peer of somebody who knows SimPy well: still one event per query, but no Faker.

One officer is one process, each query one event and one tuple of indices and numbers, taken from
values that numpy draws in blocks. Words stand once, in pools that become the dictionaries of the
Arrow columns; a column is made of all rows at once. One Parquet write with the simulator's own
writer ends it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa
import simpy
from tests.speed import pools

from misusesim.dataset import schema
from misusesim.dataset.writer import write_part

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator
    from pathlib import Path

    from numpy.typing import NDArray

BLOCK: Final = 8192
SURNAMES: Final = tuple(f"Name{n:04d}" for n in range(2000))
PLATES: Final = tuple(f"{n % 9 + 1}ABC{n:03d}" for n in range(1000))
KEYS, SYSTEMS, KINDS = zip(*pools.TRANSACTIONS, strict=True)


class World:
    """Shared by all officers: the clock, chance in blocks, and the rows so far."""

    def __init__(self, rows: int, seed: int) -> None:
        self.env = simpy.Environment()
        self.rng = np.random.default_rng(seed)
        self.waits = _one_by_one(self._waits)
        self.draws = _one_by_one(self._draws)
        self.left = rows
        self.done = self.env.event()
        self.rows: list[tuple[Any, ...]] = []

    def _waits(self) -> list[float]:
        return self.rng.exponential(pools.DAY_S / pools.PER_DAY, BLOCK).tolist()

    def _draws(self) -> list[tuple[int, ...]]:
        """Return the chance of a block of rows: ids, transaction, 7 small numbers of 16 bits."""
        ids = self.rng.integers(0, 2**64, (2, BLOCK), np.uint64).tolist()
        small = self.rng.integers(0, 65536, (8, BLOCK)).tolist()
        return list(zip(*ids, *small, strict=True))


def _one_by_one(block: Any) -> Iterator[Any]:
    """Return the values of block after block."""
    while True:
        yield from block()


def officer(world: World, place: int) -> Generator[simpy.Event, None, None]:
    """Ask again and again, at random moments."""
    env, waits, draws = world.env, world.waits, world.draws
    while world.left:
        yield env.timeout(next(waits))
        if world.left:
            world.left -= 1
            world.rows.append((env.now, place, *next(draws)))
            if not world.left:
                world.done.succeed()


def make(rows: int, seed: int = 1) -> pa.Table:
    """Return a log of so many rows."""
    world = World(rows, seed)
    people = pools.posts(pools.officers_for(rows))
    for place in range(len(people)):
        world.env.process(officer(world, place))
    world.env.run(world.done)
    return table([np.array(column) for column in zip(*world.rows, strict=True)], people)


def table(drawn: list[NDArray[Any]], people: list[pools.Post]) -> pa.Table:
    """Return the rows as a log."""
    now, place, query, subject, *small = drawn
    kind = small[0] % len(KEYS)
    time = pools.START_US + (now * 1e6).astype(np.int64)
    columns = {
        "query_id": query,
        "time": time,
        "received_at": time + small[1] * 30,
        "latency_ms": 50 + small[1] % 850,
        **_who(place, small, people),
        **_what(kind, small),
        **_about(kind, subject, small),
    }
    arrays = [
        column if isinstance(column, pa.Array) else pa.array(column, field.type)
        for field in schema.LOG
        for column in (columns[field.name],)
    ]
    return pa.table(arrays, schema=schema.LOG)


def _words(
    name: str, pool: tuple[str, ...], codes: NDArray[Any], empty: NDArray[np.bool_] | None = None
) -> pa.DictionaryArray:
    """Return a dictionary column over a pool; null where `empty`."""
    kind = schema.LOG.field(name).type
    indices = pa.array(codes % len(pool), kind.index_type, mask=empty)
    return pa.DictionaryArray.from_arrays(indices, pa.array(pool, pa.string()))


def _who(place: NDArray[Any], small: list[Any], people: list[pools.Post]) -> dict[str, Any]:
    officers, agencies, terminals = (tuple(part) for part in zip(*people, strict=True))
    return {
        "officer_id": _words("officer_id", officers, place),
        "agency_id": _words("agency_id", agencies, place),
        "terminal_id": _words("terminal_id", terminals, place),
        "requestor": _words("requestor", officers, small[2], small[3] > 3277),
    }


def _what(kind: NDArray[Any], small: list[Any]) -> dict[str, Any]:
    """Return what is asked, why, and what came back."""
    system = np.array(SYSTEMS)[kind]
    alpr, hit, share = system == "ALPR", small[4] < 6554, small[5] < 655
    cases = tuple(f"24-{n:06d}" for n in range(4096))
    hours = np.array([24, 168, 720], np.int32)[small[6] % 3]
    nothing = np.ones(len(kind), np.bool_)
    return {
        "system": _words("system", SYSTEMS, kind),
        "message_key": _words("message_key", KEYS, kind),
        "declared_purpose": _words("declared_purpose", schema.PURPOSES, small[2]),
        "purpose_code": _words("purpose_code", schema.PURPOSE_CODES, small[3], system != "III"),
        "reason_category": _words("reason_category", pools.CATEGORIES, small[4], ~alpr),
        "reason_text": _words("reason_text", pools.REASONS, small[5]),
        "case_number": _words("case_number", cases, small[6], small[7] > 52428),
        "match": _words("match", ("exact",), kind),
        "scope": _words("scope", schema.SCOPES, small[7], ~alpr),
        "lookback_hours": pa.array(hours, mask=~alpr),
        "hit": hit,
        "records_returned": np.where(hit, 1 + small[6] % 3, 0),
        "outcome": _words("outcome", ("no_record", "ok"), hit.astype(np.int8)),
        "action": _words("action", ("view", "share"), share.astype(np.int8)),
        "recipient_agency_id": _words("recipient_agency_id", pools.AGENCIES, small[1], ~share),
        "break_glass": np.zeros(len(kind), np.bool_),
        "justification_length": pa.array(np.zeros(len(kind), np.int16), mask=nothing),
    }


def _about(kind: NDArray[Any], subject: NDArray[Any], small: list[Any]) -> dict[str, Any]:
    """Return the columns of the person or vehicle asked about."""
    person = np.array([name == "person" for name in KINDS])[kind]
    plates = pa.array(PLATES).take(pa.array(small[3] % len(PLATES), mask=person))
    years = (1940 + small[2] % 66).astype(np.int16)
    return {
        "subject_kind": _words("subject_kind", KINDS, kind),
        "subject_key": subject,
        "subject_surname": _words("subject_surname", SURNAMES, small[4], ~person),
        "subject_birth_year": pa.array(years, mask=~person),
        "subject_sex": _words("subject_sex", schema.SEXES, small[5], ~person),
        "subject_plate": plates,
    }


def run(rows: int, out: Path, seed: int = 1) -> int:
    """Make a log, write it as one Parquet file in a folder, and return its number of rows."""
    return write_part(out, "log/per_query.parquet", make(rows, seed), schema.LOG).rows or 0
