"""The report's sections: each takes a view and returns HTML, empty where there is nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from misusebench.interval import LEAST_OFFICERS
from misusebench.report import plots
from misusebench.report.cells import amount, broken, metric, place, row, words
from misusebench.report.markup import (
    Cell,
    facts,
    figure,
    heat,
    paragraph,
    preformatted,
    table,
    verdict,
)
from misusebench.report.view import CONTROLS, number, timing

if TYPE_CHECKING:
    from misusebench.report.view import View

_VERDICTS: Final = {
    "pass": "Pass: nothing is worse than the baseline beyond its margin",
    "regression": "Regression: something is worse than the baseline",
    "inconclusive": "Inconclusive: a loss that may be chance",
    "failed": "Failed: a component did not run",
}


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
        status = view.verdict["status"]
        bad = [c["message"] for c in view.verdict["checks"] if c["status"] not in ("pass", "new")]
        return verdict(status, _VERDICTS[status], bad[:12])
    failed = [r for r in view.results if r.failed]
    if failed:
        lines = [f"{r.name}: {r.state}: {'; '.join(r.reasons)}" for r in failed]
        count = f"{len(failed)} component{'s' * (len(failed) > 1)} failed"
        return verdict("failed", count, lines)
    return verdict("none", "All components ran; no baseline was given to compare with", [])


def leaderboard(view: View) -> str:
    """Return the ranked detectors, with intervals."""
    heads: list[str | tuple[str, str]] = [
        "detector", ("tier", "Information the detector was given"),
        ("campaign recall", "Campaigns of which a read alert shows a misuse query"),
        ("worst kind", "Campaign recall of the kind the detector sees least"),
        ("precision", "Read alerts that show misuse"),
        ("average precision", "Of single queries at the native base rate"),
        ("lift", "Average precision ÷ base rate"),
        ("days undetected", "Mean within the first 30 days (restricted mean)"),
        ("false accusations", "Per 1,000 innocent officer-years"),
    ]  # fmt: skip
    rows = []
    for one in view.detectors:
        if not one.valid:
            continue
        rows.append(row(one, [
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
    valid = [r for r in view.detectors if r.valid]
    drawn = [
        (r.name, value, number(r, "campaign_recall", "low"), number(r, "campaign_recall", "high"))
        for r in valid
        if (value := number(r, "campaign_recall")) is not None
    ]
    picture = "" if not drawn else figure(
        "Campaign recall at the review budget, with 95 % intervals over officers. Intervals that "
        "overlap widely do not rank two detectors.",
        plots.intervals(drawn, "campaign-recall", "campaigns caught", _look(view)),
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


def _look(view: View) -> dict[str, tuple[str, Any]]:
    return plots.colours([r.name for r in view.detectors if r.valid], CONTROLS)


def precision_recall(view: View) -> str:
    """Return the precision-recall curves."""
    lines = [(n, p) for n, p in view.drawn("precision_recall") if p["recall"]]
    if not lines:
        return ""
    return figure(
        "Precision against recall of single queries, at the native base rate (grey line: what "
        "guessing gives). Dots: as many queries flagged as alerts are read.",
        plots.precision_recall(lines, _look(view)),
    )


def kinds(view: View) -> str:
    """Return recall by kind and rung as a heat map with counts."""
    lines = view.drawn("kinds")
    if not lines:
        return ""
    rows: dict[tuple[str, str | None], int] = {}
    for _, points in lines:
        rows |= {(p["kind"], p["rung"]): p["n"] for p in points}
    found = {(name, p["kind"], p["rung"]): p["recall"] for name, ps in lines for p in ps}
    body = []
    for kind, rung in sorted(rows, key=place):
        cells = [Cell(f"{rows[kind, rung]}", rows[kind, rung])]
        for name, _ in lines:
            share = found.get((name, kind, rung))
            told = f"{name}: {kind}{' / ' + rung if rung else ''}"
            cells.append(
                Cell("–") if share is None else heat(f"{100 * share:.0f} %", share, "", told)  # noqa: RUF001
            )
        label = f"· {words(rung)}" if rung else words(kind)
        body.append((label, "control" if rung else "", cells))
    caption = (
        "Campaigns caught at the review budget, by kind and, below each kind, by how well the "
        "misuse is covered up. n: campaigns; few make the share uncertain."
    )
    return table(caption, ["kind and rung", "n", *(n for n, _ in lines)], body, sortable=False)


def oddities(view: View) -> str:
    """Return alert rates of honest oddities as a heat map with counts."""
    lines = view.drawn("oddities")
    if not lines:
        return ""
    counts = {p["oddity"]: p["officer_days"] for _, points in lines for p in points}
    rate = {(name, p["oddity"]): p["rate"] for name, points in lines for p in points}
    most = max([*rate.values(), 1e-9])
    body = []
    for oddity in sorted(counts):
        cells = [Cell(f"{counts[oddity]:,}", counts[oddity])]
        for name, _ in lines:
            share = rate.get((name, oddity), 0.0)
            cells.append(heat(f"{100 * share:.1f} %", share / most, "", f"{name}: {oddity}"))
        body.append((words(oddity), "", cells))
    caption = (
        "Honest but strange work: share of officer-days with an oddity whose alert is read and "
        "shows it. Darker is worse. n: officer-days."
    )
    return table(caption, ["oddity", "n", *(n for n, _ in lines)], body, sortable=False)


def time_to_detect(view: View) -> str:
    """Return the curves of the time to detect, and their quantiles."""
    lines = view.drawn("time_to_detect")
    if not lines:
        return ""
    heads: list[str | tuple[str, str]] = [
        "detector", "median, days", "80 % quantile, days",
        ("queries before the first alert", "Misuse queries per campaign"),
        ("harm prevented", "Misuse queries after the first alert, by severity"),
    ]  # fmt: skip
    rows = [
        row(one, [
            metric(one, "time_to_detect_median", ".1f", between=True),
            metric(one, "time_to_detect_q80", ".1f"),
            metric(one, "leaked_queries", ".1f"),
            metric(one, "harm_weighted_recall", ".1%"),
        ])
        for one in view.detectors
        if one.valid
    ]  # fmt: skip
    caption = "Time to detect. A dash: so many campaigns were never caught."
    return figure(
        "Share of campaigns not yet detected (Kaplan–Meier; undetected ones count until the end of "  # noqa: RUF001
        "the observed time). Lower is sooner.",
        plots.time_to_detect(lines, _look(view)),
    ) + table(caption, heads, rows)


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


def cost(view: View) -> str:
    """Return the price of detection over what misuse costs."""
    lines = view.drawn("cost")
    if not lines:
        return ""
    return figure(
        "What looking for misuse costs, at the best of seven budgets (1 to 100 alerts a day, or "
        "none): alerts read, plus ten for each false accusation, plus the price of every misuse "
        "query that nobody stopped. 100 % is the price of doing nothing.",
        plots.cost(lines, _look(view)),
    )


def speed(view: View) -> str:
    """Return speed and memory: of this machine, never gated."""
    rows = []
    for one in [*view.detectors, *view.policies]:
        told = timing(one)
        if not one.valid or not told.get("rows_per_s"):
            continue
        single = told.get("single_row_ms") or {}
        rows.append(row(one, [
            amount(told.get("rows_per_s"), ",.0f"), amount(told.get("fit_s"), ".2f"),
            *(amount(single.get(p), ".3f") for p in ("p50", "p95", "p99")),
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
    return table(caption, heads, rows)


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


def reproduce(view: View) -> str:
    """Return what it takes to get the same numbers: command, versions, hashes."""
    run, data = view.run, view.run["dataset"]
    machine = run.get("ungated", {}).get("machine", {})
    packages = ", ".join(f"{k} {v}" for k, v in sorted(machine.get("packages", {}).items()))
    command = (
        f"misusebench simulate {data['name']} -o DATA\n"
        f"misusebench bench DATA --suite {run['suite']} -o RUN\n"
        "misusebench report RUN -o report.html"
    )
    told = [
        ("suite", run["suite"]), ("tier", run["tier"]), ("seed", run["seed"]),
        ("review budget, alerts a day", run["review_budget"]),
        ("history, share of days", run["history_share"]),
        ("data set hash", data["hash"]), ("scenario hash", run["scenario_hash"]),
        ("Python", machine.get("python", "")), ("packages", packages),
    ]  # fmt: skip
    rows = [(str(name), "", [Cell(str(value), style="text wrap")]) for name, value in told]
    of = [
        (r.name, "", [
            Cell(str(r.component.get("target", "")), style="text"), Cell(r.tier, style="text"),
            Cell(str(r.isolation.get("level", "")), style="text"),
            Cell((r.component.get("source_sha256") or "")[:16], style="text"),
        ])
        for r in view.results
    ]  # fmt: skip
    return (
        preformatted(command)
        + table("The run.", ["what", "value"], rows, sortable=False, text=True)
        + table(
            "Components.", ["name", "target", "tier", "isolation", "source, SHA-256"], of, text=True
        )
    )
