"""Published profiles of real logs: aggregates only, named with their sources in `reference/`."""

from __future__ import annotations

import csv
import json
from functools import cache
from importlib import resources
from typing import Any

from misusesim.errors import UsageError


@cache
def profiles() -> dict[str, dict[str, Any]]:
    """Return all profiles by name."""
    file = resources.files("misusesim.realism") / "reference" / "profiles.json"
    found: dict[str, dict[str, Any]] = json.loads(file.read_text(encoding="utf-8"))
    return found


def of_name(name: str) -> dict[str, Any]:
    """Return one profile.

    Raises
    ------
    UsageError
        If there is none of that name.
    """
    if name not in profiles():
        raise UsageError(f"no profile {name}; there are {', '.join(sorted(profiles()))}")
    return profiles()[name]


@cache
def counted(file: str, text: str) -> dict[str, int]:
    """Return the counts of texts in a list of the published ones.

    Parameters
    ----------
    file
        ``reason_vocabulary`` or ``offense_dropdown_counts``; what we assumed is left out.
    text
        Name of the column of texts.
    """
    path = resources.files("misusesim.workload") / "data" / f"{file}.csv"
    rows = csv.DictReader(path.read_text(encoding="utf-8").splitlines())
    return {row[text]: int(row["n"]) for row in rows if row.get("source") != "assumed"}


def hours(name: str) -> list[float]:
    """Return the per cent of rows in each hour of the day."""
    return list(of_name(name)["hour_pct"])


def weekdays(name: str) -> list[float]:
    """Return the rows of each day of the week relative to the mean day, Monday first."""
    return list(of_name(name)["dow_rel"])
