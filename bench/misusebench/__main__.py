"""The command's outer function: maps every way to end to an exit code (DESIGN.md 4.5).

Typer alone would let an uncaught exception exit with 1, which reads as a regression.
"""

from __future__ import annotations

import os
import select
import sys
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

STDOUT: Final = 1
BUG: Final = 70
INTERRUPTED: Final = 130
#: The reader of stdout went away: as the shell counts it, never a pass and never a regression.
PIPE_CLOSED: Final = 141


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    debug = "--debug" in given
    if given == ["--version"]:
        return guarded(_version, debug=debug)
    rest = [text for text in given if text != "--debug"]
    return guarded(lambda: _run(rest), debug=debug)


def _version() -> None:
    from importlib.metadata import version  # noqa: PLC0415 - nothing else is needed here

    print(f"misusebench {version('misusebench')}")  # noqa: T201 - this is the answer


def _run(arguments: list[str]) -> None:
    from misusebench import completing  # noqa: PLC0415 - inside the guard
    from misusebench.cli import app  # noqa: PLC0415

    if completing.wanted():
        completing.answer(app)
    app(args=arguments, prog_name="misusebench")


def guarded(work: Callable[[], None], *, debug: bool) -> int:
    """Do the work and return the exit code that goes with how it ended."""
    try:
        try:
            work()
        except SystemExit as stop:
            code = _meant(stop)
        else:
            code = 0
        sys.stdout.flush()
    except KeyboardInterrupt:
        code = INTERRUPTED
    except Exception as error:  # noqa: BLE001 - the last place that can give it a code
        code = PIPE_CLOSED if _reader_is_gone(error) else _failed(error, debug=debug)
    if code == INTERRUPTED:
        _say("interrupted; run the same command again: it goes on where it stopped, or begins anew")
    elif code == PIPE_CLOSED:
        # the interpreter flushes once more at its end, and would complain
        os.dup2(os.open(os.devnull, os.O_WRONLY), STDOUT)
    return code


def _meant(stop: SystemExit) -> int:
    """Return the code of an exit, or raise what typer made a plain 1 of."""
    behind = stop.__context__
    while behind is not None:
        if isinstance(behind, (BrokenPipeError, EOFError)):
            raise behind
        behind = behind.__context__
    if isinstance(stop.code, str):
        raise RuntimeError(stop.code)  # noqa: TRY004 - an exit with a text is a bug of ours
    return int(stop.code or 0)


def _reader_is_gone(error: Exception) -> bool:
    """Tell whether nobody reads stdout any more; other pipes break too."""
    if not isinstance(error, BrokenPipeError):
        return False
    poll = select.poll()
    poll.register(STDOUT, 0)
    return any(event & select.POLLERR for _, event in poll.poll(0))


def _failed(error: Exception, *, debug: bool) -> int:
    """Tell the user what went wrong and return the exit code."""
    from misusebench.errors import BenchError  # noqa: PLC0415 - only failures need them
    from misusesim.errors import SimulatorError  # noqa: PLC0415

    if debug:
        import traceback  # noqa: PLC0415

        traceback.print_exception(error)
    if isinstance(error, (BenchError, SimulatorError)):
        _say(str(error))
        return error.exit_code
    what = str(error) or "no message"
    _say(f"misusebench failed, which is our bug: {type(error).__name__}: {what}")
    if not debug:
        _say("run it again with --debug for the traceback")
    return BUG


def _say(text: str) -> None:
    from misusebench.terminal import harmless  # noqa: PLC0415 - only failures need it

    print(harmless(text), file=sys.stderr)  # noqa: T201 - messages go to stderr


if __name__ == "__main__":
    sys.exit(main())
