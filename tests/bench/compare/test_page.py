"""Pages of comparisons: hostile names stay text, bytes repeat, diagrams over worlds are files."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from rich.console import Console
from tests.bench.compare.made import configuration, near

from misusebench.compare import page, shown, tables
from misusebench.compare.families import families
from misusebench.compare.figures import write_plot
from misusebench.compare.ranking import rank
from misusebench.compare.several import several
from misusebench.compare.whole import Comparison
from misusebench.errors import SuiteError
from misusebench.report import plots

if TYPE_CHECKING:
    from pathlib import Path

RECALL = "campaign_recall"
HOSTILE = ("</script><script>alert(1)</script>", "<img src=x onerror=alert(1)>", "\x1b[31mred|")


def compared(names: tuple[str, ...], worlds: int = 1) -> Comparison:
    """Return a comparison of configurations, each a little behind the one before."""
    found = []
    for place, name in enumerate(names):
        value = 0.9 - 0.2 * place
        one = configuration(name, RECALL, [value] * worlds, [near(value, 0.01, place)] * worlds)
        metrics = {**one.results[0].metrics, f"{RECALL}/retaliation": {"value": value, "n": 4}}
        found.append(replace(one, results=tuple(replace(r, metrics=metrics) for r in one.results)))
    notes: list[str] = []
    ranking = rank(found, RECALL, None, notes)
    over = several(found, RECALL, 0.01, notes)
    assert ranking is not None
    return Comparison(
        "base", (), True, (), tuple(notes), (ranking,), (over,) if over else (),
        tuple(families(found)), (), tuple(found),
    )  # fmt: skip


def test_hostile_names_stay_text(monkeypatch: pytest.MonkeyPatch) -> None:
    """In page, Markdown and terminal."""
    found = compared(HOSTILE)
    text = page.page(found)
    assert len(re.findall("<script", text)) == 1
    assert "<img" not in text
    assert "\x1b" not in text
    assert page.page(found) == text
    marked = page.markdown(found)
    assert not re.search(r"(?<!\\)<", marked)
    assert "\x1b" not in marked
    console = Console(width=120)
    with console.capture() as told:
        console.print(shown.text(found))
    assert "\x1b" not in told.get()
    assert "[31mred|" in told.get()


def test_many_configurations_become_rows() -> None:
    """Thirteen are rows of a page; a terminal gets the first six as columns, and says so."""
    found = compared(tuple(f"d{n:02d}" for n in range(4)))
    (small,) = (one for one in tables.tables(found) if one.section == "Kind by kind")
    assert small.heads == ("kind", "n", "d00", "d01", "d02", "d03")
    many = compared(tuple(f"d{n:02d}" for n in range(13)))
    (wide,) = (one for one in tables.tables(many) if one.section == "Kind by kind")
    assert wide.heads == ("configuration", "retaliation (4)")
    assert len(wide.rows) == 13
    (cut,) = (one for one in tables.tables(many, 6) if one.section == "Kind by kind")
    assert cut.heads[2:] == tuple(f"d{n:02d}" for n in range(6))
    assert "The first 6 of 13." in cut.caption


def test_pairs_are_cut_to_the_closest() -> None:
    """Of 253 pairs those that stand closest are shown, and how many there are is said."""
    pairs = next(one for one in tables.tables(compared(tuple(f"d{n:02d}" for n in range(23))))
                 if one.heads[0] == "ahead")  # fmt: skip
    assert len(pairs.rows) == tables.MOST_PAIRS
    assert "The 200 of 253 pairs" in pairs.caption
    assert pairs.rows[0][0] == "d00"
    assert pairs.rows[0][1][0].text == "d01"


@pytest.mark.parametrize("ending", ["svg", "png"])
def test_the_diagram_over_worlds_is_a_file(tmp_path: Path, ending: str) -> None:
    """Its own bytes each time, one file a kind of component."""
    over = several(compared(("a", "b"), 6).configurations, RECALL, 0.01, [])
    assert over is not None
    path = tmp_path / f"cd.{ending}"
    both = replace(compared(("a", "b"), 6), several=(over, over._replace(kind="policy")))
    assert write_plot(both, path) == [
        path, tmp_path / f"cd-policy.{ending}",
    ]  # fmt: skip
    assert path.read_bytes() == (tmp_path / f"cd-policy.{ending}").read_bytes()


@pytest.mark.parametrize("ending", ["svg", "png"])
def test_the_ranking_on_one_world_is_a_file(tmp_path: Path, ending: str) -> None:
    """Equal bytes each time; where nothing is ranked there is no figure, and why is said."""
    found = compared(("a", "b"))
    paths = [tmp_path / f"{name}.{ending}" for name in ("one", "two")]
    assert [write_plot(found, path) for path in paths] == [[path] for path in paths]
    assert paths[0].read_bytes() == paths[1].read_bytes()
    with pytest.raises(SuiteError, match="--plot: nothing is ranked: too unlike"):
        write_plot(replace(found, rankings=(), notes=("too unlike",)), paths[0])


def test_worlds_have_their_diagram_on_the_page(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beside the intervals, with the table of signed ranks."""
    monkeypatch.setattr(plots, "figure_of", lambda name, *_: f'<svg data-figure="{name}"></svg>')
    text = page.page(compared(("a", "b"), 6))
    assert "Critical-difference diagram over 6 worlds" in text
    assert "evenly about 0; Holm over 1 pairs)" in text
