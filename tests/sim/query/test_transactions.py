"""Kinds of query: the closed lists they are made of, their mixes, and who is asked about again."""

from __future__ import annotations

import numpy as np
import pytest

from misusesim.dataset.schema import MESSAGE_KEYS, SUBJECT_KINDS, SYSTEMS
from misusesim.occasions import TEMPLATE, TEMPLATES
from misusesim.query.transactions import (
    KEY,
    KIND,
    NAMES,
    SENSITIVE,
    SHOWS,
    SYSTEM,
    TRANSACTIONS,
    mixes,
)

FIRST, LATER = 0, 1
STRANGER, NAMED = 0, 1


def percent(template, later=FIRST):
    """Return the share of each transaction of a template in whole per cent."""
    codes, counts = np.unique(mixes().transaction[TEMPLATE[template], later], return_counts=True)
    return {
        NAMES[code]: round(count / 655.36)
        for code, count in zip(codes.tolist(), counts.tolist(), strict=True)
    }


def where(**wanted):
    """Return the names of the transactions with these fields."""
    return {
        name for name, t in TRANSACTIONS.items()
        if all(getattr(t, field) == value for field, value in wanted.items())
    }  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_codes_of_a_transaction_are_those_of_the_schema(name):
    """System, key and subject of every transaction are words of the contract."""
    at, one = NAMES.index(name), TRANSACTIONS[name]
    assert SYSTEMS[SYSTEM[at]] == one.system
    assert MESSAGE_KEYS[KEY[at]] == one.key
    assert SUBJECT_KINDS[KIND[at]] == one.subject


@pytest.mark.parametrize(
    ("name", "system", "key", "subject"),
    [
        ("registration", "DMV", "RQ", "vehicle"),
        ("licence", "DMV", "DQ", "person"),
        ("driver_history", "DMV", "KQ", "person"),
        ("wanted", "NCIC", "QW", "person"),
        ("stolen_ncic", "NCIC", "QV", "vehicle"),
        ("gun", "NCIC", "QG", "property"),
        ("history_index", "III", "QH", "person"),
        ("history_record", "III", "QR", "person"),
        ("history_full_away", "NLETS", "FQ", "person"),
        ("alpr_area", "ALPR", "multi-area", "vehicle"),
        ("records_case", "RMS", "case", "person"),
        ("permit", "LICENSING", "permit", "person"),
    ],
)
def test_message_keys_are_those_of_the_networks(name, system, key, subject):
    """Registrations are RQ, licences DQ, wanted persons QW, criminal histories QH and QR."""
    assert TRANSACTIONS[name][:3] == (system, key, subject)


def test_every_system_of_the_contract_is_queried_by_some_transaction():
    """No system of the schema stays without rows."""
    assert {t.system for t in TRANSACTIONS.values()} == set(SYSTEMS)


def test_every_message_key_of_the_contract_is_sent():
    """No key of the schema stays without rows."""
    assert {t.key for t in TRANSACTIONS.values()} == set(MESSAGE_KEYS)


def test_plate_readers_are_asked_about_vehicles_only():
    """A camera knows plates, not people."""
    assert where(system="ALPR") == {n for n in NAMES if n.startswith("alpr_")}
    assert {TRANSACTIONS[n].subject for n in where(system="ALPR")} == {"vehicle"}


def test_only_screens_about_persons_show_fields_of_persons():
    """A query for a vehicle or a thing shows no surname, birth year or sex."""
    shown = SHOWS["s"] | SHOWS["y"] | SHOWS["x"]
    assert {SUBJECT_KINDS[k] for k in KIND[shown]} == {"person"}


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("licence", "sy"), ("wanted", "syx"), ("history_record", ""), ("records_name", "sy"),
        ("records_address", ""), ("registration", ""), ("gun", ""), ("permit", "syx"),
    ],
)  # fmt: skip
def test_what_a_screen_shows(name, fields):
    """A licence screen shows surname and birth year; a record by its number shows neither."""
    assert {f for f in "syx" if SHOWS[f][NAMES.index(name)]} == set(fields)


def test_a_screen_with_a_sex_shows_a_name_too():
    """Sex is never the only thing typed, and a birth year never comes without a surname."""
    assert not (SHOWS["x"] & ~SHOWS["y"]).any()
    assert (SHOWS["y"] == SHOWS["s"]).all()


def test_sensitive_screens_are_criminal_history_firearms_orders_and_plate_readers():
    """These insist on a case number more than others do."""
    assert {SYSTEMS[s] for s in SYSTEM[SENSITIVE]} == {"III", "ACHS", "CARPOS", "ALPR", "AFS"}
    assert not SENSITIVE[NAMES.index("registration")]


