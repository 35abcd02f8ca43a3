"""A comparison as a page, and as Markdown: aggregates alone, never a query, officer or person."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from misusebench.compare import campaign_tables, figures, several, tables
from misusebench.report import diagrams, markup
from misusebench.report.markdown import plain
from misusebench.report.strips import Lane, strip
from misusebench.result import write_atomically

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from misusebench.compare.cells import Shown
    from misusebench.compare.ranking import Ranking
    from misusebench.compare.whole import Comparison


def write(found: Comparison, out: Path) -> None:
    """Write a comparison as a page (.html) or as Markdown (.md)."""
    made = markdown(found) if out.suffix == ".md" else page(found)
    write_atomically(out, made.encode())


def _all(found: Comparison) -> list[Shown]:
    own = [] if found.explained is None else campaign_tables.explained(found.explained, whole=False)
    return [*own, *tables.tables(found)]


def page(found: Comparison) -> str:
    """Return one self-contained page, the same for the same comparison."""
    sections: dict[str, str] = {}
    drawn = dict(_figures(found))
    for one in _all(found):
        before = "" if one.section in sections else drawn.get(one.section, "")
        sections[one.section] = sections.get(one.section, "") + before + markup.table(
            one.caption, one.heads, [(name, "", cells) for name, cells in one.rows],
            sortable=one.sortable,
        )  # fmt: skip
    parts = [(f"part-{place}", title, body) for place, (title, body) in enumerate(sections.items())]
    notes = "".join(markup.paragraph(note, "note") for note in found.notes)
    return markup.page(
        "MisuseBench: comparison", tables.lead(found), parts, markup.facts(_facts(found)) + notes
    )


def _facts(found: Comparison) -> list[tuple[str, str]]:
    every = found.configurations
    counts = {"components": len(every)} if found.alone else {
        "runs": 1 + len(found.heads), "configurations": len(every),
        "worlds": len(every[0].runs) if every else 1,
    }  # fmt: skip
    return [*((name, str(count)) for name, count in counts.items()), *_conditions(found)]


def _conditions(found: Comparison) -> list[tuple[str, str]]:
    """Return what all were judged under; nothing where that differs."""
    budget = tables.budget(found)
    return [] if budget is None else [("alerts read a day", str(budget))]


def _figures(found: Comparison) -> Iterator[tuple[str, str]]:
    over = {one.kind: one for one in found.several}
    for ranking in found.rankings:
        drawn = _places(ranking)
        if ranking.kind in over:
            one = over[ranking.kind]
            drawn += markup.figure(
                f"Critical-difference diagram over {one.worlds} worlds; its numbers are in the "
                "tables below.", diagrams.element(several.critical_difference(one)),
            )  # fmt: skip
        yield f"Ranking of {'detectors' if ranking.kind == 'detector' else 'policies'}", drawn
    if found.explained is not None:
        yield "One campaign", _strip(found.explained)


def _places(ranking: Ranking) -> str:
    name = ranking.metric.replace("_", " ")
    return markup.figure(f"{name} with 95 % intervals over officers.", figures.places(ranking))


def _strip(told: dict[str, Any]) -> str:
    """Return the timeline of a campaign: its queries by day, and what was read of it."""
    days: dict[int, int] = {}
    for one in told["queries"]:
        days[one["day"]] = days.get(one["day"], 0) + 1
    lanes = [Lane("queries", sorted(days.items()), "line")]
    for name, one in list(told["configurations"].items())[: campaign_tables.MOST_COLUMNS]:
        if one["kind"] == "detector":
            read = {
                told["queries"][place]["day"]
                for place, seen in enumerate(one["queries"])
                if seen and seen["alert"]["shows_it"] and seen["alert"]["read"] > 0
            }
            lanes.append(Lane(name, [(day, 1) for day in sorted(read)], "found"))
    return markup.figure(
        "Its queries by day from the start of the scored part, and the days of which a read alert "
        "shows one.", strip(lanes),
    )  # fmt: skip


def markdown(found: Comparison) -> str:
    """Return the comparison as Markdown tables."""
    lines = ["## MisuseBench: comparison", "", plain(tables.lead(found)), ""]
    lines += [f"- {plain(note)}" for note in found.notes] + [""] * bool(found.notes)
    section = ""
    for one in _all(found):
        if one.section != section:
            section = one.section
            lines += [f"### {plain(section)}", ""]
        ways = ["---|" if "text" in cell.style else "---:|" for cell in one.rows[0][1]]
        lines += [plain(one.caption), ""]
        lines += ["| " + " | ".join(map(plain, one.heads)) + " |", "|---|" + "".join(ways)]
        lines += [
            f"| {plain(name)} | " + " | ".join(plain(cell.text) for cell in cells) + " |"
            for name, cells in one.rows
        ]
        lines.append("")
    return "\n".join(lines)
