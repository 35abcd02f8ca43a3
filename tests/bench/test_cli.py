"""The commands of the simulator's side, on the small data set."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import pytest
from typer.main import get_command

from misusebench.__main__ import main
from misusebench.cli import app
from misusesim.dataset.reader import open_dataset

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow

GROUPS = get_command(app).commands  # type: ignore[attr-defined]
#: Those of a group go by both names.
COMMANDS = {
    f"{name} {inner}" if inner else name: command
    for name, one in GROUPS.items()
    for inner, command in (getattr(one, "commands", None) or {"": one}).items()
}


def told(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> dict:
    """Run a command with --json and return what it found."""
    assert main([*map(str, arguments), "--json"]) == 0
    return json.loads(capsys.readouterr().out)["data"]


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_says_what_it_does(name: str) -> None:
    """Every command has a help line and takes --json and --quiet."""
    options = {flag for p in COMMANDS[name].params for flag in p.opts}

    assert COMMANDS[name].help
    assert GROUPS[name.partition(" ")[0]].help
    assert {"--json", "--quiet"} <= options


def test_simulate(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A data set is made, with the changes asked for; the answer is on stdout, the rest is not."""
    out = tmp_path / "data"

    code = main(
        [
            "simulate", "tiny", "-o", str(out), "--seed", "4", "--days", "2", "--workers", "1",
            "--set", "noise.lost_share=0", "--json",
        ]
    )  # fmt: skip

    said = capsys.readouterr()
    found = json.loads(said.out)
    assert code == 0
    assert found["schema_version"] == "1"
    assert found["command"] == "simulate"
    assert (found["data"]["seed"], found["data"]["days"]) == (4, 2)
    assert found["data"]["rows"]["lost"] == 0
    assert "parts" in said.err
    assert "lost_share = 0.0\n" in (out / "scenario.toml").read_text()


def test_simulate_quiet(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Quiet says nothing at all."""
    out = tmp_path / "data"

    assert main(["simulate", "tiny", "-o", str(out), "--days=1", "--workers=1", "-q"]) == 0

    assert capsys.readouterr() == ("", "")


def test_simulate_into_a_folder_of_others(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A folder with something in it is refused and left alone."""
    (tmp_path / "diary.txt").write_text("mine")

    assert main(["simulate", "tiny", "-o", str(tmp_path)]) == 2

    assert "diary.txt" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["diary.txt"]


def test_inspect(tiny_dataset: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The description is there as data and as text."""
    found = told(capsys, "inspect", tiny_dataset)
    assert found["scenario"] == "tiny"
    assert found["agencies"] == 2

    assert main(["inspect", str(tiny_dataset)]) == 0
    assert "tiny version 4, seed 11, 14 days" in capsys.readouterr().out


def test_verify(tiny_dataset: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A whole data set passes."""
    assert told(capsys, "verify", tiny_dataset) == {"whole": True, "faults": []}


def test_verify_finds_a_changed_byte(
    tiny_dataset: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One changed byte is found: the file is named, the code is 5, in JSON and in text."""
    copy = tmp_path / "data"
    shutil.copytree(tiny_dataset, copy)
    part = min((copy / "log").glob("*.parquet"))
    data = bytearray(part.read_bytes())
    data[len(data) // 2] ^= 1
    part.write_bytes(data)

    assert main(["verify", str(copy)]) == 5
    assert f"log/{part.name}: was changed" in capsys.readouterr().err

    assert main(["verify", str(copy), "--json"]) == 5
    found = json.loads(capsys.readouterr().out)["data"]
    assert found["whole"] is False
    assert f"log/{part.name}" in found["faults"][0]


def test_explain(tiny_dataset: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A query is explained by its id; an id that is not there is the user's mistake."""
    query = open_dataset(tiny_dataset).log(["query_id"])["query_id"][0].as_py()

    found = told(capsys, "explain", tiny_dataset, str(query))
    assert found["query"]["query_id"] == query
    assert found["sentence"]

    assert main(["explain", str(tiny_dataset), "3"]) == 2
    assert "no query 3" in capsys.readouterr().err


@pytest.mark.parametrize("fmt", ["csv", "jsonl", "sqlite", "portal-csv"])
def test_export(
    fmt: str, tiny_dataset: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The log is written in every shape."""
    file = tmp_path / "log"

    found = told(capsys, "export", tiny_dataset, "--format", fmt, "-o", file)

    assert found["format"] == fmt
    assert found["rows"] > 0
    assert file.stat().st_size > 0


def test_realism(tiny_dataset: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Verdicts against a log, with both profiles, as data, as text and as a page."""
    log = tmp_path / "log.csv"
    assert main(["export", str(tiny_dataset), "--format", "portal-csv", "-o", str(log)]) == 0
    capsys.readouterr()

    found = told(capsys, "realism", tiny_dataset, "--reference", log)
    assert len(found["profiles"]) == 2
    assert {one["verdict"] for one in found["statistics"]} <= {"pass", "fail", "not applicable"}

    page = tmp_path / "page.html"
    assert main(["realism", str(tiny_dataset), "--reference", str(log), "-o", str(page)]) == 0
    assert "weekend" in capsys.readouterr().out
    assert "default-src 'none'" in page.read_text(encoding="utf-8")


def test_realism_strict(capsys: pytest.CaptureFixture[str]) -> None:
    """A failing statistic fails a build only if asked to; a bad reference is told with what is."""
    log = "tests/data/eugene_searches.csv"
    assert told(capsys, "realism", log)["failed"] == 4
    assert main(["realism", log, "--strict"]) == 1
    assert main(["realism", log, "--reference", "eugene_org", "--strict"]) == 0
    capsys.readouterr()
    assert main(["realism", log, "--reference", "nowhere"]) == 2
    assert "nowhere: no such file or folder, nor a profile (ca_portal" in capsys.readouterr().err


def test_list(capsys: pytest.CaptureFixture[str]) -> None:
    """Every list has entries with names, and text shows them."""
    for what, one in [
        ("scenarios", "county"),
        ("kinds", "retaliation"),
        ("oddities", "self_query"),
        ("detectors", "shift_window"),
        ("policies", "cedar"),
        ("metrics", "campaign_recall"),
        ("suites", "smoke"),
        ("facts", "officer.role"),
    ]:
        assert one in [entry["name"] for entry in told(capsys, "list", what)]
        assert main(["list", what]) == 0
        assert one in capsys.readouterr().out


def test_schema(capsys: pytest.CaptureFixture[str]) -> None:
    """The schema is plain JSON, ready to be saved."""
    assert main(["schema"]) == 0

    found = json.loads(capsys.readouterr().out)
    assert found["title"] == "Scenario"
    assert found["additionalProperties"] is False
