"""Tasks on several processes: order, failures, killed workers."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

import pytest

from misusesim.errors import DatasetError
from misusesim.tasks import Task
from misusesim.workers import Queue, run_in_processes

if TYPE_CHECKING:
    from misusesim.ledger import Done

#: Every test starts processes.
pytestmark = pytest.mark.slow

TASKS = [Task(0), Task(1), Task(0, 0), Task(0, 1), Task(1, 0)]


@pytest.fixture
def deeds(tmp_path, monkeypatch):
    """Write a module that worker processes can import: ways to do a task."""
    (tmp_path / "deeds_for_workers.py").write_text(
        "import os, pathlib\n"
        "from misusesim.ledger import Done\n"
        f"HERE = pathlib.Path({str(tmp_path)!r})\n"
        "def well(task):\n"
        "    return Done(task.name, (), {'pid': os.getpid()})\n"
        "def badly(task):\n"
        "    raise OSError(28, 'No space left on device')\n"
        "def once_killed(task):\n"
        "    mark = HERE / 'killed'\n"
        "    if task.name == 'a00000-p001' and not mark.exists():\n"
        "        mark.touch()\n"
        "        os.kill(os.getpid(), 9)\n"
        "    return well(task)\n"
        "def always_killed(task):\n"
        "    if task.name == 'a00000-p001':\n"
        "        os.kill(os.getpid(), 9)\n"
        "    return well(task)\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    return importlib.import_module("deeds_for_workers")


@pytest.fixture(autouse=True)
def _forget(monkeypatch):
    yield
    importlib.sys.modules.pop("deeds_for_workers", None)


def done_with(deed, todo=TASKS):
    came: list[Done] = []
    run_in_processes(deed, todo, 2, came.append)
    return [done.task for done in came]


def test_all_tasks_are_done_once(deeds):
    """Every task comes back, each shard after the causal pass of its agency."""
    names = done_with(deeds.well)
    assert sorted(names) == sorted(task.name for task in TASKS)
    assert names.index("a00000") < min(names.index("a00000-p000"), names.index("a00000-p001"))
    assert names.index("a00001") < names.index("a00001-p000")


def test_nothing_to_do(deeds):
    """An empty list needs no worker."""
    assert done_with(deeds.well, []) == []


def test_an_error_in_a_task_surfaces_at_once(deeds):
    """An ordinary failure is not tried again."""
    with pytest.raises(OSError, match="No space left"):
        done_with(deeds.badly)


@pytest.mark.slow
def test_a_killed_worker_is_replaced(deeds):
    """After kill -9 of a worker all tasks still come back, none twice."""
    assert sorted(done_with(deeds.once_killed)) == sorted(task.name for task in TASKS)


@pytest.mark.slow
def test_a_task_that_always_kills_is_named(deeds):
    """After three rounds the culprit is named and the others are kept."""
    came: list[Done] = []
    with pytest.raises(DatasetError, match="the worker for a00000-p001 was ended 3 times"):
        run_in_processes(deeds.always_killed, TASKS, 2, came.append)
    assert "a00000-p000" in {done.task for done in came}


def test_queue_holds_shards_back_until_their_agency_is_planned():
    """A shard can start only when its agency's task is finished, not merely taken."""
    queue = Queue(TASKS)
    assert queue.take() == Task(0)
    assert queue.take() == Task(1)
    assert queue.take() is None
    queue.finish(Task(1))
    assert queue.take() == Task(1, 0)
    assert queue.take() is None
    queue.finish(Task(0))
    assert [queue.take(), queue.take(), queue.take()] == [Task(0, 0), Task(0, 1), None]


def test_queue_puts_running_tasks_first():
    """After a broken pool the tasks that were running are the suspects."""
    queue = Queue(TASKS)
    queue.take()
    queue.put_back()
    assert queue.next_name() == "a00000"
    assert queue.take() == Task(0)


def test_shards_alone_can_start_when_the_plan_is_there():
    """On resume the causal pass may be finished already."""
    queue = Queue([Task(3, 0), Task(3, 1)])
    assert queue.take() == Task(3, 0)
