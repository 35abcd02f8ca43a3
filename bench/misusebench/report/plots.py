"""Figures as SVG: they draw points that the run holds and compute nothing.

Colours are stand-ins that the page's style sheet replaces, so one figure serves light, dark and
print; styles become attributes, so the page needs no inline styles; bytes depend on the points
alone.
"""

from __future__ import annotations

import io
import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from matplotlib.axes import Axes

    Lines = Sequence[tuple[str, dict[str, Any]]]
    Rows = Sequence[tuple[str, float, float | None, float | None]]  # name, value, its interval

INK: Final = "#101010"
FAINT: Final = "#a0a0a0"
#: Okabe and Ito's palette (safe for colour-blind readers) and two more; style.css darkens it.
SERIES: Final = (
    "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#7a5195", "#8c564b",
    "#5a7d2a", "#b10d3f",
)  # fmt: skip
CONTROL: Final = "#8a8a8a"
_DASHES: Final = ("-", (0, (5, 2)), (0, (1, 1.5)), (0, (6, 2, 1, 2)))
_STYLE: Final = re.compile(r'style="([^"]*)"')
_FONT: Final = re.compile(r"(?P<size>[\d.]+)px\s+(?P<family>.+)")
_SIZE: Final = (6.6, 3.9)


@contextmanager
def styled(name: str) -> Iterator[None]:
    """Give figures their look, whatever the machine's own settings; ids in SVG hang on the name."""
    import matplotlib as mpl  # noqa: PLC0415 - 400 ms that only reports need

    chosen: dict[Any, Any] = {
        "svg.hashsalt": f"misusebench-{name}", "svg.fonttype": "none", "text.parse_math": False,
        "text.color": INK, "axes.labelcolor": INK, "axes.edgecolor": FAINT, "xtick.color": INK,
        "ytick.color": INK, "font.family": "sans-serif", "font.size": 9.5,
        "axes.spines.top": False, "axes.spines.right": False, "axes.axisbelow": True,
        "grid.color": FAINT, "grid.alpha": 0.35, "grid.linewidth": 0.6,
    }  # fmt: skip
    with mpl.rc_context({**mpl.rcParamsDefault, **chosen, "backend": "svg"}):
        yield


def figure_of(name: str, draw: Callable[[Axes], None], size: tuple[float, float] = _SIZE) -> str:
    """Return a drawing as an SVG element."""
    with styled(name):
        from matplotlib.backends.backend_svg import FigureCanvasSVG  # noqa: PLC0415
        from matplotlib.figure import Figure  # noqa: PLC0415

        figure = Figure(figsize=size, layout="constrained")
        FigureCanvasSVG(figure)
        draw(figure.add_subplot())
        figure.patch.set_visible(False)
        sink = io.StringIO()
        figure.savefig(sink, format="svg", metadata={"Date": None, "Creator": None},
                       transparent=True)  # fmt: skip
    return _inline(sink.getvalue(), name)


def _inline(text: str, name: str) -> str:
    """Return matplotlib's SVG file as an element of a page without inline styles."""
    body = text[text.index("<svg") :]
    body = re.sub(r"<metadata>.*?</metadata>", "", body, flags=re.DOTALL)
    body = re.sub(r"<style.*?</style>", "", body, flags=re.DOTALL)
    body = _STYLE.sub(lambda found: _attributes(found[1]), body)
    head, _, rest = body.partition(">")
    box = re.search(r'viewBox="[^"]*"', head)
    assert box is not None
    return (
        f'<svg {box[0]} class="figure" aria-hidden="true" focusable="false" '
        f'xmlns:xlink="http://www.w3.org/1999/xlink" data-figure="{name}">{rest}'
    )


def _attributes(style: str) -> str:
    out = []
    for part in filter(None, (p.strip() for p in style.replace("&quot;", "'").split(";"))):
        key, _, value = part.partition(":")
        value = value.strip()
        if key == "font" and (font := _FONT.fullmatch(value)):
            out.append(f'font-size="{font["size"]}"')
        elif key not in ("font", "font-family"):
            out.append(f'{key}="{value}"')
    return " ".join(out)


def plain(text: str) -> str:
    """Return text as a figure may show it: no control characters."""
    return "".join(c if c.isprintable() else "\ufffd" for c in text)


