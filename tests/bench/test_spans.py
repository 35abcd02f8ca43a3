"""Spans of time by key, against a loop over all of them."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from misusebench import spans as module
from misusebench.spans import NEVER, Spans


@pytest.mark.parametrize("recent", [1, 50, 100_000])
def test_covers_equals_a_loop_over_all_spans(monkeypatch, recent):
    """Whatever is in the bulk and whatever is recent, the answer is that of a loop."""
    monkeypatch.setattr(module, "RECENT", recent)
    rng = np.random.default_rng(1)
    spans, kept = Spans(slack_us=2), []
    for _ in range(25):
        size = int(rng.integers(1, 12))
        key = rng.integers(0, 15, size).astype(np.uint64)
        start = rng.integers(0, 1_000, size)
        end = start + rng.integers(0, 60, size)
        spans.add(key, start, end)
        kept += list(zip(key.tolist(), start.tolist(), end.tolist(), strict=True))
        asked, time = rng.integers(0, 18, 80).astype(np.uint64), rng.integers(-10, 1_100, 80)
        expected = [
            any(k == a and s - 2 <= t <= e + 2 for k, s, e in kept)
            for a, t in zip(asked.tolist(), time.tolist(), strict=True)
        ]
        assert spans.covers(asked, time).tolist() == expected


def test_levels_fall_in_size_and_hold_every_span(monkeypatch):
    """However much is added and in whatever parts, few levels are to be looked through."""
    monkeypatch.setattr(module, "RECENT", 10)
    rng, spans, total = np.random.default_rng(3), Spans(), 0
    for _ in range(400):
        size = int(rng.integers(1, 40))
        start = rng.integers(0, 10_000, size)
        spans.add(rng.integers(0, 99, size).astype(np.uint64), start, start + 5)
        total += size
        sizes = [len(level) for level in spans._levels]
        assert all(a >= module.LEVELS_APART * b for a, b in itertools.pairwise(sizes))
        assert sum(sizes) + len(spans._recent[0]) == total
    assert len(spans._levels) < 8


def test_an_open_span_never_ends():
    """NEVER stays beyond any time, slack or not."""
    spans = Spans(slack_us=10)
    spans.add(np.array([7], np.uint64), np.array([100]), np.array([NEVER]))
    asked = np.array([7, 7, 7, 8], np.uint64)
    assert spans.covers(asked, np.array([89, 90, 2**61, 100])).tolist() == [
        False, True, True, False,
    ]  # fmt: skip


def test_no_spans_cover_nothing():
    """An empty set answers no."""
    assert Spans().covers(np.array([1], np.uint64), np.array([1])).tolist() == [False]


def test_the_latest_span_of_a_key_begun_by_then():
    """Begun two before their start by the slack; in the bulk or among the recent; else never."""
    found = Spans(2)
    for start in (10, 30, 20):
        found.add(np.array([1], np.uint64), np.array([start]), np.array([start + 1]))
    asked = np.array([7, 8, 19, 28, 99])
    assert found.latest(np.full(5, 1, np.uint64), asked).tolist() == [-NEVER, 10, 20, 30, 30]
    assert found.latest(np.array([2], np.uint64), np.array([50])).tolist() == [-NEVER]
    assert Spans().latest(np.array([1], np.uint64), np.array([5])).tolist() == [-NEVER]
