"""Parts of the speed gate: endless rows, environments, checks, planted losses."""

from __future__ import annotations

import contextlib
import gc
import sys
from pathlib import Path
from typing import Any, Self

import numpy as np
import pyarrow as pa
import pytest

from misusebench.gate.planted import Slowed, blinded
from misusebench.gate.selftest import Counts, SelfTest
from misusebench.gate.speed.environments import Side
from misusebench.gate.speed.judge import SpeedGate
from misusebench.gate.speed.measure import Found, Pairing, stage
from misusebench.gate.speed.plan import Speed
from misusebench.gate.speed.process import Process, TimedFault
from misusebench.gate.speed.rule import Stage
from misusebench.gate.speed.worker import Endless, Timed, _scores
from misusebench.metrics.ranking import average_precision

WEEK_US = 7 * 86_400_000_000
HERE = Path.cwd()


def again(component: str) -> str:
    """Return a command."""
    return f"again {component}!"


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


def answering(text: str) -> Any:
    """Return a process that answers whatever it is asked with a text, which is Python."""
    process = Process(Side("here", sys.executable, HERE), 1)
    told = f"import json, sys\nfor line in sys.stdin: print({text}, flush=True)"
    return process, [sys.executable, "-c", told]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("'hello'", "which is no answer"),
        ("json.dumps({'ns': [10**9]})", "times that cannot be: 1 calls took 1000000000 ns"),
        ("json.dumps({'ns': [0]})", "times that cannot be"),
        ("json.dumps({'ns': [-5]})", "times that cannot be"),
        ("json.dumps({'ns': [1, 1]})", "it tells no times"),
        ("json.dumps({'ns': ['1']})", "it tells no times"),
    ],
)
def test_times_that_cannot_be_are_refused(monkeypatch: Any, text: str, said: str) -> None:
    process, words = answering(text)
    monkeypatch.setattr("misusebench.gate.speed.process.command", lambda _: words)
    with process, pytest.raises(TimedFault, match=said):
        process.call("one")


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (np.zeros(2), ""), (np.zeros(3), "must return 2 numbers"), (None, "must return 2"),
        (np.zeros(2, np.float32), "float32"), (np.array([0, np.nan]), "not finite"),
    ],
)  # fmt: skip
def test_a_call_must_answer(answer: Any, said: str) -> None:
    """Who scores nothing is fast; the collector is on again after, whatever happens."""
    timed = Timed.__new__(Timed)
    timed._next, timed._look = lambda: [1, 2], _scores
    timed._call = lambda _: answer
    with pytest.raises(ValueError, match=said) if said else contextlib.nullcontext():
        assert timed.call() > 0
    timed._call = lambda _: 1 / 0
    with pytest.raises(ZeroDivisionError):
        timed.call()
    assert gc.isenabled()


class Scripted:
    """Stands for a timed process; head's component `bad` fails, and so does base's `lost`."""

    made = 0

    def __init__(self, side: Side, hashes: int) -> None:
        self.side, self.trip_ns = side, 0
        Scripted.made += 1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None: ...

    def ask(self, op: str, **_: Any) -> dict[str, Any]:
        return {}

    send = ask
    answer = lambda self: {}  # noqa: E731

    def call(self, name: str, times: int = 1) -> list[int]:
        if name == ("lost" if self.side.name == "v1" else "bad"):
            raise TimedFault("it ended", self.side)
        own = 100 if self.side.name == "v1" else 110
        self.trip_ns = own + 50
        return [own] * times


