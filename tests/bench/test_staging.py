"""What of a working folder goes along with a component, and what never does."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING

import pytest

from misusebench import staging
from misusebench.errors import IsolationError
from misusebench.staging import stage

if TYPE_CHECKING:
    from pathlib import Path


def _made(folder: Path, *names: str) -> Path:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x = 1\n", encoding="utf-8")
    return folder


def _taken(folder: Path) -> list[str]:
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file())


def test_a_module_takes_python_files_and_packages_along(tmp_path):
    """Sources beside it go along; tables, runs, and folders that are no package stay."""
    here = _made(
        tmp_path / "here", "mine.py", "helper.py", "tiny.csv", "run/scores.parquet", "run/x.py",
        "lib/__init__.py", "lib/deep/part.py", "lib/weights.bin",
    )  # fmt: skip
    into = tmp_path / "into"
    into.mkdir()
    assert stage("mine", [str(here)], into) == [str(into)]
    assert _taken(into) == ["helper.py", "lib/__init__.py", "lib/deep/part.py", "mine.py"]


def test_a_package_takes_its_own_data_along(tmp_path):
    """All files of the module's own package go along, but for data sets and runs in it."""
    here = _made(
        tmp_path / "here", "mine/__init__.py", "mine/weights.bin", "mine/data/manifest.json",
        "mine/data/truth.parquet", "mine/old/run.json", "mine/__pycache__/a.pyc", "other.py",
    )  # fmt: skip
    into = tmp_path / "into"
    into.mkdir()
    stage("mine.detectors", [str(here)], into)
    assert _taken(into) == ["mine/__init__.py", "mine/weights.bin", "other.py"]


def test_a_data_set_that_poses_as_a_package_stays(tmp_path):
    """A folder with a manifest is a data set, whatever else it holds."""
    here = _made(tmp_path / "here", "mine.py", "lib/__init__.py", "lib/manifest.json")
    into = tmp_path / "into"
    into.mkdir()
    stage("mine", [str(here)], into)
    assert _taken(into) == ["mine.py"]


def test_an_installed_module_needs_no_copy(tmp_path):
    """What no search folder has is imported from where it is installed."""
    assert stage("numpy", [str(_made(tmp_path, "mine.py"))], tmp_path / "into") == []


def test_the_first_folder_that_has_it_counts(tmp_path):
    """Later folders are not even looked at."""
    first, second = _made(tmp_path / "a", "other.py"), _made(tmp_path / "b", "mine.py", "b.py")
    third = _made(tmp_path / "c", "mine.py", "c.py")
    into = tmp_path / "into"
    into.mkdir()
    stage("mine", [str(first), str(second), str(third)], into)
    assert _taken(into) == ["b.py", "mine.py"]


def test_other_accounts_may_read_the_copy(tmp_path):
    """The worker runs under a fresh account, whatever the original's mode."""
    here = _made(tmp_path / "here", "mine.py")
    (here / "mine.py").chmod(0o600)
    into = tmp_path / "into"
    into.mkdir(mode=0o700)
    stage("mine", [str(here)], into)
    assert stat.S_IMODE(into.stat().st_mode) == 0o755
    assert stat.S_IMODE((into / "mine.py").stat().st_mode) == 0o644


def test_too_much_code_is_refused(tmp_path, monkeypatch):
    """The limit is told, with what to do."""
    monkeypatch.setattr(staging, "_MOST_BYTES", 10)
    here = _made(tmp_path / "here", "mine.py", "more.py")
    into = tmp_path / "into"
    into.mkdir()
    with pytest.raises(IsolationError, match="give it a folder of its own"):
        stage("mine", [str(here)], into)
