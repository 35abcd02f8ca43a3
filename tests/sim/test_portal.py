"""Reading real search logs."""

from __future__ import annotations

import pytest

from misusesim.errors import UsageError
from misusesim.portal import read_portal_csv


def written(tmp_path, text):
    path = tmp_path / "log.csv"
    path.write_text(text, encoding="utf-8", newline="")
    return path


def test_rows_come_in_the_order_of_time(tmp_path):
    """Rows are sorted by local time; officers are coded in the order of the file."""
    log = read_portal_csv(
        written(
            tmp_path,
            "t_local,user,cameras,reason\n"
            "2025-06-17T17:02:05,u2,10,later\n"
            "2025-06-17 17:02:04,u1,,sooner\n",
        )
    )
    assert log.name == "log"
    assert len(log) == 2
    assert log.officers == ("u2", "u1")
    assert log.officer.tolist() == [1, 0]
    assert log.reason.to_pylist() == ["sooner", "later"]
    assert log.cameras.to_pylist() == [None, 10]
    assert (log.time_local[1] - log.time_local[0]) == 1_000_000


def test_equal_times_keep_the_order_of_the_file(tmp_path):
    """Logs cut to minutes have ties; the file's order is all there is to go by."""
    rows = "".join(f"2025-06-17T17:02,u{n},1,r{n}\n" for n in range(9))
    log = read_portal_csv(written(tmp_path, "t_local,user,cameras,reason\n" + rows))
    assert log.reason.to_pylist() == [f"r{n}" for n in range(9)]


def test_names_of_a_portal_download_do_as_well(tmp_path):
    """searchDate, userId and networkCount are the same columns; others are ignored."""
    log = read_portal_csv(
        written(
            tmp_path,
            "id,userId,searchDate,networkCount,reason\n"
            '7,a,2026-02-24T16:00:49.236,341,"a, ""b""\nc"\n',
        )
    )
    assert log.reason.to_pylist() == ['a, "b"\nc']
    assert log.cameras.to_pylist() == [341]
    assert log.time_local[0] % 1_000_000 == 236_000


def test_reason_and_cameras_may_be_absent(tmp_path):
    """Only time and officer are needed; what is not there is null."""
    log = read_portal_csv(written(tmp_path, "t_local,user\n2025-06-17T17:02:04,u1\n"))
    assert log.reason.to_pylist() == [None]
    assert log.cameras.to_pylist() == [None]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("when,who\n1,2\n", r"log\.csv:1: no column t_local, user; found when, who"),
        ("t_local,user\n", r"log\.csv:2: no rows below the header"),
        (
            "t_local,user\n2025-06-17T17:02:04,a\nyesterday,a\n",
            r"log\.csv:3: 'yesterday' is not a local time such as 2025-06-17T17:02:04",
        ),
        ("t_local,user\n2025-13-41T17:02:04,a\n", r"log\.csv"),
        (
            "t_local,user,cameras\n2025-06-17T17:02:04,a,many\n",
            r"log\.csv:2: 'many' is not a number of cameras or networks",
        ),
        ("t_local,user\n2025-06-17T17:02:04,a,b,c\n", r"log\.csv:2: 4 values, expected 2"),
        ("", r"log\.csv: not a CSV file"),
    ],
)
def test_faults_name_file_and_line(tmp_path, text, message):
    """A wrong file is answered with the place and what is expected."""
    with pytest.raises(UsageError, match=message):
        read_portal_csv(written(tmp_path, text))


def test_missing_file(tmp_path):
    """A file that is not there is named."""
    with pytest.raises(UsageError, match=r"gone\.csv: no such file"):
        read_portal_csv(tmp_path / "gone.csv")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"PAR1" + bytes(100), "is a Parquet file; a search log is a CSV file"),
        (b"t_local,user\n2024-01-01 00:00:00,\xff\xfe\n", "not a CSV file in UTF-8"),
        (b"t_local,user\n" + b"2024-01-01 00:00:00,a\n" * 60_000 + b"\xc3", "in UTF-8"),
    ],
)
def test_what_is_no_text_is_told_before_it_is_parsed(tmp_path, content, said):
    """A Parquet file, bytes that are no UTF-8, and half a letter at the end of a long file."""
    path = tmp_path / "log.csv"
    path.write_bytes(content)
    with pytest.raises(UsageError, match=said):
        read_portal_csv(path)
