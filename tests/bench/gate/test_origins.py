"""Base is base: where components are found, what is refused, how a wheel is put in place."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from typing import TYPE_CHECKING, Any

import pytest

from misusebench.errors import SuiteError
from misusebench.gate.speed.environments import Side, base_side, head_side
from misusebench.gate.speed.origins import refuse_loaded, refuse_mixed
from misusebench.gate.speed.process import environment
from misusebench.gate.speed.wheels import lay_out, put
from misusebench.gate.speed.worker import _places
from misusebench.specs import SEARCH, parse_component

if TYPE_CHECKING:
    from pathlib import Path


def git(folder: Path, *words: str) -> None:
    own = ["-c", "user.name=A", "-c", "user.email=a@b", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", *own, *words], cwd=folder, check=True, capture_output=True)


@pytest.fixture
def top(tmp_path: Path) -> Path:
    """Return a repository whose package lies in a folder that nothing names: lib/."""
    top = tmp_path / "team"
    (top / "lib" / "acme").mkdir(parents=True)
    (top / "lib" / "acme" / "__init__.py").touch()
    (top / "lib" / "acme" / "mine.py").touch()
    git(top, "init", "-q")
    git(top, "add", ".")
    git(top, "commit", "-q", "-m", "one")
    return top


def told(*places: Path, target: str = "acme.mine:Mine") -> dict[str, Any]:
    return {"mine": {"target": target, "places": [str(one) for one in places]}}


def test_a_copy_of_head_is_no_base(top: Path, tmp_path: Path) -> None:
    """Installed or editable, it is refused with both paths; other packages may be shared."""
    site = tmp_path / "site"
    base = Side("v1", sys.executable, tmp_path, (), "", (tmp_path / "tree",))
    head = Side("here", sys.executable, top, (), "", (top,))
    own = told(tmp_path / "tree" / "lib" / "acme")
    refuse_mixed(base, head, own, told(top / "lib" / "acme"))
    refuse_mixed(base, head, own, told(site / "acme"))
    shared = told(site / "other", target="other:Mine")
    refuse_mixed(base, head, shared, shared)
    for place in (site / "acme", top / "lib" / "acme"):
        with pytest.raises(SuiteError, match=r"mine: v1 would run .*not its own.*--base WHEEL"):
            refuse_mixed(base, head, told(place), told(top / "lib" / "acme"))
    with pytest.raises(SuiteError, match="v1 would run"):  # neither is the working tree's
        refuse_mixed(base, head, told(site / "acme"), told(site / "acme"))
    with pytest.raises(SuiteError, match="here would run"):
        refuse_mixed(base, head, own, own)


def test_what_base_imports_on_the_way_is_looked_at(top: Path, tmp_path: Path) -> None:
    base = Side("v1", sys.executable, tmp_path, (), "", (tmp_path / "tree",))
    head = Side("here", sys.executable, top, (), "", (top,))
    refuse_loaded("mine", base, head, [os.__file__, str(tmp_path / "tree" / "a.py")])
    with pytest.raises(SuiteError, match=r"v1 would run .*help\.py"):
        refuse_loaded("mine", base, head, [str(top / "lib" / "help.py")])


def test_both_sides_look_in_the_same_folders(top: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The repository, its src, and PYTHONPATH, whose part of the repository is base's for base.

    Hooks of git name another repository in the environment; it is not taken.
    """
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(top / "lib"), str(top.parent)]))
    monkeypatch.setenv("GIT_DIR", str(top.parent / "elsewhere"))
    head = head_side(top / "lib")
    assert head.paths == (str(top), str(top / "lib"), str(top.parent))
    with base_side("HEAD", top / "lib") as base:
        tree = base.roots[0]
        assert base.paths == (str(tree), str(tree / "lib"), str(top.parent))
        home = environment(base, 1, "/home")
        assert home[SEARCH] == os.pathsep.join(base.paths)
        assert not {"PYTHONPATH", "GIT_DIR", "USER"} & {*home}
        monkeypatch.setenv(SEARCH, home[SEARCH])
        spec = parse_component("detector", "acme.mine:Mine")
        assert spec.search[1:] == (str(tree / "lib"),)  # the others have no such module
        assert _places("acme.mine", spec.search) == [str(tree / "lib" / "acme")]
    assert not tree.exists()
    monkeypatch.delenv("GIT_DIR")
    assert not [*(top / ".git").glob("worktrees/*")]


def test_a_worktree_that_is_away_stays_known(top: Path) -> None:
    """One on a disk that is not there now is not forgotten."""
    git(top, "worktree", "add", "--detach", str(top.parent / "away"))
    (top.parent / "away").rename(top.parent / "gone")
    with base_side("HEAD", top):
        pass
    assert [one.name for one in (top / ".git" / "worktrees").iterdir()] == ["away"]


def test_a_wheel_takes_the_place_of_what_was_there(tmp_path: Path) -> None:
    """Old modules go, linked files keep their content, a namespace keeps the other parts."""
    site, outer = tmp_path / "site", tmp_path / "outer.py"
    for name in ("acme", "space/other", "acme-2.dist-info", "acme_more"):
        (site / name).mkdir(parents=True)
    for name in ("acme/__init__.py", "acme/new.py", "space/other/a.py", "acme_more/b.py"):
        (site / name).touch()
    outer.write_text("head")
    (site / "one.py").hardlink_to(outer)
    wheel = tmp_path / "acme-1-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as packed:
        for name in ("acme/__init__.py", "acme/old.py", "space/mine/c.py", "one.py",
                     "acme-1.dist-info/METADATA", "acme-1.data/purelib/two.py"):  # fmt: skip
            packed.writestr(name, "base")
    own = put(wheel, site, tmp_path / "scratch")
    assert {one.relative_to(site).as_posix() for one in own} == {
        "acme", "space/mine", "one.py", "acme-1.dist-info", "two.py",
    }  # fmt: skip
    assert sorted(one.name for one in (site / "acme").iterdir()) == ["__init__.py", "old.py"]
    assert (outer.read_text(), (site / "one.py").read_text()) == ("head", "base")
    assert (site / "space" / "other" / "a.py").exists()
    assert (site / "acme_more" / "b.py").exists()
    assert not (site / "acme-2.dist-info").exists()
    wheel.write_text("no archive")
    with pytest.raises(SuiteError, match="is not a wheel"):
        put(wheel, site, tmp_path / "again")


def test_a_wheel_runs_beside_files_and_no_modules(tmp_path: Path) -> None:
    head, run = tmp_path / "head", tmp_path / "run"
    (head / "rules").mkdir(parents=True)
    run.mkdir()
    for name in ("detector.py", "rules/a.toml", "count.awk", "other.toml"):
        (head / name).touch()
    (head / "suite.toml").write_text(
        '[[detector]]\ncomponent = "rules"\nrules = "rules/a.toml"\n'
        '[[detector]]\ncomponent = "cmd:awk -f count.awk ../x"\n'
        '[[detector]]\ncomponent = "detector:Mine"\nfile = "detector.py"\n'
    )
    lay_out("suite.toml", head, run)
    found = sorted(p.relative_to(run).as_posix() for p in run.rglob("*") if p.is_file())
    assert found == ["count.awk", "rules/a.toml", "suite.toml"]
