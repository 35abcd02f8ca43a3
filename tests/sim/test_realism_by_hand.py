"""Measures of a log worked out by hand, what never changes them, and how they are laid out."""

from __future__ import annotations

import io
import math
import re

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

from misusesim.errors import UsageError
from misusesim.portal import RealLog
from misusesim.realism import DAY_US, HOUR_US, WindowShare, gini, profile, shift_window_share
from misusesim.reasontext import CLASSES
from misusesim.sidebyside import MEASURES, compare_profiles

MINUTE_US = HOUR_US // 60
MONDAY = 4 * 24  # hours from Thursday, 1970-01-01, to the first Monday


def log_of(minutes, officers=None, reasons=None, name="log"):
    """Return a log with queries at these minutes since 1970, in the order of time."""
    n = len(minutes)
    officer = np.array([0] * n if officers is None else officers, np.int64)
    return RealLog(
        name=name,
        time_local=np.array([round(m * MINUTE_US) for m in minutes], np.int64),
        officer=officer,
        officers=tuple(f"o{i}" for i in range(int(officer.max(initial=-1)) + 1)),
        cameras=pa.nulls(n, pa.int64()),
        reason=pa.array([None] * n if reasons is None else reasons, pa.string()),
    )


def at_hours(hours, **more):
    """Return a log with queries at these hours since 1970."""
    return log_of([60 * h for h in hours], **more)


@pytest.mark.parametrize(
    ("amounts", "value"),
    [([1], 0), ([5], 0), ([1, 1], 0), ([2, 2, 2], 0), ([0, 1], 1 / 2), ([1, 3], 1 / 4),
     ([1, 2, 3], 2 / 9), ([0, 0, 1], 2 / 3), ([1, 1, 4], 1 / 3), ([0, 0, 0, 0, 7], 4 / 5)],
)  # fmt: skip
def test_gini_of_small_groups(amounts, value):
    """Half the mean difference between two, over the mean."""
    assert gini(np.array(amounts)) == pytest.approx(value)
    assert gini(np.array(amounts[::-1])) == pytest.approx(value)


@settings(max_examples=40)
@given(st.lists(st.integers(0, 1000), min_size=1, max_size=12).filter(any), st.integers(1, 9))
def test_gini_is_a_matter_of_shares(amounts, times):
    """It lies in [0, 1 - 1/n], and neither unit nor order nor a doubled group changes it."""
    value = gini(np.array(amounts))
    assert -1e-9 <= value <= 1 - 1 / len(amounts) + 1e-9
    assert gini(np.array(amounts) * times) == pytest.approx(value)
    assert gini(np.array(sorted(amounts, reverse=True))) == pytest.approx(value)
    assert gini(np.array(amounts * 2)) == pytest.approx(value)


@given(st.lists(st.integers(0, 1000), min_size=1, max_size=8).filter(any))
def test_gini_is_half_the_mean_difference(amounts):
    """The rank formula agrees with the definition over all pairs."""
    pairs = [abs(a - b) for a in amounts for b in amounts]
    mean = sum(amounts) / len(amounts)
    assert gini(np.array(amounts)) == pytest.approx(sum(pairs) / len(pairs) / 2 / mean)


@pytest.mark.parametrize(
    ("learned", "scored", "outside"),
    [
        ([8, 8], [9, 10], 1),  # 00:00 to 09:59 is the earliest that holds both
        ([8, 8], [22, 23], 2),
        ([8, 17], [8, 17], 0),  # ten whole hours from 08:00
        ([8, 18], [8, 18], 1),  # eleven are too many, and 08:00 is found first
        ([0, 23], [0, 23], 0),  # around midnight, from 15:00
        ([0, 23], [15, 14], 1),
        ([22, 22], [12, 13], 1),  # from 13:00
    ],
)
def test_windows_of_ten_hours(learned, scored, outside):
    """The window with most of the first half, the earliest among equals, scores the second."""
    hours = [24 * day + h for day, h in enumerate(learned + scored)]
    told = shift_window_share(np.zeros(4, np.int64), np.array(hours) * HOUR_US, min_queries=4)
    assert told == WindowShare(outside, scored=2, officers=1)


