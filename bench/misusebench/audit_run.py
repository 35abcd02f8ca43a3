"""What `misusebench audit` does: reads a table, audits it, shows it, writes the page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from misusebench.audit import Audit, Check, audited, read_labelled, read_table
from misusebench.audit.pool import LEAST_CAMPAIGNS
from misusebench.audit.whole import audited_dataset
from misusebench.errors import SuiteError
from misusebench.report import markup
from misusebench.result import write_atomically
from misusesim.dataset import layout

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from rich.console import RenderableType

#: Level of tables that say nothing of theirs.
_TABLES: Final = "hard"
_LOOK: Final = {"pass": "good", "fail": "bad", "not applicable": "faint"}
_COLOUR: Final = {"pass": "green", "fail": "bold red", "not applicable": "dim"}


@dataclass(frozen=True, slots=True)
class Shown:
    """An audit of a named table."""

    name: str
    found: Audit

    def as_dict(self) -> dict[str, Any]:
        """Return what a machine reads."""
        return {"table": self.name, **self.found.as_dict()}

    def text(self) -> RenderableType:
        """Return a table for a terminal."""
        from rich.table import Table  # noqa: PLC0415 - only terminals need it

        out = Table(title=self.lead(), title_justify="left", box=None, pad_edge=False)
        for head in ("", "check", "verdict", "value", "bound", "what it was"):
            out.add_column(head, overflow="fold")
        out.caption, out.caption_justify = self.lead(), "left"  # the title has scrolled away
        for check in self.found.checks:
            colour, word = _COLOUR[check.verdict], check.verdict
            if check.value is not None and check.bound == "told only":
                word = "told"
            out.add_row(
                check.id, check.name, f"[{colour}]{word}[/]", _number(check), check.bound,
                check.detail.replace("[", r"\["),
            )  # fmt: skip
        return out

    def lead(self) -> str:
        """Return what was audited and how it came out, in one line."""
        one = self.found
        failed = ", ".join(check.name for check in one.failed) or "none"
        return (
            f"{self.name}: {one.positives:,} of {one.rows:,} rows positive, level {one.level}; "
            f"failed: {failed}"
        )


def show_audit(
    path: Path, label: str | None, *, time: str | None, entity: str | None, ignore: tuple[str, ...],
    level: str | None, most: float | None, without: Path | None, page: Path | None,
    others: tuple[Path, ...] = (), least: int = LEAST_CAMPAIGNS, again: bool = True,
    say: Callable[[str], None],
) -> Shown:  # fmt: skip
    """Audit a file or a data set and write the page, if one is wanted.

    Raises
    ------
    SuiteError
        If the file cannot be read, lacks a column or has rows of one class only, or a pooled data
        set is of another level or mix.
    """
    if not path.exists():
        raise SuiteError(
            f"{path}: no such file or folder; a data set, a CSV or a Parquet is wanted"
        )
    other = None if without is None else read_table(without)
    if label is not None and (path / layout.MANIFEST).is_file():
        raise SuiteError(
            f"{path} is a data set of ours, with a truth of its own; leave out --label"
        )
    if label is not None:
        if others:
            raise SuiteError("--with pools data sets of ours; a table with --label stands alone")
        labelled = read_labelled(path, label, time=time, entity=entity, ignore=ignore)
        found = audited(labelled, level or _TABLES, most=most, without=other, told=say)
    elif (path / layout.MANIFEST).is_file():
        found = audited_dataset(
            path, others, level=level, least=least, most=most, without=other, again=again, told=say
        )
    else:
        raise SuiteError(f"{path} is no data set of ours; a table needs --label COL")
    shown = Shown(path.name, found)
    if page is not None:
        write_atomically(page, audit_page(shown).encode())
        say(f"page     {page}")
    return shown


def audit_page(shown: Shown) -> str:
    """Return one self-contained page."""
    rows = [
        (f"{check.id} {check.name}", "wrap", [
            markup.Cell(check.verdict, style=f"text {_LOOK[check.verdict]}"),
            markup.Cell(_number(check), check.value),
            markup.Cell(check.bound, style="text wrap", small=check.detail),
        ])
        for check in shown.found.checks
    ]  # fmt: skip
    told = [(word, str(sum(c.verdict == word for c in shown.found.checks))) for word in _LOOK]
    heads = ["check", "verdict", "value", "bound, and what it was"]
    caption = "What may give a label away, and what chance would do."
    body = markup.table(caption, heads, rows, text=True)
    parts = [("checks", "Checks", body)]
    return markup.page(f"Audit of {shown.name}", shown.lead(), parts, markup.facts(told))


def _number(check: Check) -> str:
    return "-" if check.value is None else f"{check.value:.4g}"
