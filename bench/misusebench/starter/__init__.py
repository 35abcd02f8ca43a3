"""What `misusebench init` writes: a world, a suite, a gate, a detector to begin with."""

from __future__ import annotations

import shlex
from functools import partial
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from misusebench.errors import SuiteError
from misusebench.result import make_folder, write_atomically

if TYPE_CHECKING:
    from rich.text import Text

#: Where each file goes, and which of this package it is; those whose names would mean something
#: here (to Python, to git, to a forge) have others.
FILES: Final = {
    "README.md": "README.md",
    "world.toml": "world.toml",
    "suite.toml": "suite.toml",
    "gate.toml": "gate.toml",
    "detector.py": "detector.py.in",
    ".gitignore": "gitignore",
    ".github/workflows/misusebench.yml": "workflow.yml",
}
#: What a repository mostly has already; it stays as it is.
KEPT: Final = ("README.md", ".gitignore")
#: What to do next, in the folder.
NEXT: Final = (
    "misusebench simulate world.toml -o data",
    "misusebench check detector:Mine",
    "misusebench bench data --suite suite.toml -o run",
    "misusebench report run -o report.html",
)


def start(folder: Path) -> dict[str, Any]:
    """Write the starter project into a folder; all of it or nothing.

    Returns
    -------
    dict
        ``folder``, ``files`` that were written (relative to it), ``kept`` (those that a repository
        mostly has: they stay as they are) and ``next`` (commands to be run in it).

    Raises
    ------
    SuiteError
        If another of the files is there already, or the folder cannot be made.
    """
    if folder.exists() and not folder.is_dir():
        raise SuiteError(f"{folder} is a file; name a new folder")
    there = [name for name in map(partial(_in_the_way, folder), FILES) if name]
    kept = [name for name in there if name in KEPT]
    if there := [name for name in there if name not in KEPT]:
        where = "this folder" if folder == Path() else folder
        raise SuiteError(
            f"{where} has {', '.join(there)} already, and nothing was written; move them away, or "
            "name another folder: misusebench init DIR"
        )
    make_folder(folder)
    files = [name for name in FILES if name not in kept]
    try:
        for name in files:
            text = resources.files(__package__).joinpath(FILES[name]).read_bytes()
            write_atomically(folder / name, text)
    except BaseException:
        for name in files:
            (folder / name).unlink(missing_ok=True)
        raise
    return {"folder": str(folder), "files": files, "kept": kept, "next": list(NEXT)}


def _in_the_way(folder: Path, name: str) -> str:
    """Return what is where a file would go, or where a folder of its would; "" if nothing is."""
    path = folder / name
    if path.exists() or path.is_symlink():
        return name
    above = (one for one in path.parents if one.is_relative_to(folder) and one != folder)
    blocked = [one for one in above if (one.exists() or one.is_symlink()) and not one.is_dir()]
    return str(blocked[-1].relative_to(folder)) if blocked else ""


def render(found: dict[str, Any]) -> Text:
    """Return what was written and what to do next, for a terminal."""
    from rich.text import Text  # noqa: PLC0415 - only terminals need it

    folder = found["folder"]
    enter = [] if folder == "." else [f"cd {shlex.quote(folder)}"]
    wrote = f"{folder}: {', '.join(found['files'])}"
    kept = [f"{name} was there and stays as it is" for name in found["kept"]]
    commands = [f"  {command}" for command in [*enter, *found["next"]]]
    return Text("\n".join([wrote, *kept, "", "next:", *commands]))
