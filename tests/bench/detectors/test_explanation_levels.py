"""Each level of the explanation detector, its spans to the second, and the score by hand."""

from __future__ import annotations

import numpy as np
import pytest
from tests.bench.literal import batch, context, log, table

from misusebench.detectors.explanation import PAIR_STEP, Explanation
from misusebench.detectors.templates import LEVELS

OWN, INVOLVED, LISTED, BUSY, SHIFT, NOTHING = range(6)
NOON = {"valid_from": "2024-03-04 12:00"}
CALL = {"incidents": [NOON]}
ON_CALL = {"assignments": [{"incident_id": "i1", **NOON}]}
NAMED = {"involved": [{"incident_id": "i1", **NOON}]}
CASE = {"cases": [NOON]}
ON_CASE = {"assignments": [{"case_id": "c1", **NOON}]}
CASE_NAMED = {"involved": [{"case_id": "c1", **NOON}]}


def _level(time, tables, **changes):
    """Return the level of one query among two colleagues with shifts of their own."""
    colleague = {**NOON, "valid_to": "2024-03-04 13:00"}
    colleagues = [{"officer_id": name, **colleague} for name in ("first", "last")]
    own = [{"officer_id": "o1", **row} for row in tables.get("shifts", ())]
    shifts = {"shifts": [colleagues[0], *own, colleagues[1]]}
    detector = Explanation()
    for name, rows in context(**(tables | shifts)).items():
        detector.observe(name, rows)
    return int(
        detector.templates.levels(detector._files.asked(batch({"time": time, **changes})))[0]
    )


def _levels(detector, query):
    return detector.templates.levels(detector._files.asked(batch(query))).tolist()


def test_the_levels_go_from_best_to_none():
    """Six levels, the last one is no explanation at all."""
    assert [LEVELS[0], LEVELS[-1]] == ["subject of the officer's own incident or case", "nothing"]
    assert _level("2024-03-04 12:00", {}) == NOTHING


@pytest.mark.parametrize(
    ("time", "level"),
    [
        ("2024-03-04 11:59", NOTHING), ("2024-03-04 12:00", SHIFT), ("2024-03-04 20:00", SHIFT),
        ("2024-03-04 20:01", NOTHING),
    ],
)  # fmt: skip
def test_a_shift_has_no_grace_here(time, level):
    """On shift means between its two ends, both included."""
    shift = {"shifts": [{**NOON, "valid_to": "2024-03-04 20:00"}]}
    assert _level(time, shift) == level
    assert _level(time, shift, officer_id="o2") == NOTHING


@pytest.mark.parametrize(
    ("time", "level"),
    [
        ("2024-03-04 09:59", NOTHING), ("2024-03-04 10:00", BUSY), ("2024-03-04 15:00", BUSY),
        ("2024-03-04 15:01", NOTHING),
    ],
)  # fmt: skip
def test_an_incident_keeps_its_unit_an_hour_and_two_either_side(time, level):
    """Assigned at 12:00: busy until 13:00, with two hours of slack before and after."""
    assert _level(time, CALL | ON_CALL, subject_key=5) == level


@pytest.mark.parametrize("time", ["2024-03-04 10:00", "2024-03-04 15:01", "2029-01-01 00:00"])
def test_a_case_keeps_its_officer_for_ever(time):
    """Who works on a case is busy with it until the end of the data."""
    assert _level(time, CASE | ON_CASE, subject_key=5) == BUSY


@pytest.mark.parametrize("table_name", ["warrants", "applications", "hotlists"])
@pytest.mark.parametrize(
    ("time", "level"),
    [
        ("2024-03-04 09:59", NOTHING), ("2024-03-04 10:00", LISTED), ("2024-03-06 12:00", LISTED),
        ("2024-03-06 14:00", LISTED), ("2024-03-06 14:01", NOTHING),
    ],
)  # fmt: skip
def test_lists_hold_from_their_start_to_their_end(table_name, time, level):
    """A warrant, an application or a hotlist entry of 4 to 6 March, with two hours of slack."""
    listed = {table_name: [{**NOON, "valid_to": "2024-03-06 12:00"}]}
    assert _level(time, listed) == level
    assert _level(time, listed, subject_key=2) == NOTHING
    assert _level(time, listed, agency_id="B") == NOTHING


@pytest.mark.parametrize(
    ("time", "level"),
    [
        ("2024-03-04 10:00", INVOLVED), ("2024-03-07 14:00", INVOLVED),
        ("2024-03-07 14:01", NOTHING), ("2024-03-04 09:59", NOTHING),
    ],
)  # fmt: skip
def test_people_of_an_incident_are_of_interest_three_days(time, level):
    """Named at 12:00 on the 4th: to the whole agency until 12:00 on the 7th, and the slack."""
    assert _level(time, CALL | NAMED) == level
    assert _level(time, CALL | NAMED, agency_id="B") == NOTHING
    assert _level(time, CALL | NAMED, subject_key=2) == NOTHING


def test_people_of_a_case_are_of_interest_for_ever():
    """A case does not forget who is in it."""
    assert _level("2030-01-01 00:00", CASE | CASE_NAMED) == INVOLVED


@pytest.mark.parametrize(
    ("officer", "subject", "level"), [("o1", 1, OWN), ("o2", 1, INVOLVED), ("o1", 2, BUSY)]
)
def test_one_s_own_incident_explains_its_people(officer, subject, level):
    """For a colleague they are somebody's people; a stranger is not explained by being busy."""
    tables = CALL | ON_CALL | NAMED
    asked = {"officer_id": officer, "subject_key": subject}
    assert _level("2024-03-04 12:30", tables, **asked) == level


