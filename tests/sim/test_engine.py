"""The causal pass: honest work first, misuse on top, one plan out of it."""

from __future__ import annotations

import re
from dataclasses import fields

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from tests.sim.workload.office import every_oddity, scenario_of

from misusesim.dataset import schema
from misusesim.engine import causal_pass, honest_pass
from misusesim.occasions import MISUSE, NONE, ODDITY, WORK, Occasions
from misusesim.scenario.misuse import PermitChecks, Retaliation, RomanticInterest
from misusesim.workload.inorder import numbered
from misusesim.world.agencies import agencies

MISUSES = (
    PermitChecks(kind="permit_checks", agency_group="office", per_business_day=5.0),
    RomanticInterest(kind="romantic_interest", officers_per_year=0.9),
    Retaliation(kind="retaliation", officers_per_year=0.9),
)


def planned(days=21, misuse=MISUSES, **group):
    scenario = scenario_of(days=days, oddity=every_oddity(), **group).model_copy(
        update={"misuse": misuse}
    )
    agency = agencies(scenario)[0]
    return scenario, causal_pass(scenario, agency)


@pytest.fixture(scope="module")
def full():
    return planned()


@pytest.fixture(scope="module")
def plan(full):
    return full[1]


def micros(column):
    return column.cast(pa.int64()).fill_null(2**62).to_numpy()


def test_all_three_causes_are_there(plan):
    """Work, oddities and misuse share one table."""
    assert set(plan.occasions.source.tolist()) == {WORK, ODDITY, MISUSE}


def test_occasions_are_in_order_and_inside(full):
    """Occasions come by start, none before the horizon."""
    scenario, plan = full
    start = plan.occasions.start
    assert (np.diff(start) >= 0).all()
    week = honest_pass(scenario, plan.agency).setting.clock.week_of(start)
    assert (week.min(), week.max()) == (0, 2)


def test_source_and_serial_name_an_occasion(plan):
    """Serials are unique per source and fit 38 bits."""
    o = plan.occasions
    key = o.serial * 4 + o.source
    assert len(np.unique(key)) == len(key)
    assert 0 <= o.serial.min() <= o.serial.max() < 2**38


def test_starts_are_whole_milliseconds_of_any_kind(plan):
    """The place within the second says nothing of the cause."""
    o = plan.occasions
    assert not (o.start % 1000).any()
    fraction = o.start % 1_000_000 // 1000
    for source in (WORK, ODDITY, MISUSE):
        assert 350 < np.median(fraction[o.source == source]) < 650


def test_everything_spoken_of_is_on_file(plan):
    """Incidents and cases that occasions have or claim are in the plan."""
    o = plan.occasions
    for names, files in (
        (("incident", "says_incident"), plan.incidents),
        (("case", "says_case"), plan.cases),
    ):
        for name in names:
            asked = getattr(o, name)
            assert np.isin(asked[asked >= 0], files.serial).all()
        assert len(np.unique(files.serial)) == len(files.serial)


def test_officers_exist_when_they_act(plan):
    """Honest work is done by people who hold an account then."""
    o, people = plan.occasions, plan.officers
    honest = o.source != MISUSE
    assert (people.hired[o.officer[honest]] <= o.start[honest]).all()
    assert (o.start[honest] <= people.left[o.officer[honest]]).all()


def test_honest_rows_are_the_same_without_misuse(full):
    """Misuse off changes no column of any honest occasion."""
    _, with_misuse = full
    _, without = planned(misuse=())
    honest = with_misuse.occasions.take(with_misuse.occasions.source != MISUSE)
    for f in fields(Occasions):
        assert np.array_equal(getattr(honest, f.name), getattr(without.occasions, f.name)), f.name
    assert len(without.campaigns.campaign_id) == 0
    assert np.array_equal(with_misuse.cases.serial, without.cases.serial)
    own = np.isin(with_misuse.incidents.serial, without.incidents.serial)
    assert own.sum() == len(without.incidents.serial)


def test_more_days_change_nothing_that_was(full):
    """Nine days are the first nine of twenty-one."""
    _, long = full
    short_scenario, short = planned(days=9)
    end = honest_pass(short_scenario, short.agency).setting.clock.horizon[1]
    for f in fields(Occasions):
        if f.name == "campaign":
            continue  # a place in a table that grows
        a, b = (getattr(p.occasions, f.name)[p.occasions.start < end] for p in (long, short))
        assert np.array_equal(a, b), f.name


