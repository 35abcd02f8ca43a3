"""Help: every command has an example, and every example is one that the command would take."""

from __future__ import annotations

import shlex

import pytest
from typer.main import get_command

from misusebench import cli_examples, completing
from misusebench.__main__ import main
from misusebench.cli import app

COMMANDS = dict(completing._commands(get_command(app)))
LINES = [line for lines in cli_examples.EXAMPLES.values() for line in lines]


def test_every_command_has_one() -> None:
    """And none is of a command that is gone."""
    assert set(cli_examples.EXAMPLES) == set(COMMANDS) - {"", "policy"}


@pytest.mark.parametrize("line", LINES)
def test_examples_are_command_lines(line: str) -> None:
    """Words are parsed as the command would, up to the point where it begins."""
    words = shlex.split(line.partition(" > ")[0])
    name = " ".join(words[:2]) if words[0] == "policy" else words[0]
    rest = words[len(name.split()) :]

    context = COMMANDS[name].make_context(name, list(rest))

    assert not context.args


def test_help_shows_examples_and_exit_codes(capsys: pytest.CaptureFixture[str]) -> None:
    """Line by line, as they stand."""
    assert main(["policy", "speed", "--help"]) == 0
    said = capsys.readouterr().out
    assert "  Examples:\n    misusebench policy speed --engine cedar --engine reference\n" in said

    assert main(["--help"]) == 0
    said = capsys.readouterr().out
    assert "0 pass, 1 regression, 2 usage or configuration, 3 inconclusive," in said


@pytest.mark.parametrize("words", [[], ["policy"]])
def test_lists_of_commands_are_whole(
    words: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """No line is cut off on a terminal of 80 columns."""
    monkeypatch.setenv("COLUMNS", "80")
    assert main([*words, "--help"]) == 0
    said = capsys.readouterr().out
    assert [line for line in said.splitlines()[1:] if line.endswith("...")] == []
    assert "schema" in said or "privileges" in said


def test_options_have_one_name() -> None:
    """What is written goes by -o or --out everywhere, and only what is written does."""
    short = {
        (tuple(sorted(one.opts)), one.name)
        for command in COMMANDS.values() for one in command.params if "-o" in one.opts
    }  # fmt: skip
    told = {one.name for command in COMMANDS.values() for one in command.params
            if one.opts and one.opts[0].startswith("-") and not one.help}  # fmt: skip

    assert short == {(("--out", "-o"), "out")}
    assert told <= {"out", "help", "margins"}
