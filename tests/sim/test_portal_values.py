"""Reading real search logs: which times, counts and names are taken, and what is said of others."""

from __future__ import annotations

import datetime as dt
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from misusesim.errors import UsageError
from misusesim.portal import COLUMNS, LOCAL, NEEDED, read_portal_csv

EPOCH = dt.datetime(1970, 1, 1)  # noqa: DTZ001 - local times have no zone
HOUR_US = 3_600_000_000


def read(tmp_path, text, name="log.csv"):
    """Read a log of this text."""
    path = tmp_path / name
    path.write_bytes(text.encode())
    return read_portal_csv(path)


def fault(tmp_path, text):
    """Return what is said of a text, without the folder."""
    with pytest.raises(UsageError) as caught:
        read(tmp_path, text)
    return str(caught.value).replace(f"{tmp_path}/", "")


@pytest.mark.parametrize(
    ("text", "us"),
    [
        ("1970-01-01T00:00", 0),
        ("1970-01-01 00:00:00", 0),
        ("1970-01-01T00:00:01", 1_000_000),
        ("1970-01-01T01:00:00", HOUR_US),
        ("1970-01-02 00:00", 24 * HOUR_US),
        ("1970-01-01T00:00:00.5", 500_000),
        ("1970-01-01T00:00:00.000001", 1),
        ("1970-01-01T00:00:00.123", 123_000),
        ("1969-12-31T23:59:59", -1_000_000),
        ("2024-02-29T12:00:00", 19_782 * 24 * HOUR_US + 12 * HOUR_US),
        ("2025-03-09T02:30:00", 20_156 * 24 * HOUR_US + 5 * HOUR_US // 2),  # skipped by clocks
    ],
)
def test_local_times(tmp_path, text, us):
    """A time is counted on the wall: an hour that clocks skip is as good as any."""
    assert read(tmp_path, f"t_local,user\n{text},a\n").time_local.tolist() == [us]


@pytest.mark.parametrize(
    "text",
    [
        "", "today", "2025-06-17", "17:02:04", "06/17/2025 17:02", "2025-6-17T17:02",
        "2025-06-17T17:02:04Z", "2025-06-17T17:02:04+00:00", "2025-06-17T17:02:04-07:00",
        "2025-06-17t17:02:04", "2025-06-17T17", "2025-06-17T17:02:04.", " 2025-06-17T17:02:04",
        "2025-06-17T17:02:04.1234567", "2025-06-17  17:02:04", "1750179724",
    ],
)  # fmt: skip
def test_what_is_no_local_time(tmp_path, text):
    """Other spellings, and times with a zone, are refused with file, line and an example."""
    said = fault(tmp_path, f"t_local,user\n2025-06-17T17:02:04,a\n{text},b\n")
    assert said == f"log.csv:3: {text!r} is not a local time such as 2025-06-17T17:02:04"


@pytest.mark.parametrize(
    "text",
    ["2025-02-30T00:00:00", "2025-13-01T00:00:00", "2025-06-17T25:00:00", "2025-06-17T17:61:00"],
)
def test_what_no_calendar_has(tmp_path, text):
    """A time of the right shape that does not exist is refused with the file."""
    said = fault(tmp_path, f"t_local,user\n{text},a\n")
    assert said.startswith("log.csv: ")
    assert text in said


@pytest.mark.parametrize(
    ("text", "count"),
    [("", None), ("0", 0), ("1", 1), ("007", 7), ("999999999", 999_999_999)],
)
def test_counts(tmp_path, text, count):
    """Cameras are whole numbers of up to nine digits; nothing is nothing."""
    log = read(tmp_path, f"t_local,user,cameras\n2025-06-17T17:02,a,{text}\n")
    assert log.cameras.to_pylist() == [count]


@pytest.mark.parametrize("text", ["-1", "1.5", "1e3", "many", "1000000000", " 1", "1 000"])
def test_what_is_no_count(tmp_path, text):
    """Whatever else is refused with file and line."""
    said = fault(tmp_path, f"t_local,user,cameras\n2025-06-17T17:02,a,{text}\n")
    assert said == f"log.csv:2: {text!r} is not a number of cameras or networks"


@pytest.mark.parametrize(
    ("header", "missing"),
    [
        ("user,cameras", "t_local"),
        ("t_local,cameras", "user"),
        ("cameras,reason", "t_local, user"),
        ("T_local,User", "t_local, user"),
        ("t_local ,user", "t_local"),
    ],
)
def test_missing_columns(tmp_path, header, missing):
    """What is missing and what is there are both told; names are matched to the letter."""
    said = fault(tmp_path, f"{header}\nx,y\n")
    assert said == f"log.csv:1: no column {missing}; found {', '.join(header.split(','))}"


def test_a_header_alone(tmp_path):
    """A log without a row is no log."""
    assert fault(tmp_path, "t_local,user\n") == "log.csv:2: no rows below the header"


def test_rows_of_another_width(tmp_path):
    """Every row with too many or too few values is told, with its line."""
    text = "t_local,user\n2025-06-17T17:02,a,1\n2025-06-17T17:02,b\n2025-06-17T17:02\n"
    assert fault(tmp_path, text).split("\n") == [
        "log.csv:2: 3 values, expected 2", "log.csv:4: 1 values, expected 2",
    ]  # fmt: skip


def test_at_most_twenty_such_rows_are_told(tmp_path):
    """A file that is wrong all over does not flood the terminal."""
    said = fault(tmp_path, "t_local,user\n" + "2025-06-17T17:02,a,1\n" * 50).split("\n")
    assert len(said) == 20
    assert said[-1] == "log.csv:21: 3 values, expected 2"


def test_an_empty_file(tmp_path):
    """A file without a header is no table."""
    assert fault(tmp_path, "").startswith("log.csv: not a CSV file (")


def test_a_folder(tmp_path):
    """A folder is no table either."""
    with pytest.raises(UsageError, match=re.escape(f"{tmp_path} is a folder; give")):
        read_portal_csv(tmp_path)


def test_our_names_win_over_those_of_a_portal(tmp_path):
    """A file with both names of a column is read by ours."""
    log = read(
        tmp_path,
        "searchDate,t_local,userId,user\n2025-06-17T01:00,1970-01-01T00:00,portal,ours\n",
    )
    assert log.officers == ("ours",)
    assert log.time_local.tolist() == [0]


def test_names_of_columns():
    """Each column has our name first; time and officer are needed."""
    assert {ours: names[0] for ours, names in COLUMNS.items()} == {
        "time": "t_local", "officer": "user", "cameras": "cameras", "reason": "reason",
    }  # fmt: skip
    assert NEEDED == ("time", "officer")


def test_the_name_of_a_log_is_that_of_its_file(tmp_path):
    """Folder and ending do not belong to it."""
    text = "t_local,user\n2025-06-17T17:02,a\n"
    assert read(tmp_path, text, "oak.park.csv").name == "oak.park"


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        ("", ""),
        ("inv", "inv"),
        ('""', ""),
        ('"a,b"', "a,b"),
        ('"a\nb"', "a\nb"),
        ('"say ""x"""', 'say "x"'),
        ("null", "null"),
        ("NA", "NA"),
        ("  x ", "  x "),
        ("007", "007"),
        ("ärger", "ärger"),
    ],
)
def test_reasons_are_texts_as_they_stand(tmp_path, cell, reason):
    """Nothing is trimmed, taken for a number or for a missing value."""
    log = read(tmp_path, f"t_local,user,reason\n2025-06-17T17:02,a,{cell}\n")
    assert log.reason.to_pylist() == [reason]


