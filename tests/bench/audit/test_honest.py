"""Honest metrics by the bench's own arithmetic, and statistics of real logs as one verdict."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from misusebench.audit import honest, lifelike
from misusebench.metrics.ranking import average_precision


def test_precision_at_a_base_rate_is_what_a_hand_gives():
    """8.3 % at 1e-4; half needs 9e-5 false alarms; 0.9 % at 1e-5 (note on data-set quality)."""
    assert round(honest.precision_at(1e-4, 0.9, 1e-3), 3) == 0.083
    assert round(honest.precision_at(1e-4, 0.9, 9e-5), 2) == 0.50
    assert round(honest.precision_at(1e-5, 0.9, 1e-3), 3) == 0.009
    assert [check.passed for check in honest.checks_of_arithmetic()] == [True] * 3


def test_an_enriched_set_is_weighted_back():
    """1,000 positives among 1,000,000 others, 900 and 1,000 of them flagged, are worth the same."""
    score = np.array([1.0] * 900 + [0.0] * 100 + [1.0] * 1_000 + [0.0] * 999_000)
    positive = np.arange(1_001_000) < 1_000
    weight = np.where(positive, 1e-4 / 1_000, (1 - 1e-4) / 1_000_000)
    area = average_precision(score, positive, weight)
    assert (area - 0.1 * 1e-4) / 0.9 == pytest.approx(honest.precision_at(1e-4, 0.9, 1e-3))


def test_metrics_that_forget_the_weights_are_found(monkeypatch):
    """Were rows not weighted back to the base rate, all three cases would fail."""
    monkeypatch.setattr(honest, "average_precision", lambda s, p, _: average_precision(s, p))
    assert [check.passed for check in honest.checks_of_arithmetic()] == [False] * 3


def test_a_rule_is_told_at_the_sets_own_rate():
    """Half of the misuse for one of a thousand others: 1 % at 2e-5, 19.2 alerts of 19 a day."""
    found = honest.told_at_rate("a rule", 0.5, 1e-3, 2e-5, 19.0)
    assert (round(found.value, 4), found.passed) == (0.0099, None)
    assert "19.2 alerts per 1,000 officer-days" in found.detail


def verdicts(met, missed, silent=0):
    """Return so many verdicts, counted all."""
    words = ["pass"] * met + ["fail"] * missed + ["not applicable"] * silent
    return [
        SimpleNamespace(
            statistic=SimpleNamespace(id=f"s{n}", counted=True), word=word, value=1.0, reason="",
            asked="1",
        ) for n, word in enumerate(words)
    ]  # fmt: skip


@pytest.mark.parametrize(("met", "missed", "passed"), [
    (20, 0, True), (38, 2, True), (37, 3, False), (19, 1, True), (18, 2, False), (19, 0, None),
])  # fmt: skip
def test_statistics_of_real_logs_are_one_verdict(met, missed, passed):
    """95 % of those that apply must be met; fewer than 20 are no verdict; each is told."""
    found = lifelike.of_verdicts(verdicts(met, missed, 5))
    assert found[0].passed is passed
    assert found[0].value == met / (met + missed)
    assert len(found) == 1 + met + missed + 5
    assert all(check.passed is None for check in found[1:])
