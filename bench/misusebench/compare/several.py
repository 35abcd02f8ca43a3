"""Configurations over several worlds: signed ranks, the region of equivalence, bars."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from misusebench import metrics, worlds
from misusebench.compare.differences import value_of
from misusebench.report import diagrams

if TYPE_CHECKING:
    from collections.abc import Sequence

    from misusebench.compare.configurations import Configuration

LEVEL: Final = 0.05


class Several(NamedTuple):
    """What worlds say of configurations of one kind."""

    kind: str
    metric: str
    direction: str
    worlds: int
    rope: float
    ranks: dict[str, float]  # mean ranks, best first
    bars: list[list[str]]  # runs of which no two differ
    pairs: list[worlds.Pair]  # signs as if higher were better

    def as_json(self) -> dict[str, Any]:
        """Return it as a JSON object."""
        return {**self._asdict(), "pairs": [one._asdict() for one in self.pairs]}


def least_worlds(pairs: int) -> int:
    """Return with how many worlds the smallest p of all pairs can be below 5 %.

    Examples
    --------
    The smallest p of signed ranks is 2 / 2**worlds, and Holm multiplies it by the pairs:

    >>> least_worlds(1), least_worlds(45)
    (6, 11)
    """
    count = 1
    while 2 / 2**count * pairs >= LEVEL:
        count += 1
    return count


def several(
    found: Sequence[Configuration], name: str, rope: float, notes: list[str]
) -> Several | None:
    """Return the statistics over worlds; None for one world, or fewer than two configurations.

    Parameters
    ----------
    found
        Configurations of one kind.
    name
        Of the metric.
    rope
        Half the width of the region of practical equivalence.
    notes
        Takes that worlds are too few.
    """
    count = len(found[0].runs) if found else 0
    direction = metrics.metric(name).direction
    sign = -1.0 if direction == "lower" else 1.0
    values = {}
    for one in found:
        own = [value_of(result, name) for result in one.results]
        if None not in own:
            values[one.name] = sign * np.array(own, np.float64)
    if count < 2 or len(values) < 2:  # noqa: PLR2004 - a pair
        return None
    pairs = worlds.pairs(values, rope)
    least = least_worlds(len(pairs))
    if count < least:
        notes.append(
            f"{count} worlds are too few for signed ranks: it takes {least} to tell "
            + ("two configurations apart" if len(pairs) == 1 else
               f"any of {len(values)} configurations apart (Holm over {len(pairs):,} pairs, 5 %)")
        )  # fmt: skip
    return Several(
        found[0].kind, name, direction, count, rope, worlds.mean_ranks(values),
        worlds.alike(values, told=pairs), pairs,
    )  # fmt: skip


def critical_difference(one: Several) -> diagrams.Diagram:
    """Return the critical-difference diagram."""
    words = one.metric.replace("_", " ")
    return diagrams.critical_difference(one.ranks, one.bars, one.worlds, words)


def chances(one: Several) -> diagrams.Diagram:
    """Return the table of pairs with the chance that the row is better than the column."""
    words = one.metric.replace("_", " ")
    return diagrams.chances(one.pairs, list(one.ranks), one.rope, metric=words)
