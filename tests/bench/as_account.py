"""Runs Python under another account, though the interpreter lies where only root can enter.

``python tests/bench/as_account.py UID WORDS...``: UID 0 stays root, yet lets other accounts in.
"""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path

from misusebench.confinement import interpreter
from misusebench.own_root import NEWNS
from misusebench.syscalls import check, libc, mount

_NOSUID, _BIND, _REC, _PRIVATE = 2, 4096, 16384, 1 << 18


def let_in(paths: list[str]) -> None:
    """Cover folders that are closed to others by ones that hold nothing but these paths."""
    check(libc().unshare(NEWNS), "unshare")
    mount("none", "/", None, _REC | _PRIVATE)
    for path in sorted({Path(p).resolve() for p in paths}):
        closed = next((f for f in [*reversed(path.parents), path] if _is_closed(f)), None)
        if closed is None:
            continue
        handle = os.open(path, os.O_PATH)
        mount("none", str(closed), "tmpfs", _NOSUID, "mode=755,size=1m")
        path.mkdir(parents=True, exist_ok=True)
        mount(f"/proc/self/fd/{handle}", str(path), None, _BIND | _REC)
        os.close(handle)


def _is_closed(folder: Path) -> bool:
    return not folder.stat().st_mode & stat.S_IXOTH


def main(uid: int, *words: str) -> None:
    """Become the account and go on with the words."""
    let_in(interpreter())
    if uid:
        os.setgroups([])
        os.setresgid(uid, uid, uid)
        os.setresuid(uid, uid, uid)
        os.environ["HOME"] = "/tmp"
    os.execv(sys.executable, [sys.executable, "-B", *words])


if __name__ == "__main__":
    main(int(sys.argv[1]), *sys.argv[2:])
