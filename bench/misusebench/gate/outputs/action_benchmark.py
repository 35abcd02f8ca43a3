"""The JSON of github-action-benchmark: a list of name, unit, value, range, extra.

Its step is told for a whole file whether bigger or smaller is better (`tool: customBiggerIsBetter`
or `customSmallerIsBetter`), so there are two files.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from misusebench.gate.outputs.told import (
    bigger_is_better,
    dumps,
    head_ends,
    measured,
    plain,
    unit,
)

if TYPE_CHECKING:
    from misusebench.gate.verdict import Check, Verdict


def render(verdict: Verdict) -> str:
    """Return all entries, those for which bigger is better first."""
    both_ways = (True, False)
    return dumps([entry for way in both_ways for entry in _entries(verdict, bigger=way)])


def both(verdict: Verdict) -> dict[str, str]:
    """Return the two files, `bigger` and `smaller`."""
    ways = {"bigger": True, "smaller": False}
    return {name: dumps(_entries(verdict, bigger=way)) for name, way in ways.items()}


def _entries(verdict: Verdict, *, bigger: bool) -> list[dict[str, Any]]:
    return [
        _entry(name, check)
        for name, check in measured(verdict)
        if bigger_is_better(check) is bigger
    ]


def _entry(name: str, check: Check) -> dict[str, Any]:
    where = f"{plain(check.dataset)} / {plain(check.component)} / {name}"
    entry = {
        "name": where, "unit": unit(check), "value": check.head,
        "extra": f"{check.status}: {plain(check.message)}",
    }  # fmt: skip
    if (ends := head_ends(check)) is not None:
        entry["range"] = f"{ends[0]:.4f} to {ends[1]:.4f}"
    return entry
