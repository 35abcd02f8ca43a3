"""Prohibited permit checks: exact numbers, office hours, applicants, one agency."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import numpy as np
import pytest
from tests.sim.misuse import stage

from misusesim.clock import DAY_US, LocalClock
from misusesim.dataset import schema
from misusesim.dataset.schema import COVERS, INTENTS, PURPOSES, RUNGS, VIOLATIONS
from misusesim.misuse.institutional import UNIT, _served, _year
from misusesim.occasions import NONE, TEMPLATE, TOPIC
from misusesim.scenario.misuse import PermitChecks
from misusesim.scenario.model import AgencyGroup
from misusesim.world.agencies import agencies


def permits(**fields):
    """Return the parameters of permit checks by the town's desk."""
    return PermitChecks(kind="permit_checks", agency_group="town", **fields)


@lru_cache(maxsize=16)
def staged(days=28, **fields):
    """Return the scene and the plan of permit checks alone."""
    scene = stage.empty_scene(stage.world(days, (permits(**fields),), accounts=20))
    return scene, stage.plan(scene)


YEAR = {"per_year": 6789, "rungs": stage.only("declared")}


def test_a_year_holds_exactly_6789_checks():
    """Not one more or less before loss, each of one query, and the truth says the same number."""
    scene, plan = staged(365, **YEAR)
    start, end = scene.clock.horizon
    assert len(plan.occasions) == 6789
    assert (plan.occasions.n == 1).all()
    assert ((plan.occasions.start >= start) & (plan.occasions.start < end)).all()
    assert plan.truth["n_queries"].to_pylist() == [6789]


@pytest.mark.parametrize("year", [0, 1, 9])
def test_every_year_holds_as_many(year):
    """Each 365 days from the start have the number of a year, all on business days."""
    scene = staged(56, **YEAR)[0]
    days = _year(scene, 6789, year)
    assert days.sum() == 6789
    assert scene.clock.business_day(np.flatnonzero(days) + 365 * year).all()


@pytest.mark.slow
def test_a_shorter_run_gives_the_first_days_of_the_year():
    """Eight weeks of the year are its first eight weeks, check by check."""
    scene, short = staged(56, **YEAR)
    _, whole = staged(365, **YEAR)
    first = whole.occasions.take(whole.occasions.start < scene.clock.horizon[1])
    for name in ("serial", "start", "officer", "subject"):
        assert getattr(short.occasions, name).tolist() == getattr(first, name).tolist()


def test_a_rate_keeps_its_mean():
    """6 a business day over a half year: within 4 standard errors."""
    scene, plan = staged(182, per_business_day=6)
    business = int(scene.clock.business_day(np.arange(182)).sum())
    assert abs(len(plan.occasions) - 6 * business) < 4 * (6 * business) ** 0.5


def test_checks_are_made_by_clerks_on_duty_on_business_days():
    """Every check is inside a shift of its clerk, a quarter of an hour from its ends."""
    scene, plan = staged(56, per_business_day=20)
    shifts, licensing = scene.shifts, scene.officers.units.index(UNIT)
    for officer, time in zip(
        plan.occasions.officer.tolist(), plan.occasions.start.tolist(), strict=True
    ):
        assert scene.officers.unit[officer] == licensing
        around = (shifts.officer == officer) & (shifts.start + 15 * 60_000_000 <= time)
        assert (around & (time <= shifts.end - 15 * 60_000_000)).any()
    day = scene.clock.day_index(plan.occasions.start)
    assert scene.clock.business_day(day).all()


def test_checks_are_spread_over_the_office_day():
    """No local hour between nine and four has less than 5 % of the checks; nights have none."""
    scene, plan = staged(182, per_business_day=20)
    hour = scene.clock.local(plan.occasions.start) % DAY_US // (DAY_US // 24)
    share = np.bincount(hour, minlength=24) / len(hour)
    assert (share[9:16] > 0.05).all()
    assert share[:4].sum() == share[21:].sum() == 0


def test_checks_use_the_template_of_lawful_background_checks():
    """Same template as honest work, about strangers, without justification."""
    _, plan = staged(per_business_day=6)
    assert set(plan.occasions.template.tolist()) == {TEMPLATE["background_check"]}
    assert set(plan.occasions.topic.tolist()) == {TOPIC["permit"]}
    assert set(plan.occasions.case.tolist()) == {NONE}
    assert len(np.unique(plan.occasions.subject)) > 0.95 * len(plan.occasions)


def test_the_unit_is_one_campaign():
    """All clerks act in one institutional campaign of severity 2 without tie."""
    scene, plan = staged(56, per_business_day=20)
    (told,) = plan.truth.to_pylist()
    actors = np.unique(plan.occasions.officer)
    assert told["officer_ids"] == scene.officers.officer_id[actors].tolist()
    assert (told["unit"], told["tie"], told["severity"]) == ("licensing", None, 2)
    assert told["motive"] == "custom of the unit"
    assert plan.campaigns.intent.tolist() == [INTENTS.index("institutional")]