@pytest.mark.parametrize(
    ("time", "level"),
    [("2024-03-04 15:30", OWN), ("2024-03-07 14:00", OWN), ("2024-03-07 14:01", NOTHING)],
)
def test_paperwork_outlives_the_incident(time, level):
    """Own people stay explained for three days although the unit is free after an hour."""
    assert _level(time, CALL | ON_CALL | NAMED) == level


@pytest.mark.parametrize("first", ["assignments", "involved"])
def test_the_order_of_tables_does_not_matter(first):
    """Named before assigned or assigned before named: the same pair."""
    tables = context(**(CASE | ON_CASE | CASE_NAMED))
    detector = Explanation()
    second = {"assignments": "involved", "involved": "assignments"}[first]
    for name in ("cases", first, second):
        detector.observe(f"dispatch/{name}", tables[f"dispatch/{name}"])
    assert detector.templates.levels(
        detector._files.asked(batch({"time": "2024-03-05 12:00"}))
    ).tolist() == [OWN]


@pytest.mark.parametrize("late", ["assignments", "involved"])
def test_a_pair_holds_from_the_later_of_its_two_rows(late):
    """Assigned on the 4th and named on the 9th, or the other way: one's own from the 9th on."""
    tables = CASE | ON_CASE | CASE_NAMED
    tables |= {late: [{**tables[late][0], "valid_from": "2024-03-09 12:00"}]}
    before = INVOLVED if late == "assignments" else BUSY
    assert _level("2024-03-09 09:59", tables) == before
    assert _level("2024-03-09 10:00", tables) == OWN


def test_the_closing_row_of_an_assignment_adds_nothing():
    """Dispatch writes a job twice, at its start and with its end: only the first is a start."""
    closing = {"incident_id": "i1", "valid_from": "2024-03-04 18:00",
               "valid_to": "2024-03-04 19:00"}  # fmt: skip
    assert _level("2024-03-04 18:30", CALL | {"assignments": [closing]}) == NOTHING
    both = {"assignments": [*ON_CALL["assignments"], closing]}
    assert _level("2024-03-04 12:30", CALL | both, subject_key=5) == BUSY


def test_an_incident_and_a_case_of_the_same_name_are_two_jobs():
    """Being on incident x does not make the people of case y one's own."""
    tables = CALL | CASE | ON_CALL | CASE_NAMED
    assert _level("2024-03-04 12:30", tables) == INVOLVED


def test_better_explanations_win():
    """Whatever else holds too, the best level is the level."""
    shift = {"shifts": [{**NOON, "valid_to": "2024-03-04 20:00"}]}
    tables: dict = dict(shift)
    for more, level in (
        (CALL | ON_CALL, BUSY), ({"hotlists": [NOON]}, LISTED), (CASE | CASE_NAMED, INVOLVED),
        (NAMED, OWN),
    ):  # fmt: skip
        tables |= more
        assert _level("2024-03-04 12:30", tables) == level


def _history():
    """Four queries on shift, two with nothing, of six officers who never ask twice."""
    shift = [{"officer_id": f"o{n}", **NOON, "valid_to": "2024-03-04 20:00"} for n in range(4)]
    rows = [
        {"officer_id": f"o{n}", "subject_key": 100 + n, "time": f"2024-03-04 13:0{n}"}
        for n in range(6)
    ]
    return log(*rows), context(shifts=shift)


def test_rarity_is_the_share_explained_no_better():
    """Counts plus one are 1 1 1 1 5 3 of 12; level k is as rare as all from k on together."""
    detector = Explanation()
    detector.fit(*_history())
    at_least = np.array([12, 11, 10, 9, 8, 3]) / 12
    assert detector._rarity == pytest.approx(-np.log(at_least))


def test_unexplained_repeats_of_a_pair_add_up():
    """The k-th unexplained query of the same person adds 0.75 ln(k)."""
    detector = Explanation()
    detector.fit(*_history())
    rows = [{"officer_id": "o9", "subject_key": 7, "time": f"2024-03-05 0{n}:00"} for n in range(4)]
    found = detector.score(batch(*rows))
    assert found == pytest.approx(np.log(4) + PAIR_STEP * np.log([1, 2, 3, 4]))
    other = detector.score(batch({"officer_id": "o9", "subject_key": 8}))
    assert other == pytest.approx([np.log(4)])


def test_history_counts_as_earlier_queries():
    """Officer o5 asked for person 105 in the history, unexplained: once more is the second time."""
    detector = Explanation()
    detector.fit(*_history())
    found = detector.score(batch({"officer_id": "o5", "subject_key": 105}))
    assert found == pytest.approx([np.log(4) + PAIR_STEP * np.log(2)])


def test_an_explained_query_carries_no_earlier_ones():
    """Once the person is on a list, what came before is not held against the officer."""
    detector = Explanation()
    detector.fit(*_history())
    asked = {"officer_id": "o5", "subject_key": 105, "time": "2024-03-05 12:00"}
    detector.observe("dispatch/hotlists", table("dispatch/hotlists", {"subject_key": 105, **NOON}))
    assert detector.score(batch(asked)) == pytest.approx([-np.log(10 / 12)])


def test_explained_queries_are_not_counted_as_unexplained():
    """Three queries while listed, then one after the list's end: that one is the first."""
    detector = Explanation()
    detector.fit(*_history())
    entry = {"subject_key": 7, **NOON, "valid_to": "2024-03-05 12:00"}
    detector.observe("dispatch/hotlists", table("dispatch/hotlists", entry))
    times = ["2024-03-05 08:00", "2024-03-05 09:00", "2024-03-05 10:00", "2024-03-06 12:00"]
    rows = [{"officer_id": "o9", "subject_key": 7, "time": time} for time in times]
    assert detector.score(batch(*rows)) == pytest.approx([-np.log(10 / 12)] * 3 + [np.log(4)])
