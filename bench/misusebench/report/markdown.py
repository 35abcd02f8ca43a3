"""A short summary in Markdown, for a CI step or a pull request."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from misusebench.report.view import interval_text, text

if TYPE_CHECKING:
    from misusebench.report.view import View
    from misusebench.result import Result

_MARKS: Final = str.maketrans(
    {c: f"\\{c}" for c in "\\`*_{}[]()#+-.!|~"} | {"<": "&lt;", ">": "&gt;", "&": "&amp;"}
)
_DETECTORS: Final = (
    ("campaigns caught", "campaign_recall", ".1%"), ("worst kind", "recall_min", ".1%"),
    ("precision", "precision_at_budget", ".1%"), ("average precision", "average_precision", ".3f"),
    ("false accusations per 1,000 officer-years", "false_accusations", ",.0f"),
)  # fmt: skip
_POLICIES: Final = (
    ("misuse prevented", "misuse_prevented", ".1%"), ("worst kind", "prevented_min", ".1%"),
    ("honest blocked", "honest_blocked", ".1%"),
    ("lawful licensing blocked", "lawful_licensing_blocked", ".1%"),
)  # fmt: skip


def summary(view: View) -> str:
    """Return the verdict, if there is one, and the two leaderboards."""
    data = view.run["dataset"]
    lines = [f"## MisuseBench: {plain(data['name'])}", ""]
    if view.verdict is not None:
        lines += [f"**Verdict: {plain(view.verdict['status'])}**", ""]
        bad = [c for c in view.verdict["checks"] if c["status"] not in ("pass", "new", "noted")]
        lines += [f"- {plain(c['message'])}" for c in bad] + [""] * bool(bad)
    scored, budget = f"{data['scored_rows']:,}", view.run["review_budget"]
    how = f"{scored} queries scored, {budget} alerts a day read, {view.intervals}."
    lines += [how, ""]
    lines += _table("detector", view.detectors, _DETECTORS)
    lines += _table("policy", view.policies, _POLICIES)
    return "\n".join(lines)


def _table(what: str, found: list[Result], columns: tuple[tuple[str, str, str], ...]) -> list[str]:
    if not found:
        return []
    lines = [f"| {what} | " + " | ".join(head for head, _, _ in columns) + " |",
             "|---|" + "---:|" * len(columns)]  # fmt: skip
    for one in found:
        if one.valid:
            cells = [_cell(one, name, shown) for _, name, shown in columns]
        else:
            why = plain(f"{one.state}: {'; '.join(one.reasons)}")
            cells = [why, *[""] * (len(columns) - 1)]
        lines.append(f"| {plain(one.name)} | " + " | ".join(cells) + " |")
    return [*lines, ""]


def _cell(one: Result, name: str, shown: str) -> str:
    ends = interval_text(one, name, shown)
    return text(one, name, shown) + (f" ({ends})" if ends else "")


def plain(told: str) -> str:
    """Return text in which nothing is Markdown or HTML, on one line."""
    flat = "".join(c if c.isprintable() else " " for c in str(told))
    return flat.translate(_MARKS)
