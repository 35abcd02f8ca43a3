"""How the command ends: every way has its exit code, in a real process."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import psutil
import pytest
import typer
from tests.markdown import reachable

from misusebench.__main__ import guarded, main
from misusebench.errors import ComponentError, LeakError, SuiteError
from misusesim.errors import DatasetError, ScenarioError

if TYPE_CHECKING:
    from pathlib import Path

BUG = "misusebench failed, which is our bug:"
AGAIN = "run it again with --debug for the traceback\n"
HEAVY = (
    "numpy", "pyarrow", "duckdb", "matplotlib", "sklearn", "pydantic", "simpy", "faker", "rich",
    "scipy", "pandas", "psutil",
)  # fmt: skip
#: Asks for the help of every command in one process.
ALL_HELP = """
from typer.main import get_command
from misusebench.__main__ import main
from misusebench.cli import app
def ask(command, words):
    main([*words, "--help"])
    for word, one in getattr(command, "commands", {}).items():
        ask(one, [*words, word])
ask(get_command(app), [])
"""
AGAIN_WORDS = "run the same command again: it goes on where it stopped, or begins anew"


def command(*arguments: str, **options: object) -> subprocess.CompletedProcess[str]:
    """Run the command in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "misusebench", *arguments],
        capture_output=True, text=True, check=False, **options,
    )  # fmt: skip


def raising(error: BaseException) -> int:
    """Return the exit code of a command that raises."""

    def work() -> None:
        raise error

    return guarded(work, debug=False)


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (ScenarioError("w.toml:3: wrong"), 2, "w.toml:3: wrong\n"),
        (SuiteError("suite.toml:1: wrong"), 2, "suite.toml:1: wrong\n"),
        (ComponentError("it hung"), 4, "it hung\n"),
        (DatasetError("log/a.parquet: was changed"), 5, "log/a.parquet: was changed\n"),
        (LeakError("column x gives it away"), 5, "column x gives it away\n"),
        (KeyError("x"), 70, f"{BUG} KeyError: 'x'\n{AGAIN}"),
        (BrokenPipeError("of a worker"), 70, f"{BUG} BrokenPipeError: of a worker\n{AGAIN}"),
        (KeyboardInterrupt(), 130, f"interrupted; {AGAIN_WORDS}\n"),
        (SystemExit(3), 3, ""),
        (SystemExit(None), 0, ""),
    ],
)
def test_exit_codes(
    error: BaseException, code: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each of our errors has its own code, what is not ours is a bug; nobody sees a traceback."""
    assert raising(error) == code
    out, err = capsys.readouterr()
    assert out == ""
    assert err == said


def test_a_text_as_exit_is_a_bug(capsys: pytest.CaptureFixture[str]) -> None:
    """``SystemExit("text")`` would exit 1 and read as a regression."""
    assert raising(SystemExit("oops")) == 70
    assert "RuntimeError: oops" in capsys.readouterr().err


@pytest.mark.parametrize("error", [EOFError("worker gone"), BrokenPipeError("worker gone")])
def test_what_typer_calls_an_abort_is_a_bug(
    error: Exception, capsys: pytest.CaptureFixture[str]
) -> None:
    """Typer exits 1 on these, which would read as a regression; stdout is still open here."""
    app = typer.Typer()

    @app.command()
    def fail() -> None:
        raise error

    assert guarded(lambda: app(args=[]), debug=False) == 70
    assert f"{type(error).__name__}: worker gone" in capsys.readouterr().err


def test_debug_shows_the_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    """With --debug, and only then, a bug shows where it is."""

    def work() -> None:
        raise ZeroDivisionError("by nothing")

    assert guarded(work, debug=True) == 70
    assert "Traceback (most recent call last)" in capsys.readouterr().err


@pytest.mark.slow
def test_debug_may_stand_anywhere(tmp_path: Path) -> None:
    """--debug is taken before and after the command; an error of the user shows its road too."""
    for arguments in (("--debug", "inspect", str(tmp_path)), ("inspect", str(tmp_path), "--debug")):
        done = command(*arguments)
        assert done.returncode in {2, 5}
        assert "Traceback" in done.stderr


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    """The version goes to stdout, also where other options stand beside it."""
    assert main(["--version"]) == 0
    assert main(["--version", "--help"]) == 0
    assert capsys.readouterr().out == "misusebench 0.1.0\n" * 2


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (["simulat"], "Did you mean 'simulate'?"),
        (["simulate", "tiny", "-o", "x", "--sed", "3"], "--seed"),
        (["simulate", "tiny"], "--out"),
        (["list", "nothing"], "'scenarios'"),
        (["explain", "x", "no number"], "valid integer"),
        (["simulate", "cunty", "-o", "x"], "did you mean county?"),
        (["bench", "x", "-o", "y", "--suite", "smok"], "did you mean smoke?"),
        (["bench", "x", "-o", "y", "--detector", "volum"], "did you mean volume?"),
        (["bench", "x", "-o", "y", "--policy", "ceda"], "did you mean cedar?"),
        (["check", "shift_windo"], "did you mean shift_window?"),
        (["policy", "compile", "eleven_rule"], "did you mean eleven_rules?"),
        (["policy", "compile", "eleven_rules", "--engine", "rgo"], "did you mean rego?"),
        (["schema", "verdct"], "did you mean verdict?"),
        (["policy", "benhc"], "Did you mean 'bench'?"),
        (["simulate", "tiny", "-o", "x", "--workers", "0"], "greater than or equal to 1"),
    ],
)
def test_usage(arguments: list[str], hint: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A wrong command line exits 2, says what is allowed on stderr and nothing on stdout."""
    assert main(arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert hint in err


@pytest.mark.slow
def test_closed_pipe() -> None:
    """A reader that goes away ends the command quietly, neither as a pass nor as a regression."""
    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write, "wb") as pipe:
        done = subprocess.run(
            [sys.executable, "-m", "misusebench", "schema"],
            stdout=pipe, stderr=subprocess.PIPE, check=False,
        )  # fmt: skip

    assert done.returncode == 141
    assert done.stderr == b""


@pytest.mark.slow
def test_a_reader_that_has_read_enough() -> None:
    """`list metrics | head -1`: one line, and nothing on stderr."""
    line = f"{sys.executable} -m misusebench list metrics | head -1; echo ${{PIPESTATUS[0]}}"

    done = subprocess.run(["bash", "-c", line], capture_output=True, text=True, check=True)

    first, code = done.stdout.splitlines()
    assert first.startswith("average_precision")
    assert code in {"0", "141"}  # as the shell's buffers have it
    assert done.stderr == ""


SLEEPER = """
import time
class Sleeper:
    name, tiers, needs = "sleeper", ("T0",), ()
    def score(self, batch):
        time.sleep(600)
"""


def interrupted(words: list[str], folder: Path, when: str) -> tuple[int, str, float]:
    """Run a command, interrupt it when it has said something; return how it ended and how soon."""
    work = subprocess.Popen(
        [sys.executable, "-m", "misusebench", *words], cwd=folder, stderr=subprocess.PIPE, text=True
    )
    with work:
        assert work.stderr is not None
        said = ""
        while when not in said:
            line = work.stderr.readline()
            assert line, said
            said += line
        began = time.monotonic()
        work.send_signal(signal.SIGINT)
        said += work.stderr.read()
    return work.returncode, said, time.monotonic() - began


@pytest.mark.slow
def test_interrupt_of_a_bench(tiny_dataset: Path, tmp_path: Path) -> None:
    """A component that hangs is ended with it, and there is no run."""
    reachable(tmp_path)
    (tmp_path / "sleeper.py").write_text(SLEEPER)
    words = ["bench", str(tiny_dataset), "--detector", "sleeper:Sleeper", "--detector", "random",
             "-o", "run"]  # fmt: skip

    before = psutil.Process().children(recursive=True)  # of tests before this one
    code, said, seconds = interrupted([*words, "--jobs", "2"], tmp_path, "random: ok")

    assert code == 130
    assert said.splitlines()[-1] == f"interrupted; {AGAIN_WORDS}"
    assert "Traceback" not in said
    assert seconds < 20
    assert [path for path in (tmp_path / "run").rglob("*") if path.is_file()] == []
    assert set(psutil.Process().children(recursive=True)) <= set(before)


@pytest.mark.slow
def test_interrupt_of_an_audit(tmp_path: Path) -> None:
    """No page is written."""
    rows = [f"{i % 50},{i % 97},{int(i % 40 == 0)}" for i in range(20_000)]
    (tmp_path / "table.csv").write_text("\n".join(["a,b,y", *rows]))
    words = ["audit", "table.csv", "--label", "y", "-o", "page.html"]

    code, said, seconds = interrupted(words, tmp_path, "single columns")

    assert code == 130
    assert "Traceback" not in said
    assert seconds < 20
    assert {path.name for path in tmp_path.iterdir()} == {"table.csv"}


@pytest.mark.slow
def test_interrupt(tmp_path: Path) -> None:
    """Ctrl-C in the middle of a run exits 130 with one line and no traceback."""
    work = subprocess.Popen(
        [
            sys.executable, "-m", "misusebench", "simulate", "no_misuse", "--workers", "1",
            "--set", "shard_weeks=1", "-o", tmp_path / "data",
        ],
        stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    with work:
        assert work.stderr is not None
        first = work.stderr.readline()
        work.send_signal(signal.SIGINT)
        rest = work.stderr.read()

    assert "parts" in first
    assert work.returncode == 130
    assert f"interrupted; {AGAIN_WORDS}" in rest
    assert "Traceback" not in rest


@pytest.mark.parametrize("option", ["--help", "--version"])
def test_nothing_heavy_is_imported(option: str) -> None:
    """Help and version import none of the heavy packages."""
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "misusebench", option],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    imported = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}

    assert "misusebench" in imported
    assert not {name.partition(".")[0] for name in imported} & set(HEAVY)


