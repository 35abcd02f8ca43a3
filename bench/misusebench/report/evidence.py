"""The report's section on the data set: how real its log is, and what gives labels away."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Final

from misusebench.report.cells import amount, words
from misusebench.report.markup import Cell, paragraph, preformatted, table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from misusebench.report.view import View

_LOOK: Final = {"pass": "good", "fail": "bad", "not applicable": "faint"}


def evidence(view: View) -> str:
    """Return realism and audit of the data set, and how to make what the run's folder lacks."""
    shown = _statistics(view.realism or {}) + realism(view) + _audit(view.audit or {})
    missing = [
        f"misusebench {command} DATA --json > RUN/{command}.json"
        for command, told in (("realism", view.realism), ("audit", view.audit))
        if not told
    ]
    if not missing:
        return shown
    return shown + paragraph(
        "Not in this run's folder yet; these commands put it there, then write the report again:"
    ) + preformatted("\n".join(missing))  # fmt: skip


def _counted(told: Sequence[Mapping[str, Any]]) -> str:
    count = Counter(str(one.get("verdict", "")) for one in told)
    return ", ".join(f"{count[word]} {word}" for word in _LOOK if count[word])


def _statistics(told: Mapping[str, Any]) -> str:
    found = told.get("statistics") or []
    rows = [
        (str(one.get("title", "")), "wrap", [
            _verdict(one), _number(one.get("value")),
            Cell(str(one.get("reason") or one.get("target") or ""), style="text wrap",
                 small=str(one.get("source") or "")),
        ])
        for one in found
    ]  # fmt: skip
    heads = ["statistic", "verdict", "measured", "asked for, and whose figure that is"]
    caption = f"Statistics of the log against published ones: {_counted(found)}."
    return table(caption, heads, rows) if rows else ""


def _audit(told: Mapping[str, Any]) -> str:
    found = told.get("checks") or []
    rows = [
        (f"{one.get('id', '')} {one.get('name', '')}", "wrap", [
            _verdict(one), _number(one.get("value")),
            Cell(str(one.get("bound") or ""), small=str(one.get("detail") or ""),
                 style="text wrap"),
        ])
        for one in found
    ]  # fmt: skip
    heads = ["check", "verdict", "value", "bound, and what it was"]
    caption = f"Audit of the data set, what may give a label away: {_counted(found)}."
    return table(caption, heads, rows) if rows else ""


def _verdict(one: Mapping[str, Any]) -> Cell:
    word = str(one.get("verdict", ""))
    return Cell(word, style=f"text {_LOOK.get(word, '')}".rstrip())


def _number(value: Any) -> Cell:
    known = isinstance(value, (int, float)) and not isinstance(value, bool)
    return amount(float(value) if known else None, ",.4g")


def realism(view: View) -> str:
    """Return the profile of the log beside reference profiles, if the run holds one."""
    profiles = (view.realism or {}).get("profiles", [])
    if not profiles:
        return ""
    names = [n for n, v in profiles[0].items() if isinstance(v, (int, float)) and v is not None]
    body = [
        (words(n), "", [amount(p.get(n) if isinstance(p.get(n), (int, float)) else None, ",.3g")
                         for p in profiles])
        for n in names
    ]  # fmt: skip
    heads = ["measure", *(str(p.get("name", "")) for p in profiles)]
    return table("Statistics of the log beside those of real ones.", heads, body, sortable=False)
