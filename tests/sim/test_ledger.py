"""The ledger: what is finished stays finished, what is torn or changed does not count."""

from __future__ import annotations

import pytest

from misusesim.dataset import schema
from misusesim.dataset.writer import write_bytes, write_part
from misusesim.ledger import Done, Ledger


@pytest.fixture
def root(tmp_path):
    (tmp_path / ".work").mkdir()
    return tmp_path


def finished(root, task, data=b"data"):
    entry = write_bytes(root, f"log/{task}.parquet", data)
    return Done(task, (entry,), {"rows": {"written": 3}})


def test_a_finished_task_is_read_back(root):
    """What was appended comes back equal, and knows its rows."""
    done = finished(root, "a00000-p000")
    Ledger(root).append(done)
    assert Ledger(root).finished() == {"a00000-p000": done}
    assert done.written == 3


def test_no_ledger_means_nothing_is_finished(root):
    """A new run starts from nothing."""
    assert Ledger(root).finished() == {}


@pytest.mark.parametrize("torn", [b'{"task": "a00001-p0', b"{}", b"[1, 2", b"\xff\xfe"])
def test_a_torn_line_is_ignored_and_the_next_one_is_whole(root, torn):
    """A run killed while writing a line leaves all others readable, before and after."""
    one, two = finished(root, "a00000-p000"), finished(root, "a00000-p001")
    Ledger(root).append(one)
    with (root / ".work/ledger.jsonl").open("ab") as file:
        file.write(torn)
    assert Ledger(root).finished() == {"a00000-p000": one}
    Ledger(root).append(two)
    assert Ledger(root).finished() == {"a00000-p000": one, "a00000-p001": two}


@pytest.mark.parametrize("harm", ["change", "cut", "remove"])
def test_a_harmed_file_is_not_finished(root, harm):
    """A task whose file changed, shrank or vanished is done again."""
    done = finished(root, "a00000-p000")
    Ledger(root).append(done)
    path = root / "log/a00000-p000.parquet"
    if harm == "remove":
        path.unlink()
    else:
        path.write_bytes(b"dat4" if harm == "change" else b"dat")
    assert Ledger(root).finished() == {}


def test_the_last_line_of_a_task_counts(root):
    """A task done again overwrites its earlier line."""
    Ledger(root).append(finished(root, "a00000", b"old"))
    new = finished(root, "a00000", b"new!")
    Ledger(root).append(new)
    assert Ledger(root).finished() == {"a00000": new}


def test_spans_survive(root, by_hand):
    """The span of both times of a log part is read back as it was."""
    log = by_hand.table(schema.LOG, by_hand.query(1, 0, late=2))
    entry = write_part(root, "log/a00000-p000.parquet", log, schema.LOG)
    Ledger(root).append(Done("a00000-p000", (entry,), {}))
    (done,) = Ledger(root).finished().values()
    assert done.files == (entry,)
    assert done.written == 0
