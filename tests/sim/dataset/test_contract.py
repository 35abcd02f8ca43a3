"""The contract on disk: what all tables have in common, and the lists that code and data share."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import get_args

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from misusesim.dataset import layout, schema
from misusesim.dataset.croissant import data_type
from misusesim.dataset.reader import join_parts, replay_order
from misusesim.scenario.misuse import Misuse
from misusesim.scenario.model import AgencyGroup, Oddity
from misusesim.scenario.prevalence import RungMix

TABLES = {
    "log": schema.LOG,
    **{f"truth/{name}": of for name, of in schema.TRUTH.items()},
    **{f"context/{name}": of for name, of in layout.context_tables().items()},
}
LISTS = {
    name: value
    for name, value in vars(schema).items()
    if name.isupper() and isinstance(value, tuple) and all(isinstance(v, str) for v in value)
}


@pytest.mark.parametrize("name", TABLES)
def test_every_table_names_its_version(name):
    """The version of the contract is in the metadata of each table, and nothing else is."""
    assert TABLES[name].metadata == {b"schema_version": b"2"}


@pytest.mark.parametrize("name", TABLES)
def test_column_names_are_plain_words(name):
    """Names are lower case, unique, and need no quotes in SQL."""
    names = TABLES[name].names
    assert len(set(names)) == len(names)
    assert all(re.fullmatch("[a-z][a-z_]*", n) for n in names)
    assert not {"select", "from", "where", "order", "group"} & set(names)


@pytest.mark.parametrize("name", TABLES)
def test_times_are_utc_microseconds(name):
    """No column has a time of another unit or zone."""
    times = [f.type for f in TABLES[name] if pa.types.is_timestamp(f.type)]
    assert all(kind == pa.timestamp("us", tz="UTC") for kind in times)


@pytest.mark.parametrize("name", [n for n in TABLES if n.startswith("context/")])
def test_context_rows_say_when_they_hold_and_when_they_are_known(name):
    """The last three columns are the same in all context tables; only the end may be missing."""
    last = list(TABLES[name])[-3:]
    assert [(f.name, f.nullable) for f in last] == [
        ("valid_from", False), ("valid_to", True), ("known_at", False),
    ]  # fmt: skip


@pytest.mark.parametrize("name", TABLES)
def test_keys_have_one_type_everywhere(name):
    """Subjects and queries are unsigned 64-bit numbers, officers and agencies are texts."""
    for f in TABLES[name]:
        if f.name in {"query_id", "subject_key", "plate_key", "household", "duplicate_of"}:
            assert f.type == pa.uint64()
        if f.name in {"officer_id", "agency_id", "incident_id", "case_id", "campaign_id"}:
            plain = f.type.value_type if pa.types.is_dictionary(f.type) else f.type
            assert plain == pa.string()


@pytest.mark.parametrize("name", TABLES)
def test_every_column_can_be_described(name):
    """Each type has a name in Croissant."""
    kinds = {data_type(f.type) for f in TABLES[name]}
    assert kinds <= {
        "sc:Text", "sc:DateTime", "sc:Date", "sc:Boolean", "cr:UInt64", "cr:Int8", "cr:Int16",
        "cr:Int32",
    }  # fmt: skip


@pytest.mark.parametrize("name", LISTS)
def test_closed_lists_have_no_word_twice_and_fit_their_codes(name):
    """A code is the place of its word, and a place fits into eight bits with a sign."""
    assert len(set(LISTS[name])) == len(LISTS[name])
    assert 0 < len(LISTS[name]) < 128


def test_the_scenario_speaks_the_words_of_the_contract():
    """Kinds, rungs and types that a scenario may name are those that tables may hold."""
    kinds = [model.model_fields["kind"].annotation for model in get_args(get_args(Misuse)[0])]
    assert tuple(get_args(kind)[0] for kind in kinds) == schema.MISUSE_KINDS
    assert get_args(AgencyGroup.model_fields["type"].annotation) == schema.AGENCY_TYPES
    assert get_args(AgencyGroup.model_fields["case_field"].annotation) == schema.FIELD_RULES
    assert tuple(RungMix.model_fields) == schema.RUNGS
    named = get_args(Oddity.model_fields["kind"].annotation)
    assert set(schema.ODDITY_KINDS) - set(named) == {"lawful_licensing"}
    assert set(named) < set(schema.ODDITY_KINDS)


def test_telecommunications_systems():
    """Eleven systems are reached over the state network; cameras and own records are not."""
    assert len(schema.CLETS_SYSTEMS) == 11
    outside = set(schema.SYSTEMS) - set(schema.CLETS_SYSTEMS)
    assert outside == {"ALPR", "RMS", "LICENSING"}


def test_tiers_grow_by_one_folder():
    """Each tier sees all of the one below; the last sees every context table."""
    tiers = list(schema.TIERS.values())
    assert [len(folders) for folders in tiers] == [1, 2, 3, 4]
    assert all(more[: len(less)] == less for less, more in pairwise(tiers))
    assert tiers[-1] == tuple(schema.CONTEXT)
    sizes = [len(layout.context_tables(tier)) for tier in schema.TIERS]
    assert sizes == [1, 7, 16, 19]


@pytest.mark.parametrize("name", TABLES)
def test_a_part_of_every_table_has_its_schema(name):
    """The place of a part says of which table it is."""
    assert layout.schema_of(f"{name}/a00000.parquet") is TABLES[name]


@pytest.mark.parametrize(
    "path",
    ["", "log", "truth/queries", "truth/nothing/x", "context/roster/x", "context/no/officers/x",
     "log/a/b", "manifest.json", "context/roster/officers/a/b", "Log/x"],
)  # fmt: skip
def test_strangers_have_no_schema(path):
    """A path that is no part of a table is nobody's."""
    assert layout.schema_of(path) is None


