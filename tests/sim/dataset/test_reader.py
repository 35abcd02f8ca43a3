"""Reading: replay order, tiers, and messages for folders that are not what they should be."""

from __future__ import annotations

import json
import shutil

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from misusesim.dataset import schema
from misusesim.dataset.reader import check_parts, open_dataset, read_part, replay_order
from misusesim.errors import DatasetError, UsageError


def test_log_is_in_replay_order(handmade):
    """Rows come by arrival: the first query of the day arrived last."""
    ids = open_dataset(handmade).log()["query_id"].to_pylist()
    assert ids == [2**64 - 1, 12, 13, 11]


def test_equal_arrivals_are_ordered_by_id(tmp_path, by_hand):
    """Two rows that arrive in the same microsecond come in the order of their ids."""
    rows = [by_hand.query(5, 0), by_hand.query(3, 0), by_hand.query(2**63, 0)]
    assert replay_order(by_hand.table(schema.LOG, *rows)).tolist() == [1, 0, 2]


def test_log_has_the_exact_schema_in_one_chunk(handmade):
    """Dictionaries of several parts become one per column."""
    log = open_dataset(handmade).log()
    assert log.schema.equals(schema.LOG, check_metadata=True)
    assert log["officer_id"].num_chunks == 1
    assert log["officer_id"].to_pylist() == ["off-1", "off-1", "off-2", "off-1"]


def test_columns_can_be_chosen(handmade):
    """Only the columns asked for come back, in the order asked for, still in replay order."""
    log = open_dataset(handmade).log(["system", "query_id"])
    assert log.column_names == ["system", "query_id"]
    assert log["system"].to_pylist() == ["ALPR", "ALPR", "DMV", "ALPR"]


def test_unknown_column_is_named(handmade):
    """A wrong column name is the caller's fault and is said."""
    with pytest.raises(UsageError, match="the log has no column colour"):
        open_dataset(handmade).log(["colour"])


def test_empty_and_missing_texts_stay_apart(handmade):
    """An empty case number is not a missing one."""
    cases = open_dataset(handmade).log(["case_number"])["case_number"].to_pylist()
    assert cases == [None, None, None, ""]


@pytest.mark.parametrize(
    ("tier", "folders"),
    [
        ("T0", {"directory"}),
        ("T1", {"directory", "roster"}),
        ("T2", {"directory", "roster", "dispatch"}),
        ("T3", {"directory", "roster", "dispatch", "ties"}),
    ],
)
def test_a_tier_gets_its_tables_and_no_others(handmade, tier, folders):
    """Every table of a tier is there, empty where the data set has no rows for it."""
    tables = open_dataset(handmade).context(tier)
    assert {name.partition("/")[0] for name in tables} == folders
    for name, table in tables.items():
        folder, _, own = name.partition("/")
        assert table.schema.equals(schema.CONTEXT[folder][own], check_metadata=True)


def test_context_is_in_the_order_of_becoming_known(handmade):
    """The row known first comes first, whatever its place in the part."""
    officers = open_dataset(handmade).context("T1")["roster/officers"]
    assert officers["officer_id"].to_pylist() == ["off-1", "off-2"]


def test_unknown_tier_is_named(handmade):
    """A wrong tier is answered with the tiers there are."""
    with pytest.raises(UsageError, match="no tier T9; there are T0, T1, T2, T3"):
        open_dataset(handmade).context("T9")


def test_missing_folder(tmp_path):
    """A folder that is not there is a wrong argument."""
    with pytest.raises(UsageError, match="is not a folder"):
        open_dataset(tmp_path / "nothing")


def test_foreign_folder(tmp_path):
    """A folder with something else in it is a wrong argument."""
    (tmp_path / "holiday.jpg").write_text("")
    with pytest.raises(UsageError, match="is not a data set"):
        open_dataset(tmp_path)


