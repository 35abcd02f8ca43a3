"""The jail and the lists of wanted persons: columns, periods and who is asked about."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from tests.sim.workload.office import scenario_of, setting_of

from misusesim.clock import DAY_US, MINUTE_US
from misusesim.occasions import NONE, TEMPLATE, TOPIC
from misusesim.workload.counters import background, pace
from misusesim.workload.jail import bookings, custody
from misusesim.workload.licensing import EMPLOYMENT, OTHERS, RIDE_ALONG
from misusesim.workload.setting import SECOND_US, WEEK_BITS, select
from misusesim.workload.street import BOOKING, BOOKINGS
from misusesim.workload.wanted import lists, warrant_checks


@pytest.fixture(scope="module")
def booked(setting):
    return bookings(setting)


@pytest.fixture(scope="module")
def checks(setting):
    return warrant_checks(setting)


@pytest.fixture(scope="module")
def applied(setting):
    return background(setting)


@pytest.mark.parametrize(
    ("name", "value"),
    [("kind", BOOKING), ("priority", 4), ("self_initiated", False), ("dispatcher", NONE)],
)
def test_what_all_bookings_share(booked, name, value):
    """A booking is routine, ordered by somebody else, and passes no dispatcher."""
    assert set(getattr(booked[0], name).tolist()) == {value}


def test_a_booking_is_on_file_at_once(booked):
    """A booking begins and is known as it is opened, and lasts 25 to 64 minutes."""
    made = booked[0]
    assert made.opened.tolist() == made.begun.tolist() == made.known.tolist()
    minutes = (made.closed - made.opened) // MINUTE_US
    assert 25 <= minutes.min() < 30
    assert 60 < minutes.max() <= 64


def test_bookings_have_their_part_of_the_serials(booked, setting):
    """Serials of bookings stand in the third quarter of their week."""
    made = booked[0]
    place = made.serial & (1 << WEEK_BITS) - 1
    assert BOOKINGS == 1 << 21
    assert (place >= BOOKINGS).all()
    assert (made.serial >> WEEK_BITS == setting.clock.week_of(made.opened) + 1).all()


def test_queries_of_a_booking_begin_after_it(setting, booked):
    """A jailer asks one to six minutes after a booking of the scenario, about who is booked."""
    made, occasions = booked
    made = select(made, setting.asks(made.closed))
    after = (occasions.start - made.opened) // SECOND_US
    assert 60 <= after.min() < after.max() < 360
    assert occasions.subject.tolist() == made.subject.tolist()
    assert occasions.incident.tolist() == made.serial.tolist()


def test_custody_of_an_empty_jail(setting, booked):
    """If nobody was booked the checks are on people of no incident."""
    nobody = select(booked[0], slice(0, 0))
    made = custody(setting, nobody)
    assert len(made) > 100
    assert set(made.incident.tolist()) == {NONE}
    assert (made.subject >= 0).all()


def test_custody_checks_repeat_whoever_is_there(setting, booked):
    """Bookings change whom the checks are on and neither when nor by whom they are made."""
    full, empty = (custody(setting, select(booked[0], slice(0, n))) for n in (None, 0))
    assert full.start.tolist() == empty.start.tolist()
    assert full.officer.tolist() == empty.officer.tolist()
    assert full.n.tolist() == empty.n.tolist()
    assert full.subject.tolist() != empty.subject.tolist()


def test_an_agency_without_a_jail_books_nobody():
    """Where there are no jailers there are no bookings and no checks in custody."""
    setting = setting_of(scenario_of(days=7, type="court", accounts_median=20, licensing_unit=0))
    made, occasions = bookings(setting)
    assert len(made.serial) == len(occasions) == len(custody(setting, made)) == 0


def test_lists_hold_six_wanted_persons_each(setting):
    """Three weeks and the warm-up are one epoch of six warrants for each detective."""
    made = lists(setting)
    assert len(made.subject) == 6 * int(setting.has_role("detective").sum())
    assert len(made.since) == len(made.until) == len(made.subject)


def test_warrants_cover_their_epoch(setting):
    """A warrant is up to 29 days older than its epoch and lasts up to 59 days beyond it."""
    made = lists(setting)
    begin = int(setting.clock.day_start(np.array([-7]))[0])
    before, after = begin - made.since, made.until - begin - 42 * DAY_US
    assert 0 <= before.min() <= before.max() <= 29 * DAY_US
    assert 0 <= after.min() <= after.max() <= 59 * DAY_US


def test_warrant_checks_are_on_persons_of_the_lists(setting, checks):
    """Whoever is checked is on somebody's list, and a detective's own is asked most."""
    on_lists = set(lists(setting).subject.tolist())
    assert set(checks.subject.tolist()) <= on_lists
    assert len(set(checks.subject.tolist())) > len(on_lists) / 2


def test_warrant_checks_have_no_number(checks):
    """Checks of warrants are tied to no incident and no case."""
    assert set(checks.incident.tolist()) == set(checks.case.tolist()) == {NONE}
    assert set(checks.template.tolist()) == {TEMPLATE["warrant_check"]}
    assert set(checks.topic.tolist()) == {TOPIC["wanted"]}


def test_detectives_check_their_own_lists(setting, checks):
    """A detective asks about six persons at most in three weeks, a patrol about any."""
    detectives = np.flatnonzero(setting.has_role("detective"))
    per = [len(set(checks.subject[checks.officer == d].tolist())) for d in detectives.tolist()]
    assert 1 < max(per) <= 6


@pytest.mark.parametrize(("activity", "expected"), [(0.0, 0.145), (1.0, 1.0), (3.0, 2.8)])
def test_pace_is_a_tenth_shared(setting, activity, expected):
    """A tenth of the pace is everybody's, nine tenths are appetite."""
    alike = np.full(len(setting.officers), activity)
    people = replace(setting.officers, activity=alike)
    assert pace(replace(setting, officers=people))[0] == pytest.approx(expected)


def test_applications_for_work(applied, setting):
    """Applications are for work or a ride-along, checked 1 to 20 days after filing."""
    made, _ = applied
    assert set(made.kind.tolist()) <= {EMPLOYMENT, RIDE_ALONG}
    days = (made.checked - made.filed) // DAY_US
    assert 1 <= days.min() <= days.max() <= 20
    assert ((made.serial & (1 << WEEK_BITS) - 1) >= OTHERS).all()


def test_checks_of_applications_end_with_the_scenario(applied, setting):
    """A check is made by somebody on shift before the last week ends, else there is none."""
    made, occasions = applied
    end = setting.clock.week_bounds(setting.clock.weeks - 1)[1]
    expected = (made.clerk >= 0) & (made.checked < end)
    assert occasions.start.tolist() == made.checked[expected].tolist()
    assert occasions.subject.tolist() == made.subject[expected].tolist()
    assert (occasions.n >= 3).all()
    assert (occasions.n <= 6).all()
