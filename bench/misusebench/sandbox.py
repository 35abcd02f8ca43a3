"""What a worker gives up before it touches a component: files, network, privileges (Linux).

Only the standard library and system calls: nothing of ours or of the component runs before it.
"""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

from misusebench import own_root
from misusebench.landlock import landlock_abi, restrict
from misusebench.syscalls import (
    PR_SET_CHILD_SUBREAPER,
    PR_SET_NO_NEW_PRIVS,
    PR_SET_PDEATHSIG,
    check,
    libc,
    prctl,
)

#: The three methods, weakest last; each can be left out to test the others.
METHODS: Final = ("namespaces", "uid", "landlock")

_CAPABILITY_VERSION: Final = 0x2008_0522
#: What the interpreter, its libraries and the BLAS need besides themselves; read only.
_SYSTEM: Final = (
    "/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib", "/usr/share/zoneinfo",
    "/etc/ld.so.cache", "/etc/localtime", "/sys/devices/system/cpu", "/dev/urandom",
    "/proc/self/cgroup", "/sys/fs/cgroup",  # DuckDB asks for its share of memory, or crashes
    "/proc/self/maps",  # threadpoolctl, of scikit-learn, looks up its own libraries there
)  # fmt: skip
_PROCESSES: Final = 256  # threads and processes, besides those that the account has already
_WORK_BYTES: Final = 256 * 2**20


@dataclass(frozen=True, slots=True)
class Confinement:
    """What a worker was told to give up (made by the parent, sent as JSON)."""

    read: tuple[str, ...]  # folders it may read and run: interpreter, packages, own module
    hide: tuple[str, ...]  # folders that must not exist for it: data sets, results
    work: str  # its own empty folder
    uid: int  # fresh account to become when started as root
    methods: tuple[str, ...]  # of METHODS


class Confined(NamedTuple):
    """How far it came."""

    methods: list[str]  # that took hold
    failed: list[str]  # why others did not
    own_processes: bool  # whether it sees no other processes in /proc
    abi: int  # of Landlock, 0 where that did not take hold


def confine(plan: Confinement) -> Confined:
    """Give up what the plan says.

    The caller continues in a child process; the process that called waits for it, ends whatever it
    leaves behind, and exits as it does.
    """
    took: list[str] = []
    failed: list[str] = []
    root, most, own = os.geteuid() == 0, _processes_of(os.getuid()) + _PROCESSES, False
    if "namespaces" in plan.methods:
        try:
            own_root.leave(root=root)
            took.append("namespaces")
        except OSError as error:
            failed.append(f"namespaces: {error}")
    _continue_in_child()
    if "namespaces" in took:
        own = _enter(plan, took, failed, root=root)
    if "namespaces" in took:
        _continue_in_child()  # the first process of a pid namespace is deaf to its own signals
    elif root:
        os.chown(plan.work, plan.uid, plan.uid)
    if root and "uid" in plan.methods:
        _become(plan.uid)
        took.append("uid")
        most = _PROCESSES
    elif not root:
        _drop_capabilities()
    prctl(PR_SET_NO_NEW_PRIVS, 1)
    prctl(PR_SET_PDEATHSIG, signal.SIGKILL)  # a change of uid would have cleared it
    _limit(most)
    if "landlock" in plan.methods:
        try:
            restrict((*plan.read, *_SYSTEM), plan.work)
            took.append("landlock")
        except OSError as error:
            failed.append(f"landlock: {error}")
    os.chdir(plan.work)
    return Confined(took, failed, own, landlock_abi() if "landlock" in took else 0)


def _enter(plan: Confinement, took: list[str], failed: list[str], *, root: bool) -> bool:
    """Enter a root of its own; return whether it sees no other processes."""
    owner, group = (plan.uid, plan.uid) if root else (os.geteuid(), os.getegid())
    room = f"mode=700,size={_WORK_BYTES},uid={owner},gid={group}"
    try:
        return own_root.enter((*plan.read, *_SYSTEM), plan.hide, plan.work, room)
    except OSError as error:
        libc().umount2(plan.work.encode(), own_root.DETACH)
        took.remove("namespaces")
        failed.append(f"namespaces: {error}")
        return False


def _continue_in_child() -> None:
    """Go on in a child, with a peak memory of its own, that does not outlive this process."""
    with contextlib.suppress(OSError):
        prctl(PR_SET_CHILD_SUBREAPER, 1)  # whoever cuts loose becomes a child of this process
    prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    child = os.fork()
    if child == 0:
        prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        return
    for descriptor in (0, 1):  # the parent must see the end of the child's answers
        os.close(descriptor)
    with contextlib.suppress(KeyboardInterrupt):
        code = _end_of(child)
        if os.getpid() != 1:  # of a pid namespace nobody outlives the first process
            _end_children()
        os._exit(code if code >= 0 else 128 - code)
    os._exit(1)


def _end_of(child: int) -> int:
    """Wait for a child, and bury others that cut loose; return its exit code."""
    while True:
        pid, status = os.waitpid(-1, 0)
        if pid == child:
            return os.waitstatus_to_exitcode(status)


def _end_children() -> None:
    """End those who cut loose: with this process gone they would belong to nobody."""
    while True:
        try:
            os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        for number in (signal.SIGSTOP, signal.SIGKILL):  # who is stopped starts no others
            for pid in _children():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, number)


def _children() -> list[int]:
    me, found = str(os.getpid()), []
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            told = path.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
            if told[1] == me:
                found.append(int(path.parent.name))
    return found


def _processes_of(uid: int) -> int:
    """Return how many processes and threads an account has."""
    found = 0
    for path in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if path.stat().st_uid == uid:
                found += len(list((path / "task").iterdir()))
    return found


def _become(uid: int) -> None:
    os.setgroups([])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)


def _drop_capabilities() -> None:
    """Give up what a user namespace gave, so that no mount can be undone."""
    header = struct.pack("Ii", _CAPABILITY_VERSION, 0)
    check(libc().capset(header, bytes(24)), "capset")


def _limit(processes: int) -> None:
    """Limit what the kernel counts; it counts processes by account, and never root's."""
    _, hard = resource.getrlimit(resource.RLIMIT_NPROC)
    most = processes if hard == resource.RLIM_INFINITY else min(processes, hard)
    resource.setrlimit(resource.RLIMIT_NPROC, (most, most))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (_WORK_BYTES, _WORK_BYTES))
