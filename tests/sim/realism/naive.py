"""A naive generator of logs, as public ones are: uniform times, everybody alike, random words.

Kept to show that the statistics can fail.
"""

from __future__ import annotations

from collections import Counter

import numpy as np

from misusesim.realism.material import Incidents, Material, People, Searches, Tally
from misusesim.realism.profile import DAY_US
from misusesim.realism.subjects import Stopped

AGENCIES, EACH, DAYS, PER_OFFICER = 120, 60, 364, 60
REASONS = ("investigation", "traffic stop", "warrant check", "stolen vehicle", "")
WORDS = tuple(f"{word} {n:02d}" if word else "" for word in REASONS for n in range(6))


def naive(seed: int = 1) -> Material:
    """Return the material of a naive log of a year."""
    chance = np.random.default_rng(seed)
    officers = AGENCIES * EACH
    rows = officers * PER_OFFICER
    who = chance.integers(0, officers, rows)
    agency = who // EACH
    order = np.lexsort((time := times(chance, rows), agency))
    searches = Searches(
        agency=agency[order], officer=who[order], time=time[order],
        case=agency[order] * 200 + chance.integers(0, 200, rows),
        reason=chance.integers(0, len(WORDS), rows), texts=WORDS,
        scope=chance.integers(0, 4, rows), lookback=chance.choice([1, 24, 100], rows),
    )  # fmt: skip
    return Material(
        name="naive", days=DAYS, agencies=AGENCIES, searches=searches,
        incidents=street(chance, officers), people=people(chance, officers),
        tally=tally(chance, officers), types=("police",) * AGENCIES,
        stopped=Stopped(np.ones(100_000, np.int64)),
    )  # fmt: skip


def times(chance, rows):
    return chance.integers(0, DAYS * DAY_US, rows)


def street(chance, officers):
    rows = officers * 20
    who = chance.integers(0, officers, rows)
    return Incidents(
        agency=who // EACH, time=times(chance, rows), stop=chance.random(rows) < 0.8, officer=who
    )


def people(chance, officers):
    roles = np.array(["patrol", "detective", "supervisor", "records_clerk"], object)
    return People(
        officer_id=tuple(f"o{n}" for n in range(officers)),
        agency=np.arange(officers) // EACH,
        role=roles[chance.integers(0, 4, officers)],
        surname=np.array(["Smith"] * officers, object),
        birth_year=np.full(officers, 1980),
        shifts=np.full(officers, 200),
    )


def tally(chance, officers):
    queries = chance.poisson(1_000, officers)
    return Tally(
        queries=queries, persons=queries, namesakes=chance.poisson(1.0, officers),
        women=chance.binomial(queries, 0.5), sexed=queries,
        itself=np.zeros(officers, bool), surnames=Counter(Smith=1_000, Jones=999_000),
        rows=int(queries.sum()), hits=Counter(DMV=5_000, ALPR=50_000),
        by_system=Counter(DMV=50_000, ALPR=rows_of(queries)),
        who=[chance.integers(0, officers, 500_000)], when=[times(chance, 500_000)],
    )  # fmt: skip


def rows_of(queries):
    return int(queries.sum() // 10)
