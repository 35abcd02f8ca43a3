"""The permit desk: a queue of lawful applications, worked on business days."""

from __future__ import annotations

import numpy as np
import pytest
from tests.sim.workload.office import scenario_of, setting_of

from misusesim.clock import NEVER
from misusesim.dataset.schema import ODDITY_KINDS
from misusesim.occasions import TEMPLATE, TOPIC, WORK
from misusesim.scenario.model import Workload
from misusesim.workload.licensing import CCW, permit_desk
from misusesim.workload.oddities import shift_of


@pytest.fixture(scope="module")
def desk():
    setting = setting_of(
        scenario_of(days=84, licensing_unit=6, workload=Workload(permits_per_clerk_day=4.5))
    )
    return setting, *permit_desk(setting)


def test_checks_a_day(desk):
    """Six clerks with 4.5 a day handle about 27 a business day."""
    setting, _, checks = desk
    day = setting.clock.day_index(checks.start)
    open_days = setting.clock.business_day(np.arange(84)).sum()
    assert (day >= 0).sum() / open_days == pytest.approx(27, rel=0.12)


def test_only_on_business_days_and_in_shifts(desk):
    """The desk is open on business days; its clerks are on shift."""
    setting, _, checks = desk
    assert setting.clock.business_day(setting.clock.day_index(checks.start)).all()
    assert (shift_of(setting, checks.officer, checks.start) >= 0).all()
    assert setting.in_unit("licensing")[checks.officer].all()


def test_first_come_first_served(desk):
    """Applications are checked in the order in which they were filed, none before it came in."""
    _, applications, checks = desk
    done = applications.checked < NEVER
    order = np.argsort(applications.checked[done], kind="stable")
    assert (np.diff(applications.filed[done][order]) >= 0).mean() > 0.99
    assert (applications.checked[done] > applications.filed[done]).all()
    assert done.sum() == len(checks)


def test_nearly_everything_gets_done(desk):
    """The queue does not grow without bound."""
    applications = desk[1]
    assert (applications.checked < NEVER).mean() > 0.97


def test_checks_are_lawful_work(desk):
    """Checks are work on the permit template, marked as the twin of prohibited checks."""
    checks = desk[2]
    assert set(checks.source.tolist()) == {WORK}
    assert set(checks.template.tolist()) == {TEMPLATE["permit_desk"]}
    assert set(checks.topic.tolist()) == {TOPIC["permit"]}
    assert {ODDITY_KINDS[k] for k in checks.oddity.tolist()} == {"lawful_licensing"}
    assert set(desk[1].kind.tolist()) == {CCW}


def test_each_check_is_about_its_applicant(desk):
    """Clerk, time and subject of an application are those of its check."""
    _, applications, checks = desk
    done = applications.checked < NEVER
    told = set(
        zip(
            applications.clerk[done].tolist(), applications.checked[done].tolist(),
            applications.subject[done].tolist(), strict=True,
        )
    )  # fmt: skip
    asked = zip(
        checks.officer.tolist(), checks.start.tolist(), checks.subject.tolist(), strict=True
    )
    assert told == set(asked)


def test_no_licensing_unit():
    """An agency without the unit has no permit desk."""
    setting = setting_of(scenario_of(days=7, licensing_unit=0))
    applications, checks = permit_desk(setting)
    assert len(applications.serial) == 0
    assert len(checks) == 0
