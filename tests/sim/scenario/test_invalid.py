"""Every wrong scenario gives the message written at its top, and never a traceback."""

from __future__ import annotations

import itertools
import subprocess
import sys
from pathlib import Path

import pytest

from misusesim.errors import ScenarioError
from misusesim.scenario.load import load_scenario

INVALID = Path(__file__).parents[2] / "invalid"
FILES = sorted(INVALID.glob("*.toml"))
THERE_ARE = (
    "(a TOML file, or clets_2023, county, no_misuse, permit_desk, permit_desk_miscoded, state, "
    "tiny, or of the family, such as M-NAT-hard)"
)
THROUGH_THE_PROCESS = ("many_at_once.toml", "syntax.toml", "permit_group_unknown.toml")


def expected(path: Path) -> list[str]:
    """Return the comment lines at the top of a file."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return [line[2:] for line in itertools.takewhile(lambda line: line.startswith("# "), lines)]


def test_there_are_many() -> None:
    """Forty ways to be wrong are written down."""
    assert len(FILES) == 40


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_message(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The messages are those of the comment, all at once and in the order of lines."""
    monkeypatch.chdir(INVALID)

    with pytest.raises(ScenarioError) as caught:
        load_scenario(path.name)

    assert str(caught.value).splitlines() == expected(path)


@pytest.mark.slow
@pytest.mark.parametrize("name", THROUGH_THE_PROCESS)
def test_process(name: str, tmp_path: Path) -> None:
    """The command exits 2, says the same on stderr, and writes nothing."""
    out = tmp_path / "data"

    done = subprocess.run(
        [sys.executable, "-m", "misusebench", "simulate", name, "-o", out],
        cwd=INVALID, capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.splitlines() == expected(INVALID / name)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"a = 1\n\xff\n", "w.toml:2: must be UTF-8, got other bytes"),
        (b"a = " + b"[" * 5000, "w.toml:1: nested too deep; a scenario has two levels"),
        (b"\xef\xbb\xbfname = 'w'", "w.toml:1: not TOML: Invalid statement, column 1"),
    ],
)
def test_not_even_text(
    data: bytes, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Bytes that are no text, or a text that no parser likes, have a line as well."""
    monkeypatch.chdir(tmp_path)
    Path("w.toml").write_bytes(data)

    with pytest.raises(ScenarioError) as caught:
        load_scenario("w.toml")

    assert str(caught.value) == message


def test_empty_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty file lacks the four keys that have no default."""
    monkeypatch.chdir(tmp_path)
    Path("w.toml").touch()

    with pytest.raises(ScenarioError) as caught:
        load_scenario("w.toml")

    assert str(caught.value).splitlines() == [
        "w.toml:1: agency must be given",
        "w.toml:1: days must be given",
        "w.toml:1: name must be given",
        "w.toml:1: start must be given",
    ]


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("nowhere.toml", "nowhere.toml: cannot be read: No such file or directory"),
        ("countyy", f"no scenario countyy; did you mean county? {THERE_ARE}"),
        ("tyni", f"no scenario tyni; did you mean tiny? {THERE_ARE}"),
        ("zzz", f"no scenario zzz {THERE_ARE}"),
    ],
)
def test_no_such_scenario(source: str, message: str) -> None:
    """A file that is not there and an unknown name are told apart."""
    with pytest.raises(ScenarioError) as caught:
        load_scenario(source)

    assert str(caught.value) == message


def test_folder(tmp_path: Path) -> None:
    """A folder is no scenario."""
    with pytest.raises(ScenarioError, match="cannot be read: Is a directory"):
        load_scenario(tmp_path)
