"""Detectors that are commands: what they are sent, what they answer, and how they fail."""

from __future__ import annotations

import datetime as dt
import json
import shutil
import sys
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from tests.bench.dataset import small_world

from misusebench.commands import Command, lines_of
from misusebench.component import Alert
from misusebench.component_faults import ComponentFault
from misusebench.conformance import conform
from misusebench.errors import SuiteError
from misusebench.hosting import hosted
from misusebench.isolated import start
from misusebench.replay import compact
from misusebench.result import command_sha256
from misusebench.suite import parse_component
from misusesim.dataset import schema

EXAMPLES = Path(__file__).parents[2] / "examples" / "plugins"
ECHO = """
import json, sys
log = open({log!r}, "w")
for line in sys.stdin:
    log.write(line)
    log.flush()
    asked = json.loads(line)
    kind = asked.get("type")
    if kind == "hello":
        info = {{"type": "info", "name": "echo", "version": "3", "tiers": ["T1"], "needs": ["n"],
                "has": ["fit", "observe", "feedback", "alerts"]}}
        print(json.dumps(info), flush=True)
    elif kind in ("fit", "context", "observe", "feedback", "score"):
        for _ in range(asked["n"]):
            row = sys.stdin.readline()
            log.write(row)
            if kind == "score":
                print(json.loads(row)["n"] / 2, flush=True)
        log.flush()
        if kind != "score":
            print('{{"type":"ok"}}', flush=True)
    elif kind == "alerts":
        alert = ["officer", "o1", asked["now"], 1.5, [7, 8], "because", "r"]
        print(json.dumps({{"type": "alerts", "alerts": [alert]}}), flush=True)
    elif kind == "bye":
        break
"""


@pytest.fixture
def echo(tmp_path):
    """Return a command that notes what it reads and scores half of a column, and its notes."""
    script, log = tmp_path / "echo.py", tmp_path / "log"
    script.write_text(ECHO.format(log=str(log)))
    made = Command([sys.executable, str(script)])
    yield made, log
    made.close()


def rows(*values):
    """Return rows of a number and a text."""
    return pa.table({"n": pa.array(values, pa.int64()), "other": ["x"] * len(values)})


def test_rows_are_json_without_what_is_null():
    """Times are microseconds, keys whole numbers, dates and lists as JSON has them."""
    when = dt.datetime(1970, 1, 1, 0, 0, 1, tzinfo=dt.UTC)
    table = pa.table({
        "key": pa.array([2**64 - 1, 1], pa.uint64()), "time": pa.array([when, None], schema.TIME),
        "text": pa.array(['a\n"b"', None]).dictionary_encode(), "flag": [True, None],
        "share": [0.5, None], "day": [dt.date(2024, 2, 1), None], "ids": [["a", "b"], None],
    })  # fmt: skip
    full, empty = lines_of(table)
    assert full.endswith("}\n")
    assert json.loads(full) == {
        "key": 2**64 - 1, "time": 1_000_000, "text": 'a\n"b"', "flag": True, "share": 0.5,
        "day": "2024-02-01", "ids": ["a", "b"],
    }  # fmt: skip
    assert json.loads(empty) == {"key": 1}
    assert lines_of(table.slice(0, 0)) == []


def test_every_row_of_a_log_is_an_object():
    """What the lines hold is what the table holds."""
    log, _, _ = small_world()
    some = log.slice(0, 200)
    found = [json.loads(line) for line in lines_of(some)]
    for line, row in zip(found, some.to_pylist(), strict=True):
        assert line["query_id"] == row["query_id"]
        assert line.get("reason_text") == row["reason_text"]
        assert set(line) == {name for name, value in row.items() if value is not None}


