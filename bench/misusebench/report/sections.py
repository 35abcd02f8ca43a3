"""The report's sections: each takes a view and returns HTML, empty where there is nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from misusebench.interval import LEAST_OFFICERS
from misusebench.report import plots
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
from misusebench.report.view import CONTROLS, interval_text, number, reason, text, timing
from misusesim.dataset.schema import RUNGS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from misusebench.report.view import View
    from misusebench.result import Result

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


def _row(one: Result, cells: Sequence[Cell]) -> tuple[str, str, Sequence[Cell]]:
    return one.name, "control" if one.name in CONTROLS else "", cells


def _metric(one: Result, name: str, shown: str, *, between: bool = False) -> Cell:
    small = interval_text(one, name, shown) if between else ""
    return Cell(text(one, name, shown), _sort(one, name), small, "", reason(one, name))


def _sort(one: Result, name: str) -> float:
    value = number(one, name)
    return float("nan") if value is None else value


def _broken(found: Sequence[Result]) -> str:
    """Return the components that have no result to be ranked by, and why."""
    rows = [
        (one.name, "invalid" if one.failed else "",
         [Cell(_words(one.state), style="text"), Cell("; ".join(one.reasons), style="text wrap")])
        for one in found
        if not one.valid
    ]  # fmt: skip
    heads = ["without a result", "state", "reason"]
    return (
        table("Components that are not ranked.", heads, rows, sortable=False, text=True)
        if rows
        else ""
    )


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
        rows.append(_row(one, [
            Cell(one.tier),
            _metric(one, "campaign_recall", ".1%", between=True),
            _metric(one, "recall_min", ".1%"),
            _metric(one, "precision_at_budget", ".1%", between=True),
            _metric(one, "average_precision", ".3f", between=True),
            _metric(one, "lift", ",.1f"),
            _metric(one, "time_to_detect_rmst_30d", ".1f", between=True),
            _metric(one, "false_accusations", ",.0f", between=True),
        ]))  # fmt: skip
    caption = (
        f"Detectors by campaign recall when {view.run['review_budget']} alerts a day are read. "
        "Small print: 95 % intervals over officers. Grey: controls."
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
    return _warning(view) + table(caption, heads, rows) + _broken(view.detectors) + picture


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
    for kind, rung in sorted(rows, key=_place):
        cells = [Cell(f"{rows[kind, rung]}", rows[kind, rung])]
        for name, _ in lines:
            share = found.get((name, kind, rung))
            told = f"{name}: {kind}{' / ' + rung if rung else ''}"
            cells.append(
                Cell("–") if share is None else heat(f"{100 * share:.0f} %", share, "", told)  # noqa: RUF001
            )
        label = f"· {_words(rung)}" if rung else _words(kind)
        body.append((label, "control" if rung else "", cells))
    caption = (
        "Campaigns caught at the review budget, by kind and, below each kind, by how well the "
        "misuse is covered up. n: campaigns; few make the share uncertain."
    )
    return table(caption, ["kind and rung", "n", *(n for n, _ in lines)], body, sortable=False)


def _place(key: tuple[str, str | None]) -> tuple[str, int]:
    """Return what rows go by: the kind, then how well it is covered up."""
    kind, rung = key
    return kind, -1 if rung is None else RUNGS.index(rung) if rung in RUNGS else len(RUNGS)


def _words(name: str | None) -> str:
    return (name or "").replace("_", " ")


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
        body.append((_words(oddity), "", cells))
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
        _row(one, [
            _metric(one, "time_to_detect_median", ".1f", between=True),
            _metric(one, "time_to_detect_q80", ".1f"),
            _metric(one, "leaked_queries", ".1f"),
            _metric(one, "harm_weighted_recall", ".1%"),
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
        _row(one, [
            _metric(one, "false_accusations", ",.0f", between=True),
            _metric(one, "false_accusations_per_100k", ",.1f", between=True),
            _metric(one, "accusation_disparity", ".2f", between=True),
            _metric(one, "repeat_flag_gini", ".2f"),
            _metric(one, "repeat_flag_top_share", ".1%"),
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


def policies(view: View) -> str:
    """Return what policies prevent and what they cost, and the matrix with detectors."""
    if not view.policies:
        return ""
    heads: list[str | tuple[str, str]] = [
        "policy", ("misuse prevented", "Misuse queries denied"), "worst kind",
        ("honest blocked", "Honest queries denied or challenged"),
        ("per 100 shifts", "Honest queries denied or challenged per officer and 100 shifts"),
        "lawful licensing blocked", ("fail-open", "Answers with an error that permit"),
    ]  # fmt: skip
    rows = [
        _row(one, [
            _metric(one, "misuse_prevented", ".1%", between=True),
            _metric(one, "prevented_min", ".1%"),
            _metric(one, "honest_blocked", ".1%", between=True),
            _metric(one, "honest_blocked_per_100_shifts", ",.1f", between=True),
            _metric(one, "lawful_licensing_blocked", ".1%"),
            _metric(one, "fail_open", ".1%"),
        ])
        for one in view.policies
        if one.valid
    ]  # fmt: skip
    caption = "Policies: what they prevent, and what they cost honest work."
    shown = table(caption, heads, rows) + _broken(view.policies)
    return shown + _prevented(view) + _rules(view) + _matrix(view)


def _drawn_policies(view: View, part: str) -> list[tuple[str, Any]]:
    return [
        (r.name, view.curves[r.name][part])
        for r in view.policies
        if r.valid and view.curves.get(r.name, {}).get(part)
    ]


def _prevented(view: View) -> str:
    lines = _drawn_policies(view, "kinds")
    if not lines:
        return ""
    counts = {(p["kind"], p["rung"]): p["n"] for _, points in lines for p in points}
    found = {(name, p["kind"], p["rung"]): p["prevented"] for name, ps in lines for p in ps}
    body = []
    for kind, rung in sorted(counts, key=_place):
        shares = [found.get((name, kind, rung)) for name, _ in lines]
        cells = [Cell(f"{counts[kind, rung]:,}")]
        cells += [Cell("–") if s is None else heat(f"{100 * s:.1f} %", s) for s in shares]  # noqa: RUF001
        label = f"· {_words(rung)}" if rung else _words(kind)
        body.append((label, "control" if rung else "", cells))
    caption = "Misuse queries denied, by kind and rung. n: queries."
    return table(caption, ["kind and rung", "n", *(n for n, _ in lines)], body, sortable=False)


def _rules(view: View) -> str:
    lines = _drawn_policies(view, "rules")
    names = sorted({rule for _, rules in lines for rule in rules})
    if not names:
        return ""
    heads = ["rule", *(f"{n}: {side}" for n, _ in lines for side in ("misuse", "honest"))]
    body = []
    for rule in names:
        sides = [(rules.get(rule, {}), s) for _, rules in lines for s in ("misuse", "honest")]
        body.append((rule, "", [Cell(f"{t.get(s, 0):,}", t.get(s, 0)) for t, s in sides]))
    return table("How often each rule gave the reason, misuse and honest queries.", heads, body)


def _matrix(view: View) -> str:
    told = view.run.get("combined") or {}
    names = ("policy_only", "detector_only", "both", "neither")
    body = [
        (f"{policy.name} + {one.name}", "control" if one.name in CONTROLS else "",
         [_share(told[one.name][policy.name][name]) for name in names])
        for policy in view.policies
        for one in view.detectors
        if policy.name in told.get(one.name, {})
    ]  # fmt: skip
    if not body:
        return ""
    caption = (
        "Policy and detector together: share of campaigns stopped by only one of them, by both, or "
        "by neither. A campaign counts for a policy by the share of its queries denied."
    )
    return table(caption, ["pair", "policy only", "detector only", "both", "neither"], body)


def _share(value: float | None) -> Cell:
    if value is None:
        return Cell("–", float("nan"))  # noqa: RUF001
    return heat(f"{100 * value:.0f} %", value)


def speed(view: View) -> str:
    """Return speed and memory: of this machine, never gated."""
    rows = []
    for one in [*view.detectors, *view.policies]:
        told = timing(one)
        if not one.valid or not told.get("rows_per_s"):
            continue
        single = told.get("single_row_ms") or {}
        rows.append(_row(one, [
            _amount(told.get("rows_per_s"), ",.0f"), _amount(told.get("fit_s"), ".2f"),
            *(_amount(single.get(p), ".3f") for p in ("p50", "p95", "p99")),
            _amount(told.get("above_empty_mib"), ",.0f"),
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


def _amount(value: float | None, shown: str) -> Cell:
    if value is None:
        return Cell("–", float("nan"))  # noqa: RUF001
    return Cell(format(value, shown), float(value))


def realism(view: View) -> str:
    """Return the profile of the log beside reference profiles, if the run holds one."""
    profiles = (view.realism or {}).get("profiles", [])
    if not profiles:
        return ""
    names = [n for n, v in profiles[0].items() if isinstance(v, (int, float)) and v is not None]
    body = [
        (_words(n), "", [_amount(p.get(n) if isinstance(p.get(n), (int, float)) else None, ",.3g")
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
