"""How unlike agencies are, by hand."""

from __future__ import annotations

import numpy as np
import pytest

from misusesim.realism.agencies import STATISTICS
from misusesim.realism.material import Material, People, Searches
from misusesim.realism.profile import DAY_US, HOUR_US
from misusesim.realism.verdict import judge

NIGHTS = (2, 12)  # an hour of the night and one of the day


def searches(agency, time):
    none = np.full(len(time), -1)
    return Searches(agency, none, time, none, np.zeros(len(time), np.int64), ("",), none, none)


def told(of):
    return {one.statistic.id: one for one in judge(of, STATISTICS)}


def test_nights_of_agencies():
    """Agency n of 41 makes 2 n of its 200 searches at night: 4 % at the 10th, 36 % at the 90th."""
    agency = np.repeat(np.arange(41), 200)
    place = np.tile(np.arange(200), 41)
    hour = np.where(place < 2 * agency, *NIGHTS)
    found = told(Material("nights", 30, 41, searches(agency, hour * HOUR_US)))
    assert found["agency_night_p10"].value == pytest.approx(0.04)
    assert found["agency_night_p90"].value == pytest.approx(0.36)
    assert found["agency_night_p10"].word == "fail"


def test_bursts_of_agencies():
    """Ten a day on 20 of 40 days: Fano 5.06 at a mean of 5.03, for all agencies alike."""
    days = np.tile(np.repeat(np.arange(20) * 2, 10), 31)
    last = np.full(31, 39)  # the span ends with an empty day but for one search
    agency = np.concatenate([np.repeat(np.arange(31), 200), np.arange(31)])
    time = np.concatenate([days, last]) * DAY_US
    found = told(Material("bursts", 40, 31, searches(agency, time)))
    # 201 searches in 40 days: mean 5.025, variance (2,001 - 40 x 5.025 squared) / 39 = 25.41
    assert found["agency_spread_day_p10"].value == pytest.approx(0.8073, abs=1e-4)
    assert found["agency_spread_day_p90"].value == pytest.approx(0.8073, abs=1e-4)


def test_few_agencies_say_nothing():
    """Thirty are needed for quantiles of them, a hundred for volumes and sizes."""
    found = told(Material("few", 30, 1, searches(np.zeros(300, np.int64), np.arange(300))))
    assert found["agency_night_p10"].reason == "1 agencies with 200 searches, 30 needed"
    assert found["agency_volume_p50"].reason == "1 agencies search, 100 needed"
    assert found["agency_small"].reason == "roles are not known"


def test_volume_in_thirty_days():
    """Agency n of 101 makes n + 1 searches in 60 days: the median one 25.5 in 30."""
    agency = np.repeat(np.arange(101), np.arange(1, 102))
    found = told(Material("volume", 60, 101, searches(agency, np.arange(len(agency)))))
    assert found["agency_volume_p50"].value == pytest.approx(25.5)
    assert found["agency_volume_p90"].value == pytest.approx(45.5)


def test_sizes_are_of_sworn_officers_of_police_and_sheriffs():
    """Half of 100 departments have nine sworn, six 100; clerks and the court's do not count."""
    sizes = [9] * 50 + [20] * 44 + [100] * 6
    agency = np.concatenate([np.repeat(np.arange(100), sizes), [0] * 5, [100] * 500])
    role = np.array(["patrol"] * sum(sizes) + ["records_clerk"] * 5 + ["patrol"] * 500, object)
    n = len(agency)
    people = People(
        officer_id=tuple(map(str, range(n))), agency=agency, role=role,
        surname=np.array([""] * n, object), birth_year=np.zeros(n, np.int64),
        shifts=np.zeros(n, np.int64),
    )  # fmt: skip
    types = (*["police"] * 50, *["sheriff"] * 50, "court")
    none = searches(np.zeros(0, np.int64), np.zeros(0, np.int64))
    found = told(Material("sizes", 1, 101, none, people=people, types=types))
    assert found["agency_small"].value == 0.5
    assert found["agency_large"].value == 0.06
    assert found["agency_small"].word == found["agency_large"].word == "pass"


@pytest.mark.parametrize(("days", "word"), [(63, "fail"), (365, "not applicable")])
def test_a_longer_log_needs_more_searches(days, word):
    """As many a day as the published agencies made: 200 in 63 days, 1,159 in a year."""
    agency = np.repeat(np.arange(41), 200)
    place = np.tile(np.arange(200), 41)
    hour = np.where(place < 2 * agency, *NIGHTS)
    found = told(Material("nights", days, 41, searches(agency, hour * HOUR_US)))
    assert found["agency_night_p10"].word == word