def test_a_command_says_what_it_is_and_is_asked_for_no_more(echo):
    """Name, version, tiers and needs are its own; only columns that it needs are sent."""
    made, log = echo
    assert (made.name, made.version, made.tiers, made.needs) == ("echo", "3", ("T1",), ("n",))
    made.fit(rows(1, 2), {"roster/officers": pa.table({"o": ["a"]})})
    assert made.score(compact(rows(6, 8))).tolist() == [3.0, 4.0]
    made.observe("t", pa.table({"o": ["b"]}))
    made.feedback([{"verdict": "confirmed"}])
    assert made.alerts(5) == [Alert("officer", "o1", 5, 1.5, [7, 8], "because", "r")]
    assert [json.loads(line) for line in log.read_text().splitlines()] == [
        {"type": "hello", "protocol": 1, "seed": 0},
        {"type": "context", "table": "roster/officers", "n": 1}, {"o": "a"},
        {"type": "fit", "n": 2}, {"n": 1}, {"n": 2},
        {"type": "score", "n": 2}, {"n": 6}, {"n": 8},
        {"type": "observe", "table": "t", "n": 1}, {"o": "b"},
        {"type": "feedback", "n": 1}, {"verdict": "confirmed"},
        {"type": "alerts", "now": 5},
    ]  # fmt: skip


def test_a_large_batch_answered_row_by_row_does_not_lock(echo):
    """Neither side waits for the other to read: 60,000 rows, each answered at once."""
    made, _ = echo
    values = np.arange(60_000)
    assert np.array_equal(made.score(compact(rows(*values.tolist()))), values / 2)


def python(tmp_path, text):
    """Return the command of a script."""
    script = tmp_path / "bad.py"
    script.write_text(text)
    return f"cmd:{sys.executable} {script}"


def state_of(command):
    """Return how a worker fails on a command."""
    spec = parse_component("detector", command)
    worker = hosted(spec)
    with pytest.raises(ComponentFault) as caught, worker:
        start(worker, spec)
    return caught.value.state, caught.value.reason


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("raise SystemExit(3)", "the command ended with 3"),
        ("print('hello', flush=True); input()", "Expecting value"),
        ("print('[1]', flush=True); input()", "expected an object"),
        ('print(\'{"type": "ok"}\', flush=True); input()', "hello must be answered by an info"),
    ],
)
def test_a_command_that_breaks_the_protocol_is_invalid(tmp_path, text, said):
    """What it did is told, and the run of the others could go on."""
    state, reason = state_of(python(tmp_path, text))
    assert state == "crash"
    assert said in reason


def test_a_command_reads_nothing_but_its_own_files(tmp_path):
    """A file beside the script is out of reach."""
    (tmp_path / "secret").write_text("truth")
    text = f"print(open({str(tmp_path / 'secret')!r}).read())"
    state, _ = state_of(python(tmp_path, text))
    assert state == "crash"


def test_commands_are_parsed(tmp_path, monkeypatch):
    """Words are split as a shell does; files are named by their paths, programs are looked for."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my-own.detector.py").write_text("x = 1")
    spec = parse_component("detector", f"cmd+arrow:{sys.executable} -u my-own.detector.py 'a b'")
    path, name = str(tmp_path / "my-own.detector.py"), "my-own.detector.py"
    assert spec.name == "my-own_detector"
    assert spec.parameters["command"] == [sys.executable, "-u", name, "a b"]
    assert (spec.parameters["form"], spec.files) == ("arrow", ((name, path),))
    first = command_sha256(spec.parameters["command"], [path])
    assert command_sha256([*spec.parameters["command"], "more"], [path]) != first
    (tmp_path / "my-own.detector.py").write_text("x = 2")
    assert command_sha256(spec.parameters["command"], [path]) != first
    for text, said in (
        ("cmd:", "no program nothing"), ("cmd:nosuchthing x", "no program nosuchthing"),
        ("cmd:awk 'x", "No closing quotation"),
    ):  # fmt: skip
        with pytest.raises(SuiteError, match=said):
            parse_component("detector", text)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("program", "words"),
    [
        ("mawk", "cmd:mawk -W interactive -f {}/volume.awk"), ("node", "cmd:node {}/rarity.mjs"),
        (sys.executable, "cmd+arrow:" + sys.executable + " {}/hours.py"),
    ],
)  # fmt: skip
def test_the_examples_keep_the_contract(program, words):
    """In three languages, over lines and over Arrow, all checks pass."""
    if shutil.which(program) is None:
        pytest.skip(f"{program} is not installed")
    found = conform(words.format(EXAMPLES), "detector", None, unsafe=False)
    assert found.passed, found.as_json()
    assert len(found.results) == 9


SURPLUS = """
import sys
for line in sys.stdin:
    if '"hello"' in line:
        print('{"type":"info","name":"x","tiers":["T0"],"needs":["n"],"has":[]}', flush=True)
    elif '"score"' in line:
        rows = int(line.split('"n":')[1].split("}")[0])
        for _ in range(rows):
            sys.stdin.readline()
        print("\\n".join(["1"] * (rows + 1)), flush=True)
    elif '"bye"' in line:
        break
