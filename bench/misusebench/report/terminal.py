"""The leaderboard for a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from misusebench.interval import LEAST_OFFICERS
from misusebench.report.view import CONTROLS, interval_text, number, text, unasked

if TYPE_CHECKING:
    from misusebench.report.view import View
    from misusebench.result import Result

#: Head, metric, format, whether the interval is shown.
_DETECTORS: Final = (
    ("campaigns caught", "campaign_recall", ".1%", True),
    ("worst kind", "recall_min", ".1%", False),
    ("precision", "precision_at_budget", ".1%", False),
    ("average precision", "average_precision", ".3f", True),
    ("days undetected", "time_to_detect_rmst_30d", ".1f", False),
    ("false accusations", "false_accusations", ",.0f", False),
)
_POLICIES: Final = (
    ("misuse prevented", "misuse_prevented", ".1%", True),
    ("worst kind", "prevented_min", ".1%", False),
    ("honest blocked", "honest_blocked", ".1%", False),
    ("per 100 shifts", "honest_blocked_per_100_shifts", ",.1f", False),
    ("licensing blocked", "lawful_licensing_blocked", ".1%", False),
    ("fail-open", "fail_open_rate", ".1%", False),
)


def leaderboard(view: View) -> Table:
    """Return detectors and policies, best first, as one table that fits 100 columns."""
    shown = Table(box=None, padding=0, show_header=False, show_edge=False)
    shown.add_column()
    budget = view.run["review_budget"]
    if view.detectors:
        title = (
            f"Detectors at a review budget of {budget} alerts a day; false accusations per 1,000 "
            "officer-years"
        )
        shown.add_row(_part(title, view.detectors, _DETECTORS))
        if told := notes(view):
            shown.add_row(Text("\n".join(told) + "\n", style="dim"))
    if view.policies:
        shown.add_row(_part("Policies", view.policies, _POLICIES))
        if told := policy_notes(view):
            shown.add_row(Text("\n".join(map(_plain, told)) + "\n", style="dim"))
    return shown


def notes(view: View) -> list[str]:
    """Return what a reader must know to read the figures of detectors."""
    valid = [one for one in view.detectors if one.valid]
    if not valid:
        return []
    told = [c["misusing_officers"] for c in view.curves.values() if "misusing_officers" in c]
    officers = min(told, default=0)
    if not officers:
        return ["There is no misuse in the scored part: nothing to catch, only false accusations."]
    campaigns = max(int(one.metrics["campaign_recall"]["n"] or 0) for one in valid)
    found = [
        f"{campaigns} campaigns of {officers} officers lie in the scored part.",
        "The whole budget is read every day, so most of those accused are innocent.",
    ]
    if officers < LEAST_OFFICERS:
        found.append(
            f"Intervals are unreliable: with fewer than {LEAST_OFFICERS} misusing officers they "
            "hold the truth less often than they say."
        )
    return found


def policy_notes(view: View) -> list[str]:
    """Return what the column `fail-open` tells, why it is empty, and who permits with an error."""
    valid = [one for one in view.policies if one.valid]
    if not valid:
        return []
    found = ["Fail-open: some denied queries again, one fact missing at a time: share permitted."]
    found += [
        f"{one.name} has none: {unasked(one)}."
        for one in valid
        if number(one, "fail_open_rate") is None
    ]
    found += [
        f"{one.name} permits {text(one, 'fail_open', '.1%')} of what it answers with an error."
        for one in valid
        if number(one, "fail_open")
    ]
    return found


def _part(
    title: str, found: list[Result], columns: tuple[tuple[str, str, str, bool], ...]
) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", box=SIMPLE_HEAD,
                  padding=(0, 1), pad_edge=False)  # fmt: skip
    table.add_column("", no_wrap=True)
    for head, _, _, _ in columns:
        table.add_column(head, justify="right")
    broken = [one for one in found if not one.valid]
    if broken:
        lines = (f"{one.name}: {one.state}: {'; '.join(one.reasons)}" for one in broken)
        table.caption = Text("\n".join(map(_plain, lines)), style="red", justify="left")
        table.caption_justify = "left"
    for one in found:
        if not one.valid:
            continue
        style = "dim" if one.name in CONTROLS else ""
        cells = [_cell(one, name, form, between) for _, name, form, between in columns]
        table.add_row(Text(_plain(one.name), style="bold" if not style else ""), *cells,
                      style=style)  # fmt: skip
    return table


def _cell(one: Result, name: str, form: str, between: bool) -> Text:
    cell = Text(text(one, name, form))
    if between and (ends := interval_text(one, name, form)):
        cell.append(f"\n{ends.replace(' %', '')}", style="dim")
    return cell


def _plain(told: str) -> str:
    """Return text that cannot steer a terminal."""
    return "".join(c if c.isprintable() else "\ufffd" for c in told)
