"""A team's repository: one commit slows its detector, one blinds it; the gate names both."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import signal
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

from misusebench.__main__ import main
from misusebench.errors import SuiteError
from misusebench.gate import Check
from misusebench.gate.asked import Asked
from misusebench.gate.change import judge_change
from misusebench.gate.loosened import Before, loosened_checks, merged
from misusebench.gate.margins import Margins

DETECTOR = '''"""Queries unlike those of the officer's peers."""

from misusebench.detectors.peer_z import PeerZ


class Mine(PeerZ):
    name = "mine"

    def score(self, batch):
        found = super().score(batch)
        return found
'''
SLOWER = DETECTOR.replace("return found", "return (found + super().score(batch)) / 2")
BLIND = DETECTOR.replace("return found", "return 0 * found")
GATE = """
[worlds]
scenario = "tiny"
seeds = [2]
suite = "suite.toml"

[speed]                   # few launches on a busy machine can tell no small change
margin = 0.20
launches = 3
pairs = 9
call_ms = 2
instructions = "never"

[memory]
launches = 1
margin = 0.2
"""
#: A gate that says where it is, and then takes its time.
ENDLESS = """
import sys, time
from misusebench.__main__ import main
from misusebench.gate import change
change._Change._told = lambda self, side: time.sleep(60)
sys.exit(main())
"""
SUITE = '[[detector]]\ncomponent = "detector:Mine"\nname = "mine"\n'


def git(folder: Path, *words: str) -> str:
    own = ["-c", "user.name=A", "-c", "user.email=a@b", "-c", "commit.gpgsign=false"]
    done = subprocess.run(
        ["git", *own, *words], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def commit(folder: Path, message: str, **files: str) -> None:
    for name, text in files.items():
        (folder / f"{name}.{'py' if name == 'detector' else 'toml'}").write_text(text)
    git(folder, "add", ".")
    git(folder, "commit", "-q", "-m", message)


@pytest.fixture
def team(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a repository with a detector; the working folder is a folder of it."""
    top = tmp_path / "team"
    folder = top / "quality"
    folder.mkdir(parents=True)
    tmp_path.chmod(0o755)
    git(top, "init", "-q")
    commit(folder, "a detector", detector=DETECTOR, suite=SUITE, gate=GATE)
    monkeypatch.chdir(folder)
    return folder


def gated(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str]:
    code = main(["gate", "--base", "HEAD~1", "--quiet", *words])
    told = capsys.readouterr()
    return code, told.out + told.err


def nothing_left(folder: Path) -> bool:
    return len(git(folder, "worktree", "list").splitlines()) == 1


@pytest.mark.slow
def test_a_commit_that_slows_is_caught(team: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The message names what, how much, where and the command; the verdict is whole JSON."""
    commit(team, "slower", detector=SLOWER)
    for _ in range(3):  # inconclusive on a busy machine is no verdict: one asks again
        code, told = gated(capsys, "--no-accuracy", "--json")
        if code != 3:
            break
    verdict = json.loads(told)["data"]
    one = next(check for check in verdict["checks"] if check["metric"] == "service_time")
    assert (code, verdict["status"], one["status"]) == (1, "regression", "regression"), one
    assert one["side"] == "speed"
    assert one["component"] == "mine"
    assert one["change"] > 0.2
    assert one["low"] <= one["change"] <= one["high"]
    said = (
        r"mine on tiny: a call of score takes \+\d+\.\d% time against HEAD~1 \(median of 6 "
        r"launches, 90 % interval [+-]"
    )
    assert re.search(said, one["message"])
    assert "margin 20%" in one["message"]
    sha = git(team, "rev-parse", "HEAD~1").strip()
    again = f"misusebench gate --base {sha} --config gate.toml --only mine --no-accuracy"
    assert (one["file"], one["line"]) == ("detector.py", 11)
    assert one["reproduce"] == again
    assert one["message"].endswith(again)
    memory = next(check for check in verdict["checks"] if check["side"] == "memory")
    assert (memory["metric"], memory["status"]) == ("peak_memory", "pass")
    assert 0.9 < memory["head"] < 1.1
    assert nothing_left(team)


@pytest.mark.slow
def test_a_wheel_is_not_head(
    team: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Base is what the wheel holds, also where the working tree has a module of that name."""
    wheel = team.parent.parent / "mine-1-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as packed:
        packed.writestr("detector.py", DETECTOR)
        packed.writestr("mine-1.dist-info/METADATA", "Name: mine\nVersion: 1\n")
    (team / "detector.py").write_text(BLIND)
    (team / "typer.py").write_text("raise SystemExit('not to be imported')\n")
    usual = shutil.ignore_patterns  # to link less is to be done sooner
    big = ("ray*", "mypy*", "networkx", "pip", "fontTools", "playwright", "rdflib")
    monkeypatch.setattr(shutil, "ignore_patterns", lambda *names: usual(*names, *big))
    code = main(["gate", "--base", str(wheel), "--no-speed", "--quiet"])
    told = capsys.readouterr()
    assert code == 1, told
    lost = r"(regression: mine on tiny:|also) recall_at_budget 0\.6667 -> 0\.\d+ \(-0\.\d+"
    assert re.search(lost, " ".join(told.out.split()))


def test_an_order_to_end_leaves_nothing(team: Path) -> None:
    """The gate is a real process here; it is told to end while base's worktree is there."""
    words = [sys.executable, "-c", ENDLESS, "gate", "--base", "HEAD", "--no-accuracy"]
    with subprocess.Popen(words, cwd=team, stderr=subprocess.PIPE, text=True) as gate:
        assert gate.stderr is not None
        line = gate.stderr.readline()
        assert line.startswith("base HEAD"), line
        assert not nothing_left(team)
        gate.send_signal(signal.SIGTERM)
        assert gate.wait(20) == 128 + signal.SIGTERM
    assert nothing_left(team)


def test_an_order_to_end_is_not_lost_in_a_finaliser() -> None:
    """Python ignores what a handler raises there; the order is given once more."""
    code = """
import os, signal, time
from misusebench.gate.processes import ended_cleanly
class Gone:
    def __del__(self):
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(0.01)
with ended_cleanly():
    gone = Gone()
    del gone
    time.sleep(60)
"""
    done = subprocess.run(
        [sys.executable, "-c", code], check=False, capture_output=True, text=True, timeout=30
    )
    assert (done.returncode, done.stderr) == (128 + signal.SIGTERM, "")


@pytest.mark.slow
def test_a_commit_that_blinds_is_caught(team: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The loss of each metric, on which data, and how to see it again; base's code is base's."""
    commit(team, "blind", detector=BLIND)
    code, told = gated(capsys, "--no-speed", "--output", "json=verdict.json")
    told = " ".join(told.split())
    assert code == 1
    _again(json.loads((team / "verdict.json").read_text()), capsys)
    lost = r"(regression: mine on tiny:|also) recall_at_budget 0\.6667 -> 0\.\d+ \(-0\.\d+"
    assert re.search(lost, told)
    assert "simulate tiny --seed 2 -o data-tiny-2 && misusebench bench data-tiny-2" in told
    assert "--suite suite.toml --only mine -o run-tiny-2-mine" in told
    assert "see detector.py:11; reproduce: " in told  # of the return, not of the class
    assert nothing_left(team)


def _again(verdict: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    """Run the printed command; it must give head's number."""
    checks = [c for c in verdict["checks"] if c["metric"] == "campaign_recall" and c["reproduce"]]
    for words in checks[0]["reproduce"].split(" && "):
        assert main([*shlex.split(words)[1:], "--quiet"]) in (0, 4)
    capsys.readouterr()
    found = json.loads(Path("run-tiny-2-mine/results/mine.json").read_text())
    assert found["metrics"]["campaign_recall"]["value"] == checks[0]["head"]


def taken_away(team: Path, monkeypatch: pytest.MonkeyPatch, **files: str) -> list[Check]:
    """Return what the gate says of a commit when nothing is run."""
    commit(team, "taken away", **files)
    change = "misusebench.gate.change._Change"
    monkeypatch.setattr(f"{change}._data", lambda self: [None])
    monkeypatch.setattr(f"{change}._speed", lambda self, *_: [self_suites(self)])
    return list(judge_change(Asked("HEAD~1", team / "gate.toml", accuracy=False)).checks)


def self_suites(change: Any) -> Check:
    """Return the suites that both sides are run with, and the margin of time that holds."""
    both = [change._suite(side).rpartition("/")[2] for side in (change._base, change._head)]
    return Check("", " ".join(both), "", "pass", str(change._margins.speed.margin))


LOOSER = GATE.replace("margin = 0.20", "margin = 0.90").replace("launches = 3", "launches = 4")


def test_what_is_loosened_is_told_and_does_not_hold(
    team: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The stricter margin is applied; a person has to agree to the other one."""
    looser = LOOSER + "\n[margin]\naverage_precision = 0.5\n"
    *told, last = taken_away(team, monkeypatch, gate=looser)
    assert [c.status for c in told] == ["inconclusive"] * 2
    assert told[0].message.startswith(
        "margin.average_precision of gate.toml is loosened, none -> 0.5; the stricter one was "
    )
    assert told[1].message.startswith("speed.margin of gate.toml is loosened, 0.2 -> 0.9")
    assert last.message == "0.2"


def test_base_is_judged_with_its_own_suite(team: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A suite under a new name loses no component unseen."""
    (team / "other.toml").write_text(SUITE)
    renamed = GATE.replace("suite.toml", "other.toml")
    (last,) = taken_away(team, monkeypatch, gate=renamed)
    assert last.component == "suite.toml other.toml"


@pytest.mark.parametrize(
    ("gate", "status", "said"),
    [
        (GATE.replace("seeds = [2]", "seeds = [2]\ndays = 3"), "regression", "has 3 days and had"),
        (GATE.replace('"tiny"', '"county"').replace("[2]", "[2]\ndays = 90"), "regression",
         "scenario tiny has vanished from"),
    ],
)  # fmt: skip
def test_worlds_that_changed(
    team: Path, monkeypatch: pytest.MonkeyPatch, gate: str, status: str, said: str
) -> None:
    """Fewer days, or another scenario, find fewer losses."""
    first, *_ = taken_away(team, monkeypatch, gate=gate)
    assert first.status == status
    assert said in first.message


def test_bounds_are_the_stricter_ones() -> None:
    """A floor is the higher one, a ceiling the lower one, and what is gone holds."""
    base = Margins(floor={"a": {"lift": 2.0}, "b": {"lift": 1.0}}, ceiling={"a": {"lift": 9.0}})
    head = Margins(floor={"a": {"lift": 1.0}}, ceiling={"a": {"lift": 99.0}})
    both = merged(head, Before(base))
    assert (both.floor, both.ceiling) == (base.floor, base.ceiling)
    tables = [c.message.partition(" of ")[0] for c in loosened_checks(head, Before(base), "g", "b")]
    assert tables == ["floor.a.lift", "floor.b.lift", "ceiling.a.lift"]
    assert loosened_checks(base, Before(head), "g", "b") == []
    assert loosened_checks(base, Before(None, "odd"), "g", "b")[0].status == "inconclusive"


def test_the_base_must_exist(team: Path) -> None:
    with pytest.raises(SuiteError, match=r"--base nowhere: there is no such commit.*unshallow"):
        judge_change(Asked("nowhere", team / "gate.toml"))


def test_a_wheel_must_exist(team: Path) -> None:
    with pytest.raises(SuiteError, match="no such file; build one"):
        judge_change(Asked("none.whl", team / "gate.toml"))


def test_nothing_to_judge_is_refused(team: Path) -> None:
    with pytest.raises(SuiteError, match="leave nothing to judge"):
        judge_change(Asked("HEAD", team / "gate.toml", accuracy=False, speed=False))


def broken(team: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Return what is said of a suite that one side cannot read."""
    monkeypatch.setattr("misusebench.gate.change.refuse_mixed", lambda *_: None)
    with pytest.raises(SuiteError) as error:
        judge_change(Asked("HEAD", team / "gate.toml", speed=False))
    return str(error.value)


def test_a_broken_suite_is_whose_it_is(team: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The working tree's where base has another or none of that name; no class is named."""
    (team / "suite.toml").write_text("[worlds\n")
    said = broken(team, monkeypatch)
    assert said.startswith("the working tree: its suite suite.toml cannot be read: /")
    assert "suite.toml:1: not TOML" in said
    assert "Error:" not in said
    git(team, "rm", "-q", "--cached", "gate.toml", "suite.toml")
    git(team, "commit", "-q", "-m", "none")
    said = broken(team, monkeypatch)
    assert said.startswith(
        "the working tree: its suite suite.toml, which HEAD does not have, cannot be read: "
    )


def test_only_some_components_are_judged(
    team: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The others have not vanished, and the verdict says what it is about; a wrong name is none."""
    told = {"mine": {}, "other": {}}
    change = "misusebench.gate.change._Change"
    monkeypatch.setattr(f"{change}._told", lambda self, side: {"components": told})
    monkeypatch.setattr("misusebench.gate.change.refuse_mixed", lambda *_: None)
    monkeypatch.setattr(f"{change}._data", lambda self: [None])
    monkeypatch.setattr(
        f"{change}._speed",
        lambda self, _, base, head: [Check("", " ".join(base["components"]), "", "pass", "")],
    )
    words = ["gate", "--base", "HEAD", "--quiet", "--no-accuracy"]
    assert main([*words, "--only", "mine"]) == 0
    assert capsys.readouterr().out.strip() == "pass: 1 of 1 checks passed; only mine judged"
    assert main([*words, "--only", "mine", "--json"]) == 0
    verdict = json.loads(capsys.readouterr().out)["data"]
    assert verdict["only"] == ["mine"]
    assert [check["component"] for check in verdict["checks"]] == ["mine"]
    assert main([*words, "--only", "mina"]) == 2
    assert "HEAD has no component of that name; did you mean mine?" in capsys.readouterr().err
    assert main(["gate", "RUN", "--only", "mine"]) == 2
    assert "--only does not go with runs" in capsys.readouterr().err


def test_a_base_that_runs_head_is_refused(team: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before anything is made: both sides would be the same code, and pass."""
    one = {"target": "detector:Mine", "places": [str(team / "detector.py")]}
    told = "misusebench.gate.change._Change._told"
    monkeypatch.setattr(told, lambda self, side: {"components": {"mine": one}})
    with pytest.raises(SuiteError, match=r"mine: HEAD would run .*detector\.py, which is not its"):
        judge_change(Asked("HEAD", team / "gate.toml", speed=False))
    assert nothing_left(team)


def test_a_world_that_vanished_fails(team: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who takes a seed out of gate.toml takes away what base is judged on."""
    commit(team, "fewer", gate=GATE.replace("seeds = [2]", "seeds = [3]"))
    change = "misusebench.gate.change._Change"
    monkeypatch.setattr(f"{change}._data", lambda self: [None])
    monkeypatch.setattr(f"{change}._told", lambda self, side: {"components": {}})
    monkeypatch.setattr(f"{change}._speed", lambda self, *_: [])
    found = judge_change(Asked("HEAD~1", team / "gate.toml", accuracy=False))
    assert found.status == "regression"
    (one,) = found.checks
    assert one.message.startswith("seed 2 has vanished from [worlds] of ")
    assert one.message.endswith("HEAD~1 is judged on it, so put it back")


def test_an_interruption_leaves_nothing(team: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The worktree is forgotten and the exit code is 130."""

    def interrupted(self: object, side: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("misusebench.gate.change._Change._told", interrupted)
    assert main(["gate", "--base", "HEAD", "--quiet"]) == 130
    assert nothing_left(team)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "give one of"), (["RUN", "--base", "HEAD"], "give one of"),
        (["--base", "HEAD", "--output", "junit"], "write FORMAT=FILE"),
        (["--base", "HEAD", "--write-baseline"], "does not go with --base"),
        (["--base", "HEAD", "--rounds", "3"], "--rounds does not go with --base"),
        (["--self-test", "--strict"], "--strict does not go with --self-test"),
        (["RUN", "--no-speed"], "--no-speed does not go with runs"),
        (["--base", "HEAD", "--output", "json=/proc/x/y"], "/proc/x/y cannot be written"),
        (["--base", "HEAD", "--config", "none.toml"], "none.toml cannot be read"),
    ],
)  # fmt: skip
def test_wrong_words(
    team: Path, capsys: pytest.CaptureFixture[str], words: list[str], said: str
) -> None:
    assert main(["gate", *words]) == 2
    assert said in capsys.readouterr().err
