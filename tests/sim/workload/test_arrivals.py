"""When work arrives: profiles, over-dispersion, and independence of the horizon."""

from __future__ import annotations

import numpy as np
import pytest
from tests.sim.workload.office import scenario_of, setting_of

from misusesim.clock import DAY_US, HOUR_US
from misusesim.scenario.model import Workload
from misusesim.workload.arrivals import DESK, OFFICE, STREET, Profile, arrivals

EVEN = Workload(dispersion=0.0, daily_dispersion=0.0)


def all_weeks(setting, expected, profile, surge=1.0, name="things"):
    parts = [
        arrivals(setting, name, w, expected, profile, surge) for w in range(setting.clock.weeks)
    ]
    return np.concatenate(parts)


@pytest.fixture(scope="module")
def year():
    return setting_of(scenario_of(days=364, accounts_median=4, licensing_unit=0))


@pytest.fixture(scope="module")
def even_year():
    return setting_of(scenario_of(days=364, accounts_median=4, licensing_unit=0, workload=EVEN))


@pytest.mark.parametrize("profile", [STREET, DESK, OFFICE], ids=["street", "desk", "office"])
def test_profiles_are_whole(profile):
    """A profile has 24 hours and 7 days, and its shares sum to one."""
    assert (len(profile.hours), len(profile.days)) == (24, 7)
    assert profile.shares().sum() == pytest.approx(1)


def test_street_profile_is_seattles():
    """Six in the evening is the street's peak with 6.57 %; peak to trough is about 2.5."""
    assert STREET.hours.index(max(STREET.hours)) == 18
    assert STREET.hours[18] == 657
    assert max(STREET.hours) / min(STREET.hours) == pytest.approx(2.47, abs=0.01)


def test_desk_profile_is_californias():
    """Desk work has 19.3 % at night and little on Sundays."""
    night = [22, 23, 0, 1, 2, 3, 4, 5]
    assert sum(DESK.hours[h] for h in night) / 100 == pytest.approx(19.27, abs=0.01)
    assert DESK.days[6] == 679


def test_unevenness_of_a_hand_made_profile():
    """Work on one of two halves of the day doubles the rate: squared variation 1."""
    half = Profile(hours=(1,) * 12 + (0,) * 12, days=(1,) * 7)
    assert half.unevenness() == pytest.approx((1.0, 0.0))


def test_mean_is_what_was_expected(even_year):
    """Fifty-two weeks of 200 come to 10,400, give or take three standard deviations."""
    assert len(all_weeks(even_year, 200.0, STREET)) == pytest.approx(10_400, abs=310)


def test_multipliers_keep_the_mean(year):
    """Over-dispersion does not change the mean."""
    assert len(all_weeks(year, 200.0, STREET)) == pytest.approx(10_400, rel=0.06)


def fano(setting, times, width):
    local = setting.clock.local(times)
    bins = np.bincount(local // width - local.min() // width)[1:-1]
    return (bins.var() / bins.mean() - 1) / bins.mean()


def test_hourly_dispersion_is_the_scenarios(year):
    """(Fano - 1) / mean per hour comes to the configured 1.2."""
    assert fano(year, all_weeks(year, 400.0, STREET), HOUR_US) == pytest.approx(1.2, abs=0.2)


def test_daily_dispersion_is_the_scenarios(year):
    """(Fano - 1) / mean per day comes to the configured 0.25."""
    assert fano(year, all_weeks(year, 400.0, STREET), DAY_US) == pytest.approx(0.25, abs=0.08)


def test_without_dispersion_only_the_profile_is_left(even_year):
    """An even scenario has the unevenness of its profile and no more."""
    times = all_weeks(even_year, 400.0, STREET)
    assert fano(even_year, times, HOUR_US) == pytest.approx(STREET.unevenness()[0], abs=0.06)


def test_a_surge_makes_bursts(year):
    """A bursty agency has hours far above its mean."""
    calm, bursty = (all_weeks(year, 400.0, DESK, surge) for surge in (1.0, 12.0))
    assert fano(year, bursty, HOUR_US) > 4 * fano(year, calm, HOUR_US)


def test_hours_follow_the_profile(even_year):
    """Shares of local hours come out within half a per cent."""
    local = even_year.clock.local(all_weeks(even_year, 2000.0, STREET))
    share = np.bincount(local % DAY_US // HOUR_US, minlength=24) / len(local)
    assert np.abs(share - np.array(STREET.hours) / sum(STREET.hours)).max() < 0.005


def test_times_are_whole_seconds_in_order_inside_the_week(year):
    """A week's arrivals are ascending, in whole seconds, within the week."""
    times, (start, end) = arrivals(year, "x", 3, 500.0, STREET), year.clock.week_bounds(3)
    assert (np.diff(times) >= 0).all()
    assert not (times % 1_000_000).any()
    assert start <= times[0] <= times[-1] < end


def test_names_and_weeks_have_their_own_chance(year):
    """Another name or week gives other times; the same gives the same."""
    one = arrivals(year, "x", 3, 100.0, STREET)
    assert np.array_equal(one, arrivals(year, "x", 3, 100.0, STREET))
    assert not np.array_equal(one, arrivals(year, "y", 3, 100.0, STREET))


def test_weeks_do_not_depend_on_the_horizon(setting, short_setting):
    """A week is the same whatever the number of days asked for."""
    for week in (-1, 0, 1):
        longer = arrivals(setting, "x", week, 80.0, DESK)
        assert np.array_equal(longer, arrivals(short_setting, "x", week, 80.0, DESK))


def test_nothing_expected_nothing_comes(year):
    """A rate of 0 gives no arrival."""
    assert len(arrivals(year, "x", 0, 0.0, OFFICE)) == 0
