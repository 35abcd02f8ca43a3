"""A wheel as base: put among linked packages, and run in a folder that holds no code."""

from __future__ import annotations

import os
import shlex
import shutil
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from misusebench.errors import SuiteError
from misusebench.reading import read_text, toml_of

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Folders below NAME-VERSION.data whose content goes among the packages.
_PARTS: Final = ("purelib", "platlib")


def put(wheel: Path, packages: Path, scratch: Path) -> tuple[Path, ...]:
    """Put a wheel among linked packages, in place of what they have of it; return its own paths.

    Nothing is written into a file that is there: it may be the same one as in the environment that
    it was linked from.

    Parameters
    ----------
    wheel
        The archive.
    packages
        A folder of packages.
    scratch
        A new folder.

    Raises
    ------
    SuiteError
        If it is no wheel.
    """
    try:
        with zipfile.ZipFile(wheel) as packed:
            packed.extractall(scratch)  # it keeps to the folder, whatever names it holds
    except (OSError, zipfile.BadZipFile) as error:
        raise SuiteError(f"--base {wheel} is not a wheel: {error}") from error
    data = [one / part for one in scratch.glob("*.data") for part in _PARTS]
    found: list[Path] = []
    for folder in [scratch, *(one for one in data if one.is_dir())]:
        for item in sorted(folder.iterdir()):
            if item.suffix == ".dist-info":
                _forget(packages, item.name.partition("-")[0].lower())
            if item.suffix != ".data":
                found += _put(item, packages)
    return tuple(found)


def _forget(packages: Path, name: str) -> None:
    """Remove what says which version of a package is there."""
    for old in packages.glob("*.dist-info"):
        if old.name.partition("-")[0].lower() == name:
            shutil.rmtree(old)


def _put(item: Path, packages: Path) -> list[Path]:
    """Move a file or a folder among the packages; return what is the wheel's own."""
    target = packages / item.name
    if item.is_dir() and target.is_dir() and not (item / "__init__.py").exists():
        return [path for one in sorted(item.iterdir()) for path in _put(one, target)]  # a namespace
    for old in (target, *packages.glob(f"{item.stem}.*")):
        if old.is_symlink() or (old.is_file() and old.suffix in (".py", ".so", item.suffix)):
            old.unlink()
        elif old == target and old.is_dir():
            shutil.rmtree(old)
    shutil.move(item, target)
    return [target]


def lay_out(suite: str, source: Path, folder: Path) -> None:
    """Copy a suite and the files that it names, but no modules, to where a wheel is run.

    Parameters
    ----------
    suite
        As `gate.toml` names it.
    source
        The folder of `gate.toml`.
    folder
        Where the wheel is run.
    """
    if not suite.endswith(".toml") or not (source / suite).is_file():
        return
    told = toml_of(source / suite, read_text(source / suite))
    for name in [suite, *_files(told)]:
        path = Path(os.path.normpath(name))
        if path.is_absolute() or ".." in path.parts or not (source / path).is_file():
            continue
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source / path, folder / path)


def _files(told: Any) -> Iterator[str]:
    """Yield what in a suite may name a file: texts, and the words of commands."""
    if isinstance(told, dict):
        told = list(told.values())
    if isinstance(told, list):
        for one in told:
            yield from _files(one)
    elif isinstance(told, str) and "\n" not in told:
        if told.startswith("cmd"):
            try:
                yield from shlex.split(told.partition(":")[2])
            except ValueError:
                return  # the suite's reader says so
        elif not told.endswith(".py"):
            yield told
