"""Directory, roster and ties as tables, and when the organisation knows what."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from misusesim.clock import DAY_US, NEVER, LocalClock
from misusesim.dataset import schema
from misusesim.world.agencies import agencies
from misusesim.world.context import directory_context, roster_context, table, ties_context
from misusesim.world.model import Staff
from misusesim.world.officers import officers, terminals
from misusesim.world.subjects import Population
from misusesim.world.ties import ties


class Files:
    """All context tables of one agency's static world."""

    def __init__(self, scenario, index=0):
        agency = agencies(scenario)[index]
        self.officers = officers(scenario, agency)
        self.ties = ties(scenario, agency, self.officers)
        staff = Staff.of([agency], [self.officers])
        self.people = Population(scenario)
        self.start, self.end = LocalClock(scenario).horizon
        self.agency = agency
        self.tables = {
            **directory_context(scenario, [agency]),
            **roster_context(scenario, staff, [self.officers.units], [terminals(scenario, agency)]),
            **ties_context(scenario, staff, [self.ties]),
        }

    def __getitem__(self, name):
        return self.tables[name]

    def us(self, name, column):
        """Return a time column as microseconds, NEVER for null."""
        times = self.tables[name][column].cast(pa.int64())
        return pc.fill_null(times, NEVER).to_numpy()


@pytest.fixture
def files(world):
    return Files(world(days=364, staffing={"turnover_per_year": 0.5}))


@pytest.mark.parametrize(
    "name",
    ["directory/agencies", "roster/officers", "roster/terminals", "roster/entitlements",
     "ties/relationships", "ties/addresses", "ties/vehicles"],
)  # fmt: skip
def test_tables_have_their_schema(files, name):
    """Each table is of its schema, has rows, and nothing is null that must not be."""
    folder, short = name.split("/")
    assert files[name].schema.equals(schema.CONTEXT[folder][short], check_metadata=True)
    assert files[name].num_rows > 0
    for field in files[name].schema:
        assert field.nullable or files[name][field.name].null_count == 0, field.name


def test_no_row_is_from_the_future(files):
    """Nothing is valid or known only after the horizon."""
    for name in files.tables:
        assert files.us(name, "known_at").max() < files.end, name
        assert files.us(name, "valid_from").max() < files.end, name


def test_directory(files):
    """The directory names the agency with its type, zone and fields of the screen."""
    row = files["directory/agencies"].to_pylist()[0]
    known = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
    assert row == {
        "agency_id": files.agency.agency_id, "name": files.agency.name, "type": "sheriff",
        "state": "CA", "timezone": "America/Los_Angeles", "case_field": "optional",
        "asks_purpose": True, "valid_from": known, "valid_to": None, "known_at": known,
    }  # fmt: skip


def test_first_rows_hide_the_leaving(files):
    """Everybody has a first row, active and without any date of leaving."""
    first = files["roster/officers"].slice(0, len(files.officers))
    assert first["officer_id"].to_pylist() == files.officers.officer_id.tolist()
    assert set(first["active"].to_pylist()) == {True}
    assert first["leave_date"].null_count == first["valid_to"].null_count == len(first)
    hired = files.officers.hired.tolist()
    assert first["known_at"].cast(pa.int64()).to_pylist() == hired
    assert first["valid_from"].cast(pa.int64()).to_pylist() == hired


def test_leavers_have_a_second_row(files):
    """Who left has one more row, inactive, valid from leaving, known then or within 30 days."""
    count = len(files.officers)
    second = files["roster/officers"].slice(count)
    second = second.filter(pc.invert(second["active"]))  # the others were transferred
    left = dict(zip(files.officers.officer_id, files.officers.left.tolist(), strict=True))
    gone = np.flatnonzero(~files["roster/officers"]["active"].to_numpy())
    leave = files.us("roster/officers", "leave_date")[gone]
    known = files.us("roster/officers", "known_at")[gone]
    late = (known - leave) // DAY_US
    assert len(second) > 30
    assert set(second["active"].to_pylist()) == {False}
    assert leave.tolist() == [left[who] for who in second["officer_id"].to_pylist()]
    assert leave.tolist() == files.us("roster/officers", "valid_from")[gone].tolist()
    assert (late.min(), late.max() <= 30) == (0, True)


def test_one_leaver_in_eight_is_entered_late(world):
    """An eighth of all leavers is known one to thirty days after they left."""
    group = {"name": "a", "type": "police", "accounts_median": 4000}
    scenario = world(group, days=364, staffing={"turnover_per_year": 0.6}, population=1_000_000)
    files = Files(scenario)
    known, leave = (files.us("roster/officers", c) for c in ("known_at", "leave_date"))
    late = (known - leave)[leave < NEVER] // DAY_US
    assert (late > 0).mean() == pytest.approx(0.125, abs=0.02)
    assert np.unique(late).tolist() == list(range(31))


