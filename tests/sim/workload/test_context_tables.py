"""The dispatch tables of an office: whose rows they hold, and what refers to what."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from tests.sim.workload.office import scenario_of, setting_of

from misusesim.clock import DAY_US, HOUR_US, MINUTE_US
from misusesim.dataset import schema
from misusesim.workload.context import Filed, shift_table, work_context
from misusesim.workload.events import SORTS, statewide
from misusesim.workload.links import Links
from misusesim.world.agencies import agencies

TABLES = {
    "roster/shifts", "dispatch/incidents", "dispatch/cases", "dispatch/assignments",
    "dispatch/involved", "dispatch/warrants", "dispatch/applications", "dispatch/hotlists",
    "dispatch/sharing", "dispatch/news",
}  # fmt: skip
WITH_AGENCY = ("incidents", "cases", "warrants", "applications", "sharing")


@pytest.fixture(scope="module")
def filed(setting, street, desks):
    begin = setting.clock.horizon[0]
    links = Links.build(
        2,
        officer=np.array([4, -1]),
        subject=np.array([77, 88]),
        case=np.array([int(desks.cases.serial[0]), -1]),
        incident=np.array([-1, int(street.incidents.serial[0])]),
        since=begin,
        until=begin + 3 * DAY_US,
        listed=np.array([True, False]),
    )
    return Filed(street.incidents, desks.cases, desks.applications, desks.wanted, links)


@pytest.fixture(scope="module")
def context(setting, filed):
    return work_context(setting, filed)


def micros(table, name):
    return table[name].cast(pa.int64()).to_pylist()


def test_the_tables_there_are(context):
    """All dispatch tables and the shifts are made, and nothing else."""
    assert set(context) == TABLES


@pytest.mark.parametrize("name", sorted(TABLES))
def test_schemas(context, name):
    """Each table has the schema of its tier."""
    tier, table = name.split("/")
    assert context[name].schema.equals(schema.CONTEXT[tier][table])


@pytest.mark.parametrize("name", sorted(TABLES))
def test_nothing_known_from_the_end_on(setting, context, name):
    """No row begins or becomes known after the horizon."""
    end = setting.clock.horizon[1]
    for column in ("valid_from", "known_at"):
        assert all(moment < end for moment in micros(context[name], column))


@pytest.mark.parametrize("name", WITH_AGENCY)
def test_rows_name_their_agency(setting, context, name):
    """Rows of dispatch are the agency's own."""
    names = set(context[f"dispatch/{name}"]["agency_id"].to_pylist())
    assert names == {setting.agency.agency_id}


def test_news_is_of_public_figures(setting, context):
    """Each row is about the person of an event that is a public figure's."""
    events = statewide(setting.scenario)
    famous = [SORTS[sort].kind == "public_figure_case" for sort in events.sort.tolist()]
    keys = set(setting.population.person_key(events.subject[famous]).tolist())
    rows = context["dispatch/news"].to_pylist()
    assert 0 < len(rows) <= len(keys)
    assert {row["subject_key"] for row in rows} <= keys
    assert {row["headline"].split(" ", 2)[2] for row in rows} <= {
        "attacked, police say", "named in hit-and-run inquiry",
    }  # fmt: skip


def test_more_rows_are_taken_in(setting, filed, context):
    """Further rows stand in the table that they are for, and in no other."""
    sharing = context["dispatch/sharing"]
    more = work_context(setting, filed, [{"dispatch/sharing": sharing}])
    assert more["dispatch/sharing"].num_rows == 2 * sharing.num_rows
    assert more["dispatch/cases"].num_rows == context["dispatch/cases"].num_rows


def test_a_plate_on_the_hot_list(setting, context):
    """A listed link is a hot-list row at first and again at its end, by the plate."""
    rows = context["dispatch/hotlists"]
    plate = int(setting.population.plate_key(np.array([77]))[0])
    begin = setting.clock.horizon[0]
    assert rows["subject_key"].to_pylist() == [plate, plate]
    assert micros(rows, "valid_to") == [None, begin + 3 * DAY_US]
    assert micros(rows, "known_at") == [begin, begin + 3 * DAY_US]


