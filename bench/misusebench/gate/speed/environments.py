"""Base and head as environments: a commit in a worktree of its own, a wheel, the working tree.

For a team's own component the interpreter of this process serves both sides: that is cheap, and
both have the same packages. Where base must have other packages (a wheel, `misusebench` itself,
other dependencies) it gets an environment of its own. Its packages are hard links to those of this
one, so that components can be shut in there as well. Components are looked for in the same folders
of both sides: where the gate runs, the repository, its `src`, and what PYTHONPATH names.
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
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from misusebench.errors import SuiteError
from misusebench.gate.speed.wheels import put

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
    paths: tuple[str, ...] = ()  # where else its components are looked for
    how: str = _SAME  # what its environment is, in words
    roots: tuple[Path, ...] = ()  # below which its own code lies


def head_side(folder: Path) -> Side:
    """Return the working tree."""
    own = top = folder.resolve()
    with contextlib.suppress(SuiteError):  # a base that is a wheel needs no repository
        top, _ = _repository(folder)
    return Side("the working tree", sys.executable, own, _paths(top, top, own), roots=(top,))


def _paths(top: Path, tree: Path, folder: Path) -> tuple[str, ...]:
    """Return where components are looked for; what lies in the repository is the tree's own."""
    found = [folder / "src", tree, tree / "src"]
    for one in filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep)):
        path = Path(one).resolve()
        inside = path.is_relative_to(top.resolve())
        found.append(tree / path.relative_to(top.resolve()) if inside else path)
    return tuple(str(one) for one in dict.fromkeys(found) if one.is_dir())


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
            yield _wheel(Path(base), where)
            return
        top, place = _repository(folder)
        tree = where / "tree"
        stack.callback(_remove_tree, top, tree)
        git(top, "worktree", "add", "--detach", "--force", str(tree), _commit(top, base))
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
    top = Path(git(folder, "rev-parse", "--show-toplevel").strip())
    return top, folder.resolve().relative_to(top.resolve())


def _commit(top: Path, base: str) -> str:
    try:
        return git(top, "rev-parse", "--verify", "--end-of-options", f"{base}^{{commit}}").strip()
    except SuiteError as error:
        raise SuiteError(
            f"--base {base}: there is no such commit in {top}, nor is it a wheel (.whl); "
            "in CI, fetch the history first (git fetch --unshallow)"
        ) from error


def git(folder: Path, *words: str) -> str:
    """Return what git says of the repository around a folder, whatever the environment names.

    Raises
    ------
    SuiteError
        If there is no git, or it fails.
    """
    program = shutil.which("git")
    if program is None:
        raise SuiteError("--base needs git, or a wheel: install git, or give a file (.whl)")
    done = subprocess.run(  # noqa: S603 - a fixed program
        [program, "-C", str(folder), *words],
        capture_output=True,
        text=True,
        check=False,
        env={name: value for name, value in os.environ.items() if not name.startswith("GIT_")},
    )
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise SuiteError(f"git {words[0]} in {folder}: {last}")
    return done.stdout


def _remove_tree(top: Path, tree: Path) -> None:
    """Remove a worktree, and no other: pruning would forget those that are on a disk apart."""
    with contextlib.suppress(SuiteError):
        git(top, "worktree", "remove", "--force", str(tree))


def _of_tree(base: str, top: Path, tree: Path, folder: Path, where: Path) -> Side:
    """Return the side of a worktree, in an environment of its own if it needs one."""
    folder.mkdir(parents=True, exist_ok=True)  # a folder that base does not have yet
    ours = [tree / name for name in _OURS]
    if (tree / "bench" / "misusebench" / "__init__.py").is_file():
        python, _ = linked(where / "env", ours)
        return Side(base, python, folder, (), "linked packages, its own code", (tree,))
    own = _paths(top, tree, folder)
    if _dependencies(tree) == _dependencies(top):
        return Side(base, sys.executable, folder, own, f"{_SAME}, its folder first", (tree,))
    python, _ = linked(where / "env", [])
    done = subprocess.run(  # noqa: S603 - our own interpreter
        [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", str(tree)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode == 0:
        how = "its own packages, installed by pip"
        return Side(base, python, folder, own, how, (tree, where / "env"))
    last = (done.stderr.strip().splitlines() or ["no message"])[-1]
    how = f"{_SAME}, its folder first, as pip could not install its dependencies ({last[:200]})"
    return Side(base, sys.executable, folder, own, how, (tree,))


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


def _wheel(wheel: Path, where: Path) -> Side:
    """Return the side of a wheel, installed beside the packages of this environment.

    It runs in an empty folder: in the working tree it would find head's modules.
    """
    if not wheel.is_file():
        raise SuiteError(f"--base {wheel}: there is no such file; build one with `python -m build`")
    python, packages = linked(where / "env", [], editable=True)
    own = put(wheel, packages, where / "wheel")
    folder = where / "run"
    folder.mkdir()
    return Side(wheel.name, python, folder, (), "linked packages, the wheel among them", own)


def linked(folder: Path, first: Sequence[Path], *, editable: bool = False) -> tuple[str, Path]:
    """Make an environment whose packages are hard links to this one's.

    Parameters
    ----------
    folder
        Of the environment, new.
    first
        Folders of modules that come before all packages.
    editable
        Whether it also has what is installed here as links to folders of source.

    Returns
    -------
    tuple
        Its interpreter, and the folder of its packages.
    """
    venv.create(folder, with_pip=False, symlinks=True)
    target = folder / "lib" / f"python{sys.version_info.major}.{sys.version_info.minor}"
    target /= "site-packages"
    ours = [Path(sysconfig.get_path(name)) for name in ("purelib", "platlib")]
    without = () if editable else ("__editable__*",)
    for source in dict.fromkeys(ours):
        shutil.copytree(
            source, target, copy_function=_link, symlinks=True, dirs_exist_ok=True,
            ignore=shutil.ignore_patterns(*without),
        )  # fmt: skip
    # a line with a path alone would come after the packages
    text = f"import sys; sys.path[:0] = {[str(one) for one in first]!r}\n"
    (target / "000-base.pth").write_text(text, encoding="utf-8")
    return str(folder / "bin" / "python"), target


def _link(source: str, target: str) -> str:
    """Link a file, or copy it where there can be no link: other disks."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)
    return target
