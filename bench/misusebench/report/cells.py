"""Rows and cells that several sections of the report have."""

from __future__ import annotations

from typing import TYPE_CHECKING

from misusebench.report.markup import Cell, heat, table
from misusebench.report.view import CONTROLS, interval_text, number, reason, text
from misusesim.dataset.schema import RUNGS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from misusebench.result import Result


def row(one: Result, cells: Sequence[Cell]) -> tuple[str, str, Sequence[Cell]]:
    """Return a component's row; controls have a style of their own."""
    return one.name, "control" if is_control(one) else "", cells


def is_control(one: Result) -> bool:
    """Tell whether a component is no rival: a control, or an oracle."""
    return one.name in CONTROLS or "fit" in one.diagnostics


def metric(one: Result, name: str, shown: str, *, between: bool = False) -> Cell:
    """Return a metric's cell, with its interval below it if asked for; of none, why there is none.

    The reason is text that all can read: what only hovering shows, keyboards and fingers never see.
    """
    if number(one, name) is None:
        return Cell(text(one, name, shown), _sort(one, name), reason(one, name), "why")
    small = interval_text(one, name, shown) if between else ""
    return Cell(text(one, name, shown), _sort(one, name), small)


def _sort(one: Result, name: str) -> float:
    value = number(one, name)
    return float("nan") if value is None else value


def broken(found: Sequence[Result]) -> str:
    """Return the components that have no result to be ranked by, and why."""
    rows = [
        (one.name, "invalid" if one.failed else "",
         [Cell(words(one.state), style="text"), Cell("; ".join(one.reasons), style="text wrap")])
        for one in found
        if not one.valid
    ]  # fmt: skip
    heads = ["without a result", "state", "reason"]
    return (
        table("Components that are not ranked.", heads, rows, sortable=False, text=True)
        if rows
        else ""
    )


def place(key: tuple[str, str | None]) -> tuple[str, int]:
    """Return what rows go by: the kind, then how well it is covered up."""
    kind, rung = key
    return kind, -1 if rung is None else RUNGS.index(rung) if rung in RUNGS else len(RUNGS)


def words(name: str | None) -> str:
    """Return a name as words."""
    return (name or "").replace("_", " ")


def counted(count: int, one: str, many: str) -> str:
    """Return a number with its word.

    Examples
    --------
    >>> counted(1, "query", "queries"), counted(1200, "query", "queries")
    ('1 query', '1,200 queries')
    """
    return f"{count:,} {one if count == 1 else many}"


def share(value: float | None) -> Cell:
    """Return a share in per cent on a ground of that strength."""
    if value is None:
        return Cell("–", float("nan"))  # noqa: RUF001
    return heat(f"{100 * value:.0f} %", value)


def amount(value: float | None, shown: str) -> Cell:
    """Return a number's cell, a dash for none."""
    if value is None:
        return Cell("–", float("nan"))  # noqa: RUF001
    return Cell(format(value, shown), float(value))
