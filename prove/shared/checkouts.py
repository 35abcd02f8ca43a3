"""Repositories of others, of which a proof takes one commit from a folder of clones."""

from __future__ import annotations

import io
import subprocess
import tarfile
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


class Checkout(NamedTuple):
    """A commit of a public repository."""

    repository: str  # owner/name on GitHub
    commit: str
    paths: tuple[str, ...] = ()  # what is needed of it; nothing: all

    @property
    def folder(self) -> str:
        """Return the sub-folder it is looked for in."""
        return self.repository.partition("/")[2]

    def __str__(self) -> str:
        """Return how a table names it."""
        return f"{self.repository} {self.commit[:12]}"


def missing(wanted: Iterable[Checkout], root: Path | None) -> list[str]:
    """Return a line for each commit that no sub-folder of `root` holds."""
    return [
        f"{one.folder}: {one.repository} at {one.commit} ({why})"
        for one in wanted
        if (why := _why_not(one, root))
    ]


def _why_not(one: Checkout, root: Path | None) -> str:
    if root is None or not (root / one.folder).is_dir():
        return "no such folder"
    found = _git(root / one.folder, "cat-file", "-e", f"{one.commit}^{{commit}}")
    return "" if found.returncode == 0 else "no clone, or one without that commit"


def unpack(one: Checkout, root: Path, into: Path) -> Path:
    """Write the files of a commit as they are in it, whatever is checked out, and return where.

    Raises
    ------
    SystemExit
        If the clone lacks files of the commit.
    """
    found = _git(root / one.folder, "archive", "--format=tar", one.commit, *one.paths)
    if found.returncode:
        raise SystemExit(f"{root / one.folder}: {found.stderr.decode().strip()}")
    target = into / one.folder
    with tarfile.open(fileobj=io.BytesIO(found.stdout)) as archive:
        archive.extractall(target, filter="data")
    return target


def _git(folder: Path, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    command = ["git", "-C", str(folder), *arguments]  # its own folder, no hooks, no network
    return subprocess.run(command, capture_output=True, check=False)
