"""Oddities of people met at work whom the officer happens to know."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from misusesim.dice import lane
from misusesim.occasions import NONE
from misusesim.workload.odd_occasions import Files, Found, met_at_work

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from misusesim.scenario.model import Oddity
    from misusesim.workload.moments import Moments

    I64Array = NDArray[np.int64]

#: As many as `world.ties` has of each.
_KIN, _NEIGHBOURS = 2, 3


def relative_in_call(files: Files, odd: Oddity) -> Found:
    """Return checks on a relative who is a party to the officer's own call or stop."""
    people, own = files.setting.population, files.setting.officers.subject

    def whom(met: Moments) -> I64Array:
        oneself = own[met.officer]
        found = _one_of(
            met, [people.partner(oneself), *(people.kin(oneself, nth) for nth in range(_KIN))]
        )
        return np.where(found == oneself, NONE, found)

    return met_at_work(files, odd, whom)


def lives_in_beat(files: Files, odd: Oddity) -> Found:
    """Return checks on a neighbour, met at work by an officer who lives in his own beat."""
    people, own = files.setting.population, files.setting.officers.subject

    def whom(met: Moments) -> I64Array:
        street = [people.neighbour(own[met.officer], nth + 1) for nth in range(_NEIGHBOURS)]
        return _one_of(met, street)

    return met_at_work(files, odd, whom)


def _one_of(met: Moments, people: Sequence[I64Array]) -> I64Array:
    """Return one of some people for each moment."""
    return np.choose(lane(met.bits, 3) * len(people) >> 16, people)
