"""Pages that tests read: files to be written, commands to be run, links to be followed."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

_FENCE = re.compile(r"^```(\w+)(?: ([\w./-]+))?\n(.*?)^```", re.DOTALL | re.MULTILINE)
_LINK = re.compile(r"\]\((?!https?://)([^)#]*)(?:#([^)]+))?\)")
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)


class Block(NamedTuple):
    """A fenced block; ``` ```python mine.py ``` is a file of that name."""

    language: str
    name: str
    text: str

    @property
    def commands(self) -> list[list[str]]:
        """The words of each `$` line of a console block."""
        if self.language != "console":
            return []
        return [shlex.split(line) for line in re.findall(r"^\$ (.*)$", self.text, re.MULTILINE)]


def blocks(page: Path, names: Mapping[str, str] | None = None) -> list[Block]:
    """Return the fenced blocks of a page; `names` has files of languages whose blocks name none."""
    found = _FENCE.findall(page.read_text(encoding="utf-8"))
    return [Block(lang, name or (names or {}).get(lang, ""), text) for lang, name, text in found]


def play(
    found: list[Block], folder: Path, run: Callable[[list[str]], None],
    leave: Callable[[list[str]], bool] = lambda _: False,
) -> int:  # fmt: skip
    """Write the files and run the commands in the order of the page; return how many ran.

    Parameters
    ----------
    found
        The blocks.
    folder
        Where files go.
    run
        Runs the words behind `misusebench`, and fails if that does.
    leave
        Which commands not to run.
    """
    ran = 0
    for block in found:
        if block.name:
            (folder / block.name).write_text(block.text, encoding="utf-8")
        for words in block.commands:
            assert words[0] == "misusebench"
            if not leave(words):
                run(words[1:])
                ran += 1
    return ran


def dead_links(page: Path) -> list[str]:
    """Return the relative links of a page that lead nowhere, headings included."""
    dead = []
    for path, heading in _LINK.findall(page.read_text(encoding="utf-8")):
        target = page.parent / path if path else page
        if not target.exists() or (heading and heading not in _anchors(target)):
            dead.append(f"{path}#{heading}" if heading else path)
    return dead


def links(page: Path) -> list[str]:
    """Return the relative links of a page."""
    return [path for path, _ in _LINK.findall(page.read_text(encoding="utf-8"))]


def _anchors(page: Path) -> set[str]:
    """Return the names that a forge gives to the headings of a page."""
    words = _HEADING.findall(page.read_text(encoding="utf-8"))
    return {re.sub(r"[^\w\- ]", "", one).strip().lower().replace(" ", "-") for one in words}


def reachable(folder: Path) -> None:
    """Let a component, which runs under another user, reach a folder of a test."""
    folder.chmod(0o755)
    for parent in folder.parents:
        if parent.name.startswith("pytest-"):
            parent.chmod(0o755)
