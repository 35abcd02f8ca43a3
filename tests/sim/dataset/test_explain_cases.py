"""Explaining a query: sentences, shifts, contexts and deeds of worlds changed by hand."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from misusesim.dataset import layout, manifest, schema
from misusesim.dataset.explain import explain, render
from misusesim.dataset.writer import write_bytes, write_part
from misusesim.errors import DatasetError, UsageError

MISUSE = 2**64 - 1
QUERIES = "truth/queries/a00000-p000.parquet"
SHIFTS = "context/roster/shifts/a00000.parquet"
INCIDENT, CASES = "dispatch/incidents", "dispatch/cases"


@pytest.fixture
def world(by_hand, tmp_path):
    """Return a way to write the data set by hand with some parts changed, or taken out."""

    def write(truth="full", **changed):
        parts = {**by_hand.parts(), **changed}
        root = tmp_path / "data"
        entries = [
            write_part(root, path, table, layout.schema_of(path))
            for path, table in parts.items()
            if table is not None
        ]
        scenario = by_hand.scenario().model_copy(update={"truth": truth})
        made = manifest.build(scenario, "5" * 64, entries, by_hand.tallies)
        write_bytes(root, layout.MANIFEST, manifest.dumps(made))
        return root

    return write


def context(by_hand, folder, name, *rows):
    """Return path and table of an agency's context rows."""
    of = schema.CONTEXT[folder][name]
    return layout.context_part(f"{folder}/{name}", "a00000"), by_hand.table(of, *rows)


def truths(by_hand, *rows):
    """Return the truth of the first shard."""
    return by_hand.table(schema.TRUTH_QUERIES, *rows)


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({}, "Plain work, on shift."),
        ({"incident_id": "i"}, "Plain work for incident i, on shift."),
        ({"case_id": "c"}, "Plain work for case c, on shift."),
        ({"case_id": "c", "incident_id": "i"}, "Plain work for incident i and case c, on shift."),
        ({"cause": "oddity", "kind": "overtime"}, "Honest but strange (overtime), on shift."),
        (
            {"cause": "oddity", "kind": "same_surname", "case_id": "c"},
            "Honest but strange (same_surname) for case c, on shift.",
        ),
        (
            {"cause": "misuse", "kind": "retaliation", "rung": "own_case", "cover": "none",
             "campaign_id": "c-9", "violation": "scope"},
            "Misuse (retaliation, own_case, cover none), campaign c-9, on shift; breaks: scope.",
        ),
        (
            {"cause": "misuse", "kind": "retaliation", "rung": "declared", "tie": "dispute",
             "cover": "borrowed_case", "campaign_id": "c-9", "violation": "false_case"},
            ("Misuse (retaliation, declared, cover borrowed_case) with a tie (dispute), "
            "campaign c-9, on shift; breaks: false_case."),
        ),
    ],
)  # fmt: skip
def test_sentences(world, by_hand, fields, sentence):
    """The cause, what it was for, and whether the officer was on shift, in one sentence."""
    cause = fields.get("cause", "work")
    rest = {name: value for name, value in fields.items() if name != "cause"}
    told = explain(world(**{QUERIES: truths(by_hand, by_hand.truth(11, cause, **rest))}), 11)
    assert told["sentence"] == sentence


def test_a_query_without_truth_is_plain_work(world, by_hand):
    """Where truth is sparse, a row that is not there means work."""
    told = explain(world("sparse", **{QUERIES: truths(by_hand, by_hand.truth(MISUSE))}), 11)
    assert told["truth"] is None
    assert told["sentence"] == "Plain work, on shift (truth of this data set is sparse)."
    assert (told["campaign"], told["outcomes"], told["oddities"]) == (None, [], [])


def test_a_shard_without_truth(world):
    """A part that was never written, because it had no rows, is no fault."""
    told = explain(world("sparse", **{QUERIES: None, SHIFTS: None}), 11)
    assert told["sentence"] == "Plain work, off shift (truth of this data set is sparse)."


@pytest.mark.parametrize(
    ("begins", "ends", "on"),
    [(-1, 1, True), (0, 1, True), (0, None, True), (-60, None, True), (-1, 0, False),
     (1, 60, False), (1, None, False), (-60, -1, False)],
)  # fmt: skip
def test_a_shift_holds_its_first_instant_and_not_its_last(world, by_hand, begins, ends, on):
    """Query 11 is at the start of the log; a shift without an end goes on."""
    row = {
        "officer_id": "off-1",
        "kind": "overtime",
        "valid_from": by_hand.start + begins * by_hand.minute,
        "valid_to": None if ends is None else by_hand.start + ends * by_hand.minute,
    }
    path, table = context(by_hand, "roster", "shifts", {**row, "officer_id": "off-2"}, row)
    told = explain(world(**{path: table}), 11)
    assert (told["shift"] is not None) == on
    assert told["shift"] is None or told["shift"]["officer_id"] == "off-1"
    assert told["sentence"].endswith("on shift." if on else "off shift.")


def test_the_first_of_overlapping_shifts_is_told(world, by_hand):
    """Overtime that overlaps a regular shift does not make two."""
    kinds = ("court", "regular")
    rows = [{"officer_id": "off-1", "kind": k, "valid_from": by_hand.start} for k in kinds]
    path, table = context(by_hand, "roster", "shifts", *rows)
    assert explain(world(**{path: table}), 11)["shift"]["kind"] == "court"


