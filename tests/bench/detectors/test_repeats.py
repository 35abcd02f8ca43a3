"""Repeats of a pair of officer and subject, held against counting all earlier rows one by one."""

from __future__ import annotations

import numpy as np
import pytest

from misusebench.detectors import repeats
from misusebench.detectors.repeats import MOST_DAYS, Asked, Repeats

MEMORY = 50


def _asked(chance, n):
    """Return rows of few pairs; the local day often, not always, follows the time."""
    received = np.cumsum(chance.choice([0, 0, 1, 3], n))
    day = received // 2 - chance.choice([0, 0, 0, 1], n)
    officer, subject = chance.integers(0, 2, n), chance.integers(-1, 2, n)
    return Asked(officer, subject, received, day, chance.random(n) < 0.05)


def _counted(asked):
    """Return the same by looking at every earlier row."""
    days, case = [], []
    for row in range(len(asked.officer)):
        same = (asked.officer[:row] == asked.officer[row]) & (
            asked.subject[:row] == asked.subject[row]
        )
        same &= asked.received[:row] > asked.received[row] - MEMORY
        other = set(asked.day[:row][same].tolist()) - {int(asked.day[row])}
        days.append(min(len(other), MOST_DAYS))
        case.append(bool(asked.with_case[:row][same].any()))
    return days, case


@pytest.mark.parametrize("size", [1, 13, 700])
@pytest.mark.parametrize("hashing", ["free", "crowded", "one place"])
def test_repeats_are_what_counting_finds(size, hashing, monkeypatch):
    """In any cut, with room that grows, rows that are forgotten, and pairs of one hash."""
    monkeypatch.setattr(repeats, "_FIRST_ROOM", 16)
    if hashing != "free":
        monkeypatch.setattr(repeats, "_PLACES", 16)
    if hashing == "one place":
        monkeypatch.setattr(repeats, "combine", lambda *parts: np.zeros(len(parts[0]), np.uint64))
    asked = _asked(np.random.default_rng(5), 700)
    memory = Repeats(MEMORY)
    parts = [
        memory.before(Asked(*(column[start : start + size] for column in asked)))
        for start in range(0, 700, size)
    ]
    days, case = _counted(asked)
    assert np.concatenate([part.other_days for part in parts]).tolist() == days
    assert np.concatenate([part.with_case for part in parts]).tolist() == case
    assert max(days) == MOST_DAYS
    assert len(memory) == 700 if size == 700 else len(memory) < 350
