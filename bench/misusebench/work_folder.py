"""The folder in which a worker may write: how much lies in it, and its end."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from pathlib import Path


def size_mb(folder: str, most: float) -> float:
    """Return the room that files take, MiB; no more is counted beyond `most`."""
    waiting, total = [folder], 0
    while waiting and total <= most * 2**20:
        with contextlib.suppress(OSError), os.scandir(waiting.pop()) as entries:
            for entry in entries:
                with contextlib.suppress(OSError):
                    total += 512 * entry.stat(follow_symlinks=False).st_blocks
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(entry.path)
    return total / 2**20


def remove(folder: str) -> None:
    """Remove a folder, whatever a component has put there: closed folders, or a thousand levels."""
    with contextlib.suppress(RecursionError):
        shutil.rmtree(folder, ignore_errors=True)
    if not Path(folder).exists():
        return
    for command in (["chmod", "-R", "u+rwX"], ["rm", "-rf"]):  # they need no recursion
        with contextlib.suppress(OSError):
            subprocess.run(  # noqa: S603 - a folder that we made
                [*command, "--", folder], check=False, stderr=subprocess.DEVNULL
            )
