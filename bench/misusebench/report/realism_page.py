"""The page of `misusebench realism`: verdicts, and distributions over those of real logs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from misusebench.report.markup import Cell, facts, figure, page, table
from misusebench.report.plots import FAINT, SERIES, figure_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matplotlib.axes import Axes

    from misusesim.realism.verdict import Verdict

_CAPTIONS: Final = {
    "hours": ("Plate searches by hour of the local day, per cent.", "hour", "per cent"),
    "weekdays": ("Plate searches by day, relative to the mean day.", "", "÷ mean day"),
    "stops": ("Stops by hour of the local day, per cent.", "hour", "per cent"),
    "officers": ("Share of searches that the least active officers hold.", "share of officers",
                 "share of searches"),
    "reasons": ("What stands in the reason field of plate searches.", "", "share of searches"),
    "gaps": ("Pauses between searches of an agency, median agency.", "mean pauses",
             "share not longer"),
    "cases": ("How often a case number is searched.", "searches of a case number",
              "share of case numbers"),
}  # fmt: skip
_LONG: Final = 8  # labels of more characters than this are turned
_LOOK: Final = {"pass": "good", "fail": "bad", "not applicable": "faint"}


def realism_page(
    name: str, verdicts: Sequence[Verdict], summary: str, shapes: Mapping[str, Mapping[str, Any]]
) -> str:
    """Return one self-contained page.

    Parameters
    ----------
    name
        Of the log.
    verdicts
        Of all statistics.
    summary
        How they came out, in one line.
    shapes
        Points to draw, by name; see `misusesim.realism.shapes`.
    """
    drawn = "".join(
        figure(_CAPTIONS[one][0], _drawing(one, points)) for one, points in shapes.items()
    )
    told = [(word, str(sum(v.word == word for v in verdicts if v.statistic.counted)))
            for word in ("pass", "fail", "not applicable")]  # fmt: skip
    lead = (
        "Statistics of a log beside those of published ones. What the log has too little for is "
        "not applicable, which is not a pass."
    )
    parts = [("verdicts", "Verdicts", _table(verdicts)), ("shapes", "Distributions", drawn)]
    return page(f"Realism of {name}", f"{summary}. {lead}", parts, facts(told))


def _table(verdicts: Sequence[Verdict]) -> str:
    rows = [
        (one.statistic.title, "wrap", [
            Cell(one.word, small="" if one.statistic.counted else "not counted",
                 style=f"text {_LOOK[one.word]}"),
            Cell("–" if one.value is None else one.statistic.show(one.value),  # noqa: RUF001
                 one.value),
            Cell(one.reason if one.value is None else one.asked, style="text wrap",
                 small=f"{one.statistic.rows}; {one.statistic.source}"),
        ])
        for one in verdicts
    ]  # fmt: skip
    heads = ["statistic", "verdict", "measured", "asked for, and whose figure that is"]
    return table("Each statistic, what was measured and what is asked for.", heads, rows, text=True)


def _drawing(name: str, points: Mapping[str, Any]) -> str:
    def draw(axes: Axes) -> None:
        x = points["x"]
        place = list(range(len(x)))
        names = [n for n in points if n != "x"]
        for nth, label in enumerate(names):
            colour = SERIES[nth] if label != "all alike" else FAINT
            if name in ("reasons", "cases"):
                wide = 0.8 / len(names)
                at = [p + (nth - (len(names) - 1) / 2) * wide for p in place]
                axes.bar(at, points[label], width=wide, color=colour, label=label)
            else:
                axes.plot(place if isinstance(x[0], str) else x, points[label], color=colour,
                          label=label, linewidth=2.0 if nth == 0 else 1.3,
                          linestyle="-" if nth == 0 else (0, (5, 2)))  # fmt: skip
        if isinstance(x[0], str) or name == "cases":
            turned = max(len(str(one)) for one in x) > _LONG
            axes.set_xticks(place, [str(one) for one in x], rotation=40 if turned else 0,
                            ha="right" if turned else "center")  # fmt: skip
        axes.set(xlabel=_CAPTIONS[name][1], ylabel=_CAPTIONS[name][2], ylim=(0, None))
        axes.grid(visible=True, axis="y")
        axes.tick_params(length=0)
        axes.legend(loc="center left", bbox_to_anchor=(1.01, 0.5), frameon=False, fontsize=8.5)

    return figure_of(f"realism-{name}", draw)
