"""The report's curves in numbers: tables that open, for who cannot see the figures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from misusebench.report.markup import Cell, folded, table

if TYPE_CHECKING:
    from collections.abc import Sequence

    Lines = Sequence[tuple[str, dict[str, Any]]]

#: Where curves are read off; their points are too many for a table.
RECALLS: Final = (0.01, 0.1, 0.25, 0.5, 0.75, 0.9)
DAYS: Final = (1, 3, 5, 10, 30, 90)


def precision_recall(lines: Lines) -> str:
    """Return the precision at which each recall is reached."""

    def read(points: dict[str, Any], wanted: float) -> float | None:
        pairs = zip(points["recall"], points["precision"], strict=True)
        return next((precision for recall, precision in pairs if recall >= wanted), None)

    heads = [f"recall {100 * recall:g} %" for recall in RECALLS]
    rows = [(name, [read(points, recall) for recall in RECALLS]) for name, points in lines]
    return _opens("Precision where so much recall is reached; a dash: it is not.", heads, rows)


def time_to_detect(lines: Lines) -> str:
    """Return the share of campaigns that is undetected after some days."""

    def read(points: dict[str, Any], wanted: float) -> float | None:
        if wanted > points["until"]:
            return None
        before = [left for day, left in zip(points["days"], points["undetected"], strict=True)
                  if day <= wanted]  # fmt: skip
        return before[-1] if before else 1.0

    heads = [f"{days} days" if days > 1 else "1 day" for days in DAYS]
    rows = [(name, [read(points, days) for days in DAYS]) for name, points in lines]
    return _opens("Campaigns undetected after so many days; a dash: none was observed so long.",
                  heads, rows)  # fmt: skip


def cost(lines: Lines) -> str:
    """Return the least price over budgets by the price of one misuse query."""
    prices = lines[0][1]["price"]
    rows = []
    for name, points in lines:
        pairs = zip(points["best"], points["cost"][0], strict=True)
        rows.append((name, [best / nothing if nothing else 1.0 for best, nothing in pairs]))
    caption = "Price of looking, of that of doing nothing, by the price of one misuse query."
    return _opens(caption, [f"price {price:g}" for price in prices], rows)


def _opens(
    caption: str, heads: Sequence[str], rows: Sequence[tuple[str, Sequence[float | None]]]
) -> str:
    told = [(name, "", [_share(value) for value in values]) for name, values in rows]
    return folded("The figure in numbers", table(caption, ["detector", *heads], told))


def _share(value: float | None) -> Cell:
    if value is None:
        return Cell("\N{EN DASH}", float("nan"))
    return Cell(f"{100 * value:.1f} %" if value >= 0.001 else f"{100 * value:.3f} %", value)  # noqa: PLR2004