def test_an_officer_put_on_a_case(setting, context, filed):
    """A link with an officer is an assignment to its case."""
    rows = context["dispatch/assignments"]
    begin = setting.clock.horizon[0]
    mine = pc.and_(
        pc.equal(rows["officer_id"], setting.officers.officer_id[4]),
        pc.equal(rows["valid_from"].cast(pa.int64()), begin),
    )
    found = rows.filter(mine).to_pylist()
    assert {(row["incident_id"], row["case_id"] is None) for row in found} == {(None, False)}


@pytest.mark.parametrize("person", [77, 88])
def test_people_of_links_are_involved(setting, context, person):
    """Whom a link names is involved by person and by plate."""
    keys = set(context["dispatch/involved"]["subject_key"].to_pylist())
    one = np.array([person])
    assert int(setting.population.person_key(one)[0]) in keys
    assert int(setting.population.plate_key(one)[0]) in keys


@pytest.mark.parametrize("name", ["assignments", "involved"])
def test_rows_are_about_one_thing(context, name):
    """An assignment and an involvement name an incident or a case, never both or neither."""
    rows = context[f"dispatch/{name}"]
    assert pc.all(pc.xor(rows["incident_id"].is_null(), rows["case_id"].is_null())).as_py()


@pytest.mark.parametrize("name", ["assignments", "involved"])
@pytest.mark.parametrize("thing", ["incident", "case"])
def test_what_is_referred_to_exists(context, name, thing):
    """Ids in assignments and involvements are those of incidents and cases on file."""
    used = set(context[f"dispatch/{name}"][f"{thing}_id"].drop_null().to_pylist())
    assert used <= set(context[f"dispatch/{thing}s"][f"{thing}_id"].to_pylist())
    assert len(used) > 10


def test_applications_have_no_end(context):
    """Decisions on applications are not on file."""
    rows = context["dispatch/applications"]
    assert rows["valid_to"].null_count == rows.num_rows > 0
    assert set(rows["kind"].to_pylist()) <= {"ccw", "employment", "ride_along"}


def test_cases_open_and_close(context):
    """Each case has one open row, and a closed row only after it."""
    opened, shut = {}, {}
    for row in context["dispatch/cases"].to_pylist():
        into = opened if row["status"] == "open" else shut
        assert row["case_id"] not in into
        into[row["case_id"]] = row["valid_from"]
    assert set(shut) <= set(opened)
    assert all(moment > opened[case] for case, moment in shut.items())


@pytest.mark.parametrize(
    ("kind", "before"),
    [
        ("regular", 14 * DAY_US),
        ("overtime", 30 * MINUTE_US),
        ("swap", 30 * HOUR_US),
        ("court", 7 * DAY_US),
    ],
)
def test_how_early_a_shift_is_known(setting, kind, before):
    """Regular shifts are known two weeks ahead, court one, a swap 30 hours, overtime half one."""
    rows = shift_table(setting)
    rows = rows.filter(pc.equal(rows["kind"].cast(pa.string()), kind))
    ahead = np.array(micros(rows, "valid_from")) - np.array(micros(rows, "known_at"))
    assert set(ahead.tolist()) == {before}


def test_alone_an_agency_shares_with_the_state(context):
    """The only agency of a world shares its plate data with the state."""
    row = context["dispatch/sharing"].to_pylist()
    assert [(r["with_agency_id"], r["system"]) for r in row] == [("CA0000000", "ALPR")]


@pytest.mark.parametrize(("count", "partners"), [(2, 1), (4, 3), (7, 6), (9, 6)])
def test_agencies_share_with_six_at_most(filed, count, partners):
    """Among neighbours an agency shares plates with up to six others, never with itself."""
    setting = setting_of(scenario_of(days=7, accounts_median=6, licensing_unit=0, count=count))
    none = [np.empty(0, np.int64)]
    empty = Filed(
        *(type(part)(**dict.fromkeys(part.__dataclass_fields__, none[0])) for part in filed[:4]),
        Links.concat([]),
    )
    assert len(agencies(setting.scenario)) == count
    names = work_context(setting, empty)["dispatch/sharing"]["with_agency_id"].to_pylist()
    assert len(set(names)) == len(names) == partners
    assert setting.agency.agency_id not in names
