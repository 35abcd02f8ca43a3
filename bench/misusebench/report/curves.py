"""The report's curves: precision and recall, time to detect, and what looking costs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from misusebench.report import numbers, plots
from misusebench.report.board import budget
from misusebench.report.cells import is_control, metric, row
from misusebench.report.markup import figure, table

if TYPE_CHECKING:
    from misusebench.report.view import View

#: Lines of one figure, beside those of controls; more cannot be told apart.
MOST: Final = 8


def _lines(view: View, part: str) -> tuple[list[tuple[str, Any]], str]:
    """Return the curves that are drawn, and what a caption says of those left out."""
    lines = view.drawn(part)
    by = {one.name: one for one in view.detectors}
    rivals = [name for name, _ in lines if not is_control(by[name])]
    left = set(rivals[MOST:]) if len(rivals) > MOST + 2 else set()
    told = f" Drawn: controls and the best {MOST} of {len(rivals)} others." if left else ""
    return [(name, points) for name, points in lines if name not in left], told


def precision_recall(view: View) -> str:
    """Return the precision-recall curves and the operating points at the review budget."""
    chosen, left = _lines(view, "precision_recall")
    lines = [(n, p) for n, p in chosen if p["recall"]]
    if not lines:
        return budget(view)
    return (
        figure(
            "Precision against recall of single queries, at the native base rate (grey line: what "
            "guessing gives). Dots: as many queries flagged as alerts are read." + left,
            plots.precision_recall(lines, view.look),
        )
        + numbers.precision_recall(lines)
        + budget(view)
    )


def time_to_detect(view: View) -> str:
    """Return the curves of the time to detect, and their quantiles."""
    lines, left = _lines(view, "time_to_detect")
    if not lines:
        return ""
    heads: list[str | tuple[str, str]] = [
        "detector", "median, days", "80 % quantile, days",
        ("queries before the first alert", "Misuse queries per campaign"),
        ("harm prevented", "Misuse queries after the first alert, by severity"),
    ]  # fmt: skip
    rows = [
        row(one, [
            metric(one, "time_to_detect_median", ".1f", between=True),
            metric(one, "time_to_detect_q80", ".1f"),
            metric(one, "leaked_queries", ".1f"),
            metric(one, "harm_weighted_recall", ".1%"),
        ])
        for one in view.detectors
        if one.valid
    ]  # fmt: skip
    caption = "Time to detect. A dash: so many campaigns were never caught."
    return (
        figure(
            "Share of campaigns not yet detected (Kaplan–Meier; undetected ones count until "  # noqa: RUF001
            "the end of the observed time). Lower is sooner." + left,
            plots.time_to_detect(lines, view.look),
        )
        + numbers.time_to_detect(lines)
        + table(caption, heads, rows)
    )


def cost(view: View) -> str:
    """Return the price of detection over what misuse costs."""
    lines, left = _lines(view, "cost")
    if not lines:
        return ""
    return figure(
        "What looking for misuse costs, at the best of seven budgets (1 to 100 alerts a day, or "
        "none): alerts read, plus ten for each false accusation, plus the price of every misuse "
        "query that nobody stopped. 100 % is the price of doing nothing." + left,
        plots.cost(lines, view.look),
    ) + numbers.cost(lines)
