"""Memory, number and end of a worker's tree of processes."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

import psutil

if TYPE_CHECKING:
    from collections.abc import Callable

_GONE_S: Final = 10.0


def use_of(pid: int) -> tuple[float, int]:
    """Return the resident memory of a process and all below it, MiB, and how many they are."""
    tree = [*_below(pid)]
    with contextlib.suppress(psutil.Error):
        tree.append(psutil.Process(pid))
    total = 0
    for process in tree:
        with contextlib.suppress(psutil.Error):
            total += process.memory_info().rss
    return total / 2**20, len(tree)


def held_mb(pid: int) -> float:
    """Return the memory of a process and all below it, MiB, with shared pages counted once.

    Slower than `use_of`, which counts a page as often as there are forks that share it.
    """
    total = 0.0
    for one in [pid, *(child.pid for child in _below(pid))]:
        with contextlib.suppress(OSError, ValueError):
            text = Path(f"/proc/{one}/smaps_rollup").read_text(encoding="ascii")
            total += int(text.partition("\nPss:")[2].split()[0]) / 1024
    return total


def _below(pid: int) -> list[psutil.Process]:
    found: list[psutil.Process] = []
    with contextlib.suppress(psutil.Error):
        found = psutil.Process(pid).children(recursive=True)
    return found


def end(process: subprocess.Popen[bytes]) -> None:
    """End the process, its descendants and its process group, and wait until they are gone.

    All are stopped before any is killed, until no new one is found: who forks faster than others
    are killed would never be caught up with. The launcher ends by itself once its child has, and
    takes those along that cut loose.
    """
    until = time.monotonic() + _GONE_S
    stopped: set[psutil.Process] = set()
    while (fresh := set(_below(process.pid)) - stopped) and time.monotonic() < until:
        _each(fresh, lambda one: one.suspend())
        stopped |= fresh
    _each(stopped, lambda one: one.kill())
    if stopped:
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_GONE_S)
    if process.poll() is None:
        _each(set(_below(process.pid)), lambda one: one.kill())
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _each(found: set[psutil.Process], do: Callable[[psutil.Process], None]) -> None:
    for one in found:
        with contextlib.suppress(psutil.Error):
            do(one)


def ending(code: int) -> str:
    """Return an exit code in words; the launcher reports a signal as 128 + its number."""
    number = -code if code < 0 else code - 128
    with contextlib.suppress(ValueError):
        return f"signal {signal.Signals(number).name}"
    return f"exit code {code}"


def last_line(text: str) -> str:
    """Return the last line of `text` that is not blank."""
    return next((line for line in reversed(text.splitlines()) if line.strip()), "")
