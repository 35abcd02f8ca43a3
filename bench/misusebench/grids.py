"""Grids of parameters and tiers: one entry of a suite that stands for many components.

Each member is a component of its own, with a row of its own in every table. Nothing here or later
picks the best one: a choice made on the truth that it is then judged by is no finding.
"""

from __future__ import annotations

import itertools
import json
import math
import re
from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

#: Members that one entry may stand for.
MOST: Final = 64
#: A value longer than this goes by its place in the list.
_LONGEST: Final = 24


class Member(NamedTuple):
    """One point of a grid."""

    suffix: str  # of the component's name
    parameters: dict[str, Any]
    tier: str | None


def members(
    grid: Mapping[str, Sequence[Any]], tiers: Sequence[str | None] = (None,)
) -> Iterator[Member]:  # fmt: skip
    """Yield all combinations, the last key of the grid fastest.

    Parameters
    ----------
    grid
        Parameter -> its values.
    tiers
        What is granted.

    Examples
    --------
    >>> [one.suffix for one in members({"bins": [10, 20]}, ["T0", "T1"])]
    ['-T0-bins_10', '-T0-bins_20', '-T1-bins_10', '-T1-bins_20']
    """
    told = {key: [_word(value, nth) for nth, value in enumerate(grid[key], 1)] for key in grid}
    for tier in tiers:
        for places in itertools.product(*(range(len(values)) for values in grid.values())):
            at = dict(zip(grid, places, strict=True))
            words = [f"{_plain(key)}_{told[key][place]}" for key, place in at.items()]
            suffix = "".join(f"-{word}" for word in ([tier] if tier else []) + words)
            yield Member(suffix, {key: grid[key][place] for key, place in at.items()}, tier)


def fault(key: str, values: Any, fixed: Mapping[str, Any]) -> str:
    """Return what is wrong with one key of a grid, nothing if all is well."""
    if not isinstance(values, list):
        return f"{key} must be a list of values to try, got {values!r:.60}"
    if not values:
        return f"{key} is empty: give at least one value, or leave the key out"
    if key in fixed:
        return f"{key} stands in parameters too; leave it out of one of the two"
    shown = [json.dumps(value, sort_keys=True, default=str) for value in values]
    twice = [one for place, one in enumerate(shown) if one in shown[:place]]
    return f"{key} has {twice[0]:.60} twice" if twice else ""


def size(grid: Mapping[str, Sequence[Any]], tiers: Sequence[str | None]) -> int:
    """Return how many members there are.

    Examples
    --------
    >>> size({"bins": [10, 20, 40], "cuts": [50, 100]}, ["T0", "T1"])
    12
    """
    return len(tiers) * math.prod(len(values) for values in grid.values())


def _word(value: Any, place: int) -> str:
    """Return a value as part of a name; lists, tables and long text go by their place.

    Examples
    --------
    >>> _word(0.05, 1), _word(-1, 1), _word(True, 1), _word(["a"], 2)
    ('0p05', 'minus1', 'true', '2')
    """
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (int, float)):
        return str(value).replace("-", "minus").replace("+", "").replace(".", "p")
    text = _plain(value) if isinstance(value, str) else ""
    return text if 0 < len(text) <= _LONGEST else str(place)


def _plain(text: str) -> str:
    """Return text with nothing but letters, digits and underscores, fit for a file's name."""
    return re.sub(r"[^A-Za-z0-9]+", "_", text).strip("_")
