"""Roster and ties by hand: distance to the nearest shift, names alike, and who is tied to whom."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.bench.dataset import DAY_US, HOUR_US
from tests.bench.literal import MINUTE_US, at, batch, table

from misusebench.facts_of_people import Roster, TieBook

EARLY = {"valid_from": "2024-03-04 06:00", "valid_to": "2024-03-04 14:00"}
LATE = {"valid_from": "2024-03-05 22:00", "valid_to": "2024-03-06 06:00"}


def _off(roster, officer, *times):
    code = roster.officers.code(officer)
    asked = np.array([at(time) for time in times])
    return (roster.off_shift_us(np.full(len(asked), code), asked) / HOUR_US).tolist()


def _roster(*shifts):
    """Return a roster of these shifts between those of two colleagues, as in any agency."""
    roster = Roster()
    for name in ("first", "o0", "o1", "o2", "o3", "o9", "last"):
        roster.officers.code(name)
    colleagues = [{**EARLY, "officer_id": name} for name in ("first", "last")]
    roster.learn("roster/shifts", table("roster/shifts", *shifts, *colleagues))
    return roster


@pytest.mark.parametrize(
    ("time", "hours"),
    [
        ("2024-03-04 06:00", 0), ("2024-03-04 10:00", 0), ("2024-03-04 14:00", 0),
        ("2024-03-04 14:30", 0.5), ("2024-03-04 05:45", 0.25), ("2024-03-05 06:00", 16),
        ("2024-03-05 05:59", 16 - 1 / 60), ("2024-03-05 06:01", 16 - 1 / 60),
        ("2024-03-06 00:00", 0), ("2024-03-06 07:00", 1), ("2024-03-01 06:00", 72),
    ],
)  # fmt: skip
def test_the_distance_is_to_the_nearer_edge(time, hours):
    """Two shifts with 32 hours between them: the farthest one can be is 16 hours."""
    assert _off(_roster(EARLY, LATE), "o1", time) == pytest.approx([hours])


@pytest.mark.parametrize("time", ["2024-02-01 00:00", "2024-05-01 00:00"])
def test_the_distance_is_at_most_a_week(time):
    """A month before the first or after the last shift is as far as a week."""
    assert _off(_roster(EARLY, LATE), "o1", time) == [168]


def test_an_officer_without_shifts_is_a_week_off():
    """Others' shifts on either side, in the order of codes, do not count."""
    roster = _roster(EARLY, {**EARLY, "officer_id": "o2"}, {**LATE, "officer_id": "o3"})
    assert _off(roster, "o9", "2024-03-04 10:00", "2024-03-06 00:00") == [168, 168]
    assert _off(roster, "o2", "2024-03-04 10:00", "2024-03-06 00:00") == [0, 34]


def test_without_a_single_shift_nobody_is_off():
    """A data set without a roster of shifts accuses no one."""
    assert _off(Roster(), "o1", "2024-03-04 10:00") == [0]


def test_shifts_learnt_later_in_any_order_count_like_those_learnt_at_once():
    """The late shift first, the early one after a question: the same distances."""
    one_by_one = _roster(LATE)
    assert _off(one_by_one, "o1", "2024-03-04 10:00") == [36]
    one_by_one.learn("roster/shifts", table("roster/shifts", EARLY))
    asked = ("2024-03-04 10:00", "2024-03-05 00:00", "2024-03-06 10:00")
    assert _off(one_by_one, "o1", *asked) == _off(_roster(EARLY, LATE), "o1", *asked)


def test_a_shift_still_open_is_never_left():
    """No end yet means on shift."""
    assert _off(_roster({"valid_from": "2024-03-04 06:00"}), "o1", "2024-03-20 10:00") == [0]


SHIFTS = st.lists(
    st.tuples(st.integers(0, 2), st.integers(0, 40), st.integers(1, 12)), min_size=1, max_size=12
)


@pytest.mark.slow
@given(SHIFTS, st.lists(st.tuples(st.integers(0, 3), st.integers(-30, 900)), min_size=1))
def test_distance_equals_a_loop_over_shifts(shifts, asked):
    """For shifts one after the other, the distance is the least over all of the officer's."""
    start_of, rows, spans = {}, [], []
    for officer, gap, length in shifts:
        start = start_of.get(officer, 0) + gap + 1
        start_of[officer] = start + length
        spans.append((officer, start, start + length))
        base = at("2024-01-01 00:00")
        rows.append({"officer_id": f"o{officer}", "valid_from": base + start * HOUR_US,
                     "valid_to": base + (start + length) * HOUR_US})  # fmt: skip
    roster = _roster(*rows)
    for officer, hour in asked:
        own = [max(s - hour, hour - e, 0) for o, s, e in spans if o == officer]
        expected = min([*own, 168])
        code = np.array([roster.officers.code(f"o{officer}")])
        time = np.array([at("2024-01-01 00:00") + hour * HOUR_US])
        assert roster.off_shift_us(code, time)[0] == expected * HOUR_US


