"""Builds a small sheriff's office for the tests of work."""

from __future__ import annotations

import datetime as dt

from misusesim.clock import LocalClock
from misusesim.scenario.model import AgencyGroup, Oddity, Scenario
from misusesim.workload.setting import Setting
from misusesim.workload.watches import shifts
from misusesim.world.agencies import agencies
from misusesim.world.officers import officers
from misusesim.world.subjects import Population

OCCASION_KINDS = (
    "self_query", "system_test", "same_surname", "hotlist_repeat", "victim_protection",
    "plate_before_stop", "relative_in_call", "lives_in_beat", "abandoned_stop", "call_out",
    "backfill", "case_surge", "nickname_search", "records_counter_day", "auto_theft_batch",
    "warrant_repeat", "sustained_pair", "window_widening",
)  # fmt: skip
EVENT_KINDS = ("all_agency_alert", "public_figure_case", "mass_event")
SHARE_KINDS = ("wrong_dropdown", "case_in_reason", "overtime", "shift_swap", "shared_console")


def scenario_of(days=21, seed=5, oddity=(), staffing=None, workload=None, **group):
    """Return a scenario of one agency; keywords go to its group."""
    plain = {"name": "office", "type": "sheriff", "accounts_median": 60, "accounts_sigma": 0}
    more = {k: v for k, v in {"staffing": staffing, "workload": workload}.items() if v is not None}
    return Scenario(
        name="office",
        seed=seed,
        start=dt.date(2024, 3, 4),
        days=days,
        population=1_000_000,
        agency=(AgencyGroup(**{**plain, "licensing_unit": 2, **group}),),
        oddity=oddity,
        **more,
    )


def every_oddity():
    """Return all kinds of oddity, frequent enough to see each in a few weeks."""
    return (
        *(Oddity(kind=kind, rate_per_officer_year=20.0) for kind in OCCASION_KINDS),
        *(Oddity(kind=kind, share=0.05) for kind in SHARE_KINDS),
        *(Oddity(kind=kind, per_year=100.0) for kind in EVENT_KINDS),
    )


def setting_of(scenario):
    """Return the first agency of a scenario with its people on their shifts."""
    agency = agencies(scenario)[0]
    people = officers(scenario, agency)
    duty, _ = shifts(scenario, agency, people)
    clock, population = LocalClock(scenario), Population(scenario)
    return Setting(scenario, (agency,), (len(people),), people, duty, clock, population)
