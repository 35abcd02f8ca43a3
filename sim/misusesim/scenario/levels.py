"""Difficulty: how openly campaigns are gone about. It is never how many there are, or whose.

At `medium` a scenario is taken at its word. At `easy` people hide less, crowd their sittings into
half the weeks, ask three times as much at each and stay on after their shifts for two in five; at
`hard` they use cases of their own, sit down less often, ask half as much, hardly ever stay on, and
type what others type. All numbers are assumptions, as nobody knows how those who were never found
went about it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

from misusesim.dataset import schema
from misusesim.scenario.prevalence import MisuseBase, RungMix, Spell

if TYPE_CHECKING:
    from collections.abc import Mapping

#: The levels, the easiest first.
LevelName = Literal["easy", "medium", "hard"]


class Level(NamedTuple):
    """What a level does to every kind."""

    after_work: float  # share of the sittings after a shift
    bound: bool  # whether kinds that are gone about at work never are after it
    tilt: Mapping[str, float]  # by what the weights of the rungs are multiplied
    stretch: float  # by what lengths are multiplied, and paces divided
    crowd: float  # by what the queries of a sitting are multiplied
    pace: float  # by what paces are multiplied
    rounds: float  # by what the number of look-ups before a stop is
    as_usual: bool  # whether a false story's purpose and number are given as often as by others


def _tilt(declared: float, miscoded: float, plausible_case: float, own_case: float) -> Any:
    return dict(zip(schema.RUNGS, (declared, miscoded, plausible_case, own_case), strict=True))


LEVELS: Final[Mapping[str, Level]] = {
    "easy": Level(0.4, False, _tilt(4.0, 2.0, 1.0, 0.5), 0.5, 3.0, 1.0, 2.0, False),
    "medium": Level(0.1, True, _tilt(1.0, 1.0, 1.0, 1.0), 1.0, 1.0, 1.0, 1.0, False),
    "hard": Level(0.02, True, _tilt(0.1, 0.3, 1.0, 3.0), 1.0, 0.5, 0.6, 0.4, True),
}

#: Lengths and paces of kinds by field; of the latter a longer campaign has less.
_LENGTHS: Final = ("weeks_median", "days_between")
_PACES: Final = ("sittings_per_week", "queries_per_week")
_ROUNDS: Final = "steps_median"


def committed(misuse: MisuseBase, level: str) -> Any:
    """Return a kind as it is gone about at a level.

    Parameters
    ----------
    misuse
        As the scenario has it.
    level
        ``easy``, ``medium`` or ``hard``; at ``medium`` nothing changes.

    Returns
    -------
    MisuseBase
        The same kind with its rungs tilted, its lengths and paces stretched.

    Examples
    --------
    >>> from misusesim.scenario.misuse import Favour
    >>> committed(Favour(kind="favour"), "hard").rungs.own_case
    3.0
    """
    how = LEVELS[level]
    if level == "medium":
        return misuse
    mix = misuse.rungs
    tilted = {rung: getattr(mix, rung) * times for rung, times in how.tilt.items()}
    if not sum(tilted.values()):
        tilted = mix.model_dump()
    stretch = 1.0 if _is_short(misuse, how) else how.stretch
    times = dict.fromkeys(_LENGTHS, stretch) | dict.fromkeys(_PACES, how.pace / stretch)
    times[_ROUNDS] = how.rounds
    gone_about = {n: getattr(misuse, n) * by for n, by in times.items() if hasattr(misuse, n)}
    return misuse.model_copy(update={"rungs": RungMix(**tilted), **gone_about})


def is_crowded(misuse: MisuseBase) -> bool:
    """Return whether a level changes how many queries a sitting of a kind has."""
    return any(hasattr(misuse, pace) for pace in _PACES)


def _is_short(misuse: MisuseBase, how: Level) -> bool:
    """Return whether a kind is a matter of days, which cannot be crowded into a part of a week."""
    return isinstance(misuse, Spell) and misuse.weeks_median * how.stretch < 1
