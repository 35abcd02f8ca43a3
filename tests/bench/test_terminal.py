"""What goes to stdout and what to stderr."""

from __future__ import annotations

import datetime as dt
import io
import json
import sys

import pytest

from misusebench import terminal
from misusebench.terminal import progress_line, say, show
from misusesim.shards import Progress


class Terminal(io.StringIO):
    """A stream that claims to be a terminal."""

    def isatty(self) -> bool:
        return True


def test_json(capsys: pytest.CaptureFixture[str]) -> None:
    """JSON carries its version and command; times are written as ISO 8601, bytes as hex."""
    data = {"at": dt.datetime(2024, 1, 1, tzinfo=dt.UTC), "key": b"\x01"}

    show("inspect", data, str, as_json=True)

    assert json.loads(capsys.readouterr().out) == {
        "schema_version": "1",
        "command": "inspect",
        "data": {"at": "2024-01-01T00:00:00+00:00", "key": "01"},
    }


def test_json_has_no_nan() -> None:
    """A number that is none is a bug of the command, not a word in the output."""
    with pytest.raises(ValueError, match="not JSON compliant"):
        show("x", float("nan"), str, as_json=True)
    with pytest.raises(TypeError, match="no JSON for object"):
        show("x", object(), str, as_json=True)


def test_text(capsys: pytest.CaptureFixture[str]) -> None:
    """Text has no colour where stdout is no terminal."""
    show("x", 3, lambda n: f"[bold]{n} queries", as_json=False)

    assert capsys.readouterr() == ("3 queries\n", "")


def test_say(capsys: pytest.CaptureFixture[str]) -> None:
    """Messages go to stderr, unless quiet."""
    say("heard")
    say("not heard", quiet=True)

    assert capsys.readouterr() == ("", "heard\n")


def test_nothing_said_steers_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    """Escape sequences, carriage returns and C1 controls are shown as what they are: nothing."""
    say("a\x1b[2Jb\rc\x9bd\n\te")
    show("x", "\x1b]0;title\x07", str, as_json=False)

    assert capsys.readouterr() == ("\ufffd]0;title\ufffd\n", "a\ufffd[2Jb\ufffdc\ufffdd\n\te\n")


def test_progress_in_a_pipe(capsys: pytest.CaptureFixture[str]) -> None:
    """A file gets a line at the start and at every tenth of the work, not one a part."""
    show_it = progress_line(quiet=False)
    assert show_it is not None
    for done in range(41):
        show_it(Progress(done, 40, done * 1000, "a"))

    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 11
    assert lines[:2] == ["0 of 40 parts, 0 queries", "4 of 40 parts, 4,000 queries"]
    assert lines[-1] == "40 of 40 parts, 40,000 queries"


def test_progress_guesses_what_is_left(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """After some seconds the line says how long the rest takes, at the pace of this run."""
    now = iter([100.0, 100.0, 104.0, 106.0, 400.0, 460.0])
    monkeypatch.setattr(terminal.time, "monotonic", lambda: next(now))
    show_it = progress_line(quiet=False)
    assert show_it is not None
    for done in (10, 12, 13, 20, 100):  # ten were there before
        show_it(Progress(done, 100, done, "a"))

    assert capsys.readouterr().err.splitlines() == [
        "10 of 100 parts, 10 queries",
        "20 of 100 parts, 20 queries, about 40.0 min left",
        "100 of 100 parts, 100 queries",
    ]


def test_progress_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """A terminal gets one line that is overwritten and ends with the work."""
    screen = Terminal()
    monkeypatch.setattr(sys, "stderr", screen)
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.setenv("TERM", "xterm")

    show_it = progress_line(quiet=False)
    assert show_it is not None
    show_it(Progress(1, 2, 5, "a"))
    show_it(Progress(2, 2, 9, "b"))

    assert screen.getvalue() == "\r1 of 2 parts, 5 queries\r2 of 2 parts, 9 queries\n"


@pytest.mark.parametrize(("name", "value"), [("CI", "true"), ("TERM", "dumb")])
def test_progress_on_a_terminal_that_is_none(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The log of a CI job, or a terminal that cannot go back, gets plain lines."""
    screen = Terminal()
    monkeypatch.setattr(sys, "stderr", screen)
    monkeypatch.setenv(name, value)

    show_it = progress_line(quiet=False)
    assert show_it is not None
    show_it(Progress(2, 2, 9, "b"))

    assert screen.getvalue() == "2 of 2 parts, 9 queries\n"


@pytest.mark.parametrize(
    ("variable", "coloured"), [("FORCE_COLOR", True), ("NO_COLOR", False), ("", False)]
)
def test_colour(
    variable: str,
    coloured: bool,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A pipe has colour only where that is asked for."""
    for name in ("NO_COLOR", "FORCE_COLOR", "TERM"):
        monkeypatch.delenv(name, raising=False)
    if variable:
        monkeypatch.setenv(variable, "1")

    show("x", 3, lambda n: f"[bold]{n}[/] queries", as_json=False)

    assert ("\x1b[" in capsys.readouterr().out) is coloured


def test_pace(monkeypatch: pytest.MonkeyPatch) -> None:
    """Finished pieces are counted; after some seconds the rest is guessed, but for the last."""
    now = iter([100.0, 102.0, 120.0, 180.0])
    monkeypatch.setattr(terminal.time, "monotonic", lambda: next(now))
    pace = terminal.Pace(3)

    assert [pace.step() for _ in range(3)] == ["1 of 3", "2 of 3, about 10 s left", "3 of 3"]


def test_timed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Steps of unlike length are told with the time that has passed."""
    now, said = iter([100.0, 101.0, 190.0]), list[str]()
    monkeypatch.setattr(terminal.time, "monotonic", lambda: next(now))
    tell = terminal.timed(said.append)
    tell("columns")
    tell("days")

    assert said == ["columns", "days (after about 1.5 min)"]


def test_quiet() -> None:
    """Quiet has no progress."""
    assert progress_line(quiet=True) is None
