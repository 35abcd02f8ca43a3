"""How a metric and the order by it change along a sweep: lines beside lines of ranks."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

from misusebench.report.plots import FAINT, INK, colours, styled
from misusebench.result import write_atomically

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from matplotlib.axes import Axes


def write_sweep(
    path: Path, rates: Sequence[float], values: Mapping[str, Sequence[float]],
    ranks: Mapping[str, Sequence[float]], controls: Sequence[str] = (),
    label: str = "average precision",
) -> None:  # fmt: skip
    """Write two panels as a PNG: values against rates, and ranks against rates.

    Parameters
    ----------
    path
        Of the file.
    rates
        Realised base rates, ascending.
    values
        Component -> metric at each rate.
    ranks
        Component -> rank at each rate, 1 is best.
    controls
        Names that are drawn grey.
    label
        What the metric is called.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: PLC0415 - slow to import
    from matplotlib.figure import Figure  # noqa: PLC0415
    from matplotlib.ticker import NullLocator  # noqa: PLC0415

    look = colours(list(values), controls)
    sink = io.BytesIO()
    with styled("sweep"):
        figure = Figure(figsize=(10, 4.6), layout="constrained", facecolor="white")
        FigureCanvasAgg(figure)
        left, right = figure.subplots(1, 2)
        _lines(left, rates, values, look)
        left.plot(rates, rates, color=FAINT, linewidth=1, linestyle=":")
        left.text(rates[0], rates[0] * 0.75, "chance", fontsize=8, va="top")
        left.set(yscale="log", ylabel=label)
        left.yaxis.set_major_formatter(_plain)
        left.yaxis.set_minor_locator(NullLocator())
        _lines(right, rates, ranks, look)
        right.set(ylim=(len(ranks) + 0.5, 0.5), ylabel=f"rank by {label}", yticks=[])
        _ends(right, rates, ranks)
        figure.savefig(sink, format="png", dpi=150, metadata={"Software": None})
    write_atomically(path, sink.getvalue())


def _plain(value: float, _: float) -> str:
    return f"{value:g}"


def _lines(axes: Axes, rates: Sequence[float], values: Mapping[str, Sequence[float]],
           look: Mapping[str, tuple[str, Any]]) -> None:  # fmt: skip
    from matplotlib.ticker import NullLocator  # noqa: PLC0415

    for name, points in values.items():
        colour, dashes = look[name]
        axes.plot(rates, points, color=colour, linestyle=dashes, linewidth=1.6, marker="o",
                  markersize=3.5)  # fmt: skip
    axes.set(xscale="log", xlabel="share of scored queries that are misuse")
    axes.xaxis.set_major_formatter(_plain)
    axes.xaxis.set_minor_locator(NullLocator())
    axes.grid(visible=True)


def _ends(axes: Axes, rates: Sequence[float], ranks: Mapping[str, Sequence[float]]) -> None:
    """Write names with their ranks at both ends of the lines."""
    from matplotlib.ticker import FixedLocator  # noqa: PLC0415

    room = (rates[-1] / rates[0]) ** 0.4  # for the names
    axes.set_xlim(rates[0] / room, rates[-1] * room)
    axes.xaxis.set_major_locator(FixedLocator([t for t in axes.get_xticks()
                                               if rates[0] / 2 <= t <= rates[-1] * 2]))  # fmt: skip
    axes.spines["left"].set_visible(False)
    for name, points in ranks.items():
        for at, side, turn in ((0, "right", 0.75), (-1, "left", 1.33)):
            axes.text(rates[at] * turn, points[at], name, ha=side, va="center", fontsize=8,
                      color=INK)  # fmt: skip
