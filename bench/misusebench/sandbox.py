"""What a worker gives up before it touches a component: files, network, privileges (Linux).

Only the standard library and system calls: nothing of ours or of the component runs before it.
Facts of the mechanisms: Linux user-space API of Landlock (``landlock(7)``), ``mount_namespaces(7)``
and ``user_namespaces(7)``.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import resource
import signal
import stat
import struct
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

#: The three methods, weakest last; each can be left out to test the others.
METHODS: Final = ("namespaces", "uid", "landlock")

_NEWNS, _NEWUSER, _NEWIPC, _NEWPID, _NEWNET = (
    0x0002_0000, 0x1000_0000, 0x0800_0000, 0x2000_0000, 0x4000_0000,
)  # fmt: skip
_MS_RDONLY, _MS_NOSUID, _MS_NODEV, _MS_REMOUNT, _MS_BIND, _MS_REC, _MS_PRIVATE = (
    1, 2, 4, 32, 4096, 16384, 1 << 18,
)  # fmt: skip
_PR_SET_PDEATHSIG, _PR_SET_NO_NEW_PRIVS = 1, 38
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446  # the same number on every CPU
_FILE_RIGHTS: Final = 1 << 0 | 1 << 1 | 1 << 2 | 1 << 14 | 1 << 15
_READ: Final = 1 << 0 | 1 << 2 | 1 << 3  # execute, read file, read directory
_CAPABILITY_VERSION: Final = 0x2008_0522
#: What the interpreter, its libraries and the BLAS need besides themselves; read only.
_SYSTEM: Final = (
    "/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib", "/usr/share/zoneinfo",
    "/etc/ld.so.cache", "/etc/localtime", "/sys/devices/system/cpu", "/dev/urandom",
    "/proc/self/cgroup", "/sys/fs/cgroup",  # DuckDB asks for its share of memory, or crashes
)  # fmt: skip
_PROCESSES: Final = 256  # threads and processes of a fresh uid
_WORK_BYTES: Final = 256 * 2**20


@dataclass(frozen=True, slots=True)
class Confinement:
    """What a worker was told to give up (made by the parent, sent as JSON)."""

    read: tuple[str, ...]  # folders it may read and run: interpreter, packages, own module
    hide: tuple[str, ...]  # folders that must not exist for it: data sets, results
    work: str  # its own empty folder
    uid: int  # fresh account to become when started as root
    methods: tuple[str, ...]  # of METHODS


def landlock_abi() -> int:
    """Return the kernel's Landlock ABI, 0 where it has none."""
    if sys.platform != "linux":
        return 0
    version = _libc().syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), ctypes.c_uint32(1))
    return max(0, int(version))


def confine(plan: Confinement) -> tuple[list[str], list[str]]:
    """Give up what the plan says; return the methods that took hold, and why others did not.

    The caller continues in a child process where namespaces were had; the process that called
    waits for it and exits as it does.
    """
    took: list[str] = []
    failed: list[str] = []
    root = os.geteuid() == 0
    if "namespaces" in plan.methods:
        try:
            _namespaces(plan, root=root)
            took.append("namespaces")
        except OSError as error:
            failed.append(f"namespaces: {error}")
    if "namespaces" not in took and root:
        os.chown(plan.work, plan.uid, plan.uid)
    _continue_in_child()
    if "namespaces" in took:  # the first process of a pid namespace is deaf to signals of its own
        _continue_in_child()
    if root and "uid" in plan.methods:
        _become(plan.uid)
        took.append("uid")
    elif not root and "namespaces" in took:
        _drop_capabilities()
    _prctl(_PR_SET_NO_NEW_PRIVS, 1)
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)  # a change of uid would have cleared it
    _limit()
    if "landlock" in plan.methods:
        try:
            _landlock(plan)
            took.append("landlock")
        except OSError as error:
            failed.append(f"landlock: {error}")
    os.chdir(plan.work)
    return took, failed


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _check(result: int, what: str) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
    return result


def _prctl(option: int, value: int) -> None:
    _check(_libc().prctl(option, ctypes.c_ulong(value), 0, 0, 0), "prctl")


def _mount(source: str, target: str, kind: str | None, flags: int, data: str = "") -> None:
    done = _libc().mount(
        source.encode(), target.encode(), kind.encode() if kind else None,
        ctypes.c_ulong(flags), data.encode(),
    )  # fmt: skip
    _check(done, f"mount {target}")


