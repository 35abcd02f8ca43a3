"""Programs that the gate starts and waits for, and how it ends when it is told to."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from misusebench.specs import SEARCH

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from types import FrameType

    from misusebench.gate.speed.environments import Side

#: Of a program that is told to end, seconds to do so.
_END_S: Final = 20.0
#: Until an order to end that was lost is given again, in seconds.
_AGAIN_S: Final = 0.1


class _Told(SystemExit):
    """An order to end."""


@contextmanager
def ended_cleanly() -> Iterator[None]:
    """Let an order to end take the same way as an interruption, so that all is removed.

    What comes while Python runs a finaliser or a callback is ignored there; it is given once more.
    """
    lost = sys.unraisablehook

    def stop(number: int, _: FrameType | None) -> None:
        raise _Told(128 + number)

    def again(told: sys.UnraisableHookArgs) -> None:
        if isinstance(told.exc_value, _Told):
            order = (os.getpid(), signal.SIGTERM)
            threading.Timer(_AGAIN_S, os.kill, order).start()
        else:
            lost(told)

    before, sys.unraisablehook = signal.signal(signal.SIGTERM, stop), again
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
        sys.unraisablehook = lost


def ended(words: Sequence[str], side: Side) -> tuple[int, str]:
    """Run a bench of a side to its end; return its exit code and what it said.

    Nothing beside `gate.toml` and in the repository is imported into it: only the workers in which
    it shuts components in look there. If this process is to end, it ends first.
    """
    outer = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "PYTHONSAFEPATH")}
    with subprocess.Popen(  # noqa: S603 - our own module
        words, cwd=side.folder, env={**outer, SEARCH: os.pathsep.join(side.paths)},
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        try:
            _, said = process.communicate()
        except BaseException:
            process.send_signal(signal.SIGINT)  # it removes what it made
            try:
                process.communicate(timeout=_END_S)
            except subprocess.TimeoutExpired:
                process.kill()
            raise
    return process.returncode, said
