"""Whom a campaign is about: people tied to the officer, people who please him, anybody."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from misusesim.dataset.schema import TIE_KINDS
from misusesim.misuse.spells import Targets
from misusesim.occasions import NONE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from misusesim.misuse.writing import Scene

_TRIED: Final = 12  # people seen for one who pleases (calc: one in six is young and of a sex)
ADULT_YEARS: Final = 16  # who may drive
_YOUNG: Final = (18, 35)  # years (assumption)
_OTHER_SEX: Final = 0.94  # of targets; one employee's look-ups were 94 % women (domain note 4)
_MANY: Final = 2**31


def strangers(
    scene: Scene, officer: int, begin: int, count: int, chance: np.random.Generator
) -> Targets:
    """Return nobody in particular: whoever is next, drawn with the rows."""
    del scene, officer, begin, chance
    return Targets([NONE] * count)


def himself(
    scene: Scene, officer: int, begin: int, count: int, chance: np.random.Generator
) -> Targets:
    """Return the officer himself."""
    del begin, chance
    return Targets([int(scene.officers.subject[officer])] * count)


def one_stranger(
    scene: Scene, officer: int, begin: int, count: int, chance: np.random.Generator
) -> Targets:
    """Return one person without any tie."""
    del officer, begin
    return Targets([int(scene.population.adult(chance.integers(0, _MANY, 1))[0])] * count)


def one_each(
    scene: Scene, officer: int, begin: int, count: int, chance: np.random.Generator
) -> Targets:
    """Return another person at each sitting, as orders come in."""
    del officer, begin
    return Targets(scene.population.adult(chance.integers(0, _MANY, count)).tolist())


def young_strangers(
    scene: Scene, officer: int, begin: int, count: int, chance: np.random.Generator
) -> Targets:
    """Return young people mostly of the other sex, another at each sitting."""
    del begin
    people = scene.population
    seen = people.adult(chance.integers(0, _MANY, count * _TRIED))
    age = scene.scenario.start.year - people.birth_year(seen).astype(np.int64)
    own = people.sex(scene.officers.subject[[officer]])[0]
    other = chance.random() < _OTHER_SEX
    pleases = (age >= _YOUNG[0]) & (age <= _YOUNG[1]) & ((people.sex(seen) != own) == other)
    table = pleases.reshape(count, _TRIED)
    return Targets(seen.reshape(count, _TRIED)[np.arange(count), table.argmax(axis=1)].tolist())


@dataclass(frozen=True, slots=True)
class Tied:
    """A choice of one grown person the officer has a tie with, by kind of tie.

    Children are in no licence file, and work hardly ever asks for them.
    """

    weights: Mapping[str, int]  # of one tie of each kind

    def __call__(
        self, scene: Scene, officer: int, begin: int, count: int, chance: np.random.Generator
    ) -> Targets | None:
        """Return him for each sitting, None if there is nobody."""
        weight = np.array([self.weights.get(name, 0) for name in TIE_KINDS])
        mine = np.flatnonzero((scene.ties.officer == officer) & (scene.ties.since <= begin))
        born = scene.population.birth_year(scene.ties.subject[mine])
        mine = mine[born <= scene.scenario.start.year - ADULT_YEARS]
        passed = np.cumsum(weight[scene.ties.kind[mine]])
        which = chance.random()
        if not len(mine) or not passed[-1]:
            return None
        row = mine[int(np.searchsorted(passed, which * passed[-1], side="right"))]
        return Targets([int(scene.ties.subject[row])] * count, int(scene.ties.kind[row]))


def last_matter(scene: Scene, officer: int, time: int) -> int:
    """Return the person of the last incident or case an officer had before a time, else NONE."""
    last, whom = -1, NONE
    for files in (scene.cases, scene.incidents):
        mine = np.flatnonzero((files.officer == officer) & (files.opened <= time))
        if len(mine):
            latest = mine[int(np.argmax(files.opened[mine]))]
            if files.opened[latest] > last:
                last, whom = int(files.opened[latest]), int(files.subject[latest])
    return whom
