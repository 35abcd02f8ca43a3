"""Many components on many worlds as figures: who ranks where, and who is better than whom.

What is drawn was worked out in `worlds.py`. A diagram is laid out in inches, so that thirty names
keep the room they need; as a file (PNG or SVG) it is dark on white, and equal input gives equal
bytes.
"""

from __future__ import annotations

import io
import math
from typing import TYPE_CHECKING, Final, NamedTuple

from misusebench.report.plots import INK, figure_of, plain, styled
from misusebench.result import write_atomically

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from misusebench.worlds import Pair

_FONT: Final = 9.0  # points
_LETTER: Final = 0.077  # inches that a letter of a name takes, with room
_ROW, _LEVEL, _EDGE = 0.2, 0.1, 0.15  # inches between names, between bars, at the edges
_AXIS: Final = 5.2  # inches of the axis of ranks
_UNDER: Final = 0.9  # where bars may begin
_MOST_TICKS: Final = 12
_DPI: Final = 150
#: First better than second, alike in practice, worse; their blend where none is likely.
_BETTER, _EQUAL, _WORSE = (0.31, 0.60, 0.82), (0.93, 0.93, 0.90), (0.93, 0.58, 0.36)
_CELL, _KEY = 0.21, 0.9  # inches of a cell's side; where names may begin


class Diagram(NamedTuple):
    """What can be drawn, and the inches it takes."""

    name: str
    size: tuple[float, float]
    draw: Callable[[Axes], None]


def critical_difference(
    ranks: Mapping[str, float], bars: Sequence[Sequence[str]], worlds: int,
    metric: str = "average precision",
) -> Diagram:  # fmt: skip
    """Return the diagram of mean ranks: an axis, names left and right, bars over what is alike.

    Parameters
    ----------
    ranks
        Component -> mean rank, 1 is best (:func:`misusebench.worlds.mean_ranks`).
    bars
        Runs of components of which no two differ (:func:`misusebench.worlds.alike`).
    worlds
        How many worlds the ranks are means over.
    metric
        By what they were ranked.
    """
    order = sorted(ranks, key=lambda name: (ranks[name], name))
    spans = [(min(ranks[n] for n in bar), max(ranks[n] for n in bar)) for bar in bars]
    levels = stacked(spans)
    wide = _EDGE + _LETTER * (max(map(len, order), default=0) + 7)
    top = _UNDER + _LEVEL * (max(levels, default=-1) + 1) + 0.12  # of the first name's row
    size = (2 * wide + _AXIS, top + _ROW * math.ceil(len(order) / 2) + 0.05)

    told = (
        f"Mean rank by {metric} over {worlds} worlds, 1 is best.\n"
        "A bar joins those of which no two differ (signed ranks, Holm, 5 %)."
    )

    def place(rank: float) -> float:
        return wide + 0.2 + (rank - 1) / max(1, len(order) - 1) * (_AXIS - 0.4)

    def draw(axes: Axes) -> None:
        _in_inches(axes, size)
        _title(axes, told)
        _rank_axis(axes, len(order), place)
        for (low, high), level in zip(spans, levels, strict=True):
            y = _UNDER + _LEVEL * (level + 0.5)
            axes.plot([place(low) - 0.05, place(high) + 0.05], [y, y], color=INK, linewidth=3,
                      solid_capstyle="round", zorder=3, gid="bar")  # fmt: skip
        half = math.ceil(len(order) / 2)
        for row, name in enumerate(order[:half]):
            _elbow(axes, place(ranks[name]), top + _ROW * row, wide, f"{name}  {ranks[name]:.1f}")
        for row, name in enumerate(reversed(order[half:])):
            _elbow(axes, place(ranks[name]), top + _ROW * row, size[0] - wide,
                   f"{ranks[name]:.1f}  {name}")  # fmt: skip

    return Diagram("critical-difference", size, draw)


def stacked(spans: Sequence[tuple[float, float]], gap: float = 0.6) -> list[int]:
    """Return a level for each span so that none on one level touch, few levels in all.

    Examples
    --------
    >>> stacked([(1, 3), (2, 5), (4, 6)])
    [0, 1, 0]
    """
    ends: list[float] = []
    found = []
    for low, high in spans:
        level = next((n for n, end in enumerate(ends) if low > end + gap), len(ends))
        ends[level:] = [high, *ends[level + 1 :]]
        found.append(level)
    return found


def _rank_axis(axes: Axes, count: int, place: Callable[[float], float]) -> None:
    axes.plot([place(1), place(max(count, 2))], [_UNDER - 0.05] * 2, color=INK, linewidth=1)
    step = 1 if count <= _MOST_TICKS else 5
    for rank in sorted({1, *range(step, count + 1, step)}):
        axes.plot([place(rank)] * 2, [_UNDER - 0.11, _UNDER - 0.05], color=INK, linewidth=1)
        axes.text(place(rank), _UNDER - 0.14, str(rank), ha="center", va="bottom", fontsize=_FONT)


def _elbow(axes: Axes, x: float, y: float, end: float, text: str) -> None:
    """Draw the line from the axis down to a name at the left or right end."""
    axes.plot([x, x, end], [_UNDER - 0.05, y, y], color=INK, linewidth=0.7, solid_joinstyle="miter")
    left = end < x
    axes.text(end + (-0.06 if left else 0.06), y, plain(text), ha="right" if left else "left",
              va="center", fontsize=_FONT)  # fmt: skip


