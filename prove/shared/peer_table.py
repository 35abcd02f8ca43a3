"""Audits of several tables side by side, as Markdown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from misusebench.audit import Audit, Check

#: Words that are short enough for a cell.
_SHORT = {"pass": "", "fail": " fail"}
_RULES, _TREES = ("Q2", "rules of one line"), ("Q2", "shallow trees")


class Column(NamedTuple):
    """An audited table."""

    name: str
    found: Audit
    again: int  # rows that the second making of the same seed has and the first has not

    def check(self, which: tuple[str, str]) -> Check | None:
        """Return a check by its number and name."""
        return next((one for one in self.found.checks if (one.id, one.name) == which), None)

    @property
    def failed(self) -> int:
        """Return how many checks failed."""
        return len(self.found.failed) + bool(self.again)

    def as_dict(self) -> dict[str, Any]:
        """Return what a machine reads."""
        return {**self.found.as_dict(), "rows_not_made_again": self.again}


def cell(value: float | None, verdict: str) -> str:
    """Return a cell: the value, in bold with its verdict where it fails, "-" where it says nothing.

    >>> cell(0.93, "fail"), cell(0.5, "pass"), cell(None, "not applicable")
    ('**0.93 fail**', '0.5', '-')
    """
    if value is None:
        return "-"
    number = f"{value:.3g}" if abs(value) < 1_000 else f"{value:,.0f}"  # noqa: PLR2004 - in words
    return f"**{number} fail**" if verdict == "fail" else number


def table(columns: Sequence[Column]) -> list[str]:
    """Return the lines of the table: a line a check, a column an audited table."""
    names = [one.name for one in columns]
    head = [_line("", "check", *names), _line("---", "---", *("---:" for _ in names))]
    facts = [
        _line("", "rows", *(f"{one.found.rows:,}" for one in columns)),
        _line("", "positive rows", *(f"{one.found.positives:,}" for one in columns)),
        _line("", "checks failed", *(str(one.failed) for one in columns)),
    ]
    return [*head, *facts, *(_of_check(which, columns) for which in _checks(columns)),
            _lift(columns), _again(columns)]  # fmt: skip


def _checks(columns: Sequence[Column]) -> list[tuple[str, str]]:
    """Return all checks that say something of any table, in the order of an audit."""
    told = [(c.id, c.name) for one in columns for c in one.found.checks if c.value is not None]
    return sorted(dict.fromkeys(told), key=lambda which: int(which[0][1:]))


def _of_check(which: tuple[str, str], columns: Sequence[Column]) -> str:
    found = [one.check(which) for one in columns]
    cells = ("-" if one is None else cell(one.value, one.verdict) for one in found)
    return _line(*which, *cells)


def _lift(columns: Sequence[Column]) -> str:
    """Return how many times better than chance the best rule or tree is."""
    cells = []
    for one in columns:
        found = [one.check(which) for which in (_RULES, _TREES)]
        best = max((c.value for c in found if c and c.value is not None), default=None)
        times = None if best is None else best * one.found.rows / one.found.positives
        cells.append(cell(times, "told"))
    return _line("Q2", "best of both, times chance", *cells)


def _again(columns: Sequence[Column]) -> str:
    cells = (cell(one.again, "fail" if one.again else "pass") for one in columns)
    return _line("Q11", "rows that the same seed does not make again", *cells)


def rules(columns: Sequence[Column]) -> list[str]:
    """Return a table of the best rules."""
    lines = [_line("table", "best rule of one line", "best tree", "strongest single column"),
             _line(*["---"] * 4)]  # fmt: skip
    for one in columns:
        rule, tree = one.check(_RULES), one.check(_TREES)
        single = max((c for c in one.found.checks if c.id == "Q1"), key=lambda c: c.value or 0.0)
        lines.append(_line(
            one.name, rule.detail if rule else "-", _told(tree), single.detail.replace("|", "/"),
        ))  # fmt: skip
    return lines


def _told(tree: Check | None) -> str:
    known = tree is not None and tree.value is not None
    return f"{tree.detail}: average precision {tree.value:.3g}" if known and tree else "-"


def _line(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"
