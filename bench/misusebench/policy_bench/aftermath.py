"""What denials led to, counted: who came back by which road, who was seen, what work was lost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from misusebench import interval
from misusebench.metrics import compute_policy
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
        `misuse` and `honest`, each with the number `denied`, how many authors were `asked`, how
        many `passed` with a new try, by its reaction in `by`, how many were taken to a supervisor
        (`seen`: misuse ends there, honest work goes on) and how many `ended`; `delay_s` is the mean
        seconds until those pass or are let through.
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
    counted = np.bincount(told.reaction[passed], minlength=len(REACTIONS))
    delay = told.delay_s[passed | seen if through else passed]
    return {
        "denied": int((own & decided.blocked).sum()),
        "asked": len(np.unique(told.row[mine])),
        "passed": int(passed.sum()),
        "by": {word: int(n) for word, n in zip(REACTIONS, counted, strict=True) if n},
        "seen": int(seen.sum()),
        "ended": int((mine & (told.reaction == GIVE_UP)).sum()),
        "delay_s": float(delay.mean()) if len(delay) else None,
    }


def kinds(decided: Decided) -> list[dict[str, Any]]:
    """Return misuse prevented and what stays prevented, per kind and rung, with intervals.

    Returns
    -------
    list
        One entry for all, one a kind, one a kind and rung: `name`, and `prevented` and `adjusted`,
        each (value, low, high) over officers.
    """
    told = compute_policy(decided)
    found = []
    for name, value in told.items():
        family, _, member = name.partition("/")
        if family == "misuse_prevented":
            other = told[name.replace(family, "prevented_adjusted")]
            found.append({
                "name": member or "all", "prevented": (value.value, value.low, value.high),
                "adjusted": (other.value, other.low, other.high),
            })  # fmt: skip
    return sorted(found, key=lambda one: (one["name"] != "all", one["name"]))


def render(found: Mapping[str, Any]) -> list[str]:
    """Return what :func:`aftermath` counted as lines of Markdown."""
    if not found:
        return ["Nobody was asked what he would do after a denial."]
    lines = ["| | misuse | honest |", "|---|---|---|"]
    both = (found["misuse"], found["honest"])
    for key, words in (
        ("denied", "queries denied"), ("asked", "whose author the truth asked"),
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


def reliable(decided: Decided) -> bool:
    """Return whether enough officers misuse for the intervals of :func:`kinds` to hold."""
    return decided.scored.misusing_officers >= interval.LEAST_OFFICERS
