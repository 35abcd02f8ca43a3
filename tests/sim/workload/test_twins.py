"""The truth about oddities, by hand: ids, twins and the row of the files that justifies each."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pytest

from misusesim.clock import NEVER
from misusesim.dataset.schema import MISUSE_KINDS, ODDITY_KINDS, TRUTH_ODDITIES
from misusesim.occasions import NONE, ODDITY, TEMPLATE, WORK, Occasions
from misusesim.workload.licensing import Applications
from misusesim.workload.numbers import opaque_id
from misusesim.workload.twins import TWIN_OF, oddity_table, on_file

SECOND = 1_000_000


def occasion(kind, **more):
    """Return one occasion of officer 2 in second 50; None is plain work."""
    plain = {"source": ODDITY, "serial": 7, "officer": 2, "start": 50 * SECOND + 123}
    code = NONE if kind is None else ODDITY_KINDS.index(kind)
    return Occasions.build(1, **{**plain, "template": TEMPLATE["plate_check"], **more}, oddity=code)


def applications(*rows):
    """Return applications of (serial, clerk, second of the check)."""
    serial, clerk, second = (np.array([r[k] for r in rows], np.int64) for k in range(3))
    checked = np.where(second < 0, NEVER, second * SECOND)
    return Applications(
        serial, np.zeros(len(rows), np.int8), serial, checked, clerk.astype(np.int32), checked
    )


ONE = applications((31, 2, 50))


def row_of(setting, made, filed=ONE):
    (row,) = oddity_table(setting, made, filed).to_pylist()
    return row


def named(setting, kind, serial):
    return opaque_id(setting.scenario, kind, setting.agency, np.array([serial]))[0]


@pytest.mark.parametrize("kind", ODDITY_KINDS)
def test_each_kind_has_its_row(setting, kind):
    """A row says what was odd, at which agency, by whom and when."""
    row = row_of(setting, occasion(kind))
    assert row["kind"] == kind
    assert row["agency_id"] == setting.agency.agency_id
    assert row["officer_id"] == setting.officers.officer_id[2]
    assert row["time"].timestamp() == pytest.approx(50.000123)


@pytest.mark.parametrize(
    ("kind", "twin"),
    [
        ("self_query", "self_lookup"),
        ("system_test", "live_testing"),
        ("same_surname", "favour"),
        ("wrong_dropdown", None),
        ("hotlist_repeat", "romantic_interest"),
        ("case_in_reason", None),
        ("overtime", None),
        ("shift_swap", None),
        ("victim_protection", "romantic_interest"),
        ("plate_before_stop", "retaliation"),
        ("lawful_licensing", "permit_checks"),
        ("all_agency_alert", "celebrity"),
        ("public_figure_case", "celebrity"),
        ("mass_event", "protest"),
        ("relative_in_call", "favour"),
        ("lives_in_beat", "retaliation"),
        ("abandoned_stop", "dating_screening"),
        ("call_out", "ghost_account"),
        ("backfill", None),
        ("case_surge", "bulk_harvest"),
        ("nickname_search", "name_hunting"),
        ("records_counter_day", "selling"),
        ("auto_theft_batch", "personal_business"),
        ("warrant_repeat", "romantic_interest"),
        ("sustained_pair", "romantic_interest"),
        ("shared_console", "credential_sharing"),
        ("window_widening", "scope_excess"),
        ("applicant_check", "wrong_code"),
        ("joint_case", "immigration"),
        ("medical_case", "health"),
        ("broadcast_description", "descriptor"),
        ("cold_case_search", "scope_excess"),
        ("validation_batch", "bulk_harvest"),
    ],
)
def test_twins(setting, kind, twin):
    """Most kinds of oddity look like a kind of misuse, the others like any."""
    assert row_of(setting, occasion(kind))["twin_of"] == twin


def test_twins_are_kinds_that_there_are():
    """Every oddity with a twin and every twin is a kind of the schema."""
    assert set(TWIN_OF) <= set(ODDITY_KINDS)
    assert set(TWIN_OF.values()) == set(MISUSE_KINDS)


@pytest.mark.parametrize("kind", ["self_query", "wrong_dropdown", "same_surname"])
def test_without_anything_else_the_officer_is_the_reason(setting, kind):
    """An oddity tied to nothing is justified by the officer's own row."""
    officer = setting.officers.officer_id[2]
    assert row_of(setting, occasion(kind))["justification"] == f"roster/officers:{officer}"


def test_an_incident_justifies(setting):
    """An oddity at an incident points at it."""
    row = row_of(setting, occasion("same_surname", incident=12))
    assert row["justification"] == f"dispatch/incidents:{named(setting, 'incident', 12)}"


