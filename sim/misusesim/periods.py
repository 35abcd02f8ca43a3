"""Periods: how many days of a block's traffic go into one shard; settled by the scenario alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

    from misusesim.scenario.model import Scenario
    from misusesim.world.model import Agency

#: A shard has at most so many rows: what expansion needs at once must fit into a worker's memory.
MOST_ROWS: Final = 2_000_000
#: What interface accounts ask in the busiest period, to their mean: without it one of 6,971 parts
#: of a state's year had 2,026,152 rows.
_BUSY: Final = 1.1
_WEEK: Final = 7


def period_days(scenario: Scenario, agencies: Sequence[Agency]) -> int:
    """Return the days of one shard: the scenario's weeks, fewer where the agencies are big.

    Parameters
    ----------
    scenario
        Its `shard_weeks` are the most.
    agencies
        Of one block.

    Notes
    -----
    Counted is a full shift of everybody on every day, more than twice what people work, and a tenth
    more than interface accounts ask, so busy weeks are inside the bound.
    """
    per_shift = scenario.workload.queries_per_shift
    daily = sum(
        agency.accounts * per_shift
        + agency.group.interface_accounts * agency.group.interface_queries_per_day * _BUSY
        for agency in agencies
    )
    most = int(MOST_ROWS // max(daily, 1))
    return max(1, min(_WEEK * scenario.shard_weeks, most))


def periods(scenario: Scenario, agencies: Sequence[Agency]) -> range:
    """Return the periods of a block; a week begun is a whole one."""
    days = _WEEK * -(-scenario.days // _WEEK)
    return range(-(-days // period_days(scenario, agencies)))


def days_of(scenario: Scenario, agencies: Sequence[Agency], period: int) -> range:
    """Return the days of one period, 0 is the scenario's first; none after its last week."""
    days = _WEEK * -(-scenario.days // _WEEK)
    length = period_days(scenario, agencies)
    return range(min(period * length, days), min((period + 1) * length, days))
