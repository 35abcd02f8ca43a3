"""The report's section on speed: of this machine, never gated here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from misusebench.report import plots
from misusebench.report.cells import amount, row
from misusebench.report.markup import Cell, figure, table
from misusebench.report.view import timing
from misusebench.timing import PERCENTILES

if TYPE_CHECKING:
    from misusebench.report.view import View

#: Below it digits of a second are noise.
_LEAST_S: Final = 0.001


def speed(view: View) -> str:
    """Return speed and memory: of this machine, never gated."""
    rows, points = [], []
    for one in [*view.detectors, *view.policies]:
        told = timing(one)
        if not one.valid or not told.get("rows_per_s"):
            continue
        single = told.get("single_row_ms") or {}
        if single.get("p95"):
            points.append((one.name, float(told["rows_per_s"]), float(single["p95"])))
        rows.append(row(one, [
            amount(told.get("rows_per_s"), ",.0f"), _seconds(told.get("fit_s")),
            *(amount(single.get(p), ".3g") for p in ("p50", "p95", "p99")),
            amount(told.get("above_empty_mib"), ",.0f"),
        ]))  # fmt: skip
    if not rows:
        return ""
    heads: list[str | tuple[str, str]] = [
        "component", "rows/s in batches", "fit, s", "one row, p50 ms", "p95 ms",
        ("p99 ms", f"None where fewer than {PERCENTILES['p99']:,} rows were timed one by one"),
        ("memory, MiB", "Largest resident size above that of the empty process"),
    ]  # fmt: skip
    machine = view.run.get("ungated", {}).get("machine", {})
    where = f"{machine.get('cpu', 'unknown processor')}, {machine.get('cpu_affinity', '?')} cores"
    caption = f"Service time inside the component's own process, on {where}. Not part of the gate."
    picture = "" if len(points) < 2 else figure(  # noqa: PLR2004 - one point shows nothing
        "Throughput in batches against the 95th percentile for a single row; right and low is "
        "better. Names that would lie on others are left out: the table has all.",
        plots.scatter(points, "speed", ("rows a second in batches", "one row, p95, ms")),
    )  # fmt: skip
    return picture + table(caption, heads, rows)


def _seconds(value: float | None) -> Cell:
    short = value is not None and 0 < value < _LEAST_S
    return Cell(f"< {_LEAST_S:g}", value) if short else amount(value, ".3g")
