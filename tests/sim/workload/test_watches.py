"""Shifts of a whole office: hours, days off, leave, swaps, overtime, court, and the horizon."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from tests.sim.workload.office import scenario_of

from misusesim.clock import DAY_US, HOUR_US, MINUTE_US, WATCHES, LocalClock
from misusesim.dataset import schema
from misusesim.dataset.schema import ROLES, SHIFT_KINDS
from misusesim.scenario.model import Staffing
from misusesim.workload.watches import partners, shifts
from misusesim.world.agencies import agencies
from misusesim.world.officers import officers

REGULAR, OVERTIME, SWAP, COURT = (
    SHIFT_KINDS.index(k) for k in ("regular", "overtime", "swap", "court")
)


def roster(days=56, **staffing):
    scenario = scenario_of(days=days, accounts_median=150, staffing=Staffing(**staffing))
    agency = agencies(scenario)[0]
    people = officers(scenario, agency)
    duty, leave = shifts(scenario, agency, people)
    return scenario, people, duty, leave


@pytest.fixture(scope="module")
def usual():
    return roster()


@pytest.fixture(scope="module")
def plain():
    """Nobody is ever away, swaps, stays on, testifies, moves or leaves."""
    return roster(
        days=28, leave_days_per_year=0.0, overtime_share=0.0, swap_share=0.0, court_share=0.0,
        rotation_weeks=520, turnover_per_year=0.0, flex_share=0.0,
    )  # fmt: skip


def by_officer(duty):
    order = np.lexsort((duty.start, duty.officer))
    same = duty.officer[order][1:] == duty.officer[order][:-1]
    return order, same


def test_nobody_is_in_two_places(usual):
    """Shifts of one officer never overlap."""
    _, _, duty, _ = usual
    order, same = by_officer(duty)
    assert (duty.start[order][1:] >= duty.end[order][:-1])[same].all()


def test_everybody_rests_six_hours(usual):
    """Between shifts there are six hours, unless overtime adjoins or court interferes."""
    _, _, duty, _ = usual
    order, same = by_officer(duty)
    pause = (duty.start[order][1:] - duty.end[order][:-1])[same]
    kinds = np.stack([duty.kind[order][1:][same], duty.kind[order][:-1][same]])
    free = ~(kinds == COURT).any(axis=0) & (pause > 0)
    assert pause[free].min() >= 6 * HOUR_US


def test_shifts_are_in_order(usual):
    """Shifts come by start, then officer."""
    _, _, duty, _ = usual
    assert np.array_equal(np.lexsort((duty.officer, duty.start)), np.arange(len(duty.start)))


def test_plain_watches_have_their_hours(plain):
    """Without disturbance round-the-clock shifts are those of the officer's watch."""
    scenario, people, duty, _ = plain
    clock = LocalClock(scenario)
    watched = people.watch[duty.officer] >= 0
    local = clock.local(duty.start[watched]) % DAY_US // MINUTE_US
    expected = np.array([first for first, _ in WATCHES])[people.watch[duty.officer[watched]]]
    assert (local == expected).mean() > 0.97  # some rotate even once in ten years
    # the clock is changed in the night to 2024-03-10: that night's shifts last nine hours
    hours = (duty.end - duty.start)[watched] / HOUR_US
    assert (hours == 10).mean() > 0.97
    assert (hours == 9).sum() > 5


def test_plain_watches_work_four_days_in_seven(plain):
    """4 on, 3 off: four shifts a week for everybody on a watch."""
    scenario, people, duty, _ = plain
    clock = LocalClock(scenario)
    week = clock.week_of(duty.start)
    for officer in np.flatnonzero(people.watch >= 0)[:20]:
        mine = week[duty.officer == officer]
        assert [int((mine == w).sum()) for w in range(4)] == [4, 4, 4, 4]


