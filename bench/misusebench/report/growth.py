"""How service times grow with the size of a policy: lines, both axes logarithmic."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Final

from misusebench.report.plots import FAINT, INK, colours, styled
from misusebench.result import write_atomically

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from matplotlib.axes import Axes

#: What an answer may take, in milliseconds: a line to measure by.
BUDGET_MS: Final = 1.0


def write_growth(
    path: Path, points: Mapping[str, Sequence[tuple[int, float]]], size: str = "added rules",
    cut: Sequence[str] = (),
) -> None:  # fmt: skip
    """Write 99th percentiles against sizes as a PNG; equal points give equal bytes.

    Parameters
    ----------
    path
        Of the file.
    points
        Engine -> (size, milliseconds), sizes ascending; engines without points are left out.
    size
        What grows.
    cut
        Engines that were cut off after their last point; it is drawn as a cross.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: PLC0415 - slow to import
    from matplotlib.figure import Figure  # noqa: PLC0415

    sink = io.BytesIO()
    with styled("growth"):
        figure = Figure(figsize=(7.2, 4.4), layout="constrained", facecolor="white")
        FigureCanvasAgg(figure)
        draw(figure.add_subplot(), {n: p for n, p in points.items() if p}, size, cut)
        figure.savefig(sink, format="png", dpi=150, metadata={"Software": None})
    write_atomically(path, sink.getvalue())


def draw(
    axes: Axes, points: Mapping[str, Sequence[tuple[int, float]]], size: str, cut: Sequence[str]
) -> None:
    """Draw a line per engine, its name at its end, and the line to measure by."""
    look = colours(list(points), ())
    for name, line in points.items():
        colour, dashes = look[name]
        sizes, values = zip(*line, strict=True)
        axes.plot(sizes, values, color=colour, linestyle=dashes, linewidth=1.6, marker="o",
                  markersize=3.5, label=name, gid=name)  # fmt: skip
        if name in cut:
            axes.plot(sizes[-1:], values[-1:], "x", color=colour, markersize=8)
    axes.axhline(BUDGET_MS, color=FAINT, linewidth=1, linestyle=":")
    axes.text(0.01, BUDGET_MS * 1.08, f"{BUDGET_MS:g} ms", fontsize=8, color=INK,
              transform=axes.get_yaxis_transform())  # fmt: skip
    axes.set(xscale="log", yscale="log", xlabel=size, ylabel="99th percentile, ms")
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:g}")
    axes.grid(visible=True)
    if points:
        axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False, fontsize=8)
