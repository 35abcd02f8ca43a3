"""Is this machine ready: interpreter, packages, cores, memory, disk, isolation, browser."""

from __future__ import annotations

import os
import platform
import re
import shutil
import sys
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from rich.console import RenderableType

OLDEST: Final = (3, 11)
#: A worker's share (DESIGN.md 6: flat memory under 1 GB a worker), and room for `county` twice.
LEAST_MEMORY: Final = 2 * 2**30
LEAST_DISK: Final = 2**30
_BROWSERS: Final = ("chromium", "chromium-browser", "google-chrome")
_SIGNS: Final = {"ready": "[green]ready", "absent": "[yellow]absent", "missing": "[red]missing"}
_NAME: Final = re.compile(r"[A-Za-z0-9._-]+")


def examine() -> list[dict[str, Any]]:
    """Return one finding a thing: its name, its state and what was found.

    The state is ``ready``, ``absent`` (something optional is not there) or ``missing`` (it will not
    work without).
    """
    return [
        _finding("python", sys.version_info >= OLDEST, platform.python_version()),
        *_packages(),
        _finding("cores", True, str(os.cpu_count() or 1)),
        _memory(),
        _disk(),
        _landlock(),
        _browser(),
    ]


def render(findings: list[dict[str, Any]]) -> RenderableType:
    """Return the findings for a terminal."""
    from rich.table import Table  # noqa: PLC0415 - only terminals need it

    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    for finding in findings:
        table.add_row(_SIGNS[finding["state"]], finding["name"], finding["about"])
    return table


def _finding(name: str, good: bool, about: str, otherwise: str = "missing") -> dict[str, Any]:
    return {"name": name, "state": "ready" if good else otherwise, "about": about}


def _packages() -> list[dict[str, Any]]:
    """Return one finding per required package and one per extra."""
    extras: dict[str, list[str]] = {}
    for text in requires("misusebench") or []:
        found = _NAME.match(text)
        extra = re.search(r"extra == ['\"]([^'\"]+)", text)
        if found:
            extras.setdefault(extra[1] if extra else "", []).append(found[0])
    core = extras.pop("", [])
    absent = {name: [p for p in packages if not _version(p)] for name, packages in extras.items()}
    return [
        *(_finding(name, bool(_version(name)), _version(name) or "not installed") for name in core),
        *(
            _finding(f"extra {name}", not lacks, ", ".join(lacks) or "complete", "absent")
            for name, lacks in absent.items()
        ),
    ]


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


def _memory() -> dict[str, Any]:
    import psutil  # noqa: PLC0415 - may be what is missing

    free = psutil.virtual_memory().available
    return _finding("memory", free >= LEAST_MEMORY, f"{free / 2**30:.1f} GiB free", "absent")


def _disk() -> dict[str, Any]:
    free = shutil.disk_usage(Path.cwd()).free
    return _finding("disk", free >= LEAST_DISK, f"{free / 2**30:.1f} GiB free here", "absent")


def _landlock() -> dict[str, Any]:
    """Return whether the kernel can keep a component's hands off files."""
    from misusebench.landlock import landlock_abi  # noqa: PLC0415 - Linux only

    abi = landlock_abi()
    return _finding("Landlock", abi > 0, f"ABI {abi}" if abi else "not in this kernel", "absent")


def _browser() -> dict[str, Any]:
    found = next((path for name in _BROWSERS if (path := shutil.which(name))), None)
    return _finding("Chromium", bool(found), found or "not found: only tests need it", "absent")
