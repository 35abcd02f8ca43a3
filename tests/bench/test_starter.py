"""`misusebench init`: what is written, what is refused, and that it works as it says."""

from __future__ import annotations

import json
import tomllib
from typing import TYPE_CHECKING

import pytest
from tests.bench.gate.test_change import commit, git
from tests.markdown import blocks, play, reachable

from misusebench import starter
from misusebench.__main__ import main
from misusebench.errors import SuiteError

if TYPE_CHECKING:
    from pathlib import Path

FILES = [
    "README.md", "world.toml", "suite.toml", "gate.toml", "detector.py", ".gitignore",
    ".github/workflows/misusebench.yml",
]  # fmt: skip


def test_init(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """All files are there; the answer has them and what to do next, as text and as JSON."""
    text, data = tmp_path / "a b", tmp_path / "json"

    assert main(["init", str(text)]) == 0
    said = capsys.readouterr().out
    assert f"cd '{text}'" in said.replace("\n", "")
    assert "misusebench bench data --suite suite.toml -o run" in said

    assert main(["init", str(data), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)["data"]
    assert found["files"] == FILES
    assert found["next"] == list(starter.NEXT)
    for folder in (text, data):
        there = {str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file()}
        assert there == set(FILES)


def test_init_quiet(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Quiet says nothing."""
    assert main(["init", str(tmp_path / "team"), "-q"]) == 0
    assert capsys.readouterr() == ("", "")


def test_init_writes_over_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Files that are there are named, stay as they are, and nothing else is written."""
    (tmp_path / "suite.toml").write_text("mine")
    (tmp_path / "detector.py").symlink_to("nowhere")

    assert main(["init", str(tmp_path)]) == 2

    assert f"{tmp_path} has suite.toml, detector.py already" in capsys.readouterr().err
    assert {path.name for path in tmp_path.iterdir()} == {"suite.toml", "detector.py"}
    assert (tmp_path / "suite.toml").read_text() == "mine"


def test_init_in_a_repository(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What a repository has anyway stays as it is and is named; the rest is written."""
    (tmp_path / "README.md").write_text("mine")

    assert main(["init", str(tmp_path)]) == 0

    assert "README.md was there and stays as it is" in capsys.readouterr().out
    assert (tmp_path / "README.md").read_text() == "mine"
    assert {name for name in FILES if (tmp_path / name).is_file()} == set(FILES)


def test_init_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without a name it is this folder; the second time its own files are in the way."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "notes.txt").write_text("mine")

    assert main(["init"]) == 0
    assert "  cd " not in capsys.readouterr().out
    there = {p: p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()}
    assert {str(p.relative_to(tmp_path)) for p in there} == {*FILES, "notes.txt"}

    assert main(["init"]) == 2
    said = capsys.readouterr().err
    assert "this folder has world.toml, suite.toml, gate.toml, detector.py, .github" in said
    assert {p: p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()} == there


@pytest.mark.parametrize("name", [".github", ".github/workflows"])
def test_init_where_a_folder_should_be(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    """A file, or a link to nowhere, in the place of a folder is in the way and is named."""
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).symlink_to("nowhere")

    assert main(["init", str(tmp_path)]) == 2

    assert f"has {name} already" in capsys.readouterr().err
    assert not (tmp_path / "world.toml").exists()


def test_init_into_a_file(tmp_path: Path) -> None:
    """A file is no folder."""
    (tmp_path / "file").write_text("")

    with pytest.raises(SuiteError, match="is a file"):
        starter.start(tmp_path / "file")


def test_init_all_or_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that is full, or Ctrl-C, leaves none of the files."""
    write, left = starter.write_atomically, iter(range(3))

    def failing(path: Path, data: bytes) -> None:
        if next(left, None) is None:
            raise KeyboardInterrupt
        write(path, data)

    monkeypatch.setattr(starter, "write_atomically", failing)

    with pytest.raises(KeyboardInterrupt):
        starter.start(tmp_path)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_gate_names_what_is_there(tmp_path: Path) -> None:
    """The gate's scenario and suite are files of the project; its suite judges the detector."""
    starter.start(tmp_path)
    worlds = tomllib.loads((tmp_path / "gate.toml").read_text())["worlds"]
    suite = tomllib.loads((tmp_path / worlds["suite"]).read_text())

    assert (tmp_path / worlds["scenario"]).exists()
    assert suite["detector"][0] == {"component": "detector:Mine", "name": "mine"}


@pytest.mark.slow
def test_the_project_s_own_gate_catches_a_blind_detector(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Equal scores for all fail by what was lost and by the floors (here on one seed of three)."""
    reachable(tmp_path)
    monkeypatch.chdir(tmp_path)
    starter.start(tmp_path)
    settings = tmp_path / "gate.toml"
    settings.write_text(settings.read_text().replace("[1, 2, 3]", "[1]"))
    suite = tmp_path / "suite.toml"
    suite.write_text(suite.read_text().partition('[[detector]]\nname = "random"')[0])
    git(tmp_path, "init", "-q")
    commit(tmp_path, "as init wrote it")
    text = (tmp_path / "detector.py").read_text()
    blind = text.replace("np.array(found, dtype=float)", "np.zeros(len(found))")
    assert blind != text
    commit(tmp_path, "blind", detector=blind)

    assert main(["gate", "--base", "HEAD~1", "--no-speed", "--quiet", "--json"]) == 1

    checks = json.loads(capsys.readouterr().out)["data"]["checks"]
    lost = {(c["metric"], c["base"] is None) for c in checks if c["status"] == "regression"}
    assert {
        ("campaign_recall", True),
        ("campaign_recall", False),
        ("average_precision", False),
    } <= (lost)


@pytest.mark.slow
def test_the_project_works_as_its_readme_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every command of it exits with 0; the detector beats chance, and not all is found."""
    reachable(tmp_path)
    monkeypatch.chdir(tmp_path)
    starter.start(tmp_path)

    def run(words: list[str]) -> None:
        more = ["--workers", "1"] if words[0] == "simulate" else []
        code = main([*words, *more])
        assert code == 0, f"{words}\n{capsys.readouterr().err}"

    assert play(blocks(tmp_path / "README.md"), tmp_path, run) == 7

    mine, chance = (
        json.loads((tmp_path / f"run/results/{name}.json").read_text())["metrics"][
            "campaign_recall"
        ]
        for name in ("mine", "random")
    )
    assert mine["n"] >= 30  # officers who misuse: below that intervals are called unreliable
    assert 1.5 * chance["value"] < mine["value"] < 0.9