def test_declared_says_ccw():
    """Purpose ccw, topic permit, no number: the rule alone sees it."""
    _, plan = staged(per_business_day=6, rungs=stage.only("declared"))
    occasions = plan.occasions
    assert set(occasions.says_purpose.tolist()) == {PURPOSES.index("ccw")}
    assert set(occasions.says_topic.tolist()) == {TOPIC["permit"]}
    assert set(occasions.says_case.tolist()) == set(occasions.says_incident.tolist()) == {NONE}
    assert plan.campaigns.cover.tolist() == [COVERS.index("none")]
    assert plan.campaigns.violation.tolist() == [VIOLATIONS.index("purpose")]


def test_miscoded_never_says_ccw_or_permit():
    """Purpose criminal and topics of crime: the rule sees none."""
    _, plan = staged(per_business_day=6, rungs=stage.only("miscoded"))
    occasions = plan.occasions
    assert set(occasions.says_purpose.tolist()) == {PURPOSES.index("criminal")}
    assert TOPIC["permit"] not in set(occasions.says_topic.tolist())
    assert set(occasions.says_case.tolist()) == {NONE}


def test_clerks_without_cases_borrow_on_the_highest_rung():
    """There are no own cases at the desk: the campaign is a plausible case, numbers borrowed."""
    world = stage.world(28, (permits(per_business_day=6, rungs=stage.only("own_case")),))
    scene = stage.scene(world)
    plan = stage.plan(scene)
    assert plan.campaigns.rung.tolist() == [RUNGS.index("plausible_case")]
    assert plan.campaigns.violation.tolist() == [VIOLATIONS.index("false_case")]
    said = plan.occasions.says_case
    assert np.isin(said[said >= 0], scene.cases.serial).all()
    assert (said >= 0).any() or plan.campaigns.cover.tolist() == [COVERS.index("invented_case")]


def test_every_check_has_an_application_filed_before_it():
    """The applicant's row stands in the context before the check, and looks like a lawful one."""
    scene, plan = staged(56, per_business_day=8)
    table = plan.context["dispatch/applications"]
    assert table.schema.equals(schema.CONTEXT["dispatch"]["applications"], check_metadata=True)
    assert table.num_rows == len(plan.occasions)
    checks = plan.occasions
    keys = scene.population.person_key(checks.subject)
    assert sorted(table["subject_key"].to_pylist()) == sorted(keys.tolist())
    filed = table["valid_from"].cast("int64").to_numpy()
    assert (filed < checks.start).all()
    assert table["valid_to"].null_count == table.num_rows  # lawful decisions are not on file either
    assert (checks.start - filed < 10 * DAY_US).all()
    assert scene.clock.business_day(scene.clock.day_index(filed)).all()
    assert len(set(table["application_id"].to_pylist())) == table.num_rows
    assert set(table["kind"].to_pylist()) == {"ccw"}


def test_applications_come_in_while_the_counter_is_open():
    """Filed between eight and five, local time."""
    scene, plan = staged(56, per_business_day=8)
    filed = plan.context["dispatch/applications"]["valid_from"].cast("int64").to_numpy()
    hour = scene.clock.local(filed) % DAY_US // (DAY_US // 24)
    assert hour.min() >= 8
    assert hour.max() < 17


def test_only_the_first_agency_of_the_group_does_it():
    """The second agency of the group, and every other group, is honest."""
    groups = tuple(
        AgencyGroup(name=name, type="police", count=count, accounts_median=12, accounts_sigma=0,
                    licensing_unit=2)
        for name, count in (("other", 1), ("town", 2))
    )  # fmt: skip
    world = stage.world(14, (permits(per_business_day=9),)).model_copy(update={"agency": groups})
    scene = stage.empty_scene(stage.world(14, (permits(per_business_day=9),), accounts=12))
    found = []
    for agency in agencies(world):
        here = replace(scene, scenario=world, agency=agency, clock=LocalClock(world))
        found.append(len(stage.plan(here).planned))
    assert found == [0, 1, 0]


def test_without_clerks_nothing_happens():
    """A group without a licensing unit has no such campaign."""
    world = stage.world(14, (), accounts=12, group={"licensing_unit": 0})
    scene = stage.empty_scene(world)
    scene = replace(
        scene, scenario=world.model_copy(update={"misuse": (permits(per_business_day=9),)})
    )
    assert stage.plan(scene).planned == ()


@pytest.mark.parametrize(
    ("day", "served"),
    [(0, 1), (1, 1), (2, 4), (4, 4), (5, 360), (361, 360), (366, 366), (370, None)],
)
def test_checks_wait_for_a_day_with_a_clerk(day, served):
    """The next staffed day of the same year; at the end of the year the last one; else never."""
    staffed = np.zeros(400, bool)
    staffed[[1, 4, 360, 366]] = True
    assert _served(day, staffed) == served
