"""One small sheriff's office at work for three weeks, built once for all tests of this folder."""

from __future__ import annotations

from functools import lru_cache

import pytest
from tests.sim.workload.office import every_oddity, scenario_of, setting_of

from misusesim.workload.desk import desk_work
from misusesim.workload.street import street_work


@lru_cache(maxsize=4)
def _office(days):
    return setting_of(scenario_of(days=days, oddity=every_oddity()))


@pytest.fixture(scope="session")
def setting():
    return _office(21)


@pytest.fixture(scope="session")
def short_setting():
    """Return the same office, asked for nine days only."""
    return _office(9)


@pytest.fixture(scope="session")
def street(setting):
    return street_work(setting)


@pytest.fixture(scope="session")
def desks(setting, street):
    return desk_work(setting, street.incidents)
