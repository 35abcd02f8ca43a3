"""The leaderboard of a whole run for a terminal and in Markdown."""

from __future__ import annotations

import json
import re
import shutil
from typing import TYPE_CHECKING

import pytest
from rich.console import Console
from tests.bench import made_run

from misusebench import report
from misusebench.report import view

if TYPE_CHECKING:
    from pathlib import Path

#: They stand on whole runs.
pytestmark = pytest.mark.slow


def shown(run: Path, width: int) -> str:
    """Return the terminal leaderboard as text."""
    with open("/dev/null", "w") as sink:  # noqa: PTH123
        console = Console(width=width, record=True, file=sink)
        console.print(report.leaderboard(run))
        return console.export_text()


def test_the_terminal_leaderboard(run: Path) -> None:
    """Best first, intervals below, failures below the table, no line too long."""
    text = shown(run, 100)
    order = [text.index(f"\n {n} ") if f"\n {n} " in text else text.index(n)
             for n in ("label_oracle", "good", "fair", "constant")]  # fmt: skip
    assert order == sorted(order)
    assert "broken: timeout: took longer than 60 s" in text
    assert "Policies" in text
    assert "campaigns of 40 officers lie in the scored part" in text
    assert max(len(line.rstrip()) for line in text.splitlines()) <= 100


def test_a_terminal_cannot_be_steered(run: Path, tmp_path: Path) -> None:
    """Escape sequences in a reason are shown, not sent."""
    folder = shutil.copytree(run, tmp_path / "hostile")
    path = folder / "results" / "broken.json"
    told = json.loads(path.read_text())
    told["reasons"] = ["\x1b]0;title\x07"]
    path.write_text(json.dumps(told))
    assert "\x1b" not in shown(folder, 120)


def test_the_markdown_summary(run: Path) -> None:
    """A table a kind of component, with intervals; as many cells in each row as heads."""
    text = report.summary(run)
    rows = [line for line in text.splitlines() if line.startswith("| ")]
    assert rows[0].startswith("| detector | campaigns caught")
    detectors = rows[: rows.index(next(r for r in rows if r.startswith("| policy")))]
    assert {len(re.findall(r"(?<!\\)\|", row)) for row in detectors} == {7}
    assert re.search(r"\| good \| \d\d\.\d % \(\d\d\.\d–\d\d\.\d %\)", text)  # noqa: RUF001


def test_small_shares_keep_a_digit() -> None:
    """A share of 0.0004 is 0.040 %, not 0.0 %."""
    one = made_run.result("x", metrics={"a": {"value": 0.0004, "unit": "", "direction": ""}})
    assert view.text(one, "a", ".1%") == "0.040 %"
    assert view.text(one, "b", ".1%") == "–"  # noqa: RUF001
