"""Base and head as environments: a commit in a worktree of its own, a wheel, the working tree.

For a team's own component the interpreter of this process serves both sides, with the worktree
before the working tree: that is cheap, and both have the same packages. Where base must have other
packages (a wheel, `misusebench` itself, other dependencies) it gets an environment of its own. Its
packages are hard links to those of this one, so that components can be shut in there as well.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import tomllib
import venv
import zipfile
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from misusebench.errors import SuiteError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

#: Where this project keeps its packages.
_OURS: Final = ("sim", "bench")
_SAME: Final = "the interpreter of this process"


@dataclass(frozen=True, slots=True)
class Side:
    """One side of a comparison: which code is run, with what, and where."""

    name: str  # as messages call it
    python: str
    folder: Path  # where it runs; modules are looked for here, and suites beside them
    paths: tuple[str, ...] = ()  # before all other places of modules
    how: str = _SAME  # what its environment is, in words


def head_side(folder: Path) -> Side:
    """Return the working tree."""
    return Side("the working tree", sys.executable, folder.resolve())


@contextmanager
def base_side(base: str, folder: Path) -> Iterator[Side]:
    """Give the base; its worktree and environment are removed after.

    Parameters
    ----------
    base
        A commit, a branch or a tag of the repository around `folder`, or a wheel.
    folder
        Where the gate runs.

    Raises
    ------
    SuiteError
        If there is no such thing, or no environment can be made for it.
    """
    with ExitStack() as stack:
        where = Path(stack.enter_context(_temporary()))
        if base.endswith(".whl"):
            yield _wheel(Path(base), folder.resolve(), where)
            return
        top, place = _repository(folder)
        tree = where / "tree"
        stack.callback(_remove_tree, top, tree)
        _git(top, "worktree", "add", "--detach", "--force", str(tree), _commit(top, base))
        yield _of_tree(base, top, tree, tree / place, where)


@contextmanager
def _temporary() -> Iterator[str]:
    """Give a folder that is removed after, near this interpreter's packages if that can be had."""
    folder = tempfile.mkdtemp(prefix="misusebench-gate-")
    os.chmod(folder, 0o755)  # noqa: S103, PTH101 - shut in components read code below it
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _repository(folder: Path) -> tuple[Path, Path]:
    """Return the repository's root, and where the folder lies below it."""
    top = Path(_git(folder, "rev-parse", "--show-toplevel").strip())
    return top, folder.resolve().relative_to(top.resolve())


def _commit(top: Path, base: str) -> str:
    try:
        return _git(top, "rev-parse", "--verify", "--end-of-options", f"{base}^{{commit}}").strip()
    except SuiteError as error:
        raise SuiteError(
            f"--base {base}: there is no such commit in {top}, nor is it a wheel (.whl); "
            "in CI, fetch the history first (git fetch --unshallow)"
        ) from error


def _git(folder: Path, *words: str) -> str:
    """Return what git says.

    Raises
    ------
    SuiteError
        If there is no git, or it fails.
    """
    git = shutil.which("git")
    if git is None:
        raise SuiteError("--base needs git, or a wheel: install git, or give a file (.whl)")
    done = subprocess.run(  # noqa: S603 - a fixed program
        [git, "-C", str(folder), *words], capture_output=True, text=True, check=False
    )
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise SuiteError(f"git {words[0]} in {folder}: {last}")
    return done.stdout


def _remove_tree(top: Path, tree: Path) -> None:
    """Forget a worktree, whatever is left of it."""
    shutil.rmtree(tree, ignore_errors=True)
    with contextlib.suppress(SuiteError):
        _git(top, "worktree", "prune")


def _of_tree(base: str, top: Path, tree: Path, folder: Path, where: Path) -> Side:
    """Return the side of a worktree, in an environment of its own if it needs one."""
    folder.mkdir(parents=True, exist_ok=True)  # a folder that base does not have yet
    ours = [tree / name for name in _OURS]
    if (tree / "bench" / "misusebench" / "__init__.py").is_file():
        python = linked(where / "env", ours)
        return Side(base, python, folder, tuple(map(str, ours)), "linked packages, its own code")
    own = [str(one) for one in (tree, tree / "src") if one.is_dir()]
    if _dependencies(tree) == _dependencies(top):
        return Side(base, sys.executable, folder, tuple(own), f"{_SAME}, its folder first")
    python = linked(where / "env", [])
    done = subprocess.run(  # noqa: S603 - our own interpreter
        [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", str(tree)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode == 0:
        return Side(base, python, folder, tuple(own), "its own packages, installed by pip")
    last = (done.stderr.strip().splitlines() or ["no message"])[-1]
    how = f"{_SAME}, its folder first, as pip could not install its dependencies ({last[:200]})"
    return Side(base, sys.executable, folder, tuple(own), how)


def _dependencies(folder: Path) -> Any:
    """Return what a project says that it needs; None where it says nothing."""
    path = folder / "pyproject.toml"
    try:
        told = tomllib.loads(path.read_text(encoding="utf-8")).get("project", {})
    except (OSError, ValueError):
        told = {}
    locked = folder / "requirements.txt"
    more = locked.read_bytes() if locked.is_file() else None
    return told.get("dependencies"), told.get("optional-dependencies"), more


def _wheel(wheel: Path, folder: Path, where: Path) -> Side:
    """Return the side of a wheel: it alone, before the packages of this environment."""
    if not wheel.is_file():
        raise SuiteError(f"--base {wheel}: there is no such file; build one with `python -m build`")
    unpacked = where / "wheel"
    try:
        with zipfile.ZipFile(wheel) as packed:
            packed.extractall(unpacked)  # it keeps to the folder, whatever names it holds
    except (OSError, zipfile.BadZipFile) as error:
        raise SuiteError(f"--base {wheel} is not a wheel: {error}") from error
    python = linked(where / "env", [unpacked])
    return Side(wheel.name, python, folder, (str(unpacked),), "linked packages, the wheel first")


def linked(folder: Path, first: Sequence[Path]) -> str:
    """Make an environment whose packages are hard links to this one's; return its interpreter.

    Parameters
    ----------
    folder
        Of the environment, new.
    first
        Folders of modules that come before all packages.
    """
    venv.create(folder, with_pip=False, symlinks=True)
    target = folder / "lib" / f"python{sys.version_info.major}.{sys.version_info.minor}"
    target /= "site-packages"
    ours = [Path(sysconfig.get_path(name)) for name in ("purelib", "platlib")]
    for source in dict.fromkeys(ours):
        shutil.copytree(
            source, target, copy_function=_link, symlinks=True, dirs_exist_ok=True,
            ignore=shutil.ignore_patterns("__editable__*"),
        )  # fmt: skip
    text = "".join(f"{one}\n" for one in first)
    (target / "000-base.pth").write_text(text, encoding="utf-8")
    return str(folder / "bin" / "python")


def _link(source: str, target: str) -> str:
    """Link a file, or copy it where there can be no link: other disks."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)
    return target
