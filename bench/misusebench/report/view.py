"""A run folder as the report sees it: names, numbers and points, nothing computed."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from misusebench import drilldown, interval
from misusebench import result as results
from misusebench.report.beside import side_file

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from misusebench.result import Result

#: Controls: what a component must beat, or could reach if it knew the truth.
CONTROLS = ("random", "constant", "volume", "label_oracle")


class Rank(NamedTuple):
    """A place, and where most draws of officers put it."""

    rank: int
    low: float | None
    high: float | None


@dataclass(frozen=True)
class View:
    """All that a report is made of."""

    run: dict[str, Any]
    results: list[Result]
    curves: dict[str, dict[str, Any]]  # by component
    verdict: dict[str, Any] | None  # of the gate, if one was given
    realism: dict[str, Any] | None  # {"profiles": [...], "statistics": [...]}, if one was made
    audit: dict[str, Any] | None = None  # {"checks": [...]}, if one was made
    campaigns: dict[str, Any] | None = None  # one by one; see `drilldown.py`

    @property
    def intervals(self) -> str:
        """What the intervals are, in words."""
        draws = self.run.get("draws")
        return "95 % intervals over officers" + (f" ({draws:,} draws)" if draws else "")

    @property
    def detectors(self) -> list[Result]:
        """Detectors, best first: by campaign recall, then by average precision; invalid last."""
        return sorted(
            (r for r in self.results if r.component["kind"] == "detector"),
            key=lambda r: (
                not r.valid, -(number(r, "campaign_recall") or 0.0),
                -(number(r, "average_precision") or 0.0), r.name,
            ),
        )  # fmt: skip

    @property
    def policies(self) -> list[Result]:
        """Policies, best first: by misuse prevented; invalid last."""
        return sorted(
            (r for r in self.results if r.component["kind"] == "policy"),
            key=lambda r: (not r.valid, -(number(r, "misuse_prevented") or 0.0), r.name),
        )

    @property
    def look(self) -> dict[str, tuple[str, Any]]:
        """Colour and dashes of each valid detector."""
        from misusebench.report import plots  # noqa: PLC0415 - only figures need it

        return plots.colours([one.name for one in self.detectors if one.valid], CONTROLS)

    @cached_property
    def ranks(self) -> dict[str, Rank]:
        """Places of detectors that are no controls by campaign recall, over the kept draws."""
        values = {
            one.name: value for one in self.detectors
            if one.valid and one.name not in CONTROLS and "fit" not in one.diagnostics
            and (value := number(one, "campaign_recall")) is not None
        }  # fmt: skip
        kept = {name: _kept(self.curves.get(name, {}), "campaign_recall") for name in values}
        whole = bool(values) and len({len(own) for own in kept.values()}) == 1
        drawn = interval.places(kept) if whole and len(next(iter(kept.values()))) else {}
        return {
            name: Rank(1 + sum(other > own for other in values.values()),
                       *drawn.get(name, (None, None)))
            for name, own in values.items()
        }  # fmt: skip

    def drawn(self, part: str) -> list[tuple[str, Any]]:
        """Return (name, points) of the valid detectors that have such a curve, best first."""
        return [
            (r.name, self.curves[r.name][part])
            for r in self.detectors
            if r.valid and self.curves.get(r.name, {}).get(part)
        ]


def load(folder: str | Path) -> View:
    """Read a run folder.

    Raises
    ------
    SuiteError
        If it holds no run.
    """
    path = Path(folder)
    run, found = results.load_run(path)
    curves = {r.name: r.diagnostics.get("curves") or {} for r in found}
    return View(
        run, found, curves, side_file(path / "verdict.json"), side_file(path / "realism.json"),
        side_file(path / "audit.json"), drilldown.load(path),
    )  # fmt: skip


def _kept(curves: Mapping[str, Any], name: str) -> NDArray[np.float64]:
    """Return the kept draws of a metric, empty where there are none."""
    kept = (curves.get("draws") or {}).get("values", {}).get(name, [])
    return np.array([np.nan if v is None else v for v in kept], np.float64)


def number(one: Result, name: str, part: str = "value") -> float | None:
    """Return a metric's value, or an end of its interval; None where it has none."""
    value = one.metrics.get(name, {}).get(part)
    return None if value is None else float(value)


def interval_text(one: Result, name: str, shown: str) -> str:
    """Return the interval of a metric as text, empty where it has none."""
    low, high = number(one, name, "low"), number(one, name, "high")
    if low is None and high is None:
        return ""
    ends = ["" if end is None else _plain(end, shown) for end in (low, high)]
    if shown.endswith("%") and all(ends):
        ends[0] = ends[0].removesuffix(" %")
    return f"{ends[0]}–{ends[1]}"  # noqa: RUF001 - a range is set with an en dash


def text(one: Result, name: str, shown: str) -> str:
    """Return a metric's value as text, a dash where it is undefined."""
    value = number(one, name)
    return "–" if value is None else _plain(value, shown)  # noqa: RUF001


def reason(one: Result, name: str) -> str:
    """Return why a metric is undefined."""
    return str(one.metrics.get(name, {}).get("reason") or "")


def unasked(one: Result) -> str:
    """Return why it is not known whether a policy opens: runs of older versions did not ask."""
    return reason(one, "fail_open_rate") or "this run has not asked again"


def _plain(value: float, shown: str) -> str:
    """Return a number as wanted; shares close to 0 keep a digit that says something."""
    if shown.endswith("%"):
        digits = 1 if value == 0 or abs(value) >= 0.001 else 3  # noqa: PLR2004
        return f"{100 * value:.{digits}f} %"
    return format(value, shown)


def timing(one: Result) -> Mapping[str, Any]:
    """Return what was timed; empty where nothing was."""
    told = one.ungated.get("timing", {})
    return told if isinstance(told, dict) else {}
