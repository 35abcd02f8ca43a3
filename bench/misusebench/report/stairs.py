"""What each step of the graded policies prevents, against the honest work that it costs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from misusebench.report.diagrams import Diagram
from misusebench.report.plots import INK, SERIES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matplotlib.axes import Axes

_SIZE: Final = (6.6, 4.4)  # inches
_MARGIN: Final = (0.11, 0.12, 0.86, 0.78)  # of the figure: left, lower, width, height
_FONT: Final = 8.0  # points


class Stair(NamedTuple):
    """One policy: what it costs and what it prevents."""

    name: str
    hindered: float  # honest queries denied or challenged per officer and 100 shifts
    prevented: float  # share of misuse denied
    adjusted: float | None  # less what comes back and passes


def stairs(worlds: Mapping[str, Sequence[Stair]]) -> Diagram:
    """Return the curve of friction against prevention, one colour a world.

    The full line is what is denied at once, the dashed one what does not come back.

    Parameters
    ----------
    worlds
        World -> its policies, from the mildest to the strictest.
    """

    def draw(axes: Axes) -> None:
        figure = axes.get_figure()
        assert figure is not None
        figure.set_layout_engine("none")  # type: ignore[union-attr]
        axes.set_position(_MARGIN)
        for (name, steps), colour in zip(worlds.items(), SERIES, strict=False):
            _world(axes, name, steps, colour)
        axes.set(xlabel="honest queries blocked per officer and 100 shifts",
                 ylabel="misuse queries prevented, %", ylim=(-2, 102))  # fmt: skip
        axes.set_xlim(left=0)
        axes.grid(visible=True)
        axes.legend(frameon=False, fontsize=_FONT, loc="best")
        axes.set_title("What rules prevent and cost; dashed: less what comes back and passes",
                       fontsize=_FONT + 1, loc="left")  # fmt: skip

    return Diagram("stairs", _SIZE, draw)


def _world(axes: Axes, name: str, steps: Sequence[Stair], colour: str) -> None:
    across = [one.hindered for one in steps]
    axes.plot(across, [100 * one.prevented for one in steps], "-o", color=colour, markersize=4,
              label=name, gid=f"prevented-{name}")  # fmt: skip
    kept = [(one.hindered, 100 * one.adjusted) for one in steps if one.adjusted is not None]
    if kept:
        axes.plot(*zip(*kept, strict=True), linestyle=(0, (4, 2)), marker="s", color=colour,
                  markersize=3, gid=f"adjusted-{name}")  # fmt: skip
    for place, one in enumerate(steps, 1):
        axes.annotate(str(place), (one.hindered, 100 * one.prevented), (3, 4), color=INK,
                      textcoords="offset points", fontsize=_FONT)  # fmt: skip