def test_context_has_all_tables_of_its_tiers(plan):
    """Every context table is there with its schema, empty or not."""
    expected = {
        f"{folder}/{name}": shape
        for folder, tables in schema.CONTEXT.items()
        for name, shape in tables.items()
    }
    assert set(plan.context) == set(expected)
    for name, rows in plan.context.items():
        assert rows.schema.equals(expected[name]), name


def test_truth_has_the_tables_of_an_agency(plan):
    """Campaigns, oddities and outcomes come with their schemas."""
    assert set(plan.truth) == {"campaigns", "oddities", "officers", "outcomes", "reasons"}
    for name, rows in plan.truth.items():
        assert rows.schema.equals(schema.TRUTH[name]), name


@pytest.mark.parametrize(
    "name",
    ["dispatch/incidents", "dispatch/cases", "dispatch/assignments", "dispatch/involved",
     "dispatch/warrants", "dispatch/applications", "roster/shifts", "roster/leave"],
)  # fmt: skip
def test_context_ends_with_the_horizon(full, name):
    """No row is valid or known from the end on, no end beyond it is told; rows come as known."""
    scenario, plan = full
    end = honest_pass(scenario, plan.agency).setting.clock.horizon[1]
    rows = plan.context[name]
    assert rows.num_rows > 0
    assert (micros(rows["valid_from"]) < end).all()
    assert (micros(rows["known_at"]) < end).all()
    until = micros(rows["valid_to"])
    assert ((until < end) | (until == 2**62)).all()
    assert (np.diff(micros(rows["known_at"])) >= 0).all()


def test_numbers_are_unique(plan):
    """Incident and case numbers name one incident or case."""
    incidents = plan.context["dispatch/incidents"]
    assert len(set(incidents["number"].to_pylist())) == len(
        set(incidents["incident_id"].to_pylist())
    )
    cases = plan.context["dispatch/cases"]
    opened = cases.filter(pc.equal(cases["status"], "open"))
    assert len(set(opened["number"].to_pylist())) == opened.num_rows


def test_a_closed_case_has_two_rows(plan):
    """Closing adds a row of the same number; the open row never says when that will be."""
    rows = plan.context["dispatch/cases"].to_pylist()
    opened = {r["case_id"]: r for r in rows if r["status"] == "open"}
    closed = {r["case_id"]: r for r in rows if r["status"] == "closed"}
    assert closed
    for name, row in closed.items():
        assert opened[name]["valid_to"] is row["valid_to"] is None
        assert opened[name]["valid_from"] < row["valid_from"] == row["known_at"]
        assert opened[name]["number"] == row["number"]


@pytest.mark.parametrize("name", ["incidents", "assignments", "hotlists"])
def test_no_row_tells_an_end_before_it_is_known(plan, name):
    """An end stands only in a row that became known at it or after it."""
    rows = plan.context[f"dispatch/{name}"]
    until, known = micros(rows["valid_to"]), micros(rows["known_at"])
    told = until < 2**62
    assert told.any()
    assert (known[told] >= until[told]).all()


def test_a_job_has_an_open_row_and_one_at_its_end(plan):
    """Most incidents have two rows with the same id: as they came in, and as they ended."""
    rows = plan.context["dispatch/incidents"]
    _, count = np.unique(
        rows["incident_id"].to_numpy(zero_copy_only=False).astype(str), return_counts=True
    )
    assert set(count.tolist()) == {1, 2}
    assert (count == 2).mean() > 0.95


def test_units_and_investigators_are_assigned(plan):
    """Each incident with a unit and each case has an assignment."""
    rows = plan.context["dispatch/assignments"]
    incidents = set(rows["incident_id"].to_pylist())
    cases = set(rows["case_id"].to_pylist())
    on_file = plan.context["dispatch/incidents"]["incident_id"].to_pylist()
    assert sum(i in incidents for i in on_file) > 0.95 * len(on_file)
    assert set(plan.context["dispatch/cases"]["case_id"].to_pylist()) <= cases


def test_both_keys_of_the_people_involved(plan):
    """Whoever is involved is listed by person and by plate."""
    rows = plan.context["dispatch/involved"]
    assert rows.num_rows % 2 == 0
    known = set(rows["incident_id"].to_pylist()) - {None}
    assert set(plan.context["dispatch/incidents"]["incident_id"].to_pylist()) <= known


def test_incidents_of_misuse_look_like_others(plan):
    """A stop that retaliation makes has a number, a unit and a subject like any other."""
    caused = plan.incidents.serial >= 1 << 36
    assert caused.any()
    assert (plan.incidents.officer[caused] >= 0).all()
    assert (plan.incidents.subject[caused] >= 0).all()


