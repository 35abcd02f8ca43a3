"""How far a component is shut in: what it may use, read and see, and what no level stops."""

from __future__ import annotations

import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from misusebench.errors import IsolationError
from misusebench.sandbox import METHODS

if TYPE_CHECKING:
    from collections.abc import Sequence

FRESH_UID: Final = 0x1000_0000  # far above accounts and the usual ranges of sub-accounts
#: What is not stopped where a method did not take hold, and what no method stops.
_NOT_STOPPED: Final = {
    "landlock": "without Landlock it can read files that every account may read, "
    "other than the hidden data sets and results",
    "namespaces": "without namespaces it can see that files exist and how large they are, "
    "send UDP packets and list other processes",
    "uid": "it runs under the caller's own account, so the number of its processes is not limited",
    "none": "it can do all that the caller's account can, reading the truth included",
    "always": "times come from the component's own process, which could misstate them; "
    "whoever carries a copy of the simulator and the scenario along can make the truth of a "
    "published seed again, so judge what you do not trust on a seed that nobody knows",
}
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


@dataclass(frozen=True, slots=True)
class Isolation:
    """How far a worker was shut in."""

    methods: tuple[str, ...]  # of sandbox.METHODS, those that took hold
    failed: tuple[str, ...]  # why others did not

    @property
    def level(self) -> str:
        """Return the level as one word for results, for instance ``landlock+namespaces+uid``."""
        return "+".join(sorted(self.methods)) or "none"

    @property
    def not_stopped(self) -> list[str]:
        """Return what this level does not stop, in plain words."""
        missing = [m for m in sorted(METHODS) if m not in self.methods]
        if not {"landlock", "namespaces"} & set(self.methods):
            missing = ["none"]
        return [_NOT_STOPPED[m] for m in [*missing, "always"]]


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
