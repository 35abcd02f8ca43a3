"""The peer most people would write: SimPy for time, Faker for values, one dict per row.

One officer is one process, each query one event and one dict with all columns of the log. Names,
plates, dates and reasons come from Faker, row by row; with ``use_weighting=False``, which makes its
names ten times faster. Dicts become Arrow tables in batches; one Parquet write with the
simulator's own writer ends it.
"""

from __future__ import annotations

import datetime as dt
import random
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa
import simpy
from faker import Faker
from tests.speed import pools

from misusesim.dataset import schema
from misusesim.dataset.writer import write_part

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

BATCH: Final = 50_000
EARLIEST, LATEST = dt.date(1940, 1, 1), dt.date(2006, 1, 1)


class World:
    """Shared by all officers: the clock, chance, and the rows so far."""

    def __init__(self, rows: int, seed: int) -> None:
        self.env = simpy.Environment()
        self.rng = random.Random(seed)
        self.fake = Faker("en_US", use_weighting=False)
        self.fake.seed_instance(seed)
        self.left = rows
        self.done = self.env.event()
        self.rows: list[dict[str, Any]] = []
        self.tables: list[pa.Table] = []

    def add(self, row: dict[str, Any]) -> None:
        """Keep a row; a full batch becomes a table, the last row ends the run."""
        self.rows.append(row)
        self.left -= 1
        if len(self.rows) == BATCH or not self.left:
            self.tables.append(pa.Table.from_pylist(self.rows, schema=schema.LOG))
            self.rows = []
        if not self.left:
            self.done.succeed()


def officer(world: World, post: pools.Post) -> Generator[simpy.Event, None, None]:
    """Ask again and again, at random moments."""
    rate = pools.PER_DAY / pools.DAY_S
    while world.left:
        yield world.env.timeout(world.rng.expovariate(rate))
        if world.left:
            world.add(row(world, post))


def row(world: World, post: pools.Post) -> dict[str, Any]:
    """Return one row of the log."""
    rng, fake = world.rng, world.fake
    time = pools.START_US + int(world.env.now * 1e6)
    key, system, kind = rng.choice(pools.TRANSACTIONS)
    hit = rng.random() < 0.1
    share = rng.random() < 0.01
    return {
        "query_id": rng.getrandbits(64),
        "time": time,
        "received_at": time + rng.randrange(2_000_000),
        "agency_id": post.agency,
        "officer_id": post.officer,
        "terminal_id": post.terminal,
        "system": system,
        "message_key": key,
        "declared_purpose": rng.choice(schema.PURPOSES),
        "purpose_code": rng.choice(schema.PURPOSE_CODES) if system == "III" else None,
        "reason_category": rng.choice(pools.CATEGORIES) if system == "ALPR" else None,
        "reason_text": fake.sentence(4),
        "case_number": f"24-{rng.randrange(1_000_000):06d}" if rng.random() < 0.8 else None,
        "requestor": post.officer if rng.random() < 0.05 else None,
        "subject_kind": kind,
        "subject_key": rng.getrandbits(64),
        **subject(fake, kind),
        "match": "exact",
        "scope": rng.choice(schema.SCOPES) if system == "ALPR" else None,
        "lookback_hours": rng.choice((24, 168, 720)) if system == "ALPR" else None,
        "hit": hit,
        "records_returned": rng.randrange(1, 4) if hit else 0,
        "outcome": "ok" if hit else "no_record",
        "action": "share" if share else "view",
        "recipient_agency_id": rng.choice(pools.AGENCIES) if share else None,
        "break_glass": False,
        "justification_length": None,
        "latency_ms": rng.randrange(50, 900),
    }


def subject(fake: Faker, kind: str) -> dict[str, Any]:
    """Return the columns of a person or a vehicle."""
    person = kind == "person"
    return {
        "subject_surname": fake.last_name() if person else None,
        "subject_birth_year": fake.date_between_dates(EARLIEST, LATEST).year if person else None,
        "subject_sex": fake.random_element(schema.SEXES) if person else None,
        "subject_plate": None if person else fake.license_plate(),
    }


def make(rows: int, seed: int = 1) -> pa.Table:
    """Return a log of so many rows."""
    world = World(rows, seed)
    for post in pools.posts(pools.officers_for(rows)):
        world.env.process(officer(world, post))
    world.env.run(world.done)
    return pa.concat_tables(world.tables)


def run(rows: int, out: Path, seed: int = 1) -> int:
    """Make a log, write it as one Parquet file in a folder, and return its number of rows."""
    return write_part(out, "log/naive.parquet", make(rows, seed), schema.LOG).rows or 0
