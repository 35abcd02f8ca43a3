"""A team's repository: one commit slows its detector, one blinds it; the gate names both."""

from __future__ import annotations

import json
import re
import subprocess
from typing import TYPE_CHECKING

import pytest

from misusebench.__main__ import main
from misusebench.errors import SuiteError
from misusebench.gate.change import Asked, judge_change

if TYPE_CHECKING:
    from pathlib import Path

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
    code, told = gated(capsys, "--no-accuracy", "--json")
    verdict = json.loads(told)["data"]
    one = next(check for check in verdict["checks"] if check["metric"] == "service_time")
    assert (code, verdict["status"], one["status"]) == (1, "regression", "regression"), one
    assert one["side"] == "speed"
    assert one["component"] == "mine"
    assert one["change"] > 0.2
    assert one["low"] <= one["change"] <= one["high"]
    said = r"mine on tiny: a call of score takes \+\d+\.\d% time against HEAD~1 \(6 launches from "
    assert re.search(said, one["message"])
    assert "margin 20%" in one["message"]
    sha = git(team, "rev-parse", "HEAD~1").strip()
    again = f"misusebench gate --base {sha} --config gate.toml --no-accuracy"
    assert one["reproduce"] == again
    assert one["message"].endswith(again)
    memory = next(check for check in verdict["checks"] if check["side"] == "memory")
    assert (memory["metric"], memory["status"]) == ("peak_memory", "pass")
    assert 0.9 < memory["head"] < 1.1
    assert nothing_left(team)


@pytest.mark.slow
def test_a_commit_that_blinds_is_caught(team: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The loss of each metric, on which data, and how to see it again; base's code is base's."""
    commit(team, "blind", detector=BLIND)
    code, told = gated(capsys, "--no-speed")
    told = " ".join(told.split())
    assert code == 1
    lost = r"regression: mine on tiny: recall_at_budget 0\.6667 -> 0\.\d+ \(-0\.\d+, 95 % interval "
    assert re.search(lost, told)
    assert "misusebench simulate tiny --seed 2 -o DATA && misusebench bench DATA" in told
    assert "--suite suite.toml --only mine -o RUN" in told
    assert nothing_left(team)


def test_the_base_must_exist(team: Path) -> None:
    with pytest.raises(SuiteError, match=r"--base nowhere: there is no such commit.*unshallow"):
        judge_change(Asked("nowhere", team / "gate.toml"))


def test_a_wheel_must_exist(team: Path) -> None:
    with pytest.raises(SuiteError, match="no such file; build one"):
        judge_change(Asked("none.whl", team / "gate.toml"))


def test_nothing_to_judge_is_refused(team: Path) -> None:
    with pytest.raises(SuiteError, match="leave nothing to judge"):
        judge_change(Asked("HEAD", team / "gate.toml", accuracy=False, speed=False))


def test_a_world_that_vanished_fails(team: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who takes a seed out of gate.toml takes away what base is judged on."""
    commit(team, "fewer", gate=GATE.replace("seeds = [2]", "seeds = [3]"))
    change = "misusebench.gate.change._Change"
    monkeypatch.setattr(f"{change}._data", lambda self: [None])
    monkeypatch.setattr(f"{change}._speed", lambda self, world: [])
    found = judge_change(Asked("HEAD~1", team / "gate.toml", accuracy=False))
    assert found.status == "regression"
    (one,) = found.checks
    assert one.message.startswith("seed 2 has vanished from [worlds] of ")
    assert one.message.endswith("HEAD~1 is judged on it, so put it back")


def test_an_interruption_leaves_nothing(team: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The worktree is forgotten and the exit code is 130."""

    def interrupted(self: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("misusebench.gate.change._Change._data", interrupted)
    assert main(["gate", "--base", "HEAD", "--quiet"]) == 130
    assert nothing_left(team)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "give one of"), (["RUN", "--base", "HEAD"], "give one of"),
        (["--base", "HEAD", "--output", "junit"], "write FORMAT=FILE"),
        (["--base", "HEAD", "--write-baseline"], "goes with runs"),
        (["--base", "HEAD", "--config", "none.toml"], "none.toml cannot be read"),
    ],
)  # fmt: skip
def test_wrong_words(
    team: Path, capsys: pytest.CaptureFixture[str], words: list[str], said: str
) -> None:
    assert main(["gate", *words]) == 2
    assert said in capsys.readouterr().err
