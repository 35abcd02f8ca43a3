"""Reasons and justifications replay against the context; each planted contradiction is found."""

from __future__ import annotations

import datetime as dt
import shutil
from types import SimpleNamespace

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from misusebench.audit.replayed import Claim, _justified, holding, replayed
from misusesim import simulate
from misusesim.dataset import schema
from misusesim.dataset.layout import context_tables
from misusesim.dataset.reader import open_dataset
from misusesim.scenario.load import load_scenario
from misusesim.truth import open_truth

REASONS, RULES, JUSTIFIED = (
    "reasons replay", "every rule broken has a reason", "justifications replay",
)  # fmt: skip


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """Return a data set with three kinds of misuse on all rungs."""
    out = tmp_path_factory.mktemp("replayed") / "tiny"
    simulate(load_scenario("tiny"), out)
    return out


@pytest.fixture
def copy(small, tmp_path):
    """Return a copy of it to change."""
    shutil.copytree(small, tmp_path / "copy")
    return tmp_path / "copy"


def found(path):
    """Return value and verdict of each check."""
    data = open_dataset(path)
    return {check.name: (check.value, check.passed) for check in replayed(data, open_truth(data))}


def change(path, table, how):
    """Rewrite all parts of a table."""
    for part in sorted((path / table).glob("*.parquet")):
        rows = pq.ParquetFile(part).read()
        pq.write_table(how(rows), part)


def reasons(path, start, present=None):
    """Return the reasons whose evidence is of a table."""
    rows = open_truth(path).reasons.to_pylist()
    return [
        row for row in rows
        if row["evidence"].startswith(start) and present in {None, row["present"]}
    ]  # fmt: skip


def without(column, value):
    """Return a change that takes the rows out which have a value."""
    return lambda rows: rows.filter(pc.invert(pc.equal(rows[column], value)))


def added(of, **fields):
    """Return a change that adds one row; required fields that are not given are of the first."""

    def how(rows):
        first = rows.slice(0, 1).to_pylist()[0]
        row = {**first, **dict.fromkeys(f.name for f in of if f.nullable), **fields}
        more = pa.Table.from_pylist([{name: row[name] for name in of.names}], of)
        return pa.concat_tables([rows.cast(of), more])

    return how


def test_all_replay(small):
    """Of eleven campaigns and some hundred oddities nothing is contradicted."""
    assert found(small) == dict.fromkeys((REASONS, RULES, JUSTIFIED), (0, True))


def test_a_tie_that_is_not_there(copy):
    """Without the relationship the motive is a tale."""
    one = reasons(copy, "ties/relationships")[0]
    officer = one["evidence"].partition(":")[2].partition("/")[0]
    change(copy, "context/ties/relationships", without("officer_id", officer))
    value, passed = found(copy)[REASONS]
    assert value >= 1
    assert passed is False


def test_a_tie_that_began_later(copy):
    """A relationship counts from its first day on."""

    def how(rows):
        at = rows.schema.names.index("valid_from")
        late = pa.array([dt.datetime(2025, 1, 1, tzinfo=dt.UTC)] * rows.num_rows, schema.TIME)
        return rows.set_column(at, rows.schema.field(at), late)

    change(copy, "context/ties/relationships", how)
    assert found(copy)[REASONS][0] == len(reasons(copy, "ties/relationships"))


def test_an_invented_number_that_exists(copy):
    """A case of that number at that agency."""
    one, *_ = reasons(copy, "dispatch/cases:", present=False)
    agency, _, number = one["evidence"].partition(":")[2].partition("/")
    of = schema.CONTEXT["dispatch"]["cases"]
    part = next(iter((copy / "context/dispatch/cases").glob("*.parquet")))
    rows = added(of, number=number, agency_id=agency)(pq.ParquetFile(part).read())
    pq.write_table(rows, part)
    assert found(copy)[REASONS] == (1, False)


def test_work_that_names_the_person(copy):
    """An open case of the officer in which the person is involved."""
    one = reasons(copy, "dispatch/assignments")[0]
    officer, _, person = one["evidence"].partition(":")[2].partition("/")
    tables = schema.CONTEXT["dispatch"]
    for name, fields in (("assignments", {"officer_id": officer}),
                         ("involved", {"subject_key": int(person)})):  # fmt: skip
        part = next(iter((copy / f"context/dispatch/{name}").glob("*.parquet")))
        rows = pq.ParquetFile(part).read()
        pq.write_table(added(tables[name], case_id="planted", **fields)(rows), part)
    value, passed = found(copy)[REASONS]
    same = [r for r in reasons(copy, "dispatch/assignments") if r["evidence"] == one["evidence"]]
    assert (value, passed) == (len(same), False)


def test_a_borrowed_case_that_names_the_person(copy):
    """Then it is none of somebody else's."""
    one = reasons(copy, "dispatch/involved")[0]
    file, _, person = one["evidence"].partition(":")[2].partition("/")
    of = schema.CONTEXT["dispatch"]["involved"]
    part = next(iter((copy / "context/dispatch/involved").glob("*.parquet")))
    rows = pq.ParquetFile(part).read()
    pq.write_table(added(of, case_id=file, subject_key=int(person))(rows), part)
    assert found(copy)[REASONS] == (1, False)


def test_an_oddity_without_its_row(copy):
    """An application that is not on file justifies no check, though the text still names it."""
    rows = open_truth(copy).oddities["justification"].to_pylist()
    one = next(text for text in rows if text.startswith("dispatch/applications"))
    change(copy, "context/dispatch/applications", without("application_id", one.partition(":")[2]))
    assert found(copy)[JUSTIFIED] == (rows.count(one), False)


