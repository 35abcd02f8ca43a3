"""Timelines as small drawings: a lane for queries by day, lanes for who found them."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

_LEFT, _WIDE, _ROW, _TOP = 150, 560, 18, 6  # units of the drawing
_TICKS: Final = 6
_LETTERS: Final = 22  # of a lane's name


class Lane(NamedTuple):
    """One line of a timeline."""

    name: str
    marks: Sequence[tuple[float, int]]  # (day, how many)
    style: str  # line: bars of that height; found: a dot each


def strip(lanes: Sequence[Lane]) -> str:
    """Return lanes over a common axis of days as an SVG element.

    Colours come from the page's style sheet; the numbers stand in a table or a list beside it.

    Examples
    --------
    >>> strip([Lane("queries", [(0, 2), (3, 1)], "line")]).count("<rect")
    2
    """
    days = [day for lane in lanes for day, _ in lane.marks] or [0.0]
    low = min(days)
    high = max([low + 1, *days])
    height = _TOP + _ROW * len(lanes) + 22
    box = f'viewBox="0 0 {_LEFT + _WIDE + 20} {height}"'
    parts = [f'<svg {box} class="strip" aria-hidden="true" focusable="false">']
    for place, lane in enumerate(lanes):
        y = _TOP + _ROW * (place + 1) - 4
        parts.append(f'<text class="name" x="{_LEFT - 8}" y="{y - 1}">{_name(lane.name)}</text>')
        parts.append(f'<path class="axis" d="M{_LEFT} {y}H{_LEFT + _WIDE}"/>')
        most = max((count for _, count in lane.marks), default=1)
        for day, count in lane.marks:
            x = _LEFT + (day - low) / (high - low) * _WIDE
            if lane.style == "line":
                tall = 2 + 10 * count / most
                parts.append(
                    f'<rect class="asked" x="{x - 1.5:.1f}" y="{y - tall:.1f}" width="3" '
                    f'height="{tall:.1f}"/>'
                )
            else:
                parts.append(f'<circle class="found" cx="{x:.1f}" cy="{y - 5}" r="4"/>')
    parts += _axis(low, high, height)
    return "".join(parts) + "</svg>"


def _axis(low: float, high: float, height: int) -> list[str]:
    step = max(1, round((high - low) / _TICKS))
    found = []
    day = int(low // 1)
    while day <= high:
        if day >= low:
            x = _LEFT + (day - low) / (high - low) * _WIDE
            found.append(f'<text class="tick" x="{x:.1f}" y="{height - 4}">day {day}</text>')
        day += step
    return found


def _name(name: str) -> str:
    """Return a lane's name, cut if it is long, with nothing in it that is markup."""
    shown = "".join(c if c.isprintable() else "\ufffd" for c in name)
    cut = shown if len(shown) <= _LETTERS else shown[: _LETTERS - 1] + "\N{HORIZONTAL ELLIPSIS}"
    return escape(cut, quote=True)