def test_officers_are_texts(tmp_path):
    """Two spellings of a number are two officers; an empty one is an officer too."""
    rows = "".join(f"2025-06-17T17:0{n},{who}\n" for n, who in enumerate(["7", "07", "", "7"]))
    log = read(tmp_path, f"t_local,user\n{rows}")
    assert log.officers == ("7", "07", "")
    assert log.officer.tolist() == [0, 1, 2, 0]


def test_line_ends_of_other_systems(tmp_path):
    """Carriage returns are no part of the last value."""
    log = read(tmp_path, "t_local,user,reason\r\n2025-06-17T17:02,a,inv\r\n")
    assert log.reason.to_pylist() == ["inv"]


@settings(max_examples=30)
@given(
    st.lists(
        st.tuples(st.integers(0, 10**6), st.sampled_from("abc"), st.integers(0, 9)),
        min_size=1, max_size=12,
    )
)  # fmt: skip
def test_sorting_moves_whole_rows(tmp_path_factory, rows):
    """Every row keeps its officer, cameras and reason; equal times keep the file's order."""
    lines = [
        f"{(EPOCH + dt.timedelta(seconds=s)).isoformat()},{who},{n},{place}"
        for place, (s, who, n) in enumerate(rows)
    ]
    folder = tmp_path_factory.mktemp("sorted")
    log = read(folder, "t_local,user,cameras,reason\n" + "\n".join(lines) + "\n")
    told = zip(
        (log.time_local // 10**6).tolist(), [log.officers[o] for o in log.officer],
        log.cameras.to_pylist(), [int(r) for r in log.reason.to_pylist()], strict=True,
    )  # fmt: skip
    assert list(told) == sorted(
        ((s, who, n, place) for place, (s, who, n) in enumerate(rows)), key=lambda r: (r[0], r[3])
    )


@given(st.datetimes(dt.datetime(1900, 1, 1), dt.datetime(2100, 1, 1)))  # noqa: DTZ001
def test_every_iso_time_has_the_shape(moment):
    """What Python writes as ISO is a local time, with a zone it is none."""
    assert LOCAL.fullmatch(moment.isoformat())
    assert LOCAL.fullmatch(moment.isoformat(" "))
    assert not LOCAL.fullmatch(moment.replace(tzinfo=dt.UTC).isoformat())
