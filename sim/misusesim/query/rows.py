"""A block of rows on its way to the log: what every column builder reads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from misusesim.dice import Dice
    from misusesim.occasions import Occasions
    from misusesim.plan import AgencyPlan
    from misusesim.query.needs import Needs
    from misusesim.query.numbering import Numbering
    from misusesim.scenario.model import Scenario
    from misusesim.workload.reasons import Habits
    from misusesim.world.subjects import Population


@dataclass(frozen=True, slots=True)
class Rows:
    """One shard: occasions of one agency, and their rows in the order of the log."""

    scenario: Scenario
    plan: AgencyPlan
    population: Population
    habit: Habits
    numbering: Numbering
    occasions: Occasions  # those of the shard
    first_need: NDArray[np.uint64]  # of each occasion
    terminal: NDArray[np.int32]  # of each occasion
    needs: Needs
    dice: Dice  # by row
    occasion_dice: Dice  # by occasion
    officer: NDArray[np.int32]  # by row, as the next ones
    transaction: NDArray[np.int8]  # code of transactions.NAMES

    @property
    def occasion(self) -> NDArray[np.int64]:
        """Return the occasion of each row."""
        return self.needs.occasion
