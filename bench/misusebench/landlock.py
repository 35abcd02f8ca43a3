"""Landlock: which files a process may open, and whom it may reach (``landlock(7)``)."""

from __future__ import annotations

import ctypes
import os
import struct
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from misusebench.syscalls import check, libc

if TYPE_CHECKING:
    from collections.abc import Iterable

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446  # the same number on every CPU
_FILE_RIGHTS: Final = 1 << 0 | 1 << 1 | 1 << 2 | 1 << 14 | 1 << 15
_READ: Final = 1 << 0 | 1 << 2 | 1 << 3  # execute, read file, read directory
#: Since which ABI the kernel can refuse TCP, and signals and abstract sockets.
TCP_ABI, SCOPE_ABI = 4, 6


def landlock_abi() -> int:
    """Return the kernel's Landlock ABI, 0 where it has none."""
    if sys.platform != "linux":
        return 0
    version = libc().syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), ctypes.c_uint32(1))
    return max(0, int(version))


def restrict(read: Iterable[str], work: str) -> None:
    """Let this process read `read`, write to `work` and to nothing else, and reach nobody.

    Raises
    ------
    OSError
        If the kernel has no Landlock.
    """
    abi = landlock_abi()
    if not abi:
        raise OSError(0, "the kernel has no Landlock")
    rights = (1 << 13) - 1
    for since, bit in ((2, 13), (3, 14), (5, 15)):
        rights |= (1 << bit) if abi >= since else 0
    network, scopes = (3 if abi >= TCP_ABI else 0), (3 if abi >= SCOPE_ABI else 0)
    size = 24 if abi >= SCOPE_ABI else 16 if abi >= TCP_ABI else 8
    attributes = struct.pack("QQQ", rights, network, scopes)
    ruleset = check(
        libc().syscall(_CREATE_RULESET, attributes, ctypes.c_size_t(size), ctypes.c_uint32(0)),
        "landlock_create_ruleset",
    )
    for path in read:
        _grant(ruleset, path, _READ & rights)
    _grant(ruleset, "/dev/null", (1 << 1 | 1 << 2) & rights)
    _grant(ruleset, work, rights)
    done: Any = libc().syscall(_RESTRICT_SELF, ruleset, ctypes.c_uint32(0))
    check(done, "landlock_restrict_self")
    os.close(ruleset)


def _grant(ruleset: int, path: str, rights: int) -> None:
    try:
        handle = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:  # not on this machine
        return
    if not Path(path).is_dir():
        rights &= _FILE_RIGHTS
    rule = struct.pack("=Qi", rights, handle)
    check(
        libc().syscall(_ADD_RULE, ruleset, ctypes.c_int(1), rule, ctypes.c_uint32(0)),
        f"landlock_add_rule {path}",
    )
    os.close(handle)