OFFICERS = [
    {"officer_id": "o1", "surname": "Vega", "birth_date": dt.date(1980, 5, 1)},
    {"officer_id": "o2", "surname": "ROSSI", "birth_date": dt.date(1975, 1, 1)},
]


@pytest.mark.parametrize(
    ("officer", "surname", "year", "expected"),
    [
        ("o1", "VEGA", 1980, (1, 1)), ("o1", "Vega", 1981, (1, 0)), ("o1", "vega", None, (1, 0)),
        ("o1", "Rossi", 1975, (0, 0)), ("o2", "rossi", 1975, (1, 1)), ("o1", None, 1980, (0, 0)),
        ("o1", "Nobody", 1980, (0, 0)), ("o9", "Vega", 1980, (0, 0)), ("o9", None, None, (0, 0)),
        ("o9", "Nobody", None, (0, 0)),
    ],
)  # fmt: skip
def test_names_alike(officer, surname, year, expected):
    """Surname without regard to case, then the year; unknown people and officers are unlike."""
    roster = Roster()
    roster.learn("roster/officers", table("roster/officers", *OFFICERS))
    row = {"officer_id": officer, "subject_surname": surname, "subject_birth_year": year}
    found = roster.compare(batch(row), np.array([at("2024-03-04 17:00")]))
    assert (found["same_surname"][0], found["same_birth_year"][0]) == expected


def test_the_last_roster_row_holds():
    """A new name and a new unit replace the old ones from when they are known."""
    roster = Roster()
    roster.learn("roster/officers", table("roster/officers", *OFFICERS))
    married = {**OFFICERS[0], "surname": "Rossi", "unit": "night", "role": "supervisor"}
    roster.learn("roster/officers", table("roster/officers", married))
    code = roster.officers.code("o1")
    assert (roster.role[code], roster.unit[code]) == ("supervisor", "A/night")
    row = {"subject_surname": "Rossi", "subject_birth_year": 1980}
    found = roster.compare(batch(row), np.array([0]))
    assert (found["same_surname"][0], found["same_birth_year"][0]) == (1, 1)


def test_units_of_two_agencies_are_two_units():
    """The same unit's name in another agency is another unit."""
    roster = Roster()
    other = {**OFFICERS[1], "agency_id": "B"}
    roster.learn("roster/officers", table("roster/officers", OFFICERS[0], other))
    assert list(roster.unit.values()) == ["A/day", "B/day"]


def test_other_tables_are_passed_over():
    """Cases teach a roster nothing, shifts teach a book of ties nothing."""
    roster, ties = Roster(), TieBook()
    roster.learn("dispatch/cases", table("dispatch/cases", {}))
    ties.learn("roster/shifts", table("roster/shifts", EARLY))
    assert (len(roster.officers), roster.role) == (0, {})
    assert ties.tied(batch({})).tolist() == [False]


def _ties(*learnt):
    ties = TieBook()
    for name, row in learnt:
        ties.learn(f"ties/{name}", table(f"ties/{name}", row))
    return ties


ASKED = [
    {"subject_key": 1}, {"subject_key": 2}, {"subject_key": 1, "officer_id": "o2"},
    {"subject_key": 2, "officer_id": "o2"}, {"subject_key": 3},
]  # fmt: skip


def test_a_tie_covers_the_person_and_the_plate():
    """Person 1 is the officer's ex and owns plate 2; no other officer is tied to either."""
    ties = _ties(("relationships", {}), ("vehicles", {}))
    assert ties.tied(batch(*ASKED)).tolist() == [True, True, False, False, False]


def test_a_plate_known_before_its_owner_s_tie_is_not_covered_yet():
    """Vehicles are read against the ties known so far: ties come first in a data set."""
    ties = _ties(("vehicles", {}), ("relationships", {}))
    assert ties.tied(batch(*ASKED)).tolist() == [True, False, False, False, False]


def test_two_officers_may_be_tied_to_one_person():
    """Both are tied to the person and to the plate."""
    ties = _ties(("relationships", {}), ("relationships", {"officer_id": "o2"}), ("vehicles", {}))
    assert ties.tied(batch(*ASKED)).tolist() == [True, True, True, True, False]


def test_keys_above_two_to_the_63_are_told_apart():
    """Subject keys are unsigned; the largest is tied and its neighbour is not."""
    big = 2**64 - 1
    ties = _ties(("relationships", {"subject_key": big}))
    rows = [{"subject_key": big}, {"subject_key": big - 1}, {"subject_key": 1}]
    assert ties.tied(batch(*rows)).tolist() == [True, False, False]


def test_the_units_of_time_are_what_they_say():
    """Sixty minutes an hour, twenty-four hours a day."""
    assert (HOUR_US // MINUTE_US, DAY_US // HOUR_US) == (60, 24)
