"""Every shipped SQL rule both ways, on rows written out, and how their weights combine."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest
from tests.bench.literal import batch, context, log

from misusebench.detectors.rules import Rules

pytestmark = pytest.mark.slow  # a DuckDB for every row

SHIFT = {"valid_from": "2024-03-04 12:00", "valid_to": "2024-03-04 22:00"}
HONEST = {"shifts": [SHIFT], "officers": [{}]}


def _fired(row, tables=None, earlier=(), tier="T1"):
    """Return the ids of the rules that hit a single row, after the earlier rows as history."""
    rules = Rules(tier=tier)
    rules.fit(log(*earlier), context(**(HONEST | (tables or {}))))
    rules.score(batch({"query_id": 99, **row}))
    return {alert.rule for alert in rules.alerts(0)}


def test_an_honest_query_hits_nothing():
    """A detective's plain look-up on shift, of somebody of another name, is no rule's business."""
    assert _fired({}) == set()


@pytest.mark.parametrize(
    ("row", "hit"),
    [
        ({"declared_purpose": "ccw"}, True),
        ({"declared_purpose": "ccw", "system": "NCIC"}, True),
        ({"declared_purpose": "ccw", "system": "III", "case_number": "24-1"}, True),
        ({"declared_purpose": "ccw", "system": "LICENSING"}, False),
        ({"declared_purpose": "ccw", "system": "RMS"}, False),
        ({"declared_purpose": "ccw", "system": "ALPR"}, False),
        ({"declared_purpose": None, "reason_text": "CCW renewal"}, True),
        ({"declared_purpose": "criminal", "reason_text": "for (ccw)"}, True),
        ({"declared_purpose": "criminal", "reason_text": "ccw renewal", "system": "RMS"}, False),
        ({"declared_purpose": "criminal", "reason_text": "mccwhite stop"}, False),
        ({"declared_purpose": "employment", "reason_text": "permit"}, False),
        ({"declared_purpose": None, "reason_text": None}, False),
    ],
)
def test_ccw_on_clets(row, hit):
    """Declared, or named as a word in the reason, and asked anywhere but in the three systems."""
    assert ("ccw_on_clets" in _fired(row)) is hit


@pytest.mark.parametrize("system", ["III", "ACHS", "AFS", "CARPOS"])
@pytest.mark.parametrize(
    ("row", "hit"),
    [
        ({}, True),
        ({"reason_text": "gang unit"}, True),
        ({"reason_text": "stop 42"}, True),
        ({"reason_text": "inc 421"}, False),
        ({"reason_text": "12 34 56"}, True),
        ({"case_number": "24-1"}, False),
        ({"case_number": ""}, False),
    ],
)
def test_sensitive_without_number(system, row, hit):
    """Three digits in a row in the reason count as a number, two do not."""
    assert ("sensitive_without_number" in _fired({"system": system, **row})) is hit


@pytest.mark.parametrize("system", ["DMV", "NCIC", "SVS", "WPS", "MUPS", "SRF", "ALPR", "RMS"])
def test_other_systems_are_not_sensitive(system):
    """Only criminal history, firearms and protective orders ask for a number."""
    assert "sensitive_without_number" not in _fired({"system": system})


@pytest.mark.parametrize(
    ("match", "case", "hit"),
    [
        ("exact", None, False), ("partial", None, True), ("wildcard", None, True),
        ("partial", "24-1", False), ("wildcard", "24-1", False),
    ],
)  # fmt: skip
def test_wildcard_name(match, case, hit):
    """Every match but the exact one, unless there is a case number."""
    assert ("wildcard_name" in _fired({"match": match, "case_number": case})) is hit


@pytest.mark.parametrize(
    ("hours", "case", "hit"),
    [(None, None, False), (720, None, False), (721, None, True), (721, "24-1", False)],
)
def test_long_look_back(hours, case, hit):
    """Thirty days are 720 hours, and they are still allowed."""
    row = {"system": "ALPR", "lookback_hours": hours, "case_number": case}
    assert ("long_look_back" in _fired(row)) is hit


@pytest.mark.parametrize(
    ("time", "hit"),
    [
        ("2024-03-04 11:29", True), ("2024-03-04 11:30", False), ("2024-03-04 12:00", False),
        ("2024-03-04 22:00", False), ("2024-03-04 23:00", False), ("2024-03-04 23:01", True),
        ("2024-03-05 17:00", True),
    ],
)  # fmt: skip
def test_off_shift(time, hit):
    """Half an hour before and an hour after the shift 12:00-22:00 belong to it, ends included."""
    assert ("off_shift" in _fired({"time": time})) is hit


def test_another_officer_s_shift_does_not_help():
    """The shift has to be one's own."""
    theirs = {"shifts": [{**SHIFT, "officer_id": "o2"}]}
    assert "off_shift" in _fired({}, theirs)
    assert "off_shift" not in _fired({"officer_id": "o2"}, theirs)