def test_persons_are_those_of_the_population(files):
    """Name, birth date, sex and beat are the officer's own."""
    rows = files["roster/officers"].slice(0, 5).to_pylist()
    whom = files.officers.subject[:5]
    epoch = dt.date(1970, 1, 1)
    assert [row["surname"] for row in rows] == files.people.surname(whom).tolist()
    assert [row["given_name"] for row in rows] == files.people.given_name(whom).tolist()
    assert [(row["birth_date"] - epoch).days for row in rows] == (
        files.people.birth_date(whom).tolist()
    )
    assert [row["sex"] for row in rows] == [schema.SEXES[c] for c in files.people.sex(whom)]


def test_roster_words(files):
    """Role and unit are written out."""
    row = files["roster/officers"].slice(122, 1).to_pylist()[0]
    assert (row["role"], row["unit"]) == ("licensing_clerk", "licensing")


def test_terminals(files):
    """Cars and handhelds are patrol's, consoles dispatch's, all there from the beginning."""
    pairs = set(
        zip(files["roster/terminals"]["kind"].to_pylist(),
            files["roster/terminals"]["unit"].to_pylist(), strict=True)
    )  # fmt: skip
    assert {pair for pair in pairs if pair[0] != "desk"} == {
        ("car", "patrol"), ("console", "dispatch"), ("mobile", "patrol"),
    }  # fmt: skip
    assert ("desk", "licensing") in pairs
    assert ("desk", "dispatch") not in pairs


def test_entitlements(files):
    """Roles of the agency are granted their systems; a clerk has LICENSING, patrol has not."""
    rows = files["roster/entitlements"].to_pylist()
    granted = {(row["role"], row["system"]) for row in rows}
    assert {role for role, _ in granted} == {
        schema.ROLES[code] for code in np.unique(files.officers.role)
    }
    assert ("licensing_clerk", "LICENSING") in granted
    assert ("patrol", "LICENSING") not in granted
    assert ("it", "III") not in granted


def test_relationships(world):
    """Every tie that has begun is there, known from its beginning on; later ones are not."""
    files = Files(world())
    begun = files.ties.since < files.end
    tied = files["ties/relationships"]
    assert 0 < (~begun).sum() < len(begun) / 10
    assert tied.num_rows == begun.sum()
    assert tied["subject_key"].to_pylist() == (
        files.people.person_key(files.ties.subject[begun]).tolist()
    )
    assert files.us("ties/relationships", "known_at").tolist() == files.ties.since[begun].tolist()
    assert set(tied["kind"].to_pylist()) == {
        "spouse", "ex", "family", "neighbour", "colleague", "dispute",
    }  # fmt: skip


def test_addresses_and_vehicles_fit(files):
    """Officers and their ties have one address and one vehicle each; spouses share a household."""
    home = dict(zip(files["ties/addresses"]["subject_key"].to_pylist(),
                    files["ties/addresses"]["household"].to_pylist(), strict=True))  # fmt: skip
    assert len(home) == files["ties/addresses"].num_rows == files["ties/vehicles"].num_rows
    key = dict(
        zip(files.officers.officer_id, files.people.person_key(files.officers.subject).tolist(),
            strict=True)
    )  # fmt: skip
    rows = files["ties/relationships"].to_pylist()
    spouses = [row for row in rows if row["kind"] == "spouse"]
    assert all(row["subject_key"] in home for row in rows)
    assert spouses
    assert all(home[row["subject_key"]] == home[key[row["officer_id"]]] for row in spouses)


def test_vehicle_keys_are_plate_keys(files):
    """The vehicle of a person is the plate that a query would hash to."""
    pair = dict(zip(files["ties/vehicles"]["subject_key"].to_pylist(),
                    files["ties/vehicles"]["plate_key"].to_pylist(), strict=True))  # fmt: skip
    whom = files.officers.subject[:5]
    keys = files.people.person_key(whom).tolist()
    assert [pair[key] for key in keys] == files.people.plate_key(whom).tolist()


def test_short_horizon_is_part_of_a_long_one(world):
    """What is known after two days is known, in the same words, in the files of a year."""
    short, long = Files(world(days=2)), Files(world(days=364))
    for name in ("roster/officers", "ties/relationships", "roster/terminals"):
        rows = {repr(row) for row in long[name].to_pylist()}
        assert {repr(row) for row in short[name].to_pylist()} <= rows, name


def test_table_repeats_scalars_and_hides_never():
    """A scalar fills the column and NEVER becomes null."""
    shape = schema.CONTEXT["roster"]["leave"]
    words = np.array(["a", "b"], object)
    got = table(shape, 2, officer_id=words, kind=words, valid_from=0, valid_to=NEVER,
                known_at=np.array([1, 2]))  # fmt: skip
    assert got["valid_to"].null_count == 2
    assert got["known_at"].cast(pa.int64()).to_pylist() == [1, 2]
