"""Searches of plate readers over holidays and over the change of the clocks."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from tests.sim.workload.office import scenario_of, setting_of

from misusesim.clock import DAY_US, LocalClock, federal_holidays
from misusesim.engine import honest_pass
from misusesim.occasions import TEMPLATE
from misusesim.workload.searching import _holidays
from misusesim.world.agencies import agencies

ZONE = ZoneInfo("America/Los_Angeles")


@pytest.mark.parametrize(
    ("day", "share"),
    [
        (dt.date(2024, 3, 8), 1.0),  # a Friday
        (dt.date(2024, 5, 27), 679 / 947),  # Memorial Day, a Monday
        (dt.date(2024, 6, 19), 679 / 1222),  # Juneteenth, a Wednesday
        (dt.date(2024, 7, 4), 679 / 1208),  # a Thursday
        (dt.date(2024, 7, 6), 1.0),  # a Saturday after one
    ],
)
def test_a_holiday_is_like_a_sunday(day, share):
    """Of what is searched for on such a weekday so much is on its holiday; else all is."""
    setting = setting_of(scenario_of(days=140))
    noon = dt.datetime.combine(day, dt.time(12), ZONE)
    time = np.array([int(noon.timestamp()) * 1_000_000])
    assert _holidays(setting, time).tolist() == pytest.approx([share])


@pytest.mark.slow
def test_holidays_are_quiet():
    """Over a year the holidays on weekdays have far fewer searches than other weekdays."""
    scenario = scenario_of(days=365, accounts_median=200)
    honest = honest_pass(scenario, agencies(scenario)[0])
    some = honest.occasions.take(honest.occasions.template == TEMPLATE["alpr_search"])
    clock = LocalClock(scenario)
    day = clock.day_index(some.start[some.start >= clock.horizon[0]])
    count = np.bincount(day, minlength=365)[:365]
    every = np.arange(365)
    weekday = (every + clock.start_day + 3) % 7 < 5
    dates = [scenario.start + dt.timedelta(days=n) for n in every.tolist()]
    off = {one for year in (2024, 2025) for one in federal_holidays(year)}
    holiday = np.array([one in off for one in dates]) & weekday
    assert holiday.sum() >= 9
    assert count[holiday].mean() < 0.75 * count[weekday & ~holiday].mean()


@pytest.mark.parametrize(
    ("start", "changed"), [(dt.date(2024, 3, 4), dt.date(2024, 3, 10)),
                           (dt.date(2024, 10, 28), dt.date(2024, 11, 3))],
)  # fmt: skip
def test_shifts_keep_the_clock_on_the_wall(start, changed):
    """Regular shifts begin at the same local times before and after the clocks change."""
    setting = setting_of(scenario_of(days=14).model_copy(update={"start": start}))
    regular = setting.shifts.start[setting.shifts.kind == 0]
    local = setting.clock.local(regular)
    of_day, day = local % DAY_US // 60_000_000, local // DAY_US
    change = (changed - dt.date(1970, 1, 1)).days
    before, after = (set(of_day[some].tolist()) for some in (day < change, day > change))
    watches = {390, 450, 660, 1020, 1230, 1290}  # 06:30, 07:30, 11:00, 17:00, 20:30, 21:30
    assert watches <= before & after
    utc = regular % DAY_US // 60_000_000
    assert set(utc[day < change].tolist()) != set(utc[day > change].tolist())