def chances(
    pairs: Sequence[Pair], order: Sequence[str], rope: float, likely: float = 0.95,
    metric: str = "average precision",
) -> Diagram:  # fmt: skip
    """Return a table of pairs: how probable it is that the row is better than the column.

    Parameters
    ----------
    pairs
        All pairs (:func:`misusebench.worlds.pairs`).
    order
        Components, best first.
    rope
        Differences up to this were taken for none in practice.
    likely
        Chance from which a cell has a sign: `+` better, `=` alike in practice, `-` worse.
    metric
        What was compared.
    """
    told = {}
    for one in pairs:
        worse = 1 - one.better - one.equal
        told[one.first, one.second] = one.better, one.equal, worse
        told[one.second, one.first] = worse, one.equal, one.better
    wide = _EDGE + _LETTER * (max(map(len, order), default=0) + 1)
    side = _CELL * len(order)
    size = (max(wide + side, 4.9) + _EDGE, _KEY + wide + side + _EDGE)

    def draw(axes: Axes) -> None:
        _in_inches(axes, size)
        _title(axes, f"Is the row better than the column in {metric}? "
                     f"Alike: within {rope:g}.")  # fmt: skip
        _key(axes, likely)
        for place, name in enumerate(map(plain, order)):
            at = _CELL * (place + 0.5)
            axes.text(wide - 0.06, _KEY + wide + at, name, ha="right", va="center", fontsize=_FONT)
            axes.text(wide + at, _KEY + wide - 0.06, name, ha="center", va="bottom", rotation=90,
                      fontsize=_FONT)  # fmt: skip
        for row, one in enumerate(order):
            for column, other in enumerate(order):
                if one != other:
                    x, y = wide + _CELL * column, _KEY + wide + _CELL * row
                    _chance(axes, x, y, told[one, other], likely)

    return Diagram("chances", size, draw)


def _chance(
    axes: Axes, x: float, y: float, told: tuple[float, float, float], likely: float
) -> None:
    """Draw one cell: a blend of three colours, and a sign where one chance is large."""
    from matplotlib.patches import Rectangle  # noqa: PLC0415

    shades = zip(_BETTER, _EQUAL, _WORSE, strict=True)
    blend = tuple(min(1.0, sum(map(lambda a, b: a * b, told, shade))) for shade in shades)
    axes.add_patch(
        Rectangle((x, y), _CELL, _CELL, facecolor=blend, edgecolor="white", linewidth=0.6)
    )
    signs = [sign for sign, chance in zip("+=-", told, strict=True) if chance >= likely]
    if signs:
        axes.text(x + _CELL / 2, y + _CELL / 2, signs[0], ha="center", va="center", fontsize=_FONT)


def _key(axes: Axes, likely: float) -> None:
    """Draw what colours and signs mean."""
    words = (("better", (1.0, 0.0, 0.0)), ("alike in practice", (0.0, 1.0, 0.0)),
             ("worse", (0.0, 0.0, 1.0)))  # fmt: skip
    x = _EDGE
    for word, told in words:
        _chance(axes, x, 0.5, told, likely)
        axes.text(x + _CELL + 0.06, 0.5 + _CELL / 2, word, va="center", fontsize=_FONT)
        x += _CELL + 0.25 + 0.85 * _LETTER * len(word)
    axes.text(x, 0.5 + _CELL / 2, f"sign: chance {likely:.0%}".replace("%", " %"), va="center",
              fontsize=_FONT)  # fmt: skip


def _in_inches(axes: Axes, size: tuple[float, float]) -> None:
    """Make data coordinates inches from the upper left corner."""
    figure = axes.get_figure()
    assert figure is not None
    figure.set_layout_engine("none")  # type: ignore[union-attr]
    axes.set_position((0.0, 0.0, 1.0, 1.0))
    axes.set(xlim=(0, size[0]), ylim=(size[1], 0))
    axes.set_axis_off()


def _title(axes: Axes, text: str) -> None:
    axes.text(_EDGE, 0.28, text, va="center", fontsize=_FONT)


def drawn(diagram: Diagram) -> Figure:
    """Return a diagram as a figure on white, to be made and saved within `plots.styled`."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: PLC0415
    from matplotlib.figure import Figure  # noqa: PLC0415

    figure = Figure(figsize=diagram.size, facecolor="white")
    FigureCanvasAgg(figure)
    diagram.draw(figure.add_subplot())
    return figure


def write(diagram: Diagram, path: Path) -> None:
    """Write a diagram as a file, PNG or SVG by its ending; equal diagrams give equal bytes."""
    kind = path.suffix.removeprefix(".")
    nameless = {"Date": None, "Creator": None} if kind == "svg" else {"Software": None}
    sink = io.BytesIO()
    with styled(diagram.name):
        drawn(diagram).savefig(sink, format=kind, dpi=_DPI, metadata=nameless)
    write_atomically(path, sink.getvalue())


def element(diagram: Diagram) -> str:
    """Return a diagram as an SVG element of a page."""
    return figure_of(diagram.name, diagram.draw, diagram.size)
