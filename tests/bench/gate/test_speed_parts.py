"""Parts of the speed gate: endless rows, environments, checks, planted losses."""

from __future__ import annotations

import sys
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from misusebench.errors import SuiteError
from misusebench.gate.planted import Slowed, blinded
from misusebench.gate.selftest import Counts, SelfTest
from misusebench.gate.speed import environments
from misusebench.gate.speed.environments import Side, base_side
from misusebench.gate.speed.judge import SpeedGate
from misusebench.gate.speed.measure import Found, Pairing
from misusebench.gate.speed.plan import Speed
from misusebench.gate.speed.process import Process, TimedFault
from misusebench.gate.speed.rule import Stage
from misusebench.gate.speed.worker import Endless
from misusebench.metrics.ranking import average_precision

WEEK_US = 7 * 86_400_000_000
HERE = Path.cwd()


def log() -> pa.Table:
    time = pa.array([0, 5, WEEK_US + 1], pa.int64()).cast(pa.timestamp("us", tz="UTC"))
    return pa.table({
        "query_id": pa.array([1, 2, 2**64 - 1], pa.uint64()), "received_at": time,
        "word": pa.array(["a", None, "b"]).dictionary_encode(),
    })  # fmt: skip


@pytest.mark.parametrize("count", [1, 2, 3, 7])
def test_rows_go_on_whole_weeks_later_under_new_ids(count: int) -> None:
    rows = Endless(log(), count)
    batches = [rows.take() for _ in range(8)]
    assert {len(one) for one in batches} == {count}
    taken = pa.concat_tables(batches)
    at = taken["received_at"].cast(pa.int64()).to_pylist()
    assert at == sorted(at)
    assert {one % WEEK_US for one in at} <= {0, 5, 1}
    assert len(set(taken["query_id"].to_pylist())) == 8 * count
    first = pa.concat_tables([log(), log(), log()])["word"].to_pylist()[:count]
    assert batches[0]["word"].to_pylist() == first


def test_a_batch_has_its_own_words_only() -> None:
    rows = Endless(log(), 1)
    assert [rows.take()["word"].chunk(0).dictionary.to_pylist() for _ in range(3)] == [
        ["a"], [], ["b"],
    ]  # fmt: skip


def test_a_process_tells_what_a_component_raises() -> None:
    """It goes on afterwards, and one that has ended is told as such."""
    side = Side("here", sys.executable, HERE)
    with Process(side, 1) as process:
        with pytest.raises(TimedFault, match="KeyError") as fault:
            process.ask("call", name="nobody")
        assert fault.value.side is side
        assert process.ask("peak")["kib"] > 10_000
        process._process.kill()
        with pytest.raises(TimedFault, match="its process ended"):
            process.ask("peak")


def test_a_wheel_comes_before_what_is_installed(tmp_path: Path, monkeypatch: Any) -> None:
    """Its code is imported, other packages are there, and all is removed after."""
    wheel = tmp_path / "one-1-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as packed:
        packed.writestr("misusebench/__init__.py", "OLD = True\n")
    linked: list[Any] = []
    monkeypatch.setattr(environments, "linked", lambda *a: linked.append(a) or sys.executable)
    with base_side(str(wheel), tmp_path) as side:
        assert [Path(one, "misusebench").is_dir() for one in side.paths] == [True]
        assert linked[0][1] == [Path(side.paths[0])]
        made = Path(side.paths[0])
    assert not made.exists()
    wheel.write_text("no archive")
    with (
        pytest.raises(SuiteError, match="is not a wheel"),
        base_side(str(wheel), tmp_path) as side,
    ):
        pass


def pairing() -> Pairing:
    told = {"one": {"kind": "detector"}, "two": {"kind": "policy"}}
    sides = [Side(name, sys.executable, HERE) for name in ("v1", "here")]
    return Pairing(sides[0], sides[1], told, told, HERE)


def found(**ratios: float) -> Found:
    stages = {n: Stage(np.log(np.full(8, r)), np.zeros(8)) for n, r in ratios.items()}
    return Found(stages)


