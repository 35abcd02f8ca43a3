"""The report of a run: one page, a Markdown summary, a table for the terminal.

All of it is read from the run's folder; figures draw points that are there and compute nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from misusebench.report.view import load
from misusebench.result import write_atomically

if TYPE_CHECKING:
    from pathlib import Path

    from rich.table import Table

__all__ = ["leaderboard", "render", "summary", "write_report"]


def render(run: str | Path) -> str:
    """Return the page of a run: one self-contained HTML text, the same for the same run.

    Raises
    ------
    SuiteError
        If the folder holds no run.
    """
    from misusebench.report import (  # noqa: PLC0415 - plots only for the page
        ceiling,
        policies,
        sections,
    )
    from misusebench.report.markup import page  # noqa: PLC0415

    view = load(run)
    data = view.run["dataset"]
    parts = [
        ("leaderboard", "Leaderboard", sections.leaderboard(view) if view.detectors else ""),
        ("ceiling", "What could be seen", ceiling.ceiling(view)),
        ("precision-recall", "Precision and recall", sections.precision_recall(view)),
        ("kinds", "Recall by kind and rung", sections.kinds(view)),
        ("oddities", "Alerts on honest oddities", sections.oddities(view)),
        ("time-to-detect", "Time to detect", sections.time_to_detect(view)),
        ("accusations", "False accusations", sections.accusations(view)),
        ("policies", "Policies", policies.policies(view)),
        ("cost", "Cost", sections.cost(view)),
        ("speed", "Speed", sections.speed(view)),
        ("realism", "Realism of the log", sections.realism(view)),
        ("reproduce", "How to reproduce", sections.reproduce(view)),
    ]
    lead = (
        f"Detectors and policies against the misuse of confidential police databases, on "
        f"{data['scored_rows']:,} simulated queries of which the truth is known."
    )
    return page(
        f"MisuseBench: {data['name']}", lead, [part for part in parts if part[2]],
        sections.top(view),
    )  # fmt: skip


def write_report(run: str | Path, out: str | Path) -> Path:
    """Write the page of a run; return its path."""
    from pathlib import Path as FilePath  # noqa: PLC0415 - imported for types only elsewhere

    path = FilePath(out)
    write_atomically(path, render(run).encode())
    return path


def leaderboard(run: str | Path) -> Table:
    """Return the leaderboard of a run for a terminal; see `terminal.py`."""
    from misusebench.report.terminal import leaderboard as shown  # noqa: PLC0415

    return shown(load(run))


def summary(run: str | Path) -> str:
    """Return a summary of a run in Markdown, for a CI step; see `markdown.py`."""
    from misusebench.report.markdown import summary as shown  # noqa: PLC0415

    return shown(load(run))
