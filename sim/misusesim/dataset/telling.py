"""What README and datasheet tell in the same words: titles, tables, and an audit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from misusesim.dataset import schema

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from misusesim.scenario.model import Scenario

LICENCE: Final = "CC0-1.0"
#: The requirements that a released data set is held against.
REQUIREMENTS: Final = tuple(f"Q{number}" for number in range(1, 18))


def title(scenario: Scenario) -> str:
    """Return name and title of a world."""
    return f"{scenario.name}: {scenario.title}" if scenario.title else scenario.name


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    r"""Return a Markdown table.

    Examples
    --------
    >>> table(("rule",), [("a | b",)])
    '| rule |\n|---|\n| a \\| b |\n'
    """
    lines = [heads, ["---"] * len(heads), *rows]
    cells = [[_cell(text) for text in line] for line in lines]
    cells[1] = list(lines[1])
    return "".join(
        f"|{'|'.join(line)}|\n" if place == 1 else f"| {' | '.join(line)} |\n"
        for place, line in enumerate(cells)
    )


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def misuse_table(realised: dict[str, Any]) -> str:
    """Return campaigns and queries per kind and rung; rungs without a campaign are left out."""
    rows = [
        (row["kind"], rung, f"{row['campaigns'][rung]:,}", f"{row['queries'][rung]:,}")
        for row in realised["misuse"]
        for rung in schema.RUNGS
        if row["campaigns"][rung] or row["queries"][rung]
    ]
    if not rows:
        return "There is no misuse in it.\n"
    return table(("kind", "rung", "campaigns", "queries"), rows)


def audit_in_words(audit: dict[str, Any] | None) -> str:
    """Return how the audit of a data set came out, in some sentences."""
    if audit is None:
        return "None yet: `misusebench release` makes a data set with the audit inside."
    words = [check["verdict"] for check in audit["checks"]]
    told = ", ".join(f"{words.count(one)} {one}" for one in ("pass", "fail", "not applicable"))
    failed = ", ".join(audit["failed"])
    verdict = f"FAILED: {failed}. Do not use it to compare components." if failed else "Passed."
    again = (
        "It was made two times more, by other workers and without misuse."
        if audit["again"]
        else "It was not made again to be compared, so determinism and honest rows are unproven."
    )
    return (
        f"{verdict} {len(words)} checks at level {audit['level']}: {told}.\n"
        f"{again}\nAll checks are in `DATASHEET.md`, `audit.json` and `audit.html`."
    )


def audit_table(audit: dict[str, Any]) -> str:
    """Return every check of an audit, and of which requirements none measured anything."""
    rows = [
        (c["id"], c["name"], number(c["value"]), c["bound"], c["verdict"], c["detail"])
        for c in audit["checks"]
    ]
    there = {check["id"] for check in audit["checks"] if check["value"] is not None}
    missing = ", ".join(one for one in REQUIREMENTS if one not in there) or "none"
    told = table(("id", "check", "value", "bound", "verdict", "what it was"), rows)
    return f"{told}\nNot measured on this data set: {missing}.\n"


def number(value: float | None) -> str:
    """Return the value of a check as it is printed.

    Examples
    --------
    >>> number(0.61662), number(None)
    ('0.6166', '-')
    """
    return "-" if value is None else f"{value:.4g}"
