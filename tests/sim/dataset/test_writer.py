"""Writing: exact schemas, whole files, equal bytes."""

from __future__ import annotations

import errno
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from misusesim.dataset import encoding, schema, writer
from misusesim.errors import DatasetError

PART = "log/a00000-p000.parquet"


def test_entry_says_what_was_written(tmp_path, by_hand):
    """The entry holds rows, bytes, hash and the span of both times."""
    log = by_hand.table(schema.LOG, by_hand.query(1, 0, late=3), by_hand.query(2, 10))
    entry = writer.write_part(tmp_path, PART, log, schema.LOG)
    assert entry.rows == 2
    assert entry.bytes == (tmp_path / PART).stat().st_size
    assert entry.sha256 == writer.sha256_of(tmp_path / PART)
    assert entry.time == ("2024-01-01T08:00:00.000000Z", "2024-01-01T08:10:00.000000Z")
    assert entry.received_at == ("2024-01-01T08:03:00.000000Z", "2024-01-01T08:10:00.000000Z")


def test_equal_tables_give_equal_bytes(tmp_path, by_hand):
    """Writing the same rows again changes no byte."""
    log = by_hand.table(schema.LOG, by_hand.query(1, 0), by_hand.query(2, 10))
    first = writer.write_part(tmp_path / "a", PART, log, schema.LOG)
    assert writer.write_part(tmp_path / "b", PART, log, schema.LOG) == first


def test_a_word_given_twice_is_written_once(tmp_path, by_hand):
    """A dictionary with a word in it twice gives the bytes of one without."""
    log = by_hand.table(schema.LOG, *(by_hand.query(n, n) for n in range(4)))
    place = schema.LOG.get_field_index("case_number")

    def with_cases(codes, words):
        coded = pa.DictionaryArray.from_arrays(pa.array(codes, pa.int32()), pa.array(words))
        return log.set_column(place, schema.LOG.field(place), coded)

    twice = with_cases([0, 2, None, 1], ["23-1", "23-2", "23-1"])
    once = with_cases([0, 0, None, 1], ["23-1", "23-2"])
    assert twice["case_number"].to_pylist() == ["23-1", "23-1", None, "23-2"]
    assert writer.write_part(tmp_path / "a", PART, twice, schema.LOG) == writer.write_part(
        tmp_path / "b", PART, once, schema.LOG
    )


def test_a_word_given_twice_in_one_of_two_chunks(by_hand):
    """Chunks keep their rows when their words are told apart."""
    log = by_hand.table(schema.LOG, *(by_hand.query(n, n) for n in range(4)))
    place = schema.LOG.get_field_index("case_number")
    words = pa.array(["23-1", "23-2", "23-1"])
    chunks = [
        pa.DictionaryArray.from_arrays(pa.array(codes, pa.int32()), words)
        for codes in ([0, None], [2, 1])
    ]
    twice = log.set_column(place, schema.LOG.field(place), pa.chunked_array(chunks))
    once = writer.distinct_words(twice)
    assert once["case_number"].to_pylist() == ["23-1", None, "23-1", "23-2"]
    assert once["case_number"].chunk(0).dictionary.to_pylist() == ["23-1", "23-2"]


def test_chunks_with_different_dictionaries_stay_dictionaries(tmp_path, by_hand):
    """A table put together from parts is written like one made at once."""
    rows = [by_hand.query(1, 0, system="DMV"), by_hand.query(2, 1, system="ALPR")]
    joined = pa.concat_tables([by_hand.table(schema.LOG, row) for row in rows])
    assert joined["system"].num_chunks == 2
    whole = by_hand.table(schema.LOG, *rows)
    assert writer.write_part(tmp_path / "a", PART, joined, schema.LOG) == writer.write_part(
        tmp_path / "b", PART, whole, schema.LOG
    )