def test_truth_tables_belong_to_agency_or_shard():
    """Each truth table is written by one of the two passes."""
    both = [*layout.TRUTH_OF_AGENCY, *layout.TRUTH_OF_SHARD]
    assert sorted(both) == sorted(schema.TRUTH)


@pytest.mark.parametrize("code", [3, 127, -1])
def test_a_code_without_a_word_is_refused(code):
    """Codes outside the list never become a wrong word."""
    with pytest.raises(IndexError, match=f"Index {code} out of bounds"):
        schema.coded(pa.array([0, code], pa.int8()), ("a", "b", "c"))


def test_codes_become_words():
    """A code is a place in the list, a null stays one."""
    column = schema.coded(pa.array([2, None, 0], pa.int8()), ("a", "b", "c"))
    assert column.to_pylist() == ["c", None, "a"]
    assert column.type == schema.WORD


SMALL = pa.schema([pa.field("n", pa.int64()), pa.field("w", schema.WORD)], {"schema_version": "1"})


def small(*rows):
    """Return rows of the small schema, whose dictionary has only the words that occur."""
    words = pa.array([w for _, w in rows], pa.string()).dictionary_encode()
    codes = words.indices.cast(pa.int8())
    coded = pa.DictionaryArray.from_arrays(codes, words.dictionary)
    return pa.table([pa.array([n for n, _ in rows], pa.int64()), coded], schema=SMALL)


def test_no_parts_are_an_empty_table():
    """A table that nobody wrote has its columns, and no rows."""
    assert join_parts([], SMALL).schema.equals(SMALL, check_metadata=True)


@settings(max_examples=25)
@given(st.lists(st.lists(st.tuples(st.integers(0, 99), st.sampled_from("xyz"))), min_size=1))
def test_joined_parts_are_one_chunk_of_all_rows(parts):
    """Rows follow in the order of the parts, though each part has its own dictionary."""
    joined = join_parts([small(*rows) for rows in parts], SMALL)
    told = list(zip(joined["n"].to_pylist(), joined["w"].to_pylist(), strict=True))
    assert told == [row for rows in parts for row in rows]
    assert max(joined["n"].num_chunks, joined["w"].num_chunks) <= 1
    assert joined.schema.equals(SMALL, check_metadata=True)


@given(st.lists(st.tuples(st.integers(-5, 5), st.integers(0, 2**64 - 1)), max_size=20))
def test_replay_is_by_arrival_then_id(rows):
    """Rows that arrive together go by id, as unsigned numbers."""
    table = pa.table({
        "received_at": pa.array([us for us, _ in rows], schema.TIME),
        "query_id": pa.array([n for _, n in rows], pa.uint64()),
    })  # fmt: skip
    order = replay_order(table)
    assert [rows[place] for place in order] == sorted(rows)
    assert sorted(order.tolist()) == list(np.arange(len(rows)))
