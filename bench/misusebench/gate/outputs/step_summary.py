"""A job summary in Markdown: the verdict, what did not pass, all checks; at most 1 MB."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from misusebench.gate.outputs.told import named, plain
from misusebench.gate.verdict import (
    FAILED,
    INCONCLUSIVE,
    NEW,
    NOTED,
    PASS,
    REGRESSION,
    WORST,
    goodness,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from misusebench.gate.verdict import Check, Verdict

#: What the column holds, for what is judged has intervals of two kinds.
_INTERVALS: Final = (
    "Intervals are of the change: of metrics 95 %, over officers; of service_time 90 %, of the "
    "median over launches."
)
#: Bytes; the reader takes 1 MiB and drops what is larger as a whole.
LIMIT: Final = 1_000_000
#: Of one cell, characters.
_CELL: Final = 2_000
_MARKS: Final = str.maketrans(
    {c: f"\\{c}" for c in "!\"#$%'()*+,-./:;=?@[\\]^_`{|}~"}
    | {"<": "&lt;", ">": "&gt;", "&": "&amp;"}
)
_SIGNS: Final = {
    PASS: "passed", REGRESSION: "**regression**", INCONCLUSIVE: "*inconclusive*",
    FAILED: "**failed**", NEW: "new", NOTED: "told only",
}  # fmt: skip
_HEAD: Final = (
    "| status | component | data | what | base | head | change | interval | margin |",
    "|---|---|---|---|---:|---:|---:|---:|---:|",
)


def render(verdict: Verdict) -> str:
    """Return the verdict as Markdown in which no name is live."""
    judged = sum(check.status in WORST for check in verdict.checks)
    faults = verdict.faults
    strict = ", strict" * verdict.strict
    more = "".join(f" {told}." for told in (verdict.shown_safe, verdict.shown_only) if told)
    lines = [
        f"## MisuseBench gate: {verdict.status}",
        "",
        f"{judged - len(faults)} of {judged} checks passed; exit code {verdict.exit_code}{strict}."
        + more,
        "",
    ]
    every = list(named(verdict))
    worst = sorted((one for one in every if one[1].status in WORST[1:]),
                   key=lambda one: goodness(one[1]))  # fmt: skip
    rows, bad = ([_row(*one) for one in some] for some in (every, worst))
    if faults:
        told = [
            f"- {_SIGNS[check.status]}: {escaped(text)}" if text is check.message
            else f"  - {escaped(text)}"
            for check, text in verdict.told()
        ]  # fmt: skip
        lines += [*_cut(told, LIMIT // 2, "faults"), "", *_HEAD]
        lines += [*_cut(bad, LIMIT // 4, "faults", table=True), ""]
    lines += [escaped(_INTERVALS), "", "<details><summary>All checks</summary>", "", *_HEAD]
    left = LIMIT - _size(lines) - 200
    lines += [*_cut(rows, left, "checks", table=True), "", "</details>", ""]
    return "\n".join(lines)


def escaped(text: str) -> str:
    r"""Return text as Markdown that shows it and does nothing else, at most 2,000 characters.

    Examples
    --------
    >>> print(escaped("a|b <img> [x](y)"))
    a\|b &lt;img&gt; \[x\]\(y\)
    """
    flat = plain(text)
    more = len(flat) - _CELL
    cut = f" (and {more} more characters)" if more > 0 else ""
    return flat[:_CELL].translate(_MARKS) + cut


def _row(name: str, check: Check) -> str:
    between = ""
    if check.low is not None and check.high is not None:
        between = f"{check.low:+.4f} to {check.high:+.4f}"
    margin = "" if check.margin is None else f"{check.margin:.4f}"
    change = "" if check.change is None else f"{check.change:+.4f}"
    side = "" if check.side == "accuracy" else f" ({check.side})"
    cells = (
        _SIGNS.get(check.status, escaped(check.status)), escaped(check.component),
        escaped(check.dataset), escaped(name + side), _number(check.base), _number(check.head),
        change, between, margin,
    )  # fmt: skip
    return f"| {' | '.join(cells)} |"


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.4f}"


def _cut(rows: Sequence[str], most: int, what: str, *, table: bool = False) -> list[str]:
    """Return as many rows as have room, and how many have not."""
    size, kept = 0, []
    for row in rows:
        size += len(row.encode()) + 1
        if size > most:
            break
        kept.append(row)
    if more := len(rows) - len(kept):
        note = f"{more:,} more {what} have no room here; the gate's JSON has them all."
        kept += [] if table else [f"- {note}"]
        kept += ["", note] if table else []
    return kept


def _size(lines: Sequence[str]) -> int:
    return sum(len(line.encode()) + 1 for line in lines)
