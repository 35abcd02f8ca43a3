"""A root of its own for a worker: only what it may read exists, read only, and its own folder.

Facts of the mechanisms: ``mount_namespaces(7)``, ``user_namespaces(7)``, ``pivot_root(2)``,
``mount_setattr(2)``.
"""

from __future__ import annotations

import ctypes
import os
import struct
from pathlib import Path
from typing import TYPE_CHECKING, Final

from misusebench.syscalls import check, libc, mount

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

NEWNS, NEWUSER, NEWIPC, NEWPID, NEWNET = (
    0x0002_0000, 0x1000_0000, 0x0800_0000, 0x2000_0000, 0x4000_0000,
)  # fmt: skip
_RDONLY, _NOSUID, _NODEV, _NOEXEC, _BIND, _REC, _PRIVATE = (
    1, 2, 4, 8, 4096, 16384, 1 << 18,
)  # fmt: skip
_MOUNT_SETATTR, _RECURSIVE = 442, 0x8000
DETACH: Final = 2
_DEVICES: Final = ("/dev/null", "/dev/urandom", "/dev/zero")


def leave(*, root: bool) -> None:
    """Leave the machine's mounts, network, IPC and, for children, process ids.

    Raises
    ------
    OSError
        If the machine does not let this account.
    """
    uid, gid = os.geteuid(), os.getegid()
    flags = NEWNS | NEWNET | NEWIPC | NEWPID | (0 if root else NEWUSER)
    check(libc().unshare(flags), "unshare")
    if not root:
        Path("/proc/self/setgroups").write_text("deny", encoding="ascii")
        Path("/proc/self/uid_map").write_text(f"{uid} {uid} 1", encoding="ascii")
        Path("/proc/self/gid_map").write_text(f"{gid} {gid} 1", encoding="ascii")
    mount("none", "/", None, _REC | _PRIVATE)


def enter(read: Sequence[str], hide: Sequence[str], work: str, room: str) -> bool:
    """Make the new root and enter it; return whether the list of processes is its own too.

    Parameters
    ----------
    read
        Files and folders that exist in it.
    hide
        Folders below those that are covered by empty ones.
    work
        The folder that can be written to.
    room
        Options of the file system there: size, owner.

    Raises
    ------
    OSError
        If the kernel refuses; it knows ``mount_setattr`` since 5.12.
    """
    mount("none", work, "tmpfs", _NOSUID | _NODEV, "mode=755,size=4m")  # out of everyone's way
    shown = _show(work, [*read, *_DEVICES])
    own = _processes(work)
    for folder in hide:
        if any(Path(folder).is_relative_to(path) for path in shown) and Path(folder).is_dir():
            empty = _NOSUID | _NODEV | _RDONLY
            mount("none", work + folder, "tmpfs", empty, "mode=000,size=4k")
    Path(work + work).mkdir(parents=True, exist_ok=True)
    _make_read_only(work)
    mount("none", work + work, "tmpfs", _NOSUID | _NODEV, room)
    os.chdir(work)
    check(libc().pivot_root(b".", b"."), "pivot_root")
    check(libc().umount2(b".", DETACH), "umount2")  # the old root, which lay on top
    os.chdir("/")
    return own


def _show(root: str, paths: Iterable[str]) -> list[Path]:
    """Bind paths that exist below `root`; return those that were bound."""
    bound: list[Path] = []
    wanted = (path for path in paths if Path(path).exists() and not path.startswith("/proc/"))
    places = {Path(_linked(root, path)) for path in wanted}
    for path in sorted(places, key=lambda place: len(place.parts)):
        if any(path.is_relative_to(above) for above in bound):
            continue
        target = Path(f"{root}{path}")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.mkdir(exist_ok=True) if path.is_dir() else target.touch()
        mount(str(path), str(target), None, _BIND | _REC)
        bound.append(path)
    return bound


def _linked(root: str, path: str) -> str:
    """Make the symbolic links on the way to `path` below `root` too; return where it really is."""
    here, left = "/", [part for part in path.split("/") if part]
    while left:
        there = os.path.join(here, left.pop(0))  # noqa: PTH118 - Path would drop `..`
        if not Path(there).is_symlink():
            here = there
            continue
        link, target = Path(root + there), str(Path(there).readlink())
        if not os.path.lexists(link):
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(target)
        left = [*Path(os.path.normpath(os.path.join(here, target))).parts[1:], *left]  # noqa: PTH118
        here = "/"
    return here


def _processes(root: str) -> bool:
    """Mount a list of the namespace's own processes; where that is refused, the machine's."""
    Path(root, "proc").mkdir()
    try:
        mount("proc", f"{root}/proc", "proc", _NOSUID | _NODEV | _NOEXEC)
    except OSError:  # a container that hides parts of its own /proc
        mount("/proc", f"{root}/proc", None, _BIND | _REC)
        return False
    return True


def _make_read_only(root: str) -> None:
    attributes = struct.pack("QQQQ", _RDONLY | _NOSUID, 0, 0, 0)
    done = libc().syscall(
        _MOUNT_SETATTR, ctypes.c_int(-100), root.encode(), ctypes.c_uint(_RECURSIVE),
        attributes, ctypes.c_size_t(len(attributes)),
    )  # fmt: skip
    check(done, "mount_setattr")
