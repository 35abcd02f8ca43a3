"""A run folder as the report sees it: names, numbers and points, nothing computed."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from misusebench import result as results

if TYPE_CHECKING:
    from collections.abc import Mapping

    from misusebench.result import Result

#: Controls: what a component must beat, or could reach if it knew the truth.
CONTROLS = ("random", "constant", "volume", "label_oracle")


@dataclass(frozen=True, slots=True)
class View:
    """All that a report is made of."""

    run: dict[str, Any]
    results: list[Result]
    curves: dict[str, dict[str, Any]]  # by component
    verdict: dict[str, Any] | None  # of the gate, if one was given
    realism: dict[str, Any] | None  # {"profiles": [...]}, if one was made

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
    return View(run, found, curves, _json(path / "verdict.json"), _json(path / "realism.json"))


def _json(path: Path) -> dict[str, Any] | None:
    if not path.exists():
        return None
    return json.loads(path.read_text(encoding="utf-8"))  # type: ignore[no-any-return]


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
