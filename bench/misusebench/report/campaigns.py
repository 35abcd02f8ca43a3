"""The report's drill-down: campaign by campaign, who found it and when; aggregates alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from misusebench.drilldown import FOUND
from misusebench.report.cells import counted, is_control, words
from misusebench.report.markup import (
    Cell,
    folded,
    listed,
    paragraph,
    preformatted,
    scrolling,
    small,
    table,
)
from misusebench.report.strips import Lane, strip

if TYPE_CHECKING:
    from collections.abc import Sequence

    from misusebench.report.view import View

#: Campaigns that are told one by one, and names that they may take together: pages stay small.
MOST: Final = 150
_MOST_NAMES: Final = 6_000
#: Of these, how many have a timeline, and how many detectors it shows.
_DRAWN, _LANES = 40, 6


class Told(NamedTuple):
    """One campaign and who found it."""

    facts: dict[str, Any]
    found: list[tuple[str, float, float | None]]  # (detector, chance, after days), soonest first
    missed: list[str]
    policies: list[tuple[str, float, float]]  # (policy, share denied, share that stays so)


def campaigns(view: View) -> str:
    """Return how many campaigns who finds, and a list of single ones that opens."""
    if not view.detectors and not view.policies:
        return ""
    if view.campaigns is None:
        return paragraph("This run does not tell its campaigns one by one; this command adds them:"
                         ) + preformatted("misusebench rescore RUN")  # fmt: skip
    every = told(view)
    if not every:
        return paragraph("No campaign has a query in the scored part.")
    shown = chosen(every)
    lead = (
        "Each line opens. First come those in which detectors disagree most. Days are "
        "whole and count from the start of the scored part; a detector finds a campaign when a "
        "read alert shows one of its queries."
    )
    if len(shown) < len(every):
        lead += f" Shown are {len(shown)} of {len(every)}; campaigns.json in the run has all."
    entries = "".join(_entry(one, place) for place, one in enumerate(shown))
    return (
        _by_kind(every) + paragraph(lead)
        + f'<div id="campaign-filters"></div>\n<div id="campaign-list">\n{entries}</div>\n'
    )  # fmt: skip


def told(view: View) -> list[Told]:
    """Return all campaigns with who found them: detectors that are no controls, and policies."""
    data = view.campaigns or {"campaigns": [], "detectors": {}, "policies": {}}
    rivals = [
        (one.name, data["detectors"][one.name]) for one in view.detectors
        if one.valid and not is_control(one) and one.name in data["detectors"]
    ]  # fmt: skip
    policies = [
        (one.name, data["policies"][one.name]) for one in view.policies
        if one.valid and one.name in data["policies"]
    ]  # fmt: skip
    made = []
    for place, facts in enumerate(data["campaigns"]):
        own = [(n, t["chance"][place] or 0.0, t["after_days"][place]) for n, t in rivals]
        found = [one for one in own if one[1] >= FOUND]
        found.sort(key=lambda one: (one[2] if one[2] is not None else 1e9, one[0]))
        missed = [name for name, chance, _ in own if chance < FOUND]
        denied = [(n, t["denied"][place] or 0.0, t["stays"][place] or 0.0) for n, t in policies]
        made.append(Told(facts, found, missed, denied))
    return made


def chosen(every: Sequence[Told]) -> list[Told]:
    """Return the campaigns that are told one by one, the most disputed first."""

    def dispute(one: Told) -> tuple[float, str]:
        total = len(one.found) + len(one.missed)
        return abs(len(one.found) / total - 0.5) if total else 1.0, one.facts["campaign_id"]

    names = max(1, len(every[0].found) + len(every[0].missed))
    return sorted(every, key=dispute)[: max(10, min(MOST, _MOST_NAMES // names))]


def data(view: View) -> dict[str, Any] | None:
    """Return what the script filters by: kind, rung and finders of the campaigns shown."""
    if view.campaigns is None or not view.campaigns["campaigns"]:
        return None
    shown = chosen(told(view))
    names = sorted({n for one in shown for n in (*(f[0] for f in one.found), *one.missed)})
    place = {name: nth for nth, name in enumerate(names)}
    return {
        "detectors": names,
        "campaigns": [
            {"kind": words(one.facts["kind"]), "rung": words(one.facts["rung"]),
             "found": sorted(place[name] for name, _, _ in one.found)}
            for one in shown
        ],
    }  # fmt: skip


def _by_kind(every: Sequence[Told]) -> str:
    """Return how many campaigns of each kind all, some or none of the detectors find."""
    kinds: dict[str, list[Told]] = {}
    for one in every:
        kinds.setdefault(one.facts["kind"], []).append(one)
    rows = []
    for kind, own in sorted(kinds.items()):
        none = sum(not one.found for one in own)
        whole = sum(not one.missed and bool(one.found) for one in own)
        counts = (len(own), none, len(own) - none - whole, whole)
        first = [one.found[0][2] for one in own if one.found and one.found[0][2] is not None]
        days = sorted(day for day in first if day is not None)
        middle = days[len(days) // 2] if days else None
        rows.append((words(kind), "", [
            *(Cell(str(count), count) for count in counts),
            Cell("–", float("nan")) if middle is None else Cell(f"{middle:g}", middle),  # noqa: RUF001
        ]))  # fmt: skip
    heads: list[str | tuple[str, str]] = [
        "kind",
        "campaigns",
        "found by none",
        "by some",
        "by all",
        ("first found after, days", "Median over campaigns of the soonest detector"),
    ]
    return table("Campaigns by how many detectors find them; controls do not count.", heads, rows)


def _entry(one: Told, place: int) -> str:
    facts = one.facts
    total = len(one.found) + len(one.missed)
    rung = f", {words(facts['rung'])}" if facts["rung"] else ""
    day = facts["first_day"]
    began = f"from day {day:.0f}" if day >= 0 else "since before the scored part"
    first = ""
    if one.found:
        days = one.found[0][2]
        first = f", first by {one.found[0][0]}" + ("" if days is None else f" after {days:g} days")
    size = counted(facts["queries"], "query", "queries")
    more = small(f"{size} {began}; found by {len(one.found)} of {total}{first}")
    return folded(f"{words(facts['kind'])}{rung}", _body(one, drawn=place < _DRAWN), "campaign",
                  more)  # fmt: skip


def _body(one: Told, *, drawn: bool) -> str:
    facts = one.facts
    size = counted(facts["queries"], "scored query", "scored queries")
    parts = [paragraph(
        f"Campaign {facts['campaign_id']}: {size} on {counted(len(facts['days']), 'day', 'days')} "
        f"by {counted(facts['officers'], 'officer', 'officers')}, severity {facts['severity']:g}. "
        f"Its queries: misusebench compare RUN --explain {facts['campaign_id']}"
    )]  # fmt: skip
    if drawn:
        parts.append(_timeline(one))
    if one.found:
        parts.append(
            paragraph("Found by") + listed([_finder(*found) for found in one.found], "who")
        )
    if one.missed:
        parts.append(paragraph("Missed by") + listed(one.missed, "who"))
    if one.policies:
        lines = [f"{name}: {100 * denied:.0f} % denied, {100 * stays:.0f} % for good"
                 for name, denied, stays in one.policies]  # fmt: skip
        parts.append(paragraph("Policies, of its queries") + listed(lines, "who"))
    return "".join(parts)


def _finder(name: str, chance: float, days: float | None) -> str:
    after = "" if days is None else f" after {days:g} days"
    return f"{name}{after}" + ("" if chance == 1 else f" (chance {chance:.2f})")


def _timeline(one: Told) -> str:
    facts = one.facts
    start = max(facts["first_day"], 0.0)
    lanes = [Lane("queries", [(day, count) for day, count in facts["days"]], "line")]
    lanes += [
        Lane(name, [(start + days, 1)], "found")
        for name, _, days in one.found[:_LANES] if days is not None
    ]  # fmt: skip
    return scrolling(f"Timeline of campaign {facts['campaign_id']}", strip(lanes))
