"""Verdicts for a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from misusesim.realism.verdict import Verdict, count

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import RenderableType

_LOOK: Final = {"pass": "green", "fail": "bold red", "not applicable": "dim"}


def verdict_table(name: str, verdicts: Sequence[Verdict]) -> RenderableType:
    """Return statistics with value, target, source and verdict, and a closing line."""
    from rich.console import Group  # noqa: PLC0415 - only terminals need it
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    table = Table(box=None, padding=(0, 1), title=name, title_justify="left")
    table.add_column("statistic")
    table.add_column("measured", justify="right")
    table.add_column("asked for")
    table.add_column("verdict", no_wrap=True)
    rows = ""
    for one in verdicts:
        if one.statistic.rows != rows:
            rows = one.statistic.rows
            table.add_row(Text(rows, style="bold"), "", "", "")
        table.add_row(Text(f"  {one.statistic.title}"), _value(one), Text(_asked(one)),
                      Text(_word(one), style=_LOOK[one.word]))  # fmt: skip
    return Group(table, Text(f"{count(verdicts)}", style="bold"))


def _value(one: Verdict) -> str:
    return "-" if one.value is None else one.statistic.show(one.value)


def _asked(one: Verdict) -> str:
    return one.reason if one.value is None else one.asked


def _word(one: Verdict) -> str:
    return one.word if one.statistic.counted else f"{one.word} (not counted)"
