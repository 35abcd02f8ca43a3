"""The report's section on policies: what they prevent, what they cost, and with which detectors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from misusebench.report.cells import broken, metric, place, row, share, words
from misusebench.report.markup import Cell, heat, table
from misusebench.report.view import CONTROLS

if TYPE_CHECKING:
    from misusebench.report.view import View


def policies(view: View) -> str:
    """Return what policies prevent and what they cost, and the matrix with detectors."""
    if not view.policies:
        return ""
    heads: list[str | tuple[str, str]] = [
        "policy", ("misuse prevented", "Misuse queries denied"),
        ("and stays so", "Misuse queries denied that do not come back and pass"), "worst kind",
        ("honest blocked", "Honest queries denied or challenged"),
        ("per 100 shifts", "Honest queries denied or challenged per officer and 100 shifts"),
        "lawful licensing blocked", ("fail-open", "Answers with an error that permit"),
    ]  # fmt: skip
    rows = [
        row(one, [
            metric(one, "misuse_prevented", ".1%", between=True),
            metric(one, "prevented_adjusted", ".1%", between=True),
            metric(one, "prevented_min", ".1%"),
            metric(one, "honest_blocked", ".1%", between=True),
            metric(one, "honest_blocked_per_100_shifts", ",.1f", between=True),
            metric(one, "lawful_licensing_blocked", ".1%"),
            metric(one, "fail_open", ".1%"),
        ])
        for one in view.policies
        if one.valid
    ]  # fmt: skip
    caption = "Policies: what they prevent, and what they cost honest work."
    shown = table(caption, heads, rows) + broken(view.policies)
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
    for kind, rung in sorted(counts, key=place):
        shares = [found.get((name, kind, rung)) for name, _ in lines]
        cells = [Cell(f"{counts[kind, rung]:,}")]
        cells += [Cell("–") if s is None else heat(f"{100 * s:.1f} %", s) for s in shares]  # noqa: RUF001
        label = f"· {words(rung)}" if rung else words(kind)
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
         [share(told[one.name][policy.name][name]) for name in names])
        for policy in view.policies
        for one in view.detectors
        if policy.name in told.get(one.name, {})
    ]  # fmt: skip
    if not body:
        return ""
    cells = (cell for pairs in told.values() for cell in pairs.items())
    plain = sorted({name for name, one in cells if not one.get("followed")})
    caption = (
        "Policy and detector together: share of campaigns stopped by only one of them, by both, or "
        "by neither. A campaign counts for a policy by the share of its queries that are denied "
        "and do not come back and pass."
    )
    if plain:
        caption += f" What came back was not asked of {', '.join(plain)}: all denied queries count."
    return table(caption, ["pair", "policy only", "detector only", "both", "neither"], body)
