"""Exporting: nothing lost, nothing run by a spreadsheet, nothing half-written."""

from __future__ import annotations

import csv
import errno
import json
import sqlite3

import pyarrow as pa
import pyarrow.csv as pcsv
import pytest

from misusesim.dataset import export as exporting
from misusesim.dataset import schema
from misusesim.dataset.export import export
from misusesim.dataset.reader import open_dataset
from misusesim.errors import UsageError
from misusesim.portal import read_portal_csv


def rows_of(path):
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_csv_reads_back_as_the_log(handmade, tmp_path):
    """Every value of every row survives csv, the empty text apart from the missing one."""
    assert export(handmade, "csv", tmp_path / "log.csv") == 4
    types = {f.name: pa.string() if pa.types.is_dictionary(f.type) else f.type for f in schema.LOG}
    back = pcsv.read_csv(
        tmp_path / "log.csv",
        parse_options=pcsv.ParseOptions(newlines_in_values=True),
        convert_options=pcsv.ConvertOptions(
            column_types=types, strings_can_be_null=True, quoted_strings_can_be_null=False
        ),
    )
    log = open_dataset(handmade).log()
    assert back.to_pylist() == log.to_pylist()


def test_times_are_iso_8601_utc(handmade, tmp_path):
    """Times say their zone and keep their microseconds."""
    export(handmade, "csv", tmp_path / "log.csv")
    assert rows_of(tmp_path / "log.csv")[0]["time"] == "2024-01-01T08:05:00.000000Z"


def test_jsonl_reads_back_as_the_log(handmade, tmp_path):
    """Keys of 64 bits are texts, because JSON readers round numbers to 53 bits."""
    export(handmade, "jsonl", tmp_path / "log.jsonl")
    rows = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert [row["query_id"] for row in rows] == ["18446744073709551615", "12", "13", "11"]
    assert rows[1]["reason_text"] == 'a,"b"\nc'
    assert rows[3]["case_number"] == ""
    assert rows[0]["case_number"] is None
    assert list(rows[0]) == schema.LOG.names


def test_sqlite_reads_back_as_the_log(handmade, tmp_path):
    """The table holds the same rows, in the same order, keyed by query id."""
    export(handmade, "sqlite", tmp_path / "log.db")
    base = sqlite3.connect(tmp_path / "log.db")
    try:
        rows = base.execute("SELECT query_id, reason_text, case_number, hit FROM log").fetchall()
    finally:
        base.close()
    assert rows == [
        ("18446744073709551615", None, None, 0),
        ("12", 'a,"b"\nc', None, 0),
        ("13", None, None, 0),
        ("11", "=inv", "", 0),
    ]


def test_excel_safe_defuses_formulas_and_long_ids(handmade, tmp_path):
    """A cell that starts like a formula, and an id that would be rounded, get an apostrophe."""
    export(handmade, "csv", tmp_path / "log.csv", excel_safe=True)
    last = rows_of(tmp_path / "log.csv")[3]
    assert last["reason_text"] == "'=inv"
    assert last["query_id"] == "'11"
    assert last["subject_key"] == "'9223372036854775813"


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_every_formula_start_is_defused(start):
    """All six characters that begin a formula are covered."""
    table = pa.table({"reason_text": [start + "1+1", "1" + start]})
    assert exporting.defuse(table)["reason_text"].to_pylist() == ["'" + start + "1+1", "1" + start]


def test_portal_csv_holds_plate_reader_searches(handmade, tmp_path):
    """Only ALPR rows, in local time, with the number of agencies searched."""
    assert export(handmade, "portal-csv", tmp_path / "portal.csv") == 3
    rows = rows_of(tmp_path / "portal.csv")
    assert list(rows[0]) == ["id", "userId", "searchDate", "networkCount", "reason"]
    assert [row["networkCount"] for row in rows] == ["3", "3", "1"]
    assert rows[2]["searchDate"][:16] == "2024-01-01T00:00"
    assert rows[2]["reason"] == "=inv"


def test_portal_csv_can_be_read_as_a_real_log(handmade, tmp_path):
    """What is exported is what the reader of real logs takes."""
    export(handmade, "portal-csv", tmp_path / "portal.csv")
    log = read_portal_csv(tmp_path / "portal.csv")
    assert len(log) == 3
    assert log.officers == ("off-1",)
    assert log.cameras.to_pylist() == [1, 3, 3]


@pytest.mark.parametrize(
    ("fmt", "excel_safe", "message"),
    [
        ("xlsx", False, "no format xlsx; there are csv, jsonl, sqlite, portal-csv"),
        ("jsonl", True, "goes with csv and portal-csv, not with jsonl"),
    ],
)
def test_wrong_wishes_are_explained(handmade, tmp_path, fmt, excel_safe, message):
    """An unknown format or a switch that does not fit is said before anything is written."""
    with pytest.raises(UsageError, match=message):
        export(handmade, fmt, tmp_path / "x", excel_safe=excel_safe)
    assert not (tmp_path / "x").exists()


def test_not_into_the_data_set(handmade):
    """A file inside the data set would make it fail verification."""
    with pytest.raises(UsageError, match="lies inside the data set"):
        export(handmade, "csv", handmade / "log.csv")


def test_a_failed_export_leaves_the_old_file(handmade, tmp_path, monkeypatch):
    """The file that was there stays until the new one is whole."""

    def full(_table, part):
        part.write_text("half")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setitem(exporting.WRITERS, "csv", full)
    (tmp_path / "log.csv").write_text("old")
    with pytest.raises(OSError, match="No space"):
        export(handmade, "csv", tmp_path / "log.csv")
    assert (tmp_path / "log.csv").read_text() == "old"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["data", "log.csv"]
