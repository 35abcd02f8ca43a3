"""A component's own code, copied apart, so that a worker need not read the folder it lies in.

What lies beside a component is not the component's to read: data sets, runs, exports. Its module
goes along with the Python files and packages beside it that it may import; other files go along
only where they lie in the module's own package (the weights of a model, say).
"""

from __future__ import annotations

import importlib.machinery
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Final

from misusebench.errors import IsolationError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

#: What marks a folder that is never taken along, wherever it lies.
_NOT_CODE: Final = ("manifest.json", "run.json")
_MOST_BYTES: Final = 512 * 2**20


def stage(module: str, search: Sequence[str], into: str | Path) -> list[str]:
    """Copy the code of a component and return the folders to import it from.

    Parameters
    ----------
    module
        Dotted name, for instance ``mine.detectors``.
    search
        Folders in which it may lie; the first that has it is taken.
    into
        An empty folder.

    Returns
    -------
    list
        ``[into]``, or nothing if the module is an installed one.

    Raises
    ------
    IsolationError
        If the code is larger than 512 MiB: such a package does not belong beside a detector.
    """
    top, target, left = module.partition(".")[0], Path(into), _MOST_BYTES
    folder = next((Path(f) for f in search if _has(top, f)), None)
    if folder is None:
        return []
    for path in _code(folder, top):
        left -= path.stat().st_size
        if left < 0:
            raise IsolationError(
                f"the code of {module} and beside it in {folder} is larger than "
                f"{_MOST_BYTES >> 20} MiB; give it a folder of its own"
            )
        copy = target / path.relative_to(folder)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, copy)
    for path in [target, *target.rglob("*")]:  # the worker runs under another account
        path.chmod(0o755 if path.is_dir() else 0o644)
    return [str(target)]


def stage_files(files: Sequence[str], into: str | Path) -> dict[str, str]:
    """Copy the files of a command, each into a folder of its own; return where each went.

    Raises
    ------
    IsolationError
        If one cannot be read.
    """
    copies = {}
    for nth, name in enumerate(dict.fromkeys(files)):
        copy = Path(into) / f"file-{nth}" / Path(name).name
        try:
            copy.parent.mkdir(mode=0o755)
            shutil.copyfile(name, copy)
        except OSError as error:
            raise IsolationError(f"{name} cannot be read: {error.strerror}") from error
        copy.chmod(0o755 if os.access(name, os.X_OK) else 0o644)
        copies[name] = str(copy)
    if copies:
        Path(into).chmod(0o755)  # the worker runs under another account
    return copies


def _has(top: str, folder: str) -> bool:
    return importlib.machinery.PathFinder.find_spec(top, [folder]) is not None


def _code(folder: Path, top: str) -> Iterator[Path]:
    """Return the files to take along."""
    for path in sorted(folder.iterdir()):
        if path.is_file() and _is_code(path):
            yield path
        elif path.is_dir() and path.name == top:
            yield from _files(path, everything=True)
        elif (path / "__init__.py").is_file():
            yield from _files(path, everything=False)


def _files(folder: Path, *, everything: bool) -> Iterator[Path]:
    """Return the files of a package; data sets and runs inside it stay where they are."""
    if any((folder / name).exists() for name in _NOT_CODE):
        return
    for path in sorted(folder.iterdir()):
        if path.is_dir() and not path.is_symlink() and path.name != "__pycache__":
            yield from _files(path, everything=everything)
        elif path.is_file() and (everything or _is_code(path)):
            yield path


def _is_code(path: Path) -> bool:
    endings = (*importlib.machinery.SOURCE_SUFFIXES, *importlib.machinery.EXTENSION_SUFFIXES)
    return path.name.endswith(endings)
