"""Memory of a process and of all below it, seen from outside."""

from __future__ import annotations

import contextlib

import psutil


def resident(pid: int) -> list[int]:
    """Return the resident bytes of a process and of all below it; those just ended are left out.

    Memory that processes share counts in each of them.
    """
    found, tree = [0], []
    with contextlib.suppress(psutil.NoSuchProcess):
        tree = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
    for process in tree:
        with contextlib.suppress(psutil.NoSuchProcess):
            found.append(process.memory_info().rss)
    return found
