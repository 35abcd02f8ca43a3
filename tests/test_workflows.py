"""The action and the workflows: valid, pinned, and the action does what it says."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from check_jsonschema.builtin_schemas import get_builtin_schema
from jsonschema.validators import validator_for
from tests.bench.gate.verdicts import VERDICT

from misusebench.gate.outputs import FORMATS
from misusebench.gate.outputs import write as write_output

ROOT = Path(__file__).parents[1]
ACTION = ROOT / "action.yml"
WORKFLOWS = (ROOT / ".github/workflows/ci.yml", ROOT / "examples/ci/gate.yml")


def read(path: Path) -> Any:
    """Return what a file says; `on` stays a word."""
    loader = type("Loader", (yaml.SafeLoader,), {"yaml_implicit_resolvers": {
        first: [(tag, what) for tag, what in rules if tag != "tag:yaml.org,2002:bool"]
        for first, rules in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }})  # fmt: skip
    return yaml.load(path.read_text(), loader)


def steps(path: Path) -> list[dict[str, Any]]:
    """Return the steps of an action or of all jobs of a workflow."""
    told = read(path)
    if "runs" in told:
        return list(told["runs"]["steps"])
    return [step for job in told["jobs"].values() for step in job["steps"]]


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_workflows_follow_their_schema(path: Path) -> None:
    """As GitHub's public schema has it."""
    _validate(
        "vendor.github-workflows", yaml.safe_load(path.read_text()) | {"on": read(path)["on"]}
    )


def test_the_action_follows_its_schema() -> None:
    """As GitHub's public schema has it."""
    _validate("vendor.github-actions", yaml.safe_load(ACTION.read_text()))


def _validate(name: str, told: Any) -> None:
    schema = get_builtin_schema(name)
    told = {key: value for key, value in told.items() if isinstance(key, str)}
    errors = list(validator_for(schema)(schema).iter_errors(told))
    assert not errors, [error.message for error in errors]


@pytest.mark.parametrize("path", [ACTION, *WORKFLOWS], ids=lambda path: path.name)
def test_what_others_wrote_is_pinned(path: Path) -> None:
    """By a full commit hash with the version beside it; own steps are told apart."""
    for line in path.read_text().splitlines():
        if "uses:" in line and "./" not in line and "OWNER/" not in line:
            assert re.search(r"uses: [\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$", line), line


@pytest.mark.parametrize("path", [ACTION, *WORKFLOWS], ids=lambda path: path.name)
def test_no_expression_is_put_into_a_script(path: Path) -> None:
    """What comes from a pull request reaches a script by its environment alone."""
    scripts = [step["run"] for step in steps(path) if "run" in step]
    assert scripts
    assert not [script for script in scripts if "${{" in script]


def test_our_workflow_uses_the_action_and_the_plugin() -> None:
    """And runs what CI runs here, on every Python that is supported."""
    told = read(WORKFLOWS[0])
    assert told["jobs"]["tests"]["strategy"]["matrix"]["python"] == ["3.11", "3.12", "3.13", "3.14"]
    own = steps(WORKFLOWS[0])
    assert [step["with"] for step in own if step.get("uses") == "./"]
    inputs = set(read(ACTION)["inputs"])
    for path in WORKFLOWS:
        for step in steps(path):
            if step.get("uses", "").startswith(("./", "OWNER/")):
                assert set(step["with"]) <= inputs
    scripts = [step.get("run", "") for step in own]
    assert any(script.endswith("examples/ci/test_detector.py") for script in scripts)
    assert "bash .ci/run" in scripts


STUB = """\
#!/usr/bin/env bash
printf '%s\\n' "$@" > "$SEEN"
while [ $# -gt 0 ]; do
  if [ "$1" = --output ]; then
    path="${2#*=}"
    echo "text of ${2%%=*}" > "$path"
  fi
  shift
done
exit "$CODE"
"""


