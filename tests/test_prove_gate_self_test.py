"""The proof of the gate's self-test: bounds, what is kept, what is read of pytest-benchmark."""

from __future__ import annotations

import json

import pytest

from misusebench.gate.selftest import Counts, SelfTest


@pytest.fixture
def e(proof, monkeypatch, tmp_path):
    """Return the proof; what it keeps goes to a folder of the test."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return proof("gate_self_test")


@pytest.mark.parametrize(
    ("failed", "n", "low", "high"), [(0, 320, 0.0, 0.0093), (40, 40, 0.9278, 1.0)]
)
def test_bounds(e, failed, n, low, high):
    """No alarm in 320 verdicts: at most 0.9 %; 40 found of 40: at least 93 %."""
    counts = Counts(n, failed)
    assert e.least(counts) == pytest.approx(low, abs=1e-4)
    assert e.most(counts) == pytest.approx(high, abs=1e-4)


def test_what_was_measured_is_read_again(e):
    """An interruption costs no more than what was under way."""
    kept = e.Kept()
    told = {"volume": [0.0, "pass"], "shift_window+10%": [0.1, "regression"]}
    kept.add(kind="speed", statuses=told, stored=["volume"], seconds=1.0, stored_seconds=2.0)
    kept.add(kind="accuracy", same="inconclusive", lost="regression")
    ours, stored = e.counted(e.Kept())
    assert ours.speed == {"0%": Counts(1, 0), "+10%": Counts(1, 1)}
    assert stored == {"0%": Counts(1, 1), "+10%": Counts(1, 0)}
    assert ours.accuracy == {"0": Counts(1, 0, 1), "0.03": Counts(1, 1)}
    assert json.loads(kept.path.read_text().splitlines()[0])["stored"] == ["volume"]


def test_the_proof_asks_more_than_the_promise(e):
    """One false alarm in 320 keeps the promise of 1 %, and breaks the proof; so does one loss."""
    good = SelfTest(
        {"0%": Counts(320), "+10%": Counts(40, 40)}, {"0": Counts(60), "0.03": Counts(60, 60)}
    )
    assert e.missed(good) == []
    good.speed["0%"] = Counts(320, 1)
    assert e.missed(good) == ["speed: 1 false alarms where none may be"]
    good.speed["0%"] = Counts(320, 0, 33)
    assert e.missed(good) == ["speed: 33 of 320 verdicts are inconclusive"]
    good.speed["0%"], good.accuracy["0.03"] = Counts(320), Counts(60, 59)
    assert e.missed(good) == ["accuracy: 59 of 60 losses found, not each"]


def test_the_table_has_both_gates(e):
    """Ours and the stored mean stand in one row."""
    ours = SelfTest({"0%": Counts(320), "+10%": Counts(40, 40)})
    lines = e.table(ours, {"0%": Counts(320, 80), "+10%": Counts(40, 20)})
    assert lines[2] == "| 0% | 320 | 0 (0.0%) | 0 | at most 0.9% | 320 | 80 (25.0%) |"
    assert lines[3] == "| +10% | 40 | 40 (100.0%) | 0 | at least 92.8% | 40 | 20 (50.0%) |"
