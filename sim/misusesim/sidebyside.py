"""Profiles of logs side by side for a terminal: a simulated log beside a real one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from misusesim.reasontext import CLASSES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rich.console import RenderableType

#: Measure -> (what it says, how it is shown), in the order of the comparison.
MEASURES: Final[Mapping[str, tuple[str, str]]] = {
    "n": ("queries", ",d"),
    "users": ("officers", ",d"),
    "night_share": ("22:00-05:59", ".1%"),
    "small_hours_share": ("01:00-04:59", ".1%"),
    "weekend_share": ("weekend", ".1%"),
    "fano_1h": ("Fano factor, hours", ".2f"),
    "mean_1h": ("  mean an hour", ".2f"),
    "dispersion_1h": ("  (Fano - 1) / mean", ".2f"),
    "fano_1D": ("Fano factor, days", ".2f"),
    "mean_1D": ("  mean a day", ".1f"),
    "dispersion_1D": ("  (Fano - 1) / mean", ".2f"),
    "ia_cv": ("gaps: sd / mean", ".2f"),
    "user_gini": ("Gini of queries per officer", ".2f"),
    "top1_share": ("busiest officer", ".1%"),
    "top1pct_share": ("busiest 1 % of officers", ".1%"),
    "top10pct_share": ("busiest 10 % of officers", ".1%"),
    "lognorm_mu": ("ln queries per officer: mean", ".2f"),
    "lognorm_sigma": ("  sd", ".2f"),
    "best_10h_share": ("officer's best 10 h hold", ".1%"),
    "best_12h_share": ("officer's best 12 h hold", ".1%"),
    "outside_window_share": ("later queries outside own window", ".1%"),
    "sitting_mean": ("queries a sitting", ".2f"),
    "sitting_max": ("  most", ",d"),
    "reasons_per_officer": ("different reasons per officer", ".0f"),
    "commonest_reason_share": ("  share of the commonest", ".1%"),
    "blank_share": ("blank reasons", ".1%"),
    "reason_length_p50": ("reason length, median", ".0f"),
    "reason_length_p95": ("  95th percentile", ".0f"),
}


def compare_profiles(*profiles: Mapping[str, Any]) -> RenderableType:
    """Return profiles side by side for a terminal, one column each."""
    from rich.table import Table  # noqa: PLC0415 - only terminals need it

    table = Table(box=None, padding=(0, 2))
    table.add_column("", header_style="dim")
    for told in profiles:
        table.add_column(str(told["name"]), justify="right", header_style="bold")
    for name, (label, shown) in MEASURES.items():
        table.add_row(label, *(_cell(told.get(name), shown) for told in profiles))
    for name in CLASSES:
        cells = (_cell(told["reason_class"][name], ".1%") for told in profiles)
        table.add_row(f"reason: {name.replace('_', ' ')}", *cells)
    for place, day in enumerate(("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")):
        cells = (_cell((told["dow_rel"] or [None] * 7)[place], ".2f") for told in profiles)
        table.add_row(f"{day} relative to mean day", *cells)
    for hour in range(24):
        cells = (_cell(told["hour_pct"][hour] / 100, ".1%") for told in profiles)
        table.add_row(f"{hour:02d}:00", *cells)
    return table


def _cell(value: float | None, shown: str) -> str:
    return "-" if value is None else format(value, shown)
