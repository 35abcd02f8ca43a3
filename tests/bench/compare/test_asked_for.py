"""What a terminal tells of two configurations that were asked for: theirs alone, p over all."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console
from tests.bench.compare.made import configuration, loaded, near

from misusebench.compare import shown, tables
from misusebench.compare.differences import Difference
from misusebench.compare.ranking import rank
from misusebench.compare.whole import Comparison

RECALL = "campaign_recall"


def compared(*asked: str) -> Comparison:
    """Return a comparison of three runs; one detector is in the last of them alone."""
    found = []
    for place, name in enumerate(("a @ one", "b @ one", "a @ two", "b @ two", "a @ three", "c")):
        value = 0.9 - 0.1 * place
        component, _, folder = name.partition(" @ ")
        run = loaded(folder or "three")
        run.drawn = {(component, RECALL): near(value, 0.01, place)}
        one = configuration(component, RECALL, [value])
        found.append(replace(one, name=name, runs=(run,)))
    ranking = rank(found, RECALL, None, [])
    assert ranking is not None
    changes = tuple(
        tuple(Difference(name, RECALL, 0.5, 0.4, -0.1, -0.2, 0.0, 0.03, None, 400) for name in run)
        for run in ("ab", "a")
    )
    return Comparison(
        "one", ("two", "three"), True, changes, (), (ranking,), configurations=tuple(found),
        between=((asked[0], asked[1]),) if asked else (),
    )  # fmt: skip


def text(found: Comparison) -> str:
    """Return what a terminal shows, on one line."""
    console = Console(width=120)
    with console.capture() as said:
        console.print(shown.text(found))
    return " ".join(said.get().split())


@pytest.mark.parametrize(
    ("asked", "changes"),
    [
        ((), [("two", "a"), ("two", "b"), ("three", "a")]),
        (("a @ one", "a @ two"), [("two", "a")]),
        (("a @ two", "a @ three"), [("two", "a"), ("three", "a")]),
        (("a @ one", "b @ two"), [("two", "b")]),
        (("a @ one", "b @ one"), []),
        (("a @ one", "c"), []),
    ],
)
def test_changes_are_those_of_the_two(
    asked: tuple[str, ...], changes: list[tuple[str, str]]
) -> None:
    """Where one is of a later run; a table without rows is left out."""
    found = compared(*asked)
    assert [(run, one.component) for run, one in tables.changed(found)] == changes
    assert shown.table(found).row_count == len(changes)
    assert ("against one" in text(found)) == bool(changes)
    whole = next(one for one in tables.tables(found) if one.section == "Changes")
    assert len(whole.rows) == 3


def test_p_stays_corrected_over_all_and_that_is_said() -> None:
    """Above the changes and above the pair, where two were asked for."""
    told, every = text(compared("a @ one", "a @ two")), text(compared())
    assert "p corrected over all 3 tests of a metric" in told
    assert "p corrected over all 15 tests, pairs that say the same counting once" in told
    assert "The one of 15 pairs that was asked for" in told
    assert "corrected" not in every
    assert "p by Holm over 15 tests" in every


def test_tests_are_counted_by_metric() -> None:
    """Metrics may have other numbers of them; without p nothing is said."""
    found = compared("a @ one", "a @ two")
    more = replace(found.differences[0][0], metric="lift")
    some = replace(found, differences=((*found.differences[0], more), found.differences[1]))
    assert tables.corrected(some) == "p corrected over all 1 to 3 tests of a metric"
    bare = tuple(tuple(replace(one, p=None) for one in run) for run in found.differences)
    assert tables.corrected(replace(found, differences=bare)) == ""


def test_places_are_those_of_the_two() -> None:
    """With the rank that they have among all; a page has everybody's."""
    found = compared("b @ one", "c")
    (theirs,) = (one for one in tables.tables(found, 6) if one.heads[1] == "rank")
    assert [(name, cells[0].text) for name, cells in theirs.rows] == [("b @ one", "2"), ("c", "6")]
    assert theirs.caption.endswith("2 of 6, as asked for.")
    (every,) = (one for one in tables.tables(found) if one.heads[1] == "rank")
    assert len(every.rows) == 6
    assert "asked for" not in every.caption


def test_runs_are_told_apart_by_their_folder() -> None:
    """However it was written."""
    found = replace(compared("a @ one", "a @ two"), heads=("./two/", "three"))
    assert [run for run, _ in tables.changed(found)] == ["./two/"]
    assert Path("./two/") == Path("two")