def test_unfinished_data_set_says_what_to_do(tmp_path):
    """A folder that was left in the middle says how to go on."""
    (tmp_path / ".work").mkdir()
    with pytest.raises(DatasetError, match="run the same `simulate` command again"):
        open_dataset(tmp_path)


def test_damaged_manifest(handmade):
    """A manifest that is no JSON is damage, not a traceback."""
    (handmade / "manifest.json").write_text("{")
    with pytest.raises(DatasetError, match="damaged"):
        open_dataset(handmade)


def test_other_schema_version(handmade):
    """A data set of another schema version is refused with both versions."""
    path = handmade / "manifest.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "schema_version": "99"}))
    with pytest.raises(UsageError, match="schema version 99, this package reads 2"):
        open_dataset(handmade)


def test_missing_part(handmade):
    """A part that is gone is named."""
    (handmade / "log/a00000-p001.parquet").unlink()
    with pytest.raises(DatasetError, match=r"a00000-p001\.parquet is missing"):
        open_dataset(handmade).log()


def test_flipped_bit_in_a_page_is_found(handmade):
    """Page checksums are verified on every read."""
    path = handmade / "log/a00000-p000.parquet"
    data = bytearray(path.read_bytes())
    data[40] ^= 1
    path.write_bytes(data)
    with pytest.raises(DatasetError, match="damaged"):
        read_part(path)


def test_truncated_part_is_found(handmade):
    """A part cut short is damage."""
    path = handmade / "log/a00000-p000.parquet"
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(DatasetError, match="damaged"):
        read_part(path)


def test_changed_parts_are_found_by_their_hash(handmade):
    """A well-formed part with other bytes than the manifest's is refused; other folders are not."""
    dataset = open_dataset(handmade)
    check_parts(dataset, ("log", "truth"))
    path = next((handmade / "truth/queries").iterdir())
    table = read_part(path)
    pq.write_table(table.slice(0, table.num_rows - 1), path)
    check_parts(dataset, ("log",))
    with pytest.raises(DatasetError, match=f"{path.name} is damaged or was changed"):
        check_parts(dataset, ("log", "truth"))
    path.unlink()
    with pytest.raises(DatasetError, match=f"{path.name} is missing"):
        check_parts(dataset, ("truth",))


@pytest.mark.parametrize("every", [True, False])
def test_a_part_without_a_column_is_damage(handmade, every):
    """One part or all parts lack it: the column is named."""
    for path in sorted((handmade / "log").iterdir())[: None if every else 1]:
        pq.write_table(read_part(path).drop_columns(["officer_id"]), path)
    with pytest.raises(DatasetError, match="officer_id; `misusebench verify`"):
        open_dataset(handmade).log()


@pytest.mark.parametrize(
    "changes",
    [{"files": None}, {"files": [1]}, {"files": [{"path": 1}]}, {"rows": None}, {"rows": 3}],
)
def test_a_manifest_of_wrong_types(handmade, changes):
    """Valid JSON that is no manifest is damage."""
    path = handmade / "manifest.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))
    with pytest.raises(DatasetError, match="damaged"):
        open_dataset(handmade)


def test_a_log_without_rows(handmade, tmp_path):
    """A data set without a log part gives an empty log of the right schema."""
    shutil.rmtree(handmade / "log")
    path = handmade / "manifest.json"
    found = json.loads(path.read_text())
    found["files"] = [f for f in found["files"] if not f["path"].startswith("log/")]
    path.write_text(json.dumps(found))
    log = open_dataset(handmade).log()
    assert log.num_rows == 0
    assert log.schema.equals(schema.LOG)
    assert isinstance(log, pa.Table)


def test_scenario_and_zone_of_a_data_set(handmade):
    """The scenario is read from the file beside the log, the zone from the directory."""
    dataset = open_dataset(handmade)
    assert (dataset.scenario.name, dataset.scenario.seed) == ("handmade", 7)
    assert dataset.timezone == "America/Los_Angeles"
