"""Honest but strange: each oddity looks as it should and is justified by the files."""

from __future__ import annotations

import numpy as np
import pytest
from tests.sim.workload.office import every_oddity, scenario_of, setting_of

from misusesim.dataset.schema import ODDITY_KINDS, PURPOSES, SHIFT_KINDS
from misusesim.engine import honest_pass
from misusesim.occasions import NONE, ODDITY, TEMPLATE, WORK, Occasions
from misusesim.query.purposes import default_purpose
from misusesim.scenario.model import Oddity
from misusesim.workload.desk import desk_work
from misusesim.workload.inorder import numbered
from misusesim.workload.oddities import Files, oddities, shift_of
from misusesim.workload.setting import join, select
from misusesim.workload.street import street_work
from misusesim.world.agencies import agencies

SECOND = 1_000_000


def files_of(setting, street, desks):
    work = numbered(setting, Occasions.concat([street.occasions, desks.occasions]))
    incidents = join([street.incidents, desks.bookings])
    incidents = select(incidents, np.argsort(incidents.opened, kind="stable"))
    return Files(setting, work, incidents, desks.cases)


@pytest.fixture(scope="module")
def files(setting, street, desks):
    return files_of(setting, street, desks)


@pytest.fixture(scope="module")
def odd(files):
    return oddities(files)


def of_kind(odd, kind):
    return odd.occasions.take(odd.occasions.oddity == ODDITY_KINDS.index(kind))


def incident_rows(files, occasions):
    order = np.argsort(files.incidents.serial)
    return order[np.searchsorted(files.incidents.serial[order], occasions.incident)]


def case_rows(files, occasions):
    return np.searchsorted(files.cases.serial, occasions.case)


@pytest.mark.parametrize(
    "kind",
    ["self_query", "system_test", "same_surname", "wrong_dropdown", "hotlist_repeat",
     "victim_protection", "plate_before_stop"],
)  # fmt: skip
def test_occasions_of_their_own(files, odd, kind):
    """Such oddities are occasions of source oddity, begun on shift or a minute before."""
    some = of_kind(odd, kind)
    assert len(some) > 0
    assert set(some.source.tolist()) == {ODDITY}
    assert (some.subject >= 0).all()
    on_shift = shift_of(files.setting, some.officer, some.start + 90 * SECOND) >= 0
    assert on_shift.mean() > 0.95


@pytest.mark.parametrize("kind", ["overtime", "shift_swap", "case_in_reason"])
def test_ways_of_doing_are_marks(files, odd, kind):
    """Such oddities mark honest occasions and add none."""
    code = ODDITY_KINDS.index(kind)
    assert (odd.marks == code).any()
    assert not (odd.occasions.oddity == code).any()
    assert not (files.honest.oddity == code).any()


def test_self_queries_are_about_oneself(files, odd):
    """The subject of a self-query and of a test is the officer."""
    for kind in ("self_query", "system_test"):
        some = of_kind(odd, kind)
        assert np.array_equal(some.subject, files.setting.officers.subject[some.officer])


def test_namesakes_bear_the_officers_name(files, odd):
    """A namesake has the surname, is somebody else, and is involved in the incident."""
    some, people = of_kind(odd, "same_surname"), files.setting.population
    own = files.setting.officers.subject[some.officer]
    assert np.array_equal(people.surname_code(some.subject), people.surname_code(own))
    assert (some.subject != own).mean() > 0.95
    involved = set(zip(odd.links.incident.tolist(), odd.links.subject.tolist(), strict=True))
    asked = set(zip(some.incident.tolist(), some.subject.tolist(), strict=True))
    assert asked <= involved


def test_namesakes_turn_up_at_the_officers_own_incident(files, odd):
    """The officer handled the incident and asks while it lasts."""
    some = of_kind(odd, "same_surname")
    row = incident_rows(files, some)
    assert np.array_equal(files.incidents.officer[row], some.officer)
    assert (some.start >= files.incidents.begun[row]).all()
    assert (some.start < files.incidents.closed[row]).all()


