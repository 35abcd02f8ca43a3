"""The report's leaderboard, what the budget is spent on, and who is accused for nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from misusebench.interval import LEAST_OFFICERS
from misusebench.report import plots
from misusebench.report.cells import amount, broken, metric, row
from misusebench.report.markup import Cell, figure, paragraph, table
from misusebench.report.view import number

if TYPE_CHECKING:
    from misusebench.report.view import View
    from misusebench.result import Result

#: Rows of the figure; the table has all.
_MOST: Final = 30


def leaderboard(view: View) -> str:
    """Return the ranked detectors, with intervals."""
    heads: list[str | tuple[str, str]] = [
        "detector",
        ("rank", "Place among those that are no controls; small: in 95 % of draws of officers"),
        ("tier", "Information the detector was given"),
        ("campaign recall", "Share of campaigns of which a read alert shows a misuse query"),
        ("worst kind", "Campaign recall of the kind the detector sees least"),
        ("precision", "Share of read alerts that show misuse"),
        ("average precision", "Of single queries at the native base rate"),
        ("lift", "Average precision ÷ base rate"),
        ("days undetected", "Mean per campaign within its first 30 days (restricted mean)"),
        ("false accusations", "Per 1,000 innocent officer-years"),
    ]  # fmt: skip
    rows = []
    for one in view.detectors:
        if not one.valid:
            continue
        rows.append(row(one, [
            _rank(view, one),
            Cell(one.tier),
            metric(one, "campaign_recall", ".1%", between=True),
            metric(one, "recall_min", ".1%"),
            metric(one, "precision_at_budget", ".1%", between=True),
            metric(one, "average_precision", ".3f", between=True),
            metric(one, "lift", ",.1f"),
            metric(one, "time_to_detect_rmst_30d", ".1f", between=True),
            metric(one, "false_accusations", ",.0f", between=True),
        ]))  # fmt: skip
    caption = (
        f"Detectors by campaign recall when {view.run['review_budget']} alerts a day are read. "
        f"Small print: {view.intervals}. Grey: controls."
    )
    valid = [r for r in view.detectors if r.valid and number(r, "campaign_recall") is not None]
    drawn = [
        (r.name, value, number(r, "campaign_recall", "low"), number(r, "campaign_recall", "high"))
        for r in valid[:_MOST]
        if (value := number(r, "campaign_recall")) is not None
    ]
    picture = "" if not drawn else figure(
        "Campaign recall at the review budget, with 95 % intervals over officers. Intervals that "
        "overlap widely do not rank two detectors." + (
            f" The best {_MOST} of {len(valid)}." if len(valid) > _MOST else ""),
        plots.intervals(drawn, "campaign-recall", "campaigns caught", view.look),
    )  # fmt: skip
    return _warning(view) + table(caption, heads, rows) + broken(view.detectors) + picture


def _warning(view: View) -> str:
    told = [c["misusing_officers"] for c in view.curves.values() if "misusing_officers" in c]
    if not told or min(told) >= LEAST_OFFICERS:
        return ""
    return paragraph(
        f"Intervals are unreliable: only {min(told)} misusing officers here, and below "
        f"{LEAST_OFFICERS} a nominal 95 % interval holds the truth less often than it says.", "note"
    )  # fmt: skip


def _rank(view: View, one: Result) -> Cell:
    """Return a detector's place among those that are no controls, with its uncertainty."""
    told = view.ranks.get(one.name)
    if told is None:
        return Cell("\N{EN DASH}", float("nan"))
    low, high = told.low, told.high
    small = "" if low is None or high is None else f"{low:g}\N{EN DASH}{high:g}"
    return Cell(str(told.rank), told.rank, small)


def budget(view: View) -> str:
    """Return what the alerts that are read show, and the same number of queries flagged."""
    heads: list[str | tuple[str, str]] = [
        "detector",
        ("alerts read", "Expected number where equal scores compete for the last places"),
        ("hits", "Alerts whose evidence shows misuse"),
        ("slips", "Alerts whose evidence shows an accidental slip"),
        ("false", "Alerts on officers who have done no misuse so far"),
        ("not shown", "Alerts on officers who have, by evidence that does not show it"),
        ("precision", "Share of hits among alerts read"),
        ("recall of cases", "Share of cases of misuse of which a read alert shows something"),
        ("queries: recall", "Share of misuse queries flagged, when as many are as alerts are read"),
        ("queries: precision", "Share of misuse among as many flagged queries"),
    ]  # fmt: skip
    rows = []
    for one in view.detectors:
        told = view.curves.get(one.name, {})
        read = told.get("alerts")
        if not one.valid or not read:
            continue
        point = (told.get("precision_recall") or {}).get("budget") or {}
        rows.append(row(one, [
            amount(sum(read.values()), ",.0f"),
            *(amount(read.get(name), ",.0f") for name in ("hit", "slip", "false", "other")),
            metric(one, "precision_at_budget", ".1%", between=True),
            metric(one, "recall_at_budget", ".1%", between=True),
            _per_cent(point.get("recall")), _per_cent(point.get("precision")),
        ]))  # fmt: skip
    caption = (
        f"Operating points: what {view.run['review_budget']} alerts a day show, and what as many "
        "single queries would."
    )
    return table(caption, heads, rows) if rows else ""


def _per_cent(value: float | None) -> Cell:
    return amount(value, ".3f") if value is None else Cell(f"{100 * value:.1f} %", value)


def accusations(view: View) -> str:
    """Return who is accused for nothing."""
    heads: list[str | tuple[str, str]] = [
        "detector", ("per 1,000 officer-years", "Read alerts on officers without misuse so far"),
        "per 100,000 honest queries",
        ("disparity", "Largest ÷ smallest rate over agencies, smoothed"),
        ("Gini", "Concentration over innocent officers: 0 even, 1 all on one"),
        ("top 1 % bears", "Share of false accusations borne by the most accused 1 %"),
    ]  # fmt: skip
    rows = [
        row(one, [
            metric(one, "false_accusations", ",.0f", between=True),
            metric(one, "false_accusations_per_100k", ",.1f", between=True),
            metric(one, "accusation_disparity", ".2f", between=True),
            metric(one, "repeat_flag_gini", ".2f"),
            metric(one, "repeat_flag_top_share", ".1%"),
        ])
        for one in view.detectors
        if one.valid
    ]  # fmt: skip
    caption = "False accusations at the review budget. Accidental slips are not among them."
    return table(caption, heads, rows) if rows else ""