VEGA = {"surname": "Vega", "birth_date": dt.date(1980, 5, 1)}


@pytest.mark.parametrize(
    ("row", "hits"),
    [
        ({"subject_surname": "VEGA", "subject_birth_year": 1980}, {"own_name", "own_surname"}),
        ({"subject_surname": "vega", "subject_birth_year": 1981}, {"own_surname"}),
        ({"subject_surname": "Vega", "subject_birth_year": None}, {"own_surname"}),
        ({"subject_surname": "Vegas", "subject_birth_year": 1980}, set()),
        ({"subject_surname": None, "subject_birth_year": 1980}, set()),
    ],
)
def test_own_name_and_own_surname(row, hits):
    """Case does not matter; the birth year makes the stronger of the two rules."""
    assert _fired(row, {"officers": [VEGA]}) == hits


def test_two_roster_rows_of_one_officer_are_one_hit():
    """A promotion adds a row to the roster, not weight to the rule."""
    rules = Rules(tier="T1")
    promoted = {**VEGA, "role": "supervisor", "known_at": "2023-01-01 00:00"}
    rules.fit(log(), context(shifts=[SHIFT], officers=[VEGA, promoted]))
    score = rules.score(batch({"subject_surname": "Vega", "subject_birth_year": 1980}))
    assert score == pytest.approx([1 - 0.7 * 0.9])


@pytest.mark.parametrize(
    ("row", "hit"),
    [
        ({"subject_surname": "ROSSI", "subject_birth_year": 1975}, True),
        ({"subject_surname": "Rossi", "subject_birth_year": 1976}, False),
        ({"subject_surname": "Rossi", "subject_birth_year": None}, False),
        ({"subject_surname": "Okafor", "subject_birth_year": 1975}, False),
        ({"subject_surname": "Vega", "subject_birth_year": 1980}, False),
    ],
)
def test_colleague(row, hit):
    """A colleague is of the same agency and not oneself."""
    roster = [
        VEGA,
        {"officer_id": "o2", "surname": "Rossi", "birth_date": dt.date(1975, 12, 31)},
        {"officer_id": "o3", "agency_id": "B", "surname": "Okafor",
         "birth_date": dt.date(1975, 12, 31)},
    ]  # fmt: skip
    assert ("colleague" in _fired(row, {"officers": roster})) is hit


def _days(*days, **changes):
    return [{"time": f"2024-{day} 17:00", "query_id": n, **changes} for n, day in enumerate(days)]


