"""How the command ends: every way has its exit code, in a real process."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
import typer

from misusebench.__main__ import guarded, main
from misusebench.errors import ComponentError, LeakError, SuiteError
from misusesim.errors import DatasetError, ScenarioError

if TYPE_CHECKING:
    from pathlib import Path

BUG = "misusebench failed, which is our bug:"
AGAIN = "run it again with --debug for the traceback\n"
HEAVY = ("numpy", "pyarrow", "duckdb", "matplotlib", "sklearn", "pydantic", "simpy", "faker")


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
        (KeyboardInterrupt(), 130, "interrupted; the same command goes on where it stopped\n"),
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
    assert "interrupted; the same command goes on where it stopped" in rest
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
