"""Counting: words, pairs and roles of a task, and the sums that the manifest makes of them."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from misusesim.dataset import schema
from misusesim.dataset.manifest import (
    build,
    check_accounts,
    dumps,
    realised,
    seal,
    share,
    total,
    volume,
)
from misusesim.dataset.tally import per_role, words
from misusesim.dataset.writer import Entry, instant
from misusesim.errors import DatasetError
from misusesim.scenario.misuse import PermitChecks, Retaliation
from misusesim.scenario.model import Oddity


@pytest.mark.parametrize(
    ("chunks", "counts"),
    [
        ([[]], {}),
        ([[None, None]], {}),
        ([["a"]], {"a": 1}),
        ([["b", "a"], ["a"]], {"a": 2, "b": 1}),
        ([["a", None], [], ["", "a"]], {"": 1, "a": 2}),
    ],
)
def test_words(chunks, counts):
    """Words are counted over all chunks and sorted; an empty one is a word, a null is not."""
    found = words(pa.chunked_array(chunks, pa.string()))
    assert list(found.items()) == list(counts.items())


@settings(max_examples=40)
@given(st.lists(st.lists(st.sampled_from(["a", "b", "c", None]), max_size=6), min_size=1))
def test_words_are_a_counter(parts):
    """The same as counting one by one, however the rows are cut."""
    expected = Counter(word for part in parts for word in part if word is not None)
    assert words(pa.chunked_array(parts, pa.string())) == expected


@given(st.lists(st.tuples(st.integers(0, 8), st.integers(1, 99)), max_size=20))
def test_roles_lose_nothing(rows):
    """The weights of all roles add up to the weights given."""
    role = np.array([code for code, _ in rows], np.int8)
    weight = np.array([n for _, n in rows], np.int64)
    assert sum(per_role(role).values()) == len(rows)
    assert sum(per_role(role, weight).values()) == weight.sum()


@pytest.mark.parametrize(
    ("part", "whole", "value"),
    [(0, 0, 0), (3, 0, 0), (1, 2, 0.5), (1, 3, 0.333333333), (2, 3, 0.666666667), (0, 5, 0),
     (1, 10**10, 0), (5, 5, 1), (6, 5, 1.2)],
)  # fmt: skip
def test_shares(part, whole, value):
    """Nine digits, and nothing of nothing."""
    assert share(part, whole) == value


def test_totals():
    """Tasks that do not count something are passed over."""
    tallies = [{"rows": {"lost": 1}}, {}, {"rows": {"lost": 2, "written": 5}, "x": {"y": 1}}]
    assert total(tallies, "rows") == {"lost": 3, "written": 5}
    assert total(tallies, "nothing") == {}
    assert total([], "rows") == {}


@pytest.mark.parametrize(
    ("generated", "written", "lost", "duplicates"),
    [(0, 0, 0, 0), (10, 10, 0, 0), (10, 8, 2, 0), (10, 11, 0, 1), (10, 10, 3, 3), (1, 0, 1, 0)],
)
def test_books_that_balance(generated, written, lost, duplicates):
    """Every query generated is written or lost; a second entry is written but not generated."""
    rows = {"generated": generated, "written": written, "lost": lost, "duplicates": duplicates}
    check_accounts(Counter(rows))
    with pytest.raises(DatasetError) as caught:
        check_accounts(Counter({**rows, "generated": generated + 1}))
    assert str(caught.value) == (
        f"{generated + 1} queries were generated, but {written} written + {lost} lost - "
        f"{duplicates} duplicates = {generated}"
    )


@pytest.mark.parametrize(
    ("us", "text"),
    [
        (0, "1970-01-01T00:00:00.000000Z"),
        (1, "1970-01-01T00:00:00.000001Z"),
        (-1, "1969-12-31T23:59:59.999999Z"),
        (86_400_000_000, "1970-01-02T00:00:00.000000Z"),
        (1_709_164_800_000_000, "2024-02-29T00:00:00.000000Z"),
    ],
)
def test_instants(us, text):
    """Microseconds are always written out, so that texts sort like times."""
    assert instant(us) == text


@given(st.lists(st.integers(-(10**16), 10**16), max_size=5))
def test_instants_sort_like_times(times):
    """The order of the texts is the order of the times."""
    assert sorted(map(instant, times)) == [instant(us) for us in sorted(times)]


@pytest.mark.parametrize(
    ("value", "text"),
    [({}, "{}\n"), ({"b": 1, "a": [2]}, '{\n "a": [\n  2\n ],\n "b": 1\n}\n'), ("ä", '"ä"\n')],
)
def test_json_text(value, text):
    """Keys are sorted, letters stay letters, and the file ends with a line break."""
    assert dumps(value) == text.encode()


def test_a_seal_covers_all_but_itself():
    """Sealing again changes nothing; any other change changes the hash."""
    sealed = seal({"a": 1})
    assert seal(sealed) == sealed
    assert seal({"dataset_hash": "forged", "a": 1}) == sealed
    assert seal({"a": 2})["dataset_hash"] != sealed["dataset_hash"]
    assert len(sealed["dataset_hash"]) == 64


def test_an_entry_leaves_out_what_it_does_not_have():
    """A text file has neither rows nor times; a table without rows has 0."""
    assert Entry("a", 1, "x").as_dict() == {"path": "a", "bytes": 1, "sha256": "x"}
    assert Entry("a", 1, "x", 0).as_dict() == {"path": "a", "bytes": 1, "sha256": "x", "rows": 0}


def test_volume_per_role():
    """Roles with accounts or queries, in the order of the schema; means have three digits."""
    tallies = [
        {"accounts": {"jail": 2, "patrol": 3}, "shifts": {"patrol": 7}},
        {"queries_by_role": {"patrol": 100, "it": 4}},
    ]
    assert volume(tallies) == [
        {"role": "patrol", "accounts": 3, "queries": 100, "queries_per_account": 33.333,
         "shifts": 7, "queries_per_shift": 14.286},
        {"role": "jail", "accounts": 2, "queries": 0, "queries_per_account": 0,
         "shifts": 0, "queries_per_shift": 0},
        {"role": "it", "accounts": 0, "queries": 4, "queries_per_account": 0,
         "shifts": 0, "queries_per_shift": 0},
    ]  # fmt: skip


def test_officers_of_misuse_are_counted_once(by_hand):
    """An officer whose campaign spans three shards is one officer."""
    tallies = [{"accounts": {"patrol": 8}}, *({"misuse_officers": o} for o in (["a"], ["a", "b"]))]
    found = realised(by_hand.scenario(), tallies)
    assert found["misuse_officers"] == 2
    assert found["misuse_share_of_officers"] == 0.25
    assert found["misuse_share_of_queries"] == 0


def test_expected_campaigns(by_hand):
    """Share of officers a year x accounts x days / 365, for personal misuse only."""
    misuse = (
        Retaliation(kind="retaliation", officers_per_year=0.1),
        PermitChecks(kind="permit_checks", agency_group="town"),
    )
    scenario = by_hand.scenario().model_copy(update={"misuse": misuse, "days": 73})
    revenge, permits = realised(scenario, [{"accounts": {"patrol": 50}}])["misuse"]
    assert revenge["campaigns_expected"] == 1.0
    assert "campaigns_expected" not in permits
    assert revenge["campaigns"] == dict.fromkeys(schema.RUNGS, 0)
    assert permits["configured"]["per_business_day"] == 27.15


def test_oddities_asked_for_and_come_about(by_hand):
    """What was asked for but never happened is told, and so is what nobody asked for."""
    oddity = (Oddity(kind="system_test"), Oddity(kind="self_query", rate_per_officer_year=2))
    scenario = by_hand.scenario().model_copy(update={"oddity": oddity})
    tallies = [{"oddities": {"self_query": 3}, "oddity_queries": {"lawful_licensing": 9}}]
    assert realised(scenario, tallies)["oddity"] == [
        {"kind": "self_query",
         "configured": {"rate_per_officer_year": 2.0, "share": 0.0, "per_year": 0.0},
         "occurrences": 3, "queries": 0},
        {"kind": "system_test",
         "configured": {"rate_per_officer_year": 1.0, "share": 0.0, "per_year": 0.0},
         "occurrences": 0, "queries": 0},
        {"kind": "lawful_licensing", "configured": None, "occurrences": 0, "queries": 9},
    ]  # fmt: skip


def test_shares_of_noise_beside_what_was_asked_for(by_hand):
    """Lost and doubled rows are measured on what was generated."""
    rows = {"generated": 200, "written": 199, "lost": 2, "duplicates": 1}
    made = build(by_hand.scenario(), "0" * 64, [], [{"rows": rows}])
    assert made["rows"] == rows
    assert made["realised"]["lost_share"] == {"configured": 0.0005, "realised": 0.01}
    assert made["realised"]["duplicate_share"] == {"configured": 0.001, "realised": 0.005}


def test_files_are_listed_by_path(by_hand):
    """The order in which tasks finished leaves no trace."""
    entries = [Entry(path, 1, "x") for path in ("log/b", "README.md", "log/a")]
    made = build(by_hand.scenario(), "0" * 64, entries, [])
    assert [file["path"] for file in made["files"]] == ["README.md", "log/a", "log/b"]
    assert made == build(by_hand.scenario(), "0" * 64, entries[::-1], [])
