"""What a fault of time says: where it lies, and why nothing could be decided."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tests.bench.gate.test_speed_parts import again, found, pairing

from misusebench.gate.speed.judge import SpeedGate
from misusebench.gate.speed.plan import Speed
from misusebench.gate.speed.rule import Stage


def test_a_slow_component_has_a_place(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same as a loss; what passed has none."""
    monkeypatch.setattr("misusebench.gate.speed.judge.stage", lambda *_: found(two=1.08))
    gate = SpeedGate(pairing(), "made", Speed(instructions="never"), None, again,
                     where=lambda name: (f"{name}.py", 20))  # fmt: skip
    one, two = gate.judged(found(one=1.0, two=1.08), {"one": 64, "two": 64})
    assert (one.file, one.line) == (None, None)
    assert (two.file, two.line) == ("two.py", 20)
    assert two.message.endswith("slower; see two.py:20; reproduce: again two!")


@pytest.mark.parametrize(
    ("change", "control", "launches", "said"),
    [
        (np.linspace(-0.4, 0.3, 8), np.linspace(-0.2, 0.2, 8), 8, "slower by 6% is not ruled out"),
        (np.full(8, 0.1), np.zeros(8), 9, "fewer launches ended than were planned"),
    ],
)
def test_inconclusive_says_why(change: Any, control: Any, launches: int, said: str) -> None:
    """What is not ruled out, or what is missing."""
    gate = SpeedGate(pairing(), "made", Speed(launches=launches, instructions="never"), None, again)
    (one,) = gate._of("one", [Stage(change, control)] * (1 + (launches > 8)), 64)
    assert one.status == "inconclusive"
    assert said in one.message


NOISE = np.linspace(-0.2, 0.2, 8)
SLOW, EQUAL = np.full(8, 0.08), np.zeros(8)


@pytest.mark.parametrize(
    ("stages", "launches", "status", "safe"),
    [
        ([Stage(EQUAL, EQUAL)], 8, "pass", True),
        ([Stage(np.linspace(-0.05, 0.05, 8), EQUAL)], 8, "pass", False),
        ([Stage(SLOW, EQUAL)] * 2, 8, "regression", False),
        ([Stage(EQUAL, np.full(8, 0.1))], 8, "pass", None),
        ([Stage(EQUAL, NOISE)], 8, "pass", None),
        ([Stage(NOISE, NOISE)], 8, "inconclusive", None),
        ([Stage(EQUAL, EQUAL, np.full(8, 0.9))], 8, "inconclusive", None),
        ([Stage(SLOW, np.full(8, 0.1))] * 2, 8, "inconclusive", None),
        ([Stage(EQUAL, EQUAL)], 9, "inconclusive", None),
        ([Stage(SLOW, EQUAL)] * 2, 9, "inconclusive", None),
        ([Stage(EQUAL[:4], EQUAL[:4])], 4, "pass", None),
    ],
)
def test_a_larger_loss_is_ruled_out_where_times_can_tell(
    stages: list[Stage], launches: int, status: str, safe: bool | None
) -> None:
    """Not by hidden time, by copies of base that differ, or by launches that are missing."""
    gate = SpeedGate(pairing(), "made", Speed(launches=launches, instructions="never"), None, again)
    (one,) = gate._of("one", stages, 64)
    assert (one.status, one.non_inferior) == (status, safe)


def test_memory_has_no_interval() -> None:
    """Two numbers, of which one is larger: nothing is ruled out."""
    gate = SpeedGate(pairing(), "made", Speed(), None, again)
    kept, lost = (gate._peak("one", [100], [head], 0.1) for head in (100, 200))
    assert [(c.status, c.non_inferior) for c in (kept, lost)] == [
        ("pass", None), ("regression", None),
    ]  # fmt: skip
