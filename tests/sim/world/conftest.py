"""Small worlds for the tests of the static world."""

from __future__ import annotations

import datetime as dt

import pytest

from misusesim.scenario.model import AgencyGroup, Scenario, Staffing


def make_world(*groups, staffing=None, **fields):
    """Return a scenario; groups are dicts, without any there are a sheriff and a police."""
    plain = (
        {"name": "sheriff", "type": "sheriff", "licensing_unit": 3},
        {"name": "town", "type": "police"},
    )
    sized = {"accounts_median": 120.0, "accounts_sigma": 0.0}
    values = {"seed": 5, "start": dt.date(2024, 3, 4), "days": 60, "population": 200_000, **fields}
    return Scenario(
        name="small",
        agency=tuple(AgencyGroup(**{**sized, **group}) for group in groups or plain),
        staffing=Staffing(**(staffing or {})),
        **values,
    )


@pytest.fixture
def world():
    """Return the maker of small worlds."""
    return make_world
