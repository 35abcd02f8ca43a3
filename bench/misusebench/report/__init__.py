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
        board,
        campaigns,
        ceiling,
        curves,
        evidence,
        grids,
        policies,
        reproduce,
        speed,
        top,
    )
    from misusebench.report.markup import page  # noqa: PLC0415

    view = load(run)
    data = view.run["dataset"]
    parts = [
        ("leaderboard", "Leaderboard", board.leaderboard(view) if view.detectors else ""),
        ("ceiling", "What could be seen", ceiling.ceiling(view)),
        ("precision-recall", "Precision and recall", curves.precision_recall(view)),
        ("kinds", "Recall by kind and rung", grids.kinds(view)),
        ("oddities", "Alerts on honest oddities", grids.oddities(view)),
        ("time-to-detect", "Time to detect", curves.time_to_detect(view)),
        ("accusations", "False accusations", board.accusations(view)),
        ("policies", "Policies", policies.policies(view)),
        ("cost", "Cost", curves.cost(view)),
        ("speed", "Latency and throughput", speed.speed(view)),
        ("campaigns", "Campaign by campaign", campaigns.campaigns(view)),
        ("data", "Realism and audit of the data set", evidence.evidence(view)),
        ("reproduce", "How to reproduce", reproduce.reproduce(view)),
    ]
    lead = (
        f"Detectors and policies against the misuse of confidential police databases, on "
        f"{data['scored_rows']:,} simulated queries of which the truth is known."
    )
    return page(
        f"MisuseBench: {data['name']}", lead, [part for part in parts if part[2]],
        top.top(view), campaigns.data(view),
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