def colours(names: Sequence[str], controls: Sequence[str]) -> dict[str, tuple[str, Any]]:
    """Return (colour, dashes) by name: controls grey, the others apart even without colour."""
    found: dict[str, tuple[str, Any]] = {}
    for name in names:
        if name in controls:
            found[name] = CONTROL, _DASHES[len([n for n in found if n in controls]) % 4]
        else:
            place = len([n for n in found if n not in controls])
            found[name] = SERIES[place % len(SERIES)], _DASHES[place // len(SERIES) % 4]
    return found


def precision_recall(lines: Lines, look: dict[str, tuple[str, Any]]) -> str:
    """Draw precision against recall, with a dot where the review budget ends."""

    def draw(axes: Axes) -> None:
        for name, points in lines:
            colour, dashes = look[name]
            axes.step(
                [0.0, *points["recall"]], [points["precision"][0], *points["precision"]],
                where="pre", color=colour, linestyle=dashes, linewidth=1.6, label=plain(name),
            )  # fmt: skip
            if points["budget"]:
                axes.plot(
                    points["budget"]["recall"], points["budget"]["precision"], "o", color=colour,
                    markersize=5.5,
                )  # fmt: skip
        rate = lines[0][1]["base_rate"]
        axes.axhline(rate, color=FAINT, linewidth=0.9)
        axes.set(xlabel="recall of misuse queries", ylabel="precision (log)", yscale="log",
                 xlim=(0, 1.01), ylim=(max(rate / 3, 1e-7), 1.15))  # fmt: skip
        axes.xaxis.set_major_formatter(_percent)
        axes.yaxis.set_major_formatter(_percent)
        axes.yaxis.set_minor_formatter(lambda _, __: "")
        _frame(axes)

    return figure_of("precision-recall", draw)


def time_to_detect(lines: Lines, look: dict[str, tuple[str, Any]]) -> str:
    """Draw the share of campaigns still undetected against days since the first misuse."""

    def draw(axes: Axes) -> None:
        until = max(points["until"] for _, points in lines)
        for name, points in lines:
            colour, dashes = look[name]
            axes.step(
                [*points["days"], until], [*points["undetected"], points["undetected"][-1]],
                where="post", color=colour, linestyle=dashes, linewidth=1.6, label=plain(name),
            )  # fmt: skip
        axes.axhline(0.5, color=FAINT, linewidth=0.9)
        axes.set(xlabel="days since the campaign's first misuse query",
                 ylabel="campaigns undetected", xlim=(0, until), ylim=(0, 1.02))  # fmt: skip
        axes.yaxis.set_major_formatter(_percent)
        _frame(axes)

    return figure_of("time-to-detect", draw)


def intervals(rows: Rows, name: str, label: str, look: dict[str, tuple[str, Any]], *,
              share: bool = True) -> str:  # fmt: skip
    """Draw values with their intervals, one row a component, best on top; shares as per cent."""

    def draw(axes: Axes) -> None:
        draw_intervals(axes, rows, label, look, share=share)

    return figure_of(name, draw, intervals_size(len(rows)))


def intervals_size(rows: int) -> tuple[float, float]:
    """Return the inches that so many values with their intervals take."""
    return 6.6, 0.9 + 0.3 * rows


def draw_intervals(axes: Axes, rows: Rows, label: str, look: dict[str, tuple[str, Any]], *,
                   share: bool) -> None:  # fmt: skip
    """Draw values with their intervals, best on top."""
    for place, (component, value, low, high) in enumerate(rows):
        colour = look[component][0]
        if low is not None and high is not None:
            axes.plot([low, high], [place, place], color=colour, linewidth=2.2,
                      solid_capstyle="round")  # fmt: skip
        axes.plot(value, place, "o", color=colour, markersize=6)
    axes.set_yticks(range(len(rows)), [plain(row[0]) for row in rows])
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.set(xlabel=label, xlim=(min(-0.01, *(row[2] or 0.0 for row in rows)), None))
    if share:
        axes.xaxis.set_major_formatter(_percent)
    axes.grid(visible=True, axis="x")
    axes.spines["left"].set_visible(False)
    axes.tick_params(length=0)


def scatter(
    points: Sequence[tuple[str, float, float]], name: str, labels: tuple[str, str], *,
    logarithmic: bool = True,
) -> str:  # fmt: skip
    """Draw a dot a component, with its name where that lies on nothing else.

    Parameters
    ----------
    points
        (name, x, y); those on one place share a dot and its name.
    name
        Of the figure.
    labels
        Of the axes.
    logarithmic
        Whether both axes are; else they begin at 0.
    """
    places: dict[tuple[float, float], list[str]] = {}
    for component, x, y in points:
        places.setdefault((float(f"{x:.3g}"), float(f"{y:.3g}")), []).append(component)

    def draw(axes: Axes) -> None:
        for x, y in places:
            axes.plot(x, y, "o", color=SERIES[0], markersize=5)
        if logarithmic:
            axes.set(xscale="log", yscale="log")
            for axis in (axes.xaxis, axes.yaxis):
                axis.set_major_formatter(lambda value, _: f"{value:,.0f}" if value >= 1
                                         else f"{value:g}")  # fmt: skip
                axis.set_minor_formatter(lambda _, __: "")
            axes.margins(0.12)
        else:
            axes.set_xlim(0, 1.25 * max([0.01, *(x for x, _ in places)]))
            axes.set_ylim(0, 1.15 * max([1.0, *(y for _, y in places)]))
        axes.set(xlabel=labels[0], ylabel=labels[1])
        axes.grid(visible=True)
        axes.tick_params(length=0, which="both")
        _named(axes, {place: _some(names) for place, names in places.items()})

    return figure_of(name, draw)


def _some(names: Sequence[str]) -> str:
    """Return up to two names, and how many more there are."""
    more = f" and {len(names) - 2} more" if len(names) > 2 else ""  # noqa: PLR2004
    return plain(", ".join(names[:2]) + more)


def _named(axes: Axes, names: dict[tuple[float, float], str]) -> None:
    """Write names beside dots, on the first side where they lie on no name, dot or edge."""
    figure = axes.get_figure()
    assert figure is not None
    figure.draw_without_rendering()  # type: ignore[union-attr]
    room = axes.get_window_extent()
    at = {place: tuple(map(float, axes.transData.transform(place))) for place in names}
    taken = [(x - 3, y - 3, x + 3, y + 3) for x, y in at.values()]
    for place, (left, middle) in sorted(at.items(), key=lambda one: one[1]):
        wide = 4.6 * len(names[place])  # pixels that the name takes, with room
        for align, x, y in (("left", 6, 0), ("right", -6, 0), ("center", 0, 9), ("center", 0, -9)):
            start = {"left": left + x, "right": left + x - wide, "center": left - wide / 2}[align]
            box = (start, middle + y - 5, start + wide, middle + y + 5)
            inside = box[0] > room.x0 and box[2] < room.x1 and box[1] > room.y0 and box[3] < room.y1
            if inside and not any(_meet(box, other) for other in taken):
                taken.append(box)
                axes.annotate(names[place], place, (x, y), textcoords="offset points", ha=align,
                              va="center", fontsize=8.5)  # fmt: skip
                break


def _meet(one: tuple[float, ...], other: tuple[float, ...]) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def cost(lines: Lines, look: dict[str, tuple[str, Any]]) -> str:
    """Draw the least price over budgets against the price of one misuse query."""

    def draw(axes: Axes) -> None:
        for name, points in lines:
            colour, dashes = look[name]
            nothing = points["cost"][0]
            share = [b / n if n else 1.0 for b, n in zip(points["best"], nothing, strict=True)]
            axes.plot(points["price"], share, color=colour, linestyle=dashes, linewidth=1.6,
                      label=plain(name))  # fmt: skip
        axes.set(xscale="log", xlabel="price of one misuse query, in reviews of one alert",
                 ylabel="price ÷ price of doing nothing", ylim=(0, 1.04))  # fmt: skip
        axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
        axes.yaxis.set_major_formatter(_percent)
        _frame(axes)

    return figure_of("cost", draw)


def _percent(value: float, _: float) -> str:
    return f"{100 * value:.3g} %" if value < 0.1 else f"{100 * value:.0f} %"  # noqa: PLR2004


def _frame(axes: Axes) -> None:
    axes.grid(visible=True)
    axes.tick_params(length=0)
    axes.legend(loc="center left", bbox_to_anchor=(1.01, 0.5), frameon=False, fontsize=8.5,
                handlelength=2.6)  # fmt: skip
