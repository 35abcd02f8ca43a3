"""Which agencies can search the reads of plate readers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from misusesim import rng

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from misusesim.scenario.model import Scenario
    from misusesim.world.model import Agency


def can_search(scenario: Scenario, agencies: Sequence[Agency]) -> NDArray[np.bool_]:
    """Tell which agencies can search plate readers: the larger, the likelier.

    Parameters
    ----------
    scenario
        The world.
    agencies
        Some of its agencies; each one's draw is its own.
    """
    number = np.array([agency.index for agency in agencies], np.uint64)
    at = np.array([agency.group.plate_readers_at for agency in agencies], np.float64)
    accounts = np.array([agency.accounts for agency in agencies], np.float64)
    drawn = rng.unit(rng.draw(number, rng.salt(scenario.seed, "plate readers")))
    return np.asarray(drawn * (accounts + at) < accounts)
