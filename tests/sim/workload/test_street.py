"""Calls and stops: who takes them, what is asked, and how much of it there is."""

from __future__ import annotations

import numpy as np
import pytest
from tests.sim.workload.office import scenario_of, setting_of

from misusesim.clock import DAY_US, HOUR_US
from misusesim.dataset.schema import INCIDENT_KINDS
from misusesim.occasions import NONE, TEMPLATE, TOPIC, WORK
from misusesim.workload.arrivals import CALLS, STREET
from misusesim.workload.oddities import shift_of
from misusesim.workload.street import CALL, PEDESTRIAN, TRAFFIC, street_work


@pytest.fixture(scope="module")
def big():
    """Return a police department of 300 accounts for eight weeks, and its street."""
    setting = setting_of(scenario_of(days=56, type="police", accounts_median=300, licensing_unit=0))
    return setting, street_work(setting)


def test_codes_are_the_schemas():
    """The short names are places in the closed list."""
    assert [INCIDENT_KINDS[k] for k in (CALL, TRAFFIC, PEDESTRIAN)] == [
        "call", "traffic_stop", "pedestrian_stop",
    ]  # fmt: skip


def test_serials_are_unique_and_rise_with_time(street):
    """Within each kind of source serials follow time; no two are equal."""
    incidents = street.incidents
    assert len(np.unique(incidents.serial)) == len(incidents.serial)
    for kinds in ((CALL,), (TRAFFIC, PEDESTRIAN)):
        mine = np.isin(incidents.kind, kinds)
        assert (np.diff(incidents.serial[mine]) > 0).all()
        assert (np.diff(incidents.opened[mine]) >= 0).all()


def test_serials_hold_the_week(setting, street):
    """A serial is the week + 1, 22 bits up."""
    week = setting.clock.week_of(street.incidents.opened)
    assert np.array_equal(street.incidents.serial >> 22, week + 1)


def test_times_of_an_incident_are_in_order(street):
    """Opened, begun, closed; known not before opened and not after closed."""
    i = street.incidents
    assert (i.opened <= i.begun).all()
    assert (i.begun < i.closed).all()
    assert ((i.opened <= i.known) & (i.known <= i.closed)).all()


def test_units_begin_calls_on_shift(setting, street):
    """Whoever takes a call is on shift as he begins, and is a patrol officer."""
    i = street.incidents
    calls = (i.kind == CALL) & (i.officer >= 0)
    assert calls.sum() > 100
    assert (shift_of(setting, i.officer[calls], i.begun[calls]) >= 0).all()
    assert setting.has_role("patrol")[i.officer[calls]].all()


def test_a_unit_works_one_call_at_a_time(street):
    """Calls of one officer never overlap."""
    i = street.incidents
    calls = np.flatnonzero((i.kind == CALL) & (i.officer >= 0))
    order = calls[np.lexsort((i.begun[calls], i.officer[calls]))]
    same = i.officer[order][1:] == i.officer[order][:-1]
    assert (i.begun[order][1:] >= i.closed[order][:-1])[same].all()


def test_stops_are_self_initiated(street):
    """Stops are on officers' own initiative and have no dispatcher; calls are not."""
    i = street.incidents
    assert np.array_equal(i.self_initiated, i.kind != CALL)
    assert (i.dispatcher[i.kind != CALL] == NONE).all()
    assert (i.officer[i.kind != CALL] >= 0).all()


def test_eager_officers_stop_more(big):
    """Stops follow appetite: the eager half makes most of them."""
    setting, street = big
    i = street.incidents
    stops = np.bincount(i.officer[i.kind != CALL], minlength=len(setting.officers))
    patrol = setting.has_role("patrol")
    eager = setting.officers.activity > np.median(setting.officers.activity[patrol])
    assert stops[patrol & eager].sum() > 3 * stops[patrol & ~eager].sum()


def test_queries_per_shift_are_the_scenarios(big):
    """A patrol shift comes to about 19 queries, plate searches (0.6) apart."""
    setting, street = big
    patrol = setting.has_role("patrol")
    regular = setting.shifts.kind != 1
    week = setting.clock.week_of(setting.shifts.start)
    weeks = (week >= 0) & (week < setting.clock.weeks)
    shifts = (patrol[setting.shifts.officer] & regular & weeks).sum()
    queries = street.occasions.n[patrol[street.occasions.officer]].sum()
    assert queries / shifts == pytest.approx(18.4, abs=2.0)