def test_office_people_keep_office_hours(plain):
    """Office shifts begin 07:00 to 09:30 on business days and last nine hours."""
    scenario, people, duty, _ = plain
    clock = LocalClock(scenario)
    office = people.watch[duty.officer] < 0
    local = clock.local(duty.start[office])
    minute = local % DAY_US // MINUTE_US
    assert (minute.min(), minute.max()) == (420, 570)
    assert clock.business_day(clock.day_index(duty.start[office])).all()
    assert set((duty.end - duty.start)[office] // HOUR_US) == {9}


def test_some_office_people_come_early_or_late_at_times():
    """Investigators and their like begin three days in ten up to 2.5 h earlier or 6 h later."""
    scenario, people, duty, _ = roster(days=28, overtime_share=0.0, court_share=0.0, flex_share=0.3)
    minute = LocalClock(scenario).local(duty.start) % DAY_US // MINUTE_US
    office = people.watch[duty.officer] < 0
    clerk = people.role[duty.officer] == ROLES.index("records_clerk")
    assert minute[office & clerk].min() >= 420
    assert minute[office & clerk].max() <= 570
    assert minute[office].min() < 420
    assert minute[office].max() > 570
    usual = (minute[office & ~clerk] >= 420) & (minute[office & ~clerk] <= 570)
    assert 0.70 < usual.mean() < 0.85  # some come an hour later and still before half past nine


def test_office_people_are_off_on_a_holiday():
    """On Memorial Day 2024 no regular office shift begins."""
    scenario, people, duty, _ = roster(days=91)
    clock = LocalClock(scenario)
    holiday = 84
    office = (people.watch[duty.officer] < 0) & (duty.kind == REGULAR)
    day = clock.day_index(duty.start[office])
    assert (day == holiday).sum() == 0
    assert (day == holiday + 1).sum() > 10


def test_weeks_reach_one_past_the_last(usual):
    """Shifts run from the warm-up to the week after the horizon."""
    scenario, _, duty, _ = usual
    week = LocalClock(scenario).week_of(duty.start)
    assert week.min() == -1
    assert week.max() in {8, 9}  # overtime may run into the week after


def test_shares_of_overtime_swap_and_court(usual):
    """Overtime, swaps and court come about as often as staffing says."""
    _, people, duty, _ = usual
    count = np.bincount(duty.kind, minlength=4)
    watched = (people.watch[duty.officer] >= 0) & np.isin(duty.kind, [REGULAR, SWAP])
    assert count[OVERTIME] / (count[REGULAR] + count[SWAP]) == pytest.approx(0.1, abs=0.015)
    assert count[SWAP] / watched.sum() == pytest.approx(0.04, abs=0.015)
    assert 0 < count[COURT] < 0.02 * count[REGULAR]


def test_overtime_adjoins_a_shift(usual):
    """Overtime ends where a shift of the same officer begins, or begins where it ends."""
    _, _, duty, _ = usual
    starts = set(zip(duty.officer.tolist(), duty.start.tolist(), strict=True))
    ends = set(zip(duty.officer.tolist(), duty.end.tolist(), strict=True))
    for row in np.flatnonzero(duty.kind == OVERTIME).tolist():
        officer = int(duty.officer[row])
        before, after = (officer, int(duty.start[row])), (officer, int(duty.end[row]))
        assert before in ends or after in starts


def test_court_is_on_business_days_by_day(usual):
    """Appearances are on business days between 08:30 and 18:00, for sworn roles."""
    scenario, people, duty, _ = usual
    clock = LocalClock(scenario)
    court = duty.kind == COURT
    local = clock.local(duty.start[court]) % DAY_US // MINUTE_US
    assert clock.business_day(clock.day_index(duty.start[court])).all()
    assert 510 <= local.min() <= local.max() <= 1080
    roles = {ROLES[r] for r in people.role[duty.officer[court]].tolist()}
    assert roles <= {"patrol", "detective", "supervisor", "jail"}


def test_swapped_shifts_have_other_hours(usual):
    """A swap is worked in the hours of a watch that is not one's own, mostly."""
    scenario, people, duty, _ = usual
    clock = LocalClock(scenario)
    swap = duty.kind == SWAP
    minute = clock.local(duty.start[swap]) % DAY_US // MINUTE_US
    own = np.array([first for first, _ in WATCHES])[people.watch[duty.officer[swap]]]
    assert (minute != own).mean() > 0.9


def test_nobody_works_on_leave(usual):
    """No regular shift begins during the officer's leave."""
    _, people, duty, leave = usual
    ids = {name: row for row, name in enumerate(people.officer_id.tolist())}
    spans = zip(
        leave["officer_id"].to_pylist(), leave["valid_from"].cast(pa.int64()).to_pylist(),
        leave["valid_to"].cast(pa.int64()).to_pylist(), strict=True,
    )  # fmt: skip
    for name, start, end in list(spans)[:150]:
        mine = duty.officer == ids[name]
        assert not ((duty.start[mine] >= start) & (duty.start[mine] < end)).any()


@pytest.mark.slow
def test_leave_amounts_to_the_configured_days():
    """About 24 working days a year are spent on leave."""
    scenario, people, _, leave = roster(days=364)
    days = (
        leave["valid_to"].cast(pa.int64()).to_numpy()
        - leave["valid_from"].cast(pa.int64()).to_numpy()
    )
    weeks = LocalClock(scenario).weeks + 2
    years = (np.minimum(people.left, 2**60) > 0).sum() * weeks / 52
    assert days.sum() / DAY_US * 4 / 7 / years == pytest.approx(24, rel=0.2)


def test_leave_table_keeps_the_contract(usual):
    """The leave table has the schema, its kinds, and sickness is not known ahead."""
    leave = usual[3]
    assert leave.schema.equals(schema.CONTEXT["roster"]["leave"])
    assert set(leave["kind"].to_pylist()) == {"sick", "training", "vacation"}
    for row in leave.to_pylist():
        assert (row["known_at"] > row["valid_from"]) == (row["kind"] == "sick")


def test_nobody_works_before_hiring_or_after_leaving():
    """Shifts lie inside the officer's tenure."""
    _, people, duty, _ = roster(days=182, turnover_per_year=0.5)
    assert (duty.start >= people.hired[duty.officer]).all()
    assert (duty.end <= people.left[duty.officer]).all()
    assert (people.left < 2**61).any()


def test_rotation_moves_some_to_another_watch():
    """With rotation every 4 weeks many officers see several watches in half a year."""
    scenario, people, duty, _ = roster(days=182, rotation_weeks=4, swap_share=0.0)
    clock = LocalClock(scenario)
    minute = clock.local(duty.start) % DAY_US // MINUTE_US
    regular = duty.kind == REGULAR
    seen = [
        len(np.unique(minute[regular & (duty.officer == o)]))
        for o in np.flatnonzero(people.watch >= 0)[:30]
    ]
    assert np.mean(seen) > 2


def test_a_longer_horizon_changes_no_shift():
    """Shifts that begin before the shorter end are the same in both."""
    scenario, _, short, _ = roster(days=10, turnover_per_year=0.6)
    _, _, long, _ = roster(days=70, turnover_per_year=0.6)
    end = LocalClock(scenario).horizon[1]
    for name in ("officer", "start", "end", "kind"):
        a, b = (getattr(d, name)[d.start < end] for d in (short, long))
        assert np.array_equal(a, b)


def test_partners_are_of_the_day_and_agency():
    """Offers are answered in order by one of their own key's rows each, none of them twice."""
    asked, there = np.array([7, 5, 7, 7, 8]), np.array([7, 8, 7, 9])
    dice = np.array([0, 0, 65_535, 0, 0])
    assert partners(asked, there, dice).tolist() == [0, -1, 2, -1, 1]


def test_partner_is_drawn():
    """The die chooses among those who are left."""
    there = np.full(4, 3)
    assert partners(np.full(2, 3), there, np.array([40_000, 40_000])).tolist() == [2, 1]


def test_nobody_takes_the_place_of_a_missing_key():
    """A day that nobody works uses up nobody of the next one, which stands where it would."""
    asked, there = np.array([4, 5]), np.array([5, 3])
    assert partners(asked, there, np.array([0, 0])).tolist() == [-1, 0]
    assert partners(asked, np.empty(0, np.int64), np.array([0, 0])).tolist() == [-1, -1]
