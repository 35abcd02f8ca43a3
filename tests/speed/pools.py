"""What both peers draw from: closed lists of the log, agencies, officers, and the rate of queries.

A peer has the columns of the log and plausible words in them, but no causes: no shifts, no cases,
no misuse, no truth and no context. That makes its work lighter than the simulator's.
"""

from __future__ import annotations

import datetime as dt
from typing import Final, NamedTuple

from misusesim.dataset import schema

START: Final = dt.datetime(2024, 1, 1, tzinfo=dt.UTC)
START_US: Final = int(START.timestamp()) * 1_000_000
DAY_S: Final = 86_400.0
#: Queries of an officer on a day; the order of magnitude of the shipped scenarios.
PER_DAY: Final = 12.0
AGENCIES: Final = tuple(f"CA{n:07d}" for n in range(3_400_000, 3_400_600, 100))
#: Message key -> system and kind of subject, of the common queries.
TRANSACTIONS: Final = (
    ("RQ", "DMV", "vehicle"), ("DQ", "DMV", "person"), ("KQ", "DMV", "person"),
    ("QW", "NCIC", "person"), ("QV", "NCIC", "vehicle"), ("QH", "III", "person"),
    ("IQ", "NLETS", "person"), ("SVS", "SVS", "vehicle"), ("WPS", "WPS", "person"),
    ("lookup", "ALPR", "vehicle"), ("name", "RMS", "person"), ("permit", "LICENSING", "person"),
)  # fmt: skip
CATEGORIES: Final = ("patrol", "investigation", "licensing", "other")
REASONS: Final = (
    "traffic stop", "welfare check", "burglary", "stolen vehicle", "warrant service", "dv report",
    "suspicious vehicle", "follow up", "missing person", "permit application", "2800", "evading",
)  # fmt: skip
LOG_NAMES: Final = tuple(schema.LOG.names)


class Post(NamedTuple):
    """Who asks, and from where."""

    officer: str
    agency: str
    terminal: str


def posts(officers: int) -> list[Post]:
    """Return the officers of a peer, spread over its agencies."""
    return [
        Post(f"o{n:09x}", AGENCIES[n % len(AGENCIES)], f"t{n // 3:09x}") for n in range(officers)
    ]


def officers_for(rows: int) -> int:
    """Return how many officers make the rows in about four weeks, at least one."""
    return max(1, round(rows / (28 * PER_DAY)))