def test_a_case_is_closer_than_an_incident(setting):
    """Of an incident and a case the case is named."""
    row = row_of(setting, occasion("hotlist_repeat", incident=12, case=5))
    assert row["justification"] == f"dispatch/cases:{named(setting, 'case', 5)}"


@pytest.mark.parametrize("kind", ["overtime", "shift_swap", "call_out", "abandoned_stop"])
def test_odd_hours_are_justified_by_shifts(setting, kind):
    """Overtime and swaps point at the officer's shifts, whatever he was working on."""
    row = row_of(setting, occasion(kind, incident=12, case=5))
    assert row["justification"] == f"roster/shifts:{setting.officers.officer_id[2]}"


@pytest.mark.parametrize("kind", ["warrant_repeat", "sustained_pair"])
def test_pursuits_are_justified_by_warrants(setting, kind):
    """Repeats without any number point at the warrant on that person."""
    key = setting.population.person_key(np.array([17]))[0]
    row = row_of(setting, occasion(kind, subject=17))
    assert row["justification"] == f"dispatch/warrants:{key}"


@pytest.mark.parametrize(
    ("rows", "serial"),
    [
        ([(31, 2, 50)], 31),
        ([(30, 1, 50), (31, 2, 50)], 31),
        ([(31, 2, 50), (32, 3, 50)], 31),
        ([(33, 2, 49), (31, 2, 50), (34, 2, 51)], 31),
        ([(40 + k, 10 + k, 50) for k in range(6)] + [(31, 2, 50)], 31),
        ([(35, 2, 70), (31, 2, 50), (36, 2, -1)], 31),
    ],
)
def test_permit_checks_name_their_application(setting, rows, serial):
    """A lawful check points at the application that its clerk checked in that second."""
    row = row_of(setting, occasion("lawful_licensing"), applications(*rows))
    expected = f"dispatch/applications:{named(setting, 'application', serial)}"
    assert row["justification"] == expected


@pytest.mark.parametrize("rows", [[(31, 3, 50)], [(31, 2, 49)], [(31, 2, -1)]])
def test_a_check_for_no_application(setting, rows):
    """With another clerk, another second or no check yet the officer's row is all there is."""
    row = row_of(setting, occasion("lawful_licensing"), applications(*rows))
    assert row["justification"].startswith("roster/officers:")


def test_what_nobody_knows_of_yet_justifies_nothing(setting):
    """A case opened, and a stop recorded, after the end: the officer's row is all there is."""
    made = Occasions.concat(
        [
            occasion("joint_case", case=5),
            occasion("joint_case", case=6),
            occasion("plate_before_stop", incident=5),
            occasion("plate_before_stop", incident=6),
        ]
    )
    files = {
        "serial": np.array([5, 6]),
        "opened": np.array([90, 100]),
        "known": np.array([90, 100]),
    }
    known = on_file(made, SimpleNamespace(**files), SimpleNamespace(**files), 100)
    assert (known.case.tolist(), known.incident.tolist()) == ([5, -1, -1, -1], [-1, -1, 5, -1])
    told = oddity_table(setting, known, ONE)["justification"].to_pylist()
    assert [text.partition(":")[0] for text in told] == [
        "dispatch/cases", "roster/officers", "dispatch/incidents", "roster/officers",
    ]  # fmt: skip


def test_plain_work_has_no_row(setting):
    """What is not odd is not in the table."""
    both = Occasions.concat([occasion(None), occasion("overtime"), occasion(None)])
    assert oddity_table(setting, both, ONE).num_rows == 1


def test_an_empty_table(setting):
    """Without oddities the table is empty and has its schema."""
    made = oddity_table(setting, occasion(None), ONE)
    assert made.schema.equals(TRUTH_ODDITIES)
    assert made.num_rows == 0


def test_marks_on_work_and_oddities_never_share_an_id(setting):
    """Occasions of the same serial but of two sources have ids of their own."""
    both = Occasions.concat([occasion("overtime"), occasion("overtime", source=WORK)])
    ids = oddity_table(setting, both, ONE)["oddity_id"].to_pylist()
    assert len(set(ids)) == 2


def test_rows_keep_the_order_of_occasions(setting):
    """Rows come as the occasions do."""
    late, early = occasion("overtime", start=9 * SECOND), occasion("self_query", start=3 * SECOND)
    made = oddity_table(setting, Occasions.concat([late, early]), ONE)
    assert made["time"].cast(pa.int64()).to_pylist() == [9 * SECOND, 3 * SECOND]