@pytest.mark.parametrize(
    ("earlier", "row", "hit"),
    [
        ([], {}, False),
        (_days("03-01"), {}, False),
        (_days("03-01", "03-02"), {}, True),
        (_days("03-01", "03-01", "03-01"), {}, False),
        (_days("03-02", "03-04"), {}, False),
        (_days("03-01", "03-02", case_number="24-1"), {}, False),
        ([*_days("03-01", "03-02"), *_days("03-03", case_number="24-1")], {}, False),
        (_days("03-01", "03-02"), {"case_number": "24-1"}, False),
        (_days("03-01", "03-02"), {"subject_key": 2}, False),
        (_days("03-01", "03-02", officer_id="o2"), {}, False),
        (_days("01-05", "03-02"), {}, True),
        (_days("01-04", "03-02"), {}, False),
    ],
    ids=[
        "first", "second", "third-day", "one-busy-day", "today-is-no-day", "both-with-case",
        "once-with-case", "now-with-case", "another-person", "another-officer", "inside-60-days",
        "beyond-60-days",
    ],
)  # fmt: skip
def test_same_person_again(earlier, row, hit):
    """Two other days within the last sixty, none of all with a case number (now: 2024-03-04)."""
    assert ("same_person_again" in _fired(row, earlier=earlier, tier="T0")) is hit


@pytest.mark.parametrize(
    ("zone", "hit"), [("UTC", True), ("America/Los_Angeles", False), ("Asia/Tokyo", True)]
)
def test_days_are_those_of_the_agency(zone, hit):
    """23:30 and 00:30 UTC are two days in London and one afternoon in Los Angeles."""
    rules = Rules(tier="T0")
    tables = context(agencies=[{"timezone": zone}])
    times = ("2024-03-01 14:30", "2024-03-01 23:30", "2024-03-02 00:30")
    earlier = [{"time": time} for time in times]
    rules.fit(log(*earlier), tables)
    rules.score(batch({"time": "2024-03-04 17:00"}))
    assert ("same_person_again" in {alert.rule for alert in rules.alerts(0)}) is hit


def test_repeats_inside_one_batch_see_only_earlier_rows():
    """Of three days in one batch the third is hit, and the first two are not, in any cut."""
    rows = _days("03-01", "03-02", "03-03")
    whole, single = Rules(tier="T0"), Rules(tier="T0")
    found = whole.score(batch(*rows))
    assert found == pytest.approx([0, 0, 0.35])
    assert np.concatenate([single.score(batch(row)) for row in rows]) == pytest.approx(found)


def test_memory_forgets_what_no_rule_may_look_back_to(tmp_path):
    """With a memory of ten days, rows twelve days old are gone and younger ones are kept."""
    path = tmp_path / "mine.toml"
    sql = "SELECT b.row_no FROM batch b JOIN past USING (subject_key)"
    path.write_text(f"[[rule]]\nid='p'\nreason='P'\nweight=0.5\ntier='T0'\nsql='{sql}'\n")
    rules = Rules(tier="T0", rules=str(path), memory_days=10)
    rules.fit(log(*_days("02-01", "02-20", "02-25")), context())
    rules.score(batch({"time": "2024-03-04 17:00"}))
    kept = rules._sql._db.execute("SELECT strftime(time, '%m-%d') FROM past ORDER BY 1").fetchall()
    assert kept == [("02-25",), ("03-04",)]


def test_a_shorter_memory_repeats_less():
    """What was asked as long ago as the memory reaches is no other day any more."""
    for memory, hit in ((10, False), (11, True)):
        rules = Rules(tier="T0", memory_days=memory)
        rules.fit(log(*_days("02-23", "03-02")), context())
        rules.score(batch({"time": "2024-03-04 17:00"}))
        assert ("same_person_again" in {alert.rule for alert in rules.alerts(0)}) is hit


@pytest.mark.parametrize(
    ("row", "score"),
    [
        ({}, 0.0),
        ({"match": "partial"}, 0.1),
        ({"declared_purpose": "ccw"}, 0.9),
        ({"declared_purpose": "ccw", "match": "partial"}, 1 - 0.1 * 0.9),
        ({"system": "III", "match": "wildcard", "lookback_hours": 721}, 1 - 0.92 * 0.9 * 0.85),
    ],
)
def test_the_score_is_a_noisy_or(row, score):
    """Weights combine as the chance that at least one hit is worth a review."""
    assert Rules(tier="T0").score(batch(row)) == pytest.approx([score], abs=1e-12)
