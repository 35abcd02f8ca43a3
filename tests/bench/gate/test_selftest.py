"""The gate judged by itself, in one small world."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from misusebench.gate.planted_worlds import LOSS, accuracy_verdicts, found_loss
from misusebench.gate.selftest import word

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.slow
def test_no_change_passes_and_a_loss_is_of_the_size_that_was_planted(tmp_path: Path) -> None:
    """Base and head differ, as ids and seeds do, and that is no regression."""
    same, lost = accuracy_verdicts(tmp_path, 0, days=14)
    assert same.status in ("pass", "inconclusive")
    assert any(check.change for check in same.checks)
    ap = next(check for check in lost.checks if check.metric == "average_precision")
    assert ap.change == pytest.approx(-LOSS, abs=0.005)
    assert found_loss(lost) == ap.status
    assert ap.status != "pass"
    assert list(tmp_path.iterdir()) == []


def test_words() -> None:
    assert [word(one) for one in (0.0, 0.05, 0.2)] == ["0%", "+5%", "+20%"]
