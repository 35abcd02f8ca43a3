"""Diagrams of many components: every name is there, none lies on another, bytes repeat."""

from __future__ import annotations

import functools
import itertools
import re

import numpy as np
import pytest

from misusebench.report.diagrams import (
    chances,
    critical_difference,
    drawn,
    element,
    stacked,
    write,
)
from misusebench.report.plots import styled
from misusebench.worlds import ROPE, alike, mean_ranks, pairs


def made(count: int) -> dict[str, np.ndarray]:
    """Return components on twenty worlds, each a little worse than the one before."""
    chance = np.random.default_rng(7)
    return {
        f"detector_{place}-memory_days_{place}": 0.3 * 0.88**place * chance.uniform(0.5, 2, 20)
        for place in range(count)
    }


@functools.cache  # hundreds of pairs are compared for it
def both(count: int):
    """Return the two diagrams, the names and the bars."""
    values = made(count)
    told = pairs(values)
    ranks, bars = mean_ranks(values), alike(values, told=told)
    return critical_difference(ranks, bars, 20), chances(told, list(ranks), ROPE), values, bars


def boxes(diagram) -> list[tuple[str, float, float, float, float]]:
    """Return each text with the corners of its box, in pixels."""
    with styled(diagram.name):
        figure = drawn(diagram)
        figure.canvas.draw()
        return [
            (text.get_text(), *text.get_window_extent().extents)
            for text in figure.axes[0].texts
        ]  # fmt: skip


@pytest.mark.parametrize("count", [2, 3, 13, 30])
def test_no_label_lies_on_another_or_beyond_the_edge(count):
    """The boxes of all texts, by geometry."""
    for diagram in both(count)[:2]:
        found = boxes(diagram)
        wide, high = (inches * 100 for inches in diagram.size)
        for text, left, low, right, top in found:
            assert left >= 0, text
            assert low >= 0, text
            assert right <= wide, text
            assert top <= high, text
        for one, other in itertools.combinations(found, 2):
            apart = one[3] <= other[1] or other[3] <= one[1]
            assert apart or one[4] <= other[2] or other[4] <= one[2], (one[0], other[0])


@pytest.mark.parametrize("count", [2, 30])
def test_every_component_is_named(count):
    """In the diagram once, with its mean rank; in the table as a row and as a column."""
    ranked, table, values, _ = both(count)
    shown, cells = [box[0] for box in boxes(ranked)], [box[0] for box in boxes(table)]
    for name, rank in mean_ranks(values).items():
        assert [text for text in shown if name in text.split()] in (
            [f"{name}  {rank:.1f}"], [f"{rank:.1f}  {name}"],
        )  # fmt: skip
        assert cells.count(name) == 2
    assert any("over 20 worlds" in text for text in shown)


def test_a_bar_for_every_run_and_from_its_first_to_its_last():
    """Bars in the order of the axis; those on one level do not touch."""
    ranked, _, values, bars = both(30)
    assert len(bars) > 5
    with styled("bars"):
        lines = [one for one in drawn(ranked).axes[0].lines if one.get_gid() == "bar"]
    assert len(lines) == len(bars)
    ranks = mean_ranks(values)
    wide = [ranks[bar[-1]] - ranks[bar[0]] for bar in bars]
    drawn_wide = [float(np.ptp(one.get_xdata())) - 0.1 for one in lines]
    assert np.corrcoef(wide, drawn_wide)[0, 1] == pytest.approx(1)
    for one, other in itertools.combinations(lines, 2):
        if one.get_ydata()[0] == other.get_ydata()[0]:
            (a, b), (c, d) = sorted([sorted(one.get_xdata()), sorted(other.get_xdata())])
            assert b < c
            assert a < d


def test_levels_of_spans_that_touch():
    """A chain of spans that overlap takes two levels, one over all a third."""
    assert stacked([(1, 3), (2, 5), (4, 6)]) == [0, 1, 0]
    assert stacked([(1, 9), (2, 3), (4, 6)]) == [0, 1, 1]
    assert stacked([]) == []


@pytest.mark.parametrize("ending", ["png", "svg"])
def test_equal_diagrams_have_equal_bytes(ending, tmp_path):
    """Files hold neither date nor version."""
    for which in (0, 1):
        files = [tmp_path / f"{turn}.{ending}" for turn in "ab"]
        for file in files:
            write(both(13)[which], file)
        first, second = (file.read_bytes() for file in files)
        assert first == second
        assert b"Matplotlib v" not in first


def test_the_pages_element_has_no_colours_but_stand_ins():
    """The style sheet can then darken it; the file is on white."""
    svg = element(both(13)[0])
    assert set(re.findall(r"#[0-9a-f]{6}", svg)) <= {"#101010", "#ffffff"}
    assert "style=" not in svg


def test_signs_say_which_way():
    """The better row has a plus, the worse a minus, twins are alike."""
    base = np.linspace(0.3, 0.6, 20)
    values = {"good": base + 0.2, "bad": base, "twin": base}
    shown = [text for text, *_ in boxes(chances(pairs(values), list(values), ROPE))]
    assert [shown.count(sign) for sign in "+=-"] == [3, 3, 3]  # two cells each, and the key