def test_share_of_nothing_is_no_number():
    """Without a scored query there is no share."""
    told = shift_window_share(np.zeros(5, np.int64), np.arange(5) * HOUR_US)
    assert told == WindowShare(0, 0, 0)
    assert math.isnan(told.share)
    assert WindowShare(1, 4, 1).share == 0.25


@settings(max_examples=40)
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 500)), min_size=4, max_size=40))
def test_window_share_does_not_know_names_or_days(rows):
    """Whole days later, or under other codes, the same queries are outside."""
    rows = sorted(rows, key=lambda row: row[1])
    who, hour = (np.array(column, np.int64) for column in zip(*rows, strict=True))
    told = shift_window_share(who, hour * HOUR_US, 4)
    assert shift_window_share(who, hour * HOUR_US + 9 * DAY_US, 4) == told
    assert shift_window_share(50 - 7 * who, hour * HOUR_US, 4) == told
    assert told.outside <= told.scored
    sizes = np.bincount(who)
    assert told.scored == sum(int(n) - int(n) // 2 for n in sizes if n >= 4)


@pytest.mark.parametrize(
    ("hours", "night", "small"),
    [([12], 0, 0), ([22], 1, 0), ([21], 0, 0), ([5], 1, 0), ([6], 0, 0), ([1], 1, 1), ([4], 1, 1),
     ([0], 1, 0), ([0, 1, 12, 13], 0.5, 0.25)],
)  # fmt: skip
def test_night_and_small_hours(hours, night, small):
    """Night is 22:00 to 05:59, the small hours are 01:00 to 04:59."""
    told = profile(at_hours(hours))
    assert (told["night_share"], told["small_hours_share"]) == (night, small)


@pytest.mark.parametrize("hour", range(24))
def test_each_hour_has_its_place(hour):
    """The share of an hour stands at its place, also for the last minute of it."""
    told = profile(log_of([60 * hour, 60 * hour + 59, 60 * hour + 24 * 60 + 30]))
    assert told["hour_pct"][hour] == 100
    assert sum(told["hour_pct"]) == 100


def test_days_of_one_whole_week():
    """Seven days with 1 to 7 queries: each relative to the mean of four, Monday first."""
    hours = [MONDAY + 24 * day + h for day in range(7) for h in range(day + 1)]
    told = profile(at_hours(hours))
    assert told["dow_rel"] == [0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 1.75]
    assert told["weekend_share"] == pytest.approx(13 / 28)


def test_six_days_are_no_week():
    """Without every weekday nothing is said of the week."""
    told = profile(at_hours([MONDAY + 24 * day for day in range(6)]))
    assert told["dow_rel"] is None
    assert told["weekend_share"] is None


@pytest.mark.parametrize(
    ("hours", "mean", "fano"),
    [([0, 1, 2], 1, 0), ([0, 2], 2 / 3, 0.5), ([0, 0.5], 2, None), ([5, 5.2, 6], 1.5, 1 / 3)],
)
def test_dispersion_by_the_hour(hours, mean, fano):
    """Variance over mean of the counts of all hours from the first to the last query."""
    told = profile(at_hours(hours))
    assert told["mean_1h"] == pytest.approx(mean)
    assert told["fano_1h"] == (None if fano is None else pytest.approx(fano))
    expected = None if fano is None else pytest.approx((fano - 1) / mean)
    assert told["dispersion_1h"] == expected


def test_dispersion_by_the_day():
    """Two queries, none, four: mean 2, variance 4."""
    told = profile(at_hours([1, 2, 49, 50, 51, 52]))
    assert (told["mean_1D"], told["fano_1D"], told["dispersion_1D"]) == (2, 2, 0.5)


@pytest.mark.parametrize(
    ("minutes", "value"),
    [([0, 1, 2, 3], 0), ([0, 1, 4], 0.5), ([5, 5, 5], None), ([0, 0, 2], 1)],
)
def test_variation_of_gaps(minutes, value):
    """Standard deviation over mean; queries all at once have none."""
    assert profile(log_of(minutes))["ia_cv"] == value


def test_the_busiest():
    """Of 200 officers the busiest, the two busiest and the twenty busiest are told."""
    counts = [30, 20, *[10] * 18, *[1] * 180]
    officers = [o for o, n in enumerate(counts) for _ in range(n)]
    told = profile(log_of(list(range(len(officers))), officers))
    total = 50 + 180 + 180
    assert told["users"] == 200
    assert told["top1_share"] == pytest.approx(30 / total)
    assert told["top1pct_share"] == pytest.approx(50 / total)
    assert told["top10pct_share"] == pytest.approx(230 / total)


@pytest.mark.parametrize(("last", "mean"), [(30, 2), (31, 1)])
def test_thirty_minutes_are_still_a_sitting(last, mean):
    """A pause of exactly half an hour does not end it, a longer one does."""
    assert profile(log_of([0, last]))["sitting_mean"] == mean


@settings(max_examples=40)
@given(st.lists(st.tuples(st.integers(0, 9999), st.integers(0, 4)), min_size=1, max_size=40))
def test_sittings_hold_every_query(rows):
    """Sittings times their mean are all queries, and none is larger than an officer's own."""
    minutes, officers = zip(*sorted(rows), strict=True)
    told = profile(log_of(minutes, officers))
    sittings = len(rows) / told["sitting_mean"]
    assert sittings == pytest.approx(round(sittings))
    assert told["sitting_max"] <= max(np.bincount(officers))


def test_best_hours_of_an_officer():
    """Of two days with a query an hour from 08:00 to 18:00, ten hours hold ten in eleven."""
    hours = [24 * day + 8 + h for day in range(2) for h in range(11)]
    told = profile(at_hours(hours))
    assert told["best_10h_share"] == pytest.approx(20 / 22)
    assert told["best_12h_share"] == 1


@pytest.mark.parametrize(("n", "described"), [(19, False), (20, True)])
def test_twenty_queries_describe_an_officer(n, described):
    """Vocabulary and best hours are those of officers with at least 20 queries."""
    told = profile(log_of(list(range(n)), reasons=["inv"] * (n - 1) + ["459pc"]))
    assert told["reasons_per_officer"] == (2 if described else None)
    assert told["commonest_reason_share"] == ((n - 1) / n if described else None)
    assert told["best_12h_share"] == (1 if described else None)


def test_reason_lengths_are_of_what_is_written():
    """Blanks around do not count, blank reasons not at all."""
    told = profile(log_of([0, 1, 2, 3], reasons=["  ab ", "abcd", "", None]))
    assert (told["reason_length_p50"], told["blank_share"]) == (3, 0.5)
    assert told["reason_length_p95"] == pytest.approx(3.9)
    bare = profile(log_of([0], reasons=[" "]))
    assert bare["reason_length_p50"] is None
    assert bare["reason_class"] == {n: float(n == "blank") for n in CLASSES}


def test_an_empty_log_has_no_profile():
    """Nothing cannot be described."""
    with pytest.raises(UsageError, match=r"^nobody: no rows to describe$"):
        profile(log_of([], name="nobody"))


def test_every_measure_is_shown_or_a_dash():
    """Each measure has a line; what a log is too short for is a dash."""
    console = Console(width=120, file=io.StringIO())
    console.print(compare_profiles(profile(log_of([0], name="one")), profile(at_hours([0, 2]))))
    lines = console.file.getvalue().splitlines()
    assert len(lines) == 1 + len(MEASURES) + len(CLASSES) + 7 + 24
    assert lines[0].split() == ["one", "log"]
    cells = [re.split(" {2,}", line.strip()) for line in lines[1:]]
    shown = {label: values for label, *values in cells}
    assert shown["queries"] == ["1", "2"]
    assert shown["gaps: sd / mean"] == ["-", "0.00"]
    assert shown["Fano factor, hours"] == ["-", "0.50"]
    assert shown["00:00"] == ["100.0%", "50.0%"]
    assert shown["02:00"] == ["0.0%", "50.0%"]
    assert shown["reason: blank"] == ["100.0%", "100.0%"]
    assert shown["Sun relative to mean day"] == ["-", "-"]