def test_nothing_heavy_is_imported_for_any_help() -> None:
    """Nor does the help of any command."""
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-c", ALL_HELP],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    imported = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}

    assert done.stdout.count("Usage: misusebench") >= 32
    assert "misusebench.cli_policy" in imported
    assert not {name.partition(".")[0] for name in imported} & set(HEAVY)


def cpu_s(env: dict[str, str], *arguments: str) -> float:
    """Return the processor time of a run of Python, in seconds."""

    def used() -> float:
        usage = resource.getrusage(resource.RUSAGE_CHILDREN)
        return usage.ru_utime + usage.ru_stime

    before = used()
    subprocess.run([sys.executable, *arguments], env=env, capture_output=True, check=True)
    return used() - before


@pytest.mark.slow
@pytest.mark.parametrize(("option", "budget_s"), [("--version", 0.1), ("--help", 0.15)])
def test_quick(option: str, budget_s: float, tmp_path: Path) -> None:
    """Version and help keep their budget of processor time, once bytecode is there.

    On a machine that is busy or slow the budget grows as the time of importing argparse does,
    which is 25 ms where the budgets were set.
    """
    env = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    env["PYTHONPYCACHEPREFIX"] = str(tmp_path)
    answer, known = ("-m", "misusebench", option), ("-c", "import argparse")
    cpu_s(env, *answer)

    pairs = [(cpu_s(env, *answer), cpu_s(env, *known)) for _ in range(7)]

    assert min(ours / max(1.0, other / 0.025) for ours, other in pairs) < budget_s