@pytest.mark.parametrize(("calls", "profile"), [(False, STREET), (True, CALLS)])
def test_hours_follow_the_profiles(big, calls, profile):
    """Stops keep Seattle's hours, calls their own."""
    setting, street = big
    opened = street.incidents.opened[(street.incidents.kind == CALL) == calls]
    hour = setting.clock.local(opened) % DAY_US // HOUR_US
    share = np.bincount(hour, minlength=24) / len(hour)
    assert np.abs(share - np.array(profile.hours) / sum(profile.hours)).max() < 0.02


def test_calls_are_the_configured_share(big):
    """54 % of incidents are calls, as far as eight uneven weeks tell."""
    kind = big[1].incidents.kind
    assert (kind == CALL).mean() == pytest.approx(0.54, abs=0.06)


def test_units_rarely_wait(big):
    """Most calls are taken at once; some wait."""
    i = big[1].incidents
    wait = (i.begun - i.opened)[(i.kind == CALL) & (i.officer >= 0)]
    assert np.median(wait) == 0
    assert 0 < (wait > 0).mean() < 0.4


def test_occasions_are_plain_work(street):
    """Everything on the street is work, without campaign or oddity."""
    o = street.occasions
    assert set(o.source.tolist()) == {WORK}
    assert (o.campaign == NONE).all()
    assert (o.oddity == NONE).all()
    assert ((o.n >= 1) & (o.n <= 128)).all()


def test_occasions_carry_their_incident(street):
    """Stops and calls name their incident and its subject; plates in passing name nothing."""
    o, i = street.occasions, street.incidents
    order = np.argsort(i.serial)
    passing = o.template == TEMPLATE["plate_check"]
    assert (o.incident[passing] == NONE).all()
    assert (o.subject[passing] == NONE).all()
    row = order[np.searchsorted(i.serial[order], o.incident[~passing])]
    assert np.array_equal(i.serial[row], o.incident[~passing])
    assert np.array_equal(i.subject[row], o.subject[~passing])
    assert (o.start[~passing] > i.opened[row]).all()


def test_stops_ask_two_to_four(street):
    """A stop causes two to four queries."""
    o = street.occasions
    stops = np.isin(o.template, [TEMPLATE["traffic_stop"], TEMPLATE["pedestrian_stop"]])
    assert set(o.n[stops].tolist()) == {2, 3, 4}


def test_domestic_calls_ask_five_to_ten(big):
    """A unit at a domestic call asks five to ten times."""
    o = big[1].occasions
    home = (o.template == TEMPLATE["call_field"]) & (o.topic == TOPIC["domestic"])
    assert (o.n[home].min(), o.n[home].max()) == (5, 10)


def test_some_people_come_back(big):
    """Most subjects are met once, some again and again."""
    _, count = np.unique(big[1].incidents.subject, return_counts=True)
    assert (count == 1).mean() > 0.75
    assert 3 <= count.max() <= 40


def test_dispatch_centre_has_consoles_only():
    """A dispatch centre's calls have no unit and no stops."""
    setting = setting_of(
        scenario_of(days=14, type="dispatch", street=False, accounts_median=30, licensing_unit=0)
    )
    street = street_work(setting)
    assert set(street.incidents.kind.tolist()) == {CALL}
    assert (street.incidents.officer == NONE).all()
    assert set(street.occasions.template.tolist()) == {TEMPLATE["call_dispatch"]}
    assert setting.has_role("dispatcher")[street.occasions.officer].all()


def test_a_court_has_no_street():
    """Without patrol and consoles nothing happens on the street."""
    setting = setting_of(
        scenario_of(days=7, type="court", street=False, accounts_median=12, licensing_unit=0)
    )
    street = street_work(setting)
    assert len(street.incidents.serial) == 0
    assert len(street.occasions) == 0


def test_one_officer_is_enough():
    """The smallest department has calls that nobody of its own takes."""
    setting = setting_of(scenario_of(days=14, type="police", accounts_median=3, licensing_unit=0))
    officers = street_work(setting).incidents.officer
    assert (officers == NONE).any()
    assert (officers >= 0).any()


def test_a_longer_horizon_changes_nothing(setting, short_setting):
    """Incidents opened before the shorter end are the same in both."""
    end = short_setting.clock.horizon[1]
    long, short = (street_work(s).incidents for s in (setting, short_setting))
    for name in ("serial", "kind", "topic", "opened", "begun", "officer", "dispatcher", "subject"):
        a, b = (getattr(i, name)[i.opened < end] for i in (long, short))
        assert np.array_equal(a, b), name
