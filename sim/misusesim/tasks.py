"""Which tasks a scenario has: a pure function of the scenario.

Pass 1 has one task per block of neighbouring agencies: it plans their causes over the whole horizon
and leaves context, truth and a stored plan. Pass 2 has one task per block and period (`shard_weeks`
weeks, less where agencies are big): it expands the stored plan to rows. A block is named by its
first agency.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from misusesim.dataset import layout
from misusesim.periods import periods

if TYPE_CHECKING:
    from misusesim.scenario.model import Scenario

#: Agencies of a block at most: their times share one axis (`workload.onduty.APART_US`).
MOST_TOGETHER: Final = 8_000
#: No agency joins a block that has so many accounts: several workers must find something to do.
ENOUGH_ACCOUNTS: Final = 8_000
#: Accounts times weeks that no scenario has: `ENOUGH_ACCOUNTS` alone bounds a block.
_NO_BOUND: Final = 1_000_000_000
#: Blocks planned before the shards of one: at the end only shards are left, none of them waiting
#: for a pass. Each keeps its stored plan that much longer.
AHEAD: Final = 2


class Task(NamedTuple):
    """One piece of work: the causal passes of a block, or one of its shards."""

    agency: int  # the first of the block
    period: int | None = None

    @property
    def name(self) -> str:
        """Name of the task and of the parts it writes."""
        if self.period is None:
            return layout.agency_name(self.agency)
        return layout.shard_name(self.agency, self.period)


def tasks(scenario: Scenario) -> list[Task]:
    """Return all tasks of a scenario: a block's shards after the passes of `AHEAD` later blocks."""
    from misusesim.world.agencies import agencies  # noqa: PLC0415 - heavy, and only runs need it

    every, found = agencies(scenario), blocks(scenario)
    passes = [Task(block.start) for block in found]
    plan = passes[:AHEAD]
    for place, block in enumerate(found):
        plan += passes[place + AHEAD : place + AHEAD + 1]
        weeks = periods(scenario, every[block.start : block.stop])
        plan += [Task(block.start, period) for period in weeks]
    return plan


def outcome_blocks(scenario: Scenario) -> list[range]:
    """Return which agencies are passed together where no query is made: as many as may be."""
    return blocks(scenario.model_copy(update={"block_account_weeks": _NO_BOUND}))


def outcome_tasks(scenario: Scenario) -> list[Task]:
    """Return the causal passes of a run that makes outcomes only."""
    return [Task(block.start) for block in outcome_blocks(scenario)]


def blocks(scenario: Scenario) -> list[range]:
    """Return which agencies share their parts, by index; a pure function of the scenario."""
    count = sum(group.count for group in scenario.groups)
    weeks = 1 - (-scenario.days // 7)  # with the warm-up
    most = min(scenario.block_account_weeks / weeks, ENOUGH_ACCOUNTS)
    if most <= 1:
        return [range(a, a + 1) for a in range(count)]
    from misusesim.world.agencies import agencies  # noqa: PLC0415 - heavy, and not always needed

    found, first, together = [], 0, 0
    for agency in agencies(scenario):
        together += agency.accounts
        full = together >= most or agency.index - first + 1 == MOST_TOGETHER
        if full or agency.index == count - 1:
            found.append(range(first, agency.index + 1))
            first, together = agency.index + 1, 0
    return found