def test_an_officer_who_is_not_on_the_roster(world):
    """A row of the log whose officer nobody knows is told without one."""
    told = explain(world(**{"context/roster/officers/a00000.parquet": None}), 11)
    assert told["officer"] is None


def test_both_states_of_a_case_and_only_own_assignments(world, by_hand):
    """All rows of the case are shown, and the officer's assignment to it, nobody else's."""
    cases, rows = context(
        by_hand, "dispatch", "cases",
        {"case_id": "c", "status": "open"}, {"case_id": "c", "status": "closed"},
        {"case_id": "d", "status": "open"},
    )  # fmt: skip
    assignments, theirs = context(
        by_hand, "dispatch", "assignments",
        {"officer_id": "off-1", "case_id": "c"}, {"officer_id": "off-2", "case_id": "c"},
        {"officer_id": "off-1", "case_id": "d"},
    )  # fmt: skip
    truth = truths(by_hand, by_hand.truth(11, case_id="c"))
    told = explain(world(**{QUERIES: truth, cases: rows, assignments: theirs}), 11)["context"]
    assert [row["status"] for row in told[CASES]] == ["open", "closed"]
    assert [row["officer_id"] for row in told["dispatch/assignments"]] == ["off-1"]
    assert INCIDENT not in told


@pytest.mark.parametrize("name", ["involved", "warrants", "applications"])
def test_what_is_known_of_the_subject(world, by_hand, name):
    """Rows about the subject of the query are shown, of whatever table, and no others."""
    subject = by_hand.query(1, 0)["subject_key"]
    path, table = context(
        by_hand, "dispatch", name, {"subject_key": subject}, {"subject_key": subject - 1}
    )
    (row,) = explain(world(**{path: table}), 13)["context"][f"dispatch/{name}"]
    assert row["subject_key"] == subject


def test_a_tie_is_one_of_officer_and_subject(world, by_hand):
    """Somebody else's tie to the subject says nothing about this query."""
    subject = by_hand.query(1, 0)["subject_key"]
    path, table = context(
        by_hand, "ties", "relationships",
        {"officer_id": "off-2", "subject_key": subject, "kind": "family"},
        {"officer_id": "off-1", "subject_key": 1, "kind": "family"},
    )  # fmt: skip
    root = world(**{path: table})
    assert "ties/relationships" not in explain(root, 11)["context"]
    assert explain(root, 13)["context"]["ties/relationships"][0]["kind"] == "family"


@pytest.mark.parametrize(
    ("minutes", "officer", "shown"),
    [(0, "off-1", True), (60, "off-1", True), (-60, "off-1", True), (61, "off-1", False),
     (-61, "off-1", False), (0, "off-2", False)],
)  # fmt: skip
def test_oddities_of_the_officer_within_an_hour(world, by_hand, minutes, officer, shown):
    """An oddity up to an hour before or after, of the same officer, may explain a query."""
    moment = by_hand.start + (60 + minutes) * by_hand.minute  # query 12 is at minute 60
    table = by_hand.table(
        schema.TRUTH_ODDITIES,
        {"oddity_id": "o-9", "kind": "self_query", "officer_id": officer, "time": moment},
    )
    told = explain(world(**{"truth/oddities/a00000.parquet": table}), 12)
    assert [row["oddity_id"] for row in told["oddities"]] == (["o-9"] if shown else [])


def test_plain_work_has_no_deeds(handmade):
    """A work query shows neither oddities nor campaigns, though the officer has both."""
    told = explain(handmade, 11)
    assert (told["campaign"], told["outcomes"], told["oddities"], told["reactions"]) == (
        None, [], [], [],
    )  # fmt: skip


def test_a_campaign_that_is_not_in_the_truth(world):
    """A part that is missing from the manifest leaves the campaign untold."""
    told = explain(world(**{"truth/campaigns/a00000.parquet": None}), MISUSE)
    assert told["campaign"] is None
    assert told["outcomes"][0]["found_by"] == "audit"


@pytest.mark.parametrize("query_id", [0, 10, 2**63])
def test_ids_that_are_not_there(handmade, query_id):
    """The message says where ids can be found."""
    with pytest.raises(UsageError, match=f"no query {query_id} in .*; ids are in the log's"):
        explain(handmade, query_id)


def test_a_part_that_went_missing(handmade):
    """A data set that lost a part cannot explain."""
    (handmade / QUERIES).unlink()
    with pytest.raises(DatasetError, match=r"a00000-p000.parquet is missing; make the data set"):
        explain(handmade, 11)


def test_terminals_show_tables_under_their_names(handmade):
    """Each table has its title; what is empty is left out."""
    console = Console(width=100, file=io.StringIO())
    console.print(render(explain(handmade, 11)))
    lines = [line.strip() for line in console.file.getvalue().splitlines()]
    assert lines[0] == "Plain work for incident inc-1, on shift."
    titles = [line for line in lines if line in {"query", "truth", "officer", "shift", "campaign"}]
    assert titles == ["query", "truth", "officer", "shift"]
    assert {line for line in lines if line.startswith(("context/", "truth/"))} == {
        "context/dispatch/incidents", "context/dispatch/assignments", "context/ties/relationships",
    }  # fmt: skip
