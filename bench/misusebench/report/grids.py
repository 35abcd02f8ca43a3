"""The report's heat maps: recall by kind and rung, alerts by oddity, both with counts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from misusebench.report.cells import is_control, place, row, words
from misusebench.report.markup import Cell, heat, table

if TYPE_CHECKING:
    from misusebench.report.view import View

#: Columns of components; where there are more they become the rows.
MOST: Final = 12


def _columns(view: View, lines: list[tuple[str, Any]]) -> list[tuple[str, Any]]:
    """Return the best components that are no controls, as many as fit."""
    by = {one.name: one for one in view.detectors}
    return [one for one in lines if not is_control(by[one[0]])][:MOST]


def kinds(view: View) -> str:
    """Return recall by kind and rung as a heat map with counts."""
    lines = view.drawn("kinds")
    if not lines:
        return ""
    before = left = ""
    if len(lines) > MOST:
        before, every = _turned(view, lines), len(lines)
        lines = _columns(view, lines)
        left = f" The best {len(lines)} of {every} detectors; above are all."
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
            cells.append(_share(share, told))
        label = f"· {words(rung)}" if rung else words(kind)
        body.append((label, "control" if rung else "", cells))
    caption = (
        "Campaigns caught at the review budget, by kind and, below each kind, by how well the "
        "misuse is covered up. n: campaigns; few make the share uncertain." + left
    )
    heads = ["kind and rung", "n", *(n for n, _ in lines)]
    return before + table(caption, heads, body, sortable=False)


def _turned(view: View, lines: list[tuple[str, Any]]) -> str:
    """Return recall by kind with a row for each of many detectors."""
    counts = {p["kind"]: p["n"] for _, points in lines for p in points if p["rung"] is None}
    kinds = sorted(counts)
    shares = {name: {p["kind"]: p["recall"] for p in points if p["rung"] is None}
              for name, points in lines}  # fmt: skip
    rows = [
        row(one, [_share(shares[one.name].get(kind), f"{one.name}: {kind}") for kind in kinds])
        for one in view.detectors
        if one.name in shares
    ]
    caption = "Campaigns caught at the review budget, by kind; in brackets how many there are."
    return table(caption, ["detector", *(f"{words(k)} ({counts[k]})" for k in kinds)], rows)


def _share(share: float | None, title: str, most: float = 1.0, shown: str = ".0f") -> Cell:
    if share is None:
        return Cell("–", float("nan"))  # noqa: RUF001
    return heat(f"{100 * share:{shown}} %", share / most, "", title)


def oddities(view: View) -> str:
    """Return alert rates of honest oddities as a heat map with counts."""
    lines = view.drawn("oddities")
    if not lines:
        return ""
    counts = {p["oddity"]: p["officer_days"] for _, points in lines for p in points}
    rate = {(name, p["oddity"]): p["rate"] for name, points in lines for p in points}
    most = max([*rate.values(), 1e-9])
    if len(lines) > MOST:
        return _turned_oddities(view, counts, rate, most)
    body = []
    for oddity in sorted(counts):
        cells = [Cell(f"{counts[oddity]:,}", counts[oddity])]
        for name, _ in lines:
            share = rate.get((name, oddity), 0.0)
            cells.append(heat(f"{100 * share:.1f} %", share / most, "", f"{name}: {oddity}"))
        body.append((words(oddity), "", cells))
    caption = (
        "Honest but strange work: share of officer-days with an oddity whose alert is read and "
        "shows it. A stronger shade is worse. n: officer-days."
    )
    return table(caption, ["oddity", "n", *(n for n, _ in lines)], body, sortable=False)


def _turned_oddities(
    view: View, counts: dict[str, int], rate: dict[tuple[str, str], float], most: float
) -> str:
    """Return alert rates with a row for each of many detectors."""
    names = sorted(counts)
    told = {name for name, _ in rate}
    rows = [
        row(one, [_share(rate.get((one.name, n), 0.0), f"{one.name}: {n}", most, ".1f")
                  for n in names])
        for one in view.detectors if one.name in told
    ]  # fmt: skip
    caption = (
        "Honest but strange work: share of officer-days with an oddity whose alert is read and "
        "shows it. A stronger shade is worse. In brackets: officer-days."
    )
    return table(caption, ["detector", *(f"{words(n)} ({counts[n]:,})" for n in names)], rows)
