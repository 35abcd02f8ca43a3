"""The report's section on speed: of this machine, never gated here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from misusebench.report import plots
from misusebench.report.cells import amount, row
from misusebench.report.markup import figure, table
from misusebench.report.view import timing

if TYPE_CHECKING:
    from misusebench.report.view import View


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
            amount(told.get("rows_per_s"), ",.0f"), amount(told.get("fit_s"), ".3g"),
            *(amount(single.get(p), ".3g") for p in ("p50", "p95", "p99")),
            amount(told.get("above_empty_mib"), ",.0f"),
        ]))  # fmt: skip
    if not rows:
        return ""
    heads: list[str | tuple[str, str]] = [
        "component", "rows/s in batches", "fit, s", "one row, p50 ms", "p95 ms", "p99 ms",
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
