"""Which side everything is on when a data set is split: by time, officer, agency and unseen kind.

A split must leave no officer, agency or campaign on both of its sides. So officers who share a
campaign are one group and go the same way, and a campaign that runs over a boundary of time is said
to straddle. Sides are drawn from keyed hashes: no worker and no block moves anybody, and a longer
horizon or another kind of misuse moves only those whom a campaign of it joins to others.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from misusesim import rng
from misusesim.clock import LocalClock
from misusesim.dataset.schema import SIDES

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from misusesim.scenario.model import Scenario

    I64Array = NDArray[np.int64]

TRAIN, VALID, TEST, STRADDLES = range(len(SIDES))
#: Kinds that no training part of the split by kind holds: one or two of each family.
HELD_OUT: Final = (
    "dating_screening", "favour", "personal_business", "immigration", "ghost_account",
    "bulk_harvest",
)  # fmt: skip
#: Fifths of the horizon, of officers and of agencies: to train, to validate, to test.
_FIFTHS: Final = (3, 1, 1)


def boundaries(horizon: tuple[int, int]) -> tuple[int, int]:
    """Return when validation and test begin, UTC microseconds.

    Examples
    --------
    >>> boundaries((1_000, 2_000))
    (1600, 1800)
    """
    start, end = horizon
    fifth = (end - start) // sum(_FIFTHS)
    return start + _FIFTHS[0] * fifth, start + (_FIFTHS[0] + _FIFTHS[1]) * fifth


def by_time(time: I64Array, horizon: tuple[int, int]) -> NDArray[np.int8]:
    """Return the side of each time (UTC microseconds)."""
    return np.searchsorted(boundaries(horizon), time, side="right").astype(np.int8)


def by_officer(seed: int, agency: NDArray[Any], group: NDArray[Any]) -> NDArray[np.int8]:
    """Return the side of officers.

    Parameters
    ----------
    seed
        The scenario's.
    agency
        Index in the state of each one's agency.
    group
        Row in the agency of the first officer of each one's group, himself where he is alone.
    """
    entity = np.asarray(agency).astype(np.uint64) << np.uint64(48)
    entity = entity | np.asarray(group).astype(np.uint64) << np.uint64(16)
    return _drawn(seed, "split/officer", entity)


def by_agency(seed: int, agency: NDArray[Any]) -> NDArray[np.int8]:
    """Return the side of agencies, by their index in the state."""
    return _drawn(seed, "split/agency", np.asarray(agency).astype(np.uint64))


def _drawn(seed: int, name: str, entity: NDArray[np.uint64]) -> NDArray[np.int8]:
    bits = rng.draw(entity, rng.salt(seed, name))
    return rng.pick(rng.guide(_FIFTHS), bits).astype(np.int8)


def groups(count: int, together: Iterable[Sequence[int]]) -> I64Array:
    """Return the first officer of each officer's group.

    Parameters
    ----------
    count
        Officers of an agency.
    together
        Officers of each campaign; whoever shares one, directly or over others, is in one group.

    Examples
    --------
    >>> groups(6, [(1, 4), (5,), (4, 2)]).tolist()
    [0, 1, 1, 3, 1, 5]
    """
    first = list(range(count))

    def root(officer: int) -> int:
        while first[officer] != officer:
            first[officer] = first[first[officer]]
            officer = first[officer]
        return officer

    for officers in together:
        roots = {root(officer) for officer in officers}
        for one in roots:
            first[one] = min(roots)
    return np.array([root(officer) for officer in range(count)], np.int64)


def by_kind(kind: str) -> int:
    """Return the side of a kind of misuse: test where a training part must not hold it."""
    return TEST if kind in HELD_OUT else TRAIN


def told(scenario: Scenario) -> dict[str, Any]:
    """Return what the manifest says of the splits."""
    from misusesim.dataset.writer import instant  # noqa: PLC0415 - the writer knows no splits

    valid, test = boundaries(LocalClock(scenario).horizon)
    return {
        "time": {"valid_from": instant(valid), "test_from": instant(test)},
        "held_out_kinds": list(HELD_OUT),
        "shares": dict(zip(SIDES, (part / sum(_FIFTHS) for part in _FIFTHS), strict=False)),
    }
