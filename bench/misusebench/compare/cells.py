"""A table of a comparison, and the cells that its tables share."""

from __future__ import annotations

from typing import Final, NamedTuple

from misusebench import metrics
from misusebench.report.markup import Cell

DASH: Final = "\N{EN DASH}"
#: From here on digits behind the point say nothing.
_WHOLE: Final = 1_000


class Shown(NamedTuple):
    """One table."""

    section: str  # heading under which it stands
    caption: str
    heads: tuple[str, ...]
    rows: tuple[tuple[str, tuple[Cell, ...]], ...]
    sortable: bool = True


def number(value: float | None, name: str, *, sign: bool = False) -> Cell:
    """Return a metric's value: shares as per cent."""
    if value is None:
        return Cell(DASH, float("nan"))
    plus = "+" if sign else ""
    if metrics.metric(name).unit == "share":
        return Cell(f"{100 * value:{plus}.1f} %", value)
    shape = ",.0f" if abs(value) >= _WHOLE else ".4g"
    return Cell(format(value, plus + shape), value)


def between(low: float | None, high: float | None, name: str, *, sign: bool = False) -> str:
    """Return an interval as text."""
    if low is None or high is None:
        return ""
    ends = [number(end, name, sign=sign).text for end in (low, high)]
    return f"{ends[0].removesuffix(' %')} to {ends[1]}"


def chance(p: float | None) -> Cell:
    """Return a p as text."""
    if p is None:
        return Cell(DASH, float("nan"))
    return Cell("< 0.0001" if p < 1e-4 else f"{p:.4f}", p)  # noqa: PLR2004