def test_encodings_and_statistics(tmp_path, by_hand):
    """Times are delta-encoded with statistics, words are dictionaries, ids are plain."""
    log = by_hand.table(schema.LOG, by_hand.query(1, 0), by_hand.query(2, 10))
    writer.write_part(tmp_path, PART, log, schema.LOG)
    group = pq.ParquetFile(tmp_path / PART).metadata.row_group(0)
    column = {group.column(i).path_in_schema: group.column(i) for i in range(group.num_columns)}
    assert "DELTA_BINARY_PACKED" in column["time"].encodings
    assert "DELTA_BINARY_PACKED" in column["received_at"].encodings
    assert "RLE_DICTIONARY" in column["system"].encodings
    assert "RLE_DICTIONARY" not in column["query_id"].encodings
    assert [n for n, c in column.items() if c.statistics is not None] == ["time", "received_at"]
    plain = [n for n, c in column.items() if c.compression == "UNCOMPRESSED"]
    assert plain == ["query_id", "time", "received_at", "subject_key", "latency_ms"]
    assert {c.compression for n, c in column.items() if n not in plain} == {"ZSTD"}
    assert "DELTA_LENGTH_BYTE_ARRAY" in column["subject_plate"].encodings


@pytest.mark.parametrize(
    "of",
    [
        schema.LOG,
        *schema.TRUTH.values(),
        *(of for tables in schema.CONTEXT.values() for of in tables.values()),
    ],
    ids=lambda of: of.names[0],
)
def test_every_column_has_its_compression(tmp_path, of):
    """A path that the writer does not know would silently be left as it is."""
    pq.write_table(of.empty_table(), tmp_path / "x", **encoding.options(of))
    file = pq.ParquetFile(tmp_path / "x").schema
    paths = {file.column(i).path for i in range(len(file))}
    assert paths == set(encoding.options(of)["compression"])


def test_schema_survives_the_disk(tmp_path, by_hand):
    """Dictionary types, nullability and the schema version are read back as they were."""
    log = by_hand.table(schema.LOG, by_hand.query(1, 0))
    writer.write_part(tmp_path, PART, log, schema.LOG)
    assert pq.read_schema(tmp_path / PART).equals(schema.LOG, check_metadata=True)


def test_row_groups_hold_at_most_a_mebirow():
    """The limit is a contract: readers may rely on it for memory."""
    assert encoding.ROW_GROUP == 1_048_576


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t.drop_columns(["hit"]), "columns are"),
        (lambda t: t.set_column(0, "query_id", t["query_id"].cast(pa.int64())),
         "query_id is int64, expected uint64 not null"),
        (lambda t: t.set_column(0, schema.LOG.field(0), pa.array([None, 2], pa.uint64())),
         "query_id holds 1 nulls but is required"),
    ],
)  # fmt: skip
def test_other_schemas_are_refused(tmp_path, by_hand, change, message):
    """Nothing is cast on the way out, and nothing is written."""
    log = by_hand.table(schema.LOG, by_hand.query(1, 0), by_hand.query(2, 1))
    with pytest.raises(DatasetError, match=message):
        writer.write_part(tmp_path, PART, change(log), schema.LOG)
    assert list(tmp_path.iterdir()) == []


def test_no_half_file_when_the_disk_is_full(tmp_path, by_hand, monkeypatch):
    """A failing write leaves neither the part nor a temporary file."""

    def full(_table, where, **_options):
        Path(where).write_bytes(b"half")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(writer.pq, "write_table", full)
    log = by_hand.table(schema.LOG, by_hand.query(1, 0))
    with pytest.raises(OSError, match="No space"):
        writer.write_part(tmp_path, PART, log, schema.LOG)
    assert [p for p in tmp_path.rglob("*") if p.is_file()] == []


def test_old_file_stays_until_the_new_one_is_whole(tmp_path):
    """An interrupted replacement keeps the file that was there."""
    (tmp_path / "x").write_text("old")

    def replace():
        with writer.replacing(tmp_path / "x") as part:
            part.write_text("ne")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        replace()
    assert [p.name for p in tmp_path.iterdir()] == ["x"]
    assert (tmp_path / "x").read_text() == "old"


def test_small_files_are_described_too(tmp_path):
    """The hash of a text file is the SHA-256 of its bytes."""
    entry = writer.write_bytes(tmp_path, "sub/x.txt", b"abc")
    assert entry.sha256 == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert entry.as_dict() == {"path": "sub/x.txt", "bytes": 3, "sha256": entry.sha256}
