"""A small police department to stage campaigns in: real people, shifts, incidents and cases."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from functools import lru_cache

import numpy as np

from misusesim.clock import NEVER, LocalClock
from misusesim.engine import honest_pass
from misusesim.misuse import campaigns
from misusesim.misuse.writing import Scene
from misusesim.plan import Cases, Incidents
from misusesim.scenario.misuse import PermitChecks, Retaliation, RomanticInterest
from misusesim.scenario.model import AgencyGroup, Scenario
from misusesim.scenario.prevalence import RungMix
from misusesim.workload.watches import shifts
from misusesim.world.agencies import agencies
from misusesim.world.officers import officers
from misusesim.world.subjects import Population
from misusesim.world.ties import ties

EVEN = RungMix()
ROMANTIC = RomanticInterest(kind="romantic_interest", officers_per_year=1.0)
RETALIATION = Retaliation(kind="retaliation", officers_per_year=1.0)
PERMITS = PermitChecks(kind="permit_checks", agency_group="town", per_business_day=6)


def only(rung):
    """Return a mix of one rung."""
    weights = dict.fromkeys(("declared", "miscoded", "plausible_case", "own_case"), 0.0)
    return RungMix(**{**weights, rung: 1.0})


def world(days=28, misuse=(ROMANTIC, RETALIATION, PERMITS), accounts=60, **changes):
    """Return a scenario of one police department with a permit desk of four."""
    group = {"type": "police", "accounts_median": accounts, "accounts_sigma": 0,
             "licensing_unit": 4, **changes.pop("group", {})}  # fmt: skip
    return Scenario(
        name="stage", seed=changes.pop("seed", 5), start=dt.date(2024, 1, 1), days=days,
        population=200_000, agency=(AgencyGroup(name="town", **group),), misuse=misuse, **changes,
    )  # fmt: skip


@lru_cache(maxsize=8)
def scene(scenario):
    """Return the agency at work, with its honest incidents and cases."""
    agency = agencies(scenario)[0]
    honest = honest_pass(scenario, agency)
    setting = honest.setting
    return Scene(
        scenario, agency, setting.officers, ties(scenario, agency, setting.officers),
        _within_weeks(setting.shifts, setting.clock), honest.incidents, honest.cases,
        setting.clock, setting.population,
    )  # fmt: skip


@lru_cache(maxsize=8)
def empty_scene(scenario):
    """Return the agency with shifts only: no incident, no case (cheap for large agencies)."""
    agency = agencies(scenario)[0]
    people = officers(scenario, agency)
    clock = LocalClock(scenario)
    duty = _within_weeks(shifts(scenario, agency, people)[0], clock)
    return Scene(
        scenario, agency, people, ties(scenario, agency, people), duty, nothing(Incidents),
        nothing(Cases), clock, Population(scenario),
    )  # fmt: skip


def _within_weeks(duty, clock):
    """Return the shifts of the scenario's weeks only, as the engine hands them over."""
    kept = duty.start < clock.week_bounds(clock.weeks - 1)[1]
    names = type(duty).__dataclass_fields__
    return type(duty)(**{name: getattr(duty, name)[kept] for name in names})


def nothing(kind):
    """Return columns without rows."""
    return kind(**{name: np.empty(0, np.int64) for name in kind.__dataclass_fields__})


def cases(*rows):
    """Return cases from (serial, topic, opened, closed or None, officer)."""
    serial, topic, opened, closed, officer = zip(*rows, strict=True)
    return Cases(
        serial=np.array(serial, np.int64), topic=np.array(topic, np.int16),
        opened=np.array(opened, np.int64),
        closed=np.array([NEVER if c is None else c for c in closed], np.int64),
        officer=np.array(officer, np.int32), subject=np.arange(len(rows)),
        victim=np.arange(len(rows)),
    )  # fmt: skip


def incidents(*rows):
    """Return incidents from (serial, topic, known, officer); nobody dispatched them."""
    serial, topic, known, officer = (np.array(c, np.int64) for c in zip(*rows, strict=True))
    zero = np.zeros(len(rows), np.int64)
    return Incidents(
        serial=serial, kind=zero, priority=zero, topic=topic, self_initiated=zero, opened=known,
        begun=known, closed=known, known=known, officer=officer, dispatcher=zero - 1,
        subject=zero + 7, area=zero,
    )  # fmt: skip


def plan(stage):
    """Return all campaigns of a scene."""
    return campaigns(
        stage.scenario, stage.agency, stage.officers, stage.ties, stage.shifts, stage.incidents,
        stage.cases, stage.clock,
    )  # fmt: skip


def with_files(stage, **files):
    """Return a scene with other cases or incidents."""
    return replace(stage, **files)
