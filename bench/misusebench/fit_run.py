"""What `misusebench fit` does: reads a log, fits a scenario to it, writes the file, shows both."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from misusebench.result import write_atomically
from misusesim.errors import UsageError
from misusesim.fit import Fit, fit, written
from misusesim.portal import read_portal_csv
from misusesim.realism.material import material

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from rich.console import RenderableType


def fitted(log: Path, out: Path, tell: Callable[[str], None], *, force: bool) -> Fit:
    """Fit a scenario to a log and write it.

    Parameters
    ----------
    log
        A search log as CSV.
    out
        The scenario to write; its name becomes the scenario's.
    tell
        Called with a line for each round.
    force
        Write over a file that is there.

    Raises
    ------
    UsageError
        If the log is missing, wrong or too small, or the file is there.
    """
    if out.exists() and not force:
        raise UsageError(f"{out}: is there already; --force writes over it")
    if out.suffix != ".toml":
        raise UsageError(f"{out}: a scenario's file ends in .toml")
    name = re.sub(r"[^a-z0-9]+", "_", out.stem.lower()).strip("_") or "fitted"
    found = fit(material(read_portal_csv(log)), name if name[0].isalpha() else f"log_{name}", tell)
    write_atomically(out, written(found).encode())
    return found


def as_dict(found: Fit) -> dict[str, Any]:
    """Return what a machine reads."""
    return {
        "scenario": found.scenario.name,
        "measures": [
            {"name": name, "log": value, "fitted": made}
            for (name, value), made in zip(
                found.log.told().items(), found.made.told().values(), strict=True
            )
        ],
    }


def table(found: Fit) -> RenderableType:
    """Return the measures of the log beside those of worlds of the scenario."""
    from rich.table import Table  # noqa: PLC0415 - only terminals need it

    out = Table("measure", "log", "fitted", "difference", box=None, pad_edge=False)
    for column in out.columns[1:]:
        column.justify = "right"
    for one in as_dict(found)["measures"]:
        log, made = one["log"], one["fitted"]
        out.add_row(one["name"], f"{log:.3f}", f"{made:.3f}", f"{made - log:+.3f}")
    return out
