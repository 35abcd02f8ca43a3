"""Tables of campaigns: those that one finds alone, and one of them as a timeline."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

from misusebench.compare.cells import DASH, Shown
from misusebench.report.cells import counted, words
from misusebench.report.markup import Cell
from misusebench.report.view import CONTROLS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from misusebench.compare.campaigns import Apart, Only

#: Campaigns that are shown; the JSON has all.
MOST: Final = 60
#: Configurations whose ranks are told day by day on a page, and query by query in a terminal.
MOST_COLUMNS: Final = 12
MOST_TOLD: Final = 4


def alone(apart: Apart) -> list[Shown]:
    """Return the campaigns that one of two finds alone, both ways."""
    counts = (
        f"Both find {apart.both}, neither finds {apart.neither}, "
        f"{apart.first} alone {len(apart.only_first)}, {apart.second} alone "
        f"{len(apart.only_second)}."
    )
    sides = ((apart.first, apart.second, apart.only_first),
             (apart.second, apart.first, apart.only_second))  # fmt: skip
    return [_alone(one, other, told, counts, f"chance, {apart.first} / {apart.second}")
            for one, other, told in sides]  # fmt: skip


def _alone(one: str, other: str, told: Sequence[Only], counts: str, chances: str) -> Shown:
    rows = [_campaign(campaign) for campaign in told[:MOST]]
    cut = "" if len(rows) == len(told) else f" The first {len(rows)}; --json has all."
    caption = f"Found by {one}, missed by {other}. {counts}{cut}"
    heads = ("campaign", "kind", "rung", "queries", "first query, day", "found after, days",
             chances)  # fmt: skip
    return Shown("Campaigns that only one finds", caption, heads, tuple(rows))


def _campaign(one: Only) -> tuple[str, tuple[Cell, ...]]:
    days = Cell(DASH, float("nan")) if one.after_days is None else Cell(
        f"{one.after_days:g}", one.after_days
    )  # fmt: skip
    return one.campaign_id, (
        Cell(words(one.kind), style="text"), Cell(words(one.rung), style="text"),
        Cell(str(one.queries), one.queries), Cell(f"{one.first_day:g}", one.first_day), days,
        Cell(" / ".join(f"{share:.2f}" for share in one.chance)),
    )  # fmt: skip


def explained(told: dict[str, Any], *, whole: bool) -> list[Shown]:
    """Return one campaign's tables: who found it, and its queries in time.

    Parameters
    ----------
    told
        Of `timeline.py`.
    whole
        Whether single queries are told with what was asked; a page tells days alone.
    """
    every = sorted(told["configurations"], key=lambda name: _component(name) in CONTROLS)
    names = every[: MOST_TOLD if whole else MOST_COLUMNS]
    shown = [Shown("One campaign", lead(told), ("configuration", "found", "how"), tuple(
        (name, (Cell(_found(one), style="text"),
                Cell(how(one, told, exact=whole), style="text wrap")))
        for name, one in told["configurations"].items()
    ), sortable=False)]  # fmt: skip
    rows = (_query if whole else _day)(told, names)
    heads = ("when, UTC", *(("what was asked",) if whole else ("queries",)), *names)
    caption = (
        "Rank of each query among all scored ones (1 is the most suspicious), * where a read alert "
        "shows it; of policies the decision; a dash in the history."
    )
    if not whole:
        caption = "Queries by day, and the best rank of the day; * where a read alert shows it."
    if len(names) < len(every):
        caption += f" The first {len(names)} of {len(every)}; --component NAME chooses others."
    return [*shown, Shown("One campaign", caption, heads, tuple(rows), sortable=False)]


def lead(told: dict[str, Any]) -> str:
    """Return what a campaign was, in a sentence."""
    one = told["campaign"]
    facts = [words(one["kind"])]
    facts += [f"rung {words(one['rung'])}", f"cover {words(one['cover'] or 'none')}"]
    facts += [f"tie {words(one['tie'])}"] if one["tie"] else []
    size = " ".join([
        counted(one["queries"], "query", "queries"), "by",
        counted(one["officers"], "officer", "officers"), "about",
        counted(one["persons"], "person or plate", "persons or plates"),
    ])  # fmt: skip
    twins = ", ".join(f"{words(name)} ({n})" for name, n in told["twins"].items()) or "none"
    rules = ", ".join(sorted({words(r["rule"]) for r in told["reasons"]})) or "none told"
    return (
        f"Campaign {one['campaign_id']} of {one['world']}: {', '.join(facts)}; {size}. "
        f"Motive: {one['motive']}. Rules broken: {rules}. Honest look-alikes here: {twins}."
    )


def _component(name: str) -> str:
    """Return a configuration's component: its name without the run's."""
    return name.partition(" @ ")[0]


def _found(one: dict[str, Any]) -> str:
    if one["kind"] == "policy":
        return f"{one['denied']} of {one['of']} denied"
    if not one["chance"]:
        return "missed"
    return "found" if one["chance"] == 1 else f"found with chance {one['chance']:.2f}"


def how(one: dict[str, Any], told: dict[str, Any], *, exact: bool = True) -> str:
    """Return which alert caught a campaign, or the line that it missed by.

    Parameters
    ----------
    one
        What a configuration made of the campaign.
    told
        Of `timeline.py`.
    exact
        Whether times may be told that name a query of the log; a page has whole days.
    """
    if one["kind"] == "policy":
        return "decided query by query"
    alert, budget = one["alert"], told["review_budget"]
    if alert is None:
        return "no alert shows one of its queries"
    where = f"alert of {alert['day']}, place {alert['place']} of {alert['alerts']}"
    if one["chance"]:
        days = f"{one['after_days']:.1f}" if exact else f"{math.ceil(one['after_days'])}"
        return (
            f"{where}, read {one['found_at']}: {days} days and "
            f"{counted(one['after_queries'], 'query', 'queries')} after it began"
        )
    if alert["paused_since"]:
        return (
            f"{where}; its officer was read on {alert['paused_since']} and is not listed again yet"
        )
    line = DASH if alert["line"] is None else f"{alert['line']:.4g}"
    return f"closest: {where}, {budget} are read; score {alert['score']:.4g}, line {line}"


def _query(told: dict[str, Any], names: Sequence[str]) -> list[tuple[str, tuple[Cell, ...]]]:
    rows = []
    for place, query in enumerate(told["queries"]):
        asked = [query[n] for n in ("system", "message_key", "declared_purpose", "reason_text")]
        case = f"case {query['case_number']}" if query["case_number"] else "no case"
        text = "; ".join([*(str(one) for one in asked if one), case])
        cells = (_seen(told["configurations"][name], place) for name in names)
        when = query["time"][:16].replace("T", " ")
        rows.append((when, (Cell(text, style="text wrap"), *cells)))
    return rows


def _seen(one: dict[str, Any], place: int) -> Cell:
    told = one["queries"][place]
    if told is None:
        return Cell(DASH, float("nan"))
    if one["kind"] == "policy":
        return Cell(told["outcome"], style="text")
    read = told["alert"]["shows_it"] and told["alert"]["read"] > 0
    return Cell(f"{told['rank']:,}{'*' if read else ''}", told["rank"])


def _day(told: dict[str, Any], names: Sequence[str]) -> list[tuple[str, tuple[Cell, ...]]]:
    by: dict[str, list[int]] = {}
    for place, query in enumerate(told["queries"]):
        by.setdefault(query["time"][:10], []).append(place)
    rows = []
    for day, own in by.items():
        best = (_best(told["configurations"][name], own) for name in names)
        rows.append((day, (Cell(str(len(own)), len(own)), *best)))
    return rows


def _best(one: dict[str, Any], places: Sequence[int]) -> Cell:
    """Return the best rank of a day's queries, or how many of them a policy denied."""
    told = [one["queries"][place] for place in places if one["queries"][place] is not None]
    if one["kind"] == "policy" and told:
        denied = sum(seen["outcome"] == "deny" for seen in told)
        return Cell(f"{denied} denied", denied)
    return min((_seen(one, place) for place in places), key=_height)


def _height(cell: Cell) -> float:
    """Return what cells of one day go by: the best rank first, what has none last."""
    return cell.value if cell.value is not None and math.isfinite(cell.value) else math.inf
