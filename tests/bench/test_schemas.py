"""JSON Schemas: every command has one, and what it prints is what that says.

`conftest.py` holds all JSON that commands print in any test of this folder against its schema;
here are the commands of which no other test asks for JSON, the files of a run, and the schemas.
"""

from __future__ import annotations

import copy
import json
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest
from tests.bench.conftest import validator
from typer.main import get_command

from misusebench import completing, schemas, terminal
from misusebench.__main__ import main
from misusebench.cli import app
from misusebench.errors import SuiteError
from misusebench.gate import gate
from misusebench.gate.baselines import write_baseline
from misusesim.dataset.reader import open_dataset

if TYPE_CHECKING:
    from pathlib import Path

COMMANDS = {
    name for name, command in completing._commands(get_command(app))
    if not getattr(command, "commands", None)
}  # fmt: skip
FILES = {"result", "run", "verdict"}


@pytest.fixture(scope="module")
def run(tiny_dataset: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a run of one detector and one policy."""
    out = tmp_path_factory.mktemp("schemas") / "run"
    words = ["bench", str(tiny_dataset), "--detector", "random", "--policy", "eleven_rules"]
    assert main([*words, "-o", str(out), "-q"]) == 0
    return out


def test_every_command_has_a_schema() -> None:
    """And every schema is of a command or of a file; `schema` prints no envelope."""
    wanted = {name.replace(" ", "-") for name in COMMANDS - {"schema"}}

    assert set(schemas.names()) == wanted | FILES | {"scenario"}


@pytest.mark.parametrize("name", schemas.names())
def test_schemas_are_schemas(name: str) -> None:
    """Each is of its dialect, has an id with a version, and refers to nothing outside."""
    found = schemas.schema(name)
    jsonschema.Draft202012Validator.check_schema(found)

    assert found["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    if name != "scenario":
        assert found["$id"] == f"urn:misusebench:schema:{name}:1"
        assert found["title"]
    with pytest.raises(jsonschema.ValidationError):
        validator(name).validate({"schema_version": "0"})


@pytest.mark.parametrize("name", sorted(COMMANDS - {"schema"}))
def test_envelopes_name_their_command(name: str) -> None:
    """The version is the one that `terminal` writes; nothing may stand beside the data."""
    found = schemas.schema(name)

    assert found["properties"]["command"] == {"const": name}
    assert found["properties"]["schema_version"]["const"] == terminal.JSON_SCHEMA_VERSION
    assert found["additionalProperties"] is False


@pytest.mark.slow
def test_files_of_a_run(run: Path) -> None:
    """run.json and every result are what their schemas say; one key less is told."""
    validator("run").validate(json.loads((run / "run.json").read_text()))
    assert len(list((run / "results").glob("*.json"))) == 2
    for path in (run / "results").glob("*.json"):
        found = json.loads(path.read_text())
        validator("result").validate(found)
        for broken in _broken(found):
            with pytest.raises(jsonschema.ValidationError):
                validator("result").validate(broken)


def _broken(found: dict[str, Any]) -> list[dict[str, Any]]:
    """Return a result in which something is wrong, in some ways."""
    out = []
    for key, value in (("state", "fine"), ("tier", "T9"), ("metrics", {"lift": 3})):
        out.append({**copy.deepcopy(found), key: value})
    return out


@pytest.mark.slow
def test_a_verdict(run: Path, tmp_path: Path) -> None:
    """A gate's verdict, as it is and in its envelope."""
    baseline = write_baseline(run, tmp_path / "baseline.json")

    validator("verdict").validate(json.loads(json.dumps(gate([run], baseline).as_json())))


@pytest.mark.parametrize(
    "words",
    [
        ("bench", "DATA", "--detector", "random", "--policy", "eleven_rules", "-o", "RUN"),
        ("compare", "RUN"),
        ("completion", "zsh"),
        ("gate", "RUN", "--baseline", "RUN"),
        ("gate", "RUN", "--baseline", "NEW.json", "--write-baseline"),
        ("init", "NEW"),
        ("list", "suites"),
        ("policy", "bench", "DATA", "--policy", "purpose_only"),
        ("policy", "check", "reference", "--requests", "100"),
        ("policy", "compile", "eleven_rules", "--engine", "cedar"),
        ("policy", "explain", "DATA", "QUERY"),
        ("policy", "privileges", "DATA"),
        ("report", "RUN", "-o", "NEW.md"),
        ("score", "tests/data/eugene_searches.csv", "--detector", "volume"),
    ],
    ids=lambda words: "-".join(words[:2]),
)  # fmt: skip
@pytest.mark.slow
def test_commands(
    words: tuple[str, ...],
    run: Path,
    tiny_dataset: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Nothing but the JSON is on stdout, and it is what the schema says (see conftest)."""
    query = str(open_dataset(tiny_dataset).log(["query_id"])["query_id"][0].as_py())
    places = {
        "DATA": str(tiny_dataset), "RUN": str(run), "QUERY": query, "NEW": str(tmp_path / "new"),
        "NEW.json": str(tmp_path / "new.json"), "NEW.md": str(tmp_path / "new.md"),
    }  # fmt: skip

    assert main([*(places.get(word, word) for word in words), "--json"]) == 0

    found = json.loads(capsys.readouterr().out)
    validator(found["command"]).validate(found)
    assert found["command"] in " ".join(words)


def test_schema_prints_them(capsys: pytest.CaptureFixture[str]) -> None:
    """By the command's name; a schema brings those that it refers to."""
    assert main(["schema", "policy bench"]) == 0
    assert json.loads(capsys.readouterr().out)["properties"]["command"]["const"] == "policy bench"
    assert main(["schema", "demo"]) == 0
    assert set(json.loads(capsys.readouterr().out)["$defs"]) >= {"result", "run", "verdict"}
    assert main(["schema"]) == 0
    assert json.loads(capsys.readouterr().out)["title"] == "Scenario"


def test_a_schema_that_is_not_there() -> None:
    """The likely one is named."""
    with pytest.raises(SuiteError, match="no schema bnch; did you mean bench"):
        schemas.schema("bnch")
