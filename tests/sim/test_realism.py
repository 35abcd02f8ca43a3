"""Profiles of logs, tested on a real one whose figures were published beforehand."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from rich.console import Console

from misusesim.dataset.reader import open_dataset
from misusesim.errors import UsageError
from misusesim.portal import RealLog, read_portal_csv
from misusesim.realism import HOUR_US, gini, profile, shift_window_share, take
from misusesim.sidebyside import MEASURES, compare_profiles

EUGENE = Path(__file__).parents[1] / "data" / "eugene_searches.csv"


@pytest.fixture(scope="module")
def eugene():
    """Read the real log."""
    return read_portal_csv(EUGENE)


@pytest.fixture(scope="module")
def real(eugene):
    """Return its profile."""
    return profile(eugene)


def log_of(hours, officers=None, reasons=None):
    """Return a log with queries at the given hours since a Thursday midnight."""
    n = len(hours)
    officer = np.array(officers or [0] * n, np.int64)
    return RealLog(
        name="made up",
        time_local=(np.array(hours) * HOUR_US).astype(np.int64),
        officer=officer,
        officers=tuple(str(o) for o in sorted(set(officer.tolist()))),
        cameras=pa.nulls(n, pa.int64()),
        reason=pa.array(reasons or [None] * n, pa.string()),
    )


def test_queries_outside_the_learned_shift_window(eugene):
    """17.2 % of the later 1,678 queries of 49 officers fall outside their own windows."""
    window = shift_window_share(eugene.officer, eugene.time_local, min_queries=30)
    assert window == (289, 1678, 49)
    assert round(100 * window.share, 1) == 17.2


@pytest.mark.parametrize(
    ("name", "value", "digits"),
    [
        ("n", 4294, 0),
        ("users", 147, 0),
        ("user_gini", 0.59, 3),
        ("top1_share", 0.079, 3),
        ("top1pct_share", 0.127, 3),
        ("top10pct_share", 0.419, 3),
        ("lognorm_mu", 2.597, 3),
        ("lognorm_sigma", 1.357, 3),
        ("fano_1h", 2.71, 2),
        ("mean_1h", 1.065, 3),
        ("fano_1D", 16.77, 2),
        ("mean_1D", 25.408, 3),
        ("ia_cv", 3.0, 2),
        ("night_share", 0.1565, 4),
        ("small_hours_share", 0.062, 3),
        ("weekend_share", 0.178, 3),
        ("best_10h_share", 0.90, 2),
        ("best_12h_share", 0.95, 2),
        ("sitting_mean", 1.17, 2),
        ("sitting_max", 6, 0),
        ("outside_window_share", 0.172, 3),
    ],
)
def test_published_figures_of_the_real_log(real, name, value, digits):
    """The profile reproduces the reference figures of the same log."""
    assert round(real[name], digits) == value


def test_published_hours_and_days_of_the_real_log(real):
    """Hours of the day and days of the week are those of the reference profile."""
    assert real["hour_pct"] == [
        1.98, 2.21, 1.47, 1.07, 1.44, 1.07, 2.05, 4.1, 5.31, 5.68, 5.57, 6.82,
        7.36, 7.1, 7.17, 6.68, 5.94, 4.89, 3.96, 4.35, 3.61, 3.75, 3.17, 3.24,
    ]  # fmt: skip
    assert real["dow_rel"] == [0.97, 1.117, 1.485, 1.272, 0.911, 0.684, 0.561]


def test_reasons_of_the_real_log(real):
    """Two offence groups and the word investigation dominate; hardly a reason is blank."""
    assert real["blank_share"] == pytest.approx(5 / 4294)
    assert sum(real["reason_class"].values()) == pytest.approx(1)
    assert real["reason_class"]["generic"] > 0.15
    assert real["reasons_per_officer"] == 7
    assert 0.34 < real["commonest_reason_share"] < 0.56


def test_windows_go_around_midnight():
    """A night shift from 21:00 to 06:59 is one window."""
    nights = [21, 30, 45, 54, 69, 72]  # learned on 21, 06 and 21; scored 06, 21 and 00
    window = shift_window_share(np.zeros(6, np.int64), np.array(nights) * HOUR_US, 6)
    assert window == (0, 3, 1)


def test_earliest_window_wins_among_equals():
    """One query at 12:30 fits ten windows; the earliest start of the day, 03:00, is taken."""
    time = np.array([12 * HOUR_US + HOUR_US // 2, 24 * HOUR_US + 13 * HOUR_US])
    assert shift_window_share(np.zeros(2, np.int64), time, 2) == (1, 1, 1)


def test_odd_counts_give_the_middle_query_to_the_second_half():
    """Of five queries two teach and three are scored."""
    hours = np.array([8, 9, 32, 33, 34]) * HOUR_US
    assert shift_window_share(np.zeros(5, np.int64), hours, 5).scored == 3


def test_officers_with_few_queries_do_not_count():
    """Nobody with enough queries gives no share, not zero."""
    window = shift_window_share(np.zeros(3, np.int64), np.arange(3) * HOUR_US, 30)
    assert window == (0, 0, 0)
    assert np.isnan(window.share)


def test_officers_are_kept_apart():
    """Interleaved officers each have a window of their own."""
    hours = np.array([2, 14, 26, 38]) * HOUR_US  # officer 0 at 02:00, officer 1 at 14:00
    assert shift_window_share(np.array([0, 1, 0, 1]), hours, 2) == (0, 2, 2)


def test_gini_by_hand():
    """Shares 1 and 3 of 4: the area between equality and the curve is a quarter."""
    assert gini(np.array([1, 3])) == pytest.approx(0.25)


def test_fano_counts_empty_hours():
    """Four queries in the first of three hours, two in the last: mean 2, variance 4."""
    told = profile(log_of([0, 0.1, 0.2, 0.3, 2, 2.5]))
    assert told["mean_1h"] == 2
    assert told["fano_1h"] == 2
    assert told["dispersion_1h"] == 0.5


def test_one_query_has_no_gaps_and_no_week():
    """What cannot be measured is None."""
    told = profile(log_of([5]))
    assert told["ia_cv"] is None
    assert told["fano_1h"] is None
    assert told["dow_rel"] is None
    assert told["weekend_share"] is None
    assert told["best_10h_share"] is None


def test_weekend_share_is_that_of_an_even_span():
    """One query a day for eight days, Thursday to Thursday: two sevenths, not two eighths."""
    told = profile(log_of([24 * day for day in range(8)]))
    assert told["weekend_share"] == pytest.approx(2 / 7)


def test_blank_reasons_are_nulls_and_spaces():
    """A missing text and a text of spaces are both blank; lengths are of written ones."""
    told = profile(log_of([0, 1, 2, 3], reasons=[None, " ", "inv", "459pc"]))
    assert told["blank_share"] == 0.5
    assert told["reason_length_p50"] == 4


def test_a_sitting_ends_after_half_an_hour():
    """Pauses of 20 and 40 minutes: two queries, then one; another officer does not mix in."""
    told = profile(log_of([0, 0.1, 1 / 3, 1], officers=[0, 1, 0, 0]))
    assert told["sitting_mean"] == pytest.approx(4 / 3)
    assert told["sitting_max"] == 2


def test_a_data_set_is_profiled_like_a_real_log(handmade):
    """Plate-reader rows of one agency, in local time."""
    told = profile(open_dataset(handmade))
    assert told["name"] == "handmade alpr CA0010000"
    assert (told["n"], told["users"]) == (3, 1)
    assert told["hour_pct"][0] == 66.67  # 08:00 UTC is midnight in Los Angeles
    assert told["hour_pct"][1] == 33.33


@pytest.mark.parametrize(("part", "n"), [("all", 4), ("street", 3), ("desk", 1), ("alpr", 3)])
def test_parts_of_a_data_set(handmade, part, n):
    """Street rows are those of patrol officers, desk rows those of all others."""
    assert len(take(open_dataset(handmade), part)) == n


def test_wrong_part_or_agency(handmade):
    """A part or an agency that is not there is said."""
    with pytest.raises(UsageError, match="no part sky; there are all, street, desk, alpr"):
        take(open_dataset(handmade), "sky")
    with pytest.raises(UsageError, match="no alpr rows of agency CA9"):
        take(open_dataset(handmade), "alpr", "CA9")


def test_comparison_shows_every_measure_side_by_side(real, handmade):
    """Each measure has a line with one number per log."""
    console = Console(width=120, file=io.StringIO())
    console.print(compare_profiles(real, profile(open_dataset(handmade))))
    lines = console.file.getvalue().splitlines()
    assert "eugene_searches" in lines[0]
    assert "handmade alpr CA0010000" in lines[0]
    (gini_line,) = (line for line in lines if "Gini" in line)
    assert gini_line.split()[-2:] == ["0.59", "0.00"]
    assert len(lines) == 1 + len(MEASURES) + 10 + 7 + 24