def test_a_wrong_pick_is_corrected_within_90_seconds(files, odd):
    """The same officer asks about the same person for the same cause soon after, rightly."""
    some, honest = of_kind(odd, "wrong_dropdown"), files.honest
    right = default_purpose()[some.template, some.topic]
    assert (some.says_purpose != right).all()
    assert ((some.says_purpose >= 0) & (some.says_purpose < len(PURPOSES))).all()
    assert (some.says_topic != some.topic).all()
    told = {
        (int(o), int(s), int(i), int(c)): int(t)
        for o, s, i, c, t in zip(
            honest.officer, honest.subject, honest.incident, honest.case, honest.start, strict=True
        )
    }
    late = 0
    for row in range(len(some)):
        key = tuple(int(getattr(some, n)[row]) for n in ("officer", "subject", "incident", "case"))
        late += not 40 * SECOND <= told[key] - int(some.start[row]) <= 90 * SECOND
    assert late <= 0.2 * len(some)  # repeats of one person: the dictionary holds the last


def test_wrong_picks_are_the_configured_share(files, odd):
    """5 % of the work that could slip does."""
    honest = files.honest
    able = (honest.subject >= 0) & (honest.oddity == NONE)
    share = len(of_kind(odd, "wrong_dropdown")) / able.sum()
    assert share == pytest.approx(0.05, abs=0.012)


def test_hot_listed_plates_repeat_under_one_case(files, odd):
    """A run has one officer, one plate and one case, and the plate is listed with that case."""
    some = of_kind(odd, "hotlist_repeat")
    pairs, count = np.unique(
        np.stack([some.officer, some.subject, some.case]), axis=1, return_counts=True
    )
    assert count.max() >= 8
    listed = odd.links.listed
    known = set(
        zip(odd.links.subject[listed].tolist(), odd.links.case[listed].tolist(), strict=True)
    )
    assert {(int(s), int(c)) for _, s, c in pairs.T} <= known


def test_protection_is_of_victims_of_domestic_cases(files, odd):
    """Protective checks are on the suspect of a domestic case opened before."""
    some = of_kind(odd, "victim_protection")
    row = case_rows(files, some)
    assert np.array_equal(files.cases.serial[row], some.case)
    assert np.array_equal(files.cases.subject[row], some.subject)
    assert (files.cases.opened[row] < some.start).all()


def test_runs_are_assigned(odd):
    """Whoever makes repeats under a case is put on that case."""
    assigned = set(zip(odd.links.officer.tolist(), odd.links.case.tolist(), strict=True))
    for kind in ("hotlist_repeat", "victim_protection"):
        some = of_kind(odd, kind)
        assert set(zip(some.officer.tolist(), some.case.tolist(), strict=True)) <= assigned


def test_the_plate_is_run_a_minute_before_the_record(files, odd):
    """The officer's own stop of that person is recorded 40 to 100 seconds later."""
    some = of_kind(odd, "plate_before_stop")
    row = incident_rows(files, some)
    ahead = (files.incidents.opened[row] - some.start) / SECOND
    assert ((ahead >= 40) & (ahead <= 100)).all()
    assert np.array_equal(files.incidents.officer[row], some.officer)
    assert np.array_equal(files.incidents.subject[row], some.subject)
    assert set(some.template.tolist()) == {TEMPLATE["plate_check"]}
    assert (some.says_incident == NONE).all()


def test_overtime_and_swaps_are_worked_in_such_shifts(files, odd):
    """Marked work lies in an overtime or a swapped shift."""
    setting, honest = files.setting, files.honest
    for kind, shift_kind in (("overtime", "overtime"), ("shift_swap", "swap")):
        marked = odd.marks == ODDITY_KINDS.index(kind)
        row = shift_of(setting, honest.officer[marked], honest.start[marked])
        assert set(setting.shifts.kind[row].tolist()) == {SHIFT_KINDS.index(shift_kind)}


def test_numbers_in_reasons_need_a_number(files, odd):
    """Only work with an incident or a case can have its number misplaced."""
    marked = odd.marks == ODDITY_KINDS.index("case_in_reason")
    honest = files.honest
    assert ((honest.incident[marked] >= 0) | (honest.case[marked] >= 0)).all()


def test_lawful_checks_keep_their_mark(files, odd):
    """No way of doing overwrites the mark of lawful licensing."""
    lawful = files.honest.oddity == ODDITY_KINDS.index("lawful_licensing")
    assert lawful.any()
    assert np.array_equal(odd.marks[lawful], files.honest.oddity[lawful])


def test_rates_are_per_officer_year():
    """Twelve self-queries per officer-year come to about twelve."""
    scenario = scenario_of(
        days=182, oddity=(Oddity(kind="self_query", rate_per_officer_year=12.0),)
    )
    honest = honest_pass(scenario, agencies(scenario)[0])
    some = honest.occasions.source == ODDITY
    setting = honest.setting
    tenure = np.minimum(setting.officers.left, setting.clock.horizon[1]) - np.maximum(
        setting.officers.hired, setting.clock.week_bounds(-1)[0]
    )
    years = tenure.sum() / 1e6 / 86_400 / 365
    assert some.sum() / years == pytest.approx(12, rel=0.15)


