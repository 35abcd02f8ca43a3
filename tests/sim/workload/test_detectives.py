"""Case load: cases come in, wait, are worked in shifts, and are closed."""

from __future__ import annotations

import numpy as np
import pytest
from tests.sim.workload.office import scenario_of, setting_of

from misusesim.clock import MINUTE_US, NEVER
from misusesim.occasions import TEMPLATE, TOPIC
from misusesim.workload.detectives import at_work, case_load
from misusesim.workload.oddities import shift_of


@pytest.fixture(scope="module")
def busy():
    """Half a year of investigators."""
    setting = setting_of(scenario_of(days=182, accounts_median=150))
    return setting, case_load(setting)


def sittings(load):
    """Return the number of sittings per case that was worked to its end."""
    done = load.cases.serial[load.cases.closed < NEVER]
    case, count = np.unique(load.occasions.case, return_counts=True)
    return count[np.isin(case, done)]


def test_cases_belong_to_detectives(busy):
    """Investigators are detectives who hold an account as the case comes in."""
    setting, load = busy
    cases, people = load.cases, setting.officers
    assert setting.has_role("detective")[cases.officer].all()
    assert (people.hired[cases.officer] <= cases.opened).all()
    assert (cases.opened < people.left[cases.officer]).all()


def test_cases_per_detective_week(busy):
    """About 2.5 cases a detective and week."""
    setting, load = busy
    weeks = setting.clock.weeks + 1
    people = setting.strength(setting.has_role("detective"), 0) / setting.strength(
        np.arange(len(setting.officers)) == np.flatnonzero(setting.has_role("detective"))[0], 0
    )
    assert len(load.cases.serial) / weeks / people == pytest.approx(2.5, rel=0.25)


def test_sittings_are_in_shifts(busy):
    """Every sitting begins on the investigator's shift."""
    setting, load = busy
    row = shift_of(setting, load.occasions.officer, load.occasions.start)
    assert (row >= 0).all()


def test_one_case_at_a_time(busy):
    """An investigator's sittings do not overlap."""
    o = busy[1].occasions
    order = np.lexsort((o.start, o.officer))
    end = o.start + o.n.astype(np.int64) * o.gap_s * 1_000_000
    same = o.officer[order][1:] == o.officer[order][:-1]
    assert (o.start[order][1:] >= end[order][:-1])[same].all()


def test_repeats_have_a_heavy_tail(busy):
    """Of the cases closed, about 59 % were sat down to once, 19 % twice; a few very often."""
    count = sittings(busy[1])
    assert (count == 1).mean() == pytest.approx(0.59, abs=0.05)
    assert (count == 2).mean() == pytest.approx(0.19, abs=0.04)
    assert count.max() >= 15


def test_sittings_come_after_the_report(busy):
    """Nobody works on a case before it is opened, and it is closed after the last sitting."""
    cases, o = busy[1].cases, busy[1].occasions
    row = np.searchsorted(cases.serial, o.case)
    assert np.array_equal(cases.serial[row], o.case)
    assert (o.start >= cases.opened[row]).all()
    assert (o.start < cases.closed[row]).all()


def test_pauses_within_a_day_are_around_77_minutes(busy):
    """Where a case is resumed the same day the pause is an hour or two."""
    o = busy[1].occasions
    order = np.lexsort((o.start, o.case))
    pause = np.diff(o.start[order])[o.case[order][1:] == o.case[order][:-1]]
    same_day = pause[pause < 6 * 60 * MINUTE_US]
    assert len(same_day) > 0.4 * len(pause)
    assert 40 < np.median(same_day) / MINUTE_US < 130


def test_a_case_keeps_its_subject_and_topic(busy):
    """All sittings ask about the case's suspect and topic."""
    cases, o = busy[1].cases, busy[1].occasions
    row = np.searchsorted(cases.serial, o.case)
    assert np.array_equal(o.subject, cases.subject[row])
    assert np.array_equal(o.topic, cases.topic[row])
    assert set(o.template.tolist()) == {TEMPLATE["case_session"]}


def test_the_suspect_of_a_domestic_case_is_the_partner(busy):
    """Where the victim has a partner, he or she is the suspect."""
    setting, load = busy
    cases = load.cases
    home = cases.topic == TOPIC["domestic"]
    partner = setting.population.partner(cases.victim)
    paired = home & (partner != cases.victim)
    assert paired.any()
    assert np.array_equal(cases.subject[paired], partner[paired])


def test_serials_rise_with_time(busy):
    """Case serials follow opening and are unique."""
    cases = busy[1].cases
    assert (np.diff(cases.serial) > 0).all()
    assert (np.diff(cases.opened) >= 0).all()


def test_at_work():
    """On shift now is now; off shift is the next start; afterwards never."""
    starts, ends = [100, 300], [200, 400]
    moments = (0, 99, 100, 199, 200, 299, 300, 399)
    found = [at_work(starts, ends, time) for time in moments]
    assert found == [100, 100, 100, 199, 300, 300, 300, 399]
    assert at_work(starts, ends, 400) is None
    assert at_work([], [], 0) is None


def test_the_day_begins_ten_minutes_into_the_shift(busy):
    """Nobody sits down to a case in the first ten minutes of a shift."""
    setting, load = busy
    row = shift_of(setting, load.occasions.officer, load.occasions.start)
    assert (load.occasions.start >= setting.shifts.start[row] + 10 * MINUTE_US).all()


def test_no_detectives_no_cases():
    """An agency without investigators has no case load."""
    setting = setting_of(
        scenario_of(days=7, type="dispatch", street=False, accounts_median=10, licensing_unit=0)
    )
    load = case_load(setting)
    assert len(load.cases.serial) == 0
    assert len(load.occasions) == 0


def test_a_longer_horizon_changes_no_case(setting, short_setting):
    """Cases and sittings before the shorter end are the same in both."""
    end = short_setting.clock.horizon[1]
    long, short = case_load(setting), case_load(short_setting)
    for name in ("serial", "topic", "opened", "officer", "subject", "victim"):
        a, b = (getattr(c.cases, name)[c.cases.opened < end] for c in (long, short))
        assert np.array_equal(a, b)
    for name in ("case", "start", "n"):
        a, b = (np.sort(getattr(c.occasions, name)[c.occasions.start < end]) for c in (long, short))
        assert np.array_equal(a, b)
