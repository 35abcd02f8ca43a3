"""The tool for working on the project: what it prints, what it writes, what it refuses."""

from __future__ import annotations

import ast
import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from types import ModuleType

ROOT = Path(__file__).parents[1]
HOLDS = """\
import json, os
from pathlib import Path
print("# It holds\\n\\n17 of 17.")
Path(os.environ["PROOF_NUMBERS"]).write_text(json.dumps({"n": 17}))
"""
FAILS = "print('16 of 17.'); raise SystemExit(1)\n"


@pytest.fixture
def dev(tmp_path: Path) -> ModuleType:
    """Return dev.py as a module that works on an empty folder with this environment."""
    spec = importlib.util.spec_from_file_location("dev_in_a_folder", ROOT / "dev.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.ROOT, module.VENV, module.PYTHON = tmp_path, Path(sys.prefix), Path(sys.executable)
    module.LOCK, module.STAMP = tmp_path / "requirements.lock", tmp_path / "stamp"
    module.LOCK.write_text("# nothing\n")
    (tmp_path / "pyproject.toml").write_text("")
    (tmp_path / "prove").mkdir()
    (tmp_path / "sim").mkdir()
    module.STAMP.write_text(module.fingerprint())
    return module


def test_only_the_standard_library() -> None:
    """Nothing has to be installed to start."""
    tree = ast.parse((ROOT / "dev.py").read_text(encoding="utf-8"))
    names = {a.name for n in ast.walk(tree) if isinstance(n, ast.Import) for a in n.names}
    names |= {n.module for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)}

    assert {name.partition(".")[0] for name in names} <= sys.stdlib_module_names


def test_an_old_python_gets_as_far_as_the_message() -> None:
    """The file has no syntax that Python 3.7 cannot read, and asks for the version first."""
    text = (ROOT / "dev.py").read_text(encoding="utf-8")
    tree = ast.parse(text, feature_version=(3, 7))

    assert [type(node).__name__ for node in tree.body[:3]] == ["Expr", "Import", "If"]
    assert not [n for n in ast.walk(tree) if isinstance(n, ast.ImportFrom | ast.NamedExpr)
                and getattr(n, "module", "") == "__future__"]  # fmt: skip


def test_help() -> None:
    """Without a command it says what there is, and exits 2; asked for help, 0."""
    for arguments, code in (([], 2), (["--help"], 0), (["test", "--help"], 0)):
        done = subprocess.run(
            [sys.executable, ROOT / "dev.py", *arguments],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == code
        for name in ("demo", "test", "lint", "bench", "prove"):
            assert f"dev.py {name}" in done.stdout


def test_unknown_command(dev: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    """A command that is not there is told with those that are."""
    assert dev.main(["tset"]) == 2
    assert "no command tset; there are demo, test," in capsys.readouterr().err


def test_install_does_nothing_twice(dev: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    """An environment that fits is left alone; another lock, project file or place renews it."""
    before = dev.fingerprint()

    assert dev.main(["install"]) == 0
    assert capsys.readouterr().err == ""

    dev.LOCK.write_text("# other\n")
    assert dev.fingerprint() != before


def test_bench(dev: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a data set it judges components on it; without, it measures the simulator."""
    ran: list[list[str]] = []
    monkeypatch.setattr(dev, "run", lambda *command: ran.append([str(c) for c in command]) or 0)

    assert dev.main(["bench", "data", "-o", "run"]) == 0
    assert dev.main(["bench", "--quick"]) == 0
    assert dev.main(["bench"]) == 0

    assert ran[0][0].endswith("misusebench")
    assert ran[0][1:] == ["bench", "data", "-o", "run"]
    assert [command[1:] for command in ran[1:]] == [
        ["-m", "tests.speed", "--quick"], ["-m", "tests.speed"],
    ]  # fmt: skip


def test_prove(dev: ModuleType) -> None:
    """What a proof prints is written under date and command, its facts beside it."""
    (dev.ROOT / "prove" / "holds.py").write_text(HOLDS)

    assert dev.main(["prove", "holds"]) == 0

    page = (dev.ROOT / "results" / "holds.md").read_text()
    assert page.startswith("<!-- written by `python3 dev.py prove holds` on 2")
    assert page.endswith("-->\n\n# It holds\n\n17 of 17.\n")
    facts = json.loads((dev.ROOT / "results" / "holds.json").read_text())
    assert facts["numbers"] == {"n": 17}
    assert facts["hashes"]["script"] == dev.sha256(dev.ROOT / "prove" / "holds.py")
    assert facts["versions"]["numpy"]


def test_prove_tells_its_settings(dev: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever runs the command of the page again asks for the same days."""
    monkeypatch.setenv("PROOF_DAYS", "30")
    monkeypatch.setenv("PROOF_WORLDS", "a b")
    (dev.ROOT / "prove").mkdir(exist_ok=True)
    (dev.ROOT / "prove" / "holds.py").write_text(HOLDS)
    assert dev.main(["prove", "holds"]) == 0
    page = (dev.ROOT / "results" / "holds.md").read_text()
    assert "`PROOF_DAYS=30 PROOF_WORLDS='a b' python3 dev.py prove holds`" in page


def test_prove_all_and_fail(dev: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    """Without names all are run; one that fails writes nothing and fails the whole."""
    (dev.ROOT / "prove" / "fails.py").write_text(FAILS)
    (dev.ROOT / "prove" / "holds.py").write_text(HOLDS)

    assert dev.main(["prove"]) == 1

    assert sorted(path.name for path in (dev.ROOT / "results").iterdir()) == [
        "holds.json", "holds.md",
    ]  # fmt: skip
    said = capsys.readouterr().err
    assert "16 of 17." in said
    assert "fails failed; nothing of theirs was written" in said


def test_prove_unknown(dev: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    """A proof that is not there is the user's mistake."""
    (dev.ROOT / "prove" / "holds.py").write_text(HOLDS)

    assert dev.main(["prove", "hold"]) == 2
    assert "no proof hold; there are holds" in capsys.readouterr().err


def test_source_hash_sees_a_changed_file(dev: ModuleType) -> None:
    """The hash of the source changes with a byte of it, and not with compiled files."""
    (dev.ROOT / "sim" / "a.py").write_text("1")
    one = dev.source_hash()
    (dev.ROOT / "sim" / "__pycache__").mkdir()
    (dev.ROOT / "sim" / "__pycache__" / "a.pyc").write_text("x")
    assert dev.source_hash() == one

    (dev.ROOT / "sim" / "a.py").write_text("2")
    assert dev.source_hash() != one


def test_ci_is_a_valid_script() -> None:
    """What CI runs is executable and its syntax is right."""
    script = ROOT / ".ci" / "run"

    assert script.stat().st_mode & 0o111
    assert subprocess.run(["bash", "-n", script], check=False).returncode == 0
