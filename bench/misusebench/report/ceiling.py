"""The report's section on the observable oracle: how far each detector is from what can be seen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from misusebench.report.cells import metric, row
from misusebench.report.markup import Cell, table
from misusebench.report.view import number

if TYPE_CHECKING:
    from misusebench.report.view import View
    from misusebench.result import Result


def ceiling(view: View) -> str:
    """Return average precision beside the oracle's, per tier; empty where no oracle ran."""
    oracles = {one.name: one for one in view.detectors if one.valid and one.diagnostics.get("fit")}
    below = [
        one for one in view.detectors
        if one.valid and one.diagnostics.get("oracle") in oracles and one.name != "label_oracle"
    ]  # fmt: skip
    if not oracles:
        return ""
    told = sorted(below, key=lambda one: (one.tier, number(one, "regret") or 0.0, one.name))
    rows = [_row(one, oracles[one.diagnostics["oracle"]]) for one in told]
    heads: list[str | tuple[str, str]] = [
        "detector", ("tier", "Information the detector was given"), "average precision",
        ("the oracle's", "Average precision of P(misuse | what the tier shows)"),
        ("regret", "Share of the way from chance to the oracle that is left: 0 is the oracle's"),
        ("below it by", "Oracle less detector; an interval below 0 is above the oracle"),
    ]  # fmt: skip
    return table("; ".join(_caption(one) for one in oracles.values()), heads, rows)


def _row(one: Result, oracle: Result) -> tuple[str, str, list[Cell]]:
    cells = [
        Cell(one.tier), metric(one, "average_precision", ".4f"),
        metric(oracle, "average_precision", ".4f"),
        metric(one, "regret", ".3f", between=True),
        metric(one, "below_oracle", ".4f", between=True),
    ]  # fmt: skip
    name, style, _ = row(one, cells)
    return name, style, cells


def _caption(oracle: Result) -> str:
    fit = oracle.diagnostics["fit"]
    return (
        f"Observable oracle of {oracle.tier}: fitted on {fit['worlds']} other worlds of the "
        f"scenario; average precision of its halves {fit['held_out']:.3f} on worlds they were not "
        f"fitted on, {fit['own']:.3f} on their own (far apart: more worlds would raise it). "
        "Detectors that are told labels (feedback) know what it does not"
    )