def test_a_suspect_is_measured_again_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[list[str]] = []

    def again(pairs: Pairing, rows: dict[str, int], *_: Any) -> Found:
        asked.append([*rows])
        assert [*pairs.of_head] == [*rows]
        return found(two=1.08)

    monkeypatch.setattr("misusebench.gate.speed.judge.stage", again)
    gate = SpeedGate(pairing(), "made", Speed(instructions="never"), None, "again!")
    one, two = gate.judged(found(one=1.0, two=1.08), {"one": 64, "two": 64})
    assert asked == [["two"]]
    assert (one.status, two.status) == ("pass", "regression")
    assert two.head == pytest.approx(1.08)
    assert (
        "two on made: a batch of decisions takes +8.0% time against v1 (16 launches" in two.message
    )
    assert two.message.endswith("reproduce: again!")
    assert "reproduce" not in one.message


def test_a_second_stage_can_clear(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("misusebench.gate.speed.judge.stage", lambda *_: found(one=1.0))
    gate = SpeedGate(pairing(), "made", Speed(instructions="never"), None, "again!")
    (one,) = gate.judged(found(one=1.08), {"one": 64})
    assert one.status == "pass"
    assert "not when measured again" in one.message


@pytest.mark.parametrize(
    ("counted", "said"), [(1.08, "callgrind agrees (+8.00%"), (1.0, "sees no more work: waiting")]
)
def test_the_second_witness_is_told(monkeypatch: Any, counted: float, said: str) -> None:
    """It never decides: a component that fails by the clock fails."""
    judge = "misusebench.gate.speed.judge"
    monkeypatch.setattr(f"{judge}.stage", lambda *_: found(one=1.08))
    monkeypatch.setattr(f"{judge}.instructions", lambda *_: counted)
    gate = SpeedGate(pairing(), "made", Speed(), None, "again!")
    time, count = gate.judged(found(one=1.08), {"one": 64})
    assert said in time.message
    assert (time.status, count.status, count.side) == ("regression", "pass", "instructions")
    assert count.head == counted


def test_a_head_that_fails_is_no_regression_but_a_failure() -> None:
    gate = SpeedGate(pairing(), "made", Speed(), None, "again!")
    (one,) = gate.judged(Found(faults={"one": "ValueError: x"}), {})
    assert (one.status, one.side) == ("failed", "speed")
    assert "ValueError: x; reproduce: again!" in one.message


def test_blinded_loses_what_was_asked() -> None:
    chance = np.random.default_rng(3)
    positive = chance.random(8_000) < 0.02
    score = chance.normal(size=8_000) + 3 * positive
    lost = average_precision(score, positive) - average_precision(
        blinded(score, positive, 0.05, 4), positive
    )
    assert lost == pytest.approx(0.05, abs=0.003)


class Busy:
    """Works for a while."""

    def score(self, batch: Any) -> np.ndarray:
        return np.sort(np.random.default_rng(0).normal(size=200_000))


def test_slowed_works_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """Twice the share, twice the turns; what the detector lacks it lacks as well."""
    turns: list[int] = []
    monkeypatch.setitem(sys.modules, "busy", sys.modules[__name__])
    monkeypatch.setattr("misusebench.gate.planted._took", lambda turns: turns * 50)
    monkeypatch.setattr("misusebench.gate.planted._work", turns.append)
    clock = iter([0, 10_000] * 3)
    monkeypatch.setattr("misusebench.gate.planted.time.perf_counter_ns", lambda: next(clock))
    for share in (0.0, 0.5, 1.0):
        Slowed("busy:Busy", share).score(None)
    assert turns == [0, 100, 200]
    assert not hasattr(Slowed("busy:Busy", 0.0), "fit")


def test_a_broken_promise_is_told() -> None:
    good = SelfTest({"0%": Counts(300, 0, 2), "+10%": Counts(60, 58)}, {"0": Counts(100, 1)})
    assert good.broken == []
    bad = SelfTest({"0%": Counts(20, 1), "+10%": Counts(20, 18)}, {"0.03": Counts(5, 4, 1)})
    assert bad.broken == [
        "speed: 1 false alarms in 20 verdicts", "speed: 18 of 20 slowdowns of 10% found",
        "accuracy: 4 of 5 losses of 0.03 found",
    ]  # fmt: skip
    assert "accuracy, planted 0.03: found 4 of 5, 1 inconclusive" in bad.lines()