@pytest.mark.parametrize(
    ("given", "code", "ends", "words"),
    [
        ({"inputs.base": "main"}, 0, 0, ["gate", "--base", "main", "--config", "gate.toml"]),
        ({"inputs.base": ""}, 1, 1, ["gate", "--base", "HEAD^"]),
        ({"inputs.base": "0" * 40}, 4, 4, ["gate", "--base", "HEAD^"]),
        ({"inputs.base": "$(touch pwned)`id`; exit 7"}, 0, 0,
         ["gate", "--base", "$(touch pwned)`id`; exit 7"]),
        ({"inputs.base": "v1", "inputs.strict": "true", "inputs.speed": "false"}, 3, 0,
         ["--no-speed", "--strict"]),
        ({"inputs.base": "v1", "inputs.accuracy": "false", "inputs.unsafe": "true",
          "inputs.output": "a b", "inputs.config": "my gate.toml"}, 2, 2,
         ["--no-accuracy", "--unsafe"]),
    ],
)  # fmt: skip
def test_the_gate_step(
    tmp_path: Path, given: dict[str, str], code: int, ends: int, words: list[str]
) -> None:
    """Options, files, summary, outputs and exit code, with a stand-in for the command."""
    (step,) = (step for step in steps(ACTION) if step.get("id") == "gate")
    stub = tmp_path / "bin" / "misusebench"
    stub.parent.mkdir()
    stub.write_text(STUB)
    stub.chmod(0o755)
    inputs = {f"inputs.{k}": v["default"] for k, v in read(ACTION)["inputs"].items()} | given
    env = {name: _filled(text, inputs) for name, text in step["env"].items()}
    files = {
        name: str(tmp_path / name) for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY", "SEEN")
    }
    done = subprocess.run(
        ["bash", "-c", step["run"]], cwd=tmp_path, capture_output=True, text=True, check=False,
        env={**env, **files, "CODE": str(code), "PATH": f"{stub.parent}:{os.environ['PATH']}"},
    )  # fmt: skip
    assert done.returncode == ends, done.stderr
    seen = (tmp_path / "SEEN").read_text().splitlines()
    at = seen.index(words[0])
    assert seen[at : at + len(words)] == words
    asked = {seen[n + 1].partition("=")[0] for n, word in enumerate(seen) if word == "--output"}
    assert asked == set(FORMATS)
    assert (tmp_path / "GITHUB_STEP_SUMMARY").read_text() == "text of summary\n"
    told = dict(
        line.split("=", 1) for line in (tmp_path / "GITHUB_OUTPUT").read_text().splitlines()
    )
    assert told["exit-code"] == str(code)
    assert Path(told["verdict"]).read_text() == "text of json\n"
    assert Path(told["sarif"]).is_file()
    assert ("::warning" in done.stdout) is (code == 3)
    assert not (tmp_path / "pwned").exists()


def _filled(text: str, inputs: dict[str, str]) -> str:
    """Return an expression of inputs as the runner would fill it in; events are empty here."""
    found = re.fullmatch(r"\$\{\{ (.+) \}\}", text)
    assert found, text
    parts = [part.strip() for part in found[1].split("||")]
    return next((inputs[p] for p in parts if inputs.get(p)), "")


def test_the_names_of_the_action_s_files_can_be_written(tmp_path: Path) -> None:
    """Every FORMAT=FILE of the step is one that `--output` takes."""
    (step,) = (step for step in steps(ACTION) if step.get("id") == "gate")
    pairs = re.findall(r"([a-z-]+)=([a-z-]+\.[a-z]+)", step["run"])
    assert {name for name, _ in pairs} == set(FORMATS)
    for name, file in pairs:
        assert write_output(VERDICT, name, tmp_path / file)


def test_the_install_step(tmp_path: Path) -> None:
    """Extras and requirements reach pip as they are; the environment is put on the path."""
    (step,) = (step for step in steps(ACTION) if step.get("name") == "Install MisuseBench")
    (tmp_path / "bin").mkdir()
    pip = '#!/usr/bin/env bash\nprintf "%s " "$@" >> "$SEEN"; echo >> "$SEEN"\n'
    make = f'{pip}mkdir -p "$3/bin"; cp "$0" "$3/bin/python"\n'
    (tmp_path / "bin" / "python3").write_text(make)
    (tmp_path / "bin" / "python3").chmod(0o755)
    (tmp_path / "requirements.txt").write_text("")
    env = {
        "SOURCE": "/src", "EXTRAS": "ml,cedar", "REQUIREMENTS": "requirements.txt",
        "RUNNER_TEMP": str(tmp_path), "SEEN": str(tmp_path / "seen"),
        "GITHUB_PATH": str(tmp_path / "path"), "PATH": f"{tmp_path}/bin:{os.environ['PATH']}",
    }  # fmt: skip
    assert set(step["env"]) == {"SOURCE", "EXTRAS", "REQUIREMENTS"}
    done = subprocess.run(["bash", "-c", step["run"]], cwd=tmp_path, env=env, check=False)
    assert done.returncode == 0
    made, package, more = (tmp_path / "seen").read_text().splitlines()
    assert made.split() == ["-m", "venv", f"{tmp_path}/misusebench"]
    assert package.split()[-1] == "/src[ml,cedar]"
    assert more.split()[-2:] == ["-r", "requirements.txt"]
    assert (tmp_path / "path").read_text().strip() == f"{tmp_path}/misusebench/bin"
