"""Sections and figures of the report from a few numbers, and the points that figures draw."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.bench.made_run import result
from tests.bench.report.made_view import detector, view

from misusebench.metrics import Tally, labelled
from misusebench.metrics.points import (
    _thinned,
    kept,
    oddity_rates,
    precision_recall,
    time_to_detect,
)
from misusebench.report import (
    board,
    campaigns,
    curves,
    evidence,
    grids,
    plots,
    policies,
    speed,
    top,
)
from misusebench.report.view import CONTROLS, View

if TYPE_CHECKING:
    from collections.abc import Callable

DASH = "\N{EN DASH}"
SECTIONS = (
    curves.precision_recall, grids.kinds, grids.oddities, curves.time_to_detect, board.accusations,
    curves.cost, policies.policies, speed.speed, evidence.realism, campaigns.campaigns,
)  # fmt: skip


@pytest.mark.parametrize("section", SECTIONS)
def test_a_section_without_anything_is_empty(section: Callable[[View], str]) -> None:
    """A run without results has no such section."""
    assert section(view()) == ""


@pytest.mark.parametrize(
    ("status", "words"),
    [("pass", "Pass: nothing is worse"), ("regression", "Regression: something is worse"),
     ("inconclusive", "Inconclusive: a loss that may be chance"),
     ("failed", "Failed: a component did not run")],
)  # fmt: skip
def test_the_top_says_the_verdict(status: str, words: str) -> None:
    """Each status has its words and its class; twelve faults are listed, the others counted."""
    checks = [{"status": "regression", "message": f"fault {i}"} for i in range(20)]
    told = top.top(view(verdict={"status": status, "checks": checks}))
    assert f'<div class="verdict {status}" role="status"><strong>{words}' in told
    assert told.count("<li>") == 13
    assert "<li>and 8 more</li>" in told


@pytest.mark.parametrize(
    ("states", "words"),
    [(["ok"], "All components ran"), (["ok", "not_applicable"], "All components ran"),
     (["crash"], "1 component failed"), (["crash", "oom", "ok"], "2 components failed")],
)  # fmt: skip
def test_the_top_without_a_baseline(states: list[str], words: str) -> None:
    """What failed is counted; what was not applicable did not fail."""
    found = [detector(f"d{i}", state=s, reasons=["r"]) for i, s in enumerate(states)]
    assert words in top.top(view(*found))


def test_the_facts_on_top() -> None:
    """Name, queries, scored ones, components and the budget."""
    told = top.top(view(detector("a"), result("p", "policy")))
    for name, value in (("queries", "2,000"), ("of them scored", "1,000"), ("detectors", "1"),
                        ("policies", "1"), ("alerts read a day", "7")):  # fmt: skip
        assert f"<dt>{name}</dt><dd>{value}</dd>" in told


@pytest.mark.parametrize(("officers", "warned"), [(29, True), (30, False), (1, True)])
def test_too_few_officers_are_warned_of(officers: int, warned: bool) -> None:
    """Below 30 misusing officers the leaderboard says that intervals are unreliable."""
    told = board.leaderboard(
        view(detector("a", None), curves={"a": {"misusing_officers": officers}})
    )
    assert (f"only {officers} misusing officers" in told) is warned


@pytest.mark.slow
def test_the_leaderboard_ranks_and_tells_controls_apart() -> None:
    """Rows go best first, controls are marked, what is broken stands in a table of its own."""
    told = board.leaderboard(
        view(detector("low", 0.1), detector("random", 0.3), detector("high", 0.9),
             detector("gone", None, state="timeout", reasons=["too slow"]))
    )  # fmt: skip
    heads = [told.index(f'<th scope="row">{n}</th>') for n in ("high", "random", "low", "gone")]
    assert heads == sorted(heads)
    assert '<tr class="control"><th scope="row">random</th>' in told
    assert '<tr class="invalid"><th scope="row">gone</th>' in told
    assert "too slow" in told


def test_recall_by_kind_goes_by_kind_then_rung() -> None:
    """The whole kind first, then its rungs as the schema has them; what is missing is a dash."""
    rungs = list(labelled(np.zeros(1), np.zeros(1, bool)).rungs)
    rows = [("b_kind", None, 4, 0.25), ("a_kind", rungs[1], 1, 0.0), ("a_kind", rungs[0], 2, 1.0),
            ("a_kind", None, 3, 2 / 3)]  # fmt: skip
    points = [{"kind": k, "rung": r, "n": n, "recall": s} for k, r, n, s in rows]
    told = grids.kinds(
        view(detector("x", 0.9), detector("y", 0.1), curves={"x": {"kinds": points},
                                                             "y": {"kinds": points[:1]}})
    )  # fmt: skip
    words = ["a kind", *(f"· {r.replace('_', ' ')}" for r in rungs[:2]), "b kind"]
    places = [told.index(f'<th scope="row">{word}</th>') for word in words]
    assert places == sorted(places)
    assert 'title="x: a_kind">67 %</td>' in told
    assert told.count('<td data-value="nan">\u2013</td>') == 3


def test_oddities_are_as_dark_as_the_worst() -> None:
    """The largest rate is the darkest cell, half of it is half as dark."""
    points = [{"oddity": "one_thing", "officer_days": 1500, "rate": 0.02},
              {"oddity": "two", "officer_days": 3, "rate": 0.04}]  # fmt: skip
    told = grids.oddities(view(detector("x"), curves={"x": {"oddities": points}}))
    assert '<td class="h h5" data-value="0.5" title="x: one_thing">2.0 %</td>' in told
    assert '<td class="h h10" data-value="1" title="x: two">4.0 %</td>' in told
    assert '<td data-value="1500">1,500</td>' in told


def test_why_a_metric_is_undefined_is_text() -> None:
    """Not only shown on hover."""
    given = {"time_to_detect_q80": {"value": None, "reason": "too few were caught"}}
    one = result("x", metrics={"campaign_recall": {"value": 0.1}, **given})
    points = {"days": [1.0], "undetected": [0.5], "until": 9.0}
    told = curves.time_to_detect(view(one, curves={"x": {"time_to_detect": points}}))
    assert "<small>too few were caught</small></td>" in told
    assert 'title="too few' not in told


def test_curves_are_tables_too() -> None:
    """Numbers of each figure in a table that opens: steps as they stand, nothing beyond the end."""
    points = {
        "precision_recall": {"recall": [0.1, 0.3, 0.6], "precision": [1.0, 0.5, 0.25],
                             "base_rate": 0.01, "budget": None},
        "time_to_detect": {"days": [2.0, 6.0], "undetected": [0.75, 0.5], "until": 20.0},
        "cost": {"price": [0.1, 1.0], "cost": [[10.0, 100.0]], "best": [9.0, 25.0]},
    }  # fmt: skip
    one = view(detector("x"), curves={"x": points})
    for section, cells in (
        (curves.precision_recall, ["100.0 %", "100.0 %", "50.0 %", "25.0 %", DASH, DASH]),
        (curves.time_to_detect, ["100.0 %", "75.0 %", "75.0 %", "50.0 %", DASH, DASH]),
        (curves.cost, ["90.0 %", "25.0 %"]),
    ):
        told = section(one)
        body = told[told.index("<details") : told.index("</details>")]
        assert body.startswith("<details><summary>The figure in numbers</summary>")
        assert re.findall(r"<td[^>]*>([^<]*)</td>", body) == cells


def test_realism_shows_numbers_only() -> None:
    """Measures of the first profile that are numbers; a dash where another has none."""
    profiles = [{"name": "log", "per_day": 12.0, "note": "x"}, {"name": "real", "per_day": None}]
    told = evidence.realism(view(realism={"profiles": profiles}))
    assert '<th scope="row">per day</th>' in told
    assert "note" not in told
    assert told.count("<tr>") == 2


def test_colours_do_not_run_out() -> None:
    """Forty components differ by colour and dashes; controls are grey."""
    names = [f"d{i}" for i in range(40)]
    look = plots.colours([*names, *CONTROLS], CONTROLS)
    assert len({(c, str(d)) for c, d in (look[n] for n in names)}) == 40
    assert {look[n][0] for n in CONTROLS} == {plots.CONTROL}
    assert len({str(look[n][1]) for n in CONTROLS}) == 4


@pytest.mark.parametrize(
    ("style", "wanted"),
    [("fill: none; stroke: #101010", 'fill="none" stroke="#101010"'), ("", ""),
     ("font: 9.5px sans-serif; text-anchor: end", 'font-size="9.5" text-anchor="end"'),
     ("font-family: x; fill: red;", 'fill="red"')],
)  # fmt: skip
def test_styles_become_attributes(style: str, wanted: str) -> None:
    """Fonts keep their size alone; the page's own style chooses the family."""
    assert plots._attributes(style) == wanted