def test_a_fault_of_one_leaves_the_launches_of_others(monkeypatch: Any) -> None:
    """What base did and then does not is no news; the others have all their launches."""
    monkeypatch.setattr("misusebench.gate.speed.measure.Process", Scripted)
    names = ["bad", "good", "lost", "too"]
    told = {name: {"kind": "detector", "name": name} for name in names}
    sides = [Side(name, sys.executable, HERE) for name in ("v1", "here")]
    pairs = Pairing(sides[0], sides[1], told, told, HERE)
    plan = Speed(launches=4, pairs=3, instructions="never", margin=0.2)
    one = stage(pairs, dict.fromkeys(names, 64), plan)
    assert {name: len(of.change) for name, of in one.stages.items()} == {"good": 4, "too": 4}
    assert np.exp(one.stages["too"].change) == pytest.approx([1.1] * 4)
    assert one.stages["too"].hidden == pytest.approx([0.0] * 4)
    gate = SpeedGate(pairs, "made", plan, None, again)
    status = {check.component: check.status for check in gate.judged(one, {**dict.fromkeys(names)})}
    assert status == {"good": "pass", "too": "pass", "bad": "failed", "lost": "inconclusive"}


def test_fewer_launches_than_planned_decide_nothing() -> None:
    gate = SpeedGate(pairing(), "made", Speed(launches=9, instructions="never"), None, again)
    (one,) = gate.judged(found(one=1.0), {"one": 64})
    assert one.status == "inconclusive"


def test_what_can_no_longer_be_timed_fails() -> None:
    """A detector that has become a command or an address."""
    gate = SpeedGate(pairing(), "made", Speed(), None, again)
    one = gate.no_longer("one", "it is a command")
    assert (one.status, one.side) == ("regression", "speed")
    assert "can be timed in v1 and no longer in here: it is a command" in one.message


def pairing() -> Pairing:
    told = {"one": {"kind": "detector"}, "two": {"kind": "policy"}}
    sides = [Side(name, sys.executable, HERE) for name in ("v1", "here")]
    return Pairing(sides[0], sides[1], told, told, HERE)


def found(**ratios: float) -> Found:
    stages = {n: Stage(np.log(np.full(8, r)), np.zeros(8)) for n, r in ratios.items()}
    return Found(stages)


def test_a_suspect_is_measured_again_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[list[str]] = []

    def measured(pairs: Pairing, rows: dict[str, int], *_: Any) -> Found:
        asked.append([*rows])
        assert [*pairs.of_head] == [*rows]
        return found(two=1.08)

    monkeypatch.setattr("misusebench.gate.speed.judge.stage", measured)
    gate = SpeedGate(pairing(), "made", Speed(instructions="never"), None, again)
    one, two = gate.judged(found(one=1.0, two=1.08), {"one": 64, "two": 64})
    assert asked == [["two"]]
    assert (one.status, two.status) == ("pass", "regression")
    assert two.head == pytest.approx(1.08)
    assert (
        "two on made: a batch of decisions takes +8.0% time against v1 (median of 16 launches, "
        "90 % interval +8.0% to +8.0%, margin 3%; single launches from +8.0% to +8.0%; base "
        "against itself +0.0%); measured twice, as the rule asks: each time the median of 8 "
    ) in two.message
    assert two.message.endswith("; reproduce: again two!")
    assert two.reproduce == "again two!"
    assert "reproduce" not in one.message


def test_a_second_stage_can_clear(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("misusebench.gate.speed.judge.stage", lambda *_: found(one=1.0))
    gate = SpeedGate(pairing(), "made", Speed(instructions="never"), None, again)
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
    gate = SpeedGate(pairing(), "made", Speed(), None, again)
    time, count = gate.judged(found(one=1.08), {"one": 64})
    assert said in time.message
    assert (time.status, count.status, count.side) == ("regression", "pass", "instructions")
    assert count.head == counted


def test_a_head_that_fails_is_no_regression_but_a_failure() -> None:
    gate = SpeedGate(pairing(), "made", Speed(), None, again)
    (one,) = gate.judged(Found(faults={"one": "ValueError: x"}), {})
    assert (one.status, one.side) == ("failed", "speed")
    assert "ValueError: x; reproduce: again one!" in one.message


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