def test_there_is_a_table_for_each_template_and_place():
    """Two tables of 65,536 places a template: the first query, and the later ones."""
    assert mixes().transaction.shape == (len(TEMPLATES), 2, 65_536)
    assert mixes().same.shape == (len(TEMPLATES), 2)


@pytest.mark.parametrize(
    ("template", "later", "mix"),
    [
        ("traffic_stop", FIRST, {"registration": 76, "stolen": 6, "stolen_ncic": 6,
                                 "registration_away": 4, "licence": 8}),
        ("permit_desk", FIRST, {"permit": 100}),
        ("permit_desk", LATER, {"permit": 100}),
        ("plate_check", LATER, {"registration": 80, "stolen": 9, "stolen_ncic": 7,
                                "registration_away": 4}),
        ("hotlist_repeat", FIRST, {"alpr_lookup": 74, "alpr_search": 26}),
        ("hotlist_repeat", LATER, {"alpr_lookup": 70, "alpr_search": 30}),
        ("system_test", LATER, {"registration": 60, "licence": 30, "wanted": 10}),
        ("self_check", LATER, {"licence": 45, "registration": 55}),
        ("name_check", FIRST, {"licence": 40, "wanted": 18, "records_name": 22,
                               "registration": 20}),
        ("warrant_check", LATER, {"wanted": 42, "wanted_state": 34, "wanted_all": 8,
                                  "licence": 16}),
    ],
)  # fmt: skip
def test_mixes_in_per_cent(template, later, mix):
    """A template asks what its line of the table says, in the shares that it says."""
    assert percent(template, later) == mix


@pytest.mark.parametrize("template", TEMPLATES)
@pytest.mark.parametrize("later", [FIRST, LATER])
def test_every_mix_adds_up_to_a_hundred(template, later):
    """No line of the table was meant for more or less than 100 per cent."""
    assert sum(percent(template, later).values()) == 100


def test_a_stop_begins_with_the_car_and_goes_on_with_the_driver():
    """The first query at a stop is mostly about the vehicle, later ones about people."""
    vehicle = SUBJECT_KINDS.index("vehicle") == KIND
    first, later = (
        vehicle[mixes().transaction[TEMPLATE["traffic_stop"], i]].mean() for i in (0, 1)
    )
    assert first == pytest.approx(0.92, abs=1e-4)
    assert later == pytest.approx(0.29, abs=1e-4)


@pytest.mark.parametrize("template", ["traffic_stop", "pedestrian_stop", "call_field",
                                      "call_dispatch", "plate_check", "warrant_check"])  # fmt: skip
def test_nobody_on_the_street_reads_criminal_histories(template):
    """III is the business of detectives, jails and clerks."""
    systems = {TRANSACTIONS[n].system for i in (0, 1) for n in percent(template, i)}
    assert not systems & {"III", "ACHS"}


def test_only_the_permit_desk_opens_permits():
    """The lawful road for permits is one template's alone."""
    assert [t for t in TEMPLATES if "permit" in percent(t)] == ["permit_desk"]


def test_prohibited_permit_checks_stay_within_the_template_of_background_checks():
    """Background checks use histories and never the licensing system."""
    names = {n for i in (FIRST, LATER) for n in percent("background_check", i)}
    assert "permit" not in names
    assert {"history_index", "history_state", "firearms_owner"} <= names


@pytest.mark.parametrize(
    ("template", "named", "stranger"),
    [
        ("traffic_stop", 82, 80), ("pedestrian_stop", 82, 80), ("call_field", 72, 60),
        ("plate_check", 100, 8), ("alpr_search", 100, 60), ("case_session", 75, 50),
        ("warrant_check", 100, 10), ("booking", 96, 96), ("jail_check", 100, 12),
        ("records_request", 100, 35), ("hotlist_repeat", 100, 100), ("name_check", 100, 100),
        ("background_check", 100, 100),
    ],
)  # fmt: skip
def test_how_often_the_same_person_is_asked_about_again(template, named, stranger):
    """The first number is for an occasion that names its subject, the second for strangers."""
    same = mixes().same[TEMPLATE[template]]
    assert same[NAMED] == named * 65_536 // 100
    assert same[STRANGER] == stranger * 65_536 // 100


def test_who_is_named_is_never_dropped_sooner_than_a_stranger():
    """A named subject stays the subject at least as often as a stranger does."""
    assert (mixes().same[:, NAMED] >= mixes().same[:, STRANGER]).all()


def test_the_tables_are_made_once():
    """A second call gives the tables of the first."""
    assert mixes() is mixes()
