"""Stored plans: kept while shards need them, so that a long run needs no room for all at once."""

from __future__ import annotations

import shutil
from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING

from misusesim.dataset import layout

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from misusesim.ledger import Done, Ledger
    from misusesim.tasks import Task


def folder_of(agency: int) -> str:
    """Return where the plan of a block is kept, named by its first agency."""
    return f"{layout.WORK}/plans/{layout.agency_name(agency)}"


class Plans:
    """The plans of a run.

    Parameters
    ----------
    root
        Folder of the run.
    ledger
        Gets a new line for each causal pass whose plan is removed: it still counts as finished.
    tasks
        All of the run.
    done
        Finished tasks by name. A causal pass whose plan is gone though some shard needs it (one of
        its files was lost meanwhile) is taken out: it must be done again.
    """

    def __init__(
        self, root: Path, ledger: Ledger, tasks: Iterable[Task], done: dict[str, Done]
    ) -> None:
        self._root, self._ledger, self._done = root, ledger, done
        self._block = {task.name: task.agency for task in tasks}
        self._left = defaultdict[int, set[str]](set)
        for task in tasks:
            if task.period is not None and task.name not in done:
                self._left[task.agency].add(task.name)
        for agency in sorted(set(self._block.values())):
            self._begin(agency)

    def _begin(self, agency: int) -> None:
        """Settle what an earlier run left of a block."""
        name = layout.agency_name(agency)
        if not self._left[agency]:
            self._remove(agency)
        elif name in self._done and not _stored(self._done[name]):
            del self._done[name]

    def release(self, task: str) -> None:
        """Remove the plan of a task's block if that was the last shard in need of it."""
        agency = self._block[task]
        self._left[agency].discard(task)
        if not self._left[agency]:
            self._remove(agency)

    def _remove(self, agency: int) -> None:
        done = self._done.get(layout.agency_name(agency))
        if done is None or not _stored(done):
            return
        kept = tuple(entry for entry in done.files if not entry.path.startswith(layout.WORK))
        self._done[done.task] = replace(done, files=kept)
        self._ledger.append(self._done[done.task])
        shutil.rmtree(self._root / folder_of(agency), ignore_errors=True)


def _stored(done: Done) -> bool:
    """Tell whether a causal pass has its plan on disk."""
    return any(entry.path.startswith(layout.WORK) for entry in done.files)