def test_a_justification_of_no_table(copy):
    """A table that there is not, and one without a key."""
    words = iter(["dispatch/rumours:1", "roster/officers"])

    def how(rows):
        at = rows.schema.names.index("justification")
        told = [next(words, text) for text in rows["justification"].to_pylist()]
        return rows.set_column(at, rows.schema.field(at), pa.array(told))

    change(copy, "truth/oddities", how)
    assert found(copy)[JUSTIFIED] == (2, False)


def test_a_campaign_without_reasons(copy):
    """Its rule is unsaid and it has none at all: two faults."""
    one = open_truth(copy).reasons["campaign_id"][0].as_py()
    change(copy, "truth/reasons", without("campaign_id", one))
    assert found(copy)[RULES] == (2, False)


def test_misuse_with_a_true_case(copy):
    """What has a true justification is no misuse."""

    def how(rows):
        at = rows.schema.names.index("case_id")
        wrong = pc.equal(rows["cause"].cast(pa.string()), "misuse")
        return rows.set_column(at, rows.schema.field(at), pc.if_else(wrong, "k", rows["case_id"]))

    change(copy, "truth/queries", how)
    value, passed = found(copy)[RULES]
    assert value == open_truth(copy).queries["cause"].to_pylist().count("misuse")
    assert passed is False


@pytest.mark.parametrize(("kind", "minutes", "value", "detail"), [
    ("overtime", 0, 0, "of 1 oddities"), ("overtime", 1, 1, "of 1 oddities; first: "),
    ("plate_before_stop", 5, 0, "of 1 oddities; 1 plate_before_stop before their row begins"),
    ("plate_before_stop", 6, 1, "of 1 oddities; first: "),
    ("joint_case", 1, 1, "of 1 oddities; first: "),
])  # fmt: skip
def test_a_row_that_begins_after_the_oddity(kind, minutes, value, detail):
    """Some kinds may be ahead of their row, and are told then; no other kind may."""
    data = Tables(dispatch_cases=[{"case_id": "k1", "valid_from": minutes * 60_000_000}])
    odd = pa.table({
        "oddity_id": ["o"], "kind": [kind], "justification": ["dispatch/cases:k1"],
        "time": pa.array([0], schema.TIME),
    })  # fmt: skip
    check = _justified(data, SimpleNamespace(oddities=odd))
    assert (check.value, check.passed) == (value, not value)
    assert check.detail.startswith(detail)


class Tables:
    """A data set of some rows by hand."""

    def __init__(self, **tables):
        self._rows = {name.replace("_", "/", 1): rows for name, rows in tables.items()}

    def part_tables(self, folder, columns):
        """Return each row asked for as a part of its own."""
        name = folder.removeprefix("context/")
        shape = pa.schema([context_tables()[name].field(column) for column in columns])
        rows = [{n: row.get(n) for n in columns} for row in self._rows.get(name, ())]
        return [pa.Table.from_pylist([row], shape) for row in rows]


@pytest.mark.parametrize(("evidence", "time", "holds"), [
    ("roster/officers:o1", 5, True), ("roster/officers:o1", 4, False),
    ("roster/officers:o2", 9, False),
    ("roster/officers:o1/left", 20, True), ("roster/officers:o1/left", 19, False),
    ("roster/shifts:o1", 10, True), ("roster/shifts:o1", 12, False),
    ("dispatch/assignments:o1/7", 10, True), ("dispatch/assignments:o1/7", 15, False),
    ("dispatch/assignments:o1/8", 10, False), ("dispatch/assignments:o2/7", 10, False),
    ("dispatch/assignments:o2/8", 10, True),
    ("dispatch/involved:i1/7", 0, True), ("dispatch/involved:i1/8", 0, False),
    ("dispatch/cases:k1", 5, True), ("dispatch/cases:k1", 4, False),
    ("dispatch/cases:a1/24-1", 0, True), ("dispatch/cases:a2/24-1", 0, False),
    ("dispatch/news:7", 10, True), ("dispatch/news:7", 20, False),
    ("dispatch/rumours:1", 5, False), ("roster/officers", 5, False),
])  # fmt: skip
def test_each_form_of_evidence(evidence, time, holds):
    """A row that is open at first ends when a later one says so; what is on file stays."""
    data = Tables(
        roster_officers=[{"officer_id": "o1", "valid_from": 5},
                         {"officer_id": "o1", "valid_from": 20, "leave_date": 20}],
        roster_shifts=[{"officer_id": "o1", "valid_from": 10, "valid_to": 12}],
        dispatch_assignments=[
            {"officer_id": "o1", "incident_id": "i1", "valid_from": 10},
            {"officer_id": "o1", "incident_id": "i1", "valid_from": 10, "valid_to": 15},
            {"officer_id": "o2", "case_id": "k1", "valid_from": 5},
        ],
        dispatch_involved=[{"subject_key": 7, "incident_id": "i1", "valid_from": 10},
                           {"subject_key": 8, "case_id": "k1", "valid_from": 5}],
        dispatch_cases=[{"case_id": "k1", "agency_id": "a1", "number": "24-1", "valid_from": 5}],
        dispatch_news=[{"subject_key": 7, "valid_from": 10, "valid_to": 20}],
    )  # fmt: skip
    assert holding(data, [Claim.of(evidence, time)]) == [holds]
