"""Memory and end of a worker's tree of processes."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from typing import Final

import psutil

_GONE_S: Final = 10.0


def resident_mb(pid: int) -> float:
    """Return the resident memory of a process and all below it, MiB."""
    try:
        first = psutil.Process(pid)
        tree = [first, *first.children(recursive=True)]
    except psutil.Error:
        return 0.0
    total = 0
    for process in tree:
        with contextlib.suppress(psutil.Error):
            total += process.memory_info().rss
    return total / 2**20


def end(process: subprocess.Popen[bytes]) -> None:
    """End the process, its descendants and its process group, and wait until they are gone."""
    descendants: list[psutil.Process] = []
    with contextlib.suppress(psutil.Error):
        descendants = psutil.Process(process.pid).children(recursive=True)
    for child in descendants:
        with contextlib.suppress(psutil.Error):
            child.kill()
    if descendants:  # the launcher ends when its child has, and all of its pid namespace with it
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_GONE_S)
    if process.poll() is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def ending(code: int) -> str:
    """Return an exit code in words; the launcher reports a signal as 128 + its number."""
    number = -code if code < 0 else code - 128
    with contextlib.suppress(ValueError):
        return f"signal {signal.Signals(number).name}"
    return f"exit code {code}"


def last_line(text: str) -> str:
    """Return the last line of `text` that is not blank."""
    return next((line for line in reversed(text.splitlines()) if line.strip()), "")