def test_without_entries_there_are_none():
    """A scenario without oddities has none but lawful licensing."""
    scenario = scenario_of(days=7)
    honest = honest_pass(scenario, agencies(scenario)[0])
    assert set(honest.occasions.source.tolist()) == {WORK}
    assert {ODDITY_KINDS[k] for k in honest.occasions.oddity.tolist() if k >= 0} <= {
        "lawful_licensing"
    }


def test_oddities_do_not_move_honest_work():
    """The same work is done with and without oddities, but for marks and shared consoles."""
    plain = scenario_of(days=14)
    strange = scenario_of(days=14, oddity=every_oddity())
    agency = agencies(plain)[0]
    one, two = (honest_pass(s, agency).occasions for s in (plain, strange))
    two = two.take(two.source == WORK)
    for name in ("serial", "start", "n", "subject", "incident", "case"):
        assert np.array_equal(getattr(one, name), getattr(two, name)), name
    own = two.oddity != ODDITY_KINDS.index("shared_console")
    assert own.mean() > 0.9
    assert np.array_equal(one.officer[own], two.officer[own])


@pytest.mark.slow
def test_bursty_agencies_have_more_hot_list_runs():
    """A bursty agency has several times as many repeats."""
    found = {}
    for kind in ("ordinary", "bursty"):
        scenario = scenario_of(
            days=84,
            accounts_median=100,
            burstiness=kind,
            oddity=(Oddity(kind="hotlist_repeat", rate_per_officer_year=4.0),),
        )
        honest = honest_pass(scenario, agencies(scenario)[0])
        found[kind] = int((honest.occasions.source == ODDITY).sum())
    assert found["bursty"] > 2 * found["ordinary"] > 0


def test_shift_of_knows_both_ends(setting):
    """The start of a shift is inside, its end is not; strangers have none."""
    shifts = setting.shifts
    row = int(np.flatnonzero(setting.shifts.kind == SHIFT_KINDS.index("regular"))[5])
    officer, start = shifts.officer[[row] * 3], shifts.start[row]
    times = np.array([start, start + SECOND, start - 10 * 3_600 * SECOND])
    found = shift_of(setting, officer, times)
    assert found[:2].tolist() == [row, row]
    assert found[2] != row
    assert shift_of(setting, np.array([9_999]), np.array([start])).tolist() == [-1]


def test_shift_of_among_some(setting):
    """Only the shifts asked about are found, and they are found as among all."""
    shifts = setting.shifts
    some = np.flatnonzero(shifts.kind == SHIFT_KINDS.index("overtime"))
    middle = (shifts.start + shifts.end) // 2
    found = shift_of(setting, shifts.officer, middle, some)
    assert np.array_equal(found[some], some)
    assert (np.delete(found, some) == -1).all()
    assert (shift_of(setting, shifts.officer, middle, some[:0]) == -1).all()


def test_a_longer_horizon_changes_no_oddity(files, short_setting):
    """Oddities before the shorter end are the same in both."""
    street = street_work(short_setting)
    short = oddities(files_of(short_setting, street, desk_work(short_setting, street.incidents)))
    end = short_setting.clock.horizon[1]
    long = oddities(files)
    for name in ("officer", "start", "oddity", "subject", "incident", "case"):
        a, b = (
            getattr(o.occasions, name)[
                np.lexsort((o.occasions.oddity, o.occasions.officer, o.occasions.start))
            ][: (o.occasions.start < end).sum()]
            for o in (long, short)
        )
        assert np.array_equal(a, b), name


def test_offices_without_anybody_asked():
    """Oddities of roles that an agency lacks simply do not occur."""
    setting = setting_of(
        scenario_of(
            days=7, type="dispatch", street=False, accounts_median=8, licensing_unit=0,
            oddity=every_oddity(),
        )
    )  # fmt: skip
    honest = honest_pass(setting.scenario, setting.agency)
    assert set(honest.occasions.oddity.tolist()) <= {
        NONE, *(ODDITY_KINDS.index(k) for k in (
            "self_query", "system_test", "wrong_dropdown", "case_in_reason", "overtime",
            "shift_swap", "nickname_search", "shared_console",
        )),
    }  # fmt: skip
