"""A block of rows on its way to the log: what every column builder reads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from misusesim.dataset.schema import INTERFACE

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from misusesim.dice import Dice
    from misusesim.occasions import Occasions
    from misusesim.plan import AgencyPlan, Block
    from misusesim.query.needs import Needs
    from misusesim.query.numbering import Numbering
    from misusesim.scenario.model import Scenario
    from misusesim.workload.reasons import Habits
    from misusesim.world.subjects import Population


@dataclass(frozen=True, slots=True)
class Rows:
    """One shard: occasions of a block, and their rows in the order of the log."""

    scenario: Scenario
    plan: AgencyPlan | Block
    population: Population
    habit: Habits
    numbering: Numbering
    occasions: Occasions  # those of the shard
    first_need: NDArray[np.uint64]  # of each occasion
    place: NDArray[np.int16]  # in the block, of each occasion's agency
    terminal: NDArray[np.int32]  # of each occasion
    needs: Needs
    dice: Dice  # by row
    occasion_dice: Dice  # by occasion
    automatic: NDArray[np.bool_]  # occasions of systems that ask by themselves
    transaction: NDArray[np.int8]  # by row: code of transactions.NAMES
    machine: NDArray[np.bool_]  # by row: of an automatic occasion
    hand: NDArray[np.int64]  # which rows are of people
    hand_dice: Dice  # of those
    seen: NDArray[np.int64]  # occasions that have rows

    @property
    def occasion(self) -> NDArray[np.int64]:
        """Return the occasion of each row."""
        return self.needs.occasion

    def spread(self, codes: NDArray[Any]) -> NDArray[Any]:
        """Return for each row what its occasion has."""
        return codes.take(self.needs.occasion)


def another(
    plan: AgencyPlan | Block, officer: NDArray[np.int32], bits: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Return another officer of the same agency for each (the same where he is alone)."""
    place, first = plan.officer_place[officer], plan.first_officer
    some = plan.officers.role != INTERFACE
    people = np.bincount(plan.officer_place[some], minlength=len(plan.agencies))[place]
    local = officer - first[place]
    return np.asarray(first[place] + (local + 1 + bits % np.maximum(people - 1, 1)) % people)
