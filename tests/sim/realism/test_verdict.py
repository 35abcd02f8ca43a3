"""Verdicts: what passes, what fails, what says nothing."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console
from tests.sim.realism.naive import naive

from misusesim.dataset.reader import open_dataset
from misusesim.errors import UsageError
from misusesim.portal import RealLog, read_portal_csv
from misusesim.realism import gini, profile
from misusesim.realism.material import material
from misusesim.realism.references import profiles
from misusesim.realism.shapes import gap_share, shapes
from misusesim.realism.table import verdict_table
from misusesim.realism.targets import Inequality, Near, Within
from misusesim.realism.verdict import STATISTICS, Count, Verdict, against, count, judge, published

EUGENE = Path(__file__).parents[2] / "data" / "eugene_searches.csv"


@pytest.fixture(scope="module")
def eugene():
    """Return verdicts on the real log, by id."""
    return {one.statistic.id: one for one in judge(material(read_portal_csv(EUGENE)))}


@pytest.fixture(scope="module")
def made_up():
    """Return the naive log."""
    return naive()


@pytest.fixture(scope="module")
def tiny(tiny_dataset):
    """Return the material of `tiny`."""
    return material(open_dataset(tiny_dataset))


def test_statistics_have_names_of_their_own():
    """No two share an id, or a title and the rows it is of; 28 at least are counted."""
    assert len({one.id for one in STATISTICS}) == len(STATISTICS)
    assert len({(one.title, one.rows) for one in STATISTICS}) == len(STATISTICS)
    assert sum(one.counted for one in STATISTICS) >= 28


def test_every_counted_statistic_has_a_source():
    """A target without a public source is shown and not counted."""
    for one in STATISTICS:
        if one.counted:
            assert "domain note" in one.source
            assert "assumption" not in one.source


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("officer_gini", 0.59), ("officer_top10", 0.419), ("officer_top1", 0.127),
        ("officer_sigma", 1.357), ("search_night", 0.157), ("search_small_hours", 0.062),
        ("search_weekend", 0.178), ("sitting_mean", 1.17), ("best_10h", 0.90),
        ("best_12h", 0.95), ("outside_window", 0.173), ("agency_fano_hour", 2.71),
        ("agency_fano_day", 16.77), ("agency_gaps", 3.0), ("reason_plus", 0.037),
    ],
)  # fmt: skip
def test_the_real_log_gives_the_published_figures(eugene, name, value):
    """The note's figures of Eugene come out of the same command."""
    assert eugene[name].value == pytest.approx(value, rel=0.012)


def test_the_real_log_is_unlike_others_where_it_is(eugene):
    """Eugene's days are burstier than those of 52 ordinary agencies; most else passes."""
    failed = {name for name, one in eugene.items() if one.word == "fail"}
    assert failed == {
        "agency_spread_day", "agency_fano_hour", "agency_fano_day", "agency_gaps",
    }  # fmt: skip
    assert sum(one.word == "pass" for one in eugene.values()) == 20


def test_a_naive_log_fails_two_thirds(made_up):
    """Uniform times, equal officers and random words are given away by most statistics."""
    verdicts = judge(made_up)
    told = count(verdicts)
    assert told.passed + told.failed >= 50
    assert told.failed >= 2 / 3 * (told.passed + told.failed)


def test_a_short_log_says_nothing_of_a_year(tiny):
    """Too short a span is not applicable, with the reason, and neither pass nor fail."""
    found = {one.statistic.id: one for one in judge(tiny)}["self_query"]
    assert (found.word, found.value) == ("not applicable", None)
    assert found.reason == "14 days, 350 needed"


def test_not_applicable_is_not_a_pass(tiny):
    """The closing line keeps the three apart."""
    verdicts = judge(tiny)
    told = count(verdicts)
    words = [one.word for one in verdicts if one.statistic.counted]
    assert told.not_applicable == words.count("not applicable") > 0
    assert told.passed == words.count("pass")
    assert str(told) == (
        f"{told.passed} of {told.passed + told.failed} counted statistics pass, "
        f"{told.not_applicable} are not applicable"
    )


def test_what_is_not_counted_is_left_out():
    """A statistic without a public source changes no count."""
    one = replace(STATISTICS[0], counted=False)
    assert count([Verdict(one, "fail", 1.0, 1)]) == Count(0, 0, 0)


@pytest.mark.parametrize(
    ("value", "holds"), [(0.5, True), (0.62, True), (0.49, False), (0.63, False)]
)
def test_within(value, holds):
    """Both ends pass."""
    assert Within(0.5, 0.62).holds(value, 10) is holds


def test_within_moves_around_another_value():
    """A log of one's own keeps the width of the target."""
    assert Within(0.5, 0.6).around(0.8) == Within(pytest.approx(0.75), pytest.approx(0.85))


@pytest.mark.parametrize(("n", "bound"), [(20_000, 0.0538), (1_000, 0.1025), (10**9, 0.05)])
def test_a_distance_has_room_for_noise(n, bound):
    """At 20,000 draws the noise adds 0.004 to 0.05, at 1,000 it doubles it."""
    assert Near(0.05).at(n) == pytest.approx(bound, abs=2e-4)


