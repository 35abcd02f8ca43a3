"""Desk work put together: who does it, when, and about whom."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from tests.sim.workload.office import scenario_of, setting_of

from misusesim.clock import DAY_US, HOUR_US
from misusesim.dataset.schema import ROLES
from misusesim.occasions import NONE, TEMPLATE, TOPIC, WORK
from misusesim.workload.arrivals import DESK
from misusesim.workload.desk import desk_work
from misusesim.workload.oddities import shift_of
from misusesim.workload.past import Past, of
from misusesim.workload.street import street_work
from misusesim.workload.wanted import lists


def of_template(occasions, name):
    return occasions.take(occasions.template == TEMPLATE[name])


def roles(setting, occasions):
    return {ROLES[r] for r in setting.officers.role[occasions.officer].tolist()}


@pytest.mark.parametrize(
    ("template", "allowed"),
    [
        ("case_session", {"detective", "analyst"}),
        ("alpr_search", {"patrol", "detective", "analyst", "supervisor"}),
        ("warrant_check", {"patrol", "detective"}),
        ("booking", {"jail"}),
        ("jail_check", {"jail"}),
        ("permit_desk", {"licensing_clerk"}),
        ("background_check", {"records_clerk", "detective", "licensing_clerk", "supervisor"}),
        (
            "records_request",
            {"records_clerk", "licensing_clerk", "supervisor", "patrol", "detective", "jail"},
        ),
    ],
)
def test_each_kind_of_work_has_its_people(setting, desks, template, allowed):
    """Roles do what is theirs to do; every kind of desk work occurs."""
    some = of_template(desks.occasions, template)
    assert len(some) > 0
    assert roles(setting, some) <= allowed


def test_all_of_it_is_work_on_shift(setting, desks):
    """Desk work is plain work, begun on shift; a booking may run a minute over."""
    o = desks.occasions
    assert set(o.source.tolist()) == {WORK}
    assert (shift_of(setting, o.officer, o.start) >= 0).mean() > 0.998


def test_computer_staff_query_nothing(setting, desks):
    """Computer staff do no ordinary queries."""
    computer = setting.has_role("it")
    assert not computer[desks.occasions.officer].any()


def test_bookings_are_incidents_with_six_to_twelve_queries(desks):
    """A booking is an incident of its jailer and takes 6 to 12 queries about the one booked."""
    some = of_template(desks.occasions, "booking")
    assert (some.n.min(), some.n.max()) == (6, 12)
    row = np.searchsorted(desks.bookings.serial, some.incident)
    assert np.array_equal(desks.bookings.serial[row], some.incident)
    assert np.array_equal(desks.bookings.subject[row], some.subject)
    assert np.array_equal(desks.bookings.officer[row], some.officer)


def test_checks_in_jail_are_on_people_booked(desks):
    """Who is checked in jail was booked before, wherever anybody was."""
    some = of_template(desks.occasions, "jail_check")
    known = some.incident >= 0
    assert known.mean() > 0.8
    row = np.searchsorted(desks.bookings.serial, some.incident[known])
    assert (desks.bookings.opened[row] < some.start[known]).all()
    assert np.array_equal(desks.bookings.subject[row], some.subject[known])


def test_warrant_checks_repeat_without_any_case(desks):
    """The same few wanted persons are checked again and again under no number."""
    some = of_template(desks.occasions, "warrant_check")
    assert (some.case == NONE).all()
    assert (some.incident == NONE).all()
    _, count = np.unique(some.subject, return_counts=True)
    assert count.max() >= 5


def test_warrant_checks_are_on_wanted_people(desks):
    """Everybody checked has a warrant that holds at that time."""
    some = of_template(desks.occasions, "warrant_check")
    wanted = desks.wanted
    spans = {}
    for who, since, until in zip(
        wanted.subject.tolist(), wanted.since.tolist(), wanted.until.tolist(), strict=True
    ):
        spans.setdefault(who, []).append((since, until))
    for who, when in zip(some.subject.tolist(), some.start.tolist(), strict=True):
        assert any(since <= when < until for since, until in spans[who])


def test_lists_change_every_six_weeks():
    """Seven weeks from the warm-up on need two lists of six a detective."""
    setting = setting_of(scenario_of(days=42))
    assert len(lists(setting).subject) == 2 * 6 * setting.has_role("detective").sum()


@pytest.mark.slow
def test_searches_keep_the_desks_hours():
    """Plate searches of one agency are within a tenth of the Californian hours (variation)."""
    setting = setting_of(scenario_of(days=182, accounts_median=250))
    street = street_work(setting)
    some = of_template(desk_work(setting, street.incidents).occasions, "alpr_search")
    hour = setting.clock.local(some.start) % DAY_US // HOUR_US
    share = np.bincount(hour, minlength=24) / len(hour)
    assert np.abs(share - np.array(DESK.hours) / sum(DESK.hours)).sum() / 2 < 0.1


@pytest.mark.slow
def test_searches_of_a_bursty_agency_come_in_waves():
    """Searches of a bursty agency are far more uneven from hour to hour than ordinary ones."""
    uneven = {}
    for kind in ("ordinary", "bursty"):
        setting = setting_of(scenario_of(days=56, accounts_median=600, burstiness=kind))
        street = street_work(setting)
        some = of_template(desk_work(setting, street.incidents).occasions, "alpr_search")
        hourly = np.bincount((some.start - some.start.min()) // HOUR_US)
        uneven[kind] = hourly.var() / hourly.mean()
    assert uneven["bursty"] > 1.5 * uneven["ordinary"]


def test_applications_have_unique_serials(desks):
    """Permits and other applications share one numbering without clashes."""
    serial = desks.applications.serial
    assert len(np.unique(serial)) == len(serial)


def test_records_requests_are_mostly_about_something_known(street, desks):
    """A counter asks about somebody of an earlier incident where there is one."""
    some = of_template(desks.occasions, "records_request")
    some = some.take(some.topic == TOPIC["records"])
    known = some.incident >= 0
    assert known.mean() > 0.8
    order = np.argsort(street.incidents.serial)
    row = order[np.searchsorted(street.incidents.serial[order], some.incident[known])]
    assert (street.incidents.opened[row] < some.start[known]).all()


def test_past_recalls_the_recent():
    """Only what is at least an hour and at most so many days old is recalled."""
    opened = np.array([0, 10, 20], np.int64) * DAY_US
    past = Past(SimpleNamespace(opened=opened, subject=opened // DAY_US, serial=np.arange(3)))
    bits = np.full(4, 2**40, np.uint64)
    time = np.array([5, 12, 100, 20], np.int64) * DAY_US
    row = past.recall(time, bits, 8)
    assert row.tolist() == [0, 1, -1, -1]
    assert past.subject(row).tolist() == [0, 10, -1, -1]
    assert past.serial(row).tolist() == [0, 1, -1, -1]


def test_past_prefers_the_latest():
    """Of equally old things any may come; low draws take the latest."""
    opened = np.arange(1, 5, dtype=np.int64) * HOUR_US
    past = Past(SimpleNamespace(opened=opened, subject=opened, serial=opened))
    bits = np.array([0, 2**64 - 1], np.uint64)
    assert past.recall(np.full(2, 2 * DAY_US), bits, 5).tolist() == [3, 0]


def test_past_of_nothing():
    """Where nothing has happened nothing is recalled."""
    none = np.empty(0, np.int64)
    past = Past(SimpleNamespace(opened=none, subject=none, serial=none))
    assert past.recall(np.array([5]), np.zeros(1, np.uint64), 9).tolist() == [-1]


def test_of_reads_rows_or_nothing():
    """A row of -1 reads as -1."""
    assert of(np.array([7, 8]), np.array([1, -1, 0])).tolist() == [8, -1, 7]
