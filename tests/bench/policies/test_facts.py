"""Facts are what was known when the query was made, and nothing of the truth."""

from __future__ import annotations

import pyarrow as pa
import pytest
from tests.bench.dataset import DAY_US, HOUR_US, START_US, small_world

from misusebench.policies.facts import AS_OF, FACTS, build_facts, requests


@pytest.fixture(scope="module")
def world():
    return small_world()


def _facts(world, changes, context=None):
    log, tables, _ = world
    row = log.slice(0, 1).to_pylist()[0] | changes
    batch = pa.Table.from_pylist([row], schema=log.schema)
    return build_facts(batch, {**tables, **(context or {})}).to_pylist()[0]


def _at(day, hour=9):
    return pa.scalar(START_US + day * DAY_US + hour * HOUR_US, pa.timestamp("us", tz="UTC")).as_py()


def test_one_row_per_query_and_one_column_per_fact(world):
    """The table is complete and in the log's order."""
    log, context, _ = world
    found = build_facts(log, context)
    assert found.column_names == ["query_id", "officer_id", *FACTS, *AS_OF.values()]
    assert found["query_id"].equals(log["query_id"])
    assert sum(found[name].null_count for name in FACTS) == 0


def test_a_case_counts_only_once_it_is_known(world):
    """Case 24-00021 of the first agency is opened on day 10 and known an hour later."""
    ask = {"officer_id": "o05", "agency_id": "CA0010000", "case_number": "24-00021"}
    early = _facts(world, ask | {"time": _at(8)})
    late = _facts(world, ask | {"time": _at(11)})
    assert (early["context.case_exists"], early["context.case_open"]) == (False, False)
    assert (late["context.case_exists"], late["context.case_open"]) == (True, True)
    assert late["context.case_agency"] == "CA0010000"


def test_a_case_of_another_agency_exists_but_is_not_ones_own(world):
    """Case 24-00002 belongs to the second agency."""
    ask = {"officer_id": "o05", "agency_id": "CA0010000", "case_number": "24-00002"}
    found = _facts(world, ask | {"time": _at(11)})
    assert found["context.case_exists"] is True
    assert found["context.case_agency"] == ""


def test_a_number_typed_in_the_reason_field_is_taken(world):
    """The wrong field is a habit, not a missing case."""
    ask = {"officer_id": "o05", "agency_id": "CA0010000", "case_number": None}
    found = _facts(world, ask | {"reason_text": "24-00001", "time": _at(11)})
    assert found["context.case_number"] == "24-00001"
    assert found["context.case_open"] is True


def test_where_the_field_is_optional_dispatch_supplies_the_case(world):
    """A blank field of an assigned officer is spared; that of an unassigned one is empty."""
    blank = {"agency_id": "CA0010000", "case_number": None, "reason_text": None, "time": _at(11)}
    assigned = _facts(world, blank | {"officer_id": "o05"})
    idle = _facts(world, blank | {"officer_id": "o00"})
    assert assigned["context.case_number"] == "(assigned)"
    assert idle["context.case_number"] == ""
    assert idle["context.case_exists"] is False


def test_a_mandatory_field_is_not_spared(world):
    """Where the screen demands a number, being assigned is not enough."""
    directory = world[1]["directory/agencies"]
    rows = [row | {"case_field": "mandatory"} for row in directory.to_pylist()]
    strict = {"directory/agencies": pa.Table.from_pylist(rows, schema=directory.schema)}
    blank = {"officer_id": "o05", "agency_id": "CA0010000", "case_number": None,
             "reason_text": None, "time": _at(11)}  # fmt: skip
    assert _facts(world, blank, strict)["context.case_number"] == ""


def test_shift_and_roster_are_read_at_the_time_of_the_query(world):
    """Officer o00 works 06:00-16:00 local, with an hour's grace; unknown officers are inactive."""
    on = _facts(world, {"officer_id": "o00", "time": _at(0, 8)})
    off = _facts(world, {"officer_id": "o00", "time": _at(0, 20)})
    nobody = _facts(world, {"officer_id": "ghost", "time": _at(0, 8)})
    assert (on["officer.on_shift"], off["officer.on_shift"]) == (True, False)
    assert on["officer.role"] == "patrol"
    assert (nobody["officer.active"], nobody["officer.role"]) == (False, "")


def test_a_leaver_is_inactive_only_once_it_is_known(world):
    """HR's late entry is known on day 5: until then the account looks active."""
    officers = world[1]["roster/officers"]
    rows = [r for r in officers.to_pylist() if r["officer_id"] == "o00"]
    gone = rows[0] | {"active": False, "leave_date": _at(2), "known_at": _at(5)}
    table = pa.Table.from_pylist([*rows, gone], schema=officers.schema)
    for day, active in ((1, True), (4, True), (6, False)):
        found = _facts(world, {"officer_id": "o00", "time": _at(day)}, {"roster/officers": table})
        assert found["officer.active"] is active, day


def test_requests_carry_every_fact_in_its_place(world):
    """Four parts, AuthZEN shaped, the query's id as resource."""
    log, context, _ = world
    asked = list(requests(build_facts(log.slice(0, 5), context)))
    assert [r.query_id for r in asked] == [str(q) for q in log["query_id"].to_pylist()[:5]]
    first = asked[0]
    places = {"officer": first.officer, "database": first.database, "context": first.context}
    for name in FACTS:
        place, fact = name.split(".")
        assert place == "action" or fact in places[place]
    assert first.action == "query"