@pytest.mark.parametrize(
    ("n", "low", "high"), [(100, 0.46, 0.66), (400, 0.48, 0.64), (10**8, 0.51, 0.61)]
)
def test_few_officers_have_room_for_chance(n, low, high):
    """One standard error on either side of 0.50 and 0.62: 0.05 at 100 officers, none at many."""
    target = Inequality(0.50, 0.62, 0.50)
    assert target.holds(low, n)
    assert target.holds(high, n)
    room = 0.5 / n**0.5
    assert not target.holds(0.50 - room - 0.001, n)
    assert not target.holds(0.62 + room + 0.001, n)
    assert target.around(0.7) == Inequality(pytest.approx(0.64), pytest.approx(0.76), 0.50)
    assert target.text("{:.2f}".format, 100) == "0.45 to 0.67"


def test_another_log_as_the_target(eugene):
    """Held against itself a log passes everything that it has."""
    log = material(read_portal_csv(EUGENE))
    verdicts = judge(log, against(log))
    assert {one.statistic.id for one in verdicts} == {
        name for name, one in eugene.items() if one.value is not None
    }
    assert {one.word for one in verdicts} == {"pass"}
    assert next(one.value for one in verdicts if one.statistic.id == "search_hours") == 0.0


def test_hours_are_held_against_the_other_logs_own(made_up):
    """Not against California's: the naive log is as far from Eugene as Eugene from it."""
    log = material(read_portal_csv(EUGENE))
    there, back = (
        next(v.value for v in judge(a, against(b)) if v.statistic.id == "search_hours")
        for a, b in ((made_up, log), (log, made_up))
    )
    assert there == pytest.approx(back)
    assert there == pytest.approx(0.2228, abs=0.001)


@pytest.mark.parametrize("name", sorted(profiles()))
def test_published_profiles_as_targets(name):
    """Every profile sets the target of its hours; one of a single agency, of its bursts too."""
    asked = {one.id: one for one in published(name)}
    stops = name == "seattle_terry"
    assert ("stop_hours" in asked) is stops
    assert ("stop_gaps" in asked) is stops
    assert ("agency_gaps" in asked) is (name in ("eugene_org", "okaloosa_so"))
    assert {one.source for one in asked.values()} == {name}


def test_a_log_held_against_its_own_profile():
    """Eugene's log passes all of Eugene's profile."""
    verdicts = judge(material(read_portal_csv(EUGENE)), published("eugene_org"))
    assert {one.word for one in verdicts} == {"pass"}
    assert len(verdicts) == 13


def test_an_unknown_profile():
    """The message names those there are."""
    with pytest.raises(UsageError, match="no profile nowhere; there are ca_portal_78_agencies"):
        published("nowhere")


def test_material_counts_what_the_log_holds(tiny, tiny_dataset):
    """Queries per officer, searches and their reasons are those of the log."""
    log = open_dataset(tiny_dataset).log(["officer_id", "system", "reason_text"])
    alpr = sum(name == "ALPR" for name in log["system"].cast("string").to_pylist())
    assert len(tiny.searches) == alpr > 0
    assert tiny.tally.rows == log.num_rows
    assert tiny.tally.queries.sum() == log.num_rows
    assert sum(tiny.tally.by_system.values()) == log.num_rows
    assert (np.diff(tiny.searches.agency) >= 0).all()


def test_material_and_profile_agree(tiny, tiny_dataset):
    """The Gini of the agency with most searches is the profile's."""
    most = int(np.bincount(tiny.searches.agency).argmax())
    officer = tiny.searches.officer[tiny.searches.agency == most]
    counts = np.unique(officer, return_counts=True)[1]
    assert gini(counts) == pytest.approx(profile(open_dataset(tiny_dataset))["user_gini"])


def test_an_empty_log_is_refused():
    """There is nothing to describe."""
    full = read_portal_csv(EUGENE)
    none = np.array([], np.int64)
    log = RealLog("none", none, none, (), full.cameras.slice(0, 0), full.reason.slice(0, 0))
    with pytest.raises(UsageError, match="none: no rows to describe"):
        material(log)


def test_published_curves_are_eugenes():
    """What is drawn as Eugene's comes out of its log: gaps, officers, reasons."""
    log = read_portal_csv(EUGENE)
    told, points = profiles()["eugene_org"], shapes(material(log))
    assert gap_share(log.time_local) == pytest.approx(told["gap_share"], abs=1e-4)
    assert points["officers"]["this log"][::5] == pytest.approx(told["lorenz"], abs=1e-4)
    assert points["reasons"]["this log"] == pytest.approx(points["reasons"]["eugene_org"], abs=1e-4)


def test_table_says_words_not_colours(tiny):
    """Every verdict is a word; the closing line counts."""
    verdicts = judge(tiny)
    sink = io.StringIO()
    Console(file=sink, width=140).print(verdict_table("tiny", verdicts))
    assert "not applicable" in sink.getvalue()
    assert str(count(verdicts)) in sink.getvalue()


def test_shapes_are_shares(made_up):
    """Hours add up to 100, reasons to one; the Lorenz curve ends at one."""
    points = shapes(made_up)
    assert set(points) == {"hours", "weekdays", "stops", "officers", "reasons", "cases", "gaps"}
    assert sum(points["hours"]["this log"]) == pytest.approx(100, abs=0.1)
    assert sum(points["reasons"]["this log"]) == pytest.approx(1, abs=0.01)
    assert points["officers"]["this log"][-1] == 1.0
    assert all(len(values) == len(one["x"]) for one in points.values() for values in one.values())
