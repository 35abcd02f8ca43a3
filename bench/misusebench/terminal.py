"""What a command says: data to stdout (text or JSON), progress to stderr, nothing when quiet."""

from __future__ import annotations

import datetime as dt
import json
import os
import sys
import time
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.console import RenderableType

    from misusesim.shards import Progress

#: Version of the shape of what `--json` prints.
JSON_SCHEMA_VERSION: Final = "1"
#: Width of text that goes into a file or a pipe.
_PIPE_WIDTH: Final = 120
#: So many seconds pass before anything is said of those left.
_GUESS_AFTER: Final = 5
_MINUTE: Final = 60


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
        sys.stdout.write(envelope(command, data) + "\n")
        return
    from rich.console import Console  # noqa: PLC0415 - only text needs it

    # file given at the call: tests and pipes replace sys.stdout
    console = Console(file=sys.stdout, width=None if sys.stdout.isatty() else _PIPE_WIDTH)
    made = text(data)
    console.print(harmless(made) if isinstance(made, str) else made, highlight=False)


def envelope(command: str, data: Any) -> str:
    """Return what `--json` prints; `schemas/` has the schema of each command's."""
    answer = {"schema_version": JSON_SCHEMA_VERSION, "command": command, "data": data}
    return json.dumps(answer, indent=1, default=_plain, allow_nan=False)


def say(message: str, *, quiet: bool = False) -> None:
    """Print a message to stderr."""
    if not quiet:
        sys.stderr.write(harmless(message) + "\n")


def harmless(text: str) -> str:
    r"""Return text that cannot steer a terminal: names and messages may come from anywhere.

    Examples
    --------
    >>> harmless("a\x1b[2Jb\n\tc") == "a\ufffd[2Jb\n\tc"
    True
    """
    return "".join(c if c.isprintable() or c in "\n\t" else "\ufffd" for c in text)


def progress_line(*, quiet: bool) -> Callable[[Progress], None] | None:
    """Return what shows how far a run is: one line that is overwritten, or a few plain ones.

    Plain lines go to files and pipes, to a terminal that can do no more, and to the log of a CI
    job, even where that claims to be a terminal.
    """
    if quiet:
        return None
    plain = os.environ.get("CI") or os.environ.get("TERM") == "dumb" or not sys.stderr.isatty()
    return _Plain() if plain else _Overwritten()


class Pace:
    """Says after each finished piece of work how many there are and how long the rest may take."""

    def __init__(self, total: int) -> None:
        self._total, self._done, self._began = total, 0, time.monotonic()

    def step(self) -> str:
        """Return the words for one more finished piece.

        Examples
        --------
        >>> pace = Pace(3)
        >>> pace.step(), pace.step()
        ('1 of 3', '2 of 3')
        """
        self._done += 1
        said, passed = f"{self._done} of {self._total}", time.monotonic() - self._began
        if passed < _GUESS_AFTER or self._done >= self._total:
            return said
        return f"{said}, {_duration(passed / self._done * (self._total - self._done))} left"


def timed(tell: Callable[[str], None]) -> Callable[[str], None]:
    """Return what tells steps of unlike length, with the time that has passed."""
    began = time.monotonic()

    def told(line: str) -> None:
        passed = time.monotonic() - began
        tell(f"{line} (after {_duration(passed)})" if passed >= _GUESS_AFTER else line)

    return told


class _Line:
    """Words of how far a run is, and how long the rest may take."""

    def __init__(self) -> None:
        self._began: tuple[float, int] | None = None  # when, and how many parts were there

    def words(self, now: Progress) -> str:
        """Return the line."""
        said = f"{now.done:,} of {now.total:,} parts, {now.rows:,} queries"
        if self._began is None:
            self._began = time.monotonic(), now.done
        passed, done = time.monotonic() - self._began[0], now.done - self._began[1]
        if passed < _GUESS_AFTER or not done or now.done == now.total:
            return said
        return f"{said}, {_duration(passed / done * (now.total - now.done))} left"


def _duration(seconds: float) -> str:
    """Return a guessed time in words.

    Examples
    --------
    >>> _duration(41.3), _duration(150)
    ('about 41 s', 'about 2.5 min')
    """
    if seconds < _MINUTE:
        return f"about {seconds:.0f} s"
    return f"about {seconds / _MINUTE:.1f} min"


class _Overwritten(_Line):
    """Shows one line, over and over."""

    def __init__(self) -> None:
        super().__init__()
        self._width = 0

    def __call__(self, now: Progress) -> None:
        said = self.words(now)
        end = "\n" if now.done == now.total else ""
        sys.stderr.write(f"\r{said:{self._width}}{end}")  # over all of the one before
        sys.stderr.flush()
        self._width = len(said)


class _Plain(_Line):
    """Says a line at the start and at every tenth of the work."""

    def __init__(self) -> None:
        super().__init__()
        self._said = -1

    def __call__(self, now: Progress) -> None:
        said, tenth = self.words(now), now.done * 10 // max(now.total, 1)
        if tenth > self._said:
            self._said = tenth
            say(said)


def _plain(value: Any) -> Any:
    """Return a value that JSON does not know as one that it does."""
    if isinstance(value, (dt.date, dt.datetime)):
        return value.isoformat()
    if isinstance(value, bytes):
        return value.hex()
    raise TypeError(f"no JSON for {type(value).__name__}")
