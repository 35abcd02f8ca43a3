"""The head of the report: the verdict, what failed, and the facts of the run."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Final

from misusebench.report.markup import facts, folded, preformatted, verdict

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from misusebench.report.view import View

_VERDICTS: Final = {
    "pass": "Pass: nothing is worse than the baseline beyond its margin",
    "regression": "Regression: something is worse than the baseline",
    "inconclusive": "Inconclusive: a loss that may be chance",
    "failed": "Failed: a component did not run",
}
#: Faults that are listed; verdict.json has all.
_MOST: Final = 12


def top(view: View) -> str:
    """Return the verdict and the facts of the run."""
    data = view.run["dataset"]
    told = [
        ("data set", str(data["name"])),
        ("queries", f"{data['rows']:,}"),
        ("of them scored", f"{data['scored_rows']:,}"),
        ("detectors", str(len(view.detectors))),
        ("policies", str(len(view.policies))),
        ("alerts read a day", str(view.run["review_budget"])),
    ]
    return _verdict(view) + facts(told)


def _verdict(view: View) -> str:
    if view.verdict is not None:
        return _gated(view.verdict)
    failed = [r for r in view.results if r.failed]
    if failed:
        lines = [f"{r.name}: {r.state}: {'; '.join(r.reasons)}" for r in failed]
        count = f"{len(failed)} component{'s' * (len(failed) > 1)} failed"
        return verdict("failed", count, _cut(lines))
    return verdict("none", "All components ran; no baseline was given to compare with", [])


def _gated(told: Mapping[str, Any]) -> str:
    """Return the gate's verdict: how many checks passed on which side, and what did not."""
    status, checks = str(told["status"]), told["checks"]
    bad = [one for one in checks if one["status"] not in ("pass", "new", "noted")]
    sides = Counter(str(one.get("side", "accuracy")) for one in checks)
    passed = Counter(str(one.get("side", "accuracy")) for one in checks if one["status"] == "pass")
    counts = ", ".join(f"{side} {passed[side]} of {n}" for side, n in sorted(sides.items()))
    lines = _cut([str(one["message"]) for one in bad])
    again = list(dict.fromkeys(str(one["reproduce"]) for one in bad if one.get("reproduce")))
    box = verdict(
        status, _VERDICTS.get(status, status), lines, f"Checks passed: {counts}." if counts else ""
    )
    if not again:
        return box
    return box + folded("Commands that show these faults again", preformatted("\n".join(again)))


def _cut(lines: Sequence[str]) -> list[str]:
    """Return the first lines, and how many are left out."""
    left = len(lines) - _MOST
    return [*lines[:_MOST], *([f"and {left} more"] if left > 0 else [])]
