"""The report's section on policies: what they prevent, what they cost, and with which detectors."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from misusebench.report import plots
from misusebench.report.cells import broken, metric, place, row, share, words
from misusebench.report.markup import Cell, figure, heat, table
from misusebench.report.view import CONTROLS, number, unasked

if TYPE_CHECKING:
    from misusebench.report.view import View
    from misusebench.result import Result

#: Detectors of the matrix; more make a table that nobody reads.
MOST: Final = 20
#: Columns of what policies prevent and cost.
_COSTS: Final[tuple[str | tuple[str, str], ...]] = (
    "policy", ("misuse prevented", "Share of misuse queries that are denied"),
    ("and stays so", "Share of misuse queries that are denied and do not come back and pass"),
    ("worst kind", "Misuse prevented of the kind that is prevented least"),
    ("honest blocked", "Share of honest queries that are denied or challenged"),
    ("per 100 shifts", "Honest queries denied or challenged per officer and 100 shifts"),
    ("lawful licensing blocked", "Share of lawful queries for permits denied or challenged"),
    ("fail-open", ("Of denied queries asked again with one fact missing at a time, the share "
                   "permitted for want of one; it must be 0")),
)  # fmt: skip
#: Columns of what becomes of denials.
_FRICTION: Final[tuple[str | tuple[str, str], ...]] = (
    "policy", ("misuse returned", "Share of denied misuse that comes back and passes"),
    ("honest challenged", "Share of honest queries that must be confirmed"),
    ("urgent per 100 shifts", "Honest queries of the highest priority, denied or challenged"),
    ("honest recovered", "Share of denied honest queries that are made all the same, later"),
    ("delay, s", "Mean delay of those made all the same"),
    ("emergency flag", "Share of queries that set it, new tries included"),
    ("of it misuse", "Share of misuse among permitted queries that set the flag"),
    ("errors", "Share of queries whose answer has an error"),
    ("errors that permit", "Share of answers with an error that permit; it must be 0"),
)  # fmt: skip


def policies(view: View) -> str:
    """Return what policies prevent and what they cost, and the matrix with detectors."""
    if not view.policies:
        return ""
    rows = [
        row(one, [
            metric(one, "misuse_prevented", ".1%", between=True),
            metric(one, "prevented_adjusted", ".1%", between=True),
            metric(one, "prevented_min", ".1%"),
            metric(one, "honest_blocked", ".1%", between=True),
            metric(one, "honest_blocked_per_100_shifts", ",.1f", between=True),
            metric(one, "lawful_licensing_blocked", ".1%"),
            _opens(one),
        ])
        for one in view.policies
        if one.valid
    ]  # fmt: skip
    caption = "Policies: what they prevent, and what they cost honest work."
    shown = table(caption, _COSTS, rows) + broken(view.policies)
    return (
        shown
        + _picture(view)
        + _friction(view)
        + _roles(view)
        + _prevented(view)
        + (_rules(view) + _matrix(view))
    )


def _opens(one: Result) -> Cell:
    """Return how often a policy opens for want of a fact, or why nobody knows."""
    cell = metric(one, "fail_open_rate", ".1%")
    return cell if number(one, "fail_open_rate") is not None else replace(cell, small=unasked(one))


def _picture(view: View) -> str:
    points = [
        (one.name, hindered, 100 * kept)
        for one in view.policies
        if one.valid and (hindered := number(one, "honest_blocked_per_100_shifts")) is not None
        and (kept := _kept(one)) is not None
    ]  # fmt: skip
    if len(points) < 2:  # noqa: PLR2004 - one point shows nothing
        return ""
    labels = ("honest queries blocked per officer and 100 shifts", "misuse prevented, %")
    return figure(
        "What policies prevent (less what comes back and passes, where that was asked) against "
        "what they cost honest work; left and high is better.",
        plots.scatter(points, "policies", labels, logarithmic=False),
    )  # fmt: skip


def _kept(one: Result) -> float | None:
    adjusted = number(one, "prevented_adjusted")
    return number(one, "misuse_prevented") if adjusted is None else adjusted


def _friction(view: View) -> str:
    """Return what becomes of denials, and what else policies cost."""
    rows = [
        row(one, [
            metric(one, "misuse_returned", ".1%", between=True),
            metric(one, "honest_challenged", ".1%", between=True),
            metric(one, "urgent_blocked_per_100_shifts", ",.1f", between=True),
            metric(one, "honest_recovered", ".1%", between=True),
            metric(one, "honest_delay", ",.0f", between=True),
            metric(one, "break_glass_rate", ".1%"), metric(one, "break_glass_abuse", ".1%"),
            metric(one, "error_rate", ".1%"), metric(one, "fail_open", ".1%"),
        ])
        for one in view.policies
        if one.valid
    ]  # fmt: skip
    caption = "Friction, and what becomes of denials. A dash: it did not happen or was not asked."
    return table(caption, _FRICTION, rows) if rows else ""


def _roles(view: View) -> str:
    """Return the share of honest queries hindered by role."""
    lines = [
        (one.name, told) for one in view.policies
        if one.valid and (told := (one.diagnostics.get("blocks") or {}).get("role"))
    ]  # fmt: skip
    counts = {role: told["honest"] for _, roles in lines for role, told in roles.items()}
    rows = []
    for role in sorted(counts):
        own = [roles.get(role, {"denied": 0, "challenged": 0}) for _, roles in lines]
        shares = [(one["denied"] + one["challenged"]) / max(1, counts[role]) for one in own]
        cells = [heat(f"{100 * share:.1f} %", share) for share in shares]
        rows.append((words(role), "", [Cell(f"{counts[role]:,}", counts[role]), *cells]))
    caption = "Honest queries denied or challenged, by role. n: honest queries."
    return table(caption, ["role", "n", *(name for name, _ in lines)], rows) if rows else ""


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
    rivals = [one for one in view.detectors if any(told.get(one.name, {}))]
    left = len(rivals) - MOST if len(rivals) > MOST + 5 else 0
    rivals = rivals[:MOST] if left else rivals
    body = [
        (f"{policy.name} + {one.name}", "control" if one.name in CONTROLS else "",
         [share(told[one.name][policy.name][name]) for name in names])
        for policy in view.policies
        for one in rivals
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
    if left:
        caption += f" With the best {MOST} of {left + MOST} detectors; run.json has all."
    if plain:
        caption += f" What came back was not asked of {', '.join(plain)}: all denied queries count."
    return table(caption, ["pair", "policy only", "detector only", "both", "neither"], body)
