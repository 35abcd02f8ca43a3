"""What a command says: data to stdout (text or JSON), progress to stderr, nothing when quiet."""

from __future__ import annotations

import datetime as dt
import json
import sys
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.console import RenderableType

    from misusesim.shards import Progress

#: Version of the shape of what `--json` prints.
JSON_SCHEMA_VERSION: Final = "1"
#: Width of text that goes into a file or a pipe.
_PIPE_WIDTH: Final = 120


def show(command: str, data: Any, text: Callable[[Any], RenderableType], *, as_json: bool) -> None:
    """Print what a command found.

    Parameters
    ----------
    command
        Name of the command; goes into the JSON.
    data
        What was found, plain values only.
    text
        Makes it readable for a terminal; not called for JSON.
    as_json
        Print one JSON object ``{"schema_version", "command", "data"}`` instead.
    """
    if as_json:
        answer = {"schema_version": JSON_SCHEMA_VERSION, "command": command, "data": data}
        sys.stdout.write(json.dumps(answer, indent=1, default=_plain, allow_nan=False) + "\n")
        return
    from rich.console import Console  # noqa: PLC0415 - only text needs it

    # file given at the call: tests and pipes replace sys.stdout
    console = Console(file=sys.stdout, width=None if sys.stdout.isatty() else _PIPE_WIDTH)
    console.print(text(data), highlight=False)


def say(message: str, *, quiet: bool = False) -> None:
    """Print a message to stderr."""
    if not quiet:
        sys.stderr.write(message + "\n")


def progress_line(*, quiet: bool) -> Callable[[Progress], None] | None:
    """Return what shows how far a run is: one line that is overwritten, or a few plain ones."""
    if quiet:
        return None
    if sys.stderr.isatty():
        return _overwrite
    return _Plain()


def _overwrite(now: Progress) -> None:
    end = "\n" if now.done == now.total else ""
    sys.stderr.write(f"\r{now.done:,} of {now.total:,} parts, {now.rows:,} queries{end}")
    sys.stderr.flush()


class _Plain:
    """Says a line at the start and at every tenth of the work."""

    def __init__(self) -> None:
        self._said = -1

    def __call__(self, now: Progress) -> None:
        tenth = now.done * 10 // max(now.total, 1)
        if tenth > self._said:
            self._said = tenth
            say(f"{now.done:,} of {now.total:,} parts, {now.rows:,} queries")


def _plain(value: Any) -> Any:
    """Return a value that JSON does not know as one that it does."""
    if isinstance(value, (dt.date, dt.datetime)):
        return value.isoformat()
    if isinstance(value, bytes):
        return value.hex()
    raise TypeError(f"no JSON for {type(value).__name__}")
