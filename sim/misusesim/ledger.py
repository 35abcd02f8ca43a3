"""The ledger of a run: one JSON line per finished task, so that a killed run goes on.

A task is finished if its line is there and every file it names still has the hash it names.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from misusesim.dataset.layout import WORK
from misusesim.dataset.writer import Entry, sha256_of

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Done:
    """A finished task: what it wrote and what it counted."""

    task: str
    files: tuple[Entry, ...]
    tally: dict[str, Any]

    @property
    def written(self) -> int:
        """Rows of the log written by this task."""
        return int(self.tally.get("rows", {}).get("written", 0))


class Ledger:
    """Append-only, flushed after every line."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._path = root / WORK / "ledger.jsonl"

    def finished(self) -> dict[str, Done]:
        """Return the tasks that are finished; torn lines and changed files do not count."""
        if not self._path.exists():
            return {}
        lines = self._path.read_bytes().split(b"\n")
        found = {done.task: done for line in lines if (done := _parse(line)) is not None}
        return {task: done for task, done in found.items() if self._intact(done)}

    def _intact(self, done: Done) -> bool:
        """Tell whether every file of a task is still there, byte for byte."""
        for entry in done.files:
            path = self._root / entry.path
            if not path.is_file() or path.stat().st_size != entry.bytes:
                return False
            if sha256_of(path) != entry.sha256:
                return False
        return True

    def append(self, done: Done) -> None:
        """Enter a finished task; a torn line before it stays torn, on a line of its own."""
        line = {
            "task": done.task,
            "files": [entry.as_dict() for entry in done.files],
            "tally": done.tally,
        }
        with self._path.open("ab") as file:
            if file.tell() and not self._ends_whole():
                file.write(b"\n")
            file.write(json.dumps(line, sort_keys=True).encode() + b"\n")

    def _ends_whole(self) -> bool:
        with self._path.open("rb") as file:
            file.seek(-1, 2)
            return file.read(1) == b"\n"


def _parse(line: bytes) -> Done | None:
    try:
        entry = json.loads(line)
        files = tuple(_entry(f) for f in entry["files"])
        return Done(entry["task"], files, entry["tally"])
    except (ValueError, KeyError, TypeError):
        return None


def _entry(file: dict[str, Any]) -> Entry:
    spans: dict[str, Any] = {
        name: tuple(file[name]) for name in ("time", "received_at") if name in file
    }
    return Entry(**{**file, **spans})
