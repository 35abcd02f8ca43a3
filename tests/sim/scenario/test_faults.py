"""Faults in words."""

from __future__ import annotations

import datetime as dt

import pytest
from pydantic import ValidationError

from misusesim.scenario.faults import TAGGED, Fault, faults_of, toml_value
from misusesim.scenario.model import Scenario


def found(**change: object) -> list[str]:
    """Return the faults of a small world with some keys changed."""
    data: dict = {
        "name": "w",
        "start": dt.date(2024, 1, 1),
        "days": 7,
        "agency": [{"name": "town", "type": "police"}],
        **change,
    }
    with pytest.raises(ValidationError) as caught:
        Scenario.model_validate(data)
    return [str(fault) for fault in faults_of(caught.value, data)]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (True, "true"),
        (1.5, "1.5"),
        ('a"b', r'"a\"b"'),
        (dt.date(2024, 1, 1), "2024-01-01"),
        (dt.datetime(2024, 1, 1, 5, tzinfo=dt.UTC), "2024-01-01T05:00:00+00:00"),
        ([1], "a list"),
        ({}, "a table"),
        (10**80, "a number of many digits"),
        ("x" * 70, '"' + "x" * 59 + "…"),
    ],
)
def test_values_as_toml(value: object, text: str) -> None:
    """A value is shown as the file would write it, and short."""
    assert toml_value(value) == text


def test_fault_of_the_whole() -> None:
    """A fault without a path is only its text."""
    assert str(Fault((), "must be")) == "must be"
    assert str(Fault(("a", 0, "b"), "must be")) == "a.0.b must be"


def test_the_tagged_union_is_the_only_one() -> None:
    """Only one key has tags in pydantic's locations; another would need the same care."""
    tagged = [n for n, f in Scenario.model_fields.items() if "discriminator" in repr(f.annotation)]

    assert tagged == [TAGGED]


def test_tag_is_left_out_of_the_path() -> None:
    """The kind that pydantic puts into the location is no part of the file."""
    misuse = [{"kind": "retaliation", "steps_median": 0, "rungs": {"declared": "x"}}]

    assert found(misuse=misuse) == [
        'misuse.0.rungs.declared must be a number, got "x"',
        "misuse.0.steps_median must be > 0, got 0",
    ]


def test_entry_that_is_no_table() -> None:
    """A list of numbers where tables belong is told by entry."""
    assert found(misuse=[3], agency=[4], oddity=[[]], noise=[]) == [
        "agency.0 must be a table, got 4",
        "oddity.0 must be a table, got a list",
        "misuse.0 must be a table, got 3",
        "noise must be a table, got a list; did you mean [noise]?",
    ]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"days": 7.5}, "days must be a whole number, got 7.5"),
        ({"days": 7.0}, "days must be a whole number, got 7.0; did you mean 7?"),
        ({"days": True}, "days must be a whole number, got true"),
        ({"days": "7.5"}, 'days must be a whole number, got "7.5"'),
        ({"days": "many"}, 'days must be a whole number, got "many"'),
        ({"seed": 2**63}, "seed must be < 9.22337203685e+18, got 9223372036854775808"),
        ({"title": 3}, "title must be text, got 3"),
        ({"name": "9 lives"}, 'name must match ^[A-Za-z][A-Za-z0-9_-]*$, got "9 lives"'),
        ({"start": 2024}, "start must be a date such as 2024-01-01, got 2024"),
    ],
)
def test_type_and_bound(change: dict, message: str) -> None:
    """Type, bound and, where it is plain, the likely intention."""
    assert found(**change) == [message]


def test_switch_as_text() -> None:
    """Words for yes and no suggest the boolean; others do not."""
    agency = {"name": "town", "type": "police", "street": "Off", "dispatchers": "perhaps"}

    assert found(agency=[agency]) == [
        'agency.0.street must be true or false, got "Off"; did you mean false?',
        'agency.0.dispatchers must be true or false, got "perhaps"',
    ]


def test_contradictions_stand_beside_other_faults() -> None:
    """Rules between keys are checked even where single keys are wrong."""
    misuse = [{"kind": "permit_checks", "agency_group": "city"}]

    assert found(days=0, misuse=misuse) == [
        "days must be ≥ 1, got 0",
        'misuse.0.agency_group must name an agency group ("town"), got "city"',
    ]