def test_every_oddity_is_accounted_for(full):
    """Truth has one row per odd occasion, each pointing at a row of the files."""
    scenario, plan = full
    end = honest_pass(scenario, plan.agency).setting.clock.horizon[1]
    o, rows = plan.occasions, plan.truth["oddities"]
    odd = (o.oddity >= 0) & (o.start < end)
    assert rows.num_rows == odd.sum()
    assert len(set(rows["oddity_id"].to_pylist())) == rows.num_rows
    assert set(rows["kind"].to_pylist()) == {schema.ODDITY_KINDS[k] for k in o.oddity[odd].tolist()}


def test_justifications_can_be_looked_up(plan):
    """Table and key of a justification exist in the context."""
    keys = {
        "dispatch/incidents": "incident_id", "dispatch/cases": "case_id",
        "dispatch/applications": "application_id", "roster/officers": "officer_id",
        "roster/shifts": "officer_id", "dispatch/warrants": "subject_key",
    }  # fmt: skip
    known = {
        name: {str(value) for value in plan.context[name][key].to_pylist()}
        for name, key in keys.items()
    }
    seen = set()
    for text in plan.truth["oddities"]["justification"].to_pylist():
        table, key = re.fullmatch(r"([a-z]+/[a-z]+):(.+)", text).groups()
        assert key in known[table], text
        seen.add(table)
    assert seen == set(keys)


def test_twins_are_named(plan):
    """Oddities that look like a misuse kind say which."""
    rows = plan.truth["oddities"].to_pylist()
    twins = {(r["kind"], r["twin_of"]) for r in rows}
    assert ("lawful_licensing", "permit_checks") in twins
    assert ("victim_protection", "romantic_interest") in twins
    assert ("plate_before_stop", "retaliation") in twins
    assert ("overtime", None) in twins


def test_serials_are_places_in_the_week(full):
    """Occasions of one source count 0, 1, 2 ... in each week, in order of start."""
    scenario, plan = full
    setting = honest_pass(scenario, plan.agency).setting
    o = plan.occasions.take(plan.occasions.source == WORK)
    again = numbered(setting, o)
    assert np.array_equal(np.sort(again.serial), np.sort(o.serial))
    for week in range(3):
        mine = np.sort(o.serial[o.serial >> 22 == week + 1]) & (1 << 22) - 1
        assert np.array_equal(mine, np.arange(len(mine)))


@pytest.mark.parametrize(
    "group",
    [
        {"type": "police", "accounts_median": 3, "licensing_unit": 0},
        {"type": "dispatch", "street": False, "accounts_median": 20, "licensing_unit": 0},
        {"type": "court", "street": False, "accounts_median": 6, "licensing_unit": 0},
        {"type": "prosecutor", "street": False, "accounts_median": 9, "licensing_unit": 0},
        {"type": "bureau", "street": False, "accounts_median": 5, "licensing_unit": 0},
        {"type": "campus", "accounts_median": 12, "dispatchers": False, "licensing_unit": 0},
    ],
    ids=lambda group: group["type"],
)
def test_every_type_of_agency_works(group):
    """Small agencies of all types get through a fortnight."""
    _, plan = planned(days=14, misuse=MISUSES[1:], **group)
    assert (plan.occasions.officer < len(plan.officers)).all()
    assert (plan.occasions.officer >= 0).all()


def test_twice_is_the_same():
    """The pass is a function of scenario and agency."""
    one, two = planned(days=7)[1], planned(days=7)[1]
    for f in fields(Occasions):
        assert np.array_equal(getattr(one.occasions, f.name), getattr(two.occasions, f.name))
    for name, rows in one.context.items():
        assert rows.equals(two.context[name]), name


@pytest.mark.slow
def test_another_seed_is_another_world():
    """Seeds matter."""
    one, two = planned(days=7)[1], planned(days=7, seed=6)[1]
    assert len(one.occasions) != len(two.occasions) or not np.array_equal(
        one.occasions.start, two.occasions.start
    )


def test_victims_of_campaigns_have_no_honest_explanation(plan):
    """A campaign's own incident is the only one its occasions may have; cases they only claim."""
    o = plan.occasions.take(plan.occasions.source == MISUSE)
    assert (o.case == NONE).all()
    assert ((o.incident == NONE) | (o.incident >= 1 << 36)).all()
