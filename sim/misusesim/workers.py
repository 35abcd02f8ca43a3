"""Tasks on several processes, with a retry of our own for workers that die.

`spawn` gives every worker a clean start; what a worker returns is only the entry of a finished
task, never rows. A worker that is killed breaks the pool: what came back is kept and a new pool is
made, at most three times, the last with one worker so that the task that kills can be named.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from typing import TYPE_CHECKING, Final

import pyarrow as pa

from misusesim.errors import DatasetError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from misusesim.ledger import Done
    from misusesim.tasks import Task

ROUNDS: Final = 3


def run_in_processes(
    do: Callable[[Task], Done],
    todo: Sequence[Task],
    workers: int,
    record: Callable[[Done], None],
) -> None:
    """Do all tasks on `workers` processes.

    Parameters
    ----------
    do
        Does one task in a worker; must be importable there.
    todo
        Tasks, agencies before their shards.
    workers
        Number of processes.
    record
        Called in this process as each task finishes.

    Raises
    ------
    DatasetError
        If a task ended its worker in every round.
    """
    left = Queue(todo)
    for attempt in range(ROUNDS):
        size = workers if attempt < ROUNDS - 1 else 1
        try:
            _round(do, left, size, record)
        except BrokenProcessPool:
            left.put_back()
        else:
            return
    raise DatasetError(
        f"the worker for {left.next_name()} was ended {ROUNDS} times (out of memory, or killed); "
        "what is finished is kept: run the same command again, with fewer workers"
    )


class Queue:
    """Tasks not finished yet; a shard waits for the causal pass of its agency."""

    def __init__(self, todo: Sequence[Task]) -> None:
        self._left = list(todo)
        self._running: list[Task] = []

    def take(self) -> Task | None:
        """Return the next task that can start, None if there is none for now."""
        waiting = {t.agency for t in [*self._left, *self._running] if t.period is None}
        for place, task in enumerate(self._left):
            if task.period is None or task.agency not in waiting:
                self._running.append(self._left.pop(place))
                return task
        return None

    def finish(self, task: Task) -> None:
        """Strike a task off."""
        self._running.remove(task)

    def put_back(self) -> None:
        """Make running tasks wait again, first in the line."""
        self._left = self._running + self._left
        self._running = []

    def next_name(self) -> str:
        """Return the name of the task next in line."""
        return self._left[0].name


def _round(
    do: Callable[[Task], Done], left: Queue, size: int, record: Callable[[Done], None]
) -> None:
    """Work off the queue with one pool; a broken pool surfaces after what came back is kept."""
    pool = ProcessPoolExecutor(size, multiprocessing.get_context("spawn"), _start_worker)
    running: dict[Future[Done], Task] = {}
    # A task in hand and one waiting per worker; the last round must know which task killed it.
    room = 1 if size == 1 else 2 * size
    try:
        while True:
            while len(running) < room and (task := left.take()) is not None:
                running[pool.submit(do, task)] = task
            if not running:
                return
            came, _ = wait(running, return_when=FIRST_COMPLETED)
            broken = None
            for future in came:
                task = running.pop(future)
                if isinstance(future.exception(), BrokenProcessPool):
                    broken = future.exception()
                    continue
                record(future.result())
                left.finish(task)
            if broken is not None:
                raise broken
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _start_worker() -> None:
    """Leave Ctrl-C to the parent, use one core, and go when the parent is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    pa.set_cpu_count(1)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_follow, args=(parent,), daemon=True).start()


def _follow(parent: multiprocessing.process.BaseProcess) -> None:
    parent.join()
    os._exit(1)
