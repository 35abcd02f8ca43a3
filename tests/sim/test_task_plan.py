"""The task list of a run, the queue that workers take from, and the ledger they leave."""

from __future__ import annotations

import gc
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.sim.synthetic_plan import scenario

from misusesim import shards
from misusesim import tasks as task_plan
from misusesim.dataset.writer import Entry, write_bytes
from misusesim.errors import UsageError
from misusesim.ledger import Done, Ledger
from misusesim.shards import run
from misusesim.tasks import MOST_TOGETHER, Task, blocks, tasks
from misusesim.workers import Queue
from misusesim.workload.onduty import APART_US


def shape(days, shard_weeks, count):
    """Return a scenario of some agencies, days and weeks per shard."""
    return scenario(days, shard_weeks=shard_weeks, group={"count": count})


@pytest.mark.parametrize(
    ("days", "shard_weeks", "periods"),
    [(1, 1, 1), (7, 1, 1), (8, 1, 2), (28, 4, 1), (29, 4, 2), (56, 4, 2), (57, 4, 3),
     (365, 4, 14), (365, 52, 2), (364, 52, 1), (366, 1, 53), (3660, 52, 11)],
)  # fmt: skip
def test_number_of_periods(days, shard_weeks, periods):
    """A week begun is a whole one, and so is a period."""
    found = tasks(shape(days, shard_weeks, 1))
    assert found == [Task(0), *(Task(0, p) for p in range(periods))]


@pytest.mark.parametrize(
    ("task", "name"),
    [
        (Task(0), "a00000"),
        (Task(7), "a00007"),
        (Task(65_535), "a65535"),
        (Task(0, 0), "a00000-p000"),
        (Task(12, 345), "a00012-p345"),
        (Task(1, 522), "a00001-p522"),
    ],
)
def test_names_of_tasks(task, name):
    """A name has five digits for the agency and three for the period."""
    assert task.name == name


@given(st.integers(1, 400), st.integers(1, 52), st.integers(1, 20))
def test_names_are_unique_and_sorted_within_an_agency(days, shard_weeks, count):
    """No two tasks share a name, and the names of an agency's parts sort by time."""
    plan = tasks(shape(days, shard_weeks, count))
    names = [task.name for task in plan]
    assert len(set(names)) == len(names)
    for first in {task.agency for task in plan}:
        own = [task.name for task in plan if task.agency == first]
        assert own == sorted(own)


@pytest.mark.parametrize(
    ("there", "message"),
    [
        (["notes.txt"], r"holds other things \(notes.txt\); choose a new or empty folder"),
        (["d", "c", "b", "a"], r"holds other things \(a, b, c\); choose"),
        (["log"], "holds an incomplete data set; choose a new or empty folder"),
        (["scenario.toml", "README.md"], "holds an incomplete data set"),
    ],
)
def test_folders_of_others_are_refused(tmp_path, there, message):
    """A folder with anything that is not ours, or not whole, is left as it is."""
    for name in there:
        (tmp_path / name).write_text("mine")
    with pytest.raises(UsageError, match=message):
        run(shape(7, 1, 1), tmp_path)
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted(there)


def test_a_file_is_no_folder(tmp_path):
    """A data set needs a folder."""
    (tmp_path / "x").write_text("mine")
    with pytest.raises(UsageError, match="x is a file, not a folder"):
        run(shape(7, 1, 1), tmp_path / "x")


def test_a_queue_with_nothing_in_it():
    """Nothing can be taken from an empty queue."""
    assert Queue([]).take() is None


def test_a_put_back_task_is_first_and_can_be_finished_later():
    """What ran when a worker died goes before what waited, in the order of taking."""
    queue = Queue([Task(0, p) for p in range(4)])
    assert [queue.take(), queue.take()] == [Task(0, 0), Task(0, 1)]
    queue.finish(Task(0, 0))
    queue.put_back()
    assert queue.next_name() == "a00000-p001"
    assert [queue.take() for _ in range(4)] == [Task(0, 1), Task(0, 2), Task(0, 3), None]


def test_an_unplanned_agency_does_not_hold_up_another():
    """Shards of a planned agency pass those that wait."""
    queue = Queue([Task(0), Task(0, 0), Task(1, 0)])
    assert [queue.take(), queue.take(), queue.take()] == [Task(0), Task(1, 0), None]
    queue.put_back()
    assert queue.take() == Task(0)
    assert queue.take() == Task(1, 0)


@given(st.integers(1, 4), st.integers(1, 4), st.data())
def test_the_queue_gives_every_task_once_and_none_too_early(agencies, periods, data):
    """Whatever order tasks finish in, each is given once and shards after their agency."""
    plan = [Task(a) for a in range(agencies)]
    plan += [Task(a, p) for a in range(agencies) for p in range(periods)]
    queue, running, finished = Queue(plan), [], []
    while len(finished) < len(plan):
        while (task := queue.take()) is not None:
            assert task.period is None or Task(task.agency) in finished
            running.append(task)
        done = running.pop(data.draw(st.integers(0, len(running) - 1)))
        queue.finish(done)
        finished.append(done)
    assert sorted(map(repr, finished)) == sorted(map(repr, plan))
    assert queue.take() is None


