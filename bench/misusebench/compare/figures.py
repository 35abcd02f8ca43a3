"""Figures of a comparison: who stands where on one world, mean ranks over several."""

from __future__ import annotations

from typing import TYPE_CHECKING

from misusebench import metrics
from misusebench.compare.several import critical_difference
from misusebench.errors import SuiteError
from misusebench.report import diagrams, plots
from misusebench.report.view import CONTROLS

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any

    from matplotlib.axes import Axes

    from misusebench.compare.ranking import Ranking
    from misusebench.compare.whole import Comparison


def places(ranking: Ranking) -> str:
    """Return values with their intervals as an SVG element of a page."""
    rows, label, look, share = _told(ranking)
    return plots.intervals(rows, f"ranking-{ranking.kind}", label, look, share=share)


def _told(ranking: Ranking) -> tuple[plots.Rows, str, dict[str, tuple[str, Any]], bool]:
    rows = [(one.name, one.value, one.low, one.high) for one in ranking.standings]
    look = plots.colours([name for name, *_ in rows], CONTROLS)
    label = ranking.metric.replace("_", " ")
    return rows, label, look, metrics.metric(ranking.metric).unit == "share"


def _diagram(ranking: Ranking) -> diagrams.Diagram:
    rows, label, look, share = _told(ranking)

    def draw(axes: Axes) -> None:
        figure = axes.get_figure()
        assert figure is not None
        figure.set_layout_engine("constrained")  # type: ignore[union-attr]
        plots.draw_intervals(axes, rows, f"{label}, 95 % intervals over officers", look,
                             share=share)  # fmt: skip

    return diagrams.Diagram(f"ranking-{ranking.kind}", plots.intervals_size(len(rows)), draw)


def write_plot(found: Comparison, path: Path) -> list[Path]:
    """Write a figure a kind of component; return the files.

    Over several worlds it is the critical-difference diagram, on one the values with their
    intervals. The first file has the given name, a second one its kind in it.

    Raises
    ------
    SuiteError
        If nothing is ranked.
    """
    made = [(one.kind, critical_difference(one)) for one in found.several]
    made = made or [(one.kind, _diagram(one)) for one in found.rankings]
    if not made:
        raise SuiteError(f"--plot: nothing is ranked: {'; '.join(found.notes) or 'no values'}")
    written: list[Path] = []
    for kind, diagram in made:
        own = path if not written else path.with_stem(f"{path.stem}-{kind}")
        diagrams.write(diagram, own)
        written.append(own)
    return written
