"""Room on the disk: what a run still needs, and what to say when there is none left.

A task's bytes are guessed from its accounts and days, then corrected by what tasks of its kind
wrote so far; so there is a number even before the first one is finished.
"""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING, Final

from misusesim.dataset import layout
from misusesim.errors import DatasetError, UsageError
from misusesim.periods import days_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from misusesim.ledger import Done
    from misusesim.scenario.model import Scenario
    from misusesim.tasks import Task
    from misusesim.world.model import Agency

#: Bytes as measured on the shipped scenarios. Causal pass (context and truth; a plan is stored for
#: a while only): an account, and each of its days. Shards (log and truth): an account's day, an
#: interface's query.
_OF_ACCOUNT: Final = 6_000
_OF_PLANNED_DAY: Final = 350
_OF_LOGGED_DAY: Final = 450
_OF_INTERFACE_QUERY: Final = 25


def is_full(error: OSError) -> bool:
    """Tell whether a disk, or the user's share of it, is full."""
    return error.errno in {errno.ENOSPC, errno.EDQUOT}


def disk_error(
    out: Path,
    error: OSError,
    needed: float,
    done: Mapping[str, Done],
    total: int,
) -> Exception:
    """Return the message for a full or failing disk.

    Parameters
    ----------
    out
        Folder of the run.
    error
        What went wrong.
    needed
        Bytes that the rest needs, of :func:`still_needed`.
    done, total
        The finished tasks, and how many there are in all.
    """
    if not is_full(error):
        return DatasetError(f"cannot write to {out}: {error}")
    return UsageError(
        f"no room left for {out}: {len(done)} of {total} tasks are finished "
        f"({_bytes_of(done.values()) / 1e6:,.0f} MB), about {max(needed / 1e6, 1):,.0f} MB more "
        "are needed; free some room and run the same command again, it goes on where it stopped"
    )


def still_needed(
    scenario: Scenario, blocks: Sequence[range], plan: Sequence[Task], done: Mapping[str, Done]
) -> float:
    """Return about how many bytes the tasks of a plan will write that are not finished."""
    guessed = _guesses(scenario, blocks, plan)
    passes = {task.name for task in plan if task.period is None}
    kinds = (passes, guessed.keys() - passes)
    return sum(_rest({name: guessed[name] for name in kind}, done) for kind in kinds)


def _rest(guessed: Mapping[str, float], done: Mapping[str, Done]) -> float:
    """Return the bytes of the unfinished tasks of one kind, by what the finished ones wrote."""
    finished = guessed.keys() & done.keys()
    of_finished = sum(guessed[name] for name in finished)
    of_rest = sum(guessed[name] for name in guessed.keys() - finished)
    wrote = _bytes_of([done[name] for name in finished])
    return of_rest * (wrote / of_finished if of_finished else 1)


def _guesses(scenario: Scenario, blocks: Sequence[range], plan: Sequence[Task]) -> dict[str, float]:
    """Return a first guess of the bytes of every task, by name."""
    from misusesim.world.agencies import agencies  # noqa: PLC0415 - heavy, only for a full disk

    every = agencies(scenario)
    of_block = {block.start: every[block.start : block.stop] for block in blocks}
    return {task.name: _guess(scenario, of_block[task.agency], task.period) for task in plan}


def _guess(scenario: Scenario, block: Sequence[Agency], period: int | None) -> float:
    """Return a first guess of the bytes of a block's causal pass, or of one of its shards."""
    accounts = sum(agency.accounts for agency in block)
    if period is None:
        return accounts * (_OF_ACCOUNT + _OF_PLANNED_DAY * scenario.days)
    groups = [agency.group for agency in block]
    queries = sum(g.interface_accounts * g.interface_queries_per_day for g in groups)
    a_day = accounts * _OF_LOGGED_DAY + queries * _OF_INTERFACE_QUERY
    days = days_of(scenario, block, period)  # of whole weeks: the last ones may not be asked for
    return a_day * len(range(days.start, min(days.stop, scenario.days)))


def _bytes_of(done: Iterable[Done]) -> int:
    """Return the bytes that stay; a stored plan goes again."""
    every = (entry for one in done for entry in one.files)
    return sum(entry.bytes for entry in every if not entry.path.startswith(layout.WORK))
