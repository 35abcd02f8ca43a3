"""No fact rests on what was not known yet; each says how old the row is that it was read from."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from tests.bench.literal import at, context, log

from misusebench.columns import micros
from misusebench.policies.facts import AS_OF, FACTS, build_facts, requests
from misusesim.dataset.reader import open_dataset
from misusesim.scenario.load import load_scenario
from misusesim.shards import run as simulate

#: Columns that say when a row holds; all others are garbled.
TIMES = ("valid_from", "valid_to", "known_at")


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data") / "tiny"
    simulate(load_scenario("tiny"), folder, workers=1)
    dataset = open_dataset(folder)
    return dataset.log(), dataset.context("T2")


def _garbled(table, late):
    """Return the table with every word, number and time of its later rows turned to nonsense."""
    columns = []
    for field in table.schema:
        column = table[field.name].combine_chunks()
        kind = column.type
        if pa.types.is_dictionary(kind):
            column, kind = column.cast(pa.string()), pa.string()
        if pa.types.is_string(kind):
            column = pc.if_else(late, pa.scalar("garbled", kind), column)
        elif pa.types.is_boolean(kind):
            column = pc.if_else(late, pc.invert(column), column)
        elif field.name in ("valid_from", "valid_to") or pa.types.is_integer(kind):
            column = pc.if_else(late, pa.scalar(0, kind), column)
        columns.append(column)
    return pa.table(columns, names=table.column_names)


@pytest.mark.parametrize("share", [0.1, 0.35, 0.6, 0.85])
@pytest.mark.parametrize("how", ["removed", "garbled"])
def test_what_becomes_known_later_changes_no_fact(world, share, how):
    """Of the rows up to a moment all facts are the same without later rows, or with nonsense."""
    rows, tables = world
    time = micros(rows["time"])
    moment = int(np.quantile(time, share))
    early = rows.filter(pa.array(time <= moment))
    cut = {}
    for name, table in tables.items():
        late = pa.array(micros(table["known_at"]) > moment)
        cut[name] = table.filter(pc.invert(late)) if how == "removed" else _garbled(table, late)
    assert sum(t.num_rows for t in cut.values()) >= 1_000
    before = build_facts(early, tables)
    after = build_facts(early, cut)
    for name in before.column_names:
        assert after[name].equals(before[name]), name


def test_nothing_is_read_from_a_row_before_it_was_known(world):
    """No `as_of` lies after its query, and each source is read from somewhere."""
    found = build_facts(*world)
    time = found["as_of_log"].to_numpy()
    assert (time == micros(world[0]["time"])).all()
    for source, column in AS_OF.items():
        known = found[column].drop_null().to_numpy()
        there = found[column].is_valid().to_numpy()
        assert (known <= time[there]).all(), source
        assert len(known) > 10, source


def test_a_fact_that_holds_has_a_source_and_one_that_does_not_has_none(world):
    """On shift, a warrant, a case of anybody: exactly where a row was read."""
    found = build_facts(*world)
    for fact, source in (("officer.on_shift", "shift"), ("context.warrant", "warrant"),
                         ("context.case_exists", "case")):  # fmt: skip
        told = found[fact].to_numpy(zero_copy_only=False).astype(bool)
        assert (told == found[AS_OF[source]].is_valid().to_numpy()).all(), fact


def _case(**changes):
    return {"valid_from": "2024-03-01 08:00", **changes}


def _facts(ask, **tables):
    return build_facts(log({"case_number": "24-1", **ask}), context(**tables)).to_pylist()[0]


def test_a_case_is_open_until_its_end_is_known():
    """Closed at noon of the second, known a day later: until then everybody takes it for open."""
    rows = [
        _case(),
        _case(status="closed", valid_from="2024-03-02 12:00", known_at="2024-03-03 12:00"),
    ]
    for day, is_open, source in (("03-03 11:59", True, rows[0]["valid_from"]),
                                 ("03-03 12:00", False, "2024-03-03 12:00")):  # fmt: skip
        found = _facts({"time": f"2024-{day}"}, cases=rows, officers=[{}])
        assert (found["context.case_exists"], found["context.case_open"]) == (True, is_open)
        assert found["as_of_case"] == at(source)


def test_assigned_is_who_was_known_to_be_on_that_case():
    """A colleague on the case, or the officer on another one, is not it."""
    on = _case(case_id="c1", known_at="2024-03-02 08:00")
    cases = [_case(), _case(case_id="c2", number="24-2")]
    for row, day, assigned in (
        (on, "03-02 09:00", True), (on, "03-01 23:00", False),
        (on | {"officer_id": "o2"}, "03-02 09:00", False),
        (on | {"case_id": "c2"}, "03-02 09:00", False),
        (on | {"valid_to": "2024-03-02 10:00"}, "03-02 11:59", True),
        (on | {"valid_to": "2024-03-02 10:00"}, "03-02 12:01", False),
    ):  # fmt: skip
        found = _facts({"time": f"2024-{day}"}, cases=cases, assignments=[row], officers=[{}])
        assert found["context.case_assigned"] is assigned, (row, day)


def test_an_incident_serves_those_who_were_on_it_for_a_month():
    """Its report is written when it is long over; not by who was never there."""
    job = {"incident_id": "i1", "valid_from": "2024-03-01 08:00", "valid_to": "2024-03-01 09:00"}
    incident = {"valid_from": "2024-03-01 08:00"}
    rows = {"incidents": [incident], "assignments": [job], "officers": [{}]}
    for officer, day, assigned in (("o1", "03-20 08:00", True), ("o1", "04-02 08:00", False),
                                   ("o2", "03-20 08:00", False)):  # fmt: skip
        ask = {"officer_id": officer, "time": f"2024-{day}", "case_number": "I-1"}
        assert _facts(ask, **rows)["context.case_assigned"] is assigned, (officer, day)


def test_where_dispatch_supplies_the_number_the_officer_is_on_it():
    """A blank field of somebody on a job."""
    job = {"case_id": "c1", "valid_from": "2024-03-01 08:00"}
    ask = {"case_number": None, "time": "2024-03-01 09:00"}
    found = _facts(ask, cases=[_case()], assignments=[job], officers=[{}])
    assert (found["context.case_number"], found["context.case_assigned"]) == ("(assigned)", True)


def test_requests_carry_how_old_their_facts_are():
    """By source, without those that found nothing; a table without ages gives none."""
    table = build_facts(log({"time": "2024-03-04 17:00"}), context(officers=[{}]))
    told = next(iter(requests(table))).context["as_of"]
    assert told == {"log": at("2024-03-04 17:00"), "roster": at("2020-01-01 00:00")}
    plain = table.select(["query_id", "officer_id", *FACTS])
    assert "as_of" not in next(iter(requests(plain))).context


def test_facts_are_made_without_the_truth_being_imported():
    """Neither the module nor anything it needs has the truth in memory."""
    code = (
        "import sys, misusebench.policies.facts, misusebench.policies.reference;"
        "print([m for m in sys.modules if m in ('misusesim.truth', 'misusebench.answers')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_linter_forbids_policies_the_truth_and_who_judges_them():
    """The contract names policies, the truth and the package that holds truth beside decisions."""
    text = (Path(__file__).parents[3] / "pyproject.toml").read_text()
    contract = text.split('name = "components never see the answers"')[1]
    assert '"misusebench.policies"' in contract
    for name in ("misusesim.truth", "misusebench.answers", "misusebench.policy_bench"):
        assert f'"{name}"' in contract, name


def test_each_of_thousands_of_officers_has_his_own_row():
    """The last row known of each, whatever their number."""
    many = [{"officer_id": f"o{n:04d}", "role": ("patrol", "detective")[n % 2]}
            for n in range(3_000)]  # fmt: skip
    asked = [{"officer_id": one["officer_id"]} for one in many]
    found = build_facts(log(*asked), context(officers=many[::-1]))
    assert found["officer.role"].to_pylist() == [one["role"] for one in many]


def test_a_case_that_is_opened_again_is_open_again():
    """Closed on the second, opened again on the fourth, closed for good on the sixth."""
    rows = [
        _case(), _case(status="closed", valid_from="2024-03-02 12:00"),
        _case(valid_from="2024-03-04 12:00", known_at="2024-03-04 18:00"),
        _case(status="closed", valid_from="2024-03-06 12:00", known_at="2024-03-07 12:00"),
    ]  # fmt: skip
    told = {"03-02 13:59": True, "03-02 14:01": False, "03-04 17:59": False, "03-04 18:00": True,
            "03-07 11:59": True, "03-07 12:00": False}  # fmt: skip
    for order in (rows, rows[::-1]):
        found = {day: _facts({"time": f"2024-{day}"}, cases=order, officers=[{}]) for day in told}
        assert {day: one["context.case_open"] for day, one in found.items()} == told
    for day, is_open in (("03-02 13:00", True), ("03-05 12:00", False)):  # another one's rows
        other = [*rows[:2], *({**row, "case_id": "c2", "number": "24-2"} for row in rows[2:3])]
        found = _facts({"time": f"2024-{day}"}, cases=other, officers=[{}])
        assert found["context.case_open"] == is_open