@given(st.lists(st.floats(0, 1), min_size=1, max_size=60), st.integers(2, 20))
@settings(max_examples=40, deadline=None)
def test_thinning_keeps_both_ends(values: list[float], most: int) -> None:
    """At most so many places, rising, with the first value and the last place among them."""
    x = np.sort(np.array(values))
    found = _thinned(x, most)
    assert len(found) <= max(most, 1)
    assert (np.diff(found) > 0).all()
    assert x[found[0]] == x[0]
    assert found[-1] == len(x) - 1


def test_precision_recall_points_by_hand() -> None:
    """+ - + - at distinct scores, one alert a day for one day: the dot is the first point."""
    tally = Tally(labelled(np.array([4.0, 3, 2, 1]), np.array([1, 0, 1, 0], bool)), 1)
    found = precision_recall(tally)
    assert found["recall"] == [0.5, 0.5, 1.0, 1.0]
    assert found["precision"] == [1.0, 0.5, 0.666667, 0.5]
    assert found["base_rate"] == 0.5
    assert found["budget"] == {"recall": 0.5, "precision": 1.0, "flagged": 1}


def test_points_of_nothing() -> None:
    """Without misuse there is no curve, without campaigns no time, without oddities no rates."""
    tally = Tally(labelled(np.ones(2), np.zeros(2, bool)))
    assert precision_recall(tally) == {
        "recall": [], "precision": [], "base_rate": 0.0, "budget": None,
    }  # fmt: skip
    assert time_to_detect(tally) == {}
    assert oddity_rates(tally) == []


def test_kept_draws_are_short() -> None:
    """The first 500 draws of six digits; what is not finite is null."""
    drawn = np.array([1 / 3, np.nan, np.inf, *np.zeros(600)])
    found = kept(4, {"m": drawn})
    assert found["seed"] == 4
    assert found["values"]["m"][:3] == [0.333333, None, None]
    assert len(found["values"]["m"]) == 500
