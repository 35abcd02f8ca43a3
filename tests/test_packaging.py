"""The wheel: what is in it, and that it works where nothing of the checkout is."""

from __future__ import annotations

import json
import re
import site
import subprocess
import sys
import tomllib
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")


def run(*command: str | Path, cwd: Path | None = None) -> str:
    """Run a command that must succeed and return its stdout."""
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the wheel, built without the network."""
    out = tmp_path_factory.mktemp("wheel")
    run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", out, ROOT)
    return next(out.glob("*.whl"))


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an environment with the wheel; only its dependencies come from the tests' own."""
    folder = tmp_path_factory.mktemp("env")
    venv.create(folder, with_pip=True)
    python = folder / "bin" / "python"
    run(python, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", wheel)
    # a path in a .pth file is searched last, and the .pth files inside it are not read: the
    # checkout, installed as editable in the tests' environment, stays out
    own = next(folder.glob("lib/python*/site-packages"))
    others = [path for path in site.getsitepackages() if Path(path).is_dir()]
    (own / "dependencies.pth").write_text("\n".join(others) + "\n")
    return folder


def test_wheel_holds_what_is_needed(wheel: Path) -> None:
    """Both packages with their data, scenarios and licence are in; tests and tools are not."""
    names = set(zipfile.ZipFile(wheel).namelist())

    assert {
        "misusesim/py.typed",
        "misusebench/py.typed",
        "misusesim/scenarios/tiny.toml",
        "misusesim/scenarios/county.toml",
        "misusesim/workload/data/reason_vocabulary.csv",
        "misusebench/suites/smoke.toml",
        "misusebench/detectors/rules.toml",
        "misusebench/starter/detector.py.in",
        "misusebench/starter/gitignore",
        "misusebench/schemas/bench.schema.json",
        "misusebench-0.1.0.dist-info/licenses/LICENSE",
    } <= names
    assert {name.partition("/")[0] for name in names} == {
        "misusesim", "misusebench", "misusebench-0.1.0.dist-info",
    }  # fmt: skip


@pytest.mark.slow
def test_installed_command(installed: Path, tmp_path: Path) -> None:
    """The installed command knows its version, finds its scenarios and makes a data set."""
    command = installed / "bin" / "misusebench"

    assert run(command, "--version", cwd=tmp_path) == "misusebench 0.1.0\n"
    listed = json.loads(run(command, "list", "scenarios", "--json", cwd=tmp_path))
    assert [entry["name"] for entry in listed["data"]][:8] == [
        "clets_2023", "county", "no_misuse", "permit_desk", "permit_desk_miscoded", "state", "tiny",
        "S-NAT-easy",
    ]  # fmt: skip
    run(command, "simulate", "tiny", "-o", "data", "--days", "1", "--workers", "1", cwd=tmp_path)
    assert (tmp_path / "data" / "manifest.json").is_file()


@pytest.mark.slow
def test_installed_packages_are_those_of_the_wheel(installed: Path, tmp_path: Path) -> None:
    """Packages and scenarios come from the environment, not from the checkout."""
    code = (
        "import misusesim, misusebench; from misusesim.scenario.load import scenario_folder; "
        "print(misusesim.__file__, misusebench.__file__, scenario_folder(), sep='\\n')"
    )

    places = run(installed / "bin" / "python", "-c", code, cwd=tmp_path).splitlines()

    assert all(Path(place).is_relative_to(installed) for place in places)


def test_lock_names_no_place() -> None:
    """The lock holds versions and hashes, no address: it works with any index."""
    assert "://" not in LOCK
    assert "pypi" not in LOCK.lower()


def test_lock_is_pinned_and_hashed() -> None:
    """Every package in the lock has one exact version per marker and at least one hash."""
    entries = re.split(r"\n(?=[a-z0-9])", LOCK)[1:]

    assert len(entries) > 60
    for entry in entries:
        assert re.match(r"[a-z0-9._-]+==[0-9][^ ]*( ; .*)? \\\n", entry), entry[:80]
        assert "--hash=sha256:" in entry


def test_lock_has_what_the_project_asks_for() -> None:
    """Every dependency and every extra of pyproject.toml is in the lock, in a version it allows."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = list(project["dependencies"])
    wanted += [text for texts in project["optional-dependencies"].values() for text in texts]
    pinned = set(re.findall(r"^([a-z0-9._-]+)==", LOCK, re.MULTILINE))

    names = {re.match(r"[A-Za-z0-9._-]+", text)[0].lower() for text in wanted}
    assert names - {"misusebench"} <= pinned