"""


def test_one_score_too_many_is_not_taken_for_the_next_batch(tmp_path):
    """Neither before the next question nor at the end."""
    script = tmp_path / "surplus.py"
    script.write_text(SURPLUS)
    made = Command([sys.executable, str(script)])
    assert made.score(compact(rows(6, 8))).tolist() == [1.0, 1.0]
    with pytest.raises(ValueError, match="answered more than was asked"):
        made.score(compact(rows(6, 8)))
    with pytest.raises(ValueError, match="answered more than was asked"):
        made.close()


def test_who_answers_wrongly_and_reads_no_more_is_told_at_once(tmp_path):
    """A score that is no number ends it, though it never reads the rest of a large batch."""
    script = tmp_path / "stuck.py"
    script.write_text(
        "import sys, time\nsys.stdin.readline()\n"
        'print(\'{"type":"info","needs":["n"]}\', flush=True)\nsys.stdin.readline()\n'
        "print('x', flush=True)\ntime.sleep(60)\n"
    )
    made = Command([sys.executable, str(script)])
    begun = time.monotonic()
    with pytest.raises(ValueError, match="a score must be a number"):
        made.score(compact(rows(*range(200_000))))
    assert time.monotonic() - begun < 20
    made.close()


def test_a_command_that_ended_before_it_was_asked_is_told_by_its_status(tmp_path):
    """The broken pipe is not the reason: how the command ended is."""
    script = tmp_path / "gone.py"
    script.write_text(
        "import sys\nsys.stdin.readline()\n"
        'print(\'{"type":"info","has":["fit","alerts","feedback"]}\', flush=True)\nsys.exit(3)\n'
    )
    made = Command([sys.executable, str(script)])
    made._process.wait()
    for asked in (lambda: made.alerts(0), lambda: made.fit(rows(1), {}),
                  lambda: made.feedback([]), lambda: made.score(compact(rows(6)))):  # fmt: skip
        with pytest.raises(EOFError, match="the command ended with 3"):
            asked()
    made.close()


@pytest.mark.parametrize("answers", ["", 'print(\'{"type":"ok"}\', flush=True);'])
def test_a_command_that_reads_no_more_and_goes_on_is_told_at_once(tmp_path, answers):
    """Whether it answers what it did not read or not; until its time is over would be too long."""
    script = tmp_path / "deaf.py"
    script.write_text(
        "import os, sys, time\nsys.stdin.readline()\n"
        'print(\'{"type":"info","has":["fit"]}\', flush=True)\n'
        f"os.close(0);{answers}time.sleep(60)\n"
    )
    for asked in (lambda one: one.fit(rows(*range(90_000)), {}),
                  lambda one: one.score(compact(rows(*range(90_000))))):  # fmt: skip
        made = Command([sys.executable, str(script)])
        time.sleep(0.5)  # it has closed its end
        made._waiting.clear()
        begun = time.monotonic()
        with pytest.raises(ValueError, match=r"closed the pipe|answered more than was asked"):
            asked(made)
        assert time.monotonic() - begun < 20
        made._process.kill()
        made._process.wait()
        for pipe in (made._process.stdin, made._process.stdout):
            pipe.close()


def test_a_program_of_ones_own_is_copied_and_its_folder_stays_closed(tmp_path):
    """A program in a project is run, and what lies beside it cannot be read."""
    program = tmp_path / "mine"
    program.write_text("#!/bin/sh\ncat " + str(tmp_path / "secret") + "\n")
    program.chmod(0o755)
    (tmp_path / "secret").write_text('{"type":"info"}\n')
    state, reason = state_of(f"cmd:{program}")
    assert state == "crash"
    assert "the command ended with" in reason