def test_rows_written_by_a_task():
    """A task without a count of rows, such as a causal pass, wrote none."""
    assert Done("a", (), {"rows": {"written": 7, "lost": 1}}).written == 7
    assert Done("a", (), {"rows": {}}).written == 0
    assert Done("a", (), {"accounts": {"patrol": 3}}).written == 0


def test_a_line_of_the_ledger_is_json_with_sorted_keys(tmp_path):
    """One line per task: what it is called, which files it wrote, what it counted."""
    (tmp_path / ".work").mkdir()
    entry = Entry("log/x.parquet", 3, "ab", rows=1, time=("t0", "t1"))
    Ledger(tmp_path).append(Done("x", (entry,), {"b": 1, "a": 2}))
    text = (tmp_path / ".work/ledger.jsonl").read_text()
    assert text == (
        '{"files": [{"bytes": 3, "path": "log/x.parquet", "rows": 1, "sha256": "ab", '
        '"time": ["t0", "t1"]}], "tally": {"a": 2, "b": 1}, "task": "x"}\n'
    )


@pytest.mark.parametrize(
    "line",
    [
        b"", b"null", b"3", b'"task"', b"[]", b"{}", b'{"task": "x", "files": []}',
        b'{"task": "x", "tally": {}}', b'{"files": [], "tally": {}}',
        b'{"task": "x", "files": 3, "tally": {}}', b'{"task": "x", "files": [3], "tally": {}}',
        b'{"task": "x", "files": [{"path": "a"}], "tally": {}}',
        b'{"task": "x", "files": [{"path": "a", "bytes": 1, "sha256": "b", "n": 1}], "tally": {}}',
    ],
)  # fmt: skip
def test_lines_that_are_no_entry(tmp_path, line):
    """A line that is not the whole of an entry is as if it were not there."""
    good = Done("good", (write_bytes(tmp_path, "log/good.parquet", b"1"),), {})
    (tmp_path / ".work").mkdir()
    (tmp_path / ".work/ledger.jsonl").write_bytes(line + b"\n")
    Ledger(tmp_path).append(good)
    assert Ledger(tmp_path).finished() == {"good": good}


def test_one_missing_file_of_many_undoes_a_task(tmp_path):
    """A task is finished with all its files or not at all; others are not touched."""
    (tmp_path / ".work").mkdir()
    two = tuple(write_bytes(tmp_path, f"log/{n}.parquet", b"x") for n in "ab")
    other = (write_bytes(tmp_path, "log/c.parquet", b"x"),)
    for name, files in (("two", two), ("other", other), ("none", ())):
        Ledger(tmp_path).append(Done(name, files, {}))
    (tmp_path / "log/b.parquet").unlink()
    assert sorted(Ledger(tmp_path).finished()) == ["none", "other"]


@settings(max_examples=30)
@given(st.dictionaries(st.text(max_size=8), st.integers(0, 2**53), max_size=4), st.text(max_size=9))
def test_any_tally_survives(tmp_path_factory, tally, name):
    """Names and counts come back as they were, whatever letters they are made of."""
    root = tmp_path_factory.mktemp("ledger")
    (root / ".work").mkdir()
    done = Done(name, (), {"x": tally})
    Ledger(root).append(done)
    assert Ledger(root).finished() == {name: done}
    (line,) = (root / ".work/ledger.jsonl").read_bytes().splitlines()
    assert json.loads(line)["tally"] == {"x": tally}


def test_a_block_has_a_limit(monkeypatch):
    """However many accounts a block may hold, its agencies fit one axis of time."""
    world = scenario(7, group={"count": 25}).model_copy(update={"block_account_weeks": 1_000_000})
    most = MOST_TOGETHER
    monkeypatch.setattr(task_plan, "MOST_TOGETHER", 10)
    monkeypatch.setattr(task_plan, "ENOUGH_ACCOUNTS", 1_000_000)
    assert [len(block) for block in blocks(world)] == [10, 10, 5]
    assert most * APART_US + 2**51 < 2**63
    assert blocks(world)[-1].stop == 25


@pytest.mark.parametrize("on", [True, False])
def test_the_collector_is_left_as_it_was(on, monkeypatch, tmp_path):
    """A causal pass runs without the search for cycles; whatever becomes of it, it comes back."""
    before, seen = gc.isenabled(), []

    def plan(*_):
        seen.append(gc.isenabled())
        raise OSError("no room")

    monkeypatch.setattr(shards, "_plan_block", plan)
    try:
        gc.enable() if on else gc.disable()
        with pytest.raises(OSError, match="no room"):
            shards.perform(shape(7, 1, 1), tmp_path, Task(0))
        assert seen == [False]
        assert gc.isenabled() == on
    finally:
        gc.enable() if before else gc.disable()
