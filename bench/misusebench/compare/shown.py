"""A comparison for a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from misusebench.compare import campaign_tables, tables

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Group, RenderableType
    from rich.table import Table
    from rich.text import Text

    from misusebench.compare.cells import Shown
    from misusebench.compare.whole import Comparison
    from misusebench.report.markup import Cell

#: Configurations side by side.
_COLUMNS: Final = 6
#: Rows of a table that a terminal gets; pages and JSON have more.
_MOST: Final = 40
_LOOK: Final = {"good": "green", "bad": "red", "faint": "dim"}


def table(comparison: Comparison) -> Table:
    """Return the differences against the first run, of two that were asked for theirs alone."""
    from rich.table import Table as RichTable  # noqa: PLC0415 - only terminals need it
    from rich.text import Text  # noqa: PLC0415

    draws = sorted({d.draws for found in comparison.differences for d in found if d.draws})
    by = f"; intervals and p from {' and '.join(f'{n:,}' for n in draws)} draws of officers"
    told = plain(f"against {comparison.base}" + by * bool(draws) + "; Holm over all runs")
    if corrected := tables.corrected(comparison):
        told += f"\n{corrected}"
    shown = RichTable(title=Text(told), title_justify="left")
    for name in ("run", "component", "metric"):
        shown.add_column(name)
    for name in ("base", "head", "change", "95 % interval", "p (Holm)"):
        shown.add_column(name, justify="right")
    for run, d in tables.changed(comparison):
        between = "-" if d.low is None or d.high is None else f"{d.low:+.4f} … {d.high:+.4f}"
        style = "" if d.better is None else "green" if d.better else "red"
        change = Text("-" if d.change is None else f"{d.change:+.4f}", style=style)
        shown.add_row(Text(plain(run)), Text(plain(d.component)), d.metric, _number(d.base),
                      _number(d.head), change, between, _number(d.p))  # fmt: skip
    return shown


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.4f}"


def text(comparison: Comparison) -> Group:
    """Return all of a comparison, or the one campaign that was asked for."""
    from rich.console import Group as Parts  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    if comparison.explained is not None:
        return Parts(*_grids(campaign_tables.explained(comparison.explained, whole=True)))
    lead: list[RenderableType] = [Text(plain(tables.lead(comparison)))] if comparison.alone else []
    some = tables.compared(comparison) and tables.changed(comparison)
    first = [table(comparison)] if some else []
    rest = [one for one in tables.tables(comparison, _COLUMNS) if one.section != "Changes"]
    return Parts(*lead, *first, *_grids(rest))


def _grids(shown: Sequence[Shown]) -> list[Table]:
    return [_grid(one) for one in shown]


def _grid(one: Shown) -> Table:
    from rich.box import SIMPLE_HEAD  # noqa: PLC0415
    from rich.table import Table as RichTable  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    made = RichTable(title=Text(f"\n{plain(one.caption)}"), title_justify="left", box=SIMPLE_HEAD,
                     padding=(0, 1), pad_edge=False)  # fmt: skip
    cells = one.rows[0][1]
    made.add_column(Text(plain(one.heads[0])), no_wrap=True)
    for head, cell in zip(one.heads[1:], cells, strict=True):
        left = "text" in cell.style
        made.add_column(Text(plain(head)), justify="left" if left else "right", overflow="fold")
    for name, row in one.rows[:_MOST]:
        made.add_row(Text(plain(name)), *map(_text, row))
    if len(one.rows) > _MOST:
        made.caption = Text(f"{_MOST} of {len(one.rows)} rows; --out and --json have more")
        made.caption_justify = "left"
    return made


def _text(cell: Cell) -> Text:
    from rich.text import Text as Words  # noqa: PLC0415

    looks = [_LOOK[word] for word in cell.style.split() if word in _LOOK]
    return Words(plain(cell.text), style=looks[0] if looks else "")


def plain(told: str) -> str:
    """Return text that cannot steer a terminal."""
    return "".join(c if c.isprintable() else "\ufffd" for c in str(told))
