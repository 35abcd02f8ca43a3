"""Completion: the scripts are typer's, asked here as a shell asks them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from misusebench import completing
from misusebench.__main__ import main
from misusebench.cli import app
from misusebench.listing import LISTS
from misusesim.scenario.family import members
from misusesim.scenario.load import list_scenarios

BASH = """
source "$1"
shift
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
_misusebench_completion misusebench
printf '%s\\n' "${COMPREPLY[@]}"
"""


def followed(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
             *words: str) -> list[str]:  # fmt: skip
    """Return what could stand in the place of the last word."""
    monkeypatch.setenv("_MISUSEBENCH_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_WORDS", "\n".join(["misusebench", *words]))
    monkeypatch.setenv("COMP_CWORD", str(len(words)))
    assert main([]) == 0
    return capsys.readouterr().out.split()


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (("simu",), ["simulate"]),
        (("simulate", "cou"), ["county"]),
        (("simulate", "S-NAT-e"), ["S-NAT-easy"]),
        (("simulate", "tiny", "--engine", ""), ["local", "ray"]),
        (("bench", "x", "--suite", "s"), ["smoke", "standard"]),
        (("bench", "x", "--detector", "shift"), ["shift_window"]),
        (("bench", "x", "--policy", "ced"), ["cedar"]),
        (("bench", "x", "--tier", "T"), ["T0", "T1", "T2", "T3"]),
        (("bench", "x", "--revi"), []),
        (("bench", "x", "--hist"), []),
        (("compare", "a", "b", "--metric", "campaign"), ["campaign_recall"]),
        (("compare", "a", "b", "--rank", "misuse_p"), ["misuse_prevented"]),
        (("compare", "a", "b", "--component", "shift_w"), ["shift_window"]),
        (("compare", "a", "--between", "x", "shift_w"), ["shift_window"]),
        (("list", "det"), ["detectors"]),
        (("check", "cedar", "--kind", "p"), ["policy"]),
        (("policy", "comp"), ["compile"]),
        (("policy", "compile", "x", "--engine", "re"), ["reference", "rego"]),
        (("policy", "bench", "x", "--policy", "eleven"), ["eleven_rules"]),
        (("schema", "verd"), ["verdict"]),
        (("completion", "f"), ["fish"]),
        (("export", "x", "--format", "j"), ["jsonl"]),
    ],
)  # fmt: skip
def test_what_could_follow(
    words: tuple[str, ...],
    found: list[str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Commands, options and the names of everything that can be named."""
    assert followed(monkeypatch, capsys, *words) == found


def test_names_are_those_that_exist() -> None:
    """What is completed without loading the models is what there is."""
    values = {name: sorted(values()) for name, values in completing.VALUES.items()}

    assert values["scenario"] == sorted([*list_scenarios(), *(m.name for m in members())])
    for name, listing in [("suite", "suites"), ("policy", "rules"), ("bench:policy", "policies")]:
        assert values[name] == sorted(entry["name"] for entry in LISTS[listing]())


def test_values_are_of_parameters_that_exist() -> None:
    """A renamed option would lose its completion in silence."""
    from typer.main import get_command  # noqa: PLC0415

    known = set()
    for name, command in completing._commands(get_command(app)):
        known |= {f"{name}:{one.name}" for one in command.params}
    plain = {one.partition(":")[2] for one in known}

    assert {one for one in completing.VALUES if one not in known | plain} == set()


@pytest.mark.parametrize("shell", completing.SHELLS)
def test_scripts(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Each shell has its script, which asks by our variable."""
    assert main(["completion", shell]) == 0
    assert f"_MISUSEBENCH_COMPLETE={'complete_' + shell}" in capsys.readouterr().out.replace(
        ' = "complete_powershell"', "=complete_powershell"
    )


def test_a_shell_that_is_not_known(capsys: pytest.CaptureFixture[str]) -> None:
    """The likely one is named."""
    assert main(["completion", "bsh"]) == 2
    assert "did you mean bash?" in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
def test_in_bash(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The real shell, its own way: source the script, call the function that it registers."""
    assert main(["completion", "bash"]) == 0
    script = tmp_path / "completion"
    script.write_text(capsys.readouterr().out)
    env = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}

    done = subprocess.run(
        ["bash", "--norc", "-c", BASH, "bash", script, "misusebench", "bench", "--suite", "sta"],
        env=env, capture_output=True, text=True, check=True,
    )  # fmt: skip

    assert done.stdout.split() == ["standard"]
    assert done.stderr == ""
