"""Where the shipped scenarios are; apart from what reads them, which loads far more."""

from __future__ import annotations

from pathlib import Path

import misusesim


def list_scenarios() -> list[str]:
    """Return the names of the shipped scenarios."""
    return sorted(path.stem for path in scenario_folder().glob("*.toml"))


def scenario_folder() -> Path:
    """Return the folder of the shipped scenarios: in the installed package, or in the checkout."""
    package = Path(misusesim.__file__).parent
    packaged = package / "scenarios"
    return packaged if packaged.is_dir() else package.parents[1] / "scenarios"
