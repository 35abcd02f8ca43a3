"""Difficulty: how openly campaigns are gone about, never how many there are or what they ask.

A level changes what is typed and when: the rungs, the share of the sittings after a shift, and
whether a false story's purpose, number and requestor are given as often as others give theirs. Who
begins, how long a campaign lasts and what is asked at each sitting stay as the scenario has them,
so all levels of a world have the same base rate. At `medium` a scenario's rungs are taken at their
word; at `easy` people hide less and stay on after their shifts for half of the sittings; at `hard`
they use cases of their own, hardly ever stay on, and type what others type. All numbers are
assumptions, as nobody knows how those who were never found went about it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

from misusesim.dataset import schema
from misusesim.scenario.prevalence import MisuseBase, RungMix

if TYPE_CHECKING:
    from collections.abc import Mapping

#: The levels, the easiest first.
LevelName = Literal["easy", "medium", "hard"]


class Level(NamedTuple):
    """What a level does to every kind."""

    after_work: float  # share of the sittings after a shift
    bound: bool  # whether kinds that are gone about at work never are after it
    tilt: Mapping[str, float]  # by what the weights of the rungs are multiplied
    as_usual: bool  # whether a false story's purpose and number are given as often as by others


def _tilt(declared: float, miscoded: float, plausible_case: float, own_case: float) -> Any:
    return dict(zip(schema.RUNGS, (declared, miscoded, plausible_case, own_case), strict=True))


LEVELS: Final[Mapping[str, Level]] = {
    "easy": Level(0.5, bound=False, tilt=_tilt(4.0, 2.0, 1.0, 0.5), as_usual=False),
    "medium": Level(0.2, bound=False, tilt=_tilt(1.0, 1.0, 1.0, 1.0), as_usual=False),
    "hard": Level(0.02, bound=True, tilt=_tilt(0.1, 0.3, 1.0, 3.0), as_usual=True),
}


def committed(misuse: MisuseBase, level: str) -> Any:
    """Return a kind as it is gone about at a level.

    Parameters
    ----------
    misuse
        As the scenario has it.
    level
        ``easy``, ``medium`` or ``hard``.

    Returns
    -------
    MisuseBase
        The same kind with its rungs tilted.

    Examples
    --------
    >>> from misusesim.scenario.misuse import Favour
    >>> committed(Favour(kind="favour"), "hard").rungs.own_case
    3.0
    """
    tilted = {r: getattr(misuse.rungs, r) * by for r, by in LEVELS[level].tilt.items()}
    return (
        misuse.model_copy(update={"rungs": RungMix(**tilted)}) if any(tilted.values()) else misuse
    )
