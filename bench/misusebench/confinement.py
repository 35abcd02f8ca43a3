"""How far a component is shut in: what it may use, read and see, and what no level stops."""

from __future__ import annotations

import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from misusebench.errors import IsolationError
from misusebench.landlock import SCOPE_ABI, TCP_ABI

if TYPE_CHECKING:
    from collections.abc import Sequence

FRESH_UID: Final = 0x1000_0000  # far above accounts and the usual ranges of sub-accounts
#: What a level may not stop, in plain words.
NOT_STOPPED: Final = {
    "files": "it can do all that its account can, reading the truth included: read and write "
    "files, fill disks, send signals, use the network",
    "look": "it can see that files exist and how large they are, other than its own",
    "network": "it can send UDP packets and speak to services of this machine over their sockets",
    "tcp": "it can open TCP connections",
    "processes": "it can list other processes and read what the system tells of them",
    "signals": "it can send signals to the caller's other processes, and so outlive its run",
    "disk": "what it writes in its own folder is counted only a few times a second",
    "account": "it runs under the caller's own account: what its other walls let through, "
    "that account may do",
    "load": "it shares cores, caches and disks with its neighbours: their times may suffer, "
    "their answers do not",
    "memory": "memory that no process has mapped (memfd, pipes, files in its own folder) is not "
    "counted as its own",
    "times": "times come from the component's own process, which could misstate them",
    "copy": "whoever carries a copy of the simulator and the scenario along can make the truth of "
    "a published seed again, so judge what you do not trust on a seed that nobody knows",
}
#: Those that no level stops.
_ALWAYS: Final = ("load", "memory", "times", "copy")
#: Parts of the simulator that no component needs, and with which it could make truth again.
_MAKERS: Final = ("misuse", "query", "workload", "world")


@dataclass(frozen=True, slots=True)
class Limits:
    """What a component may use; exceeding any makes its run INVALID."""

    start_s: float = 60.0  # until the class is there
    fit_s: float = 300.0
    batch_s: float = 60.0  # one batch
    total_s: float = 1800.0  # all that it is asked, together
    memory_mb: float = 4096.0  # its processes together, resident
    output_mb: float = 16.0  # what it may print
    processes: float = 64.0  # that it may start
    disk_mb: float = 256.0  # what it may write, where its folder has no size of its own


@dataclass(frozen=True, slots=True)
class Isolation:
    """How far a worker was shut in."""

    methods: tuple[str, ...]  # of sandbox.METHODS, those that took hold
    failed: tuple[str, ...]  # why others did not
    own_processes: bool = True  # whether namespaces also hold a list of processes of its own
    abi: int = SCOPE_ABI  # of Landlock: older ones stop less

    @property
    def level(self) -> str:
        """Return the level as one word for results, for instance ``landlock+namespaces+uid``."""
        return "+".join(sorted(self.methods)) or "none"

    @property
    def gaps(self) -> tuple[str, ...]:
        """Return what this level does not stop, as keys of `NOT_STOPPED`."""
        rooms, own, lock = (name in self.methods for name in ("namespaces", "uid", "landlock"))
        open_to = {
            "files": not rooms and not lock,
            "look": not rooms,
            "network": not rooms,
            "tcp": not rooms and not (lock and self.abi >= TCP_ABI),
            "processes": not lock and not (rooms and self.own_processes),
            "signals": not rooms and not own and not (lock and self.abi >= SCOPE_ABI),
            "disk": not rooms,
            "account": not own,
        }
        return (*(name for name, is_open in open_to.items() if is_open), *_ALWAYS)

    @property
    def not_stopped(self) -> list[str]:
        """Return what this level does not stop, in plain words."""
        return [NOT_STOPPED[gap] for gap in self.gaps]


def refuse_closed(folders: Sequence[str]) -> None:
    """Raise if a component's own folder is closed to the fresh account that it will run under."""
    for folder in folders:
        if Path(folder).is_dir() and Path(folder).stat().st_mode & 0o005 != 0o005:  # noqa: PLR2004
            raise IsolationError(
                f"components never run as root, and {folder} is closed to other accounts. "
                "Open it (chmod o+rx) or run as its owner."
            )


def interpreter() -> list[str]:
    """Return the folders that the interpreter and the installed packages need."""
    paths = [sys.prefix, sys.base_prefix, str(Path(sys.executable).resolve().parent)]
    paths += [sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")]
    ours = Path(__file__).resolve().parent.parent
    paths += [str(ours), *(str(folder.parent) for folder in _simulator())]
    return list(dict.fromkeys(paths))


def _simulator() -> list[Path]:
    import misusesim  # noqa: PLC0415 - only its place is of interest

    return [Path(p).resolve() for p in misusesim.__path__]


def makers() -> list[str]:
    """Return the folders of the simulator that make worlds, to be hidden where that can be had."""
    return [str(folder / name) for folder in _simulator() for name in _MAKERS]


def environment(work: str) -> dict[str, str]:
    """Return all that the worker sees of the environment."""
    one_thread = dict.fromkeys(
        ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS"), "1"
    )
    return one_thread | {
        "HOME": work, "TMPDIR": work, "PATH": "", "LANG": "C.UTF-8", "TZ": "UTC",
        "PYTHONHASHSEED": "0", "PYTHONDONTWRITEBYTECODE": "1",
        "LOKY_MAX_CPU_COUNT": "1", "MPLCONFIGDIR": work,
    }  # fmt: skip
