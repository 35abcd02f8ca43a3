"""What denials led to, counted: who came back by which road, who was seen, what work was lost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from misusebench.metrics.decided import GIVE_UP, SUPERVISOR
from misusesim.dataset.schema import REACTIONS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from misusebench.metrics import Decided, Followed


def aftermath(decided: Decided) -> dict[str, Any]:
    """Return what became of denied queries, as counts; empty where nobody was asked.

    Returns
    -------
    dict
        `misuse` and `honest`, each with the number `denied` and how many authors were `asked`.
        These stand for `stands_for` (`Decided.standing`), of which so many `passed` with a new try,
        by its reaction in `by`, so many were taken to a supervisor (`seen`: misuse ends there,
        honest work goes on) and so many `ended`; `delay_s` is the mean seconds until those pass or
        are let through.
    """
    if decided.followed is None:
        return {}
    return {
        "misuse": _side(decided, decided.followed, decided.scored.positive, through=False),
        "honest": _side(decided, decided.followed, decided.honest, through=True),
    }


def _side(
    decided: Decided, told: Followed, own: NDArray[np.bool_], *, through: bool
) -> dict[str, Any]:
    """Return one side's counts; `through`: whether a supervisor lets its queries through."""
    mine = own[told.row]
    passed = mine & told.let_through
    seen = mine & (told.reaction == SUPERVISOR)
    each, asked = decided.standing[told.row], np.unique(told.row[mine])
    counted = np.bincount(told.reaction[passed], each[passed], len(REACTIONS))
    late = passed | seen if through else passed
    return {
        "denied": int((own & decided.blocked).sum()),
        "asked": len(asked),
        "stands_for": int(decided.standing[asked].sum()),
        "passed": int(each[passed].sum()),
        "by": {word: int(n) for word, n in zip(REACTIONS, counted, strict=True) if n},
        "seen": int(each[seen].sum()),
        "ended": int(each[mine & (told.reaction == GIVE_UP)].sum()),
        "delay_s": float(np.average(told.delay_s[late], weights=each[late]))
        if late.any()
        else None,
    }


def render(found: Mapping[str, Any]) -> list[str]:
    """Return what :func:`aftermath` counted as lines of Markdown."""
    if not found:
        return ["Nobody was asked what he would do after a denial."]
    lines = ["| | misuse | honest |", "|---|---|---|"]
    both = (found["misuse"], found["honest"])
    for key, words in (
        ("denied", "queries denied"), ("asked", "whose author the truth asked"),
        ("stands_for", "for which these stand; of them"),
        ("passed", "that come back and pass"), ("seen", "that are taken to a supervisor"),
        ("ended", "that are given up"),
    ):  # fmt: skip
        lines.append(f"| {words} | {both[0][key]:,} | {both[1][key]:,} |")
    for word in REACTIONS:
        if any(word in side["by"] for side in both):
            cells = " | ".join(f"{side['by'].get(word, 0):,}" for side in both)
            lines.append(f"| passing after: {word.replace('_', ' ')} | {cells} |")
    late = ["–" if side["delay_s"] is None else f"{side['delay_s']:.0f} s" for side in both]  # noqa: RUF001
    return [*lines, f"| mean delay | {late[0]} | {late[1]} |"]
