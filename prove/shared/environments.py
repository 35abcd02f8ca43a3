"""Virtual environments of their own for what cannot live in ours."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path


def environment(folder: Path, packages: Sequence[str]) -> Path:
    """Make a virtual environment with packages of pinned versions and return its Python."""
    python = folder / "bin" / "python"
    ran([sys.executable, "-m", "venv", str(folder)])
    pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    ran([*pip, *packages])
    return python


def ran(
    command: Sequence[str | Path], folder: Path | None = None, **more: str
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end; what it says goes nowhere unless it fails.

    Raises
    ------
    SystemExit
        If it fails, with the end of what it said.
    """
    done = subprocess.run(
        [str(part) for part in command], cwd=folder, env=_clean(os.environ, more),
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        said = (done.stdout + done.stderr)[-2_000:]
        raise SystemExit(f"{' '.join(map(str, command))} ended with {done.returncode}:\n{said}")
    return done


def _clean(ours: Mapping[str, str], more: Mapping[str, str]) -> dict[str, str]:
    """Return our variables without what would lead another Python to our packages."""
    kept = {k: v for k, v in ours.items() if not k.startswith("PYTHON") and k != "VIRTUAL_ENV"}
    return {**kept, "PYTHONDONTWRITEBYTECODE": "1", **more}
