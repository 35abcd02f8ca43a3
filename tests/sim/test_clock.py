"""Local and universal time, weeks, days and holidays."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from misusesim.clock import (
    DAY_US,
    HOUR_US,
    MINUTE_US,
    NEVER,
    WATCHES,
    WEEK_US,
    LocalClock,
    federal_holidays,
)
from misusesim.scenario.model import AgencyGroup, Scenario

EPOCH = dt.datetime(1970, 1, 1)  # noqa: DTZ001 - the clock on the wall has no zone


def clock(start="2024-03-04", days=14, timezone="America/Los_Angeles"):
    return LocalClock(
        Scenario(
            name="clock",
            start=dt.date.fromisoformat(start),
            days=days,
            timezone=timezone,
            agency=(AgencyGroup(name="town", type="police"),),
        )
    )


def us(text):
    """Return microseconds from 1970 to a time on the wall, or in UTC."""
    return int((dt.datetime.fromisoformat(text) - EPOCH) / dt.timedelta(microseconds=1))


def test_units_fit_together():
    """A week is seven days of 24 hours of 60 minutes, and NEVER is later than any scenario."""
    assert WEEK_US == 7 * DAY_US == 168 * HOUR_US == 168 * 60 * MINUTE_US
    assert us("9999-12-31") < NEVER < 2**63


def test_watches_last_ten_hours_and_cover_the_day():
    """Each of the six watches is ten hours long and no minute is without one."""
    covered = {minute % 1440 for first, last in WATCHES for minute in range(first, last)}
    assert [last - first for first, last in WATCHES] == [600] * 6
    assert len(covered) == 1440


@pytest.mark.parametrize(
    ("local", "utc"),
    [
        ("2024-03-09T12:00", "2024-03-09T20:00"),  # winter
        ("2024-03-10T01:59:59", "2024-03-10T09:59:59"),  # last second before the change
        ("2024-03-10T03:00", "2024-03-10T10:00"),  # first second after it
        ("2024-07-01T00:00", "2024-07-01T07:00"),  # summer
        ("2024-11-03T00:59", "2024-11-03T07:59"),
        ("2024-11-03T02:00", "2024-11-03T10:00"),
    ],
)
def test_both_directions(local, utc):
    """Times that exist once convert both ways across both changes of the year."""
    here = clock()
    assert here.utc(np.array([us(local)])).tolist() == [us(utc)]
    assert here.local(np.array([us(utc)])).tolist() == [us(local)]


def test_skipped_hour_is_read_with_the_offset_before():
    """02:30 on the spring change does not exist and means 03:30."""
    here = clock()
    utc = here.utc(np.array([us("2024-03-10T02:30")]))
    assert utc.tolist() == [us("2024-03-10T10:30")]
    assert here.local(utc).tolist() == [us("2024-03-10T03:30")]


def test_repeated_hour_is_read_as_its_first_pass():
    """01:30 on the autumn change means the earlier of its two moments."""
    here = clock()
    assert here.utc(np.array([us("2024-11-03T01:30")])).tolist() == [us("2024-11-03T08:30")]
    both = np.array([us("2024-11-03T08:30"), us("2024-11-03T09:30")])
    assert here.local(both).tolist() == [us("2024-11-03T01:30")] * 2


@pytest.mark.parametrize(
    "zone", ["America/Los_Angeles", "America/St_Johns", "Europe/Berlin", "America/Phoenix", "UTC"]
)
def test_local_agrees_with_zoneinfo(zone):
    """Every seventh hour of three years reads as the standard library says."""
    here = clock(timezone=zone)
    at = np.arange(us("2023-06-01"), us("2026-06-01"), 7 * HOUR_US)
    said = [
        us(dt.datetime.fromtimestamp(t // 10**6, ZoneInfo(zone)).replace(tzinfo=None).isoformat())
        for t in at.tolist()
    ]
    assert here.local(at).tolist() == said


@pytest.mark.parametrize("zone", ["America/Los_Angeles", "Europe/Berlin", "Australia/Lord_Howe"])
def test_utc_undoes_local_except_in_the_repeated_hour(zone):
    """Going there and back moves only the second pass of a repeated hour, by that hour."""
    here = clock(timezone=zone)
    at = np.arange(us("2024-01-01"), us("2025-01-01"), 10 * MINUTE_US)
    moved = at - here.utc(here.local(at))
    change = HOUR_US // 2 if zone.endswith("Howe") else HOUR_US
    assert np.unique(moved).tolist() == [0, change]
    assert (moved > 0).sum() == change // (10 * MINUTE_US)


def test_table_does_not_depend_on_days():
    """A time ten years on reads the same for two days as for ten years."""
    at = np.arange(us("2023-02-01"), us("2034-03-01"), 5 * DAY_US)
    assert clock(days=2).local(at).tolist() == clock(days=3660).local(at).tolist()


def test_horizon_is_local_midnight_to_midnight():
    """A horizon over the spring change is an hour short of its days."""
    start, end = clock(days=7).horizon
    assert start == us("2024-03-04T08:00")
    assert end == us("2024-03-11T07:00")
    assert end - start == 7 * DAY_US - HOUR_US


@pytest.mark.parametrize(("days", "weeks"), [(1, 1), (7, 1), (8, 2), (60, 9), (365, 53)])
def test_weeks_cover_the_horizon(days, weeks):
    """Weeks are whole and as few as cover all days."""
    here = clock(days=days)
    assert here.weeks == weeks
    assert here.week_bounds(weeks - 1)[1] >= here.horizon[1]
    assert here.week_bounds(weeks - 1)[0] < here.horizon[1]


def test_weeks_touch():
    """A week ends where the next begins, the warm-up first."""
    here = clock(days=21)
    bounds = [here.week_bounds(week) for week in range(-1, 3)]
    assert [b[1] for b in bounds[:-1]] == [b[0] for b in bounds[1:]]
    assert bounds[1][0] == here.horizon[0]
    assert [b[1] - b[0] for b in bounds] == [WEEK_US, WEEK_US - HOUR_US, WEEK_US, WEEK_US]


def test_week_of_bounds():
    """The first moment of a week is in it and the last one before is not."""
    here = clock()
    start = here.week_bounds(1)[0]
    assert here.week_of(np.array([start - 1, start, here.horizon[0] - 1])).tolist() == [0, 1, -1]


def test_days_and_their_starts():
    """Every day begins at its own local midnight, also after the change."""
    here = clock()
    starts = here.day_start(np.arange(-2, 14))
    assert here.day_index(starts).tolist() == list(range(-2, 14))
    assert here.day_index(starts - 1).tolist() == list(range(-3, 13))
    assert set((here.local(starts) % DAY_US).tolist()) == {0}


def test_business_days_of_a_plain_week():
    """Monday to Friday are business days, Saturday and Sunday are not."""
    assert clock().business_day(np.arange(7)).tolist() == [True] * 5 + [False] * 2


def test_business_days_of_2023():
    """2 January to 30 December 2023 are 260 weekdays, eleven of them observed holidays."""
    here = clock("2023-01-02", 363)
    assert here.business_day(np.arange(363)).sum() == 249


@pytest.mark.parametrize("asked", [5, 8])
def test_new_year_may_be_observed_in_the_year_before(asked):
    """31 December 2021 is free for 1 January 2022, whichever other days are asked about."""
    free = ~clock("2021-12-27", 14).business_day(np.arange(asked))
    assert free.tolist()[:5] == [False, False, False, False, True]


def test_business_day_of_one_number():
    """A single day gives a single answer."""
    assert clock("2024-07-01").business_day(np.array(3)).tolist() is False


def test_federal_holidays_of_2024():
    """The eleven holidays of 2024 are those of the official calendar."""
    assert [day.isoformat()[5:] for day in federal_holidays(2024)] == [
        "01-01", "01-15", "02-19", "05-27", "06-19", "07-04", "09-02", "10-14", "11-11", "11-28",
        "12-25",
    ]  # fmt: skip


def test_weekend_holidays_are_observed_nearby():
    """In 2021 Juneteenth and Christmas moved to Friday and the Fourth to Monday."""
    days = {day.isoformat() for day in federal_holidays(2021)}
    assert {"2021-06-18", "2021-07-05", "2021-12-24"} <= days


def test_no_juneteenth_before_its_law():
    """2020 has ten holidays and none in June."""
    days = federal_holidays(2020)
    assert len(days) == 10
    assert all(day.month != 6 for day in days)


def test_clock_takes_no_other_clock():
    """Two clocks of one scenario are equal: nothing but the scenario enters."""
    assert clock().horizon == clock().horizon
    assert clock().start_day == (dt.date(2024, 3, 4) - dt.date(1970, 1, 1)).days
