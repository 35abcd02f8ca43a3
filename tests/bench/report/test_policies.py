"""The report's section on policies, and their part of the terminal, from a few numbers."""

from __future__ import annotations

import re
from typing import Any

from rich.console import Console
from tests.bench.made_run import result
from tests.bench.report.made_view import detector, view

from misusebench.report import policies, terminal

NOT_ASKED = "nothing was denied, or it was not asked again"


def policy(name: str, rate: float | None, errors: float | None = None) -> Any:
    """Return a policy that opens so often, and permits so often with an error."""
    return result(name, "policy", metrics={
        "misuse_prevented": {"value": 0.5}, "fail_open": {"value": errors},
        "fail_open_rate": {"value": rate, "reason": NOT_ASKED},
    })  # fmt: skip


def cells(told: str, table: int, name: str) -> list[str]:
    """Return the cells of a policy's row in one of the tables."""
    row = re.findall(rf'<th scope="row">{name}</th>(.*?)</tr>', told)[table]
    return re.findall(r"<td[^>]*>(.*?)</td>", row)


def shown(*found: Any) -> str:
    """Return the leaderboard as a terminal of 100 columns shows it."""
    console = Console(width=100)
    with console.capture() as told:
        console.print(terminal.leaderboard(view(*found)))
    return told.get()


def test_fail_open_is_what_happens_without_a_fact() -> None:
    """The last column; errors that permit are in the table of friction, another thing."""
    told = policies.policies(view(policy("opens", 0.25, 0.5), policy("shut", 0.0)))
    assert cells(told, 0, "opens")[-1] == "25.0 %"
    assert cells(told, 0, "shut")[-1] == "0.0 %"
    assert cells(told, 1, "opens")[-1] == "50.0 %"
    assert "<dt>fail-open</dt><dd>Of denied queries asked again with one fact missing" in told
    assert "<dt>errors that permit</dt><dd>Share of answers with an error that permit" in told


def test_why_there_is_no_fail_open() -> None:
    """A dash and the reason: the metric's own, or that the run is older than the metric."""
    old = result("old", "policy", metrics={"misuse_prevented": {"value": 0.5}})
    told = policies.policies(view(policy("open_to_all", None), old))
    assert cells(told, 0, "open_to_all")[-1] == f"\u2013<small>{NOT_ASKED}</small>"
    assert cells(told, 0, "old")[-1] == "\u2013<small>this run has not asked again</small>"
    words = " ".join(shown(policy("open_to_all", None), old).split())
    assert f"open_to_all has none: {NOT_ASKED}." in words
    assert "old has none: this run has not asked again." in words


def test_the_terminal_tells_who_opens() -> None:
    """The share without a fact in its column, permits with an error only where there are some."""
    told = shown(policy("opens", 0.25, 0.5), policy("shut", 0.0, 0.0))
    row = next(line for line in told.splitlines() if " opens " in line or line.startswith("opens"))
    assert row.split()[-2:] == ["25.0", "%"]
    assert "one fact missing at a time" in told
    assert "opens permits 50.0 % of what it answers with an error" in told
    assert "shut permits" not in told
    assert max(len(line.rstrip()) for line in told.splitlines()) <= 100
    broken = result("broken", "policy", state="invalid", reasons=["x"])
    assert "one fact missing" not in shown(broken)


def test_the_matrix_of_a_pair() -> None:
    """Shares of a policy and a detector together, a dash where there is no campaign."""
    cells = {"policy_only": 0.25, "detector_only": 0.5, "both": 0.05, "neither": None}
    told = policies.policies(
        view(detector("x"), result("p", "policy"), combined={"x": {"p": cells}})
    )
    assert '<th scope="row">p + x</th>' in told
    assert all(f">{share} %</td>" in told for share in (25, 50, 5))
    assert '<td data-value="nan">\u2013</td>' in told


def test_the_matrix_says_what_counts_for_a_policy() -> None:
    """What comes back does not; the policies that were not asked about it are named."""
    cells = {"policy_only": 0.25, "detector_only": 0.5, "both": 0.05, "neither": 0.2}
    both = {"p": {**cells, "followed": True}, "q": {**cells, "followed": False}}
    told = policies.policies(view(
        detector("x"), result("p", "policy"), result("q", "policy"), combined={"x": both}
    ))  # fmt: skip
    assert "denied and do not come back and pass" in told
    assert "What came back was not asked of q: all denied queries count." in told
    alone = policies.policies(
        view(detector("x"), result("p", "policy"), combined={"x": {"p": both["p"]}})
    )
    assert "not asked of" not in alone
