"""How unlike agencies are: plate readers, nights, bursts."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from tests.sim.workload.office import scenario_of, setting_of

from misusesim.clock import HOUR_US
from misusesim.scenario.load import load_scenario
from misusesim.workload import unlike
from misusesim.world.agencies import agencies
from misusesim.world.readers import can_search

MANY = ("agency.0.count=400", "agency.0.accounts_sigma=0", "agency.0.accounts_median=20")


def test_without_a_threshold_all_can_search():
    """The default: nothing is drawn."""
    world = load_scenario("tiny")
    assert can_search(world, agencies(world)).all()


@pytest.mark.parametrize(("at", "share"), [(20, 0.5), (60, 0.25), (5, 0.8), (1_000_000, 0.0)])
def test_half_of_the_agencies_of_that_size_can_search(at, share):
    """Accounts / (accounts + threshold) of them."""
    world = load_scenario("tiny", (*MANY, f"agency.0.plate_readers_at={at}"))
    can = can_search(world, agencies(world)[:400])
    assert can.mean() == pytest.approx(share, abs=0.075)


def test_who_can_search_does_not_depend_on_neighbours():
    """Each agency's draw is its own."""
    world = load_scenario("tiny", (*MANY, "agency.0.plate_readers_at=20"))
    every = agencies(world)[:400]
    assert (can_search(world, every)[100:120] == can_search(world, every[100:120])).all()


def test_ordinary_worlds_are_alike():
    """Without sigmas there is nothing to differ in but what a group says of itself."""
    setting = setting_of(scenario_of(burstiness="bursty"))
    assert unlike.surges(setting).tolist() == [12.0]
    assert unlike.nights(setting).tolist() == [1.0]
    assert unlike.begun_more(np.ones(1)).tolist() == [1.0]


def test_factors_are_lognormal():
    """Median 1, and the sigma that was asked for."""
    world = scenario_of(
        count=300, accounts_median=3, workload={"burst_sigma": 1.5, "night_sigma": 0.4}
    )
    setting = replace(setting_of(world), agencies=tuple(agencies(world)))  # fmt: skip
    for drawn, sigma in ((unlike.surges(setting), 1.5), (unlike.nights(setting), 0.4)):
        log = np.log(drawn)
        assert np.median(log) == pytest.approx(0, abs=0.2 * sigma)
        assert log.std() == pytest.approx(sigma, rel=0.12)


def test_nights_are_thinned_where_an_agency_has_few_and_days_where_it_has_many():
    """Half the odds keep half of the night's, twice the odds half of the day's."""
    setting = setting_of(scenario_of(count=3, accounts_median=3))
    day = setting.clock.week_bounds(0)[0]
    time = np.array([day + 2 * HOUR_US, day + 12 * HOUR_US]).repeat(3)
    place = np.tile([0, 1, 2], 2)
    kept = unlike.kept(setting, np.array([0.5, 1.0, 2.0]), time, place)
    assert kept.tolist() == [0.5, 1, 1, 1, 1, 0.5]


def test_as_much_is_searched_as_usual():
    """What is thinned is begun more often: 10 % fewer at half, 40 % at twice the odds."""
    assert unlike.begun_more(np.array([0.5, 2.0])) == pytest.approx([1 / 0.9, 1 / 0.6])