def _namespaces(plan: Confinement, *, root: bool) -> None:
    """Leave the machine's mounts, network, IPC and (for children) process ids."""
    uid, gid = os.geteuid(), os.getegid()
    flags = _NEWNS | _NEWNET | _NEWIPC | _NEWPID | (0 if root else _NEWUSER)
    _check(_libc().unshare(flags), "unshare")
    if not root:
        Path("/proc/self/setgroups").write_text("deny", encoding="ascii")
        Path("/proc/self/uid_map").write_text(f"{uid} {uid} 1", encoding="ascii")
        Path("/proc/self/gid_map").write_text(f"{gid} {gid} 1", encoding="ascii")
    _mount("none", "/", None, _MS_REC | _MS_PRIVATE)
    if root:
        _make_reachable(plan.read)
    for folder in plan.hide:
        if Path(folder).is_dir():
            _mount("none", folder, "tmpfs", _MS_RDONLY | _MS_NOSUID | _MS_NODEV, "mode=000,size=4k")
    Path(plan.work).mkdir(parents=True, exist_ok=True)
    owner = plan.uid if root else uid
    room = f"mode=700,size={_WORK_BYTES},uid={owner},gid={owner if root else gid}"
    _mount("none", plan.work, "tmpfs", _MS_NOSUID | _MS_NODEV, room)


def _closed_ancestor(path: Path) -> Path | None:
    """Return the highest folder above `path` (or itself) that other accounts cannot enter."""
    for folder in [*reversed(path.parents), path]:
        if not folder.stat().st_mode & stat.S_IXOTH:
            return folder
    return None


def _make_reachable(paths: tuple[str, ...]) -> None:
    """Show `paths`, read only, where a folder above them is closed to other accounts.

    The closed folder is covered by an empty one that holds nothing but these paths.
    """
    closed: dict[Path, list[Path]] = {}
    for path in sorted({Path(p).resolve() for p in paths if Path(p).exists()}):
        folder = _closed_ancestor(path)
        if folder is not None:
            closed.setdefault(folder, []).append(path)
    for folder, inside in closed.items():
        handles = [(path, os.open(path, os.O_PATH), path.is_dir()) for path in inside]
        _mount("none", str(folder), "tmpfs", _MS_NOSUID | _MS_NODEV, "mode=755,size=1m")
        for path, handle, is_folder in handles:
            if not path.exists():
                path.parent.mkdir(parents=True, exist_ok=True)
                path.mkdir() if is_folder else path.touch()
                _mount(f"/proc/self/fd/{handle}", str(path), None, _MS_BIND | _MS_REC)
                _mount("none", str(path), None, _MS_REMOUNT | _MS_BIND | _MS_RDONLY)
            os.close(handle)


def _continue_in_child() -> None:
    """Go on in a child, with a peak memory of its own, that does not outlive this process."""
    child = os.fork()
    if child == 0:
        _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        return
    for descriptor in (0, 1):  # the parent must see the end of the child's answers
        os.close(descriptor)
    with contextlib.suppress(KeyboardInterrupt):
        _, status = os.waitpid(child, 0)
        code = os.waitstatus_to_exitcode(status)
        os._exit(code if code >= 0 else 128 - code)
    os._exit(1)


def _become(uid: int) -> None:
    os.setgroups([])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)
    resource.setrlimit(resource.RLIMIT_NPROC, (_PROCESSES, _PROCESSES))


def _drop_capabilities() -> None:
    """Give up what a user namespace gave, so that no mount can be undone."""
    header = struct.pack("Ii", _CAPABILITY_VERSION, 0)
    _check(_libc().capset(header, bytes(24)), "capset")


def _limit() -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (_WORK_BYTES, _WORK_BYTES))


def _landlock(plan: Confinement) -> None:
    abi = landlock_abi()
    if not abi:
        raise OSError(0, "the kernel has no Landlock")
    rights = (1 << 13) - 1
    for since, bit in ((2, 13), (3, 14), (5, 15)):
        rights |= (1 << bit) if abi >= since else 0
    network, scopes = (3 if abi >= 4 else 0), (3 if abi >= 6 else 0)  # noqa: PLR2004
    size = 24 if abi >= 6 else 16 if abi >= 4 else 8  # noqa: PLR2004
    attributes = struct.pack("QQQ", rights, network, scopes)
    libc = _libc()
    ruleset = _check(
        libc.syscall(_CREATE_RULESET, attributes, ctypes.c_size_t(size), ctypes.c_uint32(0)),
        "landlock_create_ruleset",
    )
    for path in (*plan.read, *_SYSTEM):
        _grant(libc, ruleset, path, _READ & rights)
    _grant(libc, ruleset, "/dev/null", (1 << 1 | 1 << 2) & rights)
    _grant(libc, ruleset, plan.work, rights)
    _check(libc.syscall(_RESTRICT_SELF, ruleset, ctypes.c_uint32(0)), "landlock_restrict_self")
    os.close(ruleset)


def _grant(libc: Any, ruleset: int, path: str, rights: int) -> None:
    try:
        handle = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:  # not on this machine
        return
    if not Path(path).is_dir():
        rights &= _FILE_RIGHTS
    rule = struct.pack("=Qi", rights, handle)
    _check(
        libc.syscall(_ADD_RULE, ruleset, ctypes.c_int(1), rule, ctypes.c_uint32(0)),
        f"landlock_add_rule {path}",
    )
    os.close(handle)
